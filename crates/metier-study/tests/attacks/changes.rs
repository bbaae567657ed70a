//! Two releases through one ledger with a change between them, and whether a person was among the rows.

use std::collections::BTreeSet;

use metier_label::{Rater, Value, rubric};
use metier_session::Id;
use metier_store::Row;
use metier_study::gate::Ledger;
use metier_study::{By, Finding, Settings};

use crate::linear::{Tally, combinations, pairs};
use crate::truth::*;
use crate::{NAMES, attack, key_numbers};

const SOME: [&str; 5] = ["composition", "outcome", "evidence", "decisions", "expertise"];

/// What was shown twice, with what the second release said; refused ones show nothing.
fn twice(before: &[Row], after: &[Row], by: By) -> (World, Vec<Cell>, Option<Vec<Finding>>) {
    let (mut world, mut ledger, settings) = (World::default(), Ledger::default(), settings(by, &[]));
    let first = released(before, &settings, &SOME, &mut ledger).unwrap().1;
    let mut shown = cells(&mut world, before, &settings, &first, "before");
    assert!(shown.len() > 20, "something is shown first");
    let second = released(after, &settings, &SOME, &mut ledger).ok().map(|it| it.1);
    if let Some(second) = &second {
        shown.extend(cells(&mut world, after, &settings, second, "after"));
    }
    (world, shown, second)
}

/// What can be had from two releases about few people.
fn isolated(before: &[Row], after: &[Row], by: By) -> Vec<String> {
    let (world, shown, _) = twice(before, after, by);
    let (mut dice, mut tallies): (_, [Tally; 4]) = (Dice(1), Default::default());
    attack(&world, &shown, &SOME, &mut dice, &mut tallies);
    // Only what the second release adds: the first alone is attacked elsewhere.
    let found = tallies.into_iter().flat_map(|tally| tally.found);
    found.filter(|one| one.contains("[before") && one.contains("[after")).collect()
}

fn choose(row: &mut Row, question: &str, option: &str) {
    let option = rubric().question(question).unwrap().option(option).unwrap();
    row.labels.set(rubric(), question, Value::Choice(option), None);
}

fn people(rows: &[Row]) -> Vec<Id> {
    rows.iter().filter_map(|row| row.person).collect::<BTreeSet<_>>().into_iter().collect()
}

fn again(row: &Row, session: u128) -> Row {
    Row { session: Id(session), ..row.clone() }
}

#[test]
fn nobody_is_seen_to_come_or_leave() {
    let rows = team(700, 60, 3);
    for by in [By::Overall, By::Month] {
        for person in people(&rows).into_iter().step_by(20) {
            let without: Vec<Row> = rows.iter().filter(|row| row.person != Some(person)).cloned().collect();
            assert_eq!(isolated(&rows, &without, by), [""; 0], "leaves");
            assert_eq!(isolated(&without, &rows, by), [""; 0], "comes");
        }
    }
}

#[test]
fn no_session_is_seen_to_come_or_change() {
    let rows = team(700, 60, 4);
    let mut more = rows.clone();
    more.push(again(&rows[7], 77));
    let mut changed = rows.clone();
    let failed =
        changed.iter_mut().find(|row| row.labels.choice(rubric(), "outcome") == Some("failed")).unwrap();
    choose(failed, "outcome", "succeeded");
    for by in [By::Overall, By::Agent] {
        assert_eq!(isolated(&rows, &more, by), [""; 0]);
        assert_eq!(isolated(&rows, &changed, by), [""; 0]);
    }
}

#[test]
fn a_second_release_after_enough_people_worked_goes_through() {
    let rows = team(900, 60, 5);
    let some: BTreeSet<Id> = people(&rows).into_iter().take(30).collect();
    let mut more = rows.clone();
    let theirs = rows.iter().filter(|row| row.person.is_some_and(|person| some.contains(&person)));
    more.extend((1u128..).zip(theirs).map(|(at, row)| again(row, at)));
    let (_, _, second) = twice(&rows, &more, By::Overall);
    let (shown, all) = key_numbers(&second.expect("it goes through"));
    println!("second release: {shown} of {all} key numbers");
    assert!(shown * 2 > all, "{shown} of {all}");
    assert_eq!(isolated(&rows, &more, By::Overall), [""; 0]);
}

/// Everybody's labels are made anew, and one person is gone: what does not rest on labels is as it was.
#[test]
fn a_new_rater_does_not_hide_that_somebody_left() {
    let rows = team(700, 60, 6);
    let gone = people(&rows)[3];
    let mut after: Vec<Row> = rows.iter().filter(|row| row.person != Some(gone)).cloned().collect();
    after.iter_mut().for_each(|row| row.labels.rater = Rater::new("another"));
    let found = isolated(&rows, &after, By::Overall);
    assert!(found.is_empty(), "{} such: {:?}", found.len(), &found[..found.len().min(3)]);
}

