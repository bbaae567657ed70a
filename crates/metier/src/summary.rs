//! `metier summary`: the findings from the store.

use std::collections::{BTreeSet, HashMap};
use std::io::{IsTerminal, Write};

use anyhow::{Result, bail};
use metier_label::{Labels, Rater, rubric};
use metier_report::{Detail, Style};
use metier_session::Id;
use metier_store::{Row, Store};
use metier_study::{Second, Settings};

use crate::cli::{self, All, By};
use crate::{Ended, places};

/// The version of the agent that synthetic transcripts name: how they are told from real ones.
pub(crate) const SYNTHETIC_VERSION: &str = "0.0.0-synthetic";

/// Whether a row comes from a synthetic transcript.
pub(crate) fn is_synthetic(row: &Row) -> bool {
    row.facts.agent_version.as_deref() == Some(SYNTHETIC_VERSION)
}

pub(crate) fn run(command: &cli::Summary, all: &All) -> Result<Ended> {
    if command.list {
        return list();
    }
    for name in &command.finding {
        metier_study::find(name)?;
    }
    let folder = places::store(all.store.as_deref())?;
    match Store::open(&folder)? {
        Some(store) => show(&rows(&store, command.labels.as_deref())?, command, all),
        None => bail!(
            "there is no store at {}: run `metier scan` first, or name it with --store",
            folder.display()
        ),
    }
}

/// Lists every finding.
pub(crate) fn list() -> Result<Ended> {
    let mut out = std::io::stdout().lock();
    for study in &metier_study::FINDINGS {
        writeln!(out, "{:<18} {}", study.name, study.title)?;
    }
    Ok(Ended::Done)
}

/// The rows of a store with the labels of one rater: sessions that this rater did not label have none.
pub(crate) fn rows(store: &Store, rater: Option<&str>) -> Result<Vec<Row>> {
    let mut rows = store.rows()?;
    if let Some(rater) = rater.filter(|rater| *rater != Rater::BUILTIN) {
        relabel(&mut rows, rater, of_rater(store.labels()?, rater)?);
    }
    Ok(rows)
}

/// The same, and what a second rater answered: the one that is named, or else the only other one that the store has, beside
/// the built-in labeller.
pub(crate) fn rows_of_two(
    store: &Store,
    rater: Option<&str>,
    second: Option<&str>,
) -> Result<(Vec<Row>, Second)> {
    let rater = rater.unwrap_or(Rater::BUILTIN);
    if second == Some(rater) {
        bail!("both raters are {rater:?}: name another with --second, or another first one with --labels");
    }
    let mut rows = store.rows()?;
    let all = store.labels()?;
    let second = match second {
        Some(second) => Some(second.to_owned()),
        None => {
            let others: BTreeSet<&str> =
                all.iter().map(|(_, labels)| labels.rater.name()).filter(|name| *name != rater).collect();
            (others.len() == 1).then(|| others.into_iter().next().map(str::to_owned)).flatten()
        }
    };
    let second = match second.as_deref() {
        None => Second::new(),
        Some(Rater::BUILTIN) => rows.iter().map(|row| (row.session, row.labels.clone())).collect(),
        Some(name) => of_rater(all.clone(), name)?,
    };
    if rater != Rater::BUILTIN {
        relabel(&mut rows, rater, of_rater(all, rater)?);
    }
    Ok((rows, second))
}

fn of_rater(all: Vec<(Id, Labels)>, rater: &str) -> Result<HashMap<Id, Labels>> {
    let known: BTreeSet<&str> = all.iter().map(|(_, labels)| labels.rater.name()).collect();
    if !known.contains(rater) {
        let known: Vec<&str> = [Rater::BUILTIN].into_iter().chain(known).collect();
        bail!("nobody called {rater:?} labelled sessions in this store; there are: {}", known.join(", "));
    }
    Ok(all.into_iter().filter(|(_, labels)| labels.rater.name() == rater).collect())
}

fn relabel(rows: &mut [Row], rater: &str, mut labels: HashMap<Id, Labels>) {
    for row in rows {
        let none = || Labels::none(Rater::new(rater), rubric());
        row.labels = labels.remove(&row.session).unwrap_or_else(none);
    }
}

/// The summary as it is without flags.
pub(crate) fn overall() -> cli::Summary {
    cli::Summary { by: By::Overall, finding: Vec::new(), list: false, labels: None, headless: false }
}

/// Prints the findings from these rows.
pub(crate) fn show(rows: &[Row], command: &cli::Summary, all: &All) -> Result<Ended> {
    let settings = settings(command.by, command.headless);
    let studies = if command.finding.is_empty() {
        metier_study::summarised()
    } else {
        metier_study::FINDINGS
            .iter()
            .filter(|study| command.finding.iter().any(|name| name == study.name))
            .collect()
    };
    let (mut summary, findings) = metier_study::study(rows, &Second::new(), &settings, &studies);
    summary.synthetic = !rows.is_empty() && rows.iter().all(is_synthetic);
    let mut out = anstream::stdout().lock();
    if all.json {
        write!(out, "{}", metier_report::json(&summary, &findings))?;
    } else {
        let detail = if command.finding.is_empty() { Detail::Short } else { Detail::Full };
        write!(out, "{}", metier_report::terminal(&summary, &findings, &style(detail)))?;
    }
    Ok(if rows.is_empty() { Ended::Finding } else { Ended::Done })
}

/// How the study is done, from flags.
pub(crate) fn settings(by: By, include_headless: bool) -> Settings {
    let by = match by {
        By::Overall => metier_study::By::Overall,
        By::Month => metier_study::By::Month,
        By::Agent => metier_study::By::Agent,
        By::Model => metier_study::By::Model,
        By::Project => metier_study::By::Project,
    };
    Settings { by, include_headless, ..Settings::default() }
}

pub(crate) fn style(detail: Detail) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = if terminal { terminal_width() } else { 100 };
    Style { width, colour: terminal && std::env::var_os("NO_COLOR").is_none(), detail }
}

/// The width of the terminal, within what tables can use.
fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0)).clamp(80, 120)
}
