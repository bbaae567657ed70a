//! From rules that fire to three suggestions: in which order, with which sessions, and what stands in where rules are silent.

use metier_store::Row;
use serde::Serialize;

use super::habits::{Habit, Seen};
use super::numbers::Key;
use super::{Example, FEWEST_SESSIONS, Found, SUGGESTIONS, Theme, keep, rules};
use crate::finding::{Estimate, Unit};
use crate::judged::Judged;
use crate::model::rounded;

/// The most sessions that are named with a suggestion.
const EXAMPLES: usize = 3;

/// One thing to try, or to go on with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// The rule's name: `docs/coach.md` has its condition.
    pub rule: &'static str,
    /// What it rests on.
    pub kind: Kind,
    /// The theme that it belongs to.
    pub theme: &'static str,
    /// In a few words.
    pub title: String,
    /// What the sessions show, with the numbers; none in general advice.
    pub evidence: Option<String>,
    /// These numbers.
    pub rests_on: Vec<Rests>,
    /// Sessions of the last months that show it, the latest first, at most three.
    pub examples: Vec<Example>,
    /// What the studies found, with the published figure.
    pub found: String,
    /// The study.
    pub source: String,
    /// Where the figure stands in `published.toml`.
    pub source_key: &'static str,
    /// One thing to do next time.
    pub try_next: String,
    /// Effect times share of sessions: what orders the suggestions, and nothing else. None without own evidence.
    pub priority: Option<f64>,
}

/// What a suggestion rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One's own sessions.
    OwnEvidence,
    /// One's own sessions, which show that something is well as it is.
    KeepDoing,
    /// Nothing of one's own: general advice.
    General,
}

/// A number that a suggestion rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rests {
    /// The finding, or `coach`.
    pub finding: &'static str,
    /// The name of the number.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What the value counts.
    pub unit: Unit,
    /// The number, of the last months unless the title says otherwise.
    pub estimate: Estimate,
}

/// What a rule that fires has to tell.
pub(super) struct Fired {
    /// A difference of shares: how much hangs on it.
    pub(super) effect: f64,
    /// The share of the sessions of the last months that it touches.
    pub(super) touched: f64,
    pub(super) title: String,
    pub(super) evidence: String,
    /// The numbers, of the last months or (`true`) of all.
    pub(super) keys: Vec<(Key, bool)>,
    /// What the named sessions show.
    pub(super) shows: Box<dyn Fn(Seen) -> Option<bool>>,
}

impl Fired {
    pub(super) fn shows(habit: Habit) -> Box<dyn Fn(Seen) -> Option<bool>> {
        Box::new(habit)
    }
}

/// The first three: rules that fired, by priority; then what to keep; then general advice.
pub(super) fn three(found: &Found, themes: &[Theme], rows: &[&Row]) -> Vec<Suggestion> {
    let mut all = Vec::new();
    if found.sessions >= FEWEST_SESSIONS {
        all.extend(own(found, themes, rows));
        all.extend(keep::KEEPS.iter().filter_map(|keep| keep.suggestion(found)));
    }
    // What is already said from one's own sessions is not said again in general.
    let said: Vec<&str> = all.iter().take(SUGGESTIONS).map(|one| one.theme).collect();
    let (again, new): (Vec<Suggestion>, Vec<Suggestion>) =
        keep::general().into_iter().partition(|one| said.contains(&one.theme));
    all.extend(new.into_iter().chain(again));
    all.truncate(SUGGESTIONS);
    all
}

fn own(found: &Found, themes: &[Theme], rows: &[&Row]) -> Vec<Suggestion> {
    let fired: Vec<(&rules::Rule, Fired)> =
        rules::RULES.iter().filter_map(|rule| Some((rule, (rule.fires)(found, themes)?))).collect();
    let instead = |name: &str| fired.iter().any(|(rule, _)| rule.instead_of.contains(&name));
    let mut all: Vec<Suggestion> = fired
        .iter()
        .filter(|(rule, _)| !instead(rule.name))
        .map(|(rule, fired)| {
            let (found_by_study, source) = (rule.found)();
            Suggestion {
                rule: rule.name,
                kind: Kind::OwnEvidence,
                theme: rule.theme,
                title: fired.title.clone(),
                evidence: Some(fired.evidence.clone()),
                rests_on: fired.keys.iter().map(|key| rests(found, *key)).collect(),
                examples: examples(rows, &fired.shows),
                found: found_by_study,
                source,
                source_key: rule.source_key,
                try_next: rule.try_next.to_owned(),
                priority: Some(rounded(fired.effect * fired.touched)),
            }
        })
        .collect();
    // Stable: of equals the one that stands first in the table.
    all.sort_by(|one, other| other.priority.partial_cmp(&one.priority).expect("priorities are finite"));
    all
}

pub(super) fn rests(found: &Found, (key, of_all): (Key, bool)) -> Rests {
    let numbers = if of_all { &found.whole } else { &found.recent };
    let measure = numbers.measure(key);
    Rests {
        finding: key.0,
        name: measure.name,
        title: measure.title,
        unit: measure.unit,
        estimate: measure.estimate.clone(),
    }
}

/// The latest sessions that show it.
fn examples(rows: &[&Row], shows: &dyn Fn(Seen) -> Option<bool>) -> Vec<Example> {
    let mut all: Vec<Example> = rows
        .iter()
        .filter(|row| {
            let judged = Judged::of(&row.labels, &row.facts);
            shows(Seen { facts: &row.facts, labels: &row.labels, judged: &judged }) == Some(true)
        })
        .map(|row| Example { session: row.session, first: row.facts.first })
        .collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.first), one.session));
    all.truncate(EXAMPLES);
    all
}
