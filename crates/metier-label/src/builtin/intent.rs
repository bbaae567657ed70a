//! What the person wants with each message. Knows words and what stands before them, not the session's outcome.

use metier_session::{Actor, Session, What};

use super::cues::cues;
use super::evidence::{Heard, heard};
use crate::message::Origin;

/// Named numbers of one message.
#[derive(Debug, Clone)]
pub struct MessageEvidence {
    /// In the order of [`message_names`].
    pub values: Vec<f64>,
}

const OTHER: [&str; 17] = [
    "words", "short", "long", "question", "asks_how", "begins_with_verb", "pasted", "pasted_only", "pasted_error",
    "pasted_review", "exact", "link", "queued", "refusal", "first", "agent_asked", "after_done",
];

/// The names of the numbers of a message.
pub fn message_names() -> Vec<String> {
    cues().person.names().iter().map(|cue| format!("says_{cue}")).chain(OTHER.map(str::to_owned)).collect()
}

/// Gathers the evidence of each message that the person typed.
pub fn message_evidence(session: &Session) -> Vec<MessageEvidence> {
    let heard = heard(session);
    heard.iter().enumerate().map(|(at, one)| of(session, &heard, at, one)).collect()
}

fn of(session: &Session, all: &[Heard], at: usize, heard: &Heard) -> MessageEvidence {
    let from = at.checked_sub(1).map_or(0, |before| all[before].message.event);
    let before = session.events[from..heard.message.event].iter().rev().find_map(|event| match &event.what {
        What::Said(text) if event.actor == Actor::Main => Some(text.read()),
        _ => None,
    });
    let (asked, done) = before.map_or((false, false), |text| {
        let skip = text.chars().count().saturating_sub(400);
        let tail: String = text.chars().skip(skip).collect();
        let agent = &cues().agent;
        let counts = agent.count(&super::cues::normal(&tail));
        (tail.trim_end().ends_with('?') || counts[agent.group("ask")] > 0, counts[agent.group("done")] > 0)
    });
    let text = heard.own.written.trim().to_lowercase();
    let first_word = text.split(|c: char| !c.is_alphanumeric() && c != '\'').find(|word| !word.is_empty()).unwrap_or("");
    let how = matches!(first_word, "how" | "what" | "why" | "where" | "which" | "when" | "who" | "what's" | "whats");
    let verb = VERBS.contains(&first_word);
    let bit = |so: bool| f64::from(u8::from(so));
    let mut values: Vec<f64> = heard.cues.iter().map(|count| bit(*count > 0)).collect();
    values.extend([
        (heard.words as f64).ln_1p(),
        bit(heard.words <= 3),
        bit(heard.words >= 40),
        bit(heard.question),
        bit(how),
        bit(verb),
        bit(heard.own.pasted_words > 0),
        bit(heard.own.pasted_words > 0 && heard.words <= 3),
        bit(heard.own.pasted_error),
        bit(heard.own.pasted_review),
        bit(heard.exact.paths + heard.exact.identifiers + heard.exact.quoted > 0),
        bit(heard.exact.links > 0),
        bit(heard.message.origin == Origin::Queued),
        bit(heard.message.origin == Origin::Refusal),
        bit(at == 0),
        bit(asked),
        bit(done),
    ]);
    MessageEvidence { values }
}

/// Words that begin an order.
const VERBS: [&str; 40] = [
    "add", "implement", "create", "build", "make", "write", "fix", "update", "change", "remove", "delete", "rename",
    "move", "use", "run", "check", "look", "read", "review", "explain", "show", "find", "commit", "push", "merge", "rebase",
    "refactor", "test", "install", "deploy", "open", "please", "let's", "lets", "can", "could", "do", "now", "also", "try",
];