/// Many go on with a session; the judgement of one session alone changes.
#[test]
fn what_changes_in_many_does_not_hide_a_change_in_one() {
    let rows = team(700, 60, 7);
    let mut after = rows.clone();
    after.iter_mut().for_each(|row| row.facts.prompts += 1);
    let failed =
        after.iter_mut().find(|row| row.labels.choice(rubric(), "outcome") == Some("failed")).unwrap();
    choose(failed, "outcome", "succeeded");
    let found = isolated(&rows, &after, By::Overall);
    assert!(found.is_empty(), "{} such: {:?}", found.len(), &found[..found.len().min(3)]);
}

/// A fact of one session changes that is in no hash of it: sets stay, the sum moves.
#[test]
fn an_amount_of_one_session_does_not_move_a_number() {
    let mut rows = team(700, 60, 8);
    rows.iter_mut().enumerate().for_each(|(at, row)| row.facts.queued_prompts = Some(at as u64 % 3));
    rows[1].facts.headless = None;
    let mut after = rows.clone();
    after[1].facts.queued_prompts = Some(40);
    let mut ledger = Ledger::default();
    let settings = Settings::default();
    let value = |findings: &[Finding]| {
        let all = findings[0].groups[0].measures.iter();
        all.map(|one| (one.name, one.estimate.value)).find(|one| one.0 == "queued").unwrap().1
    };
    let first = value(&released(&rows, &settings, &["control"], &mut ledger).unwrap().1);
    let second = released(&after, &settings, &["control"], &mut ledger).ok().and_then(|it| value(&it.1));
    assert!(first.is_some());
    assert!(second.is_none() || second == first, "{first:?} {second:?}: what one person did can be told");
}

/// What was shown before counts, also of a number that is withheld now, as does what follows from it.
#[test]
fn an_answer_withheld_later_is_not_had_from_what_was_shown_before() {
    let mut rows = team(700, 60, 9);
    let modes = ["building", "fixing", "operating", "testing"];
    rows.iter_mut().enumerate().for_each(|(at, row)| choose(row, "work_mode", modes[at % 4]));
    rows.iter_mut().for_each(|row| row.facts.headless = None);
    // One person operates all day: at first that is withheld.
    let busy = |rows: &mut Vec<Row>, person: u128, mode: &str, from: u128| {
        for at in 0..1300u128 {
            let mut row = Row { person: Some(Id(person)), ..again(&rows[at as usize % 700], from + at) };
            choose(&mut row, "work_mode", mode);
            rows.push(row);
        }
    };
    busy(&mut rows, 8, "operating", 100_000);
    let mut after = rows.clone();
    // Then thirty people build, fix and operate, and one person tests all day: now that is withheld.
    for at in 0..300u128 {
        let mut row = Row { person: Some(Id(1000 + at / 5 % 30)), ..again(&rows[at as usize], 5000 + at) };
        choose(&mut row, "work_mode", modes[[0, 1, 2, 2, 2][at as usize % 5]]);
        after.push(row);
    }
    busy(&mut after, 7, "testing", 200_000);
    let found = isolated(&rows, &after, By::Overall);
    let of_question: Vec<&String> = found.iter().filter(|one| !one.contains("Size")).collect();
    assert!(of_question.is_empty(), "{} such: {:?}", of_question.len(), of_question[0]);
}

/// A person is not seen in a fact either that no label or count goes with.
#[test]
fn one_pull_request_is_not_seen() {
    let mut rows = team(700, 60, 13);
    rows[1].facts.headless = None;
    rows[1].facts.pull_requests = 0;
    let mut after = rows.clone();
    after[1].facts.pull_requests = 1;
    let found = isolated(&rows, &after, By::Overall);
    assert!(found.is_empty(), "{} such: {:?}", found.len(), found[0]);
}

