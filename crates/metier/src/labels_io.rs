//! `metier label --import` and `--export`: label files into the store and out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use metier_label::file::{self, LabelFile, Name, Trouble};
use metier_label::{Labels, Rater, rubric};
use metier_session::Id;
use serde_json::json;

use crate::cli::{self, All};
use crate::known::{Known, Meant};
use crate::{Ended, places};

/// So many lines of what was not taken are told; `--json` lists all.
const TOLD: usize = 20;

/// Imports or exports, if that is asked for.
pub(crate) fn run(command: &cli::Label, all: &All) -> Result<Option<Ended>> {
    let cli::Label { import: from, export: to, rater, transcripts, .. } = command;
    match (from, to) {
        (Some(_), _) if rater.len() > 1 => {
            bail!("--rater names whose lines without a rater are: one, not {}", rater.len())
        }
        (Some(file), _) => import(file, rater.first().map(String::as_str), transcripts, all).map(Some),
        (None, Some(file)) => export(file, rater, transcripts, all).map(Some),
        (None, None) => Ok(None),
    }
}

/// Reads a label file; `-` is the standard input.
pub(crate) fn read(path: &Path, rater: Option<&str>) -> Result<LabelFile> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read the standard input")?;
    } else {
        bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(LabelFile::read(&bytes, rater.map(Rater::new).as_ref(), rubric()))
}

/// Tells which lines and answers of a label file were not taken, and why.
pub(crate) fn tell_troubles(path: &Path, troubles: &[Trouble]) {
    for trouble in troubles.iter().take(TOLD) {
        anstream::eprintln!("{}:{}: {}", path.display(), trouble.line, trouble.why);
    }
    if troubles.len() > TOLD {
        anstream::eprintln!("… and {} more", troubles.len() - TOLD);
    }
}

/// Puts the labels of a file into the store.
pub(crate) fn import(path: &Path, rater: Option<&str>, transcripts: &[PathBuf], all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let (mut known, Some(_)) = Known::of_store(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display())
    };
    let read = read(path, rater)?;
    known.read(transcripts, all)?;
    let mut labels: BTreeMap<(Id, Rater), Labels> = BTreeMap::new();
    let mut told = Imported::default();
    for entry in read.entries {
        if entry.labels.rater == Rater::builtin() {
            told.builtin += 1;
            continue;
        }
        match known.meant(&entry.name) {
            Meant::Session(id) => {
                let before = labels.insert((id, entry.labels.rater.clone()), entry.labels);
                told.replaced += usize::from(before.is_some());
            }
            Meant::WentOn => told.went_on.push(entry.line),
            Meant::Nobody => told.not_found.push(entry.line),
        }
    }
    told.replaced += read.replaced;
    told.taken = labels.len();
    told.raters = labels.keys().map(|(_, rater)| rater.name()).collect::<BTreeSet<_>>().len();
    let hash = rubric().hash;
    told.other_rubric = labels.values().filter(|labels| labels.rubric != hash).count();
    told.no_rubric = read.no_rubric;
    told.troubles = read.troubles;
    if !labels.is_empty() {
        let labels = labels.into_iter().map(|((id, _), labels)| (id, labels)).collect();
        let waiting = || anstream::eprintln!("waiting for another metier to finish with the store");
        metier_store::put_labels(&folder, labels, &waiting)?;
    }
    if all.json {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &told.json())?;
        writeln!(out)?;
    } else if !all.quiet {
        told.tell(path);
    }
    Ok(if told.is_whole() { Ended::Done } else { Ended::Finding })
}

/// What became of the lines of a label file.
#[derive(Default)]
struct Imported {
    taken: usize,
    raters: usize,
    replaced: usize,
    other_rubric: usize,
    no_rubric: usize,
    builtin: usize,
    /// Lines whose session is not here.
    not_found: Vec<usize>,
    /// Lines about what a session was before the person went on with it.
    went_on: Vec<usize>,
    troubles: Vec<Trouble>,
}

impl Imported {
    fn is_whole(&self) -> bool {
        self.not_found.is_empty() && self.went_on.is_empty() && self.troubles.is_empty()
    }

    fn json(&self) -> serde_json::Value {
        let refused: Vec<_> = self
            .troubles
            .iter()
            .map(|Trouble { line, why }| json!({ "line": line, "whole_line": !why.is_answer(), "why": why.to_string() }))
            .collect();
        json!({
            "taken": self.taken, "raters": self.raters, "replaced": self.replaced, "not_found": self.not_found,
            "went_on": self.went_on, "refused": refused, "other_rubric": self.other_rubric,
            "no_rubric": self.no_rubric, "builtin": self.builtin,
        })
    }

