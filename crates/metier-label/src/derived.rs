//! What follows from labels and facts together, each defined here and nowhere else. `docs/labels.md` says the same in words.

use metier_session::Facts;

use crate::labels::Labels;
use crate::rubric::Rubric;

/// What follows from the labels of a session and its facts. `None` where a label that decides is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derived {
    /// Judged succeeded, and a success signal of at least 4. `None` also where there is no clear goal, or no signal.
    pub verified_success: Option<bool>,
    /// Judged succeeded or partially succeeded. `None` also where there is no clear goal.
    pub at_least_partial: Option<bool>,
    /// A failure signal of at least 3.
    pub troubled: Option<bool>,
    /// Of troubled sessions: whether the success was verified all the same. `None` for the others.
    pub recovered: Option<bool>,
    /// Judged failed, and no line added. `None` where lines are not recorded.
    pub abandoned: Option<bool>,
    /// At least one line added, where lines are recorded.
    pub wrote_code: Option<bool>,
    /// Judged to have changed or made code.
    pub judged_writing: Option<bool>,
    /// The person's occupation is of group 15, computer and mathematical. `None` where it is unclear.
    pub software_occupation: Option<bool>,
}

impl Derived {
    /// Derives all of it.
    pub fn of(labels: &Labels, facts: &Facts, rubric: &Rubric) -> Derived {
        let outcome = labels.choice(rubric, "outcome");
        let goal = outcome.filter(|outcome| *outcome != "no_clear_goal");
        let success = labels.level(rubric, "success_signal");
        let troubled = labels.level(rubric, "failure_signal").map(|level| level >= 3);
        // Without a signal nobody knows: were only failures known, their share would be too large.
        let verified_success = goal.zip(success).map(|(goal, level)| goal == "succeeded" && level >= 4);
        let wrote_code = facts.lines_added.map(|lines| lines > 0);
        let failed = outcome.map(|outcome| outcome == "failed");
        Derived {
            verified_success,
            at_least_partial: goal.map(|outcome| outcome != "failed"),
            troubled,
            recovered: if troubled == Some(true) { verified_success } else { None },
            abandoned: failed.zip(wrote_code).map(|(failed, wrote)| failed && !wrote),
            wrote_code,
            judged_writing: labels.choice(rubric, "codebase").map(|it| it == "modify" || it == "create"),
            software_occupation: labels
                .choice(rubric, "occupation")
                .filter(|group| *group != "unclear")
                .map(|group| group == "15"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Rater, Value};
    use crate::rubric;

    fn labels(outcome: &str, success: u8, failure: u8) -> Labels {
        let mut labels = Labels::none(Rater::new("a"), rubric());
        let option = rubric().question("outcome").and_then(|question| question.option(outcome));
        labels.set(rubric(), "outcome", Value::Choice(option.expect("an outcome")), None);
        labels.set(rubric(), "success_signal", Value::Level(success), None);
        labels.set(rubric(), "failure_signal", Value::Level(failure), None);
        labels
    }

    fn derived(labels: &Labels, lines_added: Option<u64>) -> Derived {
        Derived::of(labels, &Facts { lines_added, ..Facts::default() }, rubric())
    }

    #[test]
    fn success_has_to_be_judged_and_shown() {
        let verified = |outcome, success| derived(&labels(outcome, success, 0), None).verified_success;
        assert_eq!(verified("succeeded", 4), Some(true));
        assert_eq!(verified("succeeded", 3), Some(false));
        assert_eq!(verified("partially_succeeded", 5), Some(false));
        assert_eq!(verified("failed", 5), Some(false));
        assert_eq!(verified("no_clear_goal", 5), None);
    }

    #[test]
    fn trouble_overcome_is_recovery() {
        assert_eq!(derived(&labels("succeeded", 5, 3), None).recovered, Some(true));
        assert_eq!(derived(&labels("failed", 0, 5), None).recovered, Some(false));
        assert_eq!(derived(&labels("succeeded", 5, 2), None).recovered, None);
        assert_eq!(derived(&labels("no_clear_goal", 0, 4), None).recovered, None);
    }

    #[test]
    fn what_failed_without_a_line_was_abandoned() {
        assert_eq!(derived(&labels("failed", 0, 4), Some(0)).abandoned, Some(true));
        assert_eq!(derived(&labels("failed", 0, 4), Some(3)).abandoned, Some(false));
        assert_eq!(derived(&labels("failed", 0, 4), None).abandoned, None);
        assert_eq!(derived(&labels("succeeded", 0, 4), Some(0)).abandoned, Some(false));
        assert_eq!(derived(&labels("succeeded", 0, 4), None).abandoned, None, "else only failures were lost");
    }

    #[test]
    fn a_missing_label_is_missing() {
        let none = Labels::none(Rater::new("a"), rubric());
        let derived = derived(&none, Some(2));
        assert_eq!(
            (derived.verified_success, derived.troubled, derived.wrote_code),
            (None, None, Some(true))
        );
    }
}
