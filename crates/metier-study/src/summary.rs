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
            ..Summary::of(population.unwrap_or_default(), std::iter::empty())
        }
    }

    pub(crate) fn of<'a>(population: Population, facts: impl Iterator<Item = &'a Facts> + Clone) -> Summary {
        let any = facts.clone().next().is_some();
        let synthetic = facts.clone().all(|facts| facts.agent_version.as_deref() == Some(SYNTHETIC_VERSION));
        let sum = |what: fn(&Facts) -> u64| Some(facts.clone().map(what).sum());
        let mut agents = BTreeMap::new();
        for facts in facts.clone() {
            *agents.entry(facts.agent.name()).or_default() += 1;
        }
        Summary {
            population,
            prompts: sum(|facts| facts.prompts),
            actions: sum(|facts| facts.actions),
            typed_words: sum(|facts| facts.prompt_words),
            agent_words: sum(|facts| facts.words),
            agents,
            first: facts.clone().filter_map(|facts| facts.first).min(),
            last: facts.filter_map(|facts| facts.last).max(),
            labels: None,
            conditions: Vec::new(),
            bundles: None,
            synthetic: synthetic && any,
        }
    }
}
