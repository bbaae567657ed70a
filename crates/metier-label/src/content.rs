//! What a session is known by where labels rest apart from transcripts. Holds no text.

use std::fmt;
use std::str::FromStr;

use metier_session::Session;

use crate::message::messages;

/// The first 128 bits of a BLAKE3 hash over a session's agent, id and everything the person typed in it.
///
/// It does not change with how the agent's part is read or rendered, so labels outlive versions of metier; it does
/// change when the person goes on with the session, since then it is another one to judge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Content([u8; 16]);

impl Content {
    /// The content hash of a session.
    pub fn of(session: &Session) -> Content {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(session.agent.name());
        add(&session.id);
        for message in messages(session) {
            add(&message.text.read());
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Content(first)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Content {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Content, Self::Err> {
        u128::from_str_radix(text, 16).map(|number| Content(number.to_be_bytes()))
    }
}
