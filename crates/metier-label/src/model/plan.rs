//! What would be sent for a session, and whether it was answered already: everything before the first byte leaves.

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::Taken;
use super::batch;
use super::cache::{About, Cache, CallKey};
use super::config::{Api, Endpoint};
use super::error::ModelError;
use super::money::{Estimate, Purse};
use super::prompt::{self, Ask, Content, Prompt, WORDING};
use super::{Job, Mask, wire};
use crate::rubric::{Rubric, rubric};

/// What an endpoint would be asked.
pub struct Plan<'m> {
    pub(super) rubric: &'static Rubric,
    endpoint: Endpoint,
    rater: String,
    rubric_hash: String,
    cache: Option<Cache>,
    mask: Box<Mask<'m>>,
    quirks: u8,
}

/// A call that would be made: its line of a dry run is this as JSON.
#[derive(Debug, Serialize)]
pub struct Sent<'s> {
    /// The sessions that it is about.
    #[serde(serialize_with = "one_or_many", rename = "session")]
    pub sessions: Vec<&'s str>,
    /// Where it goes.
    pub url: String,
    /// With these headers; the key shown as the name of its variable.
    pub headers: std::collections::BTreeMap<&'static str, String>,
    /// The bytes of the body, as they are.
    pub body: Box<RawValue>,
}

fn one_or_many<S: serde::Serializer>(sessions: &[&str], serializer: S) -> Result<S::Ok, S::Error> {
    match sessions {
        [one] => serializer.serialize_str(one),
        many => serializer.collect_seq(many),
    }
}

/// A call, before its wire format.
pub(super) struct Question {
    pub(super) ask: Ask,
    pub(super) key: CallKey,
}

impl<'m> Plan<'m> {
    /// A plan for an endpoint; without a cache, nothing counts as answered.
    ///
    /// # Errors
    /// If the cache cannot be read.
    pub fn new(
        endpoint: Endpoint,
        cache: Option<Cache>,
        mask: Box<Mask<'m>>,
    ) -> Result<Plan<'m>, ModelError> {
        let rubric = rubric();
        let learned = match &cache {
            Some(cache) => cache.meta(&quirks_name(&endpoint))?,
            None => None,
        };
        Ok(Plan {
            rubric,
            rater: endpoint.rater(),
            rubric_hash: rubric.hash.to_string(),
            quirks: learned.and_then(|bits| bits.parse().ok()).unwrap_or(0),
            endpoint,
            cache,
            mask,
        })
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What the endpoint turned out not to understand.
    pub(super) fn quirks(&self) -> u8 {
        self.quirks
    }

    pub(super) fn cache(&self) -> &Cache {
        self.cache.as_ref().expect("a labeller has one")
    }

    /// Remembers what the endpoint turned out not to understand.
    pub(super) fn remember(&self, bits: u8) -> Result<(), ModelError> {
        if bits == self.quirks {
            return Ok(());
        }
        self.cache().set_meta(&quirks_name(&self.endpoint), &bits.to_string())
    }

