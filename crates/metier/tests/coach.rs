//! `metier coach` as its user meets it: the real binary on simulated stores.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

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

#[track_caller]
fn good(home: &Path, arguments: &[&str]) -> String {
    let (status, out, err) = metier(home, arguments);
    assert_eq!(status, 0, "{arguments:?}: {err}");
    out
}

#[track_caller]
fn refused(home: &Path, arguments: &[&str]) -> String {
    let (status, out, err) = metier(home, arguments);
    assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {err}");
    err
}

/// A home with a store of one person, `own`.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let own = ["simulate", "--quiet", "--sessions", "200", "--people", "1", "--seed", "4", "--out", "own"];
    good(home.path(), &own);
    home
}

fn json(home: &Path, more: &[&str]) -> Value {
    let arguments = [&["coach", "--store", "own", "--json"], more].concat();
    serde_json::from_str(&good(home, &arguments)).unwrap()
}

fn pooled(document: &Value) -> Vec<String> {
    let themes = document["themes"].as_array().unwrap();
    let lines = themes.iter().flat_map(|theme| theme["lines"].as_array().unwrap());
    lines
        .filter(|line| !line["pooled"].is_null())
        .map(|line| line["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn three_suggestions_and_the_same_bytes_twice() {
    let home = home();
    let home = home.path();
    let told = good(home, &["coach", "--store", "own"]);
    assert!(told.contains("\n1. ") && told.contains("\n3. ") && !told.contains("\n4. "));
    assert!(!told.contains("pooled"), "nobody asked for pooled numbers");
    assert_eq!(told, good(home, &["coach", "--store", "own", "--threads", "1"]));
    let document = json(home, &[]);
    assert_eq!(document["suggestions"].as_array().unwrap().len(), 3);
    assert_eq!(document["recent"]["months"].as_array().unwrap().len(), 3);
    assert_eq!(pooled(&document), Vec::<String>::new());
    assert!(document["beside"].is_null());
}

#[test]
fn months_are_as_many_as_asked_for() {
    let home = home();
    let (one, all) = (json(home.path(), &["--months", "1"]), json(home.path(), &["--months", "120"]));
    assert_eq!(one["recent"]["months"].as_array().unwrap().len(), 1);
    let sessions = |window: &Value| window["sessions"].as_u64().unwrap();
    assert_eq!(sessions(&one["recent"]) + sessions(&one["earlier"]), 200);
    assert!(all["earlier"].is_null() && sessions(&all["recent"]) == 200);
    refused(home.path(), &["coach", "--store", "own", "--months", "0"]);
}

#[test]
fn stores_of_many_people_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let team =
        ["simulate", "--mode", "team", "--quiet", "--sessions", "60", "--people", "30", "--out", "team"];
    good(home.path(), &team);
    for more in [&[][..], &["--json"]] {
        let err = refused(home.path(), &[&["coach", "--store", "team"], more].concat());
        assert!(err.contains("team store"), "{err}");
    }
    assert!(refused(home.path(), &["coach", "--store", "nowhere"]).contains("metier scan"));
}

#[test]
fn pooled_numbers_stand_beside_and_change_no_suggestion() {
    let home = home();
    let home = home.path();
    let team = [
        "simulate",
        "--mode",
        "team",
        "--quiet",
        "--sessions",
        "900",
        "--people",
        "90",
        "--seed",
        "9",
        "--out",
        "t",
    ];
    good(home, &team);
    let share = |more: &[&str]| good(home, &[&["share", "--store", "t", "--yes", "--quiet"], more].concat());
    share(&["pushback", "patterns", "expertise", "--out", "whole.metier"]);
    let beside = json(home, &["--beside", "whole.metier"]);
    let names = pooled(&beside);
    assert!(
        names.contains(&"delegation".to_owned()) && names.contains(&"corrections".to_owned()),
        "{names:?}"
    );
    assert!(!names.contains(&"unchecked".to_owned()) && !names.contains(&"test_run".to_owned()), "{names:?}");
    let alone = json(home, &[]);
    assert_eq!(alone["suggestions"], beside["suggestions"]);
    assert_eq!(beside["beside"]["bundles"], 1);
    // What the pool itself says of it.
    let pool: Value = serde_json::from_str(&good(home, &["pool", "whole.metier", "--json"])).unwrap();
    let measures = pool["findings"].as_array().unwrap().iter().find(|it| it["name"] == "patterns").unwrap();
    let delegation = &measures["groups"][0]["measures"][0];
    let line = &beside["themes"][0]["lines"][0];
    assert_eq!((&line["name"], &line["pooled"]), (&delegation["name"], &delegation["estimate"]));
    assert!(
        good(home, &["coach", "--store", "own", "--beside", "whole.metier"]).contains("Beside the pooled")
    );
}

#[test]
fn what_is_nothing_to_set_beside_is_refused() {
    let home = home();
    let home = home.path();
    let team = [
        "simulate",
        "--mode",
        "team",
        "--quiet",
        "--sessions",
        "900",
        "--people",
        "90",
        "--seed",
        "9",
        "--out",
        "t",
    ];
    good(home, &team);
    std::fs::write(home.join("text.metier"), "no bundle").unwrap();
    let share = |store: &str, more: &[&str]| {
        good(home, &[&["share", "--store", store, "--yes", "--quiet"], more].concat());
    };
    share("t", &["pushback", "--by", "agent", "--out", "split.metier"]);
    share("t", &["pushback", "--headless", "--out", "headless.metier"]);
    share("own", &["--rows", "--for", "somebody", "--out", "rows.metier"]);
    for (file, why) in
        [("split", "--by"), ("rows", "rows"), ("headless", "--headless"), ("text", "no metier bundle")]
    {
        let file = format!("{file}.metier");
        let err = refused(home, &["coach", "--store", "own", "--beside", &file]);
        assert!(err.contains(why), "{file}: {err}");
    }
}
