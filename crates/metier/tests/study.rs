//! `metier study` on a simulated store.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A store of 400 sessions of 60 people, with some labels by the rater `truth`.
fn simulated(home: &TempDir) -> PathBuf {
    let store = home.path().join("store");
    let arguments =
        ["simulate", "--sessions", "400", "--people", "60", "--label-error", "0.2", "--labelled", "0.5"];
    metier(home).args(arguments).arg("--out").arg(&store).assert().success();
    store
}

fn metier(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metier"));
    command.env_clear().env("HOME", home.path()).current_dir(home.path());
    command
}

fn study(home: &TempDir, store: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = metier(home).arg("study").args(arguments).arg("--store").arg(store).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn json(home: &TempDir, store: &Path, arguments: &[&str]) -> Value {
    let (out, error, code) = study(home, store, &[arguments, &["--json"]].concat());
    assert_eq!((code, error.as_str()), (Some(0), ""));
    serde_json::from_str(&out).unwrap()
}

#[test]
fn every_finding_is_there_and_threads_change_no_byte() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let (out, ..) = study(&home, &store, &["--json"]);
    let (again, ..) = study(&home, &store, &["--json", "--threads", "1"]);
    assert!(out == again);
    let all: Value = serde_json::from_str(&out).unwrap();
    let names: Vec<&str> =
        all["findings"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let (list, ..) = study(&home, &store, &["--list"]);
    assert_eq!(names, list.lines().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>());
    assert_eq!(all["summary"]["labels"]["rater"], "builtin");
    assert_eq!(all["summary"]["labels"]["second"], "truth");
    assert_eq!(all["summary"]["synthetic"], true);
}

#[test]
fn conditions_are_told_and_take_the_published_figures_away() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let all = json(&home, &store, &["composition"]);
    let some = json(&home, &store, &["composition", "--where", "work_mode=fixing,building"]);
    let measure = |document: &Value, at: usize| document["findings"][0]["groups"][0]["measures"][at].clone();
    assert!(measure(&all, 0)["published"].is_object() && measure(&some, 0)["published"].is_null());
    assert_eq!(some["summary"]["conditions"][0], "work_mode=fixing,building");
    let kept = some["summary"]["population"]["sessions"].as_u64().unwrap();
    let left_out = &some["summary"]["population"]["left_out"][0];
    assert_eq!(
        (kept + left_out["sessions"].as_u64().unwrap(), left_out["reason"].as_str()),
        (400, Some("not asked for"))
    );
    let sum: f64 = (0..2).map(|at| measure(&some, at)["estimate"]["value"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9);
}

#[test]
fn experience_is_counted_before_conditions() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let first = |arguments: &[&str]| {
        let document = json(&home, &store, arguments);
        document["findings"][0]["groups"][0]["measures"][1]["estimate"]["sessions"].as_u64().unwrap()
    };
    // 60 people have one first session each, in some month.
    assert_eq!(first(&["auto_approve"]), 60);
    assert!(first(&["auto_approve", "--where", "month=2026-03,2026-04"]) < 60);
}

#[test]
fn a_second_rater_corrects() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let document = json(&home, &store, &["corrected"]);
    let measures = document["findings"][0]["groups"][0]["measures"].as_array().unwrap().clone();
    let labelled = measures[0]["estimate"]["value"].as_f64().unwrap();
    assert!((150.0..250.0).contains(&labelled), "{labelled}");
    let actions = &measures[1];
    assert_eq!(actions["name"], "actions");
    assert!(actions["estimate"]["low"].as_f64() < actions["estimate"]["high"].as_f64());

    let (_, error, code) = study(&home, &store, &["corrected", "--labels", "truth", "--second", "truth"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("both raters are \"truth\""), "{error}");
    let (_, error, code) = study(&home, &store, &["corrected", "--second", "nobody"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("there are: builtin, truth"), "{error}");
}

#[test]
fn each_line_of_csv_has_every_column() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let (out, ..) = study(&home, &store, &["--csv"]);
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let columns = reader.headers().unwrap().len();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert!(rows.len() > 400 && rows.iter().all(|row| row.len() == columns));
    assert!(rows.iter().any(|row| row[3].starts_with("Table A2/5/")));
}

#[test]
fn the_team_leads_questions_end_with_what_cannot_be_said() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    let (out, _, code) = study(&home, &store, &["--team"]);
    assert_eq!(code, Some(0));
    assert_eq!(out.matches("It cannot say: ").count(), 5);
    let (markdown, ..) = study(&home, &store, &["table_a1", "--markdown"]);
    assert!(markdown.contains("| work mode, fixed effect | no | yes |"), "{markdown}");
}

#[test]
fn what_cannot_be_answered_is_an_error_that_helps() {
    let home = TempDir::new().unwrap();
    let store = simulated(&home);
    for (arguments, says) in [
        (&["luck"][..], "no finding is named \"luck\"; there are: people, division"),
        (&["--where", "shoe=43"], "there is: agent, month, model, project, work_mode"),
        (&["--where", "work_mode=sleeping"], "one of: building"),
        (&["--where", "agent=bogus"], "no agent is called \"bogus\""),
        (&["--where", "month=2031-01"], "no session has month=2031-01"),
    ] {
        let (out, error, code) = study(&home, &store, arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(error.contains(says) && error.lines().count() == 1, "{error}");
    }
}
