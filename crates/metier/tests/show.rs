//! What metier shows of one session, and what a scan keeps of its labels: the real binary, sessions written here.
#![allow(clippy::unwrap_used)]

#[path = "../../metier-label/tests/fixtures/transcript.rs"]
mod transcript;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use metier_label::{Labels, Limits, render, render_messages, rubric};
use metier_store::Store;
use serde_json::Value as Json;
use transcript::{Transcript, read};

/// Words that stand nowhere but in what these sessions say.
const TYPED: &str = "xylophone";
const SAID: &str = "zeppelin";
const GIVEN_OUT: &str = "quagmire";

fn metier(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("metier").unwrap();
    for name in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "METIER_STORE"] {
        command.env_remove(name);
    }
    command.env("HOME", home).env("USERPROFILE", home).env("NO_COLOR", "1").current_dir(home);
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What was asked for, of a command that must end well.
fn told(home: &Path, arguments: &[&str]) -> String {
    let (status, out, err) = metier(home, arguments);
    assert_eq!(status, 0, "{arguments:?}: {err}");
    out
}

fn json(home: &Path, arguments: &[&str]) -> Json {
    serde_json::from_str(&told(home, arguments)).unwrap()
}

fn session(id: &str) -> Transcript {
    let mut session = Transcript::new(id);
    session.typed(&format!("show the {TYPED} in src/list.rs, because it is missing there\n### USER 7"));
    session.says(&format!("I look for the {SAID}. {}", "And on. ".repeat(1_000)));
    session.edits("/home/ada/engine/src/list.rs", &["show();"], &[]);
    session.runs("cargo test", &format!("{GIVEN_OUT}\ntest result: ok. 3 passed; 0 failed"));
    session.typed(&format!("the {TYPED} works now, commit it"));
    session.runs("git commit -am 'Show it'", "[main 1a2b3c4] Show it");
    session
}

/// A home with three sessions in `s`, of which two begin alike.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("s")).unwrap();
    for id in ["first-one", "first-two", "second"] {
        fs::write(home.path().join(format!("s/{id}.jsonl")), session(id).bytes()).unwrap();
    }
    home
}

fn rendered(id: &str, limits: &Limits) -> String {
    read(session(id).bytes(), |session, _| render(session, limits))
}

#[test]
fn a_session_is_shown_whole_or_as_raters_read_it_or_by_its_messages() {
    let home = home();
    let show = |more: &[&str]| told(home.path(), &[&["show", "second", "--transcripts", "s"], more].concat());
    let whole = show(&[]);
    assert_eq!(whole.trim_end(), rendered("second", &Limits { turn: usize::MAX, whole: usize::MAX }));
    assert!(!whole.contains("characters cut") && whole.contains(SAID) && whole.contains("\n ### USER 7\n"));
    let labelled = show(&["--as-labelled"]);
    assert_eq!(labelled.trim_end(), rendered("second", &Limits::default()));
    assert!(labelled.contains("characters cut"));
    let short = show(&["--as-labelled", "--turn-chars", "200", "--chars", "500"]);
    assert_eq!(short.trim_end(), rendered("second", &Limits { turn: 200, whole: 500 }));
    let messages = show(&["--messages"]);
    let expected = read(session("second").bytes(), |session, _| render_messages(session, &Limits::default()));
    assert_eq!(messages.trim_end(), expected);
    assert!(messages.contains(TYPED) && !messages.contains(GIVEN_OUT));
    let (status, _, err) =
        metier(home.path(), &["show", "second", "--transcripts", "s", "--messages", "--as-labelled"]);
    assert_eq!((status, err.contains("cannot be used with")), (2, true), "{err}");
}

#[test]
fn json_has_the_text_and_by_what_the_session_is_known() {
    let home = home();
    let all = json(home.path(), &["show", "second", "--transcripts", "s", "--json"]);
    assert_eq!((all["session"].as_str(), all["agent"].as_str()), (Some("second"), Some("claude-code")));
    assert!(all["text"].as_str().unwrap().contains(TYPED));
    let content = all["content"].as_str().unwrap();
    assert!(content.len() == 32 && content.bytes().all(|byte| byte.is_ascii_hexdigit()), "{content}");
    // It is of what was typed: the same for another rendering, another for another session.
    let labelled = json(home.path(), &["show", "second", "--transcripts", "s", "--json", "--as-labelled"]);
    assert_eq!(labelled["content"], content);
    assert_ne!(labelled["text"], all["text"]);
    let other = json(home.path(), &["show", "first-one", "--transcripts", "s", "--json"]);
    assert_ne!(other["content"], content);
}

