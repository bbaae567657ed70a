//! What a session shows of how its person works: one question each, with yes, no, or not recorded. Counts nothing.

use std::sync::LazyLock;

use metier_label::{Labels, rubric};
use metier_session::{ActionKind, Facts};

use crate::judged::{Judged, LEVELS, option};
use crate::selection::Selected;

/// A session as habits are asked about it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) facts: &'a Facts,
    pub(super) labels: &'a Labels,
    pub(super) judged: &'a Judged,
}

impl<'a> From<&'a Selected<'_>> for Seen<'a> {
    fn from(selected: &'a Selected<'_>) -> Seen<'a> {
        Seen { facts: selected.facts, labels: selected.labels, judged: &selected.judged }
    }
}

/// Whether a session shows it; `None` where that is not recorded or not judged.
pub(super) type Habit = fn(Seen) -> Option<bool>;

/// The patterns that kept mastery in the trial of skill formation, and those that cost it.
pub(super) const KEPT: [&str; 3] =
    ["generation_then_comprehension", "hybrid_code_explanation", "conceptual_inquiry"];
pub(super) const COST: [&str; 3] = ["delegation", "progressive_reliance", "iterative_debugging"];

struct Patterns {
    kept: [u8; 3],
    cost: [u8; 3],
    delegation: u8,
    debugging: u8,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let find = |name| option("interaction_pattern", name);
    Patterns {
        kept: KEPT.map(find),
        cost: COST.map(find),
        delegation: find("delegation"),
        debugging: find("iterative_debugging"),
    }
});

pub(super) fn keeps_mastery(seen: Seen) -> Option<bool> {
    Some(PATTERNS.kept.contains(&seen.judged.pattern?))
}

pub(super) fn costs_mastery(seen: Seen) -> Option<bool> {
    Some(PATTERNS.cost.contains(&seen.judged.pattern?))
}

pub(super) fn delegates(seen: Seen) -> Option<bool> {
    Some(seen.judged.pattern? == PATTERNS.delegation)
}

pub(super) fn debugs_by_turns(seen: Seen) -> Option<bool> {
    Some(seen.judged.pattern? == PATTERNS.debugging)
}

/// Judged a novice's or a beginner's, of those judged.
pub(super) fn is_early(seen: Seen) -> Option<bool> {
    Some(seen.judged.expertise? <= LEVELS[1].0)
}

/// Of sessions judged a novice's or a beginner's: whether the pattern is one that cost mastery.
pub(super) fn learns_by_handing_over(seen: Seen) -> Option<bool> {
    if is_early(seen)? { costs_mastery(seen) } else { None }
}

/// Whether the agent made more than half of the planning decisions.
pub(super) fn agent_plans(seen: Seen) -> Option<bool> {
    Some(seen.judged.planning? < 0.5)
}

pub(super) fn starts_from_plan(seen: Seen) -> Option<bool> {
    Some(seen.facts.plan_prompts > 0)
}

/// Of sessions that edited: whether no test, build or linter was recognised.
pub(super) fn edits_unchecked(seen: Seen) -> Option<bool> {
    let facts = seen.facts;
    let edited =
        facts.actions_by_kind[ActionKind::Edit as usize] > 0 || facts.lines_added.is_some_and(|n| n > 0);
    edited.then_some(facts.test_runs + facts.build_runs + facts.lint_runs == 0)
}

/// Whether hard evidence of success was judged to be there.
pub(super) fn has_hard_signal(seen: Seen) -> Option<bool> {
    Some(seen.judged.success_signal? >= 4)
}

/// Messages of these kinds, and messages with a kind; `None` where no message has one.
pub(super) fn messages(seen: Seen, kinds: &[&str]) -> Option<(f64, f64)> {
    let options = rubric().intent.options();
    let known = seen.labels.intents.iter().flatten();
    let all = known.clone().count();
    let of = known.filter(|at| options.get(usize::from(**at)).is_some_and(|one| kinds.contains(&&*one.name)));
    (all > 0).then(|| (of.count() as f64, all as f64))
}

/// Whether the same thing was reported as still broken twice or more.
pub(super) fn reports_again(seen: Seen) -> Option<bool> {
    Some(messages(seen, &["error persistence"])?.0 >= 2.0)
}

/// Whether the direction was corrected twice or more.
pub(super) fn corrects_twice(seen: Seen) -> Option<bool> {
    Some(messages(seen, &["alignment correction"])?.0 >= 2.0)
}

/// Whether no message asked in order to understand.
pub(super) fn asks_nothing(seen: Seen) -> Option<bool> {
    Some(messages(seen, &["project comprehension", "general knowledge query"])?.0 == 0.0)
}

pub(super) fn is_troubled(seen: Seen) -> Option<bool> {
    seen.judged.derived.troubled
}

/// Of troubled sessions: whether success was verified all the same.
pub(super) fn recovers(seen: Seen) -> Option<bool> {
    seen.judged.derived.recovered
}

/// Of troubled sessions: whether success was not verified.
pub(super) fn stays_stuck(seen: Seen) -> Option<bool> {
    recovers(seen).map(|recovered| !recovered)
}

/// Of troubled sessions: whether there was at least partial success.
pub(super) fn ends_in_part(seen: Seen) -> Option<bool> {
    if is_troubled(seen)? { seen.judged.derived.at_least_partial } else { None }
}

/// Of troubled sessions: whether they were given up.
pub(super) fn gives_up(seen: Seen) -> Option<bool> {
    if is_troubled(seen)? { seen.judged.derived.abandoned } else { None }
}
