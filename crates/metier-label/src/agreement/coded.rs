//! Questions whose answers are categories: choices, levels, shares in tenths.

use metier_stats::agreement::{Metric, Pairs, Rater, Ratings, Table, Weights};
use serde_json::Value as Json;

use super::figure::{Asked, Figure, Sample};
use super::{Compared, Confusion, Item, Settings, Task, Unclear, distinct};
use crate::labels::Value;
use crate::rubric::{Kind, Question};

const SAME: &str = "both gave one and the same answer everywhere";

/// What the categories of a question are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Options without an order.
    Choice {
        /// How many.
        options: usize,
        /// The one that says that the transcript does not tell.
        unclear: Option<u8>,
    },
    /// Levels from the lowest to the highest.
    Level {
        /// The lowest.
        low: u8,
        /// The highest.
        high: u8,
        /// What says that the transcript does not tell.
        unclear: Option<u8>,
    },
    /// Tenths, 0 to 10.
    Tenths,
}

impl Scale {
    /// The scale of a question; `None` if its answers are amounts.
    pub(super) fn of(question: &Question) -> Option<Scale> {
        match &question.kind {
            Kind::Choice { options, unclear } => {
                Some(Scale::Choice { options: options.len(), unclear: unclear.map(|at| at as u8) })
            }
            Kind::Level { low, high, unclear, .. } => {
                Some(Scale::Level { low: *low, high: *high, unclear: *unclear })
            }
            Kind::Share => Some(Scale::Tenths),
            Kind::Usd => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Scale::Choice { .. } => "choice",
            Scale::Level { .. } => "level",
            Scale::Tenths => "share",
        }
    }

    fn is_ordered(self) -> bool {
        !matches!(self, Scale::Choice { .. })
    }

    /// How many categories there are.
    fn count(self) -> usize {
        match self {
            Scale::Choice { options, .. } => options,
            Scale::Level { low, high, .. } => usize::from(high - low) + 1,
            Scale::Tenths => 11,
        }
    }

    /// The category of an answer. `None` if it is off the scale: unclear, or another question's.
    pub(super) fn code(self, value: Value) -> Option<usize> {
        let code = match (self, value) {
            (Scale::Choice { .. }, Value::Choice(at)) => usize::from(at),
            (Scale::Level { low, .. }, Value::Level(level)) => usize::from(level.checked_sub(low)?),
            (Scale::Tenths, Value::Tenths(tenths)) => usize::from(tenths),
            _ => return None,
        };
        (code < self.count()).then_some(code)
    }

    /// The answer of a category.
    fn value(self, code: usize) -> Value {
        match self {
            Scale::Choice { .. } => Value::Choice(code as u8),
            Scale::Level { low, .. } => Value::Level(low + code as u8),
            Scale::Tenths => Value::Tenths(code as u8),
        }
    }

    /// Whether the question can be unclear, and the answer says so.
    fn is_unclear(self, value: Value) -> Option<bool> {
        match (self, value) {
            (Scale::Choice { unclear, .. }, Value::Choice(at)) => unclear.map(|unclear| at == unclear),
            (Scale::Level { unclear, .. }, Value::Level(level)) => unclear.map(|unclear| level == unclear),
            _ => None,
        }
    }
}

/// Items with a category of both raters.
struct Coded {
    scale: Scale,
    pairs: Pairs,
    ratings: Ratings,
}

impl Coded {
    fn new(scale: Scale, codes: &[(usize, usize)]) -> Coded {
        let checked = "codes are below the number of categories";
        let both = codes.iter().map(|(first, second)| [Some(*first), Some(*second)]);
        Coded {
            scale,
            pairs: Pairs::new(scale.count(), codes.iter().copied()).expect(checked),
            ratings: Ratings::new(scale.count(), both).expect(checked),
        }
    }

    /// In the order of [`ASKED`].
    fn statistics(&self, weights: &[u32]) -> [Option<f64>; 8] {
        let table = self.pairs.resampled(weights);
        let metric = match self.scale {
            Scale::Choice { .. } => Metric::Nominal,
            Scale::Level { .. } => Metric::Ordinal,
            Scale::Tenths => Metric::Interval,
        };
        let alpha = self.ratings.resampled(weights).alpha(metric);
        let ordered = self.scale.is_ordered();
        let kappa = if ordered { table.weighted_kappa(Weights::Quadratic) } else { table.kappa() };
        let ac = if ordered { table.ac2(Weights::Quadratic) } else { table.ac1() };
        let near = |value: Option<f64>| value.filter(|_| ordered);
        [
            table.exact(),
            near(table.within_one()),
            kappa,
            alpha,
            ac,
            baseline(&table, 0),
            near(baseline(&table, 1)),
            prevalent(&table).map(|(_, share)| share),
        ]
    }
}

const ASKED: [Asked; 8] = {
    const fn asked(share: bool) -> Asked {
        Asked { share, undefined: SAME }
    }
    [
        asked(true),
        asked(true),
        asked(false),
        asked(false),
        asked(false),
        asked(true),
        asked(true),
        asked(true),
    ]
};

