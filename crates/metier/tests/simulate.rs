//! `metier simulate` as a user meets it: stores that other commands read, the same bytes twice, and transcripts whose scan finds the facts planted.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use metier_session::Facts;
use metier_store::{Row, Store};
use metier_study::simulate::{Design, Effects, labelled, simulate};

/// metier in a home of its own, with nothing of the machine's.
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

fn simulated(home: &Path, arguments: &str) {
    let arguments: Vec<&str> = ["simulate"].into_iter().chain(arguments.split_whitespace()).collect();
    let (status, _, err) = metier(home, &arguments);
    assert_eq!(status, 0, "{err}");
}

/// Every file below a folder, by its name in it.
fn files(folder: &Path, below: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), below, all);
        } else {
            let name = entry.path().strip_prefix(below).unwrap().to_string_lossy().into_owned();
            all.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn the_store_holds_the_rows_of_the_library_and_the_truth_beside_them() {
    let home = tempfile::tempdir().unwrap();
    let arguments =
        "--sessions 400 --people 250 --seed 9 --effect actions_slope=-0.2 --label-error 0.3 --labelled 0.4";
    simulated(home.path(), &format!("{arguments} --out rows/"));
    let design = Design {
        effects: Effects::with(&[("actions_slope", -0.2)]).unwrap(),
        label_error: 0.3,
        labelled: 0.4,
        ..Design::new(400, 250, 9)
    };
    let (rows, truth) = simulate(&design);
    let store = Store::open(&home.path().join("rows")).unwrap().unwrap();
    assert_eq!(store.rows().unwrap().into_owners().unwrap(), rows);
    assert_eq!(store.labels().unwrap(), labelled(&design));
    let text = fs::read_to_string(home.path().join("rows/truth.json")).unwrap();
    assert_eq!(text, format!("{}\n", serde_json::to_string_pretty(&truth).unwrap()));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["actions"]["pooled"], -0.2);
    assert_eq!(json["effects"]["actions_slope"], -0.2);
    // Other commands take it for a store.
    let (status, out, err) = metier(home.path(), &["summary", "--store", "rows"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("synthetic") && out.contains("400 sessions"), "{out}");
    for arguments in [["summary", "--labels", "truth"], ["label", "--export", "labels.jsonl"]] {
        let (status, _, err) = metier(home.path(), &[&arguments[..], &["--store", "rows"]].concat());
        assert_eq!(status, 0, "{err}");
    }
}

#[test]
fn the_same_arguments_write_the_same_bytes_whatever_the_threads() {
    let home = tempfile::tempdir().unwrap();
    let all = ["one", "two"].map(|name| {
        let threads = if name == "one" { 1 } else { 5 };
        simulated(
            home.path(),
            &format!("--sessions 150 --seed 4 --labelled 0.5 --transcripts claude-code --threads {threads} --out {name}"),
        );
        let mut all = BTreeMap::new();
        files(&home.path().join(name), &home.path().join(name), &mut all);
        all.insert("key".to_owned(), fs::read(home.path().join(format!("{name}.key"))).unwrap());
        all
    });
    assert!(all[0].len() > 150, "{:?}", all[0].keys());
    assert!(all[0] == all[1], "the bytes differ");
}

#[test]
fn a_scan_of_the_transcripts_finds_the_facts_planted() {
    let home = tempfile::tempdir().unwrap();
    simulated(
        home.path(),
        "--sessions 120 --people 70 --seed 2 --labelled 0.3 --transcripts claude-code --out rows",
    );
    fs::copy(home.path().join("rows.key"), home.path().join("scanned.key")).unwrap();
    let (status, _, err) = metier(home.path(), &["scan", "rows/transcripts", "--store", "scanned"]);
    assert_eq!(status, 0, "{err}");
    let rows = |name: &str| {
        Store::open(&home.path().join(name)).unwrap().unwrap().rows().unwrap().into_owners().unwrap()
    };
    // Prices are not part of the simulation.
    let priceless = |row: Row| (row.session, row.person, row.project, Facts { cost_usd: None, ..row.facts });
    let (planted, found) = (rows("rows"), rows("scanned"));
    assert_eq!(found.len(), planted.len());
    for (found, planted) in found.into_iter().zip(planted) {
        assert_eq!(priceless(found), priceless(planted));
    }
    let (status, _, err) = metier(
        home.path(),
        &[
            "label",
            "--import",
            "rows/labels.jsonl",
            "--store",
            "scanned",
            "--transcripts",
            "rows/transcripts",
        ],
    );
    assert_eq!(status, 0, "{err}");
    let known: BTreeMap<_, _> = rows("rows").into_iter().map(|row| (row.session, row.labels)).collect();
    let imported = Store::open(&home.path().join("scanned")).unwrap().unwrap().labels().unwrap();
    let (own, true_ones): (Vec<_>, Vec<_>) =
        imported.into_iter().partition(|(_, labels)| labels.rater.name() == "simulated");
    assert_eq!(own.len(), 120);
    for (session, labels) in own {
        assert_eq!(
            (labels.answers, labels.intents),
            (known[&session].answers.clone(), known[&session].intents.clone())
        );
    }
    assert_eq!(true_ones, Store::open(&home.path().join("rows")).unwrap().unwrap().labels().unwrap());
}

#[test]
fn what_cannot_be_simulated_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (status, out, _) = metier(home.path(), &["simulate", "--effect", "help"]);
    assert_eq!((status, out.lines().count()), (0, Effects::KNOBS.len()));
    for (arguments, told) in [
        ("", "--out"),
        ("--out x --effect nothing=1", "no effect \"nothing\""),
        ("--out x --effect actions_slope", "NAME=VALUE"),
        ("--out x --effect actions_slope=steep", "no number"),
        ("--out x --effect actions_slope=9", "not in -1..=1"),
        ("--out x --effect verified_expert=0.95", "do not go together"),
        ("--out x --sessions 5 --people 6", "at least one"),
        ("--out x --label-error 2", "--label-error 2"),
        ("--out x --sessions 5000 --transcripts claude-code", "at most 2000"),
    ] {
        let arguments: Vec<&str> = ["simulate"].into_iter().chain(arguments.split_whitespace()).collect();
        let (status, _, err) = metier(home.path(), &arguments);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains(told), "{err}");
        assert!(!home.path().join("x").exists());
    }
    simulated(home.path(), "--sessions 3 --out x");
    let (status, _, err) = metier(home.path(), &["simulate", "--out", "x"]);
    assert_eq!((status, err.contains("not empty")), (2, true), "{err}");
}
