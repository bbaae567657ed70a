//! Label files and agreement as a user meets them: the real binary, real files, its output and exit status.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

/// metier in a home of its own, with nothing of the machine's.
fn metier(home: &Path) -> Command {
    let mut command = Command::cargo_bin("metier").unwrap();
    for name in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "METIER_STORE"] {
        command.env_remove(name);
    }
    command.env("HOME", home).env("USERPROFILE", home).env("NO_COLOR", "1").current_dir(home);
    command
}

/// Exit status, output and messages.
fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = metier(home).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(home: &Path, name: &str, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(home.join(name), text).unwrap();
}

fn agree(home: &Path, arguments: &[&str]) -> Value {
    let (status, out, err) = run(home, &[&["agree"], arguments, &["--json"]].concat());
    assert_eq!(status, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn question<'v>(report: &'v Value, name: &str) -> &'v Value {
    report["questions"].as_array().unwrap().iter().find(|question| question["question"] == name).unwrap()
}

/// Ten sessions that one rater calls building five times and fixing five times, and another building six times: they
/// differ on three.
fn two_raters(home: &Path) {
    let modes =
        [("building", "building"), ("building", "fixing"), ("fixing", "building"), ("fixing", "fixing")];
    let times = [4, 1, 2, 3];
    let both: Vec<_> = modes.iter().zip(times).flat_map(|(both, n)| vec![*both; n]).collect();
    let lines = |rater: &str, pick: fn(&(&'static str, &'static str)) -> &'static str| -> Vec<Value> {
        let line = |(at, both): (usize, &(&'static str, &'static str))| json!({"session": format!("s{at}"), "rater": rater, "work_mode": pick(both), "expertise": 1 + at % 5});
        both.iter().enumerate().map(line).collect()
    };
    write(home, "a.jsonl", &lines("ada", |both| both.0));
    write(home, "b.jsonl", &lines("bob", |both| both.1));
    write(home, "both.jsonl", &[lines("ada", |both| both.0), lines("bob", |both| both.1)].concat());
}

