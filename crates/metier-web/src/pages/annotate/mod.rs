//! Judging sessions oneself, blind: which ones, how far one is, and the sheet of one session. What is answered is kept at once.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use metier_label::annotate::{
    Ask, By, Candidate, Given, OwnAnswers, Person, Progress, Queue, Sampling, Shown, Task, give, parse,
    progress,
};
use metier_label::{Labels, Limits, Rater, render, rubric};
use metier_session::{Facts, Id, Session};
use metier_store::Store;
use serde_json::json;

use super::session::known;
use super::{aside, empty, framed, owners_only};
use crate::answer::{self, Answer, Named, Trouble};
use crate::frame::Place;
use crate::held::{App, Held};
use crate::kept::Kept;
use crate::reading;

mod settle;
mod sheet;

pub(super) use settle::{adjudicate, settle};

/// A person's work as it stands.
struct Work {
    person: Person,
    kept: Kept,
    labels: Vec<(Id, Labels)>,
    queue: Option<Queue>,
    progress: Option<Progress>,
    /// Sessions that cannot be drawn because their transcripts are not here.
    away: usize,
}

/// Who judges here.
fn person(app: &App) -> Result<Person, Trouble> {
    Person::of(&Rater::new(&app.site.rater)).ok_or_else(|| {
        Trouble::Refused(format!(
            "{:?} is no name of a rater: start metier serve with --rater NAME, of letters, digits, dots, hyphens and underscores.",
            app.site.rater
        ))
    })
}

/// All labels of people and models.
fn labels(app: &App) -> Result<Vec<(Id, Labels)>, Trouble> {
    match Store::open(&app.site.folder).map_err(Trouble::failed)? {
        Some(store) => store.labels().map_err(Trouble::refused),
        None => Ok(Vec::new()),
    }
}

fn work(app: &App, held: &Held) -> Result<Work, Trouble> {
    let person = person(app)?;
    let kept = Kept::read(&app.site.folder, &person).map_err(Trouble::failed)?;
    let labels = labels(app)?;
    let rows = held.own()?;
    let can = |row: &&metier_store::Row| row.facts.prompts > 0 && row.facts.headless != Some(true);
    let question = match &kept.sampling {
        Some(Sampling { by: By::Confidence { question, .. }, .. }) => question.as_str(),
        _ => "expertise",
    };
    let (here, away): (Vec<&metier_store::Row>, Vec<&metier_store::Row>) =
        rows.iter().filter(can).partition(|row| held.groups.contains_key(&row.session));
    let queue = kept.sampling.as_ref().map(|sampling| {
        let candidates: Vec<Candidate> =
            here.iter().map(|row| Candidate::of(row.session, &row.labels, rubric(), question)).collect();
        Queue::draw(&candidates, sampling)
    });
    let progress = queue.as_ref().map(|queue| {
        let own = OwnAnswers::of(&person, &labels);
        progress(queue, &Ask::all(rubric()), &own, &kept.skips, rubric())
    });
    Ok(Work { person, kept, labels, queue, progress, away: away.len() })
}

pub(super) async fn start(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let content = aside({
        let (app, held) = (app.clone(), held.clone());
        move || {
            let work = work(&app, &held)?;
            Ok(html! {
                h1 { "Annotate" }
                p.lead { "Judge sessions yourself, without seeing what the labeller or anybody else said. That tells how far labels can be trusted here, and corrects the headline estimates for their error." }
                @if held.own()?.is_empty() {
                    (empty())
                } @else if held.groups.is_empty() {
                    div.note { p { "The transcripts of these sessions are being looked for, or are not here any more: only what can be read can be judged. Load this page again in a moment." } }
                } @else {
                    @match (&work.queue, &work.progress) {
                        (Some(queue), Some(progress)) => {
                            (so_far(&work, queue, progress))
                            details { summary { "Draw otherwise" } (draw(work.kept.sampling.as_ref())) }
                        },
                        _ => (draw(None)),
                    }
                    @if work.away > 0 { p.sub { (work.away) " sessions are left out of the draw, because their transcripts are not here." } }
                    p.sub { "You judge as " code { (work.person.rater().name()) } ". Several people: each starts metier serve with their own --rater, over the same store or with labels exchanged as files. " a href="/adjudicate" { "Settle where people differ" } "." }
                }
            })
        }
    })
    .await?;
    framed(&held, "Annotate", Place::Annotate, &content)
}

