//! Calls over HTTP: retries, pauses, keys in headers only. Knows no rubric and keeps nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ureq::http::Method;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, RequestExt, Timeout};

use super::answer::Reason;
use super::config::{Endpoint, Key};
use super::error::ModelError;
use super::limiter::{Limiter, backoff, retry_after};
use super::money::{OverBudget, Purse, Reserved};
use super::prompt::Content;
use super::wire::{self, Quirks};

/// How stubborn a client is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries of a call that ended in a server's error or was cut.
    pub tries: u32,
    /// Tries of a call that was turned away for coming too early.
    pub limited_tries: u32,
    /// The first wait where the server names none; each further one is twice as long.
    pub first_wait: Duration,
    /// A longer wait than this is the user's to decide.
    pub longest_wait: Duration,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            tries: 5,
            limited_tries: 50,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(900),
            seed: 0,
        }
    }
}

/// Calls one endpoint, from any number of threads. Not `Debug`: its headers hold the key.
pub(super) struct Client {
    agent: Agent,
    headers: Vec<(&'static str, String)>,
    key: Option<Key>,
    pub(super) limiter: Limiter,
    pub(super) quirks: Quirks,
    patience: Patience,
    timeout: Duration,
    /// Calls that failed since one went well.
    failed_in_a_row: AtomicU32,
    most_failures: u32,
    said: Mutex<BTreeSet<String>>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// This call.
    This(Reason),
    /// All calls.
    All(ModelError),
}

/// A call to make.
pub(super) struct Call<'c> {
    pub(super) method: Method,
    pub(super) url: &'c str,
    /// The body, as the quirks learned so far want it.
    pub(super) body: &'c dyn Fn(u8) -> Vec<u8>,
    /// The most tokens of an answer, of all calls in the body; `None` for what costs nothing.
    pub(super) max_tokens: Option<u32>,
    /// What it is about: the server's words are not passed on if they quote it.
    pub(super) about: Option<&'c Content>,
    /// For the jitter.
    pub(super) seed: u64,
    /// Whether a call that was cut may be made again: a batch that was perhaps accepted may not.
    pub(super) repeatable: bool,
    /// Whether it is no wonder if the server does not know the address.
    pub(super) may_be_gone: bool,
    pub(super) timeout: Option<Duration>,
}

enum Cut {
    NotSent(String),
    Timeout,
    Broken(String),
}

struct Answered {
    status: u16,
    retry_after: Option<Duration>,
    per_minute: Option<f64>,
    body: Vec<u8>,
}

/// The most bytes of an answer; the results of a batch are long.
const LARGEST: u64 = 1 << 30;

