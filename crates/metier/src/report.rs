//! `metier report`: what the store says to a person, a team lead and a researcher, in the terminal, as Markdown or as one page.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, bail};
use metier_report::{Detail, Report};
use metier_store::Store;
use metier_study::coach::{MONTHS, coach};
use metier_study::{By, FINDINGS, Settings, Study, TEAM, find, summarised};

use crate::cli::{self, All};
use crate::summary::{released, settings, style};
use crate::{Ended, places};

/// What is followed from month to month.
const BY_MONTH: [&str; 4] = ["composition", "expertise", "success", "patterns"];

/// More people than this are nobody's own sessions.
const MOST_OF_ONE: usize = 200;

pub(crate) fn run(command: &cli::Report, all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let Some(store) = Store::open(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display());
    };
    let rows = store.rated_twice(command.labels.as_deref(), None)?;
    let first: Vec<&'static Study> = summarised();
    let names: Vec<&'static str> = first.iter().map(|study| study.name).collect();
    let terminal = command.html.is_none() && !command.markdown;
    let studies: Vec<&'static Study> = if terminal { first } else { FINDINGS.iter().collect() };
    let overall = settings(cli::By::Overall, command.headless);
    let by_month = Settings { by: By::Month, ..overall.clone() };
    let months: Vec<&'static Study> = BY_MONTH.iter().map(|name| find(name)).collect::<Result<_, _>>()?;
    let (summary, findings) = released(Some(&store), &rows, &overall, &studies)?;
    // Where numbers by month may not be shown, the rest still may.
    let months = match released(Some(&store), &rows, &by_month, &months) {
        Ok((_, months)) => months,
        Err(error) if rows.mode().is_pooled() => {
            anstream::eprintln!("left out, by month: {error:#}");
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let made = made(&store, command);
    let report = Report {
        summary: &summary,
        findings: &findings,
        months: &months,
        questions: &TEAM,
        first: &names,
        made: &made,
    };
    if let Some(path) = &command.html {
        // The coach is for one's own sessions. Where transcripts name nobody projects stand for people, so a few are no crowd.
        let own = !rows.mode().is_pooled() && summary.population.people <= MOST_OF_ONE;
        let coach = if own { Some(coach(&rows, &overall, MONTHS, None)?) } else { None };
        let coach = coach.as_ref().map(|coach| metier_report::html::coach(coach, None));
        let page = metier_report::html::report(&report, coach.as_ref());
        fs::write(path, &page).with_context(|| format!("cannot write {}", path.display()))?;
        if !all.quiet {
            anstream::eprintln!("wrote {} ({} kB)", path.display(), page.len().div_ceil(1000));
        }
    } else {
        let mut out = anstream::stdout().lock();
        if all.json {
            write!(out, "{}", metier_report::json(&summary, &findings))?;
        } else if command.markdown {
            write!(out, "{}", metier_report::report_markdown(&report))?;
        } else {
            write!(out, "{}", metier_report::report(&report, &style(Detail::Short)))?;
        }
    }
    let ended = if rows.is_empty() { Ended::Finding } else { Ended::Done };
    // The process ends here, and freeing many rows one by one would take longer than some findings.
    std::mem::forget(rows);
    Ok(ended)
}

/// What it takes to make the same report again.
fn made(store: &Store, command: &cli::Report) -> Vec<(&'static str, String)> {
    let mut line = String::from("metier report");
    if command.html.is_some() {
        line.push_str(" --html FILE");
    }
    if command.markdown {
        line.push_str(" --markdown");
    }
    if let Some(rater) = &command.labels {
        line.push_str(&format!(" --labels {rater}"));
    }
    if command.headless {
        line.push_str(" --headless");
    }
    let mut made = vec![
        ("Command", line),
        ("metier", env!("CARGO_PKG_VERSION").to_owned()),
        ("Facts, version", metier_session::measure::VERSION.to_string()),
        ("Built-in labeller, version", metier_label::builtin::VERSION.to_string()),
        ("Rubric", metier_label::rubric().hash.to_string()),
        ("Store", store.mode().to_string()),
    ];
    if store.mode().is_pooled() {
        let thresholds = store.thresholds();
        let text = format!(
            "at least {} people and {} sessions for each number",
            thresholds.people, thresholds.sessions
        );
        made.push(("Gate", text));
    }
    made
}
