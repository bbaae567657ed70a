//! What the person typed, message by message. Judges nothing.

use metier_session::{Actor, End, Outcome, Place, PromptKind, Session, Text, What};

/// One message that the person typed.
#[derive(Debug, Clone, Copy)]
pub struct Message<'s> {
    /// The index of its event in the session.
    pub event: usize,
    /// Where it stands.
    pub place: Place,
    /// How it came about.
    pub origin: Origin,
    /// What was typed or pasted.
    pub text: &'s Text<'s>,
}

/// How a message came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It started a turn.
    Prompt,
    /// It was typed while the agent worked.
    Queued,
    /// It was typed when refusing an action.
    Refusal,
}

impl Origin {
    /// The name in rows and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Prompt => "prompt",
            Origin::Queued => "queued",
            Origin::Refusal => "refusal",
        }
    }
}

/// Every message that the person typed, in order: typed prompts, messages while the agent worked, and the
/// words of refusals. Approved plans and commands are not typed.
pub fn messages<'s>(session: &'s Session<'s>) -> impl Iterator<Item = Message<'s>> {
    session.events.iter().enumerate().filter_map(|(index, event)| {
        if event.actor != Actor::Main {
            return None;
        }
        let (origin, text) = match &event.what {
            What::Prompt(prompt) if prompt.kind == PromptKind::Typed => (Origin::Prompt, &prompt.text),
            What::Queued(text) => (Origin::Queued, text),
            What::Outcome(Outcome { end: End::Rejected(Some(text)), .. }) => (Origin::Refusal, text),
            _ => return None,
        };
        Some(Message { event: index, place: event.place, origin, text })
    })
}