fn so_far(work: &Work, queue: &Queue, progress: &Progress) -> Markup {
    let done = progress.complete + progress.skipped;
    html! {
        div.card {
            h2 { "So far" }
            p { (done) " of " (queue.drawn.len()) " sessions: " (progress.complete) " judged, " (progress.skipped) " skipped, " (progress.begun) " begun." }
            progress max=(queue.drawn.len()) value=(done) aria-label="Sessions done" {}
            p {
                @match progress.next {
                    Some(next) => a.button href={ "/annotate/" (next) } { "Go on" },
                    None => span { "All are done. " a href="/labels" { "See how the labeller agrees with you" } },
                }
            }
            @if queue.strata.len() > 1 {
                table {
                    caption { "Drawn in equal numbers from fifths by the labeller's confidence; each session's weight is one over its probability" }
                    thead { tr { th scope="col" { "Stratum" } th.number scope="col" { "Sessions" } th.number scope="col" { "Drawn" } } }
                    tbody { @for stratum in &queue.strata {
                        tr { th scope="row" { (stratum.name.replace('_', " ")) } td.number { (stratum.sessions) } td.number { (stratum.drawn) } }
                    } }
                }
            }
            p.sub { "Your answers are labels of " code { (work.person.rater().name()) } " in the store, " a href="/labels.jsonl" { "also as a file" } "." }
            @if matches!(work.kept.sampling, Some(Sampling { by: By::Confidence { .. }, .. })) {
                p.sub { "This draw is for agreement where the labeller was more and less sure. Correcting estimates for label error takes sessions drawn by chance: from this draw the correction would be wrong." }
            } @else {
                p.sub { "Headline estimates corrected by your answers: " code { "metier study corrected --second " (work.person.rater().name()) } "." }
            }
        }
    }
}

fn draw(before: Option<&Sampling>) -> Markup {
    let stratified = matches!(before, Some(Sampling { by: By::Confidence { .. }, .. }));
    let asked = match before {
        Some(Sampling { by: By::Confidence { question, .. }, .. }) => question.as_str(),
        _ => "expertise",
    };
    html! {
        form.card method="post" action="/annotate" {
            h2 { "Which sessions" }
            p { label.field { "How many" input type="number" name="wanted" min="1" max="10000" required value=(before.map_or(50, |sampling| sampling.wanted)); } }
            p { label { input type="radio" name="by" value="random" checked[!stratified]; " by chance" } }
            p {
                label { input type="radio" name="by" value="confidence" checked[stratified]; " equally from where the labeller was more and less sure of " }
                select name="question" aria-label="Question" {
                    @for question in &rubric().questions { option value=(question.name) selected[question.name == asked] { (question.name.replace('_', " ")) } }
                }
            }
            p { label.field { "Seed: the same seed draws the same sessions" input type="number" name="seed" min="0" value=(before.map_or(1, |sampling| sampling.seed)); } }
            p { button { "Begin" } }
            p.sub { "A new draw keeps every answer that you gave." }
        }
    }
}

type Fields = Vec<(String, String)>;

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

pub(super) async fn begin(State(app): State<Arc<App>>, Form(fields): Form<Fields>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let next = aside({
        let (app, held) = (app.clone(), held.clone());
        move || {
            let number = |name: &str| field(&fields, name).and_then(|text| text.trim().parse::<u64>().ok());
            let wanted = number("wanted").filter(|wanted| (1..=10_000).contains(wanted));
            let wanted = wanted.ok_or_else(|| {
                Trouble::Refused("How many has to be a number from 1 to 10,000.".to_owned())
            })?;
            let by = match field(&fields, "by") {
                Some("confidence") => {
                    let question =
                        field(&fields, "question").filter(|name| rubric().question(name).is_some());
                    let question = question
                        .ok_or_else(|| Trouble::Refused("That is no question of the rubric.".to_owned()))?;
                    By::Confidence { question: question.to_owned(), edges: Vec::new() }
                }
                _ => By::Random,
            };
            let person = person(&app)?;
            let _only_one = app.writing();
            let mut kept = Kept::read(&app.site.folder, &person).map_err(Trouble::failed)?;
            kept.sampling = Some(Sampling { seed: number("seed").unwrap_or(1), wanted: wanted as usize, by });
            kept.write(&app.site.folder, &person).map_err(Trouble::failed)?;
            // Where the fifths end is kept, so that sessions that come later do not move the others.
            let work = work(&app, &held)?;
            if let (Some(queue), Some(Sampling { by: By::Confidence { edges, .. }, .. })) =
                (&work.queue, &mut kept.sampling)
            {
                edges.clone_from(&queue.edges);
                kept.write(&app.site.folder, &person).map_err(Trouble::failed)?;
            }
            Ok(work.progress.and_then(|progress| progress.next))
        }
    })
    .await?;
    let address = next.map_or("/annotate".to_owned(), |next| format!("/annotate/{next}"));
    Ok(Redirect::to(&address).into_response())
}

