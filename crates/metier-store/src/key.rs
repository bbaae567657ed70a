//! The secrets beside a store, readable by the owner only: 32 random bytes, and 32 more for every rotation.
//!
//! The file only ever grows at its end, and the manifest says by a fingerprint how many of its secrets made the ids in
//! force. So the file is written before the manifest, and a store whose rotation was cut off in between is one whose
//! key has a secret that nothing uses.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use metier_session::{Key, Step};

use crate::error::Error;
use crate::store;

/// Bytes of a secret.
const SECRET: usize = 32;

/// More would make every id slow, and are no use.
const MOST_SECRETS: usize = 64;

/// Which secrets made the ids in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeWith<'m> {
    /// There are no ids, so any will do.
    NoIds,
    /// Those with this fingerprint; without one, the first.
    Secrets(Option<&'m str>),
}

/// The key of the store in `folder`: beside it, so that the folder can be copied without it.
pub(crate) fn path(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Reads the key, as far as the ids are made with it; or makes one if there are no ids yet that another one was used for.
pub(crate) fn obtain(folder: &Path, made_with: MadeWith) -> Result<Key, Error> {
    let path = path(folder);
    match File::open(&path) {
        Ok(file) => {
            let secrets = read(&path, &file)?;
            for_owner_only(&file).map_err(Error::write(&path))?;
            in_use(&path, &secrets, made_with)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if made_with != MadeWith::NoIds {
                return Err(Error::NoKey { path });
            }
            let secret = fresh(&path)?;
            write(&path, &secret)?;
            Ok(Key::new(secret))
        }
        Err(error) => Err(Error::Read { path, source: error }),
    }
}

/// Puts a new secret behind those of `key`, which are the ones in use, and gives the step that it makes. Nothing uses it
/// until a manifest has its fingerprint.
pub(crate) fn add_secret(folder: &Path, key: &Key) -> Result<Step, Error> {
    let path = path(folder);
    if key.secrets() >= MOST_SECRETS {
        return Err(Error::KeyFull { path, secrets: key.secrets() });
    }
    let file = File::open(&path).map_err(Error::read(&path))?;
    let mut secrets = read(&path, &file)?;
    // One that is left from a rotation that was cut off goes.
    secrets.truncate(key.secrets());
    let secret = fresh(&path)?;
    secrets.push(secret);
    write(&path, secrets.as_flattened())?;
    Ok(Step::new(secret))
}

/// Removes what was left by a process that was killed while it wrote a key. For the writer of the store alone.
pub(crate) fn sweep(folder: &Path) {
    let _ = fs::remove_file(draft(&target(&path(folder))));
}

fn read(path: &Path, file: &File) -> Result<Vec<[u8; SECRET]>, Error> {
    let mut bytes = Vec::new();
    file.take((MOST_SECRETS * SECRET) as u64 + 1).read_to_end(&mut bytes).map_err(Error::read(path))?;
    let (secrets, rest) = bytes.as_chunks::<SECRET>();
    if secrets.is_empty() || !rest.is_empty() {
        return Err(Error::damaged(
            path,
            format!("a key has 32 bytes for each of 1 to {MOST_SECRETS} secrets"),
        ));
    }
    Ok(secrets.to_vec())
}

/// The key of the secrets that are in use: the first ones, up to where their fingerprint is the one named.
fn in_use(path: &Path, secrets: &[[u8; SECRET]], made_with: MadeWith) -> Result<Key, Error> {
    let Some((first, further)) = secrets.split_first() else {
        return Err(Error::damaged(path, "it is empty"));
    };
    let mut key = Key::new(*first);
    let named = match made_with {
        MadeWith::Secrets(None) => return Ok(key),
        MadeWith::Secrets(Some(named)) => Some(named),
        MadeWith::NoIds => None,
    };
    let is_named = |key: &Key| named.is_some_and(|named| key.fingerprint() == named);
    for secret in further {
        if is_named(&key) {
            return Ok(key);
        }
        key = key.then(Step::new(*secret));
    }
    match named.is_none() || is_named(&key) {
        true => Ok(key),
        false => Err(Error::damaged(path, "it is not the key that made the ids of this store")),
    }
}

fn fresh(path: &Path) -> Result<[u8; SECRET], Error> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(|error| Error::Write {
        path: path.to_owned(),
        source: std::io::Error::other(format!("the system gives no random bytes: {error}")),
    })?;
    Ok(secret)
}

/// Writes a key whole or not at all, and sees it onto the disk: a half-written one would be taken for another, and a
/// manifest must not name secrets that a power cut can take away.
fn write(path: &Path, secrets: &[u8]) -> Result<(), Error> {
    let path = &target(path);
    let draft = &draft(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft).map_err(Error::write(draft))?;
    for_owner_only(&file).map_err(Error::write(draft))?;
    file.write_all(secrets).and_then(|()| file.sync_all()).map_err(Error::write(draft))?;
    fs::rename(draft, path).map_err(Error::write(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    store::sync_folder(folder).map_err(Error::write(folder))
}

/// The file itself, where the owner keeps it elsewhere and only a link to it beside the store.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn draft(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    PathBuf::from(draft)
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
