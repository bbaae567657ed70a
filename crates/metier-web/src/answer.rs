//! What a page answers with: a page, JSON, or an error that says what to do.

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::de::DeserializeOwned;

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

/// What is told of a trouble: [`guard`](crate::guard) makes the page, for it knows what the store shows.
#[derive(Debug, Clone)]
struct Told {
    title: &'static str,
    text: String,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Trouble::NotFound(text) => (StatusCode::NOT_FOUND, "Not found", text),
            Trouble::Refused(text) => (StatusCode::BAD_REQUEST, "That cannot be shown", text),
            Trouble::Failed(text) => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", text),
        };
        (status, Extension(Told { title, text })).into_response()
    }
}

/// The page of a trouble in the place of an answer that has one.
pub(crate) fn told(mut response: Response, pooled: bool) -> Response {
    let Some(Told { title, text }) = response.extensions_mut().remove::<Told>() else { return response };
    let content = html! {
        h1 { (title) }
        div.note.warn { p { (text) } }
        p { a href="/" { "To the overview" } }
    };
    let page = frame::page(title, None, pooled, &content).into_string();
    (response.status(), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page))
        .into_response()
}

/// What the end of an address asks for.
pub(crate) struct Asked<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked<T>, Trouble> {
        let asked = Query::try_from_uri(&parts.uri);
        let unclear =
            |_| Trouble::Refused("The address asks for something that nothing here knows.".to_owned());
        asked.map(|Query(asked)| Asked(asked)).map_err(unclear)
    }
}

/// The name at the end of an address.
pub(crate) struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, Trouble> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Named(name))
            .map_err(|_| Trouble::NotFound("There is nothing of that name.".to_owned()))
    }
}

/// A page in its frame.
pub(crate) fn page(title: &str, place: Place, pooled: bool, content: &Markup) -> Answer {
    let page = frame::page(title, Some(place), pooled, content).into_string();
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
