//! Where people answered differently: their answers without their names, the session's text, and what is settled.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use metier_label::annotate::{Disagreement, adjudicated, disagreements, give, parse};
use metier_label::{Value, rubric};
use metier_session::Id;
use serde::Deserialize;

use super::{Fields, field, labels, text};
use crate::answer::{self, Answer, Trouble};
use crate::frame::Place;
use crate::held::{App, Held};
use crate::pages::session::known;
use crate::pages::{aside, framed, owners_only};

/// The letters of raters are drawn from it.
const SEED: u64 = 1;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Asked {
    session: String,
}

pub(in crate::pages) async fn adjudicate(
    State(app): State<Arc<App>>,
    answer::Asked(asked): answer::Asked<Asked>,
) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let id = if asked.session.is_empty() { None } else { Some(known(&held, &asked.session)?) };
    let content = aside({
        let (app, held) = (app.clone(), held.clone());
        move || {
            let all = disagreements(&labels(&app)?, rubric(), SEED);
            match id {
                None => Ok(list(&all)),
                Some(id) => one(&app, &held, id, &all),
            }
        }
    })
    .await?;
    framed(&held, "Settle", Place::Annotate, &content)
}

fn list(all: &[Disagreement]) -> Markup {
    let mut sessions: Vec<(Id, usize, usize)> = Vec::new();
    for one in all {
        let settled = usize::from(one.adjudicated.is_some());
        match sessions.last_mut() {
            Some((id, n, done)) if *id == one.session => (*n, *done) = (*n + 1, *done + settled),
            _ => sessions.push((one.session, 1, settled)),
        }
    }
    html! {
        h1 { "Settle where people differ" }
        p.lead { "Two people read the same session and answered differently. Read it again and settle it; whose answer is whose is not told." }
        @if sessions.is_empty() {
            div.note { p { "Nothing to settle: no session has different answers of two people. " a href="/annotate" { "Judge sessions" } } }
        } @else {
            ul.plain { @for (id, n, settled) in &sessions {
                li {
                    a href={ "/adjudicate?session=" (id) } { "Session " (id.to_string()[..8]) }
                    " · " (n) (if *n == 1 { " question" } else { " questions" })
                    @if settled == n { " " span.chip.good { "settled" } } @else if *settled > 0 { " · " (settled) " settled" }
                }
            } }
        }
    }
}

fn shown(question: usize, value: Value) -> String {
    let Some(question) = rubric().questions.get(question) else { return String::new() };
    let value = question.json(value);
    value.as_str().map_or(value.to_string(), str::to_owned).replace('_', " ")
}

/// What a form sends for an answer.
fn sent(question: usize, value: Value) -> String {
    let Some(question) = rubric().questions.get(question) else { return String::new() };
    let value = question.json(value);
    value.as_str().map_or(value.to_string(), str::to_owned)
}

fn one(app: &App, held: &Held, id: Id, all: &[Disagreement]) -> Result<Markup, Trouble> {
    let text = text(app, held, id)?;
    let mine: Vec<&Disagreement> = all.iter().filter(|one| one.session == id).collect();
    Ok(html! {
        h1 { "Settle a session" }
        p.sub { a href="/adjudicate" { "All sessions to settle" } }
        div.grid2 {
            div {
                h2 { "The session" }
                @match &text {
                    Some(text) => pre.transcript tabindex="0" dir="auto" aria-label="The session's text" { (text) },
                    None => div.note.warn { p { "The transcript of this session is not here any more." } },
                }
            }
            div {
                @if mine.is_empty() { div.note { p { "Nothing to settle here." } } }
                @for one in mine {
                    @let question = &rubric().questions[one.question];
                    form.card method="post" action="/adjudicate" {
                        input type="hidden" name="session" value=(id);
                        input type="hidden" name="question" value=(question.name);
                        fieldset.question {
                            legend { (question.name.replace('_', " ")) }
                            p.sub { (question.ask) }
                            @for answer in &one.answers {
                                label {
                                    input type="radio" name="answer" value=(sent(one.question, answer.value)) checked[one.adjudicated == Some(answer.value)];
                                    (answer.letter) ": " (shown(one.question, answer.value))
                                }
                            }
                            label.field { "or another answer" input type="text" name="other" value=[one.adjudicated.filter(|value| !one.answers.iter().any(|answer| answer.value == *value)).map(|value| sent(one.question, value))]; }
                        }
                        p { button { "Settle" } @if one.adjudicated.is_some() { " " span.chip.good { "settled" } } }
                    }
                }
            }
        }
    })
}

pub(in crate::pages) async fn settle(State(app): State<Arc<App>>, Form(fields): Form<Fields>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let id = known(&held, field(&fields, "session").unwrap_or_default())?;
    aside({
        let app = app.clone();
        move || {
            let question = field(&fields, "question").unwrap_or_default();
            let other = field(&fields, "other").map(str::trim).filter(|other| !other.is_empty());
            let text = other.or(field(&fields, "answer")).unwrap_or_default();
            let given = parse(rubric(), question, text).map_err(Trouble::refused)?;
            let _only_one = app.writing();
            let all = labels(&app)?;
            let before = all.iter().find(|(other, labels)| *other == id && labels.rater == adjudicated());
            let settled = give(before.map(|(_, labels)| labels), &adjudicated(), rubric(), question, given)
                .map_err(Trouble::refused)?;
            metier_store::put_labels(&app.site.folder, vec![(id, settled)], &|| {})
                .map_err(Trouble::failed)?;
            Ok(())
        }
    })
    .await?;
    Ok(Redirect::to(&format!("/adjudicate?session={id}")).into_response())
}
