//! What a list of sessions shows of each: its project, how it begins, how many prompts it has.

use metier_session::{PromptKind, Session, What};
use serde::Serialize;

use super::plain::{Cut, one_line};

/// What a list of sessions shows of one. Text of the transcript: for its owner's eyes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Brief {
    /// The last component of the directory that the session started in.
    pub project: Option<String>,
    /// The beginning of the first prompt that the person typed, or of the first prompt if they typed none, on one line.
    pub first_prompt: Option<Cut>,
    /// How many prompts there are.
    pub prompts: u64,
}

impl Brief {
    /// Characters of the first prompt.
    pub const PROMPT: usize = 200;
    /// Characters of a project's name.
    pub const PROJECT: usize = 80;

    /// Of a session. Decodes no text but that of one prompt.
    pub fn of(session: &Session) -> Brief {
        let mut prompts = 0;
        let (mut typed, mut other) = (None, None);
        for event in &session.events {
            if let What::Prompt(prompt) = &event.what {
                prompts += 1;
                let first = if prompt.kind == PromptKind::Typed { &mut typed } else { &mut other };
                first.get_or_insert(&prompt.text);
            }
        }
        let first_prompt = typed.or(other).map(|text| one_line(&text.read(), Brief::PROMPT));
        let name = |directory: &str| {
            let last = directory.split(['/', '\\']).rfind(|part| !part.is_empty())?;
            Some(one_line(last, Brief::PROJECT).text)
        };
        Brief { project: session.directory.as_deref().and_then(name), first_prompt, prompts }
    }
}
