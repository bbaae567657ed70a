//! Who may ask: only this machine's browser that was opened with the token, under a name of this machine. And what a browser may
//! do with an answer.
//!
//! The token stands in the first address; it is exchanged for a cookie and leaves the address at once. Other pages in the same
//! browser cannot read answers (same origin), cannot send forms (`SameSite=Strict`, and `Origin` has to be ours), and cannot
//! reach this server under a name of their own (`Host` has to be ours, against DNS rebinding).

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::held::App;
use crate::{answer, frame};

/// What a browser may load and run: our own files, no inline script or style, nothing from elsewhere, in no frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A secret that whoever asks must know.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// 128 bits of the system's randomness.
    ///
    /// # Errors
    /// If the system has none.
    pub fn random() -> Result<Token, getrandom::Error> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes)?;
        let mut text = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Token(text))
    }

    /// Whether this is it, in a time that does not tell how much of it was right.
    fn is(&self, given: &str) -> bool {
        let different = self.0.bytes().zip(given.bytes()).fold(0, |all, (own, given)| all | (own ^ given));
        self.0.len() == given.len() && different == 0
    }
}

/// The door of the server.
pub(crate) struct Guard {
    token: Token,
    address: SocketAddr,
    /// Names of this server that a `Host` may have.
    hosts: [String; 3],
    /// The cookie's name: another for each port, as browsers do not tell ports apart.
    cookie: String,
}

impl Guard {
    pub(crate) fn new(token: Token, address: SocketAddr) -> Guard {
        let port = address.port();
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
        Guard { token, address, hosts, cookie: format!("metier-{port}") }
    }

    /// The address to open first.
    pub(crate) fn first_address(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token.0)
    }

    fn is_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && self.token.is(value))
    }
}

/// Lets a request in, or says why not; and tells the browser what it may do with every answer.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let guard = &app.guard;
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| guard.is_host(host));
    let given =
        request.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("token="));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if !text(header::HOST).is_some_and(|host| guard.is_host(host)) {
        refused(StatusCode::MISDIRECTED_REQUEST, "This server answers only to names of this machine.")
    } else if reads && given.is_some_and(|token| guard.token.is(token)) {
        let cookie = format!("{}={}; HttpOnly; SameSite=Strict; Path=/", guard.cookie, guard.token.0);
        // Out of the address, where it would stay in the history.
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    } else if !guard.is_known(headers) {
        refused(
            StatusCode::FORBIDDEN,
            "Open the address that metier serve printed: it holds the token that this browser does not have.",
        )
    } else if !reads && !text(header::ORIGIN).is_some_and(ours) {
        refused(StatusCode::FORBIDDEN, "This was sent from another page.")
    } else {
        let pooled = app.now().is_some_and(|held| held.is_pooled());
        answer::told(next.run(request).await, pooled)
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` a browser would not say that a form is from our own page.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in
        [("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refused(status: StatusCode, why: &str) -> Response {
    let page = frame::bare("Not opened", why).into_string();
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new(
            Token("0123456789abcdef0123456789abcdef".to_owned()),
            SocketAddr::from(([127, 0, 0, 1], 4080)),
        )
    }

    #[test]
    fn only_names_of_this_machine() {
        let guard = guard();
        for host in ["127.0.0.1:4080", "localhost:4080", "LOCALHOST:4080", "[::1]:4080"] {
            assert!(guard.is_host(host), "{host}");
        }
        for host in [
            "evil.example:4080",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:4080.evil.example",
            "localhost:40800",
            "",
        ] {
            assert!(!guard.is_host(host), "{host}");
        }
    }

    #[test]
    fn only_the_whole_token() {
        let guard = guard();
        let with = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(cookie).expect("a header"));
            guard.is_known(&headers)
        };
        assert!(with("a=b; metier-4080=0123456789abcdef0123456789abcdef"));
        assert!(!with("metier-4080=0123456789abcdef0123456789abcde"));
        assert!(!with("metier-4080=0123456789abcdef0123456789abcdef0"));
        assert!(!with("metier-4081=0123456789abcdef0123456789abcdef"));
        assert!(!with("metier-4080="));
        assert!(!guard.is_known(&HeaderMap::new()));
    }

    #[test]
    fn tokens_differ() {
        let (one, other) = (Token::random().expect("random"), Token::random().expect("random"));
        assert!(one != other);
        assert_eq!(one.0.len(), 32);
    }
}
