//! Labels of models and people in a store: put in, replaced, kept beside the rows. Judges nothing.

use std::collections::BTreeMap;
use std::path::Path;

use metier_label::{Labels, Rater};
use metier_session::{Id, Key};

use crate::error::Error;
use crate::key;
use crate::store::{Change, Store, Writer};

/// Puts labels into the store in `folder`, making it if there is none. Those of the same rater about the same session are
/// replaced, and the others stay. `waiting` is told if another process is at work on the store.
///
/// # Errors
/// If the store cannot be read or written, or labels are said to be the built-in labeller's.
pub fn put_labels(folder: &Path, labels: Vec<(Id, Labels)>, waiting: &dyn Fn()) -> Result<Store, Error> {
    if labels.iter().any(|(_, labels)| labels.rater.name() == Rater::BUILTIN) {
        return Err(Error::BuiltinLabels);
    }
    let mut writer = Writer::open(folder, waiting)?;
    let old = writer.store.all_labels()?;
    let mut all: BTreeMap<String, BTreeMap<Id, &Labels>> = BTreeMap::new();
    let changed: std::collections::BTreeSet<&str> =
        labels.iter().map(|(_, labels)| labels.rater.name()).collect();
    let kept = old.iter().filter(|(_, labels)| changed.contains(labels.rater.name()));
    for (id, labels) in kept.chain(&labels) {
        all.entry(labels.rater.name().to_owned()).or_default().insert(*id, labels);
    }
    if !all.is_empty() {
        writer.commit(Change { labels: all, ..Change::default() })?;
    }
    Ok(writer.store)
}

/// The key of the store in `folder`, by which sessions get their ids.
///
/// # Errors
/// If there is no store, or its key cannot be read.
pub fn key_of(folder: &Path) -> Result<Option<Key>, Error> {
    match Store::open(folder)? {
        Some(store) => key::obtain(folder, store.made_with()).map(Some),
        None => Ok(None),
    }
}
