//! Finds sessions on Entire's checkpoint branches, straight from the objects of a git repository. Reads git's objects and nothing else: no working tree, no hooks, no network.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::candidate::{Candidate, Checkpoint, Origin};
use crate::tolerant::Str;

/// The branch that holds checkpoints, locally or as fetched.
const BRANCHES: [&str; 2] = ["refs/heads/entire/checkpoints/v1", "refs/remotes/origin/entire/checkpoints/v1"];

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Git's objects could not be opened or read.
    #[error("cannot read the git repository {}: {source}", path.display())]
    Git {
        /// The repository.
        path: PathBuf,
        /// What git's library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The files of one session in one checkpoint, as the tree lists them.
#[derive(Default)]
struct Folder {
    parts: Vec<(String, gix::ObjectId)>,
    metadata: Option<gix::ObjectId>,
}

/// A copy of a session in one checkpoint.
struct Copy {
    path: String,
    objects: Vec<gix::ObjectId>,
    bytes: u64,
}

/// Whether the folder is a git repository, with or without a working tree.
pub fn is_repository(path: &Path) -> bool {
    path.join(".git").exists() || (path.join("HEAD").is_file() && path.join("objects").is_dir())
}

/// The sessions on the repository's checkpoint branch, the longest copy of each, in the order of
/// their paths. `None` if there is no such branch.
///
/// Copies whose objects are missing (a partial clone) are passed over; a shorter copy that is there
/// stands for them.
///
/// # Errors
/// If the repository or the branch cannot be read.
pub fn checkpoints(path: &Path) -> Result<Option<Vec<Candidate>>, Error> {
    let failed = |source| Error::Git { path: path.to_owned(), source };
    let repository = open(path)?;
    let Some(tree) = BRANCHES.iter().find_map(|name| {
        let reference = repository.try_find_reference(*name).ok()??;
        reference.into_fully_peeled_id().ok()?.object().ok()?.peel_to_tree().ok()
    }) else {
        return Ok(None);
    };
    // The folder of each copy, with its transcript's parts and its metadata.
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    let files = tree.traverse().breadthfirst.files().map_err(|error| failed(error.into()))?;
    for file in files {
        let Ok(name) = std::str::from_utf8(&file.filepath) else { continue };
        let Some((folder, name)) = name.rsplit_once('/') else { continue };
        if name == "metadata.json" {
            folders.entry(folder.to_owned()).or_default().metadata = Some(file.oid);
        } else if name == "full.jsonl" || name.starts_with("full.jsonl.") {
            folders.entry(folder.to_owned()).or_default().parts.push((name.to_owned(), file.oid));
        }
    }
    let mut longest: BTreeMap<String, Copy> = BTreeMap::new();
    for (folder, Folder { mut parts, metadata }) in folders {
        if parts.is_empty() {
            continue;
        }
        parts.sort();
        let Some(bytes) = parts
            .iter()
            .map(|(_, id)| repository.find_header(*id).ok().map(|header| header.size()))
            .sum::<Option<u64>>()
        else {
            continue;
        };
        // Without metadata the copy stands for itself; repeats show when it is read.
        let session = metadata.and_then(|id| session_id(&repository, id)).unwrap_or_else(|| folder.clone());
        let path = format!("{folder}/full.jsonl");
        let copy = Copy { path, objects: parts.into_iter().map(|(_, id)| id).collect(), bytes };
        match longest.get_mut(&session) {
            Some(known) if known.bytes < copy.bytes => *known = copy,
            Some(_) => {}
            None => {
                longest.insert(session, copy);
            }
        }
    }
    let mut candidates: Vec<Candidate> = longest
        .into_values()
        .map(|copy| Candidate {
            bytes: copy.bytes,
            stamp: stamp(&copy.objects),
            origin: Origin::Checkpoint(Checkpoint {
                repository: path.to_owned(),
                path: copy.path,
                objects: copy.objects,
            }),
        })
        .collect();
    candidates.sort_by_key(Candidate::name);
    Ok(Some(candidates))
}

/// The bytes of a session's transcript.
///
/// # Errors
/// If an object cannot be read.
pub fn read(checkpoint: &Checkpoint, bytes: &mut Vec<u8>) -> Result<(), Error> {
    thread_local! {
        // Opening reads configuration and pack indices, which costs more than most sessions.
        static OPENED: RefCell<Option<(PathBuf, gix::Repository)>> = const { RefCell::new(None) };
    }
    let path = &checkpoint.repository;
    OPENED.with_borrow_mut(|opened| {
        let repository = match opened.take() {
            Some((known, repository)) if known == *path => repository,
            _ => open(path)?,
        };
        let (_, repository) = opened.insert((path.clone(), repository));
        for id in &checkpoint.objects {
            let object = repository
                .find_object(*id)
                .map_err(|error| Error::Git { path: path.clone(), source: error.into() })?;
            bytes.extend_from_slice(&object.data);
        }
        Ok(())
    })
}

fn open(path: &Path) -> Result<gix::Repository, Error> {
    // Isolated: the configuration of the machine and of the user is none of our business, and a
    // hostile repository's own cannot make us run anything.
    let options = gix::open::Options::isolated();
    gix::open_opts(path, options).map_err(|error| Error::Git { path: path.to_owned(), source: error.into() })
}

fn session_id(repository: &gix::Repository, id: gix::ObjectId) -> Option<String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Metadata<'a> {
        #[serde(borrow)]
        session_id: Str<'a>,
    }
    let object = repository.find_object(id).ok()?;
    let metadata: Metadata = serde_json::from_slice(&object.data).ok()?;
    metadata.session_id.get().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The first bytes of the objects' hashes, as a number.
fn stamp(objects: &[gix::ObjectId]) -> i64 {
    objects.iter().fold(0, |stamp: i64, id| {
        let mut first = [0; 8];
        first.copy_from_slice(&id.as_bytes()[..8]);
        stamp.wrapping_mul(31).wrapping_add(i64::from_be_bytes(first))
    })
}
