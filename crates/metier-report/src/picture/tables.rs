//! Regressions: a dot with its interval for each coefficient, a line at zero.

use metier_study::{Finding, Table, Unit};

use super::Picture;
use super::axis::Axis;
use super::dots::{footnotes, label};
use super::sheet::{Align, Place, Sheet, WIDTH};
use super::svg::Role;
use super::text::{broken, named, width};
use crate::number;

/// More coefficients than this are not drawn.
const MOST: usize = 40;
const LABEL: f64 = 220.0;

/// The coefficients of a table, if it has any that no number of the finding shows.
pub(super) fn table(finding: &Finding, table: &Table, id: &str) -> Option<Picture> {
    let measures = || finding.groups.iter().flat_map(|group| &group.measures);
    let is_shown = |estimate: f64| {
        measures().filter_map(|measure| measure.estimate.value).any(|value| (value - estimate).abs() < 1e-9)
    };
    let models = &table.regressions.models;
    let numbers = table.regressions.numbers();
    let mut rows = Vec::new();
    for (model, column) in models.iter().zip(&numbers) {
        for coefficient in model.coefficients.iter().filter(|coefficient| coefficient.name != "Intercept") {
            if coefficient.estimate.is_finite() {
                rows.push((*column, model, coefficient));
            }
        }
    }
    if rows.iter().all(|(_, _, coefficient)| is_shown(coefficient.estimate)) {
        return None;
    }
    let mut notes = Vec::new();
    if rows.len() > MOST {
        notes.push(format!("{} more coefficients are not drawn", rows.len() - MOST));
        rows.truncate(MOST);
    }
    let labels: Vec<Vec<String>> = rows
        .iter()
        .map(|(column, _, coefficient)| {
            let text = if models.len() > 1 {
                format!("{} ({column})", named(&coefficient.name))
            } else {
                named(&coefficient.name)
            };
            broken(&text, LABEL)
        })
        .collect();
    let estimates: Vec<f64> = rows.iter().map(|(_, _, coefficient)| coefficient.estimate).collect();
    let ends = rows.iter().map(|(_, _, coefficient)| (coefficient.conf_low, coefficient.conf_high));
    let ends: Vec<(f64, f64)> = ends.filter(|(low, high)| low.is_finite() && high.is_finite()).collect();
    let axis = Axis::of(Unit::LogPoints, &estimates, &ends, 5);
    let left = labels.iter().flatten().map(|line| width(line)).fold(0.0, f64::max) + 14.0;
    let step = if labels.iter().any(|lines| lines.len() > 1) { 40.0 } else { 28.0 };
    let (sheet, top) = (Sheet::new(), 6.0);
    let place = Place { left, top, width: WIDTH - left - 84.0, height: step * rows.len() as f64 };
    let plot = sheet.plot(place, &axis, &Axis::rows(rows.len()));
    for (((column, model, one), lines), at) in rows.iter().zip(&labels).zip(0..) {
        let (y, middle) = (f64::from(at) + 0.5, top + step * (f64::from(at) + 0.5));
        label(&sheet, (left - 14.0, middle), lines);
        let value = |value: f64| number::value(Some(value), Unit::LogPoints);
        let mut words =
            format!("({column}) {}, {}: {}", named(&model.outcome), named(&one.name), value(one.estimate));
        let interval =
            Some((one.conf_low, one.conf_high)).filter(|(low, high)| low.is_finite() && high.is_finite());
        if let Some((low, high)) = interval {
            words.push_str(&format!(" ({} to {})", value(low), value(high)));
        }
        if model.n > 0 {
            words.push_str(&format!(", {} observations", number::thousands(model.n as u64)));
        }
        plot.mark(&words, |plot| {
            let (low, high) = interval.unwrap_or((one.estimate, one.estimate));
            plot.block([(low, y - 0.35), (high, y + 0.35)], Role::Hit);
            plot.line(&[(low, y), (high, y)], Role::S1, 2.0);
            plot.dot((one.estimate, y), 4.5, Role::S1);
        });
        sheet.text((WIDTH - 2.0, middle), &value(one.estimate), Role::Ink, Align::Right);
    }
    let models = number::count(models.len() as u64, "models");
    let says = format!("Coefficients of {models} with 95 % intervals. The table has the same numbers.");
    let bottom = footnotes(&sheet, top + place.height + 34.0, &notes);
    Some(sheet.picture(bottom, &table.title, &says, id))
}
