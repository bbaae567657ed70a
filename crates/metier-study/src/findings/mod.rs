//! The registry of findings: one file each, and a line here. How a number is estimated is not told here.

use crate::error::Error;
use crate::estimate;
use crate::finding::{Finding, Group};
use crate::selection::{Cohort, Selection};
use crate::series::Series;
use crate::settings::{By, Settings};

mod auto_approve;
mod control;
mod depth;
mod division;
mod evidence;
mod label_checks;
mod pushback;
mod turn_length;

/// Every finding, in the order in which they are shown.
pub static FINDINGS: [Study; 8] = [
    division::STUDY,
    depth::STUDY,
    turn_length::STUDY,
    auto_approve::STUDY,
    control::STUDY,
    evidence::STUDY,
    pushback::STUDY,
    label_checks::STUDY,
];

/// The finding of that name.
///
/// ```
/// assert_eq!(metier_study::find("depth")?.name, "depth");
/// assert!(metier_study::find("luck").is_err());
/// # Ok::<(), metier_study::Error>(())
/// ```
///
/// # Errors
///
/// If there is none; the error lists those that there are.
pub fn find(name: &str) -> Result<&'static Study, Error> {
    FINDINGS.iter().find(|study| study.name == name).ok_or_else(|| Error::Finding {
        name: name.to_owned(),
        known: FINDINGS.each_ref().map(|study| study.name).join(", "),
    })
}

/// How a finding is made: its words, and what it asks about the sessions of a group.
pub struct Study {
    /// The name in flags and JSON.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What is measured and how, in sentences.
    pub definition: &'static str,
    /// What one observation is.
    pub unit: &'static str,
    series: fn(&Cohort) -> Vec<Series>,
}

impl Study {
    /// The finding over a selection: for each group every measure, with its 95 % interval.
    pub fn finding(&self, selection: &Selection, settings: &Settings) -> Finding {
        let by = selection.by;
        let group = |cohort: &Cohort| {
            let stream = format!("{}/{by}/{}", self.name, cohort.label);
            let mut measures = estimate::measures((self.series)(cohort), cohort, settings, &stream);
            // The published figures are of Claude Code alone: not to be set beside another agent's.
            if by == By::Agent && cohort.label != metier_session::Agent::ClaudeCode.name() {
                measures.iter_mut().for_each(|measure| measure.published = None);
            }
            Group { label: cohort.label.clone(), n: cohort.sessions.len(), people: cohort.people, measures }
        };
        Finding {
            name: self.name,
            title: self.title,
            definition: self.definition,
            unit: self.unit,
            population: selection.population.clone(),
            by,
            groups: selection.cohorts.iter().map(group).collect(),
        }
    }
}
