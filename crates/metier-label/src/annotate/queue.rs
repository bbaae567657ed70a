//! Which sessions people judge, and in which order: a random draw that a seed and the sessions' ids decide, so that it is the same in every
//! run and hardly changes when sessions come. Knows no answer but how sure the labeller was.

use metier_session::Id;
use serde::{Deserialize, Serialize};

use super::drawn;
use crate::labels::Labels;
use crate::rubric::Rubric;

/// How sessions are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Decides the draw.
    pub seed: u64,
    /// How many sessions are wanted.
    pub wanted: usize,
    /// From where.
    pub by: By,
}

/// From where sessions are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// From all alike.
    Random,
    /// Equal numbers from each fifth of sessions by how sure the labeller was of its answer, and from those without one.
    Confidence {
        /// Of the answer to which question.
        question: String,
        /// Where one fifth ends and the next begins: those of an earlier [`Queue`], so that sessions that come do not move the
        /// others from one fifth to the next. Empty: they are computed.
        #[serde(default)]
        edges: Vec<Edge>,
    },
}

/// Where a fifth begins: a confidence, and a number that parts sessions of the same confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    confidence: f32,
    tie: u64,
}

/// The questions that people are asked, as indices into the rubric's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// In the rubric's order, each once.
    questions: Vec<usize>,
}

/// A session that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Which.
    pub session: Id,
    /// How sure the labeller was; `None` if it gave no answer.
    pub confidence: Option<f32>,
}

/// A session that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// Which.
    pub session: Id,
    /// The index of its stratum.
    pub stratum: usize,
    /// The probability with which it was to be drawn: its weight in estimates of all sessions is one over it.
    pub probability: f64,
}

/// Sessions among which some were drawn, each with the same probability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stratum {
    /// `all`, `confidence_1` (the least sure fifth) to `confidence_5`, or `unlabelled`.
    pub name: String,
    /// How many there are.
    pub sessions: usize,
    /// How many were drawn.
    pub drawn: usize,
}

/// The sessions that people judge, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// In the order in which they are judged: any beginning has as equal numbers from each stratum as can be.
    pub drawn: Vec<Drawn>,
    /// The strata, those without sessions left out.
    pub strata: Vec<Stratum>,
    /// Where the fifths begin; empty for a random draw. To be given with the next draw.
    pub edges: Vec<Edge>,
}

/// Strata by confidence, those without an answer not among them.
const FIFTHS: usize = 5;

impl Ask {
    /// All questions of a rubric about a session.
    pub fn all(rubric: &Rubric) -> Ask {
        Ask { questions: (0..rubric.questions.len()).collect() }
    }

    /// Only these; `None` if the rubric lacks one of them, or there is none.
    pub fn only(rubric: &Rubric, names: &[&str]) -> Option<Ask> {
        let mut questions = names.iter().map(|name| rubric.find(name)).collect::<Option<Vec<_>>>()?;
        questions.sort_unstable();
        questions.dedup();
        (!questions.is_empty()).then_some(Ask { questions })
    }

    /// Indices into the rubric's questions.
    pub fn questions(&self) -> &[usize] {
        &self.questions
    }
}

impl Candidate {
    /// A session with what the labeller said of it: its confidence in the answer to this question.
    pub fn of(session: Id, labels: &Labels, rubric: &Rubric, question: &str) -> Candidate {
        let answer = labels.answer(rubric, question);
        Candidate { session, confidence: answer.and_then(|answer| answer.confidence) }
    }
}

