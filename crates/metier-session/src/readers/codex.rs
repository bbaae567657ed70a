//! Reads Codex's transcripts.

use super::{Corpus, Peek, Reader, Source};
use crate::agent::Agent;
use crate::session::Session;

/// The reader of Codex's transcripts.
pub struct Codex;

impl Reader for Codex {
    fn agent(&self) -> Agent {
        Agent::Codex
    }

    fn session_of(&self, _peek: &Peek) -> Option<String> {
        None
    }

    fn read<'a>(&self, _id: &'a str, _sources: &'a [Source], _corpus: &Corpus) -> Session<'a> {
        unreachable!("stub")
    }
}
