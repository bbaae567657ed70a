//! Keyed hashes: how ids stand in a store, and how records are told apart. No text comes back out of them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;

use siphasher::sip::SipHasher13;

/// The secrets of a store, the oldest first. Ids made with different keys cannot be linked.
///
/// Most stores have one secret. Every rotation adds one, and then an id is the [`Step`] of the newest secret from the id
/// before: so whoever has an id and no transcript can still take the step.
#[derive(Clone)]
pub struct Key {
    first: [u8; 32],
    further: Vec<Step>,
    /// A hash of all secrets, as secret as they are.
    root: [u8; 32],
}

/// What one further secret does to ids and to keys of records at rest. Nobody without the secret can tell which came of
/// which.
#[derive(Clone)]
pub struct Step {
    secret: [u8; 32],
    ids: [u8; 32],
    records: [u8; 16],
}

/// An id in a store: the first 128 bits of a keyed BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u128);

/// A record of a transcript, by a keyed 64-bit SipHash-1-3 of its own id; at rest, stepped by each further secret.
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

/// What a secret is used for, so that no two uses share a key.
mod context {
    pub const CHAIN: &str = "metier 2026-11 all secrets of a store";
    pub const FINGERPRINT: &str = "metier 2026-11 fingerprint of a store's secrets";
    pub const IDS: &str = "metier 2026-11 next id of an id";
    pub const RECORDS: &str = "metier 2026-11 next key of a record at rest";
    pub const PSEUDONYM: &str = "metier 2026-11 pseudonym of an id";
    pub const RECIPIENT: &str = "metier 2026-11 key for a recipient of rows";
    pub const SOURCE: &str = "metier 2026-11 name of a store in bundles";
}