    fn tell(&self, path: &Path) {
        tell_troubles(path, &self.troubles);
        let lines = |lines: &[usize]| {
            let some: Vec<String> = lines.iter().take(TOLD).map(usize::to_string).collect();
            let more = if lines.len() > TOLD { " …" } else { "" };
            format!("{} {}{more}", if lines.len() == 1 { "line" } else { "lines" }, some.join(", "))
        };
        anstream::eprintln!("{} by {} taken", count(self.taken, "session"), count(self.raters, "rater"));
        let (answers, whole): (Vec<_>, Vec<_>) =
            self.troubles.iter().partition(|trouble| trouble.why.is_answer());
        let tell = |n: usize, text: &dyn Fn() -> String| {
            if n > 0 {
                anstream::eprintln!("{}", text());
            }
        };
        tell(self.not_found.len(), &|| {
            let n = count(self.not_found.len(), "session");
            format!("{n} not found ({}): name other places with --transcripts", lines(&self.not_found))
        });
        tell(self.went_on.len(), &|| {
            let n = count(self.went_on.len(), "session");
            format!(
                "{n} not taken ({}): the person went on with it after it was judged",
                lines(&self.went_on)
            )
        });
        tell(whole.len(), &|| format!("{} not taken, told above", count(whole.len(), "line")));
        tell(answers.len(), &|| format!("{} not taken, told above", count(answers.len(), "answer")));
        tell(self.replaced, &|| format!("{} replaced by a later one", count(self.replaced, "line")));
        tell(self.builtin, &|| {
            format!("{} of the built-in labeller left out: a scan gives those", count(self.builtin, "line"))
        });
        tell(self.other_rubric, &|| {
            format!(
                "{} judged under another rubric: other words were answered",
                count(self.other_rubric, "session")
            )
        });
        tell(self.no_rubric, &|| {
            format!("{} without a rubric, taken as answers to this one", count(self.no_rubric, "line"))
        });
    }
}

/// So many of something: "1 line", "3 lines".
pub(crate) fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Writes labels of the store to a file; `-` is the standard output.
pub(crate) fn export(path: &Path, raters: &[String], transcripts: &[PathBuf], all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let (mut known, Some(store)) = Known::of_store(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display())
    };
    known.read(transcripts, all)?;
    let mut labels = all_labels(&known, store.labels()?);
    let there: BTreeSet<&str> = labels.iter().map(|(_, labels)| labels.rater.name()).collect();
    if let Some(missing) = raters.iter().find(|rater| !there.contains(rater.as_str())) {
        bail!("the store has no labels of {missing:?}: {}", those_there(&there));
    }
    if !raters.is_empty() {
        labels.retain(|(_, labels)| raters.iter().any(|rater| rater == labels.rater.name()));
    }
    let name = |id: Id| match known.transcript(id) {
        Some(it) => Name { session: Some(it.session.clone()), content: Some(it.content), id: None },
        None => Name { id: Some(id), ..Name::default() },
    };
    let labels: Vec<(Name, Labels)> = labels.into_iter().map(|(id, labels)| (name(id), labels)).collect();
    let mut bytes = Vec::new();
    file::write(&labels, rubric(), &mut bytes)?;
    if path == Path::new("-") {
        let mut out = std::io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()?;
    } else {
        fs::write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !all.quiet {
        let by_id = labels.iter().filter(|(name, _)| name.id.is_some()).count();
        let away = match by_id {
            0 => String::new(),
            n => format!("; {n} by the store's id, because their transcripts are not here"),
        };
        anstream::eprintln!("{} written{away}", count(labels.len(), "line"));
    }
    Ok(if labels.is_empty() { Ended::Finding } else { Ended::Done })
}

/// All labels of a store, the built-in labeller's first, without those that answer nothing.
pub(crate) fn all_labels(known: &Known, others: Vec<(Id, Labels)>) -> Vec<(Id, Labels)> {
    let mut labels: Vec<(Id, Labels)> =
        known.rows.values().map(|row| (row.session, row.labels.clone())).collect();
    labels.extend(others);
    labels.retain(|(_, labels)| {
        labels.answers.iter().any(Option::is_some) || labels.intents.iter().any(Option::is_some)
    });
    labels
}

/// Whose labels there are, for a message.
pub(crate) fn those_there(raters: &BTreeSet<&str>) -> String {
    match raters.len() {
        0 => "there are none".to_owned(),
        _ => format!("there are {}", raters.iter().copied().collect::<Vec<_>>().join(", ")),
    }
}
