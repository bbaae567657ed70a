//! Distributions: boxes from quartile to quartile, lines from the 5th to the 95th percentile, and means beside.

use metier_study::{Group, Measure};

use super::Picture;
use super::axis::Axis;
use super::dots::{footnotes, label, says};
use super::panel::{Spread, absent, ends, extents, published_words, value, words};
use super::sheet::{Align, Place, Plot, Sheet, WIDTH};
use super::svg::Role;
use super::text::{broken, named, width};
use crate::number;

/// A row: its label, whose numbers, and which.
pub(super) struct Row<'a> {
    pub(super) label: String,
    pub(super) group: &'a Group,
    /// The group's name, if there are others.
    pub(super) named: Option<&'a str>,
    pub(super) spread: &'a Spread,
}

impl<'a> Row<'a> {
    fn percentiles(&self) -> [&'a Measure; 5] {
        self.spread.percentiles.map(|at| &self.group.measures[at])
    }

    fn means(&self) -> impl Iterator<Item = (&'a Measure, bool)> + use<'a> {
        let group = self.group;
        let both = [(self.spread.mean, false), (self.spread.geometric_mean, true)];
        both.into_iter().filter_map(|(at, geometric)| Some((&group.measures[at?], geometric)))
    }

    fn all(&self) -> impl Iterator<Item = &'a Measure> + use<'a> {
        self.percentiles().into_iter().chain(self.means().map(|(measure, _)| measure))
    }
}

const STEP: f64 = 42.0;

/// Boxes below each other, on one axis.
pub(super) fn boxes(rows: &[Row], title: &str, id: &str, notes: &[String]) -> Picture {
    let mut notes = notes.to_vec();
    let all = || rows.iter().flat_map(Row::all);
    let labels: Vec<Vec<String>> = rows.iter().map(|row| broken(&row.label, 180.0)).collect();
    let widest = labels.iter().flatten().map(|line| width(line)).fold(0.0, f64::max);
    let left = if widest > 0.0 { widest + 14.0 } else { 16.0 };
    // Intervals of percentiles are in the words only.
    let (values, _) = extents(all());
    let (_, every) = extents(rows.iter().flat_map(Row::means).map(|(measure, _)| measure));
    let unit = rows.first().map_or(metier_study::Unit::Plain, |row| row.percentiles()[2].unit);
    let axis = Axis::of(unit, &values, &every, 5);
    if axis.is_logarithmic() {
        notes.push("logarithmic axis".to_owned());
    }
    let sheet = Sheet::new();
    let has = |geometric: bool| rows.iter().flat_map(Row::means).any(|(_, kind)| kind == geometric);
    let top = legend(&sheet, [has(true), has(false), all().any(|measure| measure.published.is_some())]);
    let place = Place { left, top, width: WIDTH - left - 16.0, height: STEP * rows.len() as f64 };
    let plot = sheet.plot(place, &axis, &Axis::rows(rows.len()));
    for ((row, lines), at) in rows.iter().zip(&labels).zip(0..) {
        label(&sheet, (left - 14.0, top + STEP * (f64::from(at) + 0.5)), lines);
        one(&plot, &axis, row, f64::from(at) + 0.5);
    }
    let bottom = footnotes(&sheet, top + place.height + 34.0, &notes);
    sheet.picture(bottom, title, &says("Boxes of distributions", all(), &notes), id)
}

/// What the marks are.
fn legend(sheet: &Sheet, [geometric, mean, published]: [bool; 3]) -> f64 {
    let mut x = WIDTH - 4.0;
    let mut entry = |text: &str, draw: &dyn Fn((f64, f64))| {
        x -= width(text) + 6.0;
        sheet.text((x, 12.0), text, Role::Faint, Align::Left);
        x -= 14.0;
        draw((x, 12.0));
        x -= 26.0;
    };
    if published {
        entry("published", &|at| sheet.diamond(at));
    }
    if mean {
        entry("mean", &|at| sheet.cross(at, Role::S2));
    }
    if geometric {
        entry("geometric mean", &|at| sheet.dot(at, Role::S2));
    }
    sheet.text((2.0, 12.0), "5 – [25 | 50 | 75] – 95 %", Role::Faint, Align::Left);
    32.0
}

fn one(plot: &Plot, axis: &Axis, row: &Row, y: f64) {
    let five = row.percentiles();
    let [p5, p25, p50, p75, p95] = five.map(|measure| value(&measure.estimate));
    let known: Vec<f64> = [p5, p25, p50, p75, p95].into_iter().flatten().collect();
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => plot.mark(&spread_words(row, &five), |plot| {
            plot.block([(*first, y - 0.4), (*last, y + 0.4)], Role::Hit);
            for (from, to) in [p5.zip(p25.or(p50)), p95.zip(p75.or(p50))].into_iter().flatten() {
                plot.line(&[(from, y), (to, y)], Role::S1, 1.5);
                plot.upright((from, y), 4.0, Role::S1, 1.5);
            }
            if let Some((low, high)) = p25.zip(p75) {
                plot.block([(low, y - 0.25), (high, y + 0.25)], Role::Band);
                let corners =
                    [(low, y - 0.25), (high, y - 0.25), (high, y + 0.25), (low, y + 0.25), (low, y - 0.25)];
                plot.line(&corners, Role::S1, 1.5);
            }
            if let Some(median) = p50 {
                plot.upright((median, y), 10.5, Role::Ink, 2.5);
            }
        }),
        _ => plot.note((axis.ends().0, y), 4.0, absent(&five[2].estimate)),
    }
    for (measure, geometric) in row.means() {
        if let Some(value) = value(&measure.estimate) {
            plot.mark(&words(row.named, measure), |plot| {
                if let Some((low, high)) = ends(&measure.estimate) {
                    plot.line(&[(low, y), (high, y)], Role::S2, 3.0);
                }
                match geometric {
                    true => plot.dot((value, y), 4.5, Role::S2),
                    false => plot.cross((value, y), Role::S2),
                }
            });
        }
    }
    let mut drawn = Vec::new();
    for measure in row.all() {
        if let Some((at, words)) = published_words(measure)
            && !drawn.contains(&at)
        {
            plot.mark(&words, |plot| plot.diamond((at, y)));
            drawn.push(at);
        }
    }
}

/// The five percentiles in words.
fn spread_words(row: &Row, five: &[&Measure; 5]) -> String {
    let mut text = row.named.map_or(String::new(), |group| format!("{}: ", named(group)));
    for measure in five {
        if value(&measure.estimate).is_some() {
            text.push_str(&format!("{} {}", measure.title, number::shown(&measure.estimate, measure.unit)));
            if ends(&measure.estimate).is_some() {
                text.push_str(&format!(" ({})", number::interval(&measure.estimate, measure.unit)));
            }
            text.push_str("; ");
        }
    }
    let estimate = &five[2].estimate;
    if estimate.n > 0 {
        text.push_str(&number::count(estimate.n, estimate.n_of));
    }
    text.trim_end_matches("; ").to_owned()
}
