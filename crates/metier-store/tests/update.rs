//! A store follows the transcripts: through the public door, on transcripts written here.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use metier_session::discover::{self, Found};
use metier_store::{Error, Options, Row, Scanned, Store, update};

/// A folder of transcripts and a store beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("projects")).unwrap();
        Place { folder }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join("projects").join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn scan(&self) -> Scanned {
        self.try_scan().unwrap().0
    }

    fn try_scan(&self) -> Result<(Scanned, Store), Error> {
        let mut found = Found::default();
        discover::find(&self.folder.path().join("projects"), &mut found).unwrap();
        let options = Options { threads: 2, expected: &|_| {}, progress: &|_| {}, waiting: &|| {} };
        update(&self.store(), found.candidates, &options)
    }

    fn rows(&self) -> Vec<Row> {
        Store::open(&self.store()).unwrap().unwrap().rows().unwrap().into_owners().unwrap()
    }

    /// Prompts of each session, in the order of their first times.
    fn prompts(&self) -> Vec<u64> {
        let mut rows = self.rows();
        rows.sort_by_key(|row| (row.facts.first, row.facts.last));
        rows.iter().map(|row| row.facts.prompts).collect()
    }
}

fn prompt(session: &str, uuid: u32, minute: u32) -> String {
    format!(
        r#"{{"type":"user","uuid":"u{uuid}","sessionId":"{session}","timestamp":"2026-01-01T10:{minute:02}:00.000Z","cwd":"/home/ada/x","message":{{"role":"user","content":"do number {uuid}"}}}}"#
    ) + "\n"
}

#[test]
fn only_what_changed_is_read_again() {
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.write("b.jsonl", &prompt("b", 2, 1));
    let first = place.scan();
    assert_eq!((first.new, first.changed, first.unchanged), (2, 0, 0));
    let again = place.scan();
    assert_eq!((again.new, again.changed, again.unchanged, again.bytes), (0, 0, 2, 0));
    place.write("b.jsonl", &(prompt("b", 2, 1) + &prompt("b", 3, 2)));
    let third = place.scan();
    assert_eq!((third.new, third.changed, third.unchanged), (0, 1, 1));
    assert_eq!(place.prompts(), [1, 2]);
}

#[test]
fn a_resumed_session_counts_the_repeated_records_once_whichever_is_seen_first() {
    let original = prompt("a", 1, 0) + &prompt("a", 2, 1);
    let resumed = prompt("b", 1, 0) + &prompt("b", 2, 1) + &prompt("b", 3, 5);
    for order in [["a", "b"], ["b", "a"]] {
        let place = Place::new();
        for name in order {
            place.write(&format!("{name}.jsonl"), if name == "a" { &original } else { &resumed });
            place.scan();
        }
        assert_eq!(place.prompts(), [2, 1], "{order:?}");
        assert_eq!(place.rows().iter().map(|row| row.facts.repeated_records).sum::<u64>(), 2);
    }
}

#[test]
fn a_copy_of_a_session_is_no_session() {
    let place = Place::new();
    place.write("a.jsonl", &(prompt("a", 1, 0) + &prompt("a", 2, 1)));
    place.write("b.jsonl", &(prompt("b", 1, 0) + &prompt("b", 2, 1)));
    place.scan();
    assert_eq!(place.rows().len(), 1);
}

#[test]
fn rows_outlive_their_transcripts() {
    let place = Place::new();
    let path = place.write("a.jsonl", &prompt("a", 1, 0));
    place.scan();
    fs::remove_file(path).unwrap();
    place.write("b.jsonl", &prompt("b", 2, 1));
    place.scan();
    assert_eq!(place.prompts(), [1, 1]);
}

#[test]
fn a_row_keeps_what_its_lost_files_held() {
    let place = Place::new();
    let first = place.write("part-1.jsonl", &prompt("a", 1, 0));
    place.write("part-2.jsonl", &prompt("a", 2, 1));
    place.scan();
    assert_eq!(place.prompts(), [2]);
    fs::remove_file(first).unwrap();
    place.write("part-2.jsonl", &(prompt("a", 2, 1) + "\n"));
    place.scan();
    assert_eq!(place.prompts(), [2]);
}

