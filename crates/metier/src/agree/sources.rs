//! Which labels A and B stand for: a label file, one rater in it, or a rater in the store.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use metier_label::file::{LabelFile, Name};
use metier_label::{Labels, Rater};
use metier_store::Store;

use super::text::shown;
use crate::cli::{self, All};
use crate::known::Known;
use crate::{labels_io, places};

/// The labels of one rater.
pub(super) struct Source {
    pub rater: Rater,
    /// The file, or "store".
    pub place: String,
    pub judged: Vec<Judged>,
    /// Lines and answers of the file that were not taken.
    pub refused: usize,
}

/// A session that was judged.
pub(super) struct Judged {
    pub name: Name,
    pub labels: Labels,
}

impl Judged {
    /// What the session is called, in an order that does not depend on the files.
    pub(super) fn key(&self) -> Option<String> {
        let Name { session, content, id } = &self.name;
        let id = || id.map(|id| id.to_string());
        session.clone().or_else(|| content.map(|content| content.to_string())).or_else(id)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} ({})", shown(self.rater.name()), self.place)
    }
}

impl Source {
    /// Adds what the store and the transcripts know of the sessions that are named.
    pub(super) fn settle(&mut self, known: &Known) {
        for judged in &mut self.judged {
            let Some(id) = known.id(&judged.name) else { continue };
            judged.name.id = Some(id);
            if let (None, Some(transcript)) = (&judged.name.session, known.transcript(id)) {
                judged.name.session = Some(transcript.session.clone());
            }
        }
    }
}

/// What the user named.
enum Named {
    /// A file, and perhaps one rater in it.
    File(PathBuf, Option<String>),
    /// A rater in the store.
    Stored(String),
}

impl Named {
    fn of(text: &str) -> Named {
        let path = Path::new(text);
        let in_file = || {
            let (file, rater) = text.rsplit_once('#')?;
            Path::new(file).is_file().then(|| Named::File(file.into(), Some(rater.to_owned())))
        };
        match path.is_file() {
            true => Named::File(path.to_owned(), None),
            false => in_file().unwrap_or_else(|| Named::Stored(text.to_owned())),
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Named::File(..))
    }
}

/// The labels that A and B stand for, and what is known of sessions besides.
pub(super) fn find(command: &cli::Agree, all: &All) -> Result<(Known, Source, Source)> {
    let first = Named::of(&command.first);
    let second = command.second.as_deref().map(Named::of);
    let needs_store = !first.is_file() || second.as_ref().is_some_and(|second| !second.is_file());
    let folder = places::store(all.store.as_deref());
    let opened = folder.and_then(|folder| Ok((Known::of_store(&folder)?, folder)));
    let (known, stored) = match opened {
        Ok(((known, Some(store)), _)) => {
            let stored = if needs_store { of_store(&known, &store)? } else { Vec::new() };
            (known, stored)
        }
        Ok(((_, None), folder)) if needs_store => {
            let name = [Some(&first), second.as_ref()].into_iter().flatten().find(|named| !named.is_file());
            let name = name.map_or_else(String::new, |named| match named {
                Named::Stored(name) => name.clone(),
                Named::File(..) => String::new(),
            });
            bail!(
                "there is no label file {name:?}, and no store at {}: name a file, or the store with --store",
                folder.display()
            )
        }
        Ok(((known, None), _)) => (known, Vec::new()),
        Err(error) if needs_store => return Err(error),
        Err(error) => {
            // Files can be compared without the store; it only tells people and groups.
            if !all.quiet {
                anstream::eprintln!("without the store, which cannot be read: {error:#}");
            }
            (Known::default(), Vec::new())
        }
    };
    let Some(second) = second else {
        let Named::File(path, None) = &first else {
            bail!("name two raters: {:?} is only one", command.first)
        };
        let read = read(path, command, all)?;
        let raters = read.raters();
        let [one, other] = raters.as_slice() else {
            bail!("{} has {}: name two, as FILE#RATER", path.display(), raters_of(&raters))
        };
        let pick = |rater: &Rater| pick(&read, path, rater.clone());
        return Ok((known, pick(one), pick(other)));
    };
    let source = |named: &Named| match named {
        Named::Stored(name) => from_store(&stored, name),
        Named::File(path, rater) => from_file(path, rater.as_deref(), command, all),
    };
    if command.second.as_ref() == Some(&command.first) {
        bail!("A and B are the same labels: {:?}", command.first);
    }
    let sources = (source(&first)?, source(&second)?);
    Ok((known, sources.0, sources.1))
}

/// Every label of the store.
fn of_store(known: &Known, store: &Store) -> Result<Vec<Judged>> {
    let labels = labels_io::all_labels(known, store.labels().context("cannot read the labels of the store")?);
    let judged = |(id, labels)| Judged { name: Name { id: Some(id), ..Name::default() }, labels };
    Ok(labels.into_iter().map(judged).collect())
}

fn from_store(stored: &[Judged], name: &str) -> Result<Source> {
    let its = stored.iter().filter(|judged| judged.labels.rater.name() == name);
    let its = its.map(|judged| Judged { name: judged.name.clone(), labels: judged.labels.clone() });
    let judged: Vec<Judged> = its.collect();
    if judged.is_empty() {
        let there: BTreeSet<&str> = stored.iter().map(|judged| judged.labels.rater.name()).collect();
        bail!("{name:?} is no label file, and no rater in the store: {}", labels_io::those_there(&there));
    }
    Ok(Source { rater: Rater::new(name), place: "store".to_owned(), judged, refused: 0 })
}

fn from_file(path: &Path, rater: Option<&str>, command: &cli::Agree, all: &All) -> Result<Source> {
    let read = read(path, command, all)?;
    let raters = read.raters();
    let wanted = match rater {
        Some(name) => raters.iter().find(|rater| rater.name() == name),
        None => raters.first().filter(|_| raters.len() == 1),
    };
    match wanted {
        Some(rater) => Ok(pick(&read, path, rater.clone())),
        None => bail!("{} has {}: name one, as FILE#RATER", path.display(), raters_of(&raters)),
    }
}

fn raters_of(raters: &[Rater]) -> String {
    match raters {
        [] => "no labels that could be taken".to_owned(),
        _ => {
            let names: Vec<String> = raters.iter().map(|rater| shown(rater.name())).collect();
            format!("labels of {}", names.join(", "))
        }
    }
}

fn read(path: &Path, command: &cli::Agree, all: &All) -> Result<LabelFile> {
    let read = labels_io::read(path, command.rater.as_deref())?;
    if !all.quiet {
        labels_io::tell_troubles(path, &read.troubles);
        if read.replaced > 0 {
            let lines = labels_io::count(read.replaced, "line");
            anstream::eprintln!("{}: {lines} replaced by a later one", path.display());
        }
        if read.no_rubric > 0 {
            let lines = labels_io::count(read.no_rubric, "line");
            anstream::eprintln!("{}: {lines} without a rubric, taken as answers to this one", path.display());
        }
    }
    Ok(read)
}

fn pick(read: &LabelFile, path: &Path, rater: Rater) -> Source {
    let its = read.entries.iter().filter(|entry| entry.labels.rater == rater);
    let judged = its.map(|entry| Judged { name: entry.name.clone(), labels: entry.labels.clone() });
    Source {
        judged: judged.collect(),
        rater,
        place: path.display().to_string(),
        refused: read.troubles.len(),
    }
}
