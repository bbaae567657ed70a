//! Turns rows into findings: every table of the studies, with 95 % intervals, beside the published figures.
//!
//! [`Selection`] chooses whose sessions count and forms the groups, each file under `findings` says
//! which numbers of a group a finding asks for, and one engine estimates them. This crate reads no
//! transcript, draws nothing, and gives the same bytes for the same rows in any order.

mod bootstrap;
mod error;
mod estimate;
mod family;
mod finding;
pub mod findings;
pub mod published;
mod quantile;
mod resample;
mod selection;
mod series;
mod settings;
mod summary;

#[cfg(test)]
mod testing;

pub use error::Error;
pub use family::model_family;
pub use finding::{Estimate, Finding, Group, LeftOut, Measure, Method, Population, Published, Unit};
pub use findings::{FINDINGS, Study, find};
pub use selection::Selection;
pub use settings::{By, Settings};
pub use summary::Summary;

use std::{panic, thread};

use metier_store::Row;

/// Every finding of the registry over these rows, in the registry's order. Each has a thread of its
/// own, which changes no number.
pub fn findings(rows: &[Row], settings: &Settings) -> Vec<Finding> {
    let selection = Selection::new(rows, settings);
    let study = |study: &'static Study| study.finding(&selection, settings);
    thread::scope(|scope| {
        let studies = FINDINGS.each_ref().map(|of| scope.spawn(move || study(of)));
        studies
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    })
}

/// What the findings over these rows speak of: sessions, people, time, and who was left out.
pub fn summary(rows: &[Row], settings: &Settings) -> Summary {
    Selection::new(rows, settings).summary()
}