#[test]
fn what_another_version_measured_is_measured_again() {
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.scan();
    let state = place.store().join("scan/state.1.json");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(&state, text.replace("metier ", "metier 0.0.")).unwrap();
    assert_eq!(place.scan().changed, 1);
    assert_eq!(place.scan().unchanged, 1);
}

#[test]
fn a_scan_cut_off_leaves_the_old_store_and_the_next_one_cleans_up() {
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.scan();
    // What a writer leaves that was killed before its manifest stood.
    let left = place.store().join("sessions/month=2026-01/2.parquet");
    fs::write(&left, "half a file").unwrap();
    fs::write(place.store().join("manifest.json.new"), "{").unwrap();
    assert_eq!(place.prompts(), [1]);
    place.write("b.jsonl", &prompt("b", 2, 1));
    place.scan();
    assert_eq!(place.prompts(), [1, 1]);
    place.write("c.jsonl", &prompt("c", 3, 2));
    place.scan();
    assert!(!left.exists());
    assert_eq!(files(&place.store().join("sessions")), 1);
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

#[test]
fn many_scans_at_once_lose_and_double_nothing() {
    let place = Place::new();
    for i in 0..20 {
        place.write(&format!("{i}.jsonl"), &prompt(&format!("s{i}"), i, i));
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| place.scan());
        }
        for _ in 0..20 {
            if let Some(store) = Store::open(&place.store()).unwrap() {
                let n = store.rows().unwrap().into_owners().unwrap().len();
                assert!(n == 0 || n == 20, "{n} rows");
            }
        }
    });
    assert_eq!(place.rows().len(), 20);
}

#[test]
fn no_text_rests_in_a_store() {
    let place = Place::new();
    let secret = prompt("a", 1, 0).replace("do number 1", "tell nobody of pomegranate");
    place.write("a.jsonl", &secret);
    place.scan();
    let mut all = Vec::new();
    read_all(&place.store(), &mut all);
    for word in ["pomegranate", "/home/ada", "do number", "projects", "a.jsonl"] {
        assert!(!all.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

fn read_all(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, bytes);
        } else {
            bytes.extend(fs::read(path).unwrap());
        }
    }
}

#[test]
fn the_same_transcripts_give_the_same_rows_with_the_same_key() {
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.write("b.jsonl", &prompt("b", 2, 1));
    place.scan();
    let rows = place.rows();
    fs::remove_dir_all(place.store()).unwrap();
    place.scan();
    assert_eq!(place.rows(), rows);
}

#[cfg(unix)]
#[test]
fn the_key_is_the_owners_alone_and_is_missed_when_it_is_gone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.scan();
    let key = place.folder.path().join("store.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(&key).unwrap();
    assert!(matches!(place.try_scan(), Err(Error::NoKey { .. })));
}

#[test]
fn what_is_no_store_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.store()).unwrap();
    fs::write(place.store().join("thesis.txt"), "mine").unwrap();
    place.write("a.jsonl", &prompt("a", 1, 0));
    assert!(matches!(place.try_scan(), Err(Error::NotAStore { .. })));
}

#[test]
fn damage_is_named_with_its_file() {
    let place = Place::new();
    place.write("a.jsonl", &prompt("a", 1, 0));
    place.scan();
    fs::write(place.store().join("sessions/month=2026-01/1.parquet"), "PAR1").unwrap();
    let error = Store::open(&place.store()).unwrap().unwrap().rows().unwrap_err();
    assert!(error.to_string().contains("1.parquet is damaged"), "{error}");
    fs::write(place.store().join("manifest.json"), "{\"schema\":99,\"generation\":1,\"sessions\":{}}")
        .unwrap();
    assert!(matches!(Store::open(&place.store()), Err(Error::TooNew { found: 99, .. })));
}
