//! Turns rows into findings: every table of the studies, with 95 % intervals, beside the published figures.
//!
//! [`Selection`] chooses whose sessions count and forms the groups, each file under `findings` says
//! which numbers of a group a finding asks for, and one engine estimates them. This crate reads no
//! transcript, draws nothing, and gives the same bytes for the same rows in any order.

mod condition;
mod error;
mod estimate;
mod family;
mod finding;
pub mod findings;
mod judged;
mod model;
pub mod published;
mod quantile;
mod regression;
mod selection;
mod series;
mod settings;
pub mod simulate;
mod summary;
mod team;

#[cfg(test)]
mod testing;

pub use condition::Condition;
pub use error::Error;
pub use family::model_family;
pub use finding::{Estimate, Finding, Group, LeftOut, Measure, Method, Population, Published, Table, Unit};
pub use findings::{FINDINGS, Study, find, summarised};
pub use regression::{Coefficient, Kind, Regression, Regressions};
pub use selection::Selection;
pub use settings::{By, Settings};
pub use summary::{LabelsBy, Summary};
pub use team::{Question, TEAM};

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

use metier_label::Labels;
use metier_session::Id;
use metier_store::Row;

/// What a second rater answered about some of the sessions.
pub type Second = HashMap<Id, Labels>;

/// What these findings over these rows speak of, and the findings in their order. Threads change no number.
///
/// Where a second rater labelled some of the sessions, headline estimates are corrected by these.
pub fn study(
    rows: &[Row],
    second: &Second,
    settings: &Settings,
    studies: &[&'static Study],
) -> (Summary, Vec<Finding>) {
    let selection = Selection::with_second(rows, second, settings);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(studies.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(study) = studies.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((study.name, study.finding(&selection, settings)));
        }
        done
    };
    let mut done: HashMap<&str, Finding> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    let findings = studies.iter().filter_map(|study| done.remove(study.name)).collect();
    (selection.summary(), findings)
}
