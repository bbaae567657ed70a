//! Agreement between two raters of the same sessions, question by question. The statistics themselves are in
//! `metier-stats`; who the raters are and which sessions are the same is settled before. `docs/agreement.md` defines
//! every number.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use serde_json::Value as Json;

use crate::labels::{Answer, Labels, Value};
use crate::rubric::{Question, Rubric};

mod amounts;
mod coded;
mod figure;
mod groups;

pub use figure::{Figure, Method};
pub use groups::{Dimension, Group, Split};

/// One session that both raters judged.
#[derive(Debug, Clone)]
pub struct Pair<'l> {
    /// What tells the session from the others.
    pub session: String,
    /// What the first rater answered.
    pub first: &'l Labels,
    /// What the second rater answered.
    pub second: &'l Labels,
    /// Whoever stands for its person. `None` where nothing tells one from another.
    pub person: Option<String>,
    /// Its agent.
    pub agent: Option<String>,
    /// The month of its first record, as `2026-01`.
    pub month: Option<String>,
}

/// How to compare.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seed of the resampling.
    pub seed: u64,
    /// How many resamples are drawn for an interval.
    pub resamples: usize,
    /// By what to look for systematic disagreement.
    pub by: Vec<Dimension>,
    /// Threads to work on, at least one. They change no digit.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        let bootstrap = metier_stats::bootstrap::Bootstrap::default();
        Settings {
            seed: bootstrap.seed,
            resamples: bootstrap.resamples,
            by: Dimension::ALL.to_vec(),
            threads: 1,
        }
    }
}

/// How two raters agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Sessions that both judged.
    pub sessions: usize,
    /// People among them, where that is known of any.
    pub people: Option<usize>,
    /// The seed of the resampling.
    pub seed: u64,
    /// How many resamples were drawn for an interval.
    pub resamples: usize,
    /// Each question of the rubric, in its order; the intents of messages last.
    pub questions: Vec<Compared>,
    /// How much was looked at in search of systematic disagreement.
    pub looked_at: LookedAt,
}

/// How many groups were compared with the whole. Of intervals of groups that do not differ, about one in twenty
/// excludes the value of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LookedAt {
    /// Groups of sessions, counted once for each question.
    pub groups: usize,
    /// Intervals of groups that there were.
    pub intervals: usize,
    /// How many of them exclude the value of the whole.
    pub apart: usize,
}

/// How two raters agree on one question.
///
/// A figure that a question of this kind does not have is `None`; one that it has and that is not defined for these
/// answers has no value, and says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The question.
    pub question: String,
    /// Its kind: choice, level, share or usd.
    pub kind: &'static str,
    /// What is counted: sessions or messages.
    pub n_of: &'static str,
    /// How many were compared: those that both answered, and of levels those that are unclear to neither.
    pub n: usize,
    /// The sessions that these are of.
    pub sessions: usize,
    /// What was not compared.
    pub left_out: LeftOut,
    /// The share with the same answer.
    pub exact: Figure,
    /// The share with answers at most one level, one tenth or a factor of 2 apart.
    pub near: Option<Figure>,
    /// Cohen's κ: unweighted for choices, with quadratic weights for levels and shares.
    pub kappa: Option<Figure>,
    /// Krippendorff's α: nominal for choices, ordinal for levels, interval for shares and for logarithms of amounts.
    pub alpha: Figure,
    /// Gwet's AC1 for choices, AC2 with quadratic weights for levels and shares.
    pub ac: Option<Figure>,
    /// The first rater's most frequent answer; of equals the first in the order of the rubric.
    pub baseline_answer: Json,
    /// The naive baseline: the share of the second rater's answers that are the first's most frequent one.
    pub baseline: Figure,
    /// The same for answers at most one level, one tenth or a factor of 2 apart.
    pub baseline_near: Option<Figure>,
    /// The answer that both raters together gave most often.
    pub prevalent_answer: Json,
    /// Its share of all answers of both.
    pub prevalence: Option<Figure>,
    /// The second rater's answer less the first's, on average: in levels, or as a share. Of amounts: the
    /// geometric mean of the second rater's divided by the first's.
    pub difference: Option<Figure>,
    /// Of amounts: the correlation of their logarithms.
    pub log_correlation: Option<Figure>,
    /// Where the transcript may not tell: whether the raters agree on that.
    pub unclear: Option<Unclear>,
    /// How often each pair of answers was given.
    pub confusion: Option<Confusion>,
    /// Groups of sessions beside the whole.
    pub by: Vec<Split>,
}

/// From this share of all answers on, one answer dominates, and κ tells little: see [`Compared::ac`].
pub const PREVALENT: f64 = 0.8;

impl Compared {
    /// Whether one answer is so frequent that κ tells little.
    pub fn is_prevalent(&self) -> bool {
        self.prevalence.as_ref().and_then(|share| share.value).is_some_and(|share| share >= PREVALENT)
    }
}

/// What was not compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Answered by the first rater only.
    pub only_first: usize,
    /// Answered by the second rater only.
    pub only_second: usize,
    /// Answered by neither.
    pub neither: usize,
    /// Sessions for whose messages the raters gave different numbers of answers: none of those is compared.
    pub unequal_sessions: usize,
    /// Amounts of which one is zero: they have no logarithm, and are left out where one is taken.
    pub without_logarithm: usize,
}