impl Key {
    /// A key of 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Key {
        Key { first: bytes, further: Vec::new(), root: blake3::derive_key(context::CHAIN, &bytes) }
    }

    /// The key for output that never rests and is its owner's own: the same on every machine.
    pub fn public() -> Key {
        Key::new(*blake3::hash(b"metier: facts without a store").as_bytes())
    }

    /// The key after a rotation: its ids are one step from those of this key.
    #[must_use]
    pub fn then(mut self, step: Step) -> Key {
        self.root = blake3::derive_key(context::CHAIN, [self.root, step.secret].as_flattened());
        self.further.push(step);
        self
    }

    /// How many secrets there are, at least one.
    pub fn secrets(&self) -> usize {
        1 + self.further.len()
    }

    /// Tells these secrets from others, and nothing else of them: it may rest beside the ids.
    pub fn fingerprint(&self) -> String {
        let hash = blake3::derive_key(context::FINGERPRINT, &self.root);
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The id of `text` within `kind` (person, project, session, path …): equal texts of one kind share it.
    pub fn id(&self, kind: &str, text: &str) -> Id {
        let mut hasher = blake3::Hasher::new_keyed(&self.first);
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(text.as_bytes());
        self.stepped(first_half(&hasher.finalize()))
    }

    /// The id at rest of an id that was not made here, such as a pseudonym that somebody sent: every step since the first
    /// secret is taken, so that what comes again after a rotation is known again.
    pub fn stepped(&self, id: Id) -> Id {
        self.further.iter().fold(id, |id, step| step.id(id))
    }

    /// The same of an id that was at rest when there were only so many secrets.
    pub fn stepped_since(&self, secrets: usize, id: Id) -> Id {
        self.further.iter().skip(secrets.saturating_sub(1)).fold(id, |id, step| step.id(id))
    }

    /// The key for the rows that this recipient gets: the same for the same name, so that what is sent again is known again,
    /// and not to be linked with that of another name.
    #[must_use]
    pub fn for_recipient(&self, name: &str) -> Key {
        let key = blake3::derive_key(context::RECIPIENT, &self.root);
        Key::new(*blake3::keyed_hash(&key, name.as_bytes()).as_bytes())
    }

    /// Tells this store from others in what it shares, and nothing else of it: 32 hexadecimal digits.
    pub fn source(&self) -> String {
        // Of the first secret: the store is the same after a rotation.
        let hash = blake3::derive_key(context::SOURCE, &self.first);
        hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Another id for an id: the same under the same key, and not to be linked without it. For rows that somebody else
    /// gets, each recipient with a key of their own.
    pub fn pseudonym(&self, id: Id) -> Id {
        let key = blake3::derive_key(context::PSEUDONYM, &self.root);
        first_half(&blake3::keyed_hash(&key, &id.0.to_be_bytes()))
    }

    /// The key of the record that carries this id. Within a reading the first secret alone makes it, because readers make
    /// keys of records from keys of records, and a step of the parts is not a step of the whole.
    pub(crate) fn record(&self, id: &[u8]) -> RecordKey {
        let mut half = [0; 16];
        half.copy_from_slice(&self.first[..16]);
        let mut hasher = SipHasher13::new_with_key(&half);
        hasher.write(id);
        RecordKey(hasher.finish())
    }

    /// Records as they rest in a store, from those of a reading.
    pub fn resting(&self, mut records: Vec<RecordKey>) -> Vec<RecordKey> {
        for step in &self.further {
            for record in &mut records {
                *record = step.record(*record);
            }
        }
        records
    }

    /// Records as a reading knows them, from those that rest in a store.
    pub fn waking(&self, records: HashSet<RecordKey>) -> HashSet<RecordKey> {
        if self.further.is_empty() {
            return records;
        }
        let back = |record| self.further.iter().rev().fold(record, |record, step| step.record_before(record));
        records.into_iter().map(back).collect()
    }
}

impl Step {
    /// The step of a new secret.
    pub fn new(secret: [u8; 32]) -> Step {
        let mut records = [0; 16];
        records.copy_from_slice(&blake3::derive_key(context::RECORDS, &secret)[..16]);
        Step { secret, ids: blake3::derive_key(context::IDS, &secret), records }
    }

    /// The next id of an id.
    pub fn id(&self, id: Id) -> Id {
        first_half(&blake3::keyed_hash(&self.ids, &id.0.to_be_bytes()))
    }

    /// Rounds of the Feistel network below; from six on, telling it from chance takes about 2³² records (Patarin, Security
    /// of Random Feistel Schemes with 5 or More Rounds, CRYPTO 2004).
    const ROUNDS: u8 = 8;

    /// The next key of a record at rest. A permutation: it makes no two records one, and can be undone for a reading.
    pub fn record(&self, record: RecordKey) -> RecordKey {
        let (mut left, mut right) = ((record.0 >> 32) as u32, record.0 as u32);
        for round in 0..Step::ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        RecordKey(u64::from(left) << 32 | u64::from(right))
    }

    /// The key that [`record`](Step::record) made this one of.
    fn record_before(&self, record: RecordKey) -> RecordKey {
        let (mut left, mut right) = ((record.0 >> 32) as u32, record.0 as u32);
        for round in (0..Step::ROUNDS).rev() {
            (left, right) = (right ^ self.round(round, left), left);
        }
        RecordKey(u64::from(left) << 32 | u64::from(right))
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let mut hasher = SipHasher13::new_with_key(&self.records);
        let [a, b, c, d] = half.to_le_bytes();
        hasher.write(&[round, a, b, c, d]);
        hasher.finish() as u32
    }
}

fn first_half(hash: &blake3::Hash) -> Id {
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    Id(u128::from_be_bytes(first))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Step(secret)")
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Id {
    type Err = NoId;

    /// Reads what [`Display`](fmt::Display) writes, and nothing else.
    ///
    /// ```
    /// use metier_session::Id;
    ///
    /// assert_eq!("0000000000000000000000000000002a".parse(), Ok(Id(42)));
    /// assert!("2a".parse::<Id>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Id, NoId> {
        let whole = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        whole.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Id).ok_or(NoId)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 32 hexadecimal digits")]
pub struct NoId;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(secrets: u8) -> Key {
        (1..secrets).fold(Key::new([0; 32]), |key, secret| key.then(Step::new([secret; 32])))
    }

    /// Ids at rest in every store there is hang on these.
    #[test]
    fn ids_and_records_of_each_number_of_secrets_stay_what_they_are() {
        let seen: Vec<String> = (1..=3)
            .map(|secrets| {
                let key = chain(secrets);
                let record = key.resting(vec![key.record(b"u1")])[0].0;
                format!("{} {record:016x} {}", key.id("person", "/home/ada"), key.fingerprint())
            })
            .collect();
        assert_eq!(
            seen,
            [
                "9350af16c37a00cea99147a5d48083a4 c23a92f46974f23d c13b343079230403",
                "81875e08b59bfb3a789e9e07b3344de9 4ca2c829e8e5f48d b1855ae73f7dc522",
                "d6a92f41278e7cc00398479a76549ea1 c32b6ef1b6b43dc1 a6f2bc8593011bbc",
            ]
        );
        let first = blake3::keyed_hash(&[0; 32], b"person\0/home/ada");
        assert!(first.to_hex().starts_with("9350af16c37a00cea99147a5d48083a4"));
    }

    #[test]
    fn a_step_from_the_old_id_is_the_new_id() {
        let old = chain(2);
        let step = Step::new([9; 32]);
        let new = old.clone().then(step.clone());
        assert_eq!((old.secrets(), new.secrets()), (2, 3));
        for kind in ["session", "person"] {
            assert_eq!(step.id(old.id(kind, "a")), new.id(kind, "a"));
            assert_ne!(old.id(kind, "a"), new.id(kind, "a"));
        }
        let record = old.record(b"u1");
        assert_eq!(record, new.record(b"u1"));
        assert_eq!(vec![step.record(old.resting(vec![record])[0])], new.resting(vec![record]));
    }

    #[test]
    fn what_rests_wakes_as_it_was() {
        let records: Vec<RecordKey> =
            (0..1000).map(|n| chain(1).record(&[n as u8, (n >> 8) as u8])).collect();
        for secrets in 1..5 {
            let key = chain(secrets);
            let resting: HashSet<RecordKey> = key.resting(records.clone()).into_iter().collect();
            assert_eq!(resting.len(), 1000);
            assert_eq!(secrets == 1, records.iter().any(|record| resting.contains(record)));
            assert_eq!(key.waking(resting), records.iter().copied().collect());
        }
    }

    #[test]
    fn pseudonyms_and_fingerprints_tell_keys_apart() {
        let id = Id(7);
        let keys = [chain(1), chain(2), Key::new([1; 32]), Key::new([0; 32]).then(Step::new([2; 32]))];
        let pseudonyms: HashSet<Id> = keys.iter().map(|key| key.pseudonym(id)).collect();
        let prints: HashSet<String> = keys.iter().map(Key::fingerprint).collect();
        assert_eq!((pseudonyms.len(), prints.len()), (4, 4));
        assert!(!pseudonyms.contains(&id));
        assert_eq!(chain(2).pseudonym(id), chain(2).pseudonym(id));
        let others: HashSet<Id> = (0..100).map(|id| chain(1).pseudonym(Id(id))).collect();
        assert_eq!(others.len(), 100);
    }

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(format!("{:?} {:?}", chain(3), Step::new([1; 32])), "Key(secret) Step(secret)");
    }
}
