//! Filters answer in place, and the numbers of the pages are those of `--json`, rounded as everywhere.

use std::path::Path;

use metier_report::shown;
use metier_store::Store;
use metier_study::{By, FINDINGS, Finding, Settings};
use serde_json::Value;

use crate::harness::{Served, Visit, folder, metier, programs, sample};

/// What a table shows of a measure: group, name, value, interval.
type Cells = Vec<[String; 4]>;

const LIST: &str = "return [...document.querySelectorAll('#result tr[data-measure]')].map(row => \
    ['', row.dataset.measure, row.cells[1].textContent, row.cells[2].textContent])";
const GRID: &str = "return [...document.querySelectorAll('#result td[data-measure]')].map(cell => \
    [cell.closest('tr').cells[0].textContent, cell.dataset.measure, cell.firstChild.textContent, cell.querySelector('.interval').textContent])";

fn cells(visit: &Visit, script: &str) -> Cells {
    serde_json::from_value(visit.js(script)).unwrap()
}

/// What it should show: the numbers of the JSON, in the words of `metier-report`. What a measure counts in is taken from
/// `like`, a finding of the same name.
fn expected(json: &Value, like: &Finding) -> Cells {
    let all = || {
        json["groups"].as_array().unwrap().iter().flat_map(|group| {
            group["measures"].as_array().unwrap().iter().map(move |measure| (group, measure))
        })
    };
    let has_key = all().any(|(_, measure)| measure["key"] == true);
    let mut cells = Vec::new();
    for (group, measure) in all().filter(|(_, measure)| measure["key"] == true || !has_key) {
        let name = measure["name"].as_str().unwrap();
        let mut own = like
            .groups
            .iter()
            .flat_map(|group| &group.measures)
            .find(|own| own.name == name)
            .unwrap()
            .clone();
        assert_eq!(serde_json::to_value(own.unit).unwrap(), measure["unit"], "{name}");
        let estimate = &measure["estimate"];
        own.estimate.value = estimate["value"].as_f64();
        own.estimate.low = estimate["low"].as_f64();
        own.estimate.high = estimate["high"].as_f64();
        let label = if like.by == By::Overall { "" } else { group["label"].as_str().unwrap() };
        cells.push([label.to_owned(), name.to_owned(), shown::value(&own), shown::interval(&own)]);
    }
    cells
}

fn study(home: &Path, more: &[&str]) -> Vec<Value> {
    let out = metier(home, &[&["study", "--json", "--store", "store"], more].concat());
    serde_json::from_str::<Value>(&out).unwrap()["findings"].as_array().unwrap().clone()
}

/// The same findings, made here, for what numbers count in.
fn like(store: &Path, by: By) -> Vec<Finding> {
    let rows = Store::open(store).unwrap().unwrap().rated_twice(None, None).unwrap();
    let studies: Vec<_> = FINDINGS.iter().collect();
    metier_study::study(&rows, &Settings { by, ..Settings::default() }, &studies).unwrap().1
}

#[test]
fn the_numbers_of_every_page_are_those_of_the_command_line() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    for (query, flags, by, script) in [
        ("", &[][..], By::Overall, LIST),
        ("?month=2026-01", &["--where", "month=2026-01"], By::Overall, LIST),
        ("?by=month", &["--by", "month"], By::Month, GRID),
    ] {
        let (json, like) = (study(home.path(), flags), like(&served.store, by));
        assert_eq!(json.len(), FINDINGS.len());
        let mut numbers = 0;
        for (json, like) in json.iter().zip(&like) {
            let path = format!("/findings/{}{query}", like.name);
            assert_eq!(json["name"], like.name);
            visit.go(&path);
            let (shown, expected) = (cells(&visit, script), expected(json, like));
            assert_eq!(shown, expected, "{path}");
            numbers += shown.iter().filter(|cells| cells[2] != "–").count();
        }
        assert!(numbers > 100, "{query}: {numbers} numbers were compared");
    }
    // And the page's own JSON is that of the command line, to the byte.
    let page = served.get("/findings/success?month=2026-01&format=json").text();
    let words = ["study", "success", "--json", "--store", "store", "--where", "month=2026-01"];
    assert_eq!(page, metier(home.path(), &words));
    // The cards of the first page too.
    visit.go("/");
    let cards = visit.js("return [...document.querySelectorAll('.cards [data-measure]')].map(card => [card.dataset.finding, card.dataset.measure, card.textContent])");
    let cards: Vec<[String; 3]> = serde_json::from_value(cards).unwrap();
    assert_eq!(cards.len(), 6);
    for [finding, measure, value] in &cards {
        visit.go(&format!("/findings/{finding}"));
        let all = cells(&visit, LIST);
        let own = all.iter().find(|cells| cells[1] == *measure);
        assert!(own.is_none_or(|cells| cells[2] == *value), "{finding} {measure}: {value}, and {own:?}");
    }
}

