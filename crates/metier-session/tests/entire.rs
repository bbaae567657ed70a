//! Checkpoint branches, in repositories that git itself makes here.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use metier_session::Key;
use metier_session::discover::{self, Found};
use metier_session::scan::{self, Measured, Scan};

const BRANCH: &str = "entire/checkpoints/v1";

/// Whether git is there; without it these tests say that they were skipped.
fn git_is_there() -> bool {
    let there = Command::new("git").arg("--version").output().is_ok();
    if !there {
        println!("skipped: git is not on this machine");
    }
    there
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn prompt(session: &str, uuid: u32) -> String {
    format!(
        r#"{{"type":"user","uuid":"{session}-{uuid}","sessionId":"{session}","timestamp":"2026-01-01T10:{uuid:02}:00.000Z","message":{{"role":"user","content":"do number {uuid}"}}}}"#
    ) + "\n"
}

/// A repository whose checkpoint branch holds these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["checkout", "--quiet", "--orphan", BRANCH]);
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "checkpoints"]);
    // Sessions are read from the branch, whatever is checked out.
    git(folder.path(), &["checkout", "--quiet", "--orphan", "main"]);
    git(folder.path(), &["rm", "-rf", "--quiet", "."]);
    folder
}

fn sessions(repository: &Path) -> Vec<Measured> {
    let mut found = Found::default();
    discover::find(repository, &mut found).unwrap();
    assert_eq!(found.unreadable, []);
    let key = Key::public();
    scan::facts(found.candidates, &Scan { key: &key, threads: 2, progress: &|_| {} }, &scan::nothing).0
}

/// Each session with its prompts.
fn prompts(repository: &Path) -> Vec<(String, u64)> {
    let mut prompts: Vec<_> =
        sessions(repository).into_iter().map(|session| (session.session, session.facts.prompts)).collect();
    prompts.sort();
    prompts
}

#[test]
fn the_longest_copy_of_each_session_is_read() {
    if !git_is_there() {
        return;
    }
    let short = prompt("s", 1);
    let long = prompt("s", 1) + &prompt("s", 2);
    let repository = repository(&[
        ("ab/cdef012345/0/full.jsonl", &long),
        ("ab/cdef012345/0/metadata.json", r#"{"session_id":"s"}"#),
        ("ab/cdef012345/metadata.json", r#"{"session_id":"not a session's"}"#),
        ("cd/ef01234567/0/full.jsonl", &short),
        ("cd/ef01234567/0/metadata.json", r#"{"session_id":"s"}"#),
        ("cd/ef01234567/1/full.jsonl", &prompt("t", 1)),
        ("cd/ef01234567/1/metadata.json", "not json"),
        ("cd/ef01234567/1/prompt.txt", "no transcript"),
    ]);
    assert_eq!(prompts(repository.path()), [("s".into(), 2), ("t".into(), 1)]);
    let file = &sessions(repository.path())[0].files[0];
    assert!(file.ends_with("entire/checkpoints/v1:ab/cdef012345/0/full.jsonl"), "{file}");
}

#[test]
fn copies_under_two_recorded_ids_are_one_session() {
    if !git_is_there() {
        return;
    }
    let repository = repository(&[
        ("ab/cdef012345/0/full.jsonl", &(prompt("s", 1) + &prompt("s", 2))),
        ("ab/cdef012345/0/metadata.json", r#"{"session_id":"2026-01-01-s"}"#),
        ("cd/ef01234567/0/full.jsonl", &(prompt("s", 2) + &prompt("s", 3))),
        ("cd/ef01234567/0/metadata.json", r#"{"session_id":"2026-01-02-s"}"#),
    ]);
    assert_eq!(prompts(repository.path()), [("s".into(), 3)]);
}

#[test]
fn a_transcript_in_parts_is_put_together() {
    if !git_is_there() {
        return;
    }
    let text = prompt("s", 1) + &prompt("s", 2);
    let (first, second) = text.split_at(text.len() - 30);
    let repository = repository(&[
        ("ab/cdef012345/0/full.jsonl", first),
        ("ab/cdef012345/0/full.jsonl.001", second),
        ("ab/cdef012345/0/metadata.json", r#"{"session_id":"s"}"#),
    ]);
    assert_eq!(prompts(repository.path()), [("s".into(), 2)]);
}

#[test]
fn a_copy_whose_object_is_missing_is_passed_over() {
    if !git_is_there() {
        return;
    }
    let long = prompt("s", 1) + &prompt("s", 2);
    let repository = repository(&[
        ("ab/cdef012345/0/full.jsonl", &long),
        ("ab/cdef012345/0/metadata.json", r#"{"session_id":"s"}"#),
        ("cd/ef01234567/0/full.jsonl", &prompt("s", 1)),
        ("cd/ef01234567/0/metadata.json", r#"{"session_id":"s"}"#),
    ]);
    let id = git(repository.path(), &["rev-parse", &format!("{BRANCH}:ab/cdef012345/0/full.jsonl")]);
    fs::remove_file(repository.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    assert_eq!(prompts(repository.path()), [("s".into(), 1)]);
}

#[test]
fn a_fetched_branch_and_a_bare_repository_do_as_well() {
    if !git_is_there() {
        return;
    }
    let original = repository(&[("ab/cdef012345/0/full.jsonl", &prompt("s", 1))]);
    let folder = tempfile::tempdir().unwrap();
    let from = original.path().display().to_string();
    git(folder.path(), &["clone", "--quiet", "--no-checkout", &from, "clone"]);
    git(folder.path(), &["clone", "--quiet", "--bare", &from, "bare"]);
    for name in ["clone", "bare"] {
        assert_eq!(prompts(&folder.path().join(name)), [("s".into(), 1)], "{name}");
    }
}

#[test]
fn a_repository_without_the_branch_is_a_folder_like_others() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet"]);
    fs::write(folder.path().join("s.jsonl"), prompt("s", 1)).unwrap();
    assert_eq!(prompts(folder.path()), [("s".into(), 1)]);
}
