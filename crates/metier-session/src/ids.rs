//! Keyed hashes: how ids stand in a store, and how records are told apart. No text comes back out of them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip::SipHasher13;

/// The secret of a store. Ids made with different keys cannot be linked.
#[derive(Clone)]
pub struct Key([u8; 32]);

/// An id in a store: the first 128 bits of a keyed BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

/// A record of a transcript, by a keyed 64-bit SipHash-1-3 of its own id.
///
/// Two of a million records collide with probability 3 · 10⁻⁸ (birthday bound n²/2⁶⁵).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub u64);

/// The hash of a record's key is the key: it is a hash already.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Only for types that are no record's key: FNV-1a.
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Records that nobody outside of one session's reading sees.
pub(crate) type Records = HashSet<RecordKey, BuildHasherDefault<KeyHasher>>;

/// Something for each record.
pub(crate) type PerRecord<T> = HashMap<RecordKey, T, BuildHasherDefault<KeyHasher>>;

impl Key {
    /// A key of 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Key {
        Key(bytes)
    }

    /// The key for output that never rests and is its owner's own: the same on every machine.
    pub fn public() -> Key {
        Key(*blake3::hash(b"metier: facts without a store").as_bytes())
    }

    /// The id of `text` within `kind` (person, project, session, path …): equal texts of one kind share it.
    pub fn id(&self, kind: &str, text: &str) -> Id {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(text.as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Id(u128::from_be_bytes(first))
    }

    /// The key of the record that carries this id.
    pub(crate) fn record(&self, id: &[u8]) -> RecordKey {
        let mut half = [0; 16];
        half.copy_from_slice(&self.0[..16]);
        let mut hasher = SipHasher13::new_with_key(&half);
        hasher.write(id);
        RecordKey(hasher.finish())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hash within one process's work on one session; it never rests.
pub(crate) fn fixed_hash(text: &str) -> RecordKey {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    RecordKey(hasher.finish())
}
