//! Labellers that ask a language model: what a session becomes on its way out, and what comes back. One file a concern below; this one has the types that users of the crate meet.
//!
//! Nothing is sent to anybody but the [`Endpoint`] that the user named. What is sent is masked first; what comes back
//! rests in the [`Cache`] before it is handed on, so that no answer is paid twice.

mod answer;
mod batch;
mod cache;
mod client;
mod config;
mod error;
mod limiter;
mod money;
mod plan;
mod pool;
mod prompt;
mod wire;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

pub use answer::Reason;
pub use cache::Cache;
pub use client::Patience;
pub use config::{Api, Endpoint, Key, Mode, Prices, Settings};
pub use error::ModelError;
pub use money::Estimate;
pub use plan::{Plan, Sent};

use self::cache::CallKey;
use self::client::Client;
use self::money::Purse;
use crate::labels::Labels;

/// Masks a text before anything else sees it.
pub type Mask<'m> = dyn Fn(&str) -> String + Send + Sync + 'm;

/// A session to be labelled.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name in results; never sent.
    pub session: String,
    /// Its rendering: see [`render`](crate::render()).
    pub text: String,
    /// What the person typed: see [`render_messages`](crate::render_messages()).
    pub messages_text: String,
    /// How many messages that is.
    pub messages: usize,
}

/// A session that was labelled, or not.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The job's session.
    pub session: String,
    /// The answers; where there are none, they are empty.
    pub labels: Labels,
    /// How it went.
    pub how: How,
    /// The questions without an answer, and why; `*` is all of a call.
    pub unanswered: BTreeMap<String, Reason>,
    /// Why, in at most 25 words of the model, if that was asked for.
    pub rationale: Option<String>,
}

/// How labelling a session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Every answer was there already.
    Cached,
    /// The model was called, now.
    Called,
    /// The model declined.
    Refused,
    /// There are no answers, or not all, because of this.
    Failed(Reason),
}

/// What a run came to, so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Sessions with every answer that the model gave, cached ones included.
    pub labelled: u64,
    /// Those that took no call.
    pub cached: u64,
    /// Sessions that the model declined.
    pub refused: u64,
    /// Sessions that failed, by reason.
    pub failed: BTreeMap<Reason, u64>,
    /// Questions without an answer in labelled sessions, by reason.
    pub unanswered: BTreeMap<Reason, u64>,
    /// Calls that were answered.
    pub calls: u64,
    /// Tokens sent.
    pub sent: u64,
    /// Tokens answered.
    pub answered: u64,
    /// US dollars, with what may have been charged for calls that were cut; `None` without prices.
    pub usd: Option<f64>,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most that may be spent, in US dollars.
    pub budget: Option<f64>,
    /// How stubborn to be.
    pub patience: Patience,
    /// How long to wait before looking at a batch again.
    pub poll: Duration,
    /// The most calls in a batch.
    pub batch_calls: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            budget: None,
            patience: Patience::default(),
            poll: Duration::from_secs(30),
            batch_calls: 10_000,
        }
    }
}

/// Asks one model about sessions.
pub struct Labeller<'m> {
    plan: Plan<'m>,
    client: Client,
    purse: Purse,
    options: Options,
    /// Calls that a thread of this process makes right now.
    busy: Mutex<HashSet<CallKey>>,
    freed: Condvar,
    /// Held by the thread that looks at a batch.
    collecting: Mutex<()>,
    totals: Mutex<Totals>,
    error: Mutex<Option<ModelError>>,
}

impl<'m> Labeller<'m> {
    /// A labeller over an endpoint, with the key for it if there is one.
    ///
    /// # Errors
    /// If a budget is set and the endpoint has no prices, or the cache cannot be read.
    pub fn new(
        endpoint: Endpoint,
        key: Option<Key>,
        cache: Cache,
        mask: Box<Mask<'m>>,
        options: Options,
    ) -> Result<Labeller<'m>, ModelError> {
        let purse = Purse::new(&endpoint, options.budget);
        if options.budget.is_some() && !purse.has_prices() {
            return Err(ModelError::NoPrices(endpoint.rater()));
        }
        let plan = Plan::new(endpoint, Some(cache), mask)?;
        let client = Client::new(plan.endpoint(), key, options.patience, plan.quirks());
        Ok(Labeller {
            plan,
            client,
            purse,
            options,
            busy: Mutex::default(),
            freed: Condvar::new(),
            collecting: Mutex::default(),
            totals: Mutex::default(),
            error: Mutex::default(),
        })
    }

    /// What it knows before it sends anything.
    pub fn plan(&self) -> &Plan<'m> {
        &self.plan
    }

    /// Labels sessions: calls `on_result` for each, in the order of the jobs. Jobs are taken as they are needed, so
    /// their number does not matter to memory. What was answered is kept whatever happens.
    ///
    /// # Errors
    /// What stopped it for good, if something did; jobs after that come back as failed, unless they were cached.
    pub fn label(
        &self,
        jobs: impl Iterator<Item = Job>,
        on_result: impl FnMut(Labelled),
    ) -> Result<Totals, ModelError> {
        if self.plan.endpoint().batch {
            self.label_in_batches(jobs, on_result);
        } else {
            self.label_in_pool(jobs, on_result);
        }
        match self.error.lock().expect("no thread panics with it").take() {
            Some(error) => Err(error),
            None => Ok(self.totals()),
        }
    }

    /// What it came to so far; may be asked from any thread.
    pub fn totals(&self) -> Totals {
        let mut totals = self.totals.lock().expect("no thread panics with it").clone();
        totals.usd = self.purse.has_prices().then(|| self.purse.spent());
        totals
    }

    /// Begins no further call; those on their way are still answered and kept.
    pub fn halt(&self) {
        self.client.limiter.stop();
    }

    /// What servers said of failures: a few different things, without keys and transcripts.
    pub fn said(&self) -> Vec<String> {
        self.client.said()
    }

    fn count(&self, labelled: &Labelled) {
        let mut totals = self.totals.lock().expect("no thread panics with it");
        match labelled.how {
            How::Cached => {
                totals.labelled += 1;
                totals.cached += 1;
            }
            How::Called => totals.labelled += 1,
            How::Refused => totals.refused += 1,
            How::Failed(reason) => *totals.failed.entry(reason).or_default() += 1,
        }
        if matches!(labelled.how, How::Cached | How::Called) {
            for reason in labelled.unanswered.values() {
                *totals.unanswered.entry(*reason).or_default() += 1;
            }
        }
    }

    /// Nothing is begun from now on; the first error is the one that is told.
    fn stop(&self, error: ModelError) -> Reason {
        self.client.limiter.stop();
        self.error.lock().expect("no thread panics with it").get_or_insert(error);
        Reason::Stopped
    }
}
