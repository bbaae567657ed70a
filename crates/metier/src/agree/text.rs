//! Numbers, names and reasons as people read them, for every way to print agreement. Knows no layout.

use metier_label::agreement::{Compared, Figure, Group};
use serde_json::Value as Json;

use crate::labels_io::count;

/// What a number counts, and so how it is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// A share of all: in percent.
    Share,
    /// A coefficient up to 1.
    Coefficient,
    /// A difference, with its sign.
    Difference,
    /// A ratio.
    Ratio,
}

/// A name that came from outside, as a terminal may show it.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// A number in its unit.
pub(super) fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{} %", percent(value)),
        Unit::Coefficient => decimals(value),
        Unit::Difference if decimals(value) == "0.00" => "0.00".to_owned(),
        Unit::Difference => format!("{}{}", if value > 0.0 { "+" } else { "" }, decimals(value)),
        Unit::Ratio => format!("×{value:.2}"),
    }
}

/// An interval in its unit. `None` if there is none.
pub(super) fn interval(figure: &Figure, unit: Unit) -> Option<String> {
    let (low, high) = figure.low.zip(figure.high)?;
    Some(match unit {
        Unit::Share => format!("{}–{} %", percent(low), percent(high)),
        Unit::Coefficient => format!("{}–{}", decimals(low), decimals(high)),
        Unit::Difference => format!("{} to {}", number(low, unit), number(high, unit)),
        Unit::Ratio => format!("{low:.2}–{high:.2}"),
    })
}

/// How a reason why something is missing is written after it: in brackets, or as the mark of a note.
pub(super) type Why<'w> = &'w mut dyn FnMut(&str) -> String;

/// The reason itself, in brackets.
pub(super) fn in_brackets(why: &str) -> String {
    format!(" ({why})")
}

/// A number with its interval, or with the reason why one of them is missing.
pub(super) fn sentence(figure: &Figure, unit: Unit, why: Why) -> String {
    let mut why = || figure.why.as_deref().map_or_else(String::new, &mut *why);
    match (figure.value, interval(figure, unit)) {
        (Some(value), Some(interval)) => format!("{} ({interval})", number(value, unit)),
        (Some(value), None) => format!("{}{}", number(value, unit), why()),
        (None, _) => format!("–{}", why()),
    }
}

/// Whole percent, never rounded to none or all.
fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.5 => "<1".to_owned(),
        percent if percent > 99.5 && percent < 100.0 => ">99".to_owned(),
        percent => format!("{percent:.0}"),
    }
}

