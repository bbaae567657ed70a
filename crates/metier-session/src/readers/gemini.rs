//! Reads Gemini's transcripts.

use super::{Corpus, Peek, Reader, Source};
use crate::agent::Agent;
use crate::session::Session;

/// The reader of Gemini's transcripts.
pub struct Gemini;

impl Reader for Gemini {
    fn agent(&self) -> Agent {
        Agent::Gemini
    }

    fn session_of(&self, _peek: &Peek) -> Option<String> {
        None
    }

    fn read<'a>(&self, _id: &'a str, _sources: &'a [Source], _corpus: &Corpus) -> Session<'a> {
        unreachable!("stub")
    }
}
