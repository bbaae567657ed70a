//! Message Batches: sent, found again after a restart, looked at until they end, and collected. Single calls stand in `pool.rs`.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ureq::http::Method;

use super::answer::Reason;
use super::cache::{Batch, CallKey, Claim};
use super::client::{Call, Failed};
use super::money::Reserved;
use super::pool::Answered;
use super::prompt::{Ask, Content, INTENTS};
use super::{Job, Labelled, Labeller, ModelError, wire};

/// The most bytes of a batch: the API takes 256 MB, and memory holds two of ours.
const MOST_BYTES: usize = 64 << 20;

/// How often a call goes into a batch that ends without it.
const MOST_ROUNDS: u32 = 4;

/// Clocks differ: a batch may seem to be made a little before it was noted.
const CLOCKS_MS: i64 = 10 * 60 * 1000;

const LONG: Option<Duration> = Some(Duration::from_secs(600));

#[derive(Serialize)]
struct Requests<'r> {
    requests: Vec<Request<'r>>,
}

#[derive(Serialize)]
struct Request<'r> {
    custom_id: String,
    params: &'r RawValue,
}

#[derive(Deserialize)]
struct State {
    id: String,
    processing_status: String,
    created_at: Option<String>,
    request_counts: Option<Counts>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    processing: u64,
    #[serde(default)]
    succeeded: u64,
    #[serde(default)]
    errored: u64,
    #[serde(default)]
    canceled: u64,
    #[serde(default)]
    expired: u64,
}

