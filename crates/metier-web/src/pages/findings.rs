//! All findings as a list, and one finding with its filters: as a page, JSON, CSV or a Vega-Lite specification.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use maud::html;
use metier_report::html::{finding, headline};
use metier_report::shown;
use metier_study::{FINDINGS, find};

use super::filters::Filters;
use super::{aside, empty, framed};
use crate::answer::{self, Answer, Named, Trouble};
use crate::frame::Place;
use crate::held::App;

pub(super) async fn list(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    let content = html! {
        h1 { "Findings" }
        p.lead { "Every table and figure of the published studies over the sessions of this store, each with intervals and, where there is one, the published figure." }
        ul.plain {
            @for study in &FINDINGS {
                li {
                    a href={ "/findings/" (study.name) } { (study.title) }
                    br;
                    span.sub { (shown::words(first_sentence(study.definition))) }
                }
            }
        }
    };
    framed(&held, "Findings", Place::Findings, &content)
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    Named(name): Named,
    answer::Asked(filters): answer::Asked<Filters>,
) -> Answer {
    let study = find(&name).map_err(|error| Trouble::NotFound(error.to_string()))?;
    let held = app.held().await?;
    let settings = filters.settings()?;
    let made = aside({
        let (app, held, settings) = (app.clone(), held.clone(), settings.clone());
        move || app.findings(&held, &settings, &[study])
    })
    .await;
    let made = match (made, filters.format.as_str()) {
        (Ok(made), _) => made,
        (Err(trouble), "") => {
            // The form stays, so that one can ask for something else.
            let why = match trouble {
                Trouble::Refused(why) | Trouble::NotFound(why) | Trouble::Failed(why) => why,
            };
            let content = html! {
                h1 { (study.title) }
                (filters.form(&format!("/findings/{name}"), &held.choices, held.is_pooled()))
                div #result { div.note.warn { p { (why) } } }
            };
            return framed(&held, study.title, Place::Findings, &content);
        }
        (Err(trouble), _) => return Err(trouble),
    };
    let (summary, findings) = &*made;
    match filters.format.as_str() {
        "json" => {
            return Ok(answer::bytes("application/json", metier_report::json(summary, findings)));
        }
        "csv" => {
            return Ok(answer::bytes("text/csv; charset=utf-8", metier_report::csv(summary, findings)));
        }
        "vega" => {
            let one =
                findings.first().ok_or_else(|| Trouble::NotFound("There is no such finding.".to_owned()))?;
            return Ok(answer::json(&metier_report::vega(summary, one)));
        }
        "" => {}
        other => return Err(Trouble::Refused(format!("{other:?} is none of json, csv, vega."))),
    }
    let action = format!("/findings/{name}");
    let at = FINDINGS.iter().position(|one| one.name == study.name).unwrap_or(0);
    let (before, after) = (at.checked_sub(1).map(|at| &FINDINGS[at]), FINDINGS.get(at + 1));
    let sessions = summary.population.sessions;
    let content = html! {
        h1 { (study.title) }
        (filters.form(&action, &held.choices, held.is_pooled()))
        div #result {
            div data-count={ (sessions) " sessions" } hidden {}
            @if sessions == 0 && settings.conditions.is_empty() {
                (empty())
            } @else if sessions == 0 {
                div.note { p { "No session has all of that. Take one of the filters back." } }
            } @else {
                (headline(summary))
                div.alone { @for one in findings { (finding(one)) } }
                p.noprint {
                    "The same as "
                    a href={ (action) (filters.query("json")) } { "JSON" } ", "
                    a href={ (action) (filters.query("csv")) } { "CSV" } ", "
                    a href={ (action) (filters.query("vega")) } { "Vega-Lite" } "."
                }
            }
        }
        nav.pages aria-label="Other findings" {
            @if let Some(before) = before { a href={ "/findings/" (before.name) (filters.query("")) } { "← " (before.title) } }
            @if let Some(after) = after { a href={ "/findings/" (after.name) (filters.query("")) } { (after.title) " →" } }
        }
    };
    framed(&held, study.title, Place::Findings, &content).map(IntoResponse::into_response)
}
