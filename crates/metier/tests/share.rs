//! Bundles as a user meets them: written, signed, pooled and collected by the binary, and what it does with hostile ones.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use assert_cmd::Command;
use metier_label::rubric;
use metier_session::Id;
use metier_store::{Row, Store, rows_from_bytes, rows_to_bytes};
use metier_study::share::{Kind, Made, open, read_rows, seal, write_rows};
use metier_study::simulate::{Design, simulate};
use serde_json::Value;

/// metier in a home of its own, with nothing of the machine's, and nobody to answer.
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
fn good(home: &Path, arguments: &str) -> (String, String) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (status, out, err) = metier(home, &words);
    assert_eq!(status, 0, "{arguments}: {err}");
    (out, err)
}

/// The one line that is said where nothing is done.
#[track_caller]
fn refused(home: &Path, arguments: &str) -> String {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (status, _, err) = metier(home, &words);
    assert_eq!(status, 2, "{arguments}: {err}");
    assert_eq!(err.trim_end().lines().count(), 1, "{arguments}: {err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

/// Bundles of two teams, and rows of a person, made once.
static MADE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    for (name, seed) in [("one", 1), ("two", 2)] {
        let arguments =
            format!("simulate --quiet --mode team --out {name} --people 60 --sessions 400 --seed {seed}");
        good(home.path(), &arguments);
        good(home.path(), &format!("share success depth --out {name}.bundle --store {name} --quiet"));
    }
    for (name, seed) in [("ada", 11), ("bea", 12), ("cyd", 13)] {
        sender(home.path(), name, seed);
        good(home.path(), &format!("share --rows --for lab --yes --out {name}.rows --store {name} --quiet"));
    }
    home
});

/// A person with a store of their own.
fn sender(home: &Path, name: &str, seed: u64) {
    good(home, &format!("simulate --quiet --out {name} --people 1 --sessions 30 --seed {seed}"));
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for name in ["one.bundle", "two.bundle", "ada.rows", "bea.rows", "cyd.rows"] {
        fs::copy(MADE.path().join(name), home.path().join(name)).unwrap();
    }
    home
}

fn store(home: &Path, name: &str) -> Vec<Row> {
    Store::open(&home.join(name)).unwrap().unwrap().rows().unwrap().ungated().0.to_vec()
}

/// The rows in a bundle, and how it was made.
fn rows_of(path: &Path) -> (Made, Vec<Row>) {
    let bytes = fs::read(path).unwrap();
    let opened = open(&bytes).unwrap();
    assert_eq!(opened.kind, Kind::Rows);
    let (made, parquet) = read_rows(opened.body).unwrap();
    (made, rows_from_bytes(parquet.to_vec()).unwrap())
}

/// A research store with somebody's session in it.
fn research(home: &Path) {
    good(home, "sample --quiet --out s --sessions 1");
    good(home, "scan s --mode research --store lab --quiet");
}

#[test]
fn a_bundle_says_what_it_is_and_the_preview_what_is_in_it() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    good(home, "simulate --quiet --mode team --out team --people 60 --sessions 400 --seed 5");
    let (out, err) = good(home, "share success --out b --store team");
    let bytes = fs::read(home.join("b")).unwrap();
    assert!(bytes.starts_with(b"metier bundle 1 aggregates blake3:"));
    let opened = open(&bytes).unwrap();
    let body: Value = serde_json::from_slice(opened.body).unwrap();
    let source = body["made"]["source"].as_str().unwrap();
    let numbers = body["findings"]["success"][0]["numbers"].as_object().unwrap().len();
    for said in [
        &format!("{numbers} numbers of 1 findings"),
        source,
        body["made"]["day"].as_str().unwrap(),
        body["made"]["rubric"].as_str().unwrap(),
        "no id, no time, no project and no text",
        "verified success",
    ] {
        assert!(out.contains(said), "{said:?} in {out}");
    }
    assert!(err.contains("wrote b"), "{err}");
    // Nothing of a person or a session stands in it.
    let text = String::from_utf8(bytes).unwrap();
    for row in store(home, "team") {
        for id in [row.session, row.person.unwrap(), row.project.unwrap()] {
            assert!(!text.contains(&id.to_string()[..8]));
        }
    }
    // The same again is the same to the byte but for the day.
    good(home, "share success --out c --store team --quiet");
    assert_eq!(fs::read(home.join("c")).unwrap(), fs::read(home.join("b")).unwrap());
    // What is there stays.
    let before = fs::read(home.join("b")).unwrap();
    assert!(refused(home, "share success --out b --store team").contains("b is there already"));
    assert_eq!(fs::read(home.join("b")).unwrap(), before);
    let ledger = fs::read(home.join("team/ledger.json")).unwrap();
    refused(home, "share success depth --out b --store team");
    assert_eq!(fs::read(home.join("team/ledger.json")).unwrap(), ledger, "nothing was released");
}

