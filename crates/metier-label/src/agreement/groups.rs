//! Systematic disagreement: groups of sessions beside the whole.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::figure::{Asked, Figure, Sample};
use super::{Compared, Pair, Settings, Task, amounts, coded};
use crate::rubric::Rubric;

/// By what sessions are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The agent.
    Agent,
    /// The month of the first record, in UTC.
    Month,
    /// The work mode that the first rater answered.
    WorkMode,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Dimension; 3] = [Dimension::Agent, Dimension::Month, Dimension::WorkMode];

    /// The name in flags and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Dimension::Agent => "agent",
            Dimension::Month => "month",
            Dimension::WorkMode => "work_mode",
        }
    }

    fn group<'p>(self, pair: &'p Pair, rubric: &'p Rubric) -> Option<&'p str> {
        match self {
            Dimension::Agent => pair.agent.as_deref(),
            Dimension::Month => pair.month.as_deref(),
            Dimension::WorkMode => pair.first.choice(rubric, "work_mode"),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The groups of one dimension, at least two.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// By what.
    pub by: Dimension,
    /// How many sessions or messages are in no group, because it is not known.
    pub unknown: usize,
    /// Months in order of time, others from the most frequent to the rarest.
    pub groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Its name.
    pub group: String,
    /// The share with the same answer.
    pub exact: Figure,
    /// Whether the interval of `exact` excludes the value of the whole. `None` without an interval.
    pub exact_apart: Option<bool>,
    /// As [`Compared::difference`].
    pub difference: Option<Figure>,
    /// Whether the interval of `difference` excludes the value of the whole. `None` without an interval.
    pub difference_apart: Option<bool>,
}

/// What groups are compared by: of each item whether the answers are the same, and how far apart they are.
struct Contrast<'t> {
    sessions: &'t [Pair<'t>],
    /// Of each item, the index of its session.
    pairs: Vec<usize>,
    same: Vec<bool>,
    apart: Vec<Option<f64>>,
    unit: Unit,
}

/// What a difference counts.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// There is none between options without an order.
    None,
    Levels,
    Tenths,
    /// A logarithm of a ratio.
    Ratio,
}

impl<'t> Contrast<'t> {
    fn new(task: &Task<'t>) -> Contrast<'t> {
        let scale = coded::Scale::of(task.question);
        let unit = match scale {
            Some(coded::Scale::Choice { .. }) => Unit::None,
            Some(coded::Scale::Level { .. }) => Unit::Levels,
            Some(coded::Scale::Tenths) => Unit::Tenths,
            None => Unit::Ratio,
        };
        let mut contrast =
            Contrast { sessions: task.pairs, pairs: Vec::new(), same: Vec::new(), apart: Vec::new(), unit };
        for item in &task.items {
            let (same, apart) = match scale {
                Some(scale) => match scale.code(item.first).zip(scale.code(item.second)) {
                    Some((first, second)) => (first == second, Some(second as f64 - first as f64)),
                    None => continue,
                },
                None => (item.first == item.second, amounts::log_ratio(item)),
            };
            contrast.pairs.push(item.pair);
            contrast.same.push(same);
            contrast.apart.push(apart);
        }
        contrast
    }

    /// Of some items, by their indices: the share with the same answer, and the mean difference.
    fn figures(&self, items: &[usize], settings: &Settings, stream: &str) -> (Figure, Option<Figure>) {
        let asked = |share| Asked { share, undefined: "of each pair of amounts one is zero" };
        let sample = |items: &[usize]| Sample::new(self.sessions, items.iter().map(|item| self.pairs[*item]));
        let [exact] = sample(items).figures(settings, stream, [asked(true)], |weights| {
            let (mut hits, mut n) = (0u64, 0u64);
            for (item, weight) in items.iter().zip(weights) {
                n += u64::from(*weight);
                hits += u64::from(*weight) * u64::from(self.same[*item]);
            }
            [(n > 0).then(|| hits as f64 / n as f64)]
        });
        if self.unit == Unit::None {
            return (exact, None);
        }
        let items: Vec<usize> = items.iter().copied().filter(|item| self.apart[*item].is_some()).collect();
        let [difference] = sample(&items).figures(settings, stream, [asked(false)], |weights| {
            let (mut sum, mut n) = (0.0, 0.0);
            for (item, weight) in items.iter().zip(weights) {
                n += f64::from(*weight);
                sum += f64::from(*weight) * self.apart[*item].unwrap_or_default();
            }
            [(n > 0.0).then(|| self.unit.of(sum / n))]
        });
        (exact, Some(difference))
    }

    /// The groups of one dimension; `None` if there are fewer than two.
    fn split(&self, by: Dimension, whole: &Compared, rubric: &Rubric, settings: &Settings) -> Option<Split> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut unknown = 0;
        for (item, pair) in self.pairs.iter().enumerate() {
            match by.group(&self.sessions[*pair], rubric) {
                Some(group) => groups.entry(group).or_default().push(item),
                None => unknown += 1,
            }
        }
        if groups.len() < 2 {
            return None;
        }
        let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
        if by != Dimension::Month {
            groups.sort_by_key(|(_, items)| usize::MAX - items.len());
        }
        let beside = |(name, items): (&str, Vec<usize>)| {
            let stream = format!("agree/{}/{by}/{name}", whole.question);
            let (exact, difference) = self.figures(&items, settings, &stream);
            let excludes = |part: &Figure, whole: &Figure| part.excludes(whole.value?);
            Group {
                group: name.to_owned(),
                exact_apart: excludes(&exact, &whole.exact),
                difference_apart: difference
                    .as_ref()
                    .zip(whole.difference.as_ref())
                    .and_then(|(part, whole)| excludes(part, whole)),
                exact,
                difference,
            }
        };
        Some(Split { by, unknown, groups: groups.into_iter().map(beside).collect() })
    }
}

impl Unit {
    fn of(self, mean: f64) -> f64 {
        match self {
            Unit::None | Unit::Levels => mean,
            Unit::Tenths => mean / 10.0,
            Unit::Ratio => mean.exp(),
        }
    }
}

/// Adds to a question how far apart the raters are on average, and every dimension with at least two groups.
pub(super) fn add(task: &Task, compared: &mut Compared, rubric: &Rubric, settings: &Settings) {
    let contrast = Contrast::new(task);
    let all: Vec<usize> = (0..contrast.pairs.len()).collect();
    let (_, difference) = contrast.figures(&all, settings, &format!("agree/{}", compared.question));
    compared.difference = difference;
    let split = |by: &Dimension| contrast.split(*by, compared, rubric, settings);
    compared.by = settings.by.iter().filter_map(split).collect();
}
