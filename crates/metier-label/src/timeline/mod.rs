//! One session for a person to look through: its course, and beside it what the built-in labeller says and on which records it rests.
//! Owned text, cut and made plain; no markup.

mod brief;
mod course;
mod gather;
mod json;
mod plain;

use metier_session::{Facts, Session};
use serde::Serialize;

use crate::builtin::{self, Explained};
use crate::labels::Labels;
use crate::rubric::rubric;

pub use brief::Brief;
pub use course::{
    Action, Answer, Bounds, Change, Checks, Counts, Course, Ended, Event, Found, LeftOut, Message, Prompt,
    Subagents, Turn, What,
};
pub use plain::{Cut, one_line, plain, plain_end};

/// A session as somebody looks through it who may see its labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timeline {
    /// What happened.
    pub course: Course,
    /// What the built-in labeller says.
    #[serde(serialize_with = "json::labels")]
    pub labels: Labels,
    /// What each answer rests on: [`Course::find`] finds the places.
    #[serde(serialize_with = "json::explained")]
    pub explained: Vec<Explained>,
}

/// The kinds of message that push back: they correct the agent's direction, or say that the same is still broken.
pub const PUSHES_BACK: [&str; 2] = ["alignment correction", "error persistence"];

impl Timeline {
    /// Of a session that is being read: to be called where facts are measured, for its text is gone afterwards.
    pub fn of(session: &Session, facts: &Facts, bounds: &Bounds) -> Timeline {
        let (labels, explained) = builtin::explain(session, facts);
        Timeline { course: Course::of(session, facts, bounds), labels, explained }
    }

    /// What the person wants with this message of theirs, numbered from 1.
    pub fn intent(&self, message: u32) -> Option<&'static str> {
        let at = usize::try_from(message.checked_sub(1)?).ok()?;
        let option = usize::from((*self.labels.intents.get(at)?)?);
        rubric().intent.options().get(option).map(|option| option.name.as_str())
    }

    /// Whether this message of the person pushes back.
    pub fn pushes_back(&self, message: u32) -> bool {
        self.intent(message).is_some_and(|intent| PUSHES_BACK.contains(&intent))
    }

    /// The numbers of the messages that push back: corrections, and reports that the same is still broken.
    pub fn corrections(&self) -> Vec<u32> {
        (1..).take(self.labels.intents.len()).filter(|message| self.pushes_back(*message)).collect()
    }
}