/// The share of the second rater's answers that are at most so many categories from the first's most frequent one.
fn baseline(table: &Table, apart: usize) -> Option<f64> {
    let most = table.most_frequent(Rater::First)?.category;
    let near = |(code, count): (usize, &u64)| if code.abs_diff(most) <= apart { *count } else { 0 };
    let hits: u64 = table.answers(Rater::Second).iter().enumerate().map(near).sum();
    Some(hits as f64 / table.n() as f64)
}

/// The category that both raters together gave most often, and its share of all their answers.
fn prevalent(table: &Table) -> Option<(usize, f64)> {
    let both = table.answers(Rater::First).iter().zip(table.answers(Rater::Second)).map(|(a, b)| a + b);
    // Of equals, `max_by_key` gives the last; the first is wanted.
    let (code, count) = both.enumerate().collect::<Vec<_>>().into_iter().rev().max_by_key(|(_, n)| *n)?;
    (table.n() > 0).then(|| (code, count as f64 / (2 * table.n()) as f64))
}

/// Compares the answers to a question with this scale.
pub(super) fn compare(task: &Task, scale: &Scale, settings: &Settings) -> Compared {
    let scale = *scale;
    let mut codes = Vec::new();
    let mut items = Vec::new();
    for item in &task.items {
        if let Some(both) = scale.code(item.first).zip(scale.code(item.second)) {
            codes.push(both);
            items.push(item.pair);
        }
    }
    let name = &task.question.name;
    let sample = Sample::new(task.pairs, items.iter().copied());
    let coded = Coded::new(scale, &codes);
    let [exact, near, kappa, alpha, ac, baseline, baseline_near, prevalence] =
        sample.figures(settings, &format!("agree/{name}"), ASKED, |weights| coded.statistics(weights));
    let table = coded.pairs.table();
    let answer = |code: Option<usize>| {
        code.filter(|_| !codes.is_empty()).map_or(Json::Null, |code| task.question.json(scale.value(code)))
    };
    let ordered = |figure: Figure| scale.is_ordered().then_some(figure);
    Compared {
        question: name.clone(),
        kind: scale.name(),
        n_of: task.n_of,
        n: codes.len(),
        sessions: distinct(&items),
        left_out: task.left_out,
        exact,
        near: ordered(near),
        kappa: Some(kappa),
        alpha,
        ac: Some(ac),
        baseline_answer: answer(table.most_frequent(Rater::First).map(|most| most.category)),
        baseline,
        baseline_near: ordered(baseline_near),
        prevalent_answer: answer(prevalent(&table).map(|(code, _)| code)),
        prevalence: Some(prevalence),
        difference: None,
        log_correlation: None,
        unclear: unclear(task, scale, settings),
        confusion: confusion(task),
        by: Vec::new(),
    }
}

/// Whether the raters agree on what is unclear.
fn unclear(task: &Task, scale: Scale, settings: &Settings) -> Option<Unclear> {
    let whether = |item: &Item| {
        let (first, second) = (scale.is_unclear(item.first)?, scale.is_unclear(item.second)?);
        Some((usize::from(first), usize::from(second)))
    };
    let can_be = match scale {
        Scale::Choice { unclear, .. } | Scale::Level { unclear, .. } => unclear.is_some(),
        Scale::Tenths => false,
    };
    if !can_be {
        return None;
    }
    let codes: Vec<(usize, usize)> = task.items.iter().filter_map(whether).collect();
    let sample = Sample::new(task.pairs, task.items.iter().map(|item| item.pair));
    let pairs = Pairs::new(2, codes).expect("clear is 0 and unclear is 1");
    let asked = |share| Asked { share, undefined: "to both it was always clear, or never" };
    let stream = format!("agree/{}/unclear", task.question.name);
    let [exact, kappa] = sample.figures(settings, &stream, [asked(true), asked(false)], |weights| {
        let table = pairs.resampled(weights);
        [table.exact(), table.kappa()]
    });
    let table = pairs.table();
    let count = |first, second| table.count(first, second) as usize;
    Some(Unclear { only_first: count(1, 0), only_second: count(0, 1), both: count(1, 1), exact, kappa })
}

/// Every pair of answers to a choice or a level, *unclear* among them.
fn confusion(task: &Task) -> Option<Confusion> {
    let options = task.question.options();
    if options.is_empty() {
        return None;
    }
    let at = |value: Value| match (&task.question.kind, value) {
        (Kind::Choice { .. }, Value::Choice(at)) => Some(usize::from(at)),
        // The unclear level is the first of them, if there is one.
        (Kind::Level { unclear: Some(unclear), .. }, Value::Level(level)) if level == *unclear => Some(0),
        (Kind::Level { low, unclear, .. }, Value::Level(level)) => {
            Some(usize::from(level.checked_sub(*low)?) + usize::from(unclear.is_some()))
        }
        _ => None,
    };
    let mut counts = vec![vec![0; options.len()]; options.len()];
    for item in &task.items {
        if let Some((first, second)) = at(item.first).zip(at(item.second))
            && let Some(count) = counts.get_mut(first).and_then(|row| row.get_mut(second))
        {
            *count += 1;
        }
    }
    Some(Confusion { answers: options.iter().map(|option| option.name.clone()).collect(), counts })
}