#[test]
fn projects_are_not_in_a_bundle() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    good(home, "simulate --quiet --mode team --out team --people 60 --sessions 400 --seed 5");
    assert!(refused(home, "share success --by project --out b --store team").contains("project"));
}

/// Conditions of a bundle stand in it.
#[test]
fn a_project_that_is_asked_for_is_not_named_in_a_bundle() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    good(home, "simulate --quiet --mode team --out team --people 60 --sessions 400 --seed 5");
    // One project for all, so that the gate lets it pass: the bundle must not name it all the same.
    let rows = store(home, "team");
    let project = Id(0xabcdef << 100);
    let mut months: std::collections::BTreeMap<String, Vec<Row>> = Default::default();
    for row in rows {
        months
            .entry(row.facts.first.unwrap().month())
            .or_default()
            .push(Row { project: Some(project), ..row });
    }
    for (month, rows) in months {
        metier_store::put_month(&home.join("team"), &month, &rows, &|| {}).unwrap();
    }
    let words = format!("share success --where project={project} --out b --store team --quiet");
    let words: Vec<&str> = words.split_whitespace().collect();
    metier(home, &words);
    let written = fs::read(home.join("b")).map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!written.is_ok_and(|text| text.contains(&project.to_string()[..8])), "the project is named");
}

#[test]
fn signatures_are_made_and_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    good(home, "simulate --quiet --mode team --out team --people 60 --sessions 300");
    let (_, err) = good(home, "share success --out b --sign signing.key --store team");
    let public = err.split("--signed-by ").nth(1).unwrap().trim().to_owned();
    assert_eq!(public.len(), 64, "{err}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(home.join("signing.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The key stays, and signs again.
    let key = fs::read(home.join("signing.key")).unwrap();
    let (_, err) = good(home, "share success --out c --sign signing.key --store team");
    assert!(err.contains(&public) && fs::read(home.join("signing.key")).unwrap() == key);
    good(home, &format!("pool b --signed-by {public}"));
    good(home, &format!("pool b --signed-by {}", public.to_ascii_uppercase()));
    good(home, &format!("pool b --signed-by {} --signed-by {public}", "0".repeat(64)));
    good(home, "pool b");
    let err = refused(home, &format!("pool b --signed-by {}", "0".repeat(64)));
    assert!(err.contains("b is signed by") && err.contains(&public), "{err}");
    good(home, "share success --out unsigned --store team --quiet");
    let err = refused(home, &format!("pool unsigned --signed-by {public}"));
    assert!(err.contains("unsigned is not signed"), "{err}");
    // A signature cut off is one that is not there; one of something else is wrong.
    let bytes = fs::read(home.join("b")).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (line, body) = text.split_once('\n').unwrap();
    let signature = line.rsplit(' ').next().unwrap();
    fs::write(home.join("cut"), format!("{}\n{body}", line.replace(&format!(" {signature}"), ""))).unwrap();
    assert!(refused(home, &format!("pool cut --signed-by {public}")).contains("not signed"));
    let other = seal(Kind::Aggregates, b"{}\n", None);
    let other = String::from_utf8(other).unwrap().replacen('\n', &format!(" {signature}\n"), 1);
    fs::write(home.join("moved"), other).unwrap();
    assert!(refused(home, "pool moved").contains("moved: its signature is wrong"));
    fs::write(home.join("none.key"), "not a key").unwrap();
    let err = refused(home, "share success --out d --sign none.key --store team --quiet");
    assert!(err.contains("none.key") && !home.join("d").exists(), "{err}");
}

