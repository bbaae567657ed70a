//! `metier agree`: two raters of the same sessions beside each other. How they agree is computed in `metier-label`.

use std::collections::{HashMap, HashSet};
use std::io::{IsTerminal, Write};

use anyhow::Result;
use metier_label::agreement::{self, Agreement, Dimension, Pair, Settings};
use metier_label::{Content, rubric};
use metier_session::Id;
use serde::Serialize;

use crate::Ended;
use crate::cli::{self, All, SplitBy};
use crate::known::Known;
use sources::{Judged, Source};

mod markdown;
mod sources;
mod terminal;
mod text;

/// The version of the JSON's shape; it changes when a field goes or changes its meaning.
const SCHEMA: u32 = 1;

/// Two raters and how they agree.
#[derive(Serialize)]
struct Report {
    schema: u32,
    /// The hash of the rubric that the answers are read under.
    rubric: String,
    first: Side,
    second: Side,
    /// Sessions that are not the same any more: the person went on between the two judgements.
    went_on: usize,
    #[serde(flatten)]
    agreement: Agreement,
}

/// One of the raters.
#[derive(Serialize)]
struct Side {
    rater: String,
    /// The label file, or "store".
    source: String,
    /// Sessions that it judged and the other did not.
    alone: usize,
    /// Of the sessions compared, those judged under another rubric.
    other_rubric: usize,
    /// Lines and answers of its file that were not taken.
    refused: usize,
}

pub(crate) fn run(command: &cli::Agree, all: &All) -> Result<Ended> {
    let (mut known, mut first, mut second) = sources::find(command, all)?;
    if !command.transcripts.is_empty() {
        known.read(&command.transcripts, all)?;
    }
    first.settle(&known);
    second.settle(&known);
    let (matched, went_on) = matched(&first.judged, &second.judged);
    if matched.is_empty() {
        let count = |source: &Source| format!("{source} has {}", source.judged.len());
        let changed = match went_on {
            0 => String::new(),
            n => format!(" {n} of them are in both, but the person went on with them in between."),
        };
        anstream::eprintln!(
            "no session in common: {}, {}.{changed} Sessions are the same by content, else by session id, else by \
             the store's id; --transcripts tells which content is which session.",
            count(&first),
            count(&second)
        );
        return Ok(Ended::Finding);
    }
    let pairs: Vec<Pair> = matched.iter().map(|(a, b)| pair(a, b, &known)).collect();
    let defaults = Settings::default();
    let settings = Settings {
        seed: command.seed.unwrap_or(defaults.seed),
        by: dimensions(&command.by),
        threads: all.threads(),
        ..defaults
    };
    let agreement = agreement::agreement(&pairs, rubric(), &settings);
    let hash = rubric().hash;
    let side = |source: &Source, labels: &dyn Fn(&Pair) -> metier_label::rubric::RubricHash| Side {
        rater: text::shown(source.rater.name()),
        source: source.place.clone(),
        alone: source.judged.len() - matched.len() - went_on,
        other_rubric: pairs.iter().filter(|pair| labels(pair) != hash).count(),
        refused: source.refused,
    };
    let report = Report {
        schema: SCHEMA,
        rubric: hash.to_string(),
        first: side(&first, &|pair| pair.first.rubric),
        second: side(&second, &|pair| pair.second.rubric),
        went_on,
        agreement,
    };
    let mut out = anstream::stdout().lock();
    if all.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else if command.markdown {
        write!(out, "{}", markdown::markdown(&report))?;
    } else {
        let style = terminal::Style {
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            confusion: command.confusion,
            groups: !command.by.is_empty(),
        };
        write!(out, "{}", terminal::terminal(&report, style))?;
    }
    out.flush()?;
    Ok(Ended::Done)
}

/// By what to look for systematic disagreement; all of them unless some are named.
fn dimensions(named: &[SplitBy]) -> Vec<Dimension> {
    let is_named = |by: &Dimension| {
        let name = match by {
            Dimension::Agent => SplitBy::Agent,
            Dimension::Month => SplitBy::Month,
            Dimension::WorkMode => SplitBy::WorkMode,
        };
        named.is_empty() || named.contains(&name)
    };
    Dimension::ALL.into_iter().filter(is_named).collect()
}

fn pair<'j>(first: &'j Judged, second: &'j Judged, known: &Known) -> Pair<'j> {
    let groups = known.groups(first.name.id.or(second.name.id));
    Pair {
        session: first.key().or_else(|| second.key()).unwrap_or_default(),
        first: &first.labels,
        second: &second.labels,
        person: groups.person,
        agent: groups.agent,
        month: groups.month,
    }
}

/// The sessions that both judged, and how many they would have if a person had not gone on in between.
fn matched<'j>(first: &'j [Judged], second: &'j [Judged]) -> (Vec<(&'j Judged, &'j Judged)>, usize) {
    let mut by_content: HashMap<Content, usize> = HashMap::new();
    let mut by_session: HashMap<&str, usize> = HashMap::new();
    let mut by_id: HashMap<Id, usize> = HashMap::new();
    for (at, judged) in second.iter().enumerate() {
        by_content.extend(judged.name.content.map(|content| (content, at)));
        by_session.extend(judged.name.session.as_deref().map(|session| (session, at)));
        by_id.extend(judged.name.id.map(|id| (id, at)));
    }
    let (mut matched, mut went_on, mut used) = (Vec::new(), 0, HashSet::new());
    for judged in first {
        let name = &judged.name;
        let same = name.content.and_then(|content| by_content.get(&content));
        let called = || name.session.as_deref().and_then(|session| by_session.get(session));
        let stored = || name.id.and_then(|id| by_id.get(&id));
        let Some(at) = same.or_else(called).or_else(stored).copied() else { continue };
        if !used.insert(at) {
            continue;
        }
        match (name.content, second[at].name.content) {
            (Some(one), Some(other)) if one != other => went_on += 1,
            _ => matched.push((judged, &second[at])),
        }
    }
    (matched, went_on)
}
