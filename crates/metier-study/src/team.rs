//! The five questions of somebody who leads a team: which findings answer each, and what no finding can say.

use serde::Serialize;

/// A question, and where its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question.
    pub asks: &'static str,
    /// The findings that answer it, by name.
    pub findings: &'static [&'static str],
    /// What is often read into them and is not there.
    pub cannot_say: &'static str,
}

/// The questions, in the order in which they are answered.
pub static TEAM: [Question; 5] = [
    Question {
        asks: "How much of our work is of the usual kind?",
        findings: &["composition", "codebase", "task_value"],
        cannot_say: "Whether yours should look like the published mix: that is of other people, other months and one \
            agent. A task's value is a guess at what it would cost to have it done.",
    },
    Question {
        asks: "How is expertise spread, and what goes with it?",
        findings: &["expertise", "returns", "success_adjusted"],
        cannot_say: "Who is an expert. Expertise is of the task at hand as one session shows it, and the same person is a \
            novice and an expert in one week. Nor that training would bring the difference: who knows more also asks for \
            other things.",
    },
    Question {
        asks: "What must not be decided from this?",
        findings: &["corrected", "sensitivity", "label_checks"],
        cannot_say: "Anything about a person. Labels are measurements that err, single sessions more than groups \
            (docs/validity.md). A share that differs between two groups is no cause. No pay, hiring, ranking or warning \
            follows from any number here.",
    },
    Question {
        asks: "Do our agents differ?",
        findings: &["agents"],
        cannot_say: "Which agent is better: people choose the agent for the task, and formats do not record the same \
            (docs/formats.md). See any finding with --by agent.",
    },
    Question {
        asks: "Which trend is to be watched?",
        findings: &["trend", "expertise_by_month"],
        cannot_say: "Why. Models, prices, people and tasks changed in the same months. Two months side by side are no \
            trend: see composition --by month.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_findings() {
        for name in TEAM.iter().flat_map(|question| question.findings) {
            assert!(crate::find(name).is_ok(), "{name}");
        }
    }
}
