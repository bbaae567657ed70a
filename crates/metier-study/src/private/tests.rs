//! What no noise hides: how much one person moves the counts before it.

use std::collections::BTreeSet;

use metier_label::{Value, rubric};
use metier_session::{Agent, Facts, Id, Time};
use metier_store::{Row, Rows};
use proptest::prelude::*;

use super::questions::{QUESTIONS, Question};
use super::release::{exact, taken};
use super::{Ask, findings, release};
use crate::simulate::{Design, simulate};
use crate::testing::{facts, row};
use crate::{Settings, find, study};

fn all() -> Vec<&'static Question> {
    QUESTIONS.iter().collect()
}

fn counts(rows: &[Row], per_person: u32) -> Vec<Vec<i64>> {
    exact(&taken(rows, per_person, false), &all())
}

/// Anything that could stand in a row, and much that could not.
fn odd_row() -> impl Strategy<Value = Row> {
    let number = prop_oneof![Just(0), Just(1), 0..100_u64, Just(u64::MAX)];
    let person = proptest::option::of(0..4_u128);
    let values = proptest::collection::vec(proptest::option::of(any::<u8>()), rubric().questions.len());
    let first = proptest::option::of(any::<i64>().prop_map(Time));
    let numbers = (number.clone(), number.clone(), number);
    (any::<u32>(), person, numbers, first, values, 0..3_usize, any::<bool>()).prop_map(
        |(session, person, (prompts, actions, words), first, values, agent, nan)| {
            let agent = Agent::ALL[agent];
            let facts = Facts { prompts, actions, words, first, agent, ..facts() };
            let mut row = Row { person: person.map(Id), ..row(session.into(), 0, facts) };
            for (question, value) in rubric().questions.iter().zip(values) {
                let Some(value) = value else { continue };
                let answer = match value % 4 {
                    0 => Value::Level(value / 4),
                    1 => Value::Choice(value),
                    2 => Value::Choice(value / 4 % 10),
                    _ if nan => Value::Usd(f64::NAN),
                    _ => Value::Tenths(value),
                };
                row.labels.set(rubric(), &question.name, answer, None);
            }
            row
        },
    )
}

/// How far apart the counts of a question are.
fn apart(one: &[i64], other: &[i64]) -> u64 {
    one.iter().zip(other).map(|(one, other)| one.abs_diff(*other)).sum()
}

fn no_person_moves_more(rows: &[Row], per_person: u32) {
    let with = counts(rows, per_person);
    let people: BTreeSet<Option<Id>> = rows.iter().map(|row| row.person).collect();
    for person in people {
        let others: Vec<Row> = rows.iter().filter(|row| row.person != person).cloned().collect();
        let without = counts(&others, per_person);
        for ((question, with), without) in QUESTIONS.iter().zip(&with).zip(&without) {
            let moved = apart(with, without);
            assert!(moved <= question.l1_of_person(per_person), "{}: {moved}", question.name);
        }
    }
}

proptest! {
    #[test]
    fn one_person_moves_the_counts_by_no_more_than_promised(
        rows in proptest::collection::vec(odd_row(), 0..60),
        per_person in 1..12_u32,
    ) {
        no_person_moves_more(&rows, per_person);
    }

    /// One whole for each part, whatever the session is.
    #[test]
    fn every_session_adds_the_same(row in odd_row()) {
        let counted = row.facts.prompts > 0;
        for (question, counts) in QUESTIONS.iter().zip(counts(&[row], 1)) {
            prop_assert_eq!(counts.len(), question.cells());
            prop_assert!(counts.iter().all(|count| *count >= 0));
            let expected = if counted { question.l1_of_session() } else { 0 };
            prop_assert_eq!(counts.iter().sum::<i64>() as u64, expected);
        }
    }
}

#[test]
fn a_person_with_thousands_of_sessions_counts_as_one_with_few() {
    let (mut rows, _) = simulate(&Design::new(300, 40, 1));
    let (many, _) = simulate(&Design::new(5_000, 50, 2));
    rows.extend(many.iter().take(3_000).map(|row| Row { person: Some(Id(7)), ..row.clone() }));
    rows.extend(many.iter().skip(3_000).map(|row| Row { person: None, ..row.clone() }));
    no_person_moves_more(&rows, 10);
    for per_person in [1, 10, 2_500] {
        let of = |person| taken(&rows, per_person, false).iter().filter(|row| row.person == person).count();
        assert_eq!(of(Some(Id(7))), per_person as usize);
        assert_eq!(of(None), 2_000.min(per_person as usize), "unknown people are one");
    }
}