impl Client {
    pub(super) fn new(endpoint: &Endpoint, key: Option<Key>, patience: Patience, quirks: u8) -> Client {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could carry the key and the transcript elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(endpoint.concurrency)
            .max_idle_connections_per_host(endpoint.concurrency)
            .tls_config(tls)
            .user_agent(concat!("metier/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Client {
            agent,
            headers: wire::headers(endpoint.api, key.as_ref().map(Key::secret)),
            key,
            limiter: Limiter::new(endpoint.requests_per_minute),
            quirks: Quirks::new(quirks),
            timeout: Duration::from_secs_f64(endpoint.timeout_s),
            failed_in_a_row: AtomicU32::new(0),
            most_failures: u32::try_from(endpoint.concurrency).unwrap_or(u32::MAX).clamp(5, 50),
            patience,
            said: Mutex::default(),
        }
    }

    /// Makes a call until it is answered, `accept` takes the answer, or there is no sense in trying.
    ///
    /// The money put aside for it is still put aside: `accept` got it with the answer.
    pub(super) fn call<T>(
        &self,
        endpoint: &Endpoint,
        call: &Call,
        purse: &Purse,
        accept: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(T, Option<Reserved>), Failed> {
        let (mut tries, mut limited) = (0, 0);
        loop {
            let bits = self.quirks.bits();
            let body = (call.body)(bits);
            let reserved = match call.max_tokens.map(|most| purse.reserve(body.len(), most)).transpose() {
                Ok(reserved) => reserved,
                Err(OverBudget) => return Err(Failed::This(Reason::Budget)),
            };
            let release = |reserved: Option<Reserved>| {
                if let Some(reserved) = reserved {
                    purse.release(reserved);
                }
            };
            let lose = |reserved: Option<Reserved>| {
                if let Some(reserved) = reserved {
                    purse.lose(reserved);
                }
            };
            if !self.limiter.wait() {
                release(reserved);
                return Err(Failed::This(Reason::Stopped));
            }
            let (reason, wait) = match self.once(call, body) {
                Ok(answered) => {
                    if let Some(per_minute) = answered.per_minute {
                        self.limiter.told(per_minute);
                    }
                    match answered.status {
                        200..=299 => match accept(&answered.body) {
                            Some(value) => {
                                self.limiter.answered();
                                self.failed_in_a_row.store(0, Ordering::Relaxed);
                                return Ok((value, reserved));
                            }
                            None => {
                                lose(reserved);
                                if !call.repeatable {
                                    return Err(Failed::This(Reason::Malformed));
                                }
                                (Reason::Malformed, None)
                            }
                        },
                        429 | 529 => {
                            release(reserved);
                            limited += 1;
                            let wait = answered.retry_after.unwrap_or_else(|| {
                                backoff(self.patience.first_wait, limited, self.patience.seed ^ call.seed)
                            });
                            if wait > self.patience.longest_wait {
                                let seconds = wait.as_secs();
                                return Err(
                                    self.all(ModelError::LongWait { url: call.url.to_owned(), seconds })
                                );
                            }
                            if limited >= self.patience.limited_tries {
                                return Err(self.this(Reason::Status(answered.status), endpoint));
                            }
                            self.limiter.pause(wait);
                            continue;
                        }
                        404 | 410 if call.may_be_gone => {
                            release(reserved);
                            return Err(Failed::This(Reason::Status(answered.status)));
                        }
                        408 | 409 | 500..=599 => {
                            release(reserved);
                            self.hear(call, &answered.body, answered.status);
                            if !call.repeatable {
                                return Err(Failed::This(Reason::Status(answered.status)));
                            }
                            (Reason::Status(answered.status), answered.retry_after)
                        }
                        status => {
                            release(reserved);
                            let said = self.hear(call, &answered.body, status);
                            let words = wire::error(&answered.body).1.unwrap_or_default();
                            let ill_formed = matches!(status, 400 | 422);
                            if ill_formed && self.quirks.learn(endpoint.api, bits, &words) {
                                continue;
                            }
                            let mend = match status {
                                401 | 403 => {
                                    Some(format!("check the key in {} and its rights", endpoint.key_env))
                                }
                                402 => Some("the account has no credit".to_owned()),
                                404 => Some("check base_url and model".to_owned()),
                                300..=399 => {
                                    Some("it sends elsewhere: name that address as base_url".to_owned())
                                }
                                _ if words.contains("credit balance") => {
                                    Some("the account has no credit".to_owned())
                                }
                                _ => None,
                            };
                            return Err(match mend {
                                Some(mend) => self.all(ModelError::Denied {
                                    url: call.url.to_owned(),
                                    status,
                                    mend,
                                    said: said.map_or_else(String::new, |said| format!(" ({said})")),
                                }),
                                None => self.this(Reason::Status(status), endpoint),
                            });
                        }
                    }
                }
                Err(cut) => {
                    let (reason, sent) = match cut {
                        Cut::NotSent(why) => {
                            self.note(why);
                            (Reason::Unreachable, false)
                        }
                        Cut::Timeout => (Reason::Timeout, true),
                        Cut::Broken(why) => {
                            self.note(why);
                            (Reason::Unreachable, true)
                        }
                    };
                    if sent {
                        lose(reserved);
                        if !call.repeatable {
                            return Err(Failed::This(reason));
                        }
                    } else {
                        release(reserved);
                    }
                    (reason, None)
                }
            };
            tries += 1;
            if tries >= self.patience.tries {
                return Err(self.this(reason, endpoint));
            }
            let wait = wait
                .unwrap_or_else(|| backoff(self.patience.first_wait, tries, self.patience.seed ^ call.seed));
            if !self.limiter.sleep(wait.min(self.patience.longest_wait)) {
                return Err(Failed::This(Reason::Stopped));
            }
        }
    }

    /// One call fails; if nothing but failures comes, all do.
    fn this(&self, reason: Reason, endpoint: &Endpoint) -> Failed {
        let failures = self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if failures < self.most_failures {
            return Failed::This(reason);
        }
        let said = self.said().join("; ");
        let why = format!(
            "{failures} calls in a row failed ({reason}{}{said}); see that it runs and that base_url and model are right, then start again: finished answers are kept",
            if said.is_empty() { "" } else { ": " }
        );
        self.all(ModelError::Setup { url: endpoint.url(), why })
    }

    fn all(&self, error: ModelError) -> Failed {
        self.limiter.stop();
        Failed::All(error)
    }

    /// What servers said of failures: at most five different things, without keys and transcripts.
    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().expect("no thread panics with it").iter().cloned().collect()
    }

    fn note(&self, words: String) {
        let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
        let words = self.key.as_ref().map_or(words.clone(), |key| key.hide(&words));
        let mut said = self.said.lock().expect("no thread panics with it");
        if said.len() < 5 {
            said.insert(words);
        }
    }

    /// The server's words, if they can be shown.
    fn hear(&self, call: &Call, body: &[u8], status: u16) -> Option<String> {
        let (kind, words) = wire::error(body);
        let words = words.filter(|words| !call.about.is_some_and(|content| content.is_quoted_by(words)));
        // Batches are about many sessions: then only the kind is passed on.
        let words = words.filter(|_| call.about.is_some() || call.max_tokens.is_none());
        let told = [kind, words].into_iter().flatten().collect::<Vec<_>>().join(": ");
        if told.is_empty() {
            return None;
        }
        let told: String = told.chars().filter(|c| !c.is_control()).take(200).collect();
        let told = self.key.as_ref().map_or(told.clone(), |key| key.hide(&told));
        self.note(format!("{status} {told}"));
        Some(told)
    }

    fn once(&self, call: &Call, body: Vec<u8>) -> Result<Answered, Cut> {
        let mut request = ureq::http::Request::builder().method(call.method.clone()).uri(call.url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let wrong = |error: ureq::http::Error| Cut::NotSent(error.to_string());
        let timeout = Some(call.timeout.unwrap_or(self.timeout));
        let run = |error| match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                Cut::NotSent("no connection in time".to_owned())
            }
            ureq::Error::Timeout(_) => Cut::Timeout,
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::BadUri(_)
            | ureq::Error::InvalidProxyUrl
            | ureq::Error::ConnectProxyFailed(_)
            | ureq::Error::Tls(_)
            | ureq::Error::Rustls(_) => Cut::NotSent(error.to_string()),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                Cut::NotSent("connection refused".to_owned())
            }
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Cut::Timeout,
            other => Cut::Broken(other.to_string()),
        };
        let mut response = if call.method == Method::GET {
            let request = request.body(()).map_err(wrong)?;
            request.with_agent(&self.agent).configure().timeout_global(timeout).run().map_err(run)?
        } else {
            let request = request.body(body).map_err(wrong)?;
            request.with_agent(&self.agent).configure().timeout_global(timeout).run().map_err(run)?
        };
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry = header("retry-after").and_then(|value| retry_after(value, jiff::Timestamp::now()));
        // Others name a limit too, but not always of a minute.
        let per_minute =
            header("anthropic-ratelimit-requests-limit").and_then(|value| value.trim().parse().ok());
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(run)?;
        Ok(Answered { status, retry_after: retry, per_minute, body })
    }
}
