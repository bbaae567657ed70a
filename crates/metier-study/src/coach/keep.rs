//! What is said where fewer than three rules fire: what to go on with, and general advice marked as such.

use super::numbers::{Key, OWN};
use super::rules::{SESSIONS, at_least, at_most, counted, patterns_of_trial, percent, said};
use super::suggest::{Kind, Suggestion, rests};
use super::{Found, rules};
use crate::finding::Estimate;
use crate::published::figures;

/// Something that one's own sessions show to be well as it is.
pub(super) struct Keep {
    name: &'static str,
    theme: &'static str,
    title: &'static str,
    key: Key,
    holds: fn(&Estimate) -> bool,
    says: fn(&Estimate) -> String,
    /// The rule whose study it shares.
    study_of: &'static str,
    try_next: &'static str,
}

pub(super) static KEEPS: [Keep; 4] = [
    Keep {
        name: "keep_checking",
        theme: "verification",
        title: "Keep checking what was edited",
        key: (OWN, "unchecked"),
        holds: |it| at_most(it, 0.25, SESSIONS),
        says: |it| {
            let checked = it.n - (it.value.unwrap_or(0.0) * it.n as f64).round() as u64;
            format!(
                "In {checked} of {} sessions that edited files, a test, a build or a linter was recognised.",
                it.n
            )
        },
        study_of: "unchecked_edits",
        try_next: "Ask once in a while what the check would not notice, and add that.",
    },
    Keep {
        name: "keep_planning",
        theme: "set_ups",
        title: "Keep the planning in your hands",
        key: ("decisions", "planning"),
        holds: |it| at_least(it, 0.6, SESSIONS),
        says: |it| {
            format!("You made {} of the planning decisions, on average over {} sessions.", said(it), it.n)
        },
        study_of: "planning_left",
        try_next: "Where the plan is clear to you, leave more of the how to the agent, and see whether it comes out as well.",
    },
    Keep {
        name: "keep_asking",
        theme: "patterns",
        title: "Keep asking in order to understand",
        key: (OWN, "mastery_kept"),
        holds: |it| at_least(it, 0.2, SESSIONS),
        says: |it| {
            format!(
                "{} sessions, {}, were judged to be in one of the three patterns that kept mastery.",
                counted(it),
                said(it)
            )
        },
        study_of: "iterative_debugging",
        try_next: "Ask before the code more often than after it: what has to be decided here, and what speaks for each way?",
    },
    Keep {
        name: "keep_recovering",
        theme: "trouble",
        title: "Keep turning sessions round",
        key: (OWN, "recovered"),
        holds: |it| at_least(it, 0.3, SESSIONS),
        says: |it| {
            format!("Of {} sessions in trouble, {} ended with verified success all the same.", it.n, said(it))
        },
        study_of: "stays_stuck",
        try_next: "Note after the next one what turned it, in one line, where you and the agent will find it again.",
    },
];

impl Keep {
    /// It as a suggestion, if the last months show it.
    pub(super) fn suggestion(&self, found: &Found) -> Option<Suggestion> {
        let estimate = found.recent.get(self.key);
        if !(self.holds)(estimate) {
            return None;
        }
        let rule =
            rules::RULES.iter().find(|rule| rule.name == self.study_of).expect("a test finds every rule");
        let (text, source) = (rule.found)();
        Some(Suggestion {
            rule: self.name,
            kind: Kind::KeepDoing,
            theme: self.theme,
            title: self.title.to_owned(),
            evidence: Some((self.says)(estimate)),
            rests_on: vec![rests(found, (self.key, false))],
            examples: Vec::new(),
            found: text,
            source,
            source_key: rule.source_key,
            try_next: self.try_next.to_owned(),
            priority: None,
        })
    }
}

/// General advice, in its order.
pub(super) fn general() -> Vec<Suggestion> {
    let advice = |rule, theme, title: &str, (found, source): (String, String), source_key, try_next: &str| {
        Suggestion {
            rule,
            kind: Kind::General,
            theme,
            title: title.to_owned(),
            evidence: None,
            rests_on: Vec::new(),
            examples: Vec::new(),
            found,
            source,
            source_key,
            try_next: try_next.to_owned(),
            priority: None,
        }
    };
    let rule = |name: &str| {
        let rule = rules::RULES.iter().find(|rule| rule.name == name).expect("a test finds every rule");
        ((rule.found)(), rule.source_key)
    };
    let (expertise, expertise_key) = rule("unchecked_edits");
    let study = &figures().study.swe_chat;
    let asked = format!(
        "{} of prompts in public sessions asked to explain something.",
        percent(study.prompts_asking_to_explain)
    );
    let swe_chat = format!("{} ({})", study.source.title, study.source.date);
    vec![
        advice(
            "general_check",
            "verification",
            "Decide on the check before the first edit",
            expertise,
            expertise_key,
            "Write down in the first message what has to run, or be seen, before you call it done.",
        ),
        advice(
            "general_learning",
            "patterns",
            "Where a task is new to you, ask before you hand it over",
            patterns_of_trial(),
            "study.skill_formation.patterns",
            "Ask two questions about how it works before you ask for code. Claude Code's output styles \"Explanatory\" and \
             \"Learning\" (/config) are made for this.",
        ),
        advice(
            "general_questions",
            "corrections",
            "Have one thing explained in each session",
            (asked, swe_chat),
            "study.swe_chat.prompts_asking_to_explain",
            "Before you accept a change that you could not have written, have its least obvious line explained.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_study_is_there_and_general_advice_fills_all_places() {
        let known = |name: &str| rules::RULES.iter().any(|rule| rule.name == name);
        assert!(KEEPS.iter().all(|keep| known(keep.study_of)));
        assert_eq!(general().len(), super::super::SUGGESTIONS);
    }
}