#[test]
fn which_sessions_are_taken_depends_on_nobody_else_and_not_on_what_is_in_them() {
    let (mut rows, _) = simulate(&Design::new(400, 10, 3));
    let ids =
        |rows: &[Row]| -> BTreeSet<Id> { taken(rows, 5, false).iter().map(|row| row.session).collect() };
    let before = ids(&rows);
    assert!((30..=50).contains(&before.len()));
    rows.reverse();
    assert_eq!(ids(&rows), before);
    let gone = rows[0].person;
    let own: BTreeSet<Id> = rows.iter().filter(|row| row.person == gone).map(|row| row.session).collect();
    rows.retain(|row| row.person != gone);
    assert_eq!(ids(&rows), before.difference(&own).copied().collect());
    for row in &mut rows {
        row.facts.actions += 1;
        row.facts.first = None;
    }
    assert_eq!(ids(&rows), before.difference(&own).copied().collect());
}

#[test]
fn headless_sessions_and_those_without_a_prompt_do_not_count() {
    let session = |id, prompts, headless| row(id, id, Facts { prompts, headless, ..facts() });
    let rows = [
        session(1, 1, Some(true)),
        session(2, 0, Some(false)),
        session(3, 1, None),
        session(4, 1, Some(false)),
    ];
    assert_eq!(taken(&rows, 10, false).len(), 2);
    assert_eq!(taken(&rows, 10, true).len(), 3);
}

/// Without a bound on people that matters, and with next to no noise, findings are those without noise.
#[test]
fn findings_are_those_without_noise_but_for_the_noise() {
    let (rows, _) = simulate(&Design::new(4_000, 300, 5));
    let rows = Rows::of_owner(rows);
    let epsilon = "1000".parse().expect("a budget");
    let ask = Ask { questions: &all(), epsilon, sessions_per_person: 200, include_headless: false };
    let noisy = release(&rows, &ask).expect("a release");
    let mut compared = 0;
    for finding in findings(&noisy).expect("it is one") {
        // Controls and bounds make these another number.
        if finding.name == "returns" {
            continue;
        }
        let Ok(plain) = find(finding.name) else { continue };
        let (_, plain) = study(&rows, &Settings::default(), &[plain]).expect("one owner's");
        for measure in &finding.groups[0].measures {
            let same = plain[0].groups[0].measures.iter().find(|plain| plain.name == measure.name);
            let Some(same) = same else {
                assert_eq!(measure.name, "verified_a_level", "{}", finding.name);
                continue;
            };
            assert_eq!((same.title, same.unit), (measure.title, measure.unit), "{}", finding.name);
            if ["actions_mean", "words_mean"].contains(&measure.name) {
                continue;
            }
            let (Some(exact), Some(low), Some(high)) =
                (same.estimate.value, measure.estimate.low, measure.estimate.high)
            else {
                panic!("{} {}: {:?} {:?}", finding.name, measure.name, same.estimate, measure.estimate)
            };
            let slack = (high - low) * 2.0 + 1e-4 * exact.abs();
            assert!(low - slack <= exact && exact <= high + slack, "{}: {exact} {low} {high}", measure.name);
            compared += 1;
        }
    }
    assert_eq!(compared, 1 + 12 + 4 + 24 + 7 + 7 + 4 + 6);
}

/// Least squares of the clamped values, done the other way.
#[test]
fn slopes_are_those_of_least_squares() {
    let (rows, _) = simulate(&Design::new(6_000, 600, 5));
    let points: Vec<(f64, f64)> = rows
        .iter()
        .filter(|row| row.facts.headless != Some(true) && row.facts.prompts > 0 && row.facts.actions > 0)
        .filter_map(|row| {
            let level = crate::judged::Judged::of(&row.labels, &row.facts).expertise?;
            let log = (row.facts.actions as f64 / row.facts.prompts as f64).clamp(0.1, 500.0).ln();
            Some((f64::from(level), log))
        })
        .collect();
    let n = points.len() as f64;
    let mean = |of: &dyn Fn((f64, f64)) -> f64| points.iter().copied().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|it| it.0), mean(&|it| it.1));
    let slope = mean(&|it| (it.0 - x) * (it.1 - y)) / mean(&|it| (it.0 - x).powi(2));
    let ask = Ask {
        questions: &[super::find("returns").expect("a question")],
        epsilon: "1000".parse().expect("a budget"),
        sessions_per_person: 1_000,
        include_headless: false,
    };
    let noisy = release(&Rows::of_owner(rows), &ask).expect("a release");
    let made = &findings(&noisy).expect("it is one")[0].groups[0].measures[0].estimate;
    let width = made.high.zip(made.low).map_or(0.0, |(high, low)| high - low);
    assert!(made.value.is_some_and(|value| (value - slope).abs() < 2.0 * width), "{made:?} for {slope}");
    // Noise of scale 2 in each of ten cells.
    assert!((made.n as f64 - n).abs() < 100.0, "{made:?} for {n}");
}