/// Two findings that count sessions of the same answer: what one withholds by month does not follow from the other's total.
#[test]
fn two_findings_about_one_answer_tell_no_more_than_one() {
    let mut rows = team(1200, 60, 14);
    let month = |row: &Row| row.facts.first.map(|time| time.month());
    let last = rows.iter().filter_map(month).max();
    let three: Vec<Id> = people(&rows).into_iter().take(3).collect();
    for (at, row) in rows.iter_mut().enumerate() {
        let here = month(row) != last || row.person.is_some_and(|person| three.contains(&person));
        let expert = here && at % 2 == 0;
        row.labels.set(rubric(), "expertise", Value::Level(if expert { 5 } else { 3 }), None);
        row.labels.set(rubric(), "success_signal", Value::Level(5), None);
        choose(row, "outcome", if at % 5 < 3 { "succeeded" } else { "failed" });
        row.facts.headless = None;
    }
    let (mut world, mut ledger, mut shown) = (World::default(), Ledger::default(), Vec::new());
    for (by, name) in [(By::Overall, "expertise"), (By::Month, "success")] {
        let asked = settings(by, &[]);
        let findings = released(&rows, &asked, &[name], &mut ledger).unwrap().1;
        shown.extend(cells(&mut world, &rows, &asked, &findings, name));
    }
    let experts = |cell: &&Cell| cell.measure == "expert" || cell.measure == "verified_expert";
    let all: Vec<&Cell> = shown.iter().filter(experts).collect();
    let mut tally = Tally::default();
    combinations(&world, &all, 30, &mut Dice(4), &mut tally);
    assert!(all.len() > 5 && tally.eliminated > 0);
    assert!(tally.found.is_empty(), "{}", tally.found[0]);
}

/// A month of few experts: their number follows from another finding, or from a condition, though it is withheld itself.
#[test]
fn the_same_question_asked_otherwise_tells_no_more() {
    let mut rows = team(900, 60, 10);
    let month = |row: &Row| row.facts.first.map(|time| time.month());
    let last = rows.iter().filter_map(month).max();
    // In the last month three people only are experts; most others' levels are known too.
    let three: Vec<Id> = people(&rows).into_iter().take(3).collect();
    for (at, row) in rows.iter_mut().enumerate() {
        let expert = match month(row) == last {
            true => row.person.is_some_and(|person| three.contains(&person)),
            false => at % 3 == 0,
        };
        row.labels.set(
            rubric(),
            "expertise",
            Value::Level(if expert { 5 } else { 2 + (at % 3) as u8 }),
            None,
        );
        row.facts.headless = None;
    }
    let mut found = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let (mut world, mut ledger, mut shown) = (World::default(), Ledger::default(), Vec::new());
        for question in order {
            let asked = [settings(By::Month, &[]), settings(By::Overall, &["expertise=5"])][question].clone();
            if let Ok((_, findings)) = released(&rows, &asked, &["expertise"], &mut ledger) {
                shown.extend(cells(&mut world, &rows, &asked, &findings, &question.to_string()));
            }
        }
        let mut tally = Tally::default();
        let all: Vec<&Cell> = shown.iter().collect();
        pairs(&world, &all, &mut tally);
        combinations(&world, &all, 30, &mut Dice(4), &mut tally);
        found.extend(tally.found);
    }
    assert!(found.is_empty(), "{} such: {:?}", found.len(), &found[..found.len().min(3)]);
}

/// How much better than chance somebody who knows all others tells whether a person is among the rows, from one release of
/// a store with and one without. Told, not promised: counts alone may not differ by more than their rounding and the person.
#[test]
fn membership_shows_in_roundings_only() {
    let rows = team(700, 60, 12);
    let numbers = |rows: &[Row]| {
        released(rows, &Settings::default(), &NAMES, &mut Ledger::default()).map(|it| it.1).unwrap()
    };
    let with = numbers(&rows);
    let (mut told, mut tried, mut shares, mut all_tried) = (0, 0, 0, 0);
    for person in people(&rows).into_iter().step_by(10) {
        let without: Vec<Row> = rows.iter().filter(|row| row.person != Some(person)).cloned().collect();
        let own = rows.len() - without.len();
        let without = numbers(&without);
        let mut differ = 0;
        for (one, other) in with.iter().zip(&without) {
            let n = [one, other].map(|it| it.groups[0].n.unwrap() as i64);
            assert!((n[0] - n[1]).unsigned_abs() as usize <= own + 5);
            assert!(n.iter().all(|n| n % 5 == 0));
            for (one, other) in one.groups[0].measures.iter().zip(&other.groups[0].measures) {
                let [one, other] = [&one.estimate, &other.estimate];
                all_tried += 1;
                shares += usize::from(one.value != other.value);
                differ += usize::from(
                    (one.value, one.low, one.high, one.n) != (other.value, other.low, other.high, other.n),
                );
            }
        }
        tried += 1;
        told += usize::from(differ > 0);
    }
    println!(
        "membership: {told} of {tried} people can be told from both stores; {shares} of {all_tried} values differ"
    );
    assert!(tried > 3);
}