#[test]
fn bundles_are_pooled() {
    let home = home();
    let home = home.path();
    let (out, _) = good(home, "pool one.bundle two.bundle --json");
    let pooled: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(pooled["findings"].as_array().unwrap().len(), 2);
    assert!(!pooled["forests"].as_array().unwrap().is_empty());
    assert_eq!(good(home, "pool two.bundle one.bundle --json").0, out, "the order does not matter");
    for format in ["", "--csv", "--markdown", "--forest", "--finding success"] {
        let (out, _) = good(home, &format!("pool one.bundle two.bundle {format}"));
        assert!(out.contains("success"), "{format}: {out}");
    }
    assert!(refused(home, "pool one.bundle one.bundle").contains("same store"));
    assert!(refused(home, "pool one.bundle --finding luck").contains("luck"));
    assert!(refused(home, "pool nowhere").contains("nowhere"));
    // A bundle of one is taken as it is.
    good(home, "pool one.bundle");
}

/// Whether people count twice must not hang on whether the secret was rotated in between.
#[test]
fn the_same_store_is_known_again_after_a_rotation() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    good(home, "simulate --quiet --mode team --out team --people 60 --sessions 300");
    good(home, "share success --out before --store team --quiet");
    good(home, "key rotate --store team --quiet");
    good(home, "share success --out after --store team --quiet");
    assert!(refused(home, "pool before after").contains("same store"));
}

#[test]
fn every_changed_byte_is_refused_with_the_files_name() {
    let home = home();
    let home = home.path();
    for (name, command) in [("one.bundle", "pool"), ("ada.rows", "collect --store lab")] {
        if command.starts_with("collect") {
            research(home);
        }
        let whole = fs::read(home.join(name)).unwrap();
        let length = whole.len();
        for at in [0, 8, 15, 20, 40, 120, length / 2, length - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(home.join("flipped"), bytes).unwrap();
            let err = refused(home, &format!("{command} flipped"));
            assert!(err.contains("flipped"), "byte {at}: {err}");
        }
        for cut in [0, 10, 100, length / 2, length - 1] {
            fs::write(home.join("short"), &whole[..cut]).unwrap();
            assert!(refused(home, &format!("{command} short")).contains("short"));
        }
        // Beside a sound one, it is all refused.
        fs::write(home.join("flipped"), [&whole[..length - 1], b"?"].concat()).unwrap();
        refused(home, &format!("{command} {name} flipped"));
    }
    assert_eq!(store(home, "lab").len(), 1, "nothing of what was sent with a broken one is taken");
}

#[test]
fn what_a_broken_bundle_says_does_not_reach_the_terminal() {
    let home = home();
    let home = home.path();
    for line in [
        "metier bundle \u{1b}[2J\u{7} aggregates blake3:0\n",
        "metier bundle 1 \u{1b}]0;owned\u{7} blake3:0\n",
        "metier bundle 1 aggregates \u{1b}[31m\n",
    ] {
        fs::write(home.join("hostile"), line).unwrap();
        let err = refused(home, "pool hostile");
        assert!(!err.trim_end().chars().any(char::is_control), "{err:?}");
    }
    let body = open(&fs::read(home.join("one.bundle")).unwrap()).unwrap().body.to_vec();
    let body = String::from_utf8(body).unwrap();
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J";
    let escaped = serde_json::to_string(hostile).unwrap();
    for (from, to) in [
        ("\"label\": \"all\"", format!("\"label\": {escaped}")),
        ("\"mode\": \"team\"", format!("\"mode\": {escaped}")),
        ("\"verified\": ", format!("{escaped}: ")),
        ("\"headless\": false", format!("{escaped}: false")),
    ] {
        assert!(body.contains(from), "{from}");
        fs::write(home.join("hostile"), seal(Kind::Aggregates, body.replacen(from, &to, 1).as_bytes(), None))
            .unwrap();
        let err = refused(home, "pool hostile");
        assert!(err.contains("hostile") && !err.trim_end().chars().any(char::is_control), "{err:?}");
    }
}

