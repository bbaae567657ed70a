//! Numbers as people read them: few digits, thousands apart, shares in percent.

use metier_study::{Estimate, Unit};

/// A value in its unit: "28 %", "2,400", "10.2", "3.42", "0.042". Missing: "–".
pub(crate) fn value(value: Option<f64>, unit: Unit) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) => format!("{}{}", bare(value, unit), after(unit)),
    }
}

/// What stands in the place of a number that the gate withheld.
pub(crate) const WITHHELD: &str = "withheld";

/// The value of an estimate in its unit.
pub(crate) fn shown(estimate: &Estimate, unit: Unit) -> String {
    if estimate.is_withheld() { WITHHELD.to_owned() } else { value(estimate.value, unit) }
}

/// A value without what stands behind it.
fn bare(value: f64, unit: Unit) -> String {
    let size = match unit {
        Unit::Share => percent(value.abs()),
        Unit::Points => two_digits_or_more(100.0 * value.abs()),
        Unit::LogPoints => two_digits_or_more(value.abs()),
        _ => digits(value.abs()),
    };
    let sign = match unit {
        _ if value < 0.0 && size != "0" => "−",
        Unit::Points | Unit::LogPoints if value > 0.0 => "+",
        _ => "",
    };
    let currency = if unit == Unit::Dollars { "$" } else { "" };
    format!("{sign}{currency}{size}")
}

/// What stands behind a value: a blank and the unit's sign.
fn after(unit: Unit) -> &'static str {
    match unit {
        Unit::Share => " %",
        Unit::Points => " pp",
        _ => "",
    }
}

/// A difference: three decimals below 1, as coefficients are read, and fewer above.
fn two_digits_or_more(size: f64) -> String {
    match size {
        0.0 => "0".to_owned(),
        _ if size >= 9.995 => digits(size),
        _ if size >= 0.995 => format!("{size:.2}"),
        _ if size >= 0.0995 => format!("{size:.3}"),
        _ => two_digits(size),
    }
}

/// A published value, with no more digits than were published: "2 %", "0.37 %", "10".
pub(crate) fn published(number: f64, unit: Unit) -> String {
    let text = bare(number, unit);
    let number = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{number}{}", after(unit))
}

/// The ends of an interval: "24–33 %", "8.1–12.4". Missing: nothing.
pub(crate) fn interval(estimate: &Estimate, unit: Unit) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            let signed = low < 0.0 || matches!(unit, Unit::Points | Unit::LogPoints);
            let to = if signed { " to " } else { "–" };
            format!("{}{to}{}{}", bare(low, unit), bare(high, unit), after(unit))
        }
        _ => String::new(),
    }
}

/// How many of what: "12 sessions", "1 prompt", "398 k sessions".
pub(crate) fn count(n: u64, of: &str) -> String {
    let one = if n == 1 { of.strip_suffix('s').unwrap_or(of) } else { of };
    match n {
        0..100_000 => format!("{} {one}", thousands(n)),
        100_000..10_000_000 => format!("{} k {of}", thousands((n + 500) / 1000)),
        _ => format!("{} M {of}", thousands((n + 500_000) / 1_000_000)),
    }
}

/// A number with its thousands apart: "398,198".
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits that count, all of them left of the point.
fn digits(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ if value >= 99.95 => thousands(value.round() as u64),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ if value >= 0.995 => format!("{value:.2}"),
        _ => two_digits(value),
    }
}

/// A share in percent: whole from 10 on, two digits that count below. Never rounded to none or all.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        100.0 => "100".to_owned(),
        percent if percent >= 99.5 => format!("{:.1}", percent.min(99.9)),
        percent if percent >= 9.95 => format!("{percent:.0}"),
        percent => two_digits(percent),
    }
}

/// A positive number below 10 with two digits that count, and no more than four decimals.
fn two_digits(value: f64) -> String {
    let decimals = (1.0 - value.log10().floor()).clamp(1.0, 4.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digits() {
        let count = |number| value(Some(number), Unit::Words);
        assert_eq!(
            [0.0, 0.0421, 0.5, 3.4162, 10.24, 99.96, 2400.4, 1_234_567.0].map(count),
            ["0", "0.042", "0.50", "3.42", "10.2", "100", "2,400", "1,234,567"]
        );
        let share = |number| value(Some(number), Unit::Share);
        assert_eq!(
            [0.0, 0.00043, 0.0139, 0.284, 0.9961, 0.9999999, 1.0].map(share),
            ["0 %", "0.043 %", "1.4 %", "28 %", "99.6 %", "99.9 %", "100 %"]
        );
        assert_eq!(value(None, Unit::Share), "–");
    }

    #[test]
    fn published_values_have_the_digits_that_were_published() {
        assert_eq!(
            [0.02, 0.0037, 0.00043, 0.2, 0.4].map(|p| published(p, Unit::Share)),
            ["2 %", "0.37 %", "0.043 %", "20 %", "40 %"]
        );
        assert_eq!([4.0, 10.0, 2400.0, 45.0].map(|p| published(p, Unit::Words)), ["4", "10", "2,400", "45"]);
    }

    #[test]
    fn counts() {
        assert_eq!(count(1, "sessions"), "1 session");
        assert_eq!(count(12_345, "turns"), "12,345 turns");
        assert_eq!(count(398_198, "sessions"), "398 k sessions");
    }
}
