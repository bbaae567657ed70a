//! What a set of findings speaks of, in one value: the first sentence of every output.

use std::collections::BTreeMap;

use metier_session::{Facts, Time};
use serde::Serialize;

use crate::finding::Population;

/// The version of the agent that synthetic transcripts name: how they are told from real ones.
pub const SYNTHETIC_VERSION: &str = "0.0.0-synthetic";

/// The sessions that findings speak of, added up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Which sessions, of how many people, and which were left out.
    pub population: Population,
    /// Their prompts of every kind. These four are `None` if they are withheld.
    pub prompts: Option<u64>,
    /// Their tool calls, those of subagents included.
    pub actions: Option<u64>,
    /// Words that people typed.
    pub typed_words: Option<u64>,
    /// Words that agents wrote, subagents not among them.
    pub agent_words: Option<u64>,
    /// Sessions by agent.
    pub agents: BTreeMap<&'static str, usize>,
    /// The first record; none where sessions are many people's, for it is one person's.
    pub first: Option<Time>,
    /// The last record.
    pub last: Option<Time>,
    /// Whose labels findings rest on; `None` if no session is labelled.
    pub labels: Option<LabelsBy>,
    /// Conditions that all of the sessions meet.
    pub conditions: Vec<String>,
    /// How many bundles were added up, if these are not of one store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundles: Option<usize>,
    /// Whether the sessions are made up, as those of the demonstration are.
    pub synthetic: bool,
}

/// Whose labels findings rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelsBy {
    /// The rater.
    pub rater: String,
    /// How many of the sessions the rater labelled; `None` if that is withheld.
    pub sessions: Option<usize>,
    /// The second rater, who corrects the first.
    pub second: Option<String>,
}

impl Summary {
    /// What so many bundles speak of, as far as they tell.
    pub fn of_bundles(bundles: usize, population: Option<Population>) -> Summary {
        Summary {
            prompts: None,
            actions: None,
            typed_words: None,
            agent_words: None,
            bundles: Some(bundles),
            ..Totals::default().summary(population.unwrap_or_default())
        }
    }
}

/// What facts add up to.
#[derive(Default)]
pub(crate) struct Totals {
    prompts: u64,
    actions: u64,
    typed_words: u64,
    agent_words: u64,
    agents: BTreeMap<&'static str, usize>,
    first: Option<Time>,
    last: Option<Time>,
    sessions: usize,
    synthetic: usize,
}

impl Totals {
    pub(crate) fn add(&mut self, facts: &Facts) {
        self.prompts += facts.prompts;
        self.actions += facts.actions;
        self.typed_words += facts.prompt_words;
        self.agent_words += facts.words;
        *self.agents.entry(facts.agent.name()).or_default() += 1;
        self.between(facts.first, facts.last);
        self.sessions += 1;
        self.synthetic += usize::from(facts.agent_version.as_deref() == Some(SYNTHETIC_VERSION));
    }

    pub(crate) fn join(&mut self, other: &Totals) {
        self.prompts += other.prompts;
        self.actions += other.actions;
        self.typed_words += other.typed_words;
        self.agent_words += other.agent_words;
        for (agent, sessions) in &other.agents {
            *self.agents.entry(agent).or_default() += sessions;
        }
        self.between(other.first, other.last);
        self.sessions += other.sessions;
        self.synthetic += other.synthetic;
    }

    fn between(&mut self, first: Option<Time>, last: Option<Time>) {
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.max(last);
    }

    pub(crate) fn summary(self, population: Population) -> Summary {
        Summary {
            population,
            prompts: Some(self.prompts),
            actions: Some(self.actions),
            typed_words: Some(self.typed_words),
            agent_words: Some(self.agent_words),
            agents: self.agents,
            first: self.first,
            last: self.last,
            labels: None,
            conditions: Vec::new(),
            bundles: None,
            synthetic: self.sessions > 0 && self.synthetic == self.sessions,
        }
    }
}
