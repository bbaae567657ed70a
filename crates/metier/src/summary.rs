//! `metier summary`: the findings from the store.

use std::io::{IsTerminal, Write};

use anyhow::{Result, bail};
use metier_report::{Detail, Style};
use metier_store::{Rows, Store};
use metier_study::{FINDINGS, Finding, Settings, Study, Summary};

use crate::cli::{self, All, By};
use crate::ledger::Ledgered;
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Summary, all: &All) -> Result<Ended> {
    if command.list {
        return list();
    }
    for name in &command.finding {
        metier_study::find(name)?;
    }
    let folder = places::store(all.store.as_deref())?;
    match Store::open(&folder)? {
        Some(store) => show(Some(&store), store.rated(command.labels.as_deref())?, command, all),
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

/// The summary as it is without flags.
pub(crate) fn overall() -> cli::Summary {
    cli::Summary { by: By::Overall, finding: Vec::new(), list: false, labels: None, headless: false }
}

/// Prints the findings from these rows, of a store if they are of one.
pub(crate) fn show(store: Option<&Store>, rows: Rows, command: &cli::Summary, all: &All) -> Result<Ended> {
    let settings = settings(command.by, command.headless);
    let studies = if command.finding.is_empty() {
        metier_study::summarised()
    } else {
        metier_study::FINDINGS
            .iter()
            .filter(|study| command.finding.iter().any(|name| name == study.name))
            .collect()
    };
    let (summary, findings) = released(store, &rows, &settings, &studies)?;
    let ended = if rows.is_empty() { Ended::Finding } else { Ended::Done };
    print(&summary, &findings, command, all)?;
    // The process ends here, and freeing many rows one by one would take longer than some findings.
    std::mem::forget(rows);
    Ok(ended)
}

/// Prints findings as the flags say.
pub(crate) fn print(
    summary: &Summary,
    findings: &[Finding],
    command: &cli::Summary,
    all: &All,
) -> Result<()> {
    let mut out = anstream::stdout().lock();
    if all.json {
        write!(out, "{}", metier_report::json(summary, findings))?;
    } else {
        let detail = if command.finding.is_empty() { Detail::Short } else { Detail::Full };
        write!(out, "{}", metier_report::terminal(summary, findings, &style(detail)))?;
    }
    Ok(())
}

/// The findings over these rows of a store: the owner's as they are, those of many people through the gate. Then what is
/// released is in the ledger before anybody sees it.
pub(crate) fn released(
    store: Option<&Store>,
    rows: &Rows,
    settings: &Settings,
    studies: &[&'static Study],
) -> Result<(Summary, Vec<Finding>)> {
    let Some(store) = store.filter(|_| rows.mode().is_pooled()) else {
        return Ok(metier_study::study(rows, settings, studies)?);
    };
    let mut ledger = Ledgered::open(store)?;
    let result = metier_study::release(rows, settings, studies, &mut ledger.ledger)?;
    let names: Vec<&str> = studies.iter().map(|study| study.name).collect();
    let mut what = if names.len() == FINDINGS.len() { "all findings".to_owned() } else { names.join(", ") };
    if settings.by != metier_study::By::Overall {
        what.push_str(&format!(" by {}", settings.by));
    }
    for condition in &settings.conditions {
        what.push_str(&format!(", {condition}"));
    }
    ledger.enter(what, None)?;
    Ok(result)
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
