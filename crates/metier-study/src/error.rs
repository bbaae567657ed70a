//! What can go wrong in a study: names that nothing here has.

use thiserror::Error;

/// A name that is none of those known.
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
}
