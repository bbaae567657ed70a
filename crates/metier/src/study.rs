//! `metier study`: the tables and figures of the study from the store.

use std::io::Write;

use anyhow::{Result, bail};
use metier_report::Detail;
use metier_store::Store;
use metier_study::{Condition, FINDINGS, Settings, Study, TEAM};

use crate::cli::{self, All};
use crate::summary::{list, released, settings, style};
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Study, all: &All) -> Result<Ended> {
    if command.list {
        return list();
    }
    let names: Vec<&String> = command.findings.iter().chain(&command.finding).collect();
    let studies: Vec<&'static Study> = match names.as_slice() {
        [] if command.team => {
            let names = TEAM.iter().flat_map(|question| question.findings);
            names.map(|name| metier_study::find(name)).collect::<Result<_, _>>()?
        }
        [] => FINDINGS.iter().collect(),
        names => names.iter().map(|name| metier_study::find(name)).collect::<Result<_, _>>()?,
    };
    if command.vega && studies.len() != 1 {
        bail!("--vega takes one finding: name it, such as `metier study success --vega`");
    }
    let conditions: Vec<Condition> =
        command.conditions.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let folder = places::store(all.store.as_deref())?;
    let Some(store) = Store::open(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display());
    };
    let rows = store.rated_twice(command.labels.as_deref(), command.second.as_deref())?;
    let settings = Settings { conditions, ..settings(command.by, command.headless) };
    let (summary, findings) = released(Some(&store), &rows, &settings, &studies)?;
    if summary.population.sessions == 0 && !settings.conditions.is_empty() {
        let asked: Vec<String> = settings.conditions.iter().map(ToString::to_string).collect();
        bail!(
            "no session has {}: `metier study composition --by month` (or agent, model, project) shows what there is",
            asked.join(" and ")
        );
    }
    let mut out = anstream::stdout().lock();
    if all.json {
        write!(out, "{}", metier_report::json(&summary, &findings))?;
    } else if let (true, [finding]) = (command.vega, findings.as_slice()) {
        serde_json::to_writer_pretty(&mut out, &metier_report::vega(&summary, finding))?;
        writeln!(out)?;
    } else if command.csv {
        write!(out, "{}", metier_report::csv(&summary, &findings))?;
    } else if command.markdown {
        write!(out, "{}", metier_report::markdown(&summary, &findings))?;
    } else if command.team {
        write!(out, "{}", metier_report::team(&summary, &TEAM, &findings, &style(Detail::Short)))?;
    } else {
        write!(out, "{}", metier_report::terminal(&summary, &findings, &style(Detail::Full)))?;
    }
    let ended = if rows.is_empty() { Ended::Finding } else { Ended::Done };
    // The process ends here, and freeing many rows one by one would take longer than some findings.
    std::mem::forget(rows);
    Ok(ended)
}