#[test]
fn two_files_agree_as_computed_by_hand() {
    let home = home();
    two_raters(home.path());
    let report = agree(home.path(), &["a.jsonl", "b.jsonl"]);
    assert_eq!((&report["first"]["rater"], &report["second"]["source"]), (&json!("ada"), &json!("b.jsonl")));
    let modes = question(&report, "work_mode");
    // pₒ = 0.7, pₑ = 0.5.
    assert_eq!(
        (&modes["n"], &modes["exact"]["value"], &modes["kappa"]["value"]),
        (&json!(10), &json!(0.7), &json!(0.4))
    );
    assert_eq!(modes["confusion"]["counts"][1][0], 2);
    let expertise = question(&report, "expertise");
    assert_eq!((&expertise["kappa"]["value"], &expertise["difference"]["value"]), (&json!(1.0), &json!(0.0)));
    let (status, out, err) = run(home.path(), &["agree", "a.jsonl", "b.jsonl"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("A  ada (a.jsonl)"), "{out}");
    assert!(
        out.lines()
            .any(|line| line.starts_with("work_mode") && line.contains("70 %") && line.contains("0.40"))
    );
    assert!(out.contains("10 sessions judged by both"), "{out}");
}

#[test]
fn every_number_has_its_n_and_an_interval_or_a_reason() {
    fn look(value: &Value, seen: &mut usize) {
        if let Some(object) = value.as_object()
            && object.contains_key("value")
        {
            *seen += 1;
            assert!(object["n"].is_u64(), "{value}");
            let bounded = object["low"].is_number() && object["high"].is_number();
            assert_eq!(bounded, object["why"].is_null(), "{value}");
            assert!(object["value"].is_number() || object["why"].is_string(), "{value}");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|value| look(value, seen)),
            Value::Array(values) => values.iter().for_each(|value| look(value, seen)),
            _ => {}
        }
    }
    let home = home();
    two_raters(home.path());
    let mut seen = 0;
    look(&agree(home.path(), &["both.jsonl"]), &mut seen);
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_file_of_two_raters_is_enough() {
    let home = home();
    two_raters(home.path());
    let one = agree(home.path(), &["both.jsonl"]);
    let other = agree(home.path(), &["both.jsonl#ada", "both.jsonl#bob"]);
    assert_eq!(one, other);
    assert_eq!(one["questions"], agree(home.path(), &["a.jsonl", "b.jsonl"])["questions"]);
    let (status, _, err) = run(home.path(), &["agree", "both.jsonl", "a.jsonl"]);
    assert_eq!(status, 2);
    assert!(err.contains("both.jsonl has labels of ada, bob: name one, as FILE#RATER"), "{err}");
    for (arguments, said) in [
        (vec!["agree", "a.jsonl"], "a.jsonl has labels of ada: name two, as FILE#RATER"),
        (vec!["agree", "a.jsonl", "both.jsonl#cyd"], "both.jsonl has labels of ada, bob: name one"),
        (vec!["agree", "a.jsonl", "a.jsonl"], "the same labels"),
        (vec!["agree", "a.jsonl", "cyd"], "there is no label file \"cyd\", and no store at"),
    ] {
        let (status, out, err) = run(home.path(), &arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn what_cannot_be_taken_is_located_and_the_rest_compared() {
    let home = home();
    two_raters(home.path());
    let mut text = fs::read_to_string(home.path().join("b.jsonl")).unwrap();
    text.push_str("{\"session\": \"s10\", \"rater\"\n");
    text.push_str("{\"session\": \"s11\", \"work_mode\": \"fixing\"}\n");
    text.push_str(
        "{\"session\": \"s0\", \"rater\": \"bob\", \"work_mode\": \"hacking\", \"expertise\": 1}\n",
    );
    fs::write(home.path().join("b.jsonl"), text).unwrap();
    let (status, out, err) = run(home.path(), &["agree", "a.jsonl", "b.jsonl", "--json"]);
    assert_eq!(status, 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["second"]["refused"], 3);
    assert!(err.contains("b.jsonl:11: not JSON from column"), "{err}");
    assert!(err.contains("b.jsonl:12: no rater is named"), "{err}");
    assert!(err.contains("b.jsonl:13: work_mode: \"hacking\" is not one of building, fixing"), "{err}");
    assert!(err.contains("b.jsonl: 1 line replaced by a later one"), "{err}");
    // The last line about s0 counts, and its work mode is missing.
    assert_eq!((&question(&report, "work_mode")["n"], &report["sessions"]), (&json!(9), &json!(10)));
    assert_eq!(question(&report, "work_mode")["left_out"]["only_first"], 1);
    let (_, _, err) = run(home.path(), &["agree", "a.jsonl", "b.jsonl", "--rater", "bob", "--quiet"]);
    assert_eq!(err, "");
    let report = agree(home.path(), &["a.jsonl", "b.jsonl", "--rater", "bob"]);
    assert_eq!((&report["second"]["refused"], &report["second"]["alone"]), (&json!(2), &json!(1)));
}

#[test]
fn sessions_of_one_rater_only_are_counted_and_not_compared() {
    let home = home();
    let line = |rater: &str, session: &str, level: u8| json!({"session": session, "rater": rater, "success_signal": level, "rubric": "0000000000000001"});
    write(home.path(), "a.jsonl", &[line("ada", "s1", 0), line("ada", "s2", 4), line("ada", "s3", 5)]);
    write(home.path(), "b.jsonl", &[line("bob", "s4", 1), line("bob", "s3", 4)]);
    let report = agree(home.path(), &["a.jsonl", "b.jsonl"]);
    assert_eq!(
        [&report["sessions"], &report["first"]["alone"], &report["second"]["alone"]],
        [&json!(1), &json!(2), &json!(1)]
    );
    assert_eq!(question(&report, "success_signal")["near"]["value"], 1.0);
    assert_eq!(report["first"]["other_rubric"], 1);
    let (_, out, _) = run(home.path(), &["agree", "a.jsonl", "b.jsonl"]);
    assert!(out.contains("1 session judged by both"), "{out}");
    assert!(out.contains("1 of A, 1 of B"), "{out}");
}

#[test]
fn questions_that_nobody_or_only_one_answered_are_named() {
    let home = home();
    let line =
        |rater: &str, session: u8| json!({"session": format!("s{session}"), "rater": rater, "expertise": 3});
    let mut lines: Vec<Value> = (0..6).map(|session| line("ada", session)).collect();
    lines[0]["codebase"] = "none".into();
    write(home.path(), "a.jsonl", &lines);
    write(home.path(), "b.jsonl", &(0..6).map(|session| line("bob", session)).collect::<Vec<_>>());
    let (_, out, _) = run(home.path(), &["agree", "a.jsonl", "b.jsonl"]);
    assert!(out.contains("Nothing to compare: work_mode, outcome, "), "{out}");
    assert!(out.contains("codebase: answered 1 by A only, 5 by neither."), "{out}");
    assert!(!out.contains("outcome:"), "{out}");
    let (_, out, _) = run(home.path(), &["agree", "a.jsonl", "b.jsonl", "--markdown"]);
    assert!(out.contains("| outcome | 0 | – |  | – |"), "{out}");
    assert!(out.contains("- outcome: exact – (nothing to compare)"), "{out}");
}

#[test]
fn nothing_in_common_is_said_and_is_no_success() {
    let home = home();
    write(home.path(), "a.jsonl", &[json!({"session": "s1", "rater": "ada", "expertise": 3})]);
    write(home.path(), "b.jsonl", &[json!({"session": "s2", "rater": "bob", "expertise": 3})]);
    for more in [vec![], vec!["--json"], vec!["--markdown"]] {
        let (status, out, err) = run(home.path(), &[vec!["agree", "a.jsonl", "b.jsonl"], more].concat());
        assert_eq!((status, out.as_str()), (1, ""));
        assert!(err.contains("no session in common: ada (a.jsonl) has 1, bob (b.jsonl) has 1."), "{err}");
    }
}

#[test]
fn sessions_are_the_same_by_content_before_their_id() {
    let home = home();
    let [one, two] = ["00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"];
    let by = |rater: &str, name: Value| {
        let mut line = json!({"rater": rater, "outcome": "failed"});
        line.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
        line
    };
    let a = [
        by("ada", json!({"session": "s1", "content": one})),
        by("ada", json!({"content": two})),
        by("ada", json!({"session": "s3", "content": "0".repeat(32)})),
        by("ada", json!({"session": "s4"})),
        by("ada", json!({"id": "1".repeat(32)})),
    ];
    let b = [
        by("bob", json!({"content": one})),
        by("bob", json!({"session": "s2", "content": two})),
        by("bob", json!({"session": "s3", "content": "f".repeat(32)})),
        by("bob", json!({"session": "s4", "content": "e".repeat(32)})),
        by("bob", json!({"id": "1".repeat(32)})),
    ];
    write(home.path(), "a.jsonl", &a);
    write(home.path(), "b.jsonl", &b);
    let report = agree(home.path(), &["a.jsonl", "b.jsonl"]);
    // s3 went on between the two: what they judged is not the same.
    assert_eq!((&report["sessions"], &report["went_on"]), (&json!(4), &json!(1)));
    assert_eq!((&report["first"]["alone"], &report["second"]["alone"]), (&json!(0), &json!(0)));
    write(home.path(), "a.jsonl", &a[2..3]);
    let (status, _, err) = run(home.path(), &["agree", "a.jsonl", "b.jsonl"]);
    assert_eq!(status, 1);
    assert!(err.contains("1 of them are in both, but the person went on"), "{err}");
}

#[test]
fn the_same_labels_give_the_same_bytes() {
    let home = home();
    two_raters(home.path());
    let turned = fs::read_to_string(home.path().join("a.jsonl")).unwrap();
    let turned: String = turned.lines().rev().map(|line| format!("{line}\n")).collect();
    for form in ["--json", "--markdown", "--confusion"] {
        let output = |threads: &str, seed: &str| {
            let (status, out, err) = run(
                home.path(),
                &["agree", "a.jsonl", "b.jsonl", form, "--threads", threads, "--seed", seed],
            );
            assert_eq!(status, 0, "{err}");
            out
        };
        let once = output("1", "7");
        assert_eq!(once, output("3", "7"));
        if form == "--json" {
            assert_ne!(once, output("3", "8"));
        }
        fs::write(home.path().join("a.jsonl"), &turned).unwrap();
        assert_eq!(once, output("2", "7"));
    }
    let (status, _, err) = run(home.path(), &["agree", "a.jsonl", "b.jsonl", "--json", "--markdown"]);
    assert_eq!(status, 2, "{err}");
}

#[test]
fn a_terminal_of_80_columns_is_wide_enough() {
    let home = home();
    let modes = ["building", "fixing", "testing", "planning"];
    let lines = |rater: &str, step: usize| -> Vec<Value> {
        let line = |at: usize| {
            json!({"session": format!("s{at}"), "rater": rater, "work_mode": modes[at * step % 4],
                "expertise": at * step % 6, "outcome": if at % 9 < step { "succeeded" } else { "failed" },
                "success_signal": (at + step) % 6, "failure_signal": at % (step + 2),
                "planning_user_share": (at * step % 11) as f64 / 10.0, "execution_user_share": 0.1,
                "occupation": if at < step { "unclear" } else { "15" }, "work_occupation": "15",
                "value_usd": (at % 4) * 50 * step, "intents": ["confirmation", "log paste"]})
        };
        (0..30).map(line).collect()
    };
    write(home.path(), "a.jsonl", &lines("a rater with a very long name that would not fit", 1));
    write(home.path(), "b.jsonl", &lines("b", 3));
    for more in [vec!["--confusion"], vec!["--by", "work_mode"]] {
        let (status, out, err) = run(home.path(), &[vec!["agree", "a.jsonl", "b.jsonl"], more].concat());
        assert_eq!(status, 0, "{err}");
        let wide = out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{out}");
        assert!(out.contains("– ") || out.contains("–¹"), "{out}");
        assert!(out.contains("both gave one and the same answer everywhere"), "{out}");
    }
}

/// A store of 60 synthetic sessions of several people, and the labels of all of them by metier itself.
fn stored(home: &Path) -> Vec<Value> {
    assert_eq!(run(home, &["sample", "--out", "s", "--sessions", "60", "--quiet"]).0, 0);
    assert_eq!(run(home, &["scan", "s", "--store", "rows", "--quiet"]).0, 0);
    let (status, out, err) = run(home, &["label", "--export", "-", "--transcripts", "s", "--store", "rows"]);
    assert_eq!((status, err.trim()), (0, "60 lines written"));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn labels_go_into_the_store_and_come_out_the_same() {
    let home = home();
    let own = stored(home.path());
    assert!(own.iter().all(|line| line["rater"] == "builtin" && line["session"].is_string()));
    let mut lines = own.clone();
    lines.iter_mut().for_each(|line| line["rater"] = "ada".into());
    // Named in every way; the work mode of one is another.
    lines[0].as_object_mut().unwrap().remove("content");
    lines[1].as_object_mut().unwrap().remove("session");
    lines[2]["work_mode"] = "communicating".into();
    write(home.path(), "ada.jsonl", &lines);
    let import = ["label", "--import", "ada.jsonl", "--transcripts", "s", "--store", "rows"];
    for _ in 0..2 {
        let (status, out, err) = run(home.path(), &import);
        assert_eq!((status, out.as_str(), err.trim()), (0, "", "60 sessions by 1 rater taken"));
    }
    let export = |raters: &[&str], transcripts: &str| {
        let arguments = ["label", "--export", "out.jsonl", "--transcripts", transcripts, "--store", "rows"];
        let raters: Vec<&str> = raters.iter().flat_map(|rater| ["--rater", rater]).collect();
        let (status, out, err) = run(home.path(), &[&arguments[..], &raters].concat());
        assert_eq!((status, out.as_str()), (0, ""), "{err}");
        fs::read_to_string(home.path().join("out.jsonl")).unwrap()
    };
    let ada = export(&["ada"], "s");
    assert_eq!((ada.lines().count(), &ada), (60, &export(&["ada"], "s")));
    let mut expected = own.clone();
    expected.iter_mut().for_each(|line| line["rater"] = "ada".into());
    expected[2]["work_mode"] = "communicating".into();
    let read: Vec<Value> = ada.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, expected);
    assert_eq!(export(&[], "s").lines().count(), 120);
    // Without transcripts, sessions are named by the store's own ids.
    fs::create_dir(home.path().join("empty")).unwrap();
    let by_id = export(&["ada", "builtin"], "empty");
    assert!(by_id.lines().all(|line| line.contains("\"id\":") && !line.contains("\"session\":")), "{by_id}");
    fs::write(home.path().join("by_id.jsonl"), by_id).unwrap();
    let (status, out, err) = run(
        home.path(),
        &["label", "--import", "by_id.jsonl", "--transcripts", "empty", "--store", "rows", "--json"],
    );
    assert_eq!(status, 0, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["taken"], &told["builtin"]), (&json!(60), &json!(60)));

    let report = agree(home.path(), &["builtin", "ada", "--store", "rows"]);
    assert_eq!((&report["sessions"], &report["first"]["source"]), (&json!(60), &json!("store")));
    assert!(report["people"].as_u64().unwrap() >= 5, "{}", report["people"]);
    let modes = question(&report, "work_mode");
    assert_eq!((&modes["n"], &modes["exact"]["method"]), (&json!(60), &json!("bootstrap_people")));
    assert!(modes["by"].as_array().unwrap().iter().any(|split| split["by"] == "month"), "{}", modes["by"]);
    // A file beside the store, by session ids alone.
    write(home.path(), "eve.jsonl", &[json!({"session": own[5]["session"], "rater": "eve", "expertise": 1})]);
    let report = agree(home.path(), &["ada", "eve.jsonl", "--store", "rows"]);
    assert_eq!((&report["sessions"], &report["first"]["alone"]), (&json!(1), &json!(59)));
    let (status, _, err) = run(home.path(), &["agree", "ada", "cyd", "--store", "rows"]);
    assert_eq!(status, 2);
    assert!(
        err.contains("\"cyd\" is no label file, and no rater in the store: there are ada, builtin"),
        "{err}"
    );
}

#[test]
fn what_an_import_does_not_take_is_told_with_its_line() {
    let home = home();
    let own = stored(home.path());
    let session = &own[0]["session"];
    write(
        home.path(),
        "ada.jsonl",
        &[
            json!({"session": session, "expertise": 2}),
            json!({"session": "nobody", "rater": "ada", "expertise": 2}),
            json!({"session": session, "content": "0".repeat(32), "rater": "bob", "expertise": 2}),
            json!({"session": own[1]["session"], "rater": "ada", "expertise": 7, "outcome": "failed"}),
            json!({"session": own[1]["session"], "rater": "ada", "rubric": "0000000000000001", "outcome": "failed"}),
            json!({"session": own[2]["session"], "rater": "builtin", "expertise": 2}),
        ],
    );
    let import = ["label", "--import", "ada.jsonl", "--transcripts", "s", "--store", "rows"];
    let (status, out, err) = run(home.path(), &[&import[..], &["--rater", "ada"]].concat());
    assert_eq!((status, out.as_str()), (1, ""));
    for said in [
        "ada.jsonl:4: expertise: 7 is not one of 1 to 5, or 0 for unclear",
        "2 sessions by 1 rater taken",
        "1 session not found (line 2): name other places with --transcripts",
        "1 session not taken (line 3): the person went on with it after it was judged",
        "1 answer not taken, told above",
        "1 line replaced by a later one",
        "1 line of the built-in labeller left out: a scan gives those",
        "1 session judged under another rubric: other words were answered",
    ] {
        assert!(err.contains(said), "{said}: {err}");
    }
    let (status, out, _) = run(home.path(), &[&import[..], &["--json"]].concat());
    assert_eq!(status, 1);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["taken"], &told["not_found"], &told["went_on"]), (&json!(1), &json!([2]), &json!([3])));
    assert_eq!((&told["refused"][0]["line"], &told["refused"][0]["whole_line"]), (&json!(1), &json!(true)));
    // What was judged under another rubric still says so.
    let (_, out, _) = run(
        home.path(),
        &["label", "--export", "-", "--rater", "ada", "--transcripts", "s", "--store", "rows", "--quiet"],
    );
    assert!(out.lines().any(|line| line.contains("\"rubric\":\"0000000000000001\"")), "{out}");
    for (arguments, said) in [
        (vec!["label", "--import", "ada.jsonl", "--store", "nowhere"], "run `metier scan` first"),
        (vec!["label", "--import", "none.jsonl", "--store", "rows"], "cannot read none.jsonl"),
        (
            vec!["label", "--export", "x", "--rater", "eve", "--transcripts", "s", "--store", "rows"],
            "no labels of \"eve\"",
        ),
        (vec!["label", "--import", "a", "--export", "b"], "cannot be used with"),
    ] {
        let (status, out, err) = run(home.path(), &arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn transcripts_tell_people_and_months_where_there_is_no_store() {
    let home = home();
    let own = stored(home.path());
    let rated = |rater: &str| -> Vec<Value> {
        own.iter().map(|line| json!({"content": line["content"], "rater": rater, "expertise": 3})).collect()
    };
    write(home.path(), "a.jsonl", &rated("a"));
    write(home.path(), "b.jsonl", &rated("b"));
    let none = ["a.jsonl", "b.jsonl", "--store", "nowhere"];
    assert_eq!(agree(home.path(), &none)["people"], Value::Null);
    let report = agree(home.path(), &[&none[..], &["--transcripts", "s", "--by", "month"]].concat());
    assert!(report["people"].as_u64().unwrap() >= 5);
    let by: Vec<_> =
        question(&report, "expertise")["by"].as_array().unwrap().iter().map(|it| &it["by"]).collect();
    assert_eq!(by, [&json!("month")]);
}
