//! What can go wrong with a store, each with the place and what the user can do.

use std::path::{Path, PathBuf};

use crate::mode::Mode;

/// Why a store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder could not be written. What the store held before is untouched.
    #[error("cannot write {}; the store is as it was, so mend this and run the command again", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the store is not what was written there.
    #[error("{} is damaged: {reason}. Restore it from a backup, or name another folder with --store to start anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was written by a newer version.
    #[error("{} has schema version {found}, and this metier knows versions up to {known}: install a newer metier", path.display())]
    TooNew {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest known version.
        known: u32,
    },
    /// There are rows, but the secret that made their ids is gone.
    #[error("the key {} of the store is gone, so new sessions could not be told from old ones: restore it, or name another folder with --store to start anew", path.display())]
    NoKey {
        /// Where the key should be.
        path: PathBuf,
    },
    /// There is no store to do this with.
    #[error("there is no store at {}: `metier scan` makes one", path.display())]
    NoStore {
        /// Where it should be.
        path: PathBuf,
    },
    /// A key has all the secrets that it can have.
    #[error("the key {} has {secrets} secrets, and no more fit: name another folder with --store to start anew", path.display())]
    KeyFull {
        /// The key.
        path: PathBuf,
        /// How many it has.
        secrets: usize,
    },
    /// Labels were put in under the built-in labeller's name.
    #[error("labels of the built-in labeller come with a scan: give these another rater's name")]
    BuiltinLabels,
    /// Something was asked for that only the owner of a store may see, and this one is of many people.
    #[error(
        "this is a {mode} store: it shows findings about many people, and nothing about a session or a person (docs/privacy.md)"
    )]
    OfMany {
        /// The store's mode.
        mode: Mode,
    },
    /// Rows of others were to be put into a store of one owner.
    #[error(
        "the store is one person's: put rows that others sent into one made with `metier scan --mode team` or `--mode research`"
    )]
    OfOne,
    /// A store keeps the mode and thresholds that it was made with.
    #[error("{} was made as a {made} store{kept}: name another folder with --store to make another", path.display())]
    OtherMode {
        /// The store.
        path: PathBuf,
        /// What it was made as.
        made: Mode,
        /// Its thresholds in words, if these differ.
        kept: String,
    },
    /// A rater who is not in the store was named.
    #[error("nobody called {rater:?} labelled sessions in this store; there are: {known}")]
    NoRater {
        /// The name.
        rater: String,
        /// Those that there are.
        known: String,
    },
    /// The same rater was named twice.
    #[error("both raters are {rater:?}: name another with --second, or another first one with --labels")]
    OneRater {
        /// The name.
        rater: String,
    },
    /// The folder holds something else.
    #[error("{} is no store and not empty: name a new or empty folder with --store", path.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |source| Error::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |source| Error::Write { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Error {
        Error::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }
}