pub(super) async fn page(State(app): State<Arc<App>>, Named(id): Named) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let id = known(&held, &id)?;
    let content = aside({
        let (app, held) = (app.clone(), held.clone());
        move || {
            let work = work(&app, &held)?;
            let Some(text) = text(&app, &held, id)? else {
                return Err(Trouble::NotFound(
                    "The transcript of this session is not here any more.".to_owned(),
                ));
            };
            let own = OwnAnswers::of(&work.person, &work.labels);
            let task =
                Task::new(id, Shown::Text(text), &Ask::all(rubric()), &own, &work.kept.skips, rubric());
            // From here on only what the task holds is shown.
            Ok(sheet::sheet(&task, work.progress.as_ref(), work.kept.skips.skips(id)))
        }
    })
    .await?;
    framed(&held, "Judge a session", Place::Annotate, &content)
}

/// The session the way raters read it, as its transcript has it now.
fn text(app: &App, held: &Held, id: Id) -> Result<Option<String>, Trouble> {
    let Some(group) = held.groups.get(&id) else { return Ok(None) };
    let Some(key) = metier_store::key_of(&app.site.folder).map_err(Trouble::failed)? else { return Ok(None) };
    let take = |session: &Session, _: &Facts| render(session, &Limits::default());
    let text = reading::one(&app.site, group, &key, &take);
    Ok(text.map(|text| metier_label::timeline::plain(&text, usize::MAX).text))
}

/// Keeps answers: one, of the script, or all fields of a form.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Named(id): Named,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let id = known(&held, &id)?;
    let said = aside({
        let app = app.clone();
        move || keep(&app, id, &fields)
    })
    .await;
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    match (said, wants_json) {
        (Ok(said), true) => Ok(answer::json(&json!({ "said": said }))),
        (Ok(_), false) => Ok(Redirect::to("/annotate").into_response()),
        (Err(Trouble::Refused(why) | Trouble::NotFound(why) | Trouble::Failed(why)), true) => {
            Ok(refused(&why))
        }
        (Err(trouble), false) => Err(trouble),
    }
}

pub(super) fn refused(why: &str) -> Response {
    let mut response = answer::json(&json!({ "trouble": why }));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn keep(app: &App, id: Id, fields: &Fields) -> Result<String, Trouble> {
    let person = person(app)?;
    // Answers of one page come one after another, and each is put to those before.
    let _only_one = app.writing();
    let mut kept = Kept::read(&app.site.folder, &person).map_err(Trouble::failed)?;
    let pairs: Vec<(&str, &str)> = match (field(fields, "question"), field(fields, "answer")) {
        (Some(question), Some(answer)) => vec![(question, answer)],
        _ => fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    };
    let all = labels(app)?;
    let own = OwnAnswers::of(&person, &all);
    let mut judged: Option<Labels> = own.about(id).cloned();
    let mut skips = kept.skips.clone();
    for (question, text) in pairs {
        if question == "session" {
            skips.session(id, text == "cannot_judge");
            continue;
        }
        let given = parse(rubric(), question, text).map_err(Trouble::refused)?;
        skips.question(id, question, given == Given::CannotJudge);
        // Nothing said about a question that had no answer changes nothing.
        if !matches!(given, Given::Answer(_)) && judged.is_none() {
            continue;
        }
        let next =
            give(judged.as_ref(), &person.rater(), rubric(), question, given).map_err(Trouble::refused)?;
        judged = Some(next);
    }
    if let Some(judged) = judged.filter(|judged| own.about(id) != Some(judged)) {
        metier_store::put_labels(&app.site.folder, vec![(id, judged)], &|| {}).map_err(Trouble::failed)?;
    }
    if skips != kept.skips {
        kept.skips = skips;
        kept.write(&app.site.folder, &person).map_err(Trouble::failed)?;
    }
    Ok("Kept.".to_owned())
}
