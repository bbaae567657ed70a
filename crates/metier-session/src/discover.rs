//! Finds what might be transcripts: under the usual homes of the agents, in folders and files that the user names, and on checkpoint branches of git repositories. Reads names and sizes, not contents.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub use crate::candidate::{Candidate, Checkpoint, Origin};
use crate::entire;

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Found {
    /// Every candidate, in the order of their names.
    pub candidates: Vec<Candidate>,
    /// Folders, files and repositories that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// The folders where agents keep their transcripts, as far as they exist, given a way to read the
/// environment and the user's home folder.
///
/// Claude Code: each of `CLAUDE_CONFIG_DIR` (several are separated by commas), else `~/.claude` and
/// `$XDG_CONFIG_HOME/claude` (`~/.config/claude`), in `projects`. Codex: `CODEX_HOME`, else
/// `~/.codex`, in `sessions` and `archived_sessions`.
pub fn usual_homes(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> Vec<PathBuf> {
    let listed = |name: &str| -> Option<Vec<PathBuf>> {
        let value = variable(name).filter(|value| !value.is_empty())?;
        Some(value.to_string_lossy().split(',').map(|part| PathBuf::from(part.trim())).collect())
    };
    let under_home = |parts: &[&str]| home.map(|home| home.join(parts.iter().collect::<PathBuf>()));
    let claude = listed("CLAUDE_CONFIG_DIR").unwrap_or_else(|| {
        let config = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let config =
            config.map(|config| config.join("claude")).or_else(|| under_home(&[".config", "claude"]));
        under_home(&[".claude"]).into_iter().chain(config).collect()
    });
    let codex = listed("CODEX_HOME").unwrap_or_else(|| under_home(&[".codex"]).into_iter().collect());
    let claude = claude.into_iter().map(|home| home.join("projects"));
    let codex = codex.into_iter().flat_map(|home| [home.join("sessions"), home.join("archived_sessions")]);
    let mut homes: Vec<PathBuf> = claude.chain(codex).filter(|path| path.is_dir()).collect();
    // The same folder by two names would be read twice.
    let mut seen = Vec::new();
    homes.retain(|path| {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let new = !seen.contains(&real);
        seen.push(real);
        new
    });
    homes
}

/// Everything under `path` that might be a transcript: the file itself; of a git repository with a
/// checkpoint branch its sessions; of any other folder all `.jsonl`, `.jsonl.zst` and `.json` files in it.
///
/// # Errors
/// If `path` itself cannot be looked at. What cannot be read below it is told in the result.
pub fn find(path: &Path, found: &mut Found) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() {
        found.candidates.push(file(path.to_owned(), &metadata));
        return Ok(());
    }
    if entire::is_repository(path) {
        match entire::checkpoints(path) {
            Ok(Some(mut sessions)) => {
                found.candidates.append(&mut sessions);
                return Ok(());
            }
            Ok(None) => {}
            Err(error) => found.unreadable.push((path.to_owned(), error.to_string())),
        }
    }
    // Asked for by name, it has to be readable; what is below it need not be.
    std::fs::read_dir(path)?;
    walk(path, 0, found);
    found.candidates.sort_by_key(Candidate::name);
    Ok(())
}

/// Folders deeper than this are not looked into: a loop, or somebody's joke.
const DEEPEST: usize = 40;

fn walk(folder: &Path, depth: usize, found: &mut Found) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            found.unreadable.push((folder.to_owned(), error.to_string()));
            return;
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.unreadable.push((folder.to_owned(), error.to_string()));
                continue;
            }
        };
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if depth < DEEPEST && entry.file_name() != ".git" {
                walk(&path, depth + 1, found);
            }
            continue;
        }
        if !might_be_transcript(&path) {
            continue;
        }
        // Follows a link to a file. Links to folders are not followed: they can make loops.
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => found.candidates.push(file(path, &metadata)),
            Ok(_) => {}
            Err(error) => found.unreadable.push((path, error.to_string())),
        }
    }
}

fn might_be_transcript(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    [".jsonl", ".jsonl.zst", ".json"].iter().any(|ending| name.ends_with(ending))
}

fn file(path: PathBuf, metadata: &Metadata) -> Candidate {
    let stamp = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0);
    Candidate { origin: Origin::File(path), bytes: metadata.len(), stamp }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn homes_follow_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        for home in [".claude/projects", ".config/claude/projects", ".codex/sessions", "other/projects"] {
            std::fs::create_dir_all(folder.path().join(home)).unwrap();
        }
        let names = |variable: &dyn Fn(&str) -> Option<OsString>| -> Vec<String> {
            let homes = usual_homes(variable, Some(folder.path()));
            homes.iter().map(|p| p.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(&|_| None), [".claude/projects", ".config/claude/projects", ".codex/sessions"]);
        let other = folder.path().join("other");
        let set =
            |name: &str| (name == "CLAUDE_CONFIG_DIR").then(|| format!("{0}, {0}/.", other.display()).into());
        assert_eq!(names(&set), ["other/projects", ".codex/sessions"]);
    }

    #[test]
    fn only_what_might_be_a_transcript_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/subagents")).unwrap();
        for name in ["a/x.jsonl", "a/subagents/agent-1.jsonl", "b.jsonl.zst", "c.txt", "d.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let mut found = Found::default();
        find(folder.path(), &mut found).unwrap();
        let names: Vec<_> = found
            .candidates
            .iter()
            .map(|c| c.name().replace(&folder.path().display().to_string(), ""))
            .collect();
        assert_eq!(names, ["/a/subagents/agent-1.jsonl", "/a/x.jsonl", "/b.jsonl.zst", "/d.json"]);
        assert!(find(&folder.path().join("none"), &mut found).is_err());
    }
}
