//! One call at a time and many at once: threads that ask, and results in the order of the jobs. What a call says stands in `prompt.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::{Map, Value as Json};
use ureq::http::Method;

use super::answer::{self, Reason, Taken};
use super::cache::{CallKey, Claim, Paid};
use super::client::{Call, Failed};
use super::plan::Question;
use super::prompt::{Ask, Content, Prompt};
use super::{How, Job, Labelled, Labeller, ModelError, wire};
use crate::labels::{Labels, Rater};

/// How long to wait before looking again whether another process has answered.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is there for one call.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) taken: Taken,
    /// Whether this run took no call for it.
    pub(super) cached: bool,
}

impl Labeller<'_> {
    pub(super) fn label_in_pool(&self, jobs: impl Iterator<Item = Job>, mut on_result: impl FnMut(Labelled)) {
        let threads = self.plan.endpoint().concurrency;
        // One slow session must not stop the others, nor let their results pile up without end.
        let most = threads * 8 + 64;
        let mut jobs = jobs.fuse();
        let queue = Mutex::new(VecDeque::<(usize, Job)>::new());
        let (wake, woken) = mpsc::channel::<()>();
        let woken = Mutex::new(woken);
        let (give, given) = mpsc::channel::<(usize, Labelled)>();
        std::thread::scope(|scope| {
            let mut workers = 0;
            let (mut begun, mut told) = (0, 0);
            let mut waiting: BTreeMap<usize, Labelled> = BTreeMap::new();
            loop {
                while begun - told < most
                    && let Some(job) = jobs.next()
                {
                    queue.lock().expect("no thread panics with it").push_back((begun, job));
                    begun += 1;
                    if workers < threads {
                        workers += 1;
                        let give = give.clone();
                        let (queue, woken) = (&queue, &woken);
                        scope.spawn(move || {
                            while woken.lock().expect("no thread panics with it").recv().is_ok() {
                                let next = queue.lock().expect("no thread panics with it").pop_front();
                                let Some((index, job)) = next else { continue };
                                if give.send((index, self.one(job))).is_err() {
                                    return;
                                }
                            }
                        });
                    }
                    // The receiver is there as long as the scope.
                    let _ = wake.send(());
                }
                if told == begun {
                    break;
                }
                let Ok((index, labelled)) = given.recv() else { break };
                waiting.insert(index, labelled);
                while let Some(labelled) = waiting.remove(&told) {
                    told += 1;
                    self.count(&labelled);
                    on_result(labelled);
                }
            }
            drop(wake);
        });
    }

    /// Labels one session.
    fn one(&self, job: Job) -> Labelled {
        let content = self.plan.content(&job);
        let Job { session, .. } = job;
        let questions = self.plan.questions(&content);
        let mut answers = Vec::with_capacity(questions.len());
        for Question { ask, key } in questions {
            answers.push(match self.answer(ask, key, &content) {
                Ok(answered) => Ok(answered),
                Err(Failed::This(reason)) => Err(reason),
                Err(Failed::All(error)) => Err(self.stop(error)),
            });
        }
        self.put_together(session, answers)
    }

    /// The labels that the answers to a session's calls make.
    pub(super) fn put_together(&self, session: String, answers: Vec<Result<Answered, Reason>>) -> Labelled {
        let mut all: Map<String, Json> = Map::new();
        let mut unanswered: BTreeMap<String, Reason> = BTreeMap::new();
        let (mut rationale, mut cached, mut failed, mut nothing) = (None, true, None, None);
        for answer in answers {
            match answer {
                Ok(Answered { taken, cached: from_cache }) => {
                    cached &= from_cache;
                    nothing = nothing.or(taken.problems.get("*").copied());
                    all.extend(taken.answers);
                    unanswered.extend(taken.problems);
                    rationale = rationale.or(taken.rationale);
                }
                Err(reason) => failed = failed.or(Some(reason)),
            }
        }
        let rater = Rater::new(&self.plan.endpoint().rater());
        let labels = Labels::from_json(rater, self.plan.rubric, &all).0;
        let empty = labels.answers.iter().all(Option::is_none) && labels.intents.is_empty();
        let how = match (failed, nothing) {
            (Some(reason), _) => How::Failed(reason),
            (None, Some(Reason::Refused)) if empty => How::Refused,
            (None, Some(reason)) if empty => How::Failed(reason),
            _ if cached => How::Cached,
            _ => How::Called,
        };
        Labelled { session, labels, how, unanswered, rationale }
    }

    /// The answer to one call: from the cache, from another process, or from the model.
    fn answer(&self, ask: Ask, key: CallKey, content: &Content) -> Result<Answered, Failed> {
        let _busy = self.busy(key);
        let cache = self.plan.cache();
        let before = loop {
            match cache.claim(&key, self.plan.about(ask, content.messages)).map_err(Failed::All)? {
                Claim::Done(taken) => return Ok(Answered { taken, cached: true }),
                Claim::Mine(first) => break first,
                Claim::Batch(nonce) => self.collect(&nonce, &mut Default::default())?,
                Claim::Elsewhere => {
                    if !self.client.limiter.sleep(LOOK_AGAIN) {
                        return Err(Failed::This(Reason::Stopped));
                    }
                }
            }
        };
        let result = self.ask(ask, key, content, before);
        if result.is_err() {
            cache.release(&key).map_err(Failed::All)?;
        }
        result.map(|taken| Answered { taken, cached: false })
    }

    /// Asks the model; once more if the answer cannot be taken whole.
    fn ask(
        &self,
        ask: Ask,
        key: CallKey,
        content: &Content,
        before: Option<(Taken, Paid)>,
    ) -> Result<Taken, Failed> {
        let cache = self.plan.cache();
        let prompt = self.plan.prompt(ask, content);
        let (first, paid) = match before {
            Some(before) => before,
            None => {
                let (taken, paid) = self.call(ask, &key, content, &prompt, "")?;
                if taken.problems.is_empty() {
                    cache.finish(&key, &taken, paid).map_err(Failed::All)?;
                    return Ok(taken);
                }
                cache.keep_first(&key, &taken, paid).map_err(Failed::All)?;
                (taken, paid)
            }
        };
        let again = self.plan.again(&first, content.messages);
        let (second, more) = self.call(ask, &key, content, &prompt, &again)?;
        let taken = second.or(first);
        cache.finish(&key, &taken, paid.and(more)).map_err(Failed::All)?;
        Ok(taken)
    }

    fn call(
        &self,
        ask: Ask,
        key: &CallKey,
        content: &Content,
        prompt: &Prompt,
        again: &str,
    ) -> Result<(Taken, Paid), Failed> {
        let endpoint = self.plan.endpoint();
        let url = endpoint.url();
        let body = |bits| wire::body(endpoint, prompt, bits, again).get().as_bytes().to_vec();
        let call = Call {
            method: Method::POST,
            url: &url,
            body: &body,
            max_tokens: Some(prompt.max_tokens),
            about: Some(content),
            seed: u64::from_be_bytes(*key.first_chunk().expect("a key has 32 bytes")),
            repeatable: true,
            may_be_gone: false,
            timeout: None,
        };
        let accept = |bytes: &[u8]| wire::reply(endpoint.api, bytes);
        let (reply, reserved) = self.client.call(endpoint, &call, &self.purse, accept)?;
        let usd = match reserved {
            Some(reserved) => self.purse.settle(reserved, reply.usage),
            None => 0.0,
        };
        self.plan.remember(self.client.quirks.bits()).map_err(Failed::All)?;
        Ok(self.take(ask, content.messages, &reply, usd))
    }

    /// Takes what can be taken of a reply, and counts it.
    pub(super) fn take(&self, ask: Ask, messages: usize, reply: &wire::Reply, usd: f64) -> (Taken, Paid) {
        let usage = reply.usage.unwrap_or_default();
        let paid = Paid { sent: usage.sent(), answered: usage.output, usd };
        {
            let mut totals = self.totals.lock().expect("no thread panics with it");
            totals.calls += 1;
            totals.sent += paid.sent;
            totals.answered += paid.answered;
        }
        let mut taken = answer::take(self.plan.rubric, ask, messages, &reply.given);
        let wanted = self.plan.endpoint().rationale;
        taken.rationale = taken.rationale.filter(|_| wanted).map(|text| self.plan.masked(&text));
        (taken, paid)
    }

    /// Waits until no other thread of this process makes this call, and says that this one does.
    fn busy(&self, key: CallKey) -> Busy<'_, '_> {
        let mut busy = self.busy.lock().expect("no thread panics with it");
        while !busy.insert(key) {
            busy = self.freed.wait(busy).expect("no thread panics with it");
        }
        Busy { labeller: self, key }
    }

    /// An error of the cache stops everything.
    pub(super) fn all(&self, error: ModelError) -> Reason {
        self.stop(error)
    }
}

impl Paid {
    /// Both.
    pub(super) fn and(self, other: Paid) -> Paid {
        Paid {
            sent: self.sent + other.sent,
            answered: self.answered + other.answered,
            usd: self.usd + other.usd,
        }
    }
}

/// A call that a thread of this process makes.
struct Busy<'l, 'm> {
    labeller: &'l Labeller<'m>,
    key: CallKey,
}

impl Drop for Busy<'_, '_> {
    fn drop(&mut self) {
        if let Ok(mut busy) = self.labeller.busy.lock() {
            busy.remove(&self.key);
        }
        self.labeller.freed.notify_all();
    }
}
