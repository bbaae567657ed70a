//! The pages: a file each, and a line here.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::json;

use crate::answer::{self, Trouble};
use crate::frame::Place;
use crate::held::{App, Held};
use crate::{assets, guard};

mod annotate;
mod coach;
mod filters;
mod findings;
mod labels;
mod methods;
mod overview;
mod session;
mod sessions;

/// The most bytes of a form: answers of the rubric are short.
const MOST_SENT: usize = 64 * 1024;

/// Every address, behind the guard.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/findings", get(findings::list))
        .route("/findings/{name}", get(findings::page))
        .route("/sessions", get(sessions::page))
        .route("/sessions/{id}", get(session::page))
        .route("/coach", get(coach::page))
        .route("/annotate", get(annotate::start).post(annotate::begin))
        .route("/annotate/{id}", get(annotate::page).post(annotate::answer))
        .route("/adjudicate", get(annotate::adjudicate).post(annotate::settle))
        .route("/labels", get(labels::page))
        .route("/labels.jsonl", get(labels::export))
        .route("/methods", get(methods::page))
        .route("/news", get(news))
        .route("/style.css", get(assets::style))
        .route("/script.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(MOST_SENT))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

async fn nothing() -> Trouble {
    Trouble::NotFound("There is no such page.".to_owned())
}

/// What is going on: asked for again and again by an open page.
async fn news(State(app): State<Arc<App>>) -> Response {
    let work = app.work.read().map(|work| work.clone()).unwrap_or_default();
    let held = app.now();
    answer::json(&json!({
        "revision": held.as_ref().map(|held| held.revision),
        "sessions": held.as_ref().map(|held| if held.is_pooled() { 0 } else { held.places.len() }),
        "now": work.now,
        "bytes": work.bytes,
        "trouble": work.trouble,
    }))
}

/// Does work that takes a while where it keeps nobody waiting.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.map_err(Trouble::failed)?
}

/// A page of single sessions: a store of many people has none.
fn owners_only(held: &Held) -> Result<(), Trouble> {
    match held.is_pooled() {
        true => Err(Trouble::Refused(format!(
            "This is a {} store: it shows findings about enough people, and nothing about one session or one person.",
            held.mode()
        ))),
        false => Ok(()),
    }
}

/// What is said where there is no session yet.
fn empty() -> Markup {
    html! {
        div.card data-empty="yes" {
            h2 { "No sessions yet" }
            p { "metier looks for transcripts where coding agents keep them on this machine, and shows them here as soon as there are some. This page looks again every few seconds." }
            p { "If they are somewhere else: " code { "metier serve --transcripts FOLDER" } ". To see everything on made-up sessions: " code { "metier sample --out DIR" } ", then " code { "metier serve --transcripts DIR --store DIR/store" } "." }
        }
    }
}

/// The pages' own frame around some content.
fn framed(held: &Held, title: &str, place: Place, content: &Markup) -> answer::Answer {
    answer::page(title, place, held.is_pooled(), content)
}
