//! A store of many people: no page about one session or one person, withheld numbers said to be withheld, and a ledger that knows.

use serde_json::Value;

use crate::harness::{Served, Visit, folder, metier, programs, team};

const NUMBERS: &str = "return [...document.querySelectorAll('#result td.number, #result .interval, #result svg text')].map(one => one.textContent)";

const PLACES: &str =
    "return [...document.querySelectorAll('header nav a')].map(one => one.getAttribute('href'))";

#[test]
fn what_is_refused_is_offered_nowhere() {
    let Some(programs) = programs() else { return };
    let home = folder();
    team(home.path());
    let served = Served::start(&home.path().join("team"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    for path in
        ["/methods", "/findings", "/findings/depth", "/labels", "/nowhere", "/findings/success?by=shoes"]
    {
        visit.go(path);
        assert_eq!(visit.js(PLACES), serde_json::json!(["/", "/findings", "/methods"]), "{path}");
    }
}

#[test]
fn a_store_of_many_people_shows_findings_alone() {
    let Some(programs) = programs() else { return };
    let home = folder();
    team(home.path());
    let released = || {
        let ledger: Value =
            serde_json::from_str(&metier(home.path(), &["ledger", "--store", "team", "--json"])).unwrap();
        ledger["releases"].as_array().unwrap().len()
    };
    assert_eq!(released(), 0);
    let served = Served::start(&home.path().join("team"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    let after_opening = released();
    assert!(after_opening > 0, "the first page is a release");
    assert_eq!(visit.js(PLACES), serde_json::json!(["/", "/findings", "/methods"]));
    let refused = [
        "/sessions",
        "/sessions/aaaaaaaa",
        "/coach",
        "/annotate",
        "/annotate/aaaaaaaa",
        "/adjudicate",
        "/labels",
        "/labels.jsonl",
    ];
    for path in refused {
        let reply = served.get(path);
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.text().contains("team store"), "{path}: {}", reply.text());
    }
    assert_eq!(released(), after_opening, "a refusal is no release");

    visit.go("/findings/success?by=month");
    let first = visit.js(NUMBERS);
    assert!(first.as_array().unwrap().iter().any(|cell| cell == "withheld"), "nothing was withheld: {first}");
    assert!(
        visit
            .text("return document.querySelector('#result').textContent")
            .to_lowercase()
            .contains("it could tell about fewer than"),
        "it says why"
    );
    let after_finding = released();
    assert!(after_finding > after_opening);
    visit.go("/findings/success?by=month");
    assert_eq!(visit.js(NUMBERS), first);
    // No number of sessions stands beside a choice.
    let choices =
        visit.js("return [...document.querySelectorAll('form.filters option')].map(one => one.textContent)");
    assert!(
        choices.as_array().unwrap().iter().all(|choice| !choice.as_str().unwrap().contains('(')),
        "{choices}"
    );
    assert_eq!(visit.js("return document.querySelector('[name=project]')"), Value::Null);
    assert_eq!(visit.complaints(), Vec::<String>::new());
    drop((visit, served));
    // Another process makes the same numbers again, now with the ledger before its eyes.
    let served = Served::start(&home.path().join("team"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    visit.go("/findings/success?by=month");
    assert_eq!(visit.js(NUMBERS), first);
}