/// Agreement on whether a question can be answered at all, over what both answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unclear {
    /// Unclear to the first rater only.
    pub only_first: usize,
    /// Unclear to the second rater only.
    pub only_second: usize,
    /// Unclear to both.
    pub both: usize,
    /// The share on which they agree whether it is clear.
    pub exact: Figure,
    /// Cohen's κ of clear and unclear.
    pub kappa: Figure,
}

/// How often each pair of answers was given, *unclear* among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// What can be answered.
    pub answers: Vec<String>,
    /// A row for each answer of the first rater, in it a column for each answer of the second.
    pub counts: Vec<Vec<u64>>,
}

/// Compares two raters. The order of the pairs changes no digit.
pub fn agreement(pairs: &[Pair], rubric: &Rubric, settings: &Settings) -> Agreement {
    let mut pairs: Vec<Pair> = pairs.to_vec();
    pairs.sort_by(|a, b| a.session.cmp(&b.session));
    let people: BTreeSet<&str> = pairs.iter().filter_map(|pair| pair.person.as_deref()).collect();
    let questions = parallel(rubric.questions.len() + 1, settings.threads, |at| {
        let task = match rubric.questions.get(at) {
            Some(question) => Task::of_sessions(question, at, &pairs),
            None => Task::of_messages(&rubric.intent, &pairs),
        };
        task.compare(rubric, settings)
    });
    let groups = || questions.iter().flat_map(|compared| &compared.by).flat_map(|split| &split.groups);
    let apart = || groups().flat_map(|group| [group.exact_apart, group.difference_apart]).flatten();
    let looked_at = LookedAt {
        groups: groups().filter(|group| group.exact_apart.or(group.difference_apart).is_some()).count(),
        intervals: apart().count(),
        apart: apart().filter(|apart| *apart).count(),
    };
    Agreement {
        sessions: pairs.len(),
        people: (!people.is_empty()).then_some(people.len()),
        seed: settings.seed,
        resamples: settings.resamples,
        questions,
        looked_at,
    }
}

/// One question, and what both raters answered to it.
struct Task<'t> {
    question: &'t Question,
    n_of: &'static str,
    pairs: &'t [Pair<'t>],
    items: Vec<Item>,
    left_out: LeftOut,
}

/// What both raters answered about one session or message.
#[derive(Debug, Clone, Copy)]
struct Item {
    /// The index of its session.
    pair: usize,
    first: Value,
    second: Value,
}

impl<'t> Task<'t> {
    fn new(question: &'t Question, n_of: &'static str, pairs: &'t [Pair<'t>]) -> Task<'t> {
        Task { question, n_of, pairs, items: Vec::new(), left_out: LeftOut::default() }
    }

    fn of_sessions(question: &'t Question, at: usize, pairs: &'t [Pair<'t>]) -> Task<'t> {
        let mut task = Task::new(question, "sessions", pairs);
        let value =
            |labels: &Labels| labels.answers.get(at).copied().flatten().map(|Answer { value, .. }| value);
        for (index, pair) in pairs.iter().enumerate() {
            task.add(index, value(pair.first), value(pair.second));
        }
        task
    }

    /// Messages are the same if they have the same place and there are as many of them.
    fn of_messages(question: &'t Question, pairs: &'t [Pair<'t>]) -> Task<'t> {
        let mut task = Task::new(question, "messages", pairs);
        let value = |intents: &[Option<u8>], at: usize| intents.get(at).copied().flatten().map(Value::Choice);
        for (index, pair) in pairs.iter().enumerate() {
            let (first, second) = (&pair.first.intents, &pair.second.intents);
            if first.len() != second.len() && !first.is_empty() && !second.is_empty() {
                task.left_out.unequal_sessions += 1;
                continue;
            }
            for at in 0..first.len().max(second.len()) {
                task.add(index, value(first, at), value(second, at));
            }
        }
        task
    }

    fn add(&mut self, pair: usize, first: Option<Value>, second: Option<Value>) {
        match (first, second) {
            (Some(first), Some(second)) => self.items.push(Item { pair, first, second }),
            (Some(_), None) => self.left_out.only_first += 1,
            (None, Some(_)) => self.left_out.only_second += 1,
            (None, None) => self.left_out.neither += 1,
        }
    }

    fn compare(&self, rubric: &Rubric, settings: &Settings) -> Compared {
        let mut compared = match coded::Scale::of(self.question) {
            Some(scale) => coded::compare(self, &scale, settings),
            None => amounts::compare(self, settings),
        };
        groups::add(self, &mut compared, rubric, settings);
        compared
    }
}

/// How many sessions these items are of, by the indices of their sessions.
fn distinct(items: &[usize]) -> usize {
    items.iter().collect::<BTreeSet<_>>().len()
}

/// Calls `work` for every index below `count`; the results in the order of the indices.
fn parallel<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut mine = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return mine;
            }
            mine.push((index, work(index)));
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.clamp(1, count.max(1))).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests;