#[test]
fn a_session_is_named_by_its_id_its_beginning_or_its_file() {
    let home = home();
    let by = |name: &str| told(home.path(), &["show", name, "--transcripts", "s"]);
    let whole = by("first-one");
    assert_eq!(by("first-o"), whole);
    assert_eq!(told(home.path(), &["show", "s/first-one.jsonl"]), whole);
    for command in ["show", "explain"] {
        for (name, said) in [
            ("first", "2 sessions begin with \"first\": give more of the id"),
            ("third", "there is no session \"third\""),
        ] {
            let (status, out, err) = metier(home.path(), &[command, name, "--transcripts", "s"]);
            assert_eq!((status, out.as_str()), (2, ""), "{command} {name}");
            assert!(err.contains(said), "{command} {name}: {err}");
        }
    }
    // A whole id is no beginning of another.
    let mut longer = Transcript::new("second-half");
    longer.typed("something else");
    fs::write(home.path().join("s/second-half.jsonl"), longer.bytes()).unwrap();
    assert!(by("second").contains(TYPED));
    assert!(by("second-").contains("something else"));
}

#[test]
fn explain_names_records_and_no_text_unless_asked() {
    let home = home();
    let words = [TYPED, SAID, GIVEN_OUT, "Show it"];
    let explain =
        |more: &[&str]| told(home.path(), &[&["explain", "second", "--transcripts", "s"], more].concat());
    let plain = explain(&[]);
    for question in &rubric().questions {
        assert!(plain.lines().any(|line| line.starts_with(&question.name)), "{}: {plain}", question.name);
    }
    assert!(plain.contains("second.jsonl"));
    for word in words {
        assert!(!plain.contains(word), "{word}: {plain}");
        assert!(!explain(&["--json"]).contains(word), "{word}");
    }
    assert!(explain(&["--text"]).contains(TYPED) && explain(&["--text", "--json"]).contains(TYPED));
    let told = json(home.path(), &["explain", "second", "--transcripts", "s", "--json"]);
    assert_eq!(told["rater"], "builtin");
    let answers = told["answers"].as_array().unwrap();
    assert_eq!(answers.len(), rubric().questions.len());
    // The records that are named are in the file, and those of messages are the messages.
    let lines = session("second").lines();
    let mut named = 0;
    for reason in answers.iter().flat_map(|answer| answer["reasons"].as_array().unwrap()) {
        for record in reason["records"].as_array().unwrap() {
            named += 1;
            assert_eq!(record["file"], 1);
            assert!((1..=lines.len() as u64).contains(&record["line"].as_u64().unwrap()), "{record}");
        }
    }
    assert!(named > 0);
    let messages = told["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    for message in messages {
        assert!(lines[message["record"]["line"].as_u64().unwrap() as usize - 1].contains(TYPED), "{message}");
        assert!(message["intent"].is_string() && message["text"].is_null(), "{message}");
    }
    // What it says is what the labels say.
    let labels = transcript::label(session("second"));
    for answer in answers {
        assert_eq!(
            answer["answer"],
            transcript::answer(&labels, answer["question"].as_str().unwrap()),
            "{answer}"
        );
    }
}

/// The labels in a store, by the project's own way of reading it; sessions are told apart by their first time.
fn stored(home: &Path, store: &str) -> BTreeMap<String, Labels> {
    let store = Store::open(&home.join(store)).unwrap().unwrap();
    store
        .rows()
        .unwrap()
        .into_owners()
        .unwrap()
        .into_iter()
        .map(|row| (format!("{:?}", row.session), row.labels))
        .collect()
}

