//! What can go wrong in a study: names that nothing here has, and releases that must not be.

use thiserror::Error;

/// A name that is none of those known, or a release that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// No finding has that name.
    #[error("no finding is named {name:?}; there are: {known}")]
    Finding {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Findings cannot be grouped by that.
    #[error("findings cannot be grouped by {name:?}; they can by: {known}")]
    By {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A condition on sessions is none.
    #[error("{text:?} is no condition: {reason}")]
    Condition {
        /// What was given.
        text: String,
        /// Why it is none.
        reason: String,
    },
    /// Nothing about these sessions may be shown.
    #[error("nothing can be released: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// The ledger of releases is not what was written there, so that nobody knows what was released.
    #[error(
        "the ledger of releases is damaged: {why}. Restore it from a backup; without it nothing may be released"
    )]
    Ledger {
        /// What is wrong with it.
        why: String,
    },
    /// Rows of many people were asked for as if they were one owner's.
    #[error(transparent)]
    Rows(#[from] RowsOfMany),
}

/// Rows of many people were asked for as if they were one owner's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct RowsOfMany(pub(crate) String);
