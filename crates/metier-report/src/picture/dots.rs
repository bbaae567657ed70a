//! Dots with whiskers in rows: a column for one kind of number, or several beside each other.

use metier_study::{Measure, Unit};

use super::Picture;
use super::axis::Axis;
use super::panel::{absent, ends, extents, published_words, says_something, value, words};
use super::sheet::{Align, Place, Plot, Sheet, WIDTH};
use super::svg::Role;
use super::text::{broken, cut, fit, width};
use crate::number;

/// Numbers in rows and columns.
pub(super) struct Grid<'a> {
    /// A heading for each column; the only one needs none.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row<'a>>,
    /// Whether all columns have one axis.
    pub(super) one_axis: bool,
}

/// A row: its label, and the number in each column.
pub(super) struct Row<'a> {
    pub(super) label: String,
    pub(super) spots: Vec<Spot<'a>>,
}

/// A number in its place.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) measure: &'a Measure,
}

/// Columns beside each other.
const BESIDE: usize = 3;
/// The widest label, and what is between columns.
const LABEL: f64 = 210.0;
const GAP: f64 = 28.0;
/// More rows than this leave out those without a number.
const MANY: usize = 8;

/// Draws the grid. `notes` are sentences that stand below.
pub(super) fn dots(grid: Grid, title: &str, id: &str, notes: &[String]) -> Picture {
    let Grid { columns, mut rows, one_axis } = grid;
    let mut notes = notes.to_vec();
    let says_nothing = |row: &Row| !row.spots.iter().any(|spot| says_something(spot.measure));
    if rows.len() > MANY {
        let empty: Vec<String> =
            rows.iter().filter(|row| says_nothing(row)).map(|row| cut(&row.label, 40)).collect();
        if !empty.is_empty() && empty.len() < rows.len() {
            notes.push(format!("{} without a number are not drawn", empty.len()));
            rows.retain(|row| !says_nothing(row));
        }
    }
    let labels: Vec<Vec<String>> = rows.iter().map(|row| broken(&row.label, LABEL)).collect();
    let widest = labels.iter().flatten().map(|line| width(line)).fold(0.0, f64::max);
    let left = if widest > 0.0 { widest + 14.0 } else { 12.0 };
    let step = if labels.iter().any(|lines| lines.len() > 1) { 40.0 } else { 30.0 };
    let alone = columns.len() == 1;
    let beside = columns.len().clamp(1, BESIDE);
    // Beside the only column its values are written.
    let right = if alone { 84.0 } else { 14.0 };
    let each = (WIDTH - left - right - GAP * (beside - 1) as f64) / beside as f64;
    let sheet = Sheet::new();
    let all = || rows.iter().flat_map(|row| &row.spots).map(|spot| spot.measure);
    let mut top = legend(&sheet, all().any(|measure| measure.published.is_some()));
    let ticks = (each / 75.0).clamp(2.0, 6.0) as usize;
    let unit = |at: usize| rows.first().map_or(Unit::Plain, |row| row.spots[at].measure.unit);
    let axis = |column: Option<usize>| {
        let spots = rows.iter().flat_map(|row| match column {
            Some(at) => &row.spots[at..=at],
            None => &row.spots[..],
        });
        let (values, every) = extents(spots.map(|spot| spot.measure));
        Axis::of(unit(column.unwrap_or(0)), &values, &every, ticks)
    };
    let shared = axis(None);
    let height = step * rows.len() as f64;
    let mut logarithmic = false;
    for (band, headings) in columns.chunks(beside).enumerate() {
        if !alone {
            top += 22.0;
        }
        for (lines, at) in labels.iter().zip(0..) {
            let middle = top + step * (f64::from(at) + 0.5);
            label(&sheet, (left - 14.0, middle), lines);
        }
        for (at, heading) in headings.iter().enumerate() {
            let column = band * beside + at;
            let x = left + at as f64 * (each + GAP);
            if !alone {
                sheet.heading((x, top - 13.0), &fit(heading, 0.92 * (each + GAP) - 8.0));
            }
            let own = if one_axis { shared.clone() } else { axis(Some(column)) };
            logarithmic |= own.is_logarithmic();
            let plot = sheet.plot(Place { left: x, top, width: each, height }, &own, &Axis::rows(rows.len()));
            for (row, y) in rows.iter().zip(0..) {
                spot(&plot, &own, row.spots[column], f64::from(y) + 0.5, !alone);
            }
        }
        if alone {
            for (row, at) in rows.iter().zip(0..) {
                let measure = row.spots[0].measure;
                let missing = value(&measure.estimate).is_none();
                let text = if missing {
                    absent(&measure.estimate).to_owned()
                } else {
                    number::shown(&measure.estimate, measure.unit)
                };
                let role = if missing { Role::Faint } else { Role::Ink };
                sheet.text((WIDTH - 2.0, top + step * (f64::from(at) + 0.5)), &text, role, Align::Right);
            }
        }
        top += height + 34.0;
    }
    if logarithmic {
        notes.push("logarithmic axis".to_owned());
    }
    let top = footnotes(&sheet, top, &notes);
    sheet.picture(top, title, &says("Dots with 95 % intervals", all(), &notes), id)
}

