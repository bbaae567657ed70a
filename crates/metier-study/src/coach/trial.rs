//! The published figures of the trial of skill formation, by pattern. Figures only.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

static TRIAL: LazyLock<Trial> = LazyLock::new(|| {
    let published: Published =
        toml::from_str(include_str!("../../published.toml")).expect("the embedded file is tested to parse");
    published.study.skill_formation
});

#[derive(Deserialize)]
struct Published {
    study: Studies,
}

#[derive(Deserialize)]
struct Studies {
    skill_formation: Trial,
}

/// What the trial published.
#[derive(Deserialize)]
pub(super) struct Trial {
    pub(super) title: String,
    pub(super) authors: String,
    pub(super) arxiv: String,
    pub(super) participants: u32,
    pub(super) quiz_mean_ai: f64,
    pub(super) quiz_mean_control: f64,
    patterns: BTreeMap<String, Pattern>,
}

#[derive(Deserialize)]
struct Pattern {
    n: u32,
    quiz: String,
}

/// The trial.
pub(super) fn trial() -> &'static Trial {
    &TRIAL
}

impl Trial {
    /// How many people worked in patterns whose quiz scores were published with these words, and the words.
    pub(super) fn low(&self) -> (u32, &str) {
        self.group("ai_delegation")
    }

    /// The same of the patterns that kept mastery.
    pub(super) fn high(&self) -> (u32, &str) {
        self.group("conceptual_inquiry")
    }

    fn group(&self, of: &str) -> (u32, &str) {
        let quiz = self.patterns.get(of).map_or("", |pattern| &pattern.quiz);
        let same = self.patterns.values().filter(|pattern| pattern.quiz == quiz);
        (same.map(|pattern| pattern.n).sum(), quiz)
    }

    /// The least by which the two groups of patterns differ in the quiz: between "below 40 %" and "65 % or more".
    pub(super) fn gap(&self) -> f64 {
        let bound = |text: &str| {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            digits.parse::<f64>().map_or(0.0, |percent| percent / 100.0)
        };
        bound(self.high().1) - bound(self.low().1)
    }

    pub(super) fn cited(&self) -> String {
        format!("{}: {} (arXiv {})", self.authors, self.title, self.arxiv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_those_published() {
        let trial = trial();
        assert_eq!(trial.low(), (12, "below 40 %"));
        assert_eq!(trial.high(), (12, "65 % or more"));
        assert!((trial.gap() - 0.25).abs() < 1e-12);
        assert_eq!(trial.participants, 52);
    }
}
