//! What a scan remembers of the last one: which files it saw, which session each belongs to, and which records each session holds. Hashes and numbers only.

use std::collections::BTreeMap;
use std::path::Path;

use metier_session::scan::Claim;
use metier_session::{Id, RecordKey, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// The state of the last scan.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// What measured the rows: another version may find other facts in the same transcripts.
    #[serde(default)]
    pub measured_by: String,
    /// Every file seen, by the keyed hash of its name.
    pub files: BTreeMap<Hex, FileState>,
    /// Every session read, by its id.
    pub sessions: BTreeMap<Hex, SessionState>,
}

impl State {
    /// The version of what measures now: that of the program and of the definitions.
    pub(crate) fn measured_by() -> String {
        format!(
            "metier {} facts {} labels {} rubric {}",
            env!("CARGO_PKG_VERSION"),
            metier_session::measure::VERSION,
            metier_label::builtin::VERSION,
            metier_label::rubric().hash
        )
    }
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileState {
    /// Its size in bytes.
    pub bytes: u64,
    /// What changes with its content: see `Candidate::stamp`.
    pub stamp: i64,
    /// The session it belongs to; none if it is no transcript or could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hex>,
}

/// A session as it was when it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionState {
    /// First and last time in its files, repeated records included.
    pub span: Option<(Time, Time)>,
    /// A fingerprint of the records that were left out because they count elsewhere; 0 for none.
    pub elsewhere: u64,
    /// The partition of its row; none if nothing of its own was left.
    pub partition: Option<String>,
    /// The id that stands for its own where ids tell who had a record first, so that a rotation does not turn that round;
    /// none if it is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Hex>,
    /// How many of the records in the file of records are its own: they stand there in the order of the sessions.
    pub records: u64,
}

impl SessionState {
    /// What decides who had these records first.
    pub fn claim<'r>(&self, id: Hex, records: &'r [RecordKey]) -> Claim<'r> {
        Claim { span: self.span, id: self.rank.unwrap_or(id).0, records }
    }
}

/// An id, as hexadecimal digits in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hex(pub Id);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = <std::borrow::Cow<str>>::deserialize(deserializer)?;
        u128::from_str_radix(&hex, 16)
            .map(|id| Hex(Id(id)))
            .map_err(|_| serde::de::Error::custom(format!("{hex:?} is no id")))
    }
}

/// The first bytes of a file of records.
const RECORDS_MAGIC: &[u8; 8] = b"metrec1\n";

/// Record keys as bytes: a mark, then each as 8 bytes, little end first.
pub(crate) fn records_to_bytes<'r>(records: impl Iterator<Item = &'r [RecordKey]>) -> Vec<u8> {
    let mut bytes = RECORDS_MAGIC.to_vec();
    for record in records.flatten() {
        bytes.extend_from_slice(&record.0.to_le_bytes());
    }
    bytes
}

/// Record keys from bytes.
pub(crate) fn records_from_bytes(path: &Path, bytes: &[u8]) -> Result<Vec<RecordKey>, Error> {
    let numbers = bytes.strip_prefix(RECORDS_MAGIC).filter(|numbers| numbers.len() % 8 == 0);
    let numbers = numbers.ok_or_else(|| Error::damaged(path, "it is no file of records"))?;
    let record = |chunk: &[u8]| {
        let mut number = [0; 8];
        number.copy_from_slice(chunk);
        RecordKey(u64::from_le_bytes(number))
    };
    Ok(numbers.chunks_exact(8).map(record).collect())
}