#[derive(Deserialize)]
struct List {
    data: Vec<State>,
    #[serde(default)]
    has_more: bool,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    custom_id: String,
    result: ResultOf,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ResultOf {
    Succeeded { message: wire::Message },
    Errored { error: serde_json::Value },
    Canceled,
    Expired,
}

/// Our name of a batch: from its calls, and from how often there was one of the same.
pub(super) fn nonce<'k>(keys: impl Iterator<Item = &'k CallKey>, nth: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&nth.to_be_bytes());
    for key in keys {
        hasher.update(key);
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// The id of a call in a batch: at most 64 letters, digits, `-` and `_`.
fn custom_id(nonce: &str, key: &CallKey) -> String {
    let hex: String = key[..24].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{nonce}-{hex}")
}

/// The body that makes a batch.
pub(super) fn body(nonce: &str, calls: &[(CallKey, &RawValue)]) -> Box<RawValue> {
    let requests =
        calls.iter().map(|(key, params)| Request { custom_id: custom_id(nonce, key), params }).collect();
    serde_json::value::to_raw_value(&Requests { requests }).expect("bodies are plain data")
}

/// Whether a batch takes no further session.
pub(super) fn is_full(calls: usize, bytes: usize, most_calls: usize) -> bool {
    calls >= most_calls || bytes >= MOST_BYTES
}

/// How a call ended; `None` as long as it has not.
type Outcome = Option<Result<Answered, Reason>>;

/// A session on its way through batches.
struct Pending {
    session: String,
    content: Content,
    calls: Vec<(Ask, CallKey, Outcome)>,
}

/// What this run knows of calls that went into batches.
#[derive(Default)]
pub(super) struct Book {
    reserved: HashMap<CallKey, Reserved>,
    rounds: HashMap<CallKey, u32>,
    failed: HashMap<CallKey, Reason>,
}

impl Labeller<'_> {
    pub(super) fn label_in_batches(
        &self,
        jobs: impl Iterator<Item = Job>,
        mut on_result: impl FnMut(Labelled),
    ) {
        let mut jobs = jobs.fuse();
        loop {
            let (mut some, mut calls, mut bytes) = (Vec::new(), 0, 0);
            while !is_full(calls, bytes, self.options.batch_calls)
                && let Some(job) = jobs.next()
            {
                let content = self.plan.content(&job);
                let questions = self.plan.questions(&content);
                let mut pending = Pending { session: job.session, content, calls: Vec::new() };
                for question in questions {
                    let known = match self.plan.cache().look(&question.key) {
                        Ok(known) => known.map(|taken| Ok(Answered { taken, cached: true })),
                        Err(error) => Some(Err(self.all(error))),
                    };
                    if known.is_none() {
                        calls += 1;
                        let prompt = self.plan.prompt(question.ask, &pending.content);
                        bytes += wire::body(self.plan.endpoint(), &prompt, self.client.quirks.bits(), "")
                            .get()
                            .len();
                    }
                    pending.calls.push((question.ask, question.key, known));
                }
                some.push(pending);
            }
            if some.is_empty() {
                return;
            }
            if let Err(failed) = self.through_batches(&mut some) {
                let reason = match failed {
                    Failed::This(reason) => reason,
                    Failed::All(error) => self.stop(error),
                };
                let open = some.iter_mut().flat_map(|pending| &mut pending.calls);
                for (.., answer) in open.filter(|(.., answer)| answer.is_none()) {
                    *answer = Some(Err(reason));
                }
            }
            for Pending { session, calls, .. } in some {
                let answers = calls.into_iter().map(|(.., answer)| answer.unwrap_or(Err(Reason::Stopped)));
                let labelled = self.put_together(session, answers.collect());
                self.count(&labelled);
                on_result(labelled);
            }
        }
    }

    /// Sends and collects until every call has an answer or a reason why not.
    fn through_batches(&self, some: &mut [Pending]) -> Result<(), Failed> {
        let cache = self.plan.cache();
        let mut book = Book::default();
        loop {
            let (mut send, mut seen) = (Vec::new(), HashSet::new());
            let (mut waits, mut elsewhere) = (Vec::new(), false);
            for (at, pending) in some.iter_mut().enumerate() {
                let messages = pending.content.messages;
                for (ask, key, answer) in pending.calls.iter_mut().filter(|(.., answer)| answer.is_none()) {
                    if let Some(reason) = book.failed.get(key) {
                        *answer = Some(Err(*reason));
                        continue;
                    }
                    // The same content twice is one call.
                    if !seen.insert(*key) {
                        continue;
                    }
                    match cache.claim(key, self.plan.about(*ask, messages)).map_err(Failed::All)? {
                        Claim::Done(taken) => {
                            let cached = !book.rounds.contains_key(key);
                            *answer = Some(Ok(Answered { taken, cached }));
                            seen.remove(key);
                        }
                        Claim::Batch(nonce) => waits.push(nonce),
                        Claim::Elsewhere => elsewhere = true,
                        Claim::Mine(first) => send.push((at, *ask, *key, first.map(|(taken, _)| taken))),
                    }
                }
            }
            if seen.is_empty() {
                return Ok(());
            }
            if !send.is_empty()
                && let Some(nonce) = self.send(some, send, &mut book)?
            {
                waits.push(nonce);
            }
            waits.sort_unstable();
            waits.dedup();
            for nonce in &waits {
                self.collect(nonce, &mut book)?;
            }
            if self.client.limiter.is_stopped() {
                return Err(Failed::This(Reason::Stopped));
            }
            if elsewhere && waits.is_empty() {
                self.client.limiter.sleep(Duration::from_millis(200));
            }
        }
    }

    /// Sends calls in one batch: those that the budget still has money for. Our name of the batch.
    fn send(
        &self,
        some: &[Pending],
        calls: Vec<(usize, Ask, CallKey, Option<super::answer::Taken>)>,
        book: &mut Book,
    ) -> Result<Option<String>, Failed> {
        let (cache, endpoint) = (self.plan.cache(), self.plan.endpoint());
        let mut bodies: Vec<(CallKey, Box<RawValue>)> = Vec::new();
        for (at, ask, key, first) in calls {
            let rounds = book.rounds.entry(key).or_default();
            *rounds += 1;
            let content = &some[at].content;
            let prompt = self.plan.prompt(ask, content);
            let again = first.map_or_else(String::new, |first| self.plan.again(&first, content.messages));
            let body = wire::body(endpoint, &prompt, self.client.quirks.bits(), &again);
            let reserved = if *rounds > MOST_ROUNDS {
                Err(Reason::Batch)
            } else {
                self.purse.reserve_now(body.get().len(), prompt.max_tokens).map_err(|_| Reason::Budget)
            };
            match reserved {
                Ok(reserved) => {
                    book.reserved.insert(key, reserved);
                    bodies.push((key, body));
                }
                Err(reason) => {
                    book.failed.insert(key, reason);
                    cache.release(&key).map_err(Failed::All)?;
                }
            }
        }
        if bodies.is_empty() {
            return Ok(None);
        }
        let keys: Vec<CallKey> = bodies.iter().map(|(key, _)| *key).collect();
        let mut nth = 0;
        let nonce = loop {
            let nonce = nonce(keys.iter(), nth);
            if !cache.had_batch(&nonce).map_err(Failed::All)? {
                break nonce;
            }
            nth += 1;
        };
        let requests: Vec<(CallKey, &RawValue)> = bodies.iter().map(|(key, body)| (*key, &**body)).collect();
        let body = body(&nonce, &requests);
        let url = endpoint.batches_url();
        // Noted before it is sent: whatever happens now, somebody will look for it.
        cache.begin_batch(&nonce, &url, &keys).map_err(Failed::All)?;
        let call = Call {
            method: Method::POST,
            url: &url,
            body: &|_| body.get().as_bytes().to_vec(),
            max_tokens: None,
            about: None,
            seed: 0,
            repeatable: false,
            may_be_gone: false,
            timeout: LONG,
        };
        let made = self
            .client
            .call(endpoint, &call, &self.purse, |bytes| serde_json::from_slice::<State>(bytes).ok());
        match made {
            Ok((state, _)) => cache.name_batch(&nonce, &state.id).map_err(Failed::All)?,
            // It may have been made all the same: `collect` looks for it.
            Err(Failed::This(
                Reason::Timeout | Reason::Unreachable | Reason::Malformed | Reason::Status(500..),
            )) => {}
            Err(failed) => {
                cache.collect_batch(&nonce, &[]).map_err(Failed::All)?;
                for key in &keys {
                    self.settle(key, book);
                }
                match failed {
                    Failed::This(reason) => book.failed.extend(keys.into_iter().map(|key| (key, reason))),
                    all @ Failed::All(_) => return Err(all),
                }
                return Ok(None);
            }
        }
        Ok(Some(nonce))
    }

    /// Gives back what was put aside for a call that cost nothing.
    fn settle(&self, key: &CallKey, book: &mut Book) {
        if let Some(reserved) = book.reserved.remove(key) {
            self.purse.release(reserved);
        }
    }

    /// Waits for the end of a batch and keeps its answers. Returns also if another process did so meanwhile.
    pub(super) fn collect(&self, nonce: &str, book: &mut Book) -> Result<(), Failed> {
        let cache = self.plan.cache();
        // One thread looks; the others find it done.
        let _one = self.collecting.lock().expect("no thread panics with it");
        let Some(batch) = cache.batch(nonce).map_err(Failed::All)? else { return Ok(()) };
        if batch.url != self.plan.endpoint().batches_url() {
            let why = format!(
                "a batch for these sessions is under way at {}: use that address until it ended",
                batch.url
            );
            return Err(Failed::All(ModelError::Setup { url: self.plan.endpoint().batches_url(), why }));
        }
        let id = match &batch.id {
            Some(id) => id.clone(),
            None => {
                if !cache.adopt_batch(nonce).map_err(Failed::All)? {
                    self.client.limiter.sleep(Duration::from_millis(200));
                    return Ok(());
                }
                match self.find(&batch)? {
                    Some(id) => {
                        cache.name_batch(nonce, &id).map_err(Failed::All)?;
                        id
                    }
                    None => return self.close(nonce, Vec::new(), book),
                }
            }
        };
        let lines = match self.ended(&id).and_then(|()| self.results(&id)) {
            Ok(lines) => lines,
            Err(Failed::This(Reason::Status(404 | 410))) => Vec::new(),
            Err(failed) => return Err(failed),
        };
        self.close(nonce, lines, book)
    }

    /// Keeps the answers in the lines of a batch's results.
    fn close(&self, nonce: &str, lines: Vec<Line>, book: &mut Book) -> Result<(), Failed> {
        let cache = self.plan.cache();
        let calls = cache.batch_calls(nonce).map_err(Failed::All)?;
        let mut by_id: HashMap<String, (CallKey, Ask, usize)> = HashMap::new();
        for (key, ask, messages) in calls {
            let ask = match ask.as_str() {
                "whole" => Some(Ask::Whole),
                INTENTS => Some(Ask::Intents),
                name => self.plan.rubric.find(name).map(Ask::Question),
            };
            if let Some(ask) = ask {
                by_id.insert(custom_id(nonce, &key), (key, ask, messages));
            }
        }
        let bits = self.client.quirks.bits();
        let mut answered = Vec::new();
        for Line { custom_id, result } in lines {
            let Some((key, ask, messages)) = by_id.remove(&custom_id) else { continue };
            match result {
                ResultOf::Succeeded { message } => {
                    let Some(reply) = wire::message(&message) else { continue };
                    let usd = match book.reserved.remove(&key) {
                        Some(reserved) => self.purse.settle(reserved, reply.usage),
                        None => self.purse.charge(reply.usage),
                    };
                    let (taken, paid) = self.take(ask, messages, &reply, usd);
                    answered.push(match cache.first(&key).map_err(Failed::All)? {
                        Some((first, before)) => (key, 2, taken.or(first), before.and(paid)),
                        None => (key, if taken.problems.is_empty() { 2 } else { 1 }, taken, paid),
                    });
                }
                ResultOf::Errored { error } => {
                    let (kind, words) = wire::error(error.to_string().as_bytes());
                    let words = words.unwrap_or_default();
                    let ill_formed = kind.as_deref() == Some("invalid_request_error");
                    if ill_formed && !self.client.quirks.learn(self.plan.endpoint().api, bits, &words) {
                        book.failed.insert(key, Reason::Status(400));
                    }
                    self.settle(&key, book);
                }
                ResultOf::Canceled | ResultOf::Expired => self.settle(&key, book),
            }
        }
        // Calls without a line cost nothing that anybody could know of.
        for (key, ..) in by_id.values() {
            self.settle(key, book);
        }
        self.plan.remember(self.client.quirks.bits()).map_err(Failed::All)?;
        cache.collect_batch(nonce, &answered).map_err(Failed::All)
    }

    /// Looks for a batch that was perhaps made: among those that the server has and nobody knows.
    fn find(&self, batch: &Batch) -> Result<Option<String>, Failed> {
        let known: HashSet<String> =
            self.plan.cache().known_batches().map_err(Failed::All)?.into_iter().collect();
        // What was made a moment ago may not be listed yet.
        for wait in [Duration::ZERO, self.options.poll.min(Duration::from_secs(5))] {
            if !self.client.limiter.sleep(wait) {
                return Err(Failed::This(Reason::Stopped));
            }
            let mut after = String::new();
            'pages: loop {
                let url = format!("{}?limit=100{after}", batch.url);
                let list: List = self.get(&url, |bytes| serde_json::from_slice(bytes).ok())?;
                for state in list.data {
                    let made = state.created_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
                    if made.is_some_and(|made| made.as_millisecond() < batch.created - CLOCKS_MS) {
                        break 'pages;
                    }
                    let size = state.request_counts.map(|counts| {
                        let Counts { processing, succeeded, errored, canceled, expired } = counts;
                        processing + succeeded + errored + canceled + expired
                    });
                    if known.contains(&state.id) || size.is_some_and(|size| size != batch.size) {
                        continue;
                    }
                    // Only results say whose it is.
                    self.ended(&state.id)?;
                    let ours = format!("{}-", batch.nonce);
                    if self.results(&state.id)?.iter().any(|line| line.custom_id.starts_with(&ours)) {
                        return Ok(Some(state.id));
                    }
                }
                match list.last_id.filter(|_| list.has_more) {
                    Some(last) => after = format!("&after_id={last}"),
                    None => break,
                }
            }
        }
        Ok(None)
    }

    /// Waits until a batch has ended.
    fn ended(&self, id: &str) -> Result<(), Failed> {
        let url = format!("{}/{id}", self.plan.endpoint().batches_url());
        loop {
            let state: State = self.get(&url, |bytes| serde_json::from_slice(bytes).ok())?;
            if state.processing_status == "ended" {
                return Ok(());
            }
            if !self.client.limiter.sleep(self.options.poll) {
                return Err(Failed::This(Reason::Stopped));
            }
        }
    }

    /// The lines of a batch's results. The address is made here: a server cannot send the key elsewhere.
    fn results(&self, id: &str) -> Result<Vec<Line>, Failed> {
        let url = format!("{}/{id}/results", self.plan.endpoint().batches_url());
        self.get(&url, |bytes| {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            lines.map(|line| serde_json::from_slice::<Line>(line).ok()).collect::<Option<Vec<_>>>()
        })
    }

    fn get<T>(&self, url: &str, accept: impl Fn(&[u8]) -> Option<T>) -> Result<T, Failed> {
        let call = Call {
            method: Method::GET,
            url,
            body: &|_| Vec::new(),
            max_tokens: None,
            about: None,
            seed: 0,
            repeatable: true,
            may_be_gone: true,
            timeout: LONG,
        };
        self.client.call(self.plan.endpoint(), &call, &self.purse, accept).map(|(value, _)| value)
    }
}
