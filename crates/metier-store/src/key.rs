//! The secret beside a store: 32 random bytes, readable by the owner only.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use metier_session::Key;

use crate::error::Error;

/// The key of the store in `folder`: beside it, so that the folder can be copied without it.
pub(crate) fn path(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Reads the key, or makes one if there are no rows yet that another one was used for.
pub(crate) fn obtain(folder: &Path, has_rows: bool) -> Result<Key, Error> {
    let path = path(folder);
    match File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            (&file).take(33).read_to_end(&mut bytes).map_err(Error::read(&path))?;
            let key = <[u8; 32]>::try_from(bytes).map_err(|_| Error::damaged(&path, "a key has 32 bytes"))?;
            for_owner_only(&file).map_err(Error::write(&path))?;
            Ok(Key::new(key))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if has_rows {
                return Err(Error::NoKey { path });
            }
            make(&path)
        }
        Err(error) => Err(Error::Read { path, source: error }),
    }
}

/// Writes a new key whole or not at all: a half-written one would be taken for another.
fn make(path: &Path) -> Result<Key, Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::Write {
        path: path.to_owned(),
        source: std::io::Error::other(format!("the system gives no random bytes: {error}")),
    })?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(Error::write(&draft))?;
    for_owner_only(&file).map_err(Error::write(&draft))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(Error::write(&draft))?;
    std::fs::rename(&draft, path).map_err(Error::write(path))?;
    Ok(Key::new(key))
}

#[cfg(unix)]
fn for_owner_only(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o777 == 0o600 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn for_owner_only(_: &File) -> std::io::Result<()> {
    Ok(())
}
