//! What a page answers with: a page, JSON, or an error that says what to do.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::frame::{self, Place};

/// A page that could not be made.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is nothing of that name.
    NotFound(String),
    /// What was asked for cannot be.
    Refused(String),
    /// Something went wrong here.
    Failed(String),
}

pub(crate) type Answer = Result<Response, Trouble>;

impl Trouble {
    pub(crate) fn failed(error: impl std::fmt::Display) -> Trouble {
        Trouble::Failed(error.to_string())
    }

    pub(crate) fn refused(error: impl std::fmt::Display) -> Trouble {
        Trouble::Refused(error.to_string())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Trouble::NotFound(text) => (StatusCode::NOT_FOUND, "Not found", text),
            Trouble::Refused(text) => (StatusCode::BAD_REQUEST, "That cannot be shown", text),
            Trouble::Failed(text) => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", text),
        };
        let content = html! {
            h1 { (title) }
            div.note.warn { p { (text) } }
            p { a href="/" { "To the overview" } }
        };
        let page = frame::page(title, Place::Overview, false, &content).into_string();
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page)).into_response()
    }
}

/// A page in its frame.
pub(crate) fn page(title: &str, place: Place, pooled: bool, content: &Markup) -> Answer {
    let page = frame::page(title, place, pooled, content).into_string();
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page)).into_response())
}

/// Bytes of some kind.
pub(crate) fn bytes(kind: &'static str, bytes: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind)], bytes.into()).into_response()
}

/// A JSON value.
pub(crate) fn json(value: &serde_json::Value) -> Response {
    bytes("application/json", value.to_string())
}
