//! How places, proofs and labels stand in the JSON of a timeline.

use metier_session::measure::Proof;
use metier_session::{ActionKind, Place};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::builtin::Explained;
use crate::labels::Labels;
use crate::rubric::rubric;

/// File and line, both from 1, as `metier explain --json` has them.
fn of(place: &Place) -> Json {
    json!({ "file": u64::from(place.source) + 1, "line": place.line })
}

pub(super) fn place<S: Serializer>(place: &Place, to: S) -> Result<S::Ok, S::Error> {
    of(place).serialize(to)
}

pub(super) fn places<S: Serializer>(places: &[Place], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(places.iter().map(of))
}

pub(super) fn spans<S: Serializer>(spans: &[(Place, Place)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(spans.iter().map(|(first, last)| [of(first), of(last)]))
}

pub(super) fn kind<S: Serializer>(kind: &ActionKind, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(kind.name())
}

pub(super) fn proof<S: Serializer>(proof: &Proof, to: S) -> Result<S::Ok, S::Error> {
    let checks: Vec<Json> = proof
        .checks
        .iter()
        .map(|(check, passed)| json!({ "check": check.name(), "passed": passed }))
        .collect();
    json!({ "checks": checks, "commits": proof.commits, "pushed": proof.pushed, "pull_request": proof.pull_request })
        .serialize(to)
}

pub(super) fn labels<S: Serializer>(labels: &Labels, to: S) -> Result<S::Ok, S::Error> {
    labels.to_json(rubric()).serialize(to)
}

pub(super) fn explained<S: Serializer>(all: &[Explained], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().map(|explained| {
        let question = rubric().question(&explained.question);
        let reasons: Vec<Json> = explained
            .reasons
            .iter()
            .map(|reason| {
                let places: Vec<Json> = reason.places.iter().map(of).collect();
                json!({ "evidence": reason.evidence, "value": reason.value, "adds": reason.adds, "places": places })
            })
            .collect();
        json!({
            "question": explained.question,
            "answer": explained.answer.zip(question).map(|(answer, question)| question.json(answer.value)),
            "confidence": explained.answer.and_then(|answer| answer.confidence),
            "rule": explained.rule,
            "reasons": reasons,
        })
    }))
}