/// One number: its interval, its dot, and the published figure.
fn spot(plot: &Plot, axis: &Axis, spot: Spot, y: f64, tell: bool) {
    let measure = spot.measure;
    match value(&measure.estimate) {
        Some(value) => plot.mark(&words(spot.group, measure), |plot| {
            let (low, high) = ends(&measure.estimate).unwrap_or((value, value));
            plot.block([(low, y - 0.35), (high, y + 0.35)], Role::Hit);
            if high > low {
                plot.line(&[(low, y), (high, y)], Role::S1, 2.0);
            }
            plot.dot((value, y), 4.5, Role::S1);
        }),
        None if tell => plot.note((axis.ends().0, y), 4.0, absent(&measure.estimate)),
        None => {}
    }
    if let Some((at, words)) = published_words(measure) {
        plot.mark(&words, |plot| plot.diamond((at, y)));
    }
}

/// The lines of a label that ends here.
pub(super) fn label(sheet: &Sheet, (x, middle): (f64, f64), lines: &[String]) {
    let first = middle - 8.0 * (lines.len() - 1) as f64;
    for (line, at) in lines.iter().zip(0..) {
        sheet.text((x, first + 16.0 * f64::from(at)), line, Role::Ink, Align::Right);
    }
}

/// What the hollow mark is; gives where the plots may begin.
pub(super) fn legend(sheet: &Sheet, published: bool) -> f64 {
    if !published {
        return 6.0;
    }
    sheet.diamond((WIDTH - 82.0, 12.0));
    sheet.text((WIDTH - 68.0, 12.0), "published", Role::Faint, Align::Left);
    28.0
}

/// Sentences below the plots; gives the height of the picture.
pub(super) fn footnotes(sheet: &Sheet, mut top: f64, notes: &[String]) -> f64 {
    for note in notes {
        sheet.text((2.0, top + 6.0), &fit(note, WIDTH - 4.0), Role::Faint, Align::Left);
        top += 20.0;
    }
    top
}

/// What is said to those who do not see the picture.
pub(super) fn says<'m>(kind: &str, all: impl Iterator<Item = &'m Measure>, notes: &[String]) -> String {
    let (mut drawn, mut withheld, mut missing) = (0, 0, 0);
    for measure in all {
        match value(&measure.estimate) {
            Some(_) => drawn += 1,
            None if measure.estimate.is_withheld() => withheld += 1,
            None => missing += 1,
        }
    }
    let mut text = format!("{kind} of {}", number::count(drawn, "numbers"));
    for (n, what) in [(withheld, "withheld"), (missing, "not recorded or not to be estimated")] {
        if n > 0 {
            text.push_str(&format!("; {n} {what}"));
        }
    }
    text.push_str(". The table has the same numbers.");
    for note in notes {
        text.push_str(&format!(" {note}."));
    }
    text
}
