//! The registry of readers: one file an agent, all giving the same [`Session`]. A new agent is one file and one line here.

use std::collections::HashSet;
use std::path::Path;

use crate::agent::Agent;
use crate::bytes::Bytes;
use crate::ids::{Key, RecordKey};
use crate::session::Session;

mod claude_code;
mod codex;
mod diff;
mod gemini;

/// The bytes of one file (or git object) of a session.
#[derive(Debug)]
pub struct Source {
    /// Where it comes from, to show: a path, or a place in a git repository.
    pub name: String,
    /// Its content, decompressed.
    pub bytes: Bytes,
}

/// The beginning and the end of a file, enough to tell whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Peek<'a> {
    /// The file's path, or the name it would have.
    pub path: &'a Path,
    /// Its first bytes.
    pub head: &'a [u8],
    /// Its last bytes; the same slice as `head` where that is all of the file.
    pub tail: &'a [u8],
}

impl Peek<'_> {
    /// Whether this is all of the file: then both ends are the same slice.
    pub fn is_whole(&self) -> bool {
        std::ptr::eq(self.head, self.tail)
    }

    /// How many bytes are looked at on each end.
    pub const BYTES: usize = 16 * 1024;
}

/// What a reader knows of the corpus around its session.
#[derive(Debug, Clone, Copy)]
pub struct Corpus<'a> {
    /// The key of all ids.
    pub key: &'a Key,
    /// Records that count for another session, which had them first.
    pub elsewhere: &'a HashSet<RecordKey>,
}

/// What one reader is asked.
///
/// Invariants: a reader never fails as a whole (what it cannot read becomes [`Problems`](crate::Problems)
/// on the session), never writes, never runs or follows anything in a transcript, and gives the
/// same session for the same records, however they are split over files.
pub trait Reader: Sync {
    /// Whose transcripts it reads.
    fn agent(&self) -> Agent;

    /// The session that a file belongs to, if this reader reads such files. Files of one session
    /// are read together.
    fn session_of(&self, peek: &Peek) -> Option<String>;

    /// Reads all files of one session. `id` is what [`session_of`](Self::session_of) gave for them.
    fn read<'a>(&self, id: &'a str, sources: &'a [Source], corpus: &Corpus) -> Session<'a>;
}

/// Every reader, in the order in which they are asked.
pub static READERS: [&dyn Reader; 3] = [&codex::Codex, &gemini::Gemini, &claude_code::ClaudeCode];

/// The reader of an agent's transcripts.
pub fn reader_of(agent: Agent) -> &'static dyn Reader {
    READERS
        .into_iter()
        .find(|reader| reader.agent() == agent)
        .expect("every agent has a reader: a test goes through Agent::ALL")
}

/// The first reader that knows the file, with the session that the file belongs to.
pub fn recognise(peek: &Peek) -> Option<(&'static dyn Reader, String)> {
    READERS.into_iter().find_map(|reader| Some((reader, reader.session_of(peek)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_one_reader() {
        for agent in Agent::ALL {
            assert_eq!(READERS.iter().filter(|reader| reader.agent() == agent).count(), 1);
        }
        assert_eq!(READERS.len(), Agent::ALL.len());
    }
}
