//! A heat map: levels on one side, groups on the other, a share in each cell.

use metier_study::{Finding, Group};

use super::Picture;
use super::dots::{footnotes, label, says};
use super::panel::{absent, value, words};
use super::sheet::{Align, Place, Sheet, WIDTH};
use super::svg::Role;
use super::text::{fit, width};
use crate::number;

const STEP: f64 = 36.0;
/// As many columns as can be told from each other.
const MOST: usize = 18;

/// A cell for each of some numbers in each group; the last on top, for the highest level stands highest.
pub(super) fn heat(finding: &Finding, rows: &[(usize, String)], title: &str, id: &str) -> Picture {
    let mut notes = Vec::new();
    let hidden = finding.groups.len().saturating_sub(MOST);
    // Of months the last ones count, of others the first ones, which have most sessions.
    let groups: &[Group] = match finding.by {
        metier_study::By::Month => &finding.groups[hidden..],
        _ => &finding.groups[..finding.groups.len() - hidden],
    };
    if hidden > 0 {
        notes.push(format!("{hidden} more are not drawn"));
    }
    let all = || groups.iter().flat_map(|group| rows.iter().map(|(at, _)| &group.measures[*at]));
    let most = all().filter_map(|measure| value(&measure.estimate)).fold(0.0, f64::max);
    let left = rows.iter().map(|(_, label)| width(label)).fold(0.0, f64::max).min(180.0) + 14.0;
    let each = ((WIDTH - left - 2.0) / groups.len().max(1) as f64).min(110.0);
    let sheet = Sheet::new();
    for ((at, name), y) in rows.iter().rev().zip(0..) {
        let top = 4.0 + STEP * f64::from(y);
        label(&sheet, (left - 14.0, top + STEP / 2.0), &[fit(name, 180.0)]);
        for (column, group) in groups.iter().enumerate() {
            let measure = &group.measures[*at];
            let place =
                Place { left: left + each * column as f64, top, width: each - 2.0, height: STEP - 2.0 };
            let middle = (place.left + place.width / 2.0, top + place.height / 2.0);
            match value(&measure.estimate) {
                Some(share) => {
                    let class =
                        if most > 0.0 { (6.0 * share / most).ceil().clamp(0.0, 6.0) as usize } else { 0 };
                    let text = number::shown(&measure.estimate, measure.unit);
                    let text = if width(&text) <= place.width { text } else { String::new() };
                    sheet.cell(place, &words(Some(&group.label), measure), class, &text);
                }
                None => sheet.text(
                    middle,
                    &fit(absent(&measure.estimate), place.width),
                    Role::Faint,
                    Align::Middle,
                ),
            }
        }
    }
    let bottom = 4.0 + STEP * rows.len() as f64 + 10.0;
    let every = (64.0 / each).ceil().max(1.0) as usize;
    for (column, group) in groups.iter().enumerate().step_by(every) {
        let x = left + each * (column as f64 + 0.5) - 1.0;
        sheet.text((x, bottom), &fit(&group.label, each * every as f64 - 4.0), Role::Faint, Align::Middle);
    }
    let bottom = footnotes(&sheet, bottom + 20.0, &notes);
    sheet.picture(bottom, title, &says("A heat map", all(), &notes), id)
}