/// Two decimals and a true minus; 1.00 is 1, and what is below rounds to no more than 0.99.
fn decimals(value: f64) -> String {
    let value = if value < 1.0 { value.min(0.994) } else { value };
    let text = format!("{value:.2}");
    match text.strip_prefix('-') {
        Some("0.00") => "0.00".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// An answer in a sentence.
pub(super) fn answer(json: &Json) -> String {
    match json {
        Json::String(name) => name.clone(),
        Json::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// In what the difference of a question is counted.
pub(super) fn difference_unit(compared: &Compared) -> Unit {
    if compared.kind == "usd" { Unit::Ratio } else { Unit::Difference }
}

/// How the difference of a question is called.
pub(super) fn difference_name(compared: &Compared) -> &'static str {
    if compared.kind == "usd" { "B / A" } else { "B − A" }
}

/// What stands beside the table for a question.
pub(super) fn besides(compared: &Compared, why: Why) -> Vec<String> {
    let mut said = Vec::new();
    let left = &compared.left_out;
    if let Some(difference) = compared.difference.as_ref().filter(|_| compared.n > 0) {
        let name = difference_name(compared);
        said.push(format!("{name} {}", sentence(difference, difference_unit(compared), why)));
    }
    if let Some(correlation) = compared.log_correlation.as_ref().filter(|_| compared.n > 0) {
        let zero = match left.without_logarithm {
            0 => String::new(),
            n => format!(", {n} with a zero left out"),
        };
        let says = sentence(correlation, Unit::Coefficient, why);
        said.push(format!("correlation of logarithms {says} on {}{zero}", correlation.n));
    }
    said.extend(dominated(compared, why));
    if let Some(unclear) = &compared.unclear
        && unclear.only_first + unclear.only_second + unclear.both > 0
    {
        let left_out = if compared.kind == "level" { ", left out of the table" } else { "" };
        said.push(format!(
            "unclear to A alone {}, to B alone {}, to both {}{left_out}; κ of clear and unclear {} on {}",
            unclear.only_first,
            unclear.only_second,
            unclear.both,
            sentence(&unclear.kappa, Unit::Coefficient, why),
            unclear.kappa.n
        ));
    }
    let whom = [(left.only_first, "A only"), (left.only_second, "B only"), (left.neither, "neither")];
    let parts: Vec<String> =
        whom.iter().filter(|(n, _)| *n > 0).map(|(n, whom)| format!("{n} by {whom}")).collect();
    if compared.n + left.only_first + left.only_second > 0 && !parts.is_empty() {
        said.push(format!("answered {}", parts.join(", ")));
    }
    if left.unequal_sessions > 0 {
        let n = count(left.unequal_sessions, "session");
        said.push(format!("{n} left out, of whose messages A and B have different numbers"));
    }
    said
}

/// What to know where one answer dominates.
fn dominated(compared: &Compared, why: Why) -> Option<String> {
    let (ac, share) = (compared.ac.as_ref()?, compared.prevalence.as_ref()?.value?);
    let most = answer(&compared.prevalent_answer);
    let name = if compared.kind == "choice" { "AC1" } else { "AC2" };
    if share == 1.0 {
        return Some(format!(
            "both always answered {most}: whether they would tell it from another answer is open, and Gwet's {name} \
             is 1 by its definition"
        ));
    }
    if !compared.is_prevalent() {
        return None;
    }
    let constant = match compared.kappa.as_ref()?.value {
        Some(0.0) => " (it is 0 whenever one rater always gives the same answer)",
        _ => "",
    };
    Some(format!(
        "{most} is {} of both raters' answers, so κ tells little{constant}: Gwet's {name} {}",
        number(share, Unit::Share),
        sentence(ac, Unit::Coefficient, why)
    ))
}

/// A measure of a group beside the whole: its name, its figure, the value of the whole, whether it stands apart.
pub(super) struct Measure<'g> {
    pub name: &'static str,
    pub figure: &'g Figure,
    pub whole: Option<f64>,
    pub apart: Option<bool>,
    pub unit: Unit,
}

/// The measures of a group.
pub(super) fn measures<'g>(compared: &Compared, group: &'g Group) -> Vec<Measure<'g>> {
    let exact = Measure {
        name: "exact",
        figure: &group.exact,
        whole: compared.exact.value,
        apart: group.exact_apart,
        unit: Unit::Share,
    };
    let difference = group.difference.as_ref().map(|figure| Measure {
        name: difference_name(compared),
        figure,
        whole: compared.difference.as_ref().and_then(|figure| figure.value),
        apart: group.difference_apart,
        unit: difference_unit(compared),
    });
    std::iter::once(exact).chain(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_rounded_to_none_or_all() {
        let share = |value| number(value, Unit::Share);
        assert_eq!([0.0, 0.001, 0.284, 0.9996, 1.0].map(share), ["0 %", "<1 %", "28 %", ">99 %", "100 %"]);
        let coefficient = |value| number(value, Unit::Coefficient);
        assert_eq!(
            [-0.0234, -0.001, 0.4, 0.9999, 1.0].map(coefficient),
            ["−0.02", "0.00", "0.40", "0.99", "1.00"]
        );
        let difference = |value| number(value, Unit::Difference);
        assert_eq!([-0.5, 0.001, 0.25].map(difference), ["−0.50", "0.00", "+0.25"]);
        assert_eq!(number(1.5, Unit::Ratio), "×1.50");
    }

    #[test]
    fn names_from_outside_cannot_write_to_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mda"), "a[31mda");
    }
}
