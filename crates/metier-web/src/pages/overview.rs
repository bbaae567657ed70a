//! The first page: whom this is about, the few numbers that one looks at first, and where to go on.

use std::sync::Arc;

use axum::extract::State;
use maud::html;
use metier_report::html::{finding, headline};
use metier_report::shown;
use metier_study::{By, Settings, find};

use super::{aside, empty, framed};
use crate::answer::{Answer, Trouble};
use crate::frame::Place;
use crate::held::App;

/// The numbers on the cards: a finding, its measure, and what to call it.
const CARDS: [(&str, &str, &str); 6] = [
    ("success", "verified", "of sessions verifiably succeed"),
    ("success", "partial", "succeed at least in part"),
    ("trouble", "troubled", "run into trouble"),
    ("depth", "actions_mean", "actions of the agent per prompt"),
    ("decisions", "planning", "of planning decisions are the person's"),
    ("decisions", "execution", "of execution decisions are the person's"),
];

/// The findings that are drawn on the first page.
const DRAWN: [&str; 3] = ["composition", "success", "patterns"];

pub(super) async fn page(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    let content = aside({
        let (app, held) = (app.clone(), held.clone());
        move || {
            let names = ["success", "trouble", "depth", "decisions", "composition", "patterns"];
            let studies = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>().map_err(Trouble::failed)?;
            let made = app.findings(&held, &Settings { by: By::Overall, ..Settings::default() }, &studies)?;
            let (summary, findings) = &*made;
            let measure = |name: &str, measure: &str| {
                findings.iter().find(|one| one.name == name)?.groups.first()?.measures.iter().find(|one| one.name == measure)
            };
            Ok(html! {
                h1 { "How people and agents work here" }
                @if summary.population.sessions == 0 {
                    (empty())
                } @else {
                    (headline(summary))
                    @if summary.synthetic {
                        div.note.warn { p { "These sessions are made up. They say nothing about anybody." } }
                    }
                    ul.cards {
                        @for (name, of, what) in CARDS {
                            @if let Some(measure) = measure(name, of) {
                                li {
                                    div.big data-finding=(name) data-measure=(of) { (shown::value(measure)) }
                                    div.what { (what) }
                                    @let interval = shown::interval(measure);
                                    @if !interval.is_empty() { div.beside { "95 % interval " (interval) } }
                                    @if let Some(published) = shown::published(measure) { div.beside { "published: " (published) } }
                                    a.beside href={ "/findings/" (name) } { "more" }
                                }
                            }
                        }
                    }
                    p { a href="/findings" { "All findings" } @if !held.is_pooled() { " · " a href="/sessions" { "Sessions" } " · " a href="/coach" { "What the coach sees" } } }
                    @for one in findings.iter().filter(|one| DRAWN.contains(&one.name)) { (finding(one)) }
                }
            })
        }
    })
    .await?;
    framed(&held, "Overview", Place::Overview, &content)
}