impl Queue {
    /// Draws. The order of the candidates does not matter; of several with the same id the first counts.
    ///
    /// Each session gets a number from its id and the seed, and of each stratum those with the smallest numbers are taken: a draw
    /// without replacement in which all of a stratum are as likely. A session that comes puts out at most one other.
    pub fn draw(candidates: &[Candidate], sampling: &Sampling) -> Queue {
        let seed = sampling.seed;
        let number = |purpose, id: Id| drawn(purpose, seed, &[&id.0.to_be_bytes()]);
        let mut all: Vec<Candidate> = candidates.to_vec();
        all.sort_by_key(|candidate| candidate.session);
        all.dedup_by_key(|candidate| candidate.session);
        let place = |candidate: &Candidate| {
            let confidence = candidate.confidence.filter(|confidence| confidence.is_finite())?;
            Some(Edge { confidence, tie: number("tie", candidate.session) })
        };
        let (edges, mut strata) = match &sampling.by {
            By::Random => (Vec::new(), vec![("all".to_owned(), all)]),
            By::Confidence { edges, .. } => {
                let edges = match edges.is_empty() {
                    false => {
                        let mut edges = edges.clone();
                        edges.sort_by(Edge::order);
                        edges
                    }
                    true => fifths(all.iter().filter_map(place).collect()),
                };
                let mut strata: Vec<(String, Vec<Candidate>)> = (1..=edges.len().max(FIFTHS - 1) + 1)
                    .map(|fifth| (format!("confidence_{fifth}"), Vec::new()))
                    .collect();
                strata.push(("unlabelled".to_owned(), Vec::new()));
                let last = strata.len() - 1;
                for candidate in all {
                    let at = place(&candidate)
                        .map_or(last, |place| edges.iter().filter(|edge| edge.order(&place).is_le()).count());
                    strata[at].1.push(candidate);
                }
                (edges, strata)
            }
        };
        strata.retain(|(_, sessions)| !sessions.is_empty());
        let sizes: Vec<usize> = strata.iter().map(|(_, sessions)| sessions.len()).collect();
        let shares = equal_shares(&sizes, sampling.wanted);
        let mut order: Vec<((usize, u64, Id), Drawn)> = Vec::new();
        for (stratum, ((_, sessions), share)) in strata.iter_mut().zip(&shares).enumerate() {
            sessions.sort_by_key(|candidate| (number("draw", candidate.session), candidate.session));
            let probability = *share as f64 / sessions.len() as f64;
            for (rank, candidate) in sessions.iter().take(*share).enumerate() {
                let session = candidate.session;
                // Within a round by another number, so that the order does not tell the stratum.
                let within = number("order", session);
                order.push(((rank, within, session), Drawn { session, stratum, probability }));
            }
        }
        order.sort_by_key(|(key, _)| *key);
        let strata = strata
            .into_iter()
            .zip(shares)
            .map(|((name, sessions), drawn)| Stratum { name, sessions: sessions.len(), drawn })
            .collect();
        Queue { drawn: order.into_iter().map(|(_, drawn)| drawn).collect(), strata, edges }
    }

    /// The stratum of a session that was drawn.
    pub fn stratum(&self, drawn: &Drawn) -> Option<&Stratum> {
        self.strata.get(drawn.stratum)
    }
}

impl Edge {
    fn order(&self, other: &Edge) -> std::cmp::Ordering {
        self.confidence.total_cmp(&other.confidence).then(self.tie.cmp(&other.tie))
    }
}

/// Where the second to the fifth fifth begin. Sessions of one confidence are parted by chance, so fifths are equal however many ties there are.
fn fifths(mut places: Vec<Edge>) -> Vec<Edge> {
    places.sort_by(Edge::order);
    let n = places.len();
    (1..FIFTHS).filter_map(|fifth| places.get((n * fifth).div_ceil(FIFTHS)).copied()).collect()
}

