//! A row: one session in a store, by keyed ids, facts and the built-in labels.

use metier_label::Labels;
use metier_session::scan::Measured;
use metier_session::{Facts, Id};

/// One session in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The session.
    pub session: Id,
    /// The person, as far as the transcript tells one from another.
    pub person: Option<Id>,
    /// The project: where the session ran.
    pub project: Option<Id>,
    /// The facts.
    pub facts: Facts,
    /// What the built-in labeller answers.
    pub labels: Labels,
}

impl From<Measured<Labels>> for Row {
    fn from(measured: Measured<Labels>) -> Row {
        let Measured { id, person, project, facts, taken, .. } = measured;
        Row { session: id, person, project, facts, labels: taken }
    }
}
