//! The file in which a store of many people remembers what was released from it. What stands in it is its writer's: bytes here.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;

const LEDGER: &str = "ledger.json";
const LOCK: &str = "ledger.lock";

/// The ledger of a store, which this process alone may change as long as this lives.
#[derive(Debug)]
pub struct LedgerFile {
    path: PathBuf,
    _lock: File,
}

impl LedgerFile {
    /// Waits until no other process has it.
    ///
    /// # Errors
    /// If the store's folder cannot be written.
    pub fn open(store: &Path) -> Result<LedgerFile, Error> {
        let path = store.join(LOCK);
        let lock = File::options().create(true).append(true).open(&path).map_err(Error::write(&path))?;
        lock.lock().map_err(Error::write(&path))?;
        Ok(LedgerFile { path: store.join(LEDGER), _lock: lock })
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stands in it; nothing if nothing was ever released.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Read { path: self.path.clone(), source: error }),
        }
    }

    /// Puts these bytes in its place, whole or not at all, and sees them onto the disk: before the release is shown.
    ///
    /// # Errors
    /// If it cannot be written. Then nothing may be released.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        replace(&self.path, bytes)
    }
}

/// Puts these bytes in the place of a file that its owner alone may read, whole or not at all, and sees them onto the disk.
///
/// # Errors
/// If they cannot be written. Then the file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let draft = path.with_extension("json.new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(Error::write(&draft))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::write(&draft))?;
    fs::rename(&draft, path).map_err(Error::write(path))?;
    crate::store::sync_folder(path.parent().unwrap_or(path)).map_err(Error::write(path))
}