/// Conditions are printed where bundles are pooled, and where they differ.
#[test]
fn what_a_bundle_says_of_its_sessions_does_not_reach_the_terminal() {
    let home = home();
    let home = home.path();
    let body = open(&fs::read(home.join("one.bundle")).unwrap()).unwrap().body.to_vec();
    let body = String::from_utf8(body).unwrap();
    let condition = serde_json::to_string("month=\u{1b}]0;owned\u{7}\u{1b}[2J").unwrap();
    let body = body.replacen("\"conditions\": []", &format!("\"conditions\": [{condition}]"), 1);
    fs::write(home.join("hostile"), seal(Kind::Aggregates, body.as_bytes(), None)).unwrap();
    for arguments in
        [&["pool", "hostile"][..], &["pool", "hostile", "two.bundle"], &["pool", "hostile", "--markdown"]]
    {
        let (_, out, err) = metier(home, arguments);
        assert!(!(out + &err).contains('\u{1b}'), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_never_ends_is_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let err = refused(home.path(), "pool /dev/zero");
    assert!(err.contains("/dev/zero is larger than any bundle"), "{err}");
    std::os::unix::fs::symlink("/dev/zero", home.path().join("link")).unwrap();
    assert!(refused(home.path(), "pool link").contains("larger"));
    // A folder is no bundle.
    fs::create_dir(home.path().join("folder")).unwrap();
    assert!(refused(home.path(), "pool folder").contains("folder"));
}

#[test]
fn rows_leave_only_after_a_yes() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    sender(home, "ada", 11);
    let words = ["share", "--rows", "--for", "lab", "--out", "b", "--store", "ada"];
    let (status, out, err) = metier(home, &words);
    assert!(status == 2 && err.contains("--yes") && !home.join("b").exists(), "{err}");
    for said in [
        "For lab: 30 sessions of 1 people",
        "Left empty: project, agent_version, languages, occupation, work_occupation",
        "The first row:",
    ] {
        assert!(out.contains(said), "{said:?} in {out}");
    }
    let (again, err) = good(home, "share --rows --for lab --yes --out b --store ada");
    assert!(again == out && err.contains("wrote b"), "{err}");
    assert!(fs::read(home.join("b")).unwrap().starts_with(b"metier bundle 1 rows blake3:"));
    assert!(refused(home, "share --rows --for lab --yes --out b --store ada").contains("there already"));
    // Rows need a recipient, and are not split or chosen by findings.
    for arguments in ["--rows", "--for lab", "--rows --for lab success", "--rows --for lab --by month"] {
        let all = format!("share {arguments} --yes --out c --store ada");
        let (status, ..) = metier(home, &all.split_whitespace().collect::<Vec<_>>());
        assert!(status == 2 && !home.join("c").exists(), "{arguments}");
    }
    // One person's sums are one person's.
    let err = refused(home, "share --out c --store ada");
    assert!(
        err.contains("one person's store") && err.contains("--rows") && !home.join("c").exists(),
        "{err}"
    );
}

#[test]
fn two_recipients_cannot_join_what_they_got() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    sender(home, "ada", 11);
    for (name, recipient) in [("1", "lab"), ("2", "lab"), ("3", "bureau"), ("4", "Lab")] {
        good(home, &format!("share --rows --for {recipient} --yes --quiet --out {name} --store ada"));
    }
    let all = ["1", "2", "3", "4"].map(|name| rows_of(&home.join(name)));
    let ids = |rows: &[Row]| -> HashSet<Id> {
        rows.iter().flat_map(|row| [Some(row.session), row.person]).flatten().collect()
    };
    let own: HashSet<Id> = ids(&store(home, "ada"));
    assert_eq!(fs::read(home.join("1")).unwrap(), fs::read(home.join("2")).unwrap());
    for (at, (made, rows)) in all.iter().enumerate() {
        assert_eq!(ids(rows).len(), 31);
        assert!(ids(rows).is_disjoint(&own), "{at}");
        for (other, (other_made, other_rows)) in all.iter().enumerate().skip(at + 1) {
            let same = (at, other) == (0, 1);
            assert_eq!(ids(rows).is_disjoint(&ids(other_rows)), !same, "{at} {other}");
            assert_eq!(made.source == other_made.source, same, "{at} {other}");
        }
    }
}