    pub(super) fn about(&self, ask: Ask, messages: usize) -> About<'_> {
        About { rater: &self.rater, rubric: &self.rubric_hash, ask: ask.name(self.rubric), messages }
    }

    /// Masks a session: nothing after this sees it otherwise.
    pub(super) fn content(&self, job: &Job) -> Content {
        Content::new(&(self.mask)(&job.text), &(self.mask)(&job.messages_text), job.messages)
    }

    pub(super) fn masked(&self, text: &str) -> String {
        (self.mask)(text)
    }

    /// The calls that a session needs, each with its key in the cache.
    pub(super) fn questions(&self, content: &Content) -> Vec<Question> {
        let asks = Ask::all(self.endpoint.mode, self.rubric, content.messages);
        asks.into_iter().map(|ask| Question { ask, key: self.key(ask, content) }).collect()
    }

    /// A hash of all that decides an answer. Where the endpoint is does not: the rater is its api and model.
    fn key(&self, ask: Ask, content: &Content) -> CallKey {
        let mut hasher = blake3::Hasher::new();
        let most = self.endpoint.max_output_tokens.unwrap_or_else(|| prompt::enough(ask, content.messages));
        let rationale = self.endpoint.rationale && ask == Ask::Whole;
        let head = format!(
            "metier call {WORDING}\n{}\n{}\n{}\n{}\n{most}\n{rationale}\n",
            self.rubric_hash,
            self.rater,
            self.endpoint.temperature,
            ask.name(self.rubric)
        );
        hasher.update(&(head.len() as u64).to_be_bytes());
        hasher.update(head.as_bytes());
        content.hash_into(&mut hasher);
        *hasher.finalize().as_bytes()
    }

    pub(super) fn prompt(&self, ask: Ask, content: &Content) -> Prompt {
        prompt::prompt(&self.endpoint, self.rubric, ask, content)
    }

    fn answered(&self, key: &CallKey) -> Result<Option<Taken>, ModelError> {
        match &self.cache {
            Some(cache) => cache.look(key),
            None => Ok(None),
        }
    }

    /// What the first answer left to be said, where a call stands between its first and its second try.
    pub(super) fn again(&self, taken: &Taken, messages: usize) -> String {
        prompt::again(&taken.complaints(self.rubric, messages))
    }

    /// The calls, tokens and dollars that jobs would take, without those that were answered already.
    ///
    /// # Errors
    /// If the cache cannot be read.
    pub fn estimate<'j>(&self, jobs: impl Iterator<Item = &'j Job>) -> Result<Estimate, ModelError> {
        let mut estimate = Estimate::default();
        for job in jobs {
            let content = self.content(job);
            for Question { ask, key } in self.questions(&content) {
                if self.answered(&key)?.is_none() {
                    let body = wire::body(&self.endpoint, &self.prompt(ask, &content), self.quirks, "");
                    let output = match ask {
                        Ask::Whole => 350 + 8 * content.messages,
                        Ask::Question(_) => 25,
                        Ask::Intents => 20 + 8 * content.messages,
                    };
                    estimate.add(body.get().chars().count(), u32::try_from(output).unwrap_or(u32::MAX));
                }
            }
        }
        Ok(estimate.priced(&Purse::new(&self.endpoint, None)))
    }

    /// Every call that jobs would take, without those that were answered already, to the byte. Sends nothing.
    ///
    /// # Errors
    /// If the cache cannot be read, or `each` fails.
    pub fn dry_run<E: From<ModelError>>(
        &self,
        jobs: impl Iterator<Item = Job>,
        batch_calls: usize,
        mut each: impl FnMut(Sent) -> Result<(), E>,
    ) -> Result<(), E> {
        let variable = self.endpoint.key_env.as_str();
        let key_shown = self.endpoint.key_needed || std::env::var_os(variable).is_some();
        let shown = format!("${variable}");
        let key_shown = key_shown.then_some(shown.as_str());
        let headers = || wire::headers(self.endpoint.api, key_shown).into_iter().collect();
        let in_batch = |calls: &[(String, CallKey, Box<RawValue>)],
                        each: &mut dyn FnMut(Sent) -> Result<(), E>| {
            let mut sessions: Vec<&str> = calls.iter().map(|(session, ..)| session.as_str()).collect();
            sessions.dedup();
            let nonce = batch::nonce(calls.iter().map(|(_, key, _)| key), 0);
            let requests: Vec<(CallKey, &RawValue)> =
                calls.iter().map(|(_, key, body)| (*key, &**body)).collect();
            let url = self.endpoint.batches_url();
            each(Sent { sessions, url, headers: headers(), body: batch::body(&nonce, &requests) })
        };
        let mut pending: Vec<(String, CallKey, Box<RawValue>)> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        let mut bytes = 0;
        for job in jobs {
            if batch::is_full(pending.len(), bytes, batch_calls) {
                in_batch(&pending, &mut each)?;
                pending.clear();
                bytes = 0;
            }
            let content = self.content(&job);
            for Question { ask, key } in self.questions(&content) {
                // The same content twice is one call.
                if self.answered(&key)?.is_some() || !keys.insert(key) {
                    continue;
                }
                let body = wire::body(&self.endpoint, &self.prompt(ask, &content), self.quirks, "");
                if self.endpoint.batch {
                    bytes += body.get().len();
                    pending.push((job.session.clone(), key, body));
                } else {
                    let sessions = vec![job.session.as_str()];
                    each(Sent { sessions, url: self.endpoint.url(), headers: headers(), body })?;
                }
            }
        }
        if pending.is_empty() { Ok(()) } else { in_batch(&pending, &mut each) }
    }
}

fn quirks_name(endpoint: &Endpoint) -> String {
    let api = match endpoint.api {
        Api::Anthropic => "anthropic",
        Api::OpenAi => "openai",
    };
    format!("quirks {api} {} {}", endpoint.base_url, endpoint.model)
}
