//! What was judged of a session, looked up once for all findings. Judges nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

use metier_label::{Derived, Labels, Value, rubric};
use metier_session::Facts;

/// The labels of a session, and what follows from them. `None` where there is no answer, or an unclear one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    /// The index of the option.
    pub(crate) work_mode: Option<u8>,
    /// 1 novice to 5 expert.
    pub(crate) expertise: Option<u8>,
    /// Share of planning decisions that the person made.
    pub(crate) planning: Option<f64>,
    /// Share of execution decisions that the person made.
    pub(crate) execution: Option<f64>,
    /// The index of the option.
    pub(crate) outcome: Option<u8>,
    /// Whether the outcome is *succeeded*.
    pub(crate) succeeded: Option<bool>,
    /// 0 none to 5.
    pub(crate) success_signal: Option<u8>,
    /// 0 none to 5.
    pub(crate) failure_signal: Option<u8>,
    /// The index of the option.
    pub(crate) pattern: Option<u8>,
    /// The index of the option; *unclear* is an option.
    pub(crate) occupation: Option<u8>,
    /// The index of the option.
    pub(crate) subject: Option<u8>,
    /// The index of the option.
    pub(crate) codebase: Option<u8>,
    /// US dollars.
    pub(crate) value: Option<f64>,
    /// What follows.
    pub(crate) derived: Derived,
}

/// Where the questions stand.
struct Places {
    work_mode: usize,
    expertise: usize,
    planning: usize,
    execution: usize,
    outcome: usize,
    succeeded: u8,
    success_signal: usize,
    failure_signal: usize,
    pattern: usize,
    occupation: usize,
    subject: usize,
    codebase: usize,
    value: usize,
}

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let find = |name: &str| rubric().find(name).expect("a test finds every question");
    Places {
        work_mode: find("work_mode"),
        expertise: find("expertise"),
        planning: find("planning_user_share"),
        execution: find("execution_user_share"),
        outcome: find("outcome"),
        succeeded: option("outcome", "succeeded"),
        success_signal: find("success_signal"),
        failure_signal: find("failure_signal"),
        pattern: find("interaction_pattern"),
        occupation: find("occupation"),
        subject: find("task_subject"),
        codebase: find("codebase"),
        value: find("value_usd"),
    }
});

/// Judges one session after another, and remembers what followed from the same answers.
#[derive(Default)]
pub(crate) struct Judge {
    of_outcome: HashMap<[u16; 4], Derived, foldhash::fast::FixedState>,
    of_kind: HashMap<[u16; 2], Derived, foldhash::fast::FixedState>,
}

impl Judge {
    /// What was judged of a session.
    pub(crate) fn judged(&mut self, labels: &Labels, facts: &Facts) -> Judged {
        let places = &*PLACES;
        let code = |at: usize| match labels.answers.get(at).copied().flatten().map(|answer| answer.value) {
            Some(Value::Choice(choice)) => 1 + u16::from(choice),
            Some(Value::Level(level)) => 257 + u16::from(level),
            _ => 0,
        };
        let lines = facts.lines_added.map_or(0, |lines| 1 + u16::from(lines > 0));
        let outcome = [code(places.outcome), code(places.success_signal), code(places.failure_signal), lines];
        let kind = [code(places.codebase), code(places.occupation)];
        let derive = || Derived::of(labels, facts, rubric());
        let of_outcome = *self.of_outcome.entry(outcome).or_insert_with(derive);
        let of_kind = *self.of_kind.entry(kind).or_insert_with(derive);
        let Derived { judged_writing, software_occupation, .. } = of_kind;
        Judged::with(labels, Derived { judged_writing, software_occupation, ..of_outcome })
    }
}

impl Judged {
    pub(crate) fn of(labels: &Labels, facts: &Facts) -> Judged {
        Judged::with(labels, Derived::of(labels, facts, rubric()))
    }

    fn with(labels: &Labels, derived: Derived) -> Judged {
        let places = &*PLACES;
        let value = |at: usize| labels.answers.get(at).copied().flatten().map(|answer| answer.value);
        let choice = |at| match value(at) {
            Some(Value::Choice(choice)) => Some(choice),
            _ => None,
        };
        let level = |at| match value(at) {
            Some(Value::Level(level)) => Some(level),
            _ => None,
        };
        let share = |at| match value(at) {
            Some(Value::Tenths(tenths)) => Some(f64::from(tenths) / 10.0),
            _ => None,
        };
        Judged {
            work_mode: choice(places.work_mode),
            // 0 stands for unclear.
            expertise: level(places.expertise).filter(|level| *level > 0),
            planning: share(places.planning),
            execution: share(places.execution),
            outcome: choice(places.outcome),
            succeeded: choice(places.outcome).map(|outcome| outcome == places.succeeded),
            success_signal: level(places.success_signal),
            failure_signal: level(places.failure_signal),
            pattern: choice(places.pattern),
            occupation: choice(places.occupation),
            subject: choice(places.subject),
            codebase: choice(places.codebase),
            value: match value(places.value) {
                Some(Value::Usd(usd)) => Some(usd),
                _ => None,
            },
            derived,
        }
    }
}

/// The index of an option of a question.
pub(crate) fn option(question: &str, name: &str) -> u8 {
    let question = rubric().question(question).expect("code names only questions of the rubric");
    question.option(name).expect("code names only options of the rubric")
}

/// The study's six groups of work modes: name, title, and the modes.
pub(crate) const WORK_MODES: [(&str, &str, &[&str]); 6] = [
    ("building", "building", &["building"]),
    ("fixing", "fixing", &["fixing"]),
    ("operating", "operating", &["operating"]),
    ("planning_and_understanding", "planning and understanding", &["planning", "understanding"]),
    ("analyzing_and_communicating", "analysing and communicating", &["analyzing", "communicating"]),
    ("testing_and_orchestrating", "testing and orchestrating", &["testing", "orchestrating"]),
];

/// The indices of the options that these work modes are.
pub(crate) fn work_modes(modes: &[&str]) -> Vec<u8> {
    modes.iter().map(|mode| option("work_mode", mode)).collect()
}

/// The five levels of expertise, as numbers and as names.
pub(crate) const LEVELS: [(u8, &str); 5] =
    [(1, "novice"), (2, "beginner"), (3, "intermediate"), (4, "advanced"), (5, "expert")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_and_level_is_there() {
        assert_eq!(PLACES.work_mode, 0);
        let expertise = rubric().question("expertise").expect("it is asked");
        let names: Vec<&str> = expertise.options().iter().skip(1).map(|level| level.name.as_str()).collect();
        assert_eq!(names, LEVELS.map(|(_, name)| name));
        assert_eq!(option("work_mode", "fixing"), 1);
    }

    #[test]
    fn what_is_remembered_is_what_follows() {
        let mut judge = Judge::default();
        let mut draw = 7_u64;
        let mut below = |count: u64| {
            draw = draw.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (draw >> 33) % count
        };
        for _ in 0..2_000 {
            let mut labels = Labels::none(metier_label::Rater::builtin(), rubric());
            for question in &rubric().questions {
                let options = question.options().len() as u64;
                if options == 0 || below(5) == 0 {
                    continue;
                }
                let at = below(options) as u8;
                let value = if question.is_ordinal() { Value::Level(at) } else { Value::Choice(at) };
                labels.set(rubric(), &question.name, value, None);
            }
            let lines_added = [None, Some(0), Some(1), Some(9)][below(4) as usize];
            let facts = Facts { lines_added, ..Facts::default() };
            assert_eq!(judge.judged(&labels, &facts).derived, Judged::of(&labels, &facts).derived);
        }
    }
}
