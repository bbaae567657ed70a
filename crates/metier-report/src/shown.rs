//! Single numbers as people read them, for pages that set them themselves: the same digits as in tables.

use metier_study::Measure;

use crate::number;

/// The value in its unit: "28 %", "10.2"; "withheld"; "–" where there is none.
pub fn value(measure: &Measure) -> String {
    number::shown(&measure.estimate, measure.unit)
}

/// The ends of its 95 % interval: "24–33 %". Nothing if it has none.
pub fn interval(measure: &Measure) -> String {
    number::interval(&measure.estimate, measure.unit)
}

/// The published value for the same measure.
pub fn published(measure: &Measure) -> Option<String> {
    measure.published.as_ref().map(|published| number::published(published.value, measure.unit))
}

/// A number with its thousands apart: "398,198".
pub fn thousands(n: u64) -> String {
    number::thousands(n)
}

/// A definition without the marks of emphasis and code that it has for terminals.
pub fn words(definition: &str) -> String {
    definition.replace(['*', '`'], "")
}