#[test]
fn rows_tell_days_and_families_and_leave_the_rest_out() {
    let home = home();
    let own = simulate(&Design::new(30, 1, 11)).0;
    let (made, rows) = rows_of(&home.path().join("ada.rows"));
    assert_eq!((made.rubric, rows.len()), (rubric().hash.to_string(), own.len()));
    let occupation = rubric().find("occupation").unwrap();
    assert!(own.iter().any(|row| row.labels.answers[occupation].is_some()));
    assert!(own.iter().any(|row| row.facts.agent_version.is_some()));
    for row in &rows {
        for time in [row.facts.first, row.facts.last].into_iter().flatten() {
            assert_eq!(time.0.rem_euclid(86_400_000), 0, "{time}");
        }
        assert_eq!((row.project, &row.facts.agent_version), (None, &None));
        let work = rubric().find("work_occupation").unwrap();
        assert!(row.labels.answers[occupation].is_none() && row.labels.answers[work].is_none());
        assert!(row.facts.languages.is_empty());
        assert!(row.person.is_some());
    }
    // Everything else is as it was.
    let mut days: Vec<_> = own.iter().map(|row| row.facts.first.unwrap().0.div_euclid(86_400_000)).collect();
    let mut shared: Vec<_> = rows.iter().map(|row| row.facts.first.unwrap().0 / 86_400_000).collect();
    days.sort_unstable();
    shared.sort_unstable();
    assert_eq!(days, shared);
    let words = |rows: &[Row]| {
        let mut all: Vec<_> =
            rows.iter().map(|row| (row.facts.words, row.facts.actions, row.facts.turns.clone())).collect();
        all.sort_by_key(|(words, actions, turns)| (*words, *actions, turns.len()));
        all
    };
    assert_eq!(words(&rows), words(&own));
    // The order tells nothing of that of the store.
    assert!(rows.is_sorted_by_key(|row| row.session));
}

#[test]
fn what_is_sent_is_collected_and_sent_again_not_doubled() {
    let home = home();
    let home = home.path();
    research(home);
    let (_, err) = good(home, "collect ada.rows bea.rows cyd.rows --store lab");
    assert!(err.contains("90 rows of 3 bundles"), "{err}");
    let count = || store(home, "lab").len();
    let people = || store(home, "lab").iter().filter_map(|row| row.person).collect::<HashSet<_>>().len();
    assert_eq!((count(), people()), (91, 4));
    let before: HashSet<Id> = store(home, "lab").iter().map(|row| row.session).collect();
    good(home, "collect bea.rows --store lab --quiet");
    good(home, "collect cyd.rows ada.rows --store lab --quiet");
    assert_eq!((count(), people()), (91, 4));
    // A rotation makes new ids, and knows the old pseudonyms by them.
    good(home, "key rotate --store lab --quiet");
    let after: HashSet<Id> = store(home, "lab").iter().map(|row| row.session).collect();
    assert!(before.is_disjoint(&after));
    good(home, "collect ada.rows bea.rows cyd.rows --store lab --quiet");
    assert_eq!((count(), people()), (91, 4));
    assert_eq!(after, store(home, "lab").iter().map(|row| row.session).collect());
    // Nor does a scan lose them.
    good(home, "scan s --store lab --quiet");
    assert_eq!(count(), 91);
    let (out, _) = good(home, "collect ada.rows --store lab --json");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), serde_json::json!({"bundles": 1, "rows": 30}));
}

