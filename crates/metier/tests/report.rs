//! `metier report` and `metier study --vega`, as a user meets them.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

fn metier(home: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("metier").unwrap();
    command
        .args(arguments)
        .env("HOME", home)
        .env("NO_COLOR", "1")
        .env_remove("METIER_STORE")
        .current_dir(home);
    command.output().unwrap()
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A simulated store in `store`.
fn simulated(mode: &[&str]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let words = ["simulate", "--quiet", "--sessions", "800", "--people", "60", "--out", "store"];
    assert!(metier(home.path(), &[&words, mode].concat()).status.success());
    home
}

#[test]
fn one_page_with_pictures_twice_the_same_bytes() {
    let home = simulated(&[]);
    for file in ["one.html", "other.html"] {
        let made = metier(home.path(), &["report", "--store", "store", "--html", file]);
        assert!(made.status.success(), "{made:?}");
    }
    let page = std::fs::read_to_string(home.path().join("one.html")).unwrap();
    assert_eq!(page, std::fs::read_to_string(home.path().join("other.html")).unwrap());
    assert!(page.len() < 2_000_000 && page.contains("<svg") && page.contains("Three suggestions"));
    assert!(page.contains("metier report --html FILE"), "how to make it again");
}

#[test]
fn the_terminal_and_markdown_have_the_months() {
    let home = simulated(&[]);
    let terminal = metier(home.path(), &["report", "--store", "store"]);
    assert!(text(&terminal).contains("From month to month") && text(&terminal).contains('█'));
    let markdown = text(&metier(home.path(), &["report", "--store", "store", "--markdown"]));
    assert!(markdown.starts_with("# metier report") && markdown.contains("## How it was made"));
    assert!(markdown.contains("### Success on expertise, control after control (Table A1)"));
}

#[test]
fn a_report_of_many_people_is_a_release() {
    let home = simulated(&["--mode", "team"]);
    let made = metier(home.path(), &["report", "--store", "store", "--html", "team.html"]);
    assert!(made.status.success(), "{made:?}");
    let page = std::fs::read_to_string(home.path().join("team.html")).unwrap();
    assert!(page.contains("withheld") && !page.contains("Three suggestions"));
    assert!(page.contains("at least 10 people"));
    assert!(text(&metier(home.path(), &["ledger", "--store", "store"])).contains("all findings"));
}

#[test]
fn one_finding_as_vega_lite() {
    let home = simulated(&[]);
    let vega = text(&metier(home.path(), &["study", "success", "--vega", "--store", "store"]));
    let vega: serde_json::Value = serde_json::from_str(&vega).unwrap();
    assert!(vega["$schema"].as_str().unwrap().contains("vega-lite"));
    assert!(!vega["data"]["values"].as_array().unwrap().is_empty());
    let all = metier(home.path(), &["study", "--vega", "--store", "store"]);
    assert_eq!(all.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&all.stderr).contains("takes one finding"));
}

#[test]
fn there_is_no_report_without_a_store() {
    let home = tempfile::tempdir().unwrap();
    let made = metier(home.path(), &["report", "--store", "nowhere", "--html", "page.html"]);
    assert_eq!(made.status.code(), Some(2));
    assert!(!home.path().join("page.html").exists());
}
