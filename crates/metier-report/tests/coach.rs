//! The coach of simulated sessions, in full, as text; and the shape of its JSON.
#![allow(clippy::unwrap_used)]

use metier_report::{Style, coach as text, coach_json};
use metier_store::{Row, Rows};
use metier_study::Settings;
use metier_study::coach::{Coach, coach};
use metier_study::simulate::{Design, simulate};

fn rows(sessions: u32) -> Vec<Row> {
    simulate(&Design::new(sessions, 1, 4)).0
}

fn of(rows: Vec<Row>) -> Coach {
    coach(&Rows::of_owner(rows), &Settings::default(), 3, None).unwrap()
}

#[test]
fn as_text() {
    insta::assert_snapshot!(text(&of(rows(240)), &Style { width: 100, ..Style::default() }));
}

#[test]
fn with_few_sessions() {
    let told = text(&of(rows(4)), &Style::default());
    let start: Vec<&str> = told.lines().take_while(|line| !line.starts_with("How you work")).collect();
    insta::assert_snapshot!(start.join("\n"));
}

#[test]
fn as_json() {
    let told = coach_json(&of(rows(240)));
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["schema"], 1);
    assert!(document["beside"].is_null());
    let of_verification = &document["themes"][2];
    let unchecked = of_verification["lines"].as_array().unwrap().iter().find(|it| it["name"] == "unchecked");
    let part = serde_json::json!({
        "fields": document.as_object().unwrap().keys().collect::<Vec<_>>(),
        "recent": document["recent"],
        "suggestion": document["suggestions"][0],
        "line": unchecked.unwrap(),
        "contrast": document["recovery"]["contrasts"][0],
    });
    insta::assert_snapshot!(serde_json::to_string_pretty(&part).unwrap());
}

#[test]
fn the_order_of_rows_changes_no_byte() {
    let mut turned = rows(240);
    turned.reverse();
    let (one, other) = (of(rows(240)), of(turned));
    assert!(coach_json(&one) == coach_json(&other));
    assert!(text(&one, &Style::default()) == text(&other, &Style::default()));
}

#[test]
fn no_line_is_too_wide() {
    for width in [80, 100] {
        let told = text(&of(rows(240)), &Style { width, ..Style::default() });
        let wide: Vec<&str> = told.lines().filter(|line| line.chars().count() > width).collect();
        assert!(told.lines().count() > 100 && wide.is_empty(), "{width}: {wide:#?}");
    }
}