/// The same file named twice, or the newer bundle beside the older one.
#[test]
fn the_same_rows_in_two_bundles_at_once_are_not_doubled() {
    let home = home();
    let home = home.path();
    research(home);
    good(home, "collect ada.rows ada.rows --store lab --quiet");
    assert_eq!(store(home, "lab").len(), 31);
}

#[test]
fn each_command_takes_its_own_kind() {
    let home = home();
    let home = home.path();
    research(home);
    let err = refused(home, "collect one.bundle --store lab");
    assert!(err.contains("one.bundle holds sums") && err.contains("metier pool"), "{err}");
    let err = refused(home, "pool ada.rows");
    assert!(err.contains("ada.rows holds rows") && err.contains("metier collect"), "{err}");
    refused(home, "collect ada.rows one.bundle --store lab");
    assert_eq!(store(home, "lab").len(), 1);
    // Into one person's store, or none, nothing is collected.
    good(home, "scan s --store own --quiet");
    assert!(refused(home, "collect ada.rows --store own").contains("one person's"));
    assert!(refused(home, "collect ada.rows --store nowhere").contains("no store"));
    assert!(!home.join("nowhere").exists());
    let err = refused(home, &format!("collect ada.rows --store lab --signed-by {}", "0".repeat(64)));
    assert!(err.contains("not signed"), "{err}");
}

fn made() -> Made {
    Made {
        metier: "0.4.0".to_owned(),
        facts: metier_session::measure::VERSION,
        labels: metier_label::builtin::VERSION,
        rubric: rubric().hash.to_string(),
        source: "0".repeat(32),
        day: "2026-11-21".to_owned(),
    }
}

#[test]
fn rows_of_other_definitions_are_not_mixed_in() {
    let home = home();
    let home = home.path();
    research(home);
    let parquet = rows_to_bytes(&rows_of(&home.join("ada.rows")).1).unwrap();
    for (made, said) in [
        (Made { rubric: "blake3:0".to_owned(), ..made() }, "rubric"),
        (Made { facts: made().facts + 1, ..made() }, "facts"),
    ] {
        fs::write(home.join("b"), seal(Kind::Rows, &write_rows(made, &parquet), None)).unwrap();
        let err = refused(home, "collect b --store lab");
        assert!(err.contains(said) && err.contains("b: "), "{err}");
    }
    fs::write(home.join("b"), seal(Kind::Rows, &write_rows(made(), &parquet), None)).unwrap();
    good(home, "collect b --store lab --quiet");
}

#[test]
fn hostile_rows_are_refused() {
    let home = home();
    let home = home.path();
    research(home);
    let parquet = rows_to_bytes(&rows_of(&home.join("ada.rows")).1).unwrap();
    let length = parquet.len();
    // Another number of bytes of metadata than there are, to read before the beginning, or all of memory.
    let footer = |bytes: u32| {
        let mut file = parquet.clone();
        file[length - 8..length - 4].copy_from_slice(&bytes.to_le_bytes());
        file
    };
    let random: Vec<u8> = (0..5_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let files = [
        Vec::new(),
        b"PAR1".to_vec(),
        b"PAR1PAR1".to_vec(),
        [b"PAR1", &random[..], b"PAR1"].concat(),
        random.clone(),
        parquet[..length / 2].to_vec(),
        parquet[..length - 1].to_vec(),
        parquet[length / 2..].to_vec(),
        footer(0),
        footer(u32::MAX),
        footer(i32::MAX as u32),
        footer(length as u32),
    ];
    for (at, file) in files.iter().enumerate() {
        fs::write(home.join("hostile"), seal(Kind::Rows, &write_rows(made(), file), None)).unwrap();
        let err = refused(home, "collect hostile --store lab");
        assert!(err.contains("hostile") && err.len() < 600, "{at}: {err}");
    }
    // Bodies that are none, under a right checksum.
    for body in [&b""[..], b"\n", b"{}\n", b"no line", &random, b"{\"schema\":9,\"made\":{}}\nPAR1"] {
        fs::write(home.join("hostile"), seal(Kind::Rows, body, None)).unwrap();
        assert!(refused(home, "collect hostile --store lab").contains("hostile"));
    }
    assert_eq!(store(home, "lab").len(), 1);
}

/// Whatever is changed in a file of rows, it is read or refused: the process goes on.
#[test]
fn changed_files_of_rows_do_not_end_the_process() {
    let home = home();
    let parquet = rows_to_bytes(&rows_of(&home.path().join("ada.rows")).1).unwrap();
    // What the library says of its panics would hide what fails.
    std::panic::set_hook(Box::new(|_| {}));
    let (mut seed, mut taken, mut panics) = (9u64, 0, 0);
    let mut below = |sides: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % sides
    };
    for _ in 0..400 {
        let mut bytes = parquet.clone();
        // Mostly where the metadata stands.
        let from = if below(4) > 0 { bytes.len().saturating_sub(9_000) } else { 0 };
        for _ in 0..1 + below(3) {
            let at = from + below(bytes.len() - from);
            bytes[at] ^= 1 << below(8);
        }
        match rows_from_bytes(bytes) {
            Ok(_) => taken += 1,
            Err(error) if error.to_string().contains("no Parquet file that can be read") => panics += 1,
            Err(_) => {}
        }
    }
    let _ = std::panic::take_hook();
    println!("{taken} of 400 are taken, of {panics} the library panics");
}

