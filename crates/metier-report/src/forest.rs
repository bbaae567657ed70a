//! The same number in each of several bundles, and their random-effects mean, as text. Computes nothing.

use metier_study::share::{Forest, RandomEffects};

use crate::layout::{Cell, Paint, painted, paragraph, row};
use crate::number;
use crate::terminal::Style;

/// Columns of the picture of an interval.
const PICTURE: usize = 31;

/// A table for each number: a line a bundle with its estimate, interval and weight, and below them the number over all people
/// and the mean over stores, with how much these differ.
pub fn forests(forests: &[Forest], style: &Style) -> String {
    let style = style.clamped();
    let mut out = String::new();
    for forest in forests {
        out.push_str(&one(forest, &style));
    }
    if !forests.is_empty() {
        out.push('\n');
        let text = "all people: sums over the people of all bundles, as if they were of one store. mean of stores: random effects \
            (REML; Hartung and Knapp), which takes stores, not people, as what was drawn. I²: which share of the spread between \
            bundles is more than chance within them.";
        out.push_str(&paragraph("", text, style.width));
    }
    out
}

fn one(forest: &Forest, style: &Style) -> String {
    let of = if forest.group == "all" { String::new() } else { format!(", {}", forest.group) };
    let heading = format!("{}: {}{of}", forest.finding, forest.title);
    let mut out = format!("\n{}\n", painted(&heading, Paint::Bold, style.colour));
    let mean = forest.random_effects.as_ref();
    let ends = forest.parts.iter().flat_map(|part| [Some(part.value), part.low, part.high]);
    let others =
        [mean.map(|mean| mean.low), mean.map(|mean| mean.high), forest.together.and_then(|all| all.1)];
    let all: Vec<f64> = ends.chain(others).chain([forest.together.and_then(|all| all.2)]).flatten().collect();
    let (least, most) = all
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(*end), high.max(*end)));
    let place = |value: f64| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        ((share * (PICTURE - 1) as f64).round() as usize).min(PICTURE - 1)
    };
    let picture = |value: f64, ends: Option<(f64, f64)>, mark: char| -> String {
        let mut line = vec![' '; PICTURE];
        if let Some((low, high)) = ends {
            line[place(low)..=place(high)].fill('─');
        }
        line[place(value)] = mark;
        line.into_iter().collect()
    };
    let interval = |ends: Option<(f64, f64)>| {
        let end = |end: f64| number::value(Some(end), forest.unit);
        ends.map_or(String::new(), |(low, high)| format!("{} to {}", end(low), end(high)))
    };
    let line =
        |name: String, value: f64, ends: Option<(f64, f64)>, mark: char, people: String, weight: String| {
            vec![
                Cell::left(name),
                Cell::left(picture(value, ends, mark)),
                Cell::right(number::value(Some(value), forest.unit)),
                Cell::right(interval(ends)).paint(Paint::Dim),
                Cell::right(people).paint(Paint::Dim),
                Cell::right(weight).paint(Paint::Dim),
            ]
        };
    let mut rows = vec![vec![
        Cell::left(""),
        Cell::left(""),
        Cell::right("value").paint(Paint::Dim),
        Cell::right("95 % interval").paint(Paint::Dim),
        Cell::right("people").paint(Paint::Dim),
        Cell::right("weight").paint(Paint::Dim),
    ]];
    for part in &forest.parts {
        let weight = part.weight.map_or(String::new(), |weight| format!("{:.0} %", 100.0 * weight));
        let ends = part.low.zip(part.high);
        let people = if part.people == 0 { String::new() } else { number::thousands(part.people) };
        rows.push(line(format!("  bundle {}", part.bundle), part.value, ends, '■', people, weight));
    }
    if let Some((value, low, high)) = forest.together {
        let people = number::thousands(forest.parts.iter().map(|part| part.people).sum());
        rows.push(line("  all people".to_owned(), value, low.zip(high), '◆', people, String::new()));
    }
    if let Some(mean) = mean {
        let ends = Some((mean.low, mean.high));
        rows.push(line("  mean of stores".to_owned(), mean.value, ends, '◆', String::new(), String::new()));
    }
    let widths: Vec<usize> =
        (0..6).map(|at| rows.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    for cells in &rows {
        out.push_str(&row(cells, &widths, style.colour));
    }
    if let Some(mean) = mean {
        out.push_str(&paragraph("  ", &differ(mean, forest), style.width));
    }
    out
}

/// How much stores differ, in a sentence.
fn differ(mean: &RandomEffects, forest: &Forest) -> String {
    let value = |end: f64| number::value(Some(end), forest.unit);
    let further = match mean.prediction {
        Some((low, high)) => {
            format!("; a further store's own lies within {} to {} with 95 %", value(low), value(high))
        }
        None => String::new(),
    };
    let p = if mean.q_p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {:.3}", mean.q_p) };
    format!("I² {:.0} %, no difference between stores: {p}{further}.", 100.0 * mean.i_squared)
}
