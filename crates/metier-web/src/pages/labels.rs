//! Who judged how many sessions, how well they agree with the built-in labeller, and the labels as a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use maud::{Markup, html};
use metier_label::file::{self, Name};
use metier_label::{Labels, Rater, agreement, rubric};
use metier_report::shown;
use metier_session::Id;

use super::{aside, framed, owners_only};
use crate::answer::{self, Answer, Trouble};
use crate::frame::Place;
use crate::held::{App, Held};

pub(super) async fn page(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let content = aside({
        let (app, held) = (app.clone(), held.clone());
        move || made(&app, &held)
    })
    .await?;
    framed(&held, "Labels", Place::Labels, &content)
}

/// The labels of everybody but the built-in labeller, by rater.
fn others(app: &App) -> Result<BTreeMap<String, Vec<(Id, Labels)>>, Trouble> {
    let store = metier_store::Store::open(&app.site.folder).map_err(Trouble::failed)?;
    let mut by_rater: BTreeMap<String, Vec<(Id, Labels)>> = BTreeMap::new();
    for (id, labels) in store.map_or(Ok(Vec::new()), |store| store.labels()).map_err(Trouble::refused)? {
        by_rater.entry(labels.rater.name().to_owned()).or_default().push((id, labels));
    }
    Ok(by_rater)
}

fn made(app: &App, held: &Held) -> Result<Markup, Trouble> {
    let others = others(app)?;
    let rows = held.own()?;
    let builtin = rows.iter().filter(|row| row.labels.rater == Rater::builtin()).count();
    let mut agreements = Vec::new();
    for (rater, labels) in &others {
        let pairs: Vec<agreement::Pair> = labels
            .iter()
            .filter_map(|(id, second)| {
                let row = held.row(*id)?;
                let person = row.person.or(row.project).map(|id| id.to_string());
                Some(agreement::Pair {
                    session: id.to_string(),
                    first: &row.labels,
                    second,
                    person,
                    agent: Some(row.facts.agent.to_string()),
                    month: row.facts.first.map(|time| time.month()),
                })
            })
            .collect();
        let settings = agreement::Settings {
            by: Vec::new(),
            resamples: 500,
            threads: app.site.threads,
            ..agreement::Settings::default()
        };
        agreements.push((rater, agreement::agreement(&pairs, rubric(), &settings)));
    }
    Ok(html! {
        h1 { "Labels" }
        p.lead { "Who judged the sessions here, and how far they agree. Labels are measurements, and err." }
        div.wide tabindex="0" role="region" aria-label="Raters" {
            table {
                thead { tr { th scope="col" { "Rater" } th.number scope="col" { "Sessions" } } }
                tbody {
                    @if builtin > 0 { tr { th scope="row" { "built-in labeller" } td.number { (shown::thousands(builtin as u64)) } } }
                    @for (rater, labels) in &others {
                        tr { th scope="row" { (rater) } td.number { (shown::thousands(labels.len() as u64)) } }
                    }
                }
            }
        }
        @if others.is_empty() {
            div.note { p { "Only the built-in labeller judged these sessions. " a href="/annotate" { "Judge some yourself" } ": a hundred sessions, chosen by chance, tell how far its labels can be trusted here and correct the headline estimates." } }
        } @else {
            p { a href="/labels.jsonl" { "All labels of people and models as a file" } " (JSON Lines, read by " code { "metier label --import" } " and " code { "metier agree" } ")." }
        }
        @for (rater, agreement) in &agreements {
            section.card {
                h2 { "Built-in labeller and " (rater) }
                (agreed(agreement))
            }
        }
    })
}

pub(super) async fn export(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let bytes = aside({
        let app = app.clone();
        move || {
            let all: Vec<(Name, Labels)> = others(&app)?
                .into_values()
                .flatten()
                .map(|(id, labels)| {
                    let session = held.groups.get(&id).map(|group| group.session.clone());
                    (Name { session, id: Some(id), ..Name::default() }, labels)
                })
                .collect();
            let mut bytes = Vec::new();
            file::write(&all, rubric(), &mut bytes).map_err(Trouble::failed)?;
            Ok(bytes)
        }
    })
    .await?;
    let mut response = answer::bytes("application/jsonl; charset=utf-8", bytes);
    let name = HeaderValue::from_static("attachment; filename=\"labels.jsonl\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Question by question, how two raters agree.
fn agreed(agreement: &agreement::Agreement) -> Markup {
    let figure = |figure: &agreement::Figure, percent: bool| {
        let number =
            |value: f64| if percent { format!("{:.0} %", 100.0 * value) } else { format!("{value:.2}") };
        let Some(value) = figure.value else { return "–".to_owned() };
        match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("{} ({} to {})", number(value), number(low), number(high)),
            _ => number(value),
        }
    };
    html! {
        p.sub { (shown::thousands(agreement.sessions as u64)) " sessions in common." }
        div.wide tabindex="0" role="region" aria-label="Agreement" {
            table {
                thead { tr {
                    th scope="col" { "Question" }
                    th.number scope="col" { "n" }
                    th.number scope="col" { "The same answer (95 % interval)" }
                    th.number scope="col" { "Krippendorff's α" }
                } }
                tbody { @for one in agreement.questions.iter().filter(|one| one.n > 0) {
                    tr {
                        th scope="row" { (one.question) }
                        td.number { (shown::thousands(one.n as u64)) " " (one.n_of) }
                        td.number { (figure(&one.exact, true)) }
                        td.number { (figure(&one.alpha, false)) }
                    }
                } }
            }
        }
        p.sub { "α is agreement beyond chance: 1 is perfect, 0 what chance alone would give; levels that lie near each other count as nearly the same. More figures: " code { "metier agree builtin RATER" } "." }
    }
}
