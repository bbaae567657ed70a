//! A row: one session in a store, by keyed ids and facts.

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
}

impl From<Measured> for Row {
    fn from(measured: Measured) -> Row {
        let Measured { id, person, project, facts, .. } = measured;
        Row { session: id, person, project, facts }
    }
}
