//! Style, script and icon, all in the binary.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::answer;

const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#0a5c8a\"/>\
    <path d=\"M7 23V11l6 7 6-7v12M25 9v14\" fill=\"none\" stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>";

pub(crate) async fn style() -> Response {
    kept(answer::bytes(
        "text/css; charset=utf-8",
        [metier_report::html::style().as_str(), include_str!("style.css")].join("\n"),
    ))
}

pub(crate) async fn script() -> Response {
    kept(answer::bytes("text/javascript; charset=utf-8", include_str!("script.js")))
}

pub(crate) async fn icon() -> Response {
    kept(answer::bytes("image/svg+xml", ICON))
}

/// A browser may keep it for a minute: another metier may have another one.
fn kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    response
}
