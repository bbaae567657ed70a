//! The bytes of a source: read into memory, or mapped from a file that is not at work. The only unsafe code of the workspace stands here.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, SystemTime};

use memmap2::Mmap;

/// The bytes of a file or git object.
///
/// ```
/// let bytes = metier_session::Bytes::from(b"text".to_vec());
/// assert_eq!(&bytes[1..], b"ext");
/// ```
#[derive(Debug)]
pub struct Bytes(Kind);

#[derive(Debug)]
enum Kind {
    Read(Vec<u8>),
    Mapped(Mmap),
}

/// Files smaller than this are read: a map costs more to set up than the copy that it saves.
const SMALL: u64 = 32 * 1024;

/// A file that changed less than this ago may be at work, and is read.
const AT_WORK: Duration = Duration::from_secs(10);

impl Bytes {
    /// The bytes of a whole file of at most `limit` bytes. `spare` is memory to read into.
    ///
    /// Lines that an agent only ever appends to (`.jsonl`) are mapped, which saves a copy, a fifth of
    /// the time of a scan. Everything else is read: documents are rewritten in place.
    pub(crate) fn of_file(path: &Path, limit: u64, spare: Vec<u8>) -> io::Result<Bytes> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let rests = metadata
            .modified()
            .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|since| since > AT_WORK));
        let lines = path.extension().is_some_and(|ending| ending == "jsonl");
        if rests && lines && metadata.is_file() && (SMALL..=limit).contains(&metadata.len()) {
            return map(&file).map(|map| Bytes(Kind::Mapped(map)));
        }
        let mut bytes = spare;
        bytes.clear();
        bytes.reserve(usize::try_from(metadata.len().min(limit)).unwrap_or(0) + 1);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("larger than {} GiB", limit >> 30)));
        }
        Ok(Bytes(Kind::Read(bytes)))
    }

    /// The bytes for changing, copied if they are mapped.
    pub(crate) fn to_mut(&mut self) -> &mut Vec<u8> {
        if let Kind::Mapped(map) = &self.0 {
            self.0 = Kind::Read(map.to_vec());
        }
        match &mut self.0 {
            Kind::Read(bytes) => bytes,
            Kind::Mapped(_) => unreachable!("mapped bytes were copied above"),
        }
    }

    /// The memory that they were read into, for the next ones.
    pub(crate) fn into_spare(self) -> Option<Vec<u8>> {
        match self.0 {
            Kind::Read(bytes) => Some(bytes),
            Kind::Mapped(_) => None,
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes(Kind::Read(bytes))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Read(bytes) => bytes,
            Kind::Mapped(map) => map,
        }
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: sound as long as no program changes the bytes that the file has now, or cuts it short, while
    // it is mapped. Agents only append to these files, and one that changed moments ago is not mapped.
    // Where that is broken all the same, a cut ends this process (SIGBUS) and leaves the store as it was.
    let map = unsafe { Mmap::map(file)? };
    #[cfg(unix)]
    let _ = map.advise(memmap2::Advice::Sequential);
    Ok(map)
}
