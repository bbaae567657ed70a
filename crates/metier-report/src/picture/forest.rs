//! The same number in several bundles: squares as large as their weights, diamonds for what they say together.

use metier_study::Unit;
use metier_study::share::Forest;

use super::axis::Axis;
use super::dots::label;
use super::sheet::{Align, Place, Sheet, WIDTH};
use super::svg::Role;
use super::text::{broken, named, width};
use super::{Picture, prefix};
use crate::number;

const STEP: f64 = 30.0;

/// A picture for each forest.
pub fn forest_pictures(forests: &[Forest], id: &str) -> Vec<Picture> {
    let id = prefix(id);
    forests.iter().enumerate().filter_map(|(at, forest)| one(forest, &format!("{id}-{}", at + 1))).collect()
}

/// A line of a forest.
struct Line {
    label: String,
    value: f64,
    ends: Option<(f64, f64)>,
    mark: Mark,
    words: String,
}

enum Mark {
    Square(f64),
    Diamond,
}

fn one(forest: &Forest, id: &str) -> Option<Picture> {
    let lines = lines(forest);
    let title = match forest.group.as_str() {
        "all" => format!("{}: {}", forest.finding, forest.title),
        group => format!("{}: {}, {}", forest.finding, forest.title, named(group)),
    };
    if lines.is_empty() {
        return None;
    }
    let labels: Vec<Vec<String>> = lines.iter().map(|line| broken(&line.label, 180.0)).collect();
    let left = labels.iter().flatten().map(|line| width(line)).fold(0.0, f64::max) + 14.0;
    let values: Vec<f64> = lines.iter().map(|line| line.value).collect();
    let ends: Vec<(f64, f64)> = lines.iter().filter_map(|line| line.ends).collect();
    let axis = Axis::of(forest.unit, &values, &ends, 5);
    let (sheet, top) = (Sheet::new(), 6.0);
    let place = Place { left, top, width: WIDTH - left - 80.0, height: STEP * lines.len() as f64 };
    let plot = sheet.plot(place, &axis, &Axis::rows(lines.len()));
    // How far each bundle is from the mean of stores.
    if let Some(mean) = forest.random_effects.as_ref().map(|mean| mean.value).filter(|mean| axis.has(*mean)) {
        plot.line(&[(mean, 0.0), (mean, lines.len() as f64)], Role::Zero, 1.0);
    }
    for ((line, label_lines), at) in lines.iter().zip(&labels).zip(0..) {
        let (y, middle) = (f64::from(at) + 0.5, top + STEP * (f64::from(at) + 0.5));
        label(&sheet, (left - 14.0, middle), label_lines);
        sheet.text(
            (WIDTH - 2.0, middle),
            &number::value(Some(line.value), forest.unit),
            Role::Ink,
            Align::Right,
        );
        let (low, high) = line.ends.unwrap_or((line.value, line.value));
        plot.mark(&line.words, |plot| {
            plot.block([(low, y - 0.35), (high, y + 0.35)], Role::Hit);
            match line.mark {
                Mark::Square(weight) => {
                    plot.line(&[(low, y), (high, y)], Role::S1, 1.5);
                    plot.square((line.value, y), 5.0 + 12.0 * weight.clamp(0.0, 1.0).sqrt(), Role::S1);
                }
                Mark::Diamond if high > low => {
                    plot.area(
                        &[(low, y), (line.value, y - 0.25), (high, y), (line.value, y + 0.25)],
                        Role::S2,
                    );
                }
                Mark::Diamond => plot.dot((line.value, y), 5.0, Role::S2),
            }
        });
    }
    let says = format!("A forest plot of {}.", number::count(forest.parts.len() as u64, "bundles"));
    Some(sheet.picture(top + place.height + 34.0, &title, &says, id))
}

fn lines(forest: &Forest) -> Vec<Line> {
    let interval = |ends: Option<(f64, f64)>| match ends {
        Some((low, high)) => format!(" ({} to {})", shown(low, forest.unit), shown(high, forest.unit)),
        None => String::new(),
    };
    let finite = |low: Option<f64>, high: Option<f64>| {
        low.zip(high).filter(|(low, high)| low.is_finite() && high.is_finite())
    };
    let mut lines = Vec::new();
    for part in forest.parts.iter().filter(|part| part.value.is_finite()) {
        let ends = finite(part.low, part.high);
        let mut words =
            format!("bundle {}: {}{}", part.bundle, shown(part.value, forest.unit), interval(ends));
        if part.sessions > 0 {
            words.push_str(&format!(", {}", number::count(part.sessions, "sessions")));
        }
        if part.people > 0 {
            words.push_str(&format!(" of {} people", number::thousands(part.people)));
        }
        if let Some(weight) = part.weight {
            words.push_str(&format!(", weight {:.0} %", 100.0 * weight));
        }
        let mark = Mark::Square(part.weight.unwrap_or(0.0));
        lines.push(Line { label: format!("bundle {}", part.bundle), value: part.value, ends, mark, words });
    }
    let together = forest.together.map(|(value, low, high)| ("all people", value, finite(low, high)));
    let mean = forest
        .random_effects
        .as_ref()
        .map(|mean| ("mean of stores", mean.value, finite(Some(mean.low), Some(mean.high))));
    for (label, value, ends) in
        [together, mean].into_iter().flatten().filter(|(_, value, _)| value.is_finite())
    {
        let words = format!("{label}: {}{}", shown(value, forest.unit), interval(ends));
        lines.push(Line { label: label.to_owned(), value, ends, mark: Mark::Diamond, words });
    }
    lines
}

fn shown(value: f64, unit: Unit) -> String {
    number::value(Some(value), unit)
}
