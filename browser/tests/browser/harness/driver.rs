//! How commands reach the driver: over our own client, instead of one that brings TLS.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use thirtyfour::error::WebDriverError;
use thirtyfour::prelude::WebDriverResult;
use thirtyfour::session::http::{Body, HttpClient};

use super::ask;

/// The client.
pub struct Plain;

#[async_trait::async_trait]
impl HttpClient for Plain {
    // It blocks, on a runtime that has nothing else to do.
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let failed = |error: &dyn std::fmt::Display| WebDriverError::HttpError(error.to_string());
        let (parts, body) = request.into_parts();
        let body = match body {
            Body::Empty => Vec::new(),
            Body::Json(json) => serde_json::to_vec(json)?,
        };
        let port = parts.uri.port_u16().ok_or_else(|| failed(&"the driver has no port"))?;
        let headers = [("Content-Type", "application/json; charset=utf-8"), ("Accept", "application/json")];
        let reply =
            ask(port, parts.method.as_str(), parts.uri.path(), &headers, &body).map_err(|e| failed(&e))?;
        Response::builder().status(reply.status).body(Bytes::from(reply.body)).map_err(|e| failed(&e))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Plain)
    }
}