#[test]
fn a_choice_is_answered_in_place_and_can_be_taken_back() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    visit.go("/findings/success");
    let before = cells(&visit, LIST);
    visit.js("window.mark = 'the same page'");
    visit.click("select[name=month] option[value='2026-01']");
    let ready =
        |more: &str| format!("return !document.querySelector('#result').hasAttribute('aria-busy') && {more}");
    visit.until("the answer", &ready("location.search === '?month=2026-01'"));
    let month = cells(&visit, LIST);
    assert_ne!(month, before);
    assert!(
        visit.text("return document.querySelector('#news').textContent").ends_with(" sessions"),
        "it is told to who does not see"
    );
    visit.click("select[name=work_mode] option[value='building']");
    visit.until("the second answer", &ready("location.search === '?month=2026-01&work_mode=building'"));
    assert_eq!(visit.js("return window.mark"), "the same page");
    let (address, both) = (visit.path(), cells(&visit, LIST));
    visit.back();
    visit.until("one choice less", &ready("location.search === '?month=2026-01'"));
    visit.until("the form goes along", "return document.querySelector('[name=work_mode]').value === '' && document.querySelector('[name=month]').value === '2026-01'");
    assert_eq!(cells(&visit, LIST), month);
    visit.back();
    visit.until("no choice", &ready("location.search === ''"));
    visit.until("the form goes along", "return document.querySelector('[name=month]').value === ''");
    assert_eq!(cells(&visit, LIST), before);
    // The address opens the same again, with the same choices.
    visit.go(&address);
    assert_eq!(cells(&visit, LIST), both);
    assert_eq!(visit.js("return document.querySelector('[name=work_mode]').value"), "building");
    assert_eq!(visit.complaints(), Vec::<String>::new());
}

#[test]
fn sessions_are_searched_while_typing() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    visit.go("/sessions");
    let count = "return document.querySelectorAll('#result tbody tr').length";
    let all = visit.js(count).as_u64().unwrap();
    visit.js("window.mark = 'the same page'; document.querySelector('input[type=search]').focus()");
    visit.press("atlas");
    visit.until("fewer sessions", "return location.search.includes('q=atlas') && !document.querySelector('#result').hasAttribute('aria-busy')");
    let found = visit.js(count).as_u64().unwrap();
    assert!(found > 0 && found < all, "{found} of {all}");
    let rows = visit
        .js("return [...document.querySelectorAll('#result tbody tr')].map(row => row.cells[1].textContent)");
    assert!(rows.as_array().unwrap().iter().all(|row| row.as_str().unwrap().contains("atlas")), "{rows}");
    assert_eq!(visit.js("return document.activeElement.name"), "q", "one goes on typing");
    assert_eq!(visit.js("return window.mark"), "the same page");
    // Sorting keeps what was searched for.
    visit.click("th a.sort[href*='sort=actions']");
    visit.until("the sorted list", "return location.search.includes('sort=actions')");
    let sorted = visit.js("return [...document.querySelectorAll('#result tbody tr')].map(row => Number(row.cells[6].textContent.replace(',', '')))");
    let sorted: Vec<u64> = serde_json::from_value(sorted).unwrap();
    assert_eq!(sorted.len() as u64, found);
    assert!(sorted.is_sorted_by(|one, next| one >= next), "{sorted:?}");
    visit.js("document.querySelector('input[type=search]').focus()");
    visit.press("nowhere");
    visit.until(
        "that there is none",
        "return document.querySelector('#result').textContent.includes('No session says all of these words')",
    );
}