/// Equal shares of what is wanted, of which none is larger than what there is; what one stratum lacks the others give. What cannot be
/// divided goes to the first.
fn equal_shares(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let mut shares = vec![0; sizes.len()];
    let mut left = wanted.min(sizes.iter().sum());
    while left > 0 {
        let open: Vec<usize> = (0..sizes.len()).filter(|at| shares[*at] < sizes[*at]).collect();
        let each = (left / open.len()).max(1);
        for at in open {
            let more = each.min(sizes[at] - shares[at]).min(left);
            shares[at] += more;
            left -= more;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn random(seed: u64, wanted: usize) -> Sampling {
        Sampling { seed, wanted, by: By::Random }
    }

    fn stratified(wanted: usize, edges: Vec<Edge>) -> Sampling {
        Sampling { seed: 7, wanted, by: By::Confidence { question: "outcome".to_owned(), edges } }
    }

    /// Sessions, every tenth without an answer, many of the same confidence.
    fn sessions(from: u128, to: u128) -> Vec<Candidate> {
        let confidence = |n: u128| (!n.is_multiple_of(10)).then(|| (n % 7) as f32 / 7.0);
        (from..to).map(|n| Candidate { session: Id(n * 97), confidence: confidence(n) }).collect()
    }

    fn ids(queue: &Queue) -> BTreeSet<Id> {
        queue.drawn.iter().map(|drawn| drawn.session).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_in_any_order() {
        let mut turned = sessions(0, 200);
        turned.reverse();
        turned.extend(sessions(0, 5));
        for sampling in [random(7, 30), stratified(30, Vec::new())] {
            let queue = Queue::draw(&sessions(0, 200), &sampling);
            assert_eq!(queue, Queue::draw(&turned, &sampling));
            assert_eq!(ids(&queue).len(), 30);
        }
        let other = Queue::draw(&sessions(0, 200), &random(8, 30));
        assert_ne!(ids(&Queue::draw(&sessions(0, 200), &random(7, 30))), ids(&other));
    }

    #[test]
    fn sessions_that_come_put_out_as_many_at_most() {
        let before = Queue::draw(&sessions(0, 200), &random(7, 50));
        let after = Queue::draw(&sessions(0, 203), &random(7, 50));
        let gone = ids(&before).difference(&ids(&after)).count();
        assert!(gone <= 3, "{gone}");
        // Nobody stays who was not there, and the order of those who stay is the same.
        let stay = |queue: &Queue, other: &Queue| -> Vec<Id> {
            let other = ids(other);
            queue.drawn.iter().map(|drawn| drawn.session).filter(|id| other.contains(id)).collect()
        };
        assert_eq!(stay(&before, &after), stay(&after, &before));
    }

    #[test]
    fn with_cuts_given_strata_stay_when_sessions_come() {
        let before = Queue::draw(&sessions(0, 500), &stratified(60, Vec::new()));
        let after = Queue::draw(&sessions(0, 510), &stratified(60, before.edges.clone()));
        assert_eq!(before.edges, after.edges);
        let gone = ids(&before).difference(&ids(&after)).count();
        assert!(gone <= 10, "{gone}");
        let of = |queue: &Queue, id: Id| {
            let drawn = queue.drawn.iter().find(|drawn| drawn.session == id)?;
            queue.stratum(drawn).map(|stratum| stratum.name.clone())
        };
        for id in ids(&before).intersection(&ids(&after)) {
            assert_eq!(of(&before, *id), of(&after, *id));
        }
    }

    #[test]
    fn strata_have_equal_numbers_and_their_probabilities() {
        let queue = Queue::draw(&sessions(0, 500), &stratified(60, Vec::new()));
        let names: Vec<&str> = queue.strata.iter().map(|stratum| stratum.name.as_str()).collect();
        assert_eq!(
            names,
            ["confidence_1", "confidence_2", "confidence_3", "confidence_4", "confidence_5", "unlabelled"]
        );
        assert!(queue.strata.iter().all(|stratum| stratum.drawn == 10), "{:?}", queue.strata);
        assert_eq!(
            queue.strata.iter().map(|stratum| stratum.sessions).collect::<Vec<_>>(),
            [90, 90, 90, 90, 90, 50]
        );
        // Weights add up to all sessions.
        let weights: f64 = queue.drawn.iter().map(|drawn| 1.0 / drawn.probability).sum();
        assert!((weights - 500.0).abs() < 1e-9, "{weights}");
        // Every round has one of each stratum.
        for round in queue.drawn.chunks(6) {
            assert_eq!(round.iter().map(|drawn| drawn.stratum).collect::<BTreeSet<_>>().len(), 6);
        }
    }

    #[test]
    fn a_fifth_is_of_those_less_sure_than_the_next() {
        let all: Vec<Candidate> =
            (0..100u128).map(|n| Candidate { session: Id(n), confidence: Some(n as f32 / 100.0) }).collect();
        let queue = Queue::draw(&all, &stratified(100, Vec::new()));
        for drawn in &queue.drawn {
            assert_eq!(drawn.stratum as u128, drawn.session.0 / 20);
            assert!((drawn.probability - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn small_strata_are_taken_whole_and_the_others_give_the_rest() {
        assert_eq!(equal_shares(&[2, 50, 50], 30), [2, 14, 14]);
        assert_eq!(equal_shares(&[5, 5], 100), [5, 5]);
        assert_eq!(equal_shares(&[9, 9, 9], 10), [4, 3, 3]);
        assert_eq!(equal_shares(&[], 10), [0; 0]);
        assert_eq!(Queue::draw(&[], &random(1, 5)).drawn, []);
    }

    #[test]
    fn odd_confidences_are_none() {
        let odd = [f32::NAN, f32::INFINITY].map(Some).into_iter().chain([None]);
        let all: Vec<Candidate> =
            odd.zip(0..).map(|(confidence, n)| Candidate { session: Id(n), confidence }).collect();
        let queue = Queue::draw(&all, &stratified(9, Vec::new()));
        assert_eq!(
            (queue.strata.len(), queue.strata[0].name.as_str(), queue.drawn.len()),
            (1, "unlabelled", 3)
        );
    }

    proptest! {
        #[test]
        fn shares_are_what_is_wanted_and_there(sizes in proptest::collection::vec(0usize..50, 0..8), wanted in 0usize..300) {
            let shares = equal_shares(&sizes, wanted);
            prop_assert_eq!(shares.iter().sum::<usize>(), wanted.min(sizes.iter().sum()));
            prop_assert!(shares.iter().zip(&sizes).all(|(share, size)| share <= size));
            let open = || shares.iter().zip(&sizes).filter(|(share, size)| share < size).map(|(share, _)| *share);
            prop_assert!(open().max().unwrap_or(0) - open().min().unwrap_or(0) <= 1);
        }
    }
}