/// Times beyond the calendar and counts beyond memory, in a file that is one.
#[test]
fn impossible_rows_do_no_harm() {
    let home = home();
    let home = home.path();
    research(home);
    let sound = rows_of(&home.join("ada.rows")).1;
    let changes: [fn(&mut Row); 7] = [
        |row| row.facts.first = Some(metier_session::Time(i64::MAX)),
        |row| row.facts.first = Some(metier_session::Time(i64::MIN)),
        |row| row.facts.first = Some(metier_session::Time(-70_000_000_000_000_000)),
        |row| row.facts.prompts = u64::MAX,
        |row| row.facts.words = u64::MAX,
        |row| row.facts.cost_usd = Some(f64::NAN),
        |row| row.facts.cost_usd = Some(f64::INFINITY),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut rows = sound.clone();
        change(&mut rows[0]);
        let Ok(parquet) = rows_to_bytes(&rows) else { continue };
        fs::write(home.join("hostile"), seal(Kind::Rows, &write_rows(made(), &parquet), None)).unwrap();
        let (status, _, err) = metier(home, &["collect", "hostile", "--store", "lab", "--quiet"]);
        assert!(!err.contains("panicked") && status <= 2, "{at}: {err}");
        // Whatever became of it, the store can be read, and nothing lies outside.
        store(home, "lab");
        let folders: Vec<String> = fs::read_dir(home.join("lab/sessions"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert!(folders.iter().all(|name| name.starts_with("month=") && name.len() <= 14), "{folders:?}");
        let (status, _, err) = metier(home, &["study", "--store", "lab", "--json"]);
        assert!(status == 2 && err.contains("nothing can be released"), "{at}: {err}");
    }
}

/// Senders write what they like where a store has names: these are printed where groups are of enough people.
#[test]
fn names_in_rows_that_were_sent_hold_no_text() {
    let home = home();
    let home = home.path();
    research(home);
    let mut rows = rows_of(&home.join("ada.rows")).1;
    let hostile = "\u{1b}]0;owned\u{7} tell nobody of the zeppelin";
    rows[0].facts.main_model = Some(hostile.to_owned());
    rows[0].facts.models = vec![hostile.to_owned()];
    rows[0].facts.agent_version = Some(hostile.to_owned());
    rows[0].facts.languages = vec![hostile.to_owned()];
    fs::write(
        home.join("hostile"),
        seal(Kind::Rows, &write_rows(made(), &rows_to_bytes(&rows).unwrap()), None),
    )
    .unwrap();
    metier(home, &["collect", "hostile", "--store", "lab", "--quiet"]);
    for row in store(home, "lab") {
        let facts = row.facts;
        let names =
            facts.models.iter().chain(&facts.languages).chain(&facts.main_model).chain(&facts.agent_version);
        for name in names {
            assert!(!name.contains("zeppelin"), "{name:?}");
        }
    }
}
