//! What can go wrong with a store, each with the place and what the user can do.

use std::path::{Path, PathBuf};

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
    /// Labels were put in under the built-in labeller's name.
    #[error("labels of the built-in labeller come with a scan: give these another rater's name")]
    BuiltinLabels,
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