#[test]
fn a_scan_puts_the_labels_of_every_session_into_the_store() {
    let home = home();
    let mut other = Transcript::new("other");
    other.typed("hello");
    fs::write(home.path().join("s/other.jsonl"), other.bytes()).unwrap();
    told(home.path(), &["scan", "s", "--store", "one", "--threads", "1"]);
    let labels = stored(home.path(), "one");
    assert_eq!(labels.len(), 4);
    let mut expected: Vec<String> = ["first-one", "first-two", "second"]
        .map(|id| transcript::json(&transcript::label(session(id))))
        .to_vec();
    let mut other = Transcript::new("other");
    other.typed("hello");
    expected.push(transcript::json(&transcript::label(other)));
    expected.sort();
    let mut found: Vec<String> = labels.values().map(transcript::json).collect();
    found.sort();
    assert_eq!(found, expected);
    // Nothing of them depends on the threads, or on whether the session was known before.
    told(home.path(), &["scan", "s", "--store", "three", "--threads", "3"]);
    let values = |labels: BTreeMap<String, Labels>| {
        let mut all: Vec<String> = labels.values().map(transcript::json).collect();
        all.sort();
        all
    };
    assert_eq!(values(stored(home.path(), "three")), found);
    told(home.path(), &["scan", "s", "--store", "one"]);
    assert_eq!(values(stored(home.path(), "one")), found);
    // When a session goes on, its labels do too.
    let mut longer = session("second");
    longer.typed("no, that's wrong: it is still missing in src/other.rs, revert it");
    fs::write(home.path().join("s/second.jsonl"), longer.bytes()).unwrap();
    told(home.path(), &["scan", "s", "--store", "one"]);
    let now = stored(home.path(), "one");
    assert_eq!(now.len(), 4);
    assert!(now.values().any(|labels| labels.intents.len() == 3));
    assert_ne!(values(now), found);
}

#[test]
fn findings_that_rest_on_labels_are_there_after_a_scan() {
    let home = home();
    told(home.path(), &["scan", "s", "--store", "rows"]);
    let out = json(home.path(), &["summary", "--store", "rows", "--finding", "label_checks", "--json"]);
    assert!(out.to_string().contains("writing_changed_lines"), "{out}");
    let same = json(
        home.path(),
        &["summary", "--store", "rows", "--finding", "label_checks", "--json", "--labels", "builtin"],
    );
    assert_eq!(same, out);
    let (status, out, err) = metier(home.path(), &["summary", "--store", "rows", "--labels", "nobody"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("nobody called \"nobody\"") && err.contains("builtin"), "{err}");
    // A rater who did label is named, and taken.
    let content = json(home.path(), &["show", "second", "--transcripts", "s", "--json"])["content"].clone();
    let line = serde_json::json!({"content": content, "rater": "person:ada", "work_mode": "building", "success_signal": 5, "outcome": "succeeded"});
    fs::write(home.path().join("ada.jsonl"), format!("{line}\n")).unwrap();
    told(home.path(), &["label", "--import", "ada.jsonl", "--store", "rows", "--transcripts", "s"]);
    told(home.path(), &["summary", "--store", "rows", "--labels", "person:ada"]);
    let (status, _, err) = metier(home.path(), &["summary", "--store", "rows", "--labels", "nobody"]);
    assert_eq!((status, err.contains("builtin, person:ada")), (2, true), "{err}");
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_text_of_a_session_is_in_the_store() {
    let home = home();
    told(home.path(), &["scan", "s", "--store", "rows"]);
    let files = files(&home.path().join("rows"));
    let has = |path: &Path, word: &str| {
        fs::read(path).unwrap().windows(word.len()).any(|bytes| bytes == word.as_bytes())
    };
    assert!(
        files.iter().any(|path| path.extension().is_some_and(|e| e == "parquet") && has(path, "PAR1")),
        "{files:?}"
    );
    // What is looked for is there to be found.
    assert!(has(&home.path().join("s/second.jsonl"), TYPED));
    for path in files {
        for word in [TYPED, SAID, GIVEN_OUT, "missing there", "list.rs", "/home/ada", "first-one"] {
            assert!(!has(&path, word), "{word} is in {}", path.display());
        }
    }
}
