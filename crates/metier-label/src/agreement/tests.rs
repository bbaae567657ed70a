//! Agreement, computed by hand beside it.

use serde_json::{Value as Json, json};

use super::*;
use crate::{Rater, rubric};

/// Few resamples, for these are not about intervals.
fn settings() -> Settings {
    Settings { resamples: 200, ..Settings::default() }
}

/// The answers of one rater: of each session an object.
fn rated(rater: &str, sessions: &[Json]) -> Vec<Labels> {
    let labels = |json: &Json| {
        let object = json.as_object().expect("an object");
        let (labels, refused) = Labels::from_json(Rater::new(rater), rubric(), object);
        assert_eq!(refused, []);
        labels
    };
    sessions.iter().map(labels).collect()
}

fn pairs<'l>(first: &'l [Labels], second: &'l [Labels]) -> Vec<Pair<'l>> {
    let pair = |(at, (first, second))| Pair {
        session: format!("{at:04}"),
        first,
        second,
        person: None,
        agent: None,
        month: None,
    };
    first.iter().zip(second).enumerate().map(pair).collect()
}

/// One question, answered by both: `null` is no answer.
fn question(name: &str, answers: &[(Json, Json)]) -> Compared {
    let of = |pick: fn(&(Json, Json)) -> &Json| -> Vec<Json> {
        answers.iter().map(|both| json!({ name: pick(both) })).collect()
    };
    let (first, second) = (rated("a", &of(|both| &both.0)), rated("b", &of(|both| &both.1)));
    find(&agreement(&pairs(&first, &second), rubric(), &settings()), name)
}

fn find(agreement: &Agreement, name: &str) -> Compared {
    agreement.questions.iter().find(|compared| compared.question == name).expect("a question").clone()
}

fn times(n: usize, first: &str, second: &str) -> Vec<(Json, Json)> {
    vec![(first.into(), second.into()); n]
}

/// The value, to five decimals.
fn value(figure: &Figure) -> Option<f64> {
    figure.value.map(rounded)
}

fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

fn optional(figure: &Option<Figure>) -> Option<f64> {
    value(figure.as_ref().expect("questions of this kind have it"))
}

#[test]
fn choices_by_hand() {
    let answers = [
        times(4, "building", "building"),
        times(1, "building", "fixing"),
        times(2, "fixing", "building"),
        times(3, "fixing", "fixing"),
    ];
    let compared = question("work_mode", &answers.concat());
    // pₒ = 0.7; pₑ = 0.5 · 0.6 + 0.5 · 0.4.
    assert_eq!((compared.n, value(&compared.exact), optional(&compared.kappa)), (10, Some(0.7), Some(0.4)));
    // 20 answers, 11 building: Dₒ = 0.3, Dₑ = 2 · 11 · 9 / (20 · 19).
    assert_eq!(value(&compared.alpha), Some(0.42424));
    // Chance is 2 · 0.55 · 0.45 / (9 − 1) with the nine modes that there are.
    assert_eq!(optional(&compared.ac), Some(0.68021));
    // The first rater's two answers are equally frequent: the first in the rubric counts.
    assert_eq!((compared.baseline_answer.clone(), value(&compared.baseline)), (json!("building"), Some(0.6)));
    assert_eq!(
        (compared.prevalent_answer.clone(), optional(&compared.prevalence)),
        (json!("building"), Some(0.55))
    );
    assert!(!compared.is_prevalent());
    assert_eq!((&compared.near, &compared.difference, &compared.log_correlation), (&None, &None, &None));
    let exact = &compared.exact;
    assert_eq!((exact.n, exact.method, &exact.why), (10, Method::BootstrapSessions, &None));
    assert!(exact.low.is_some_and(|low| (0.3..0.7).contains(&low)), "{exact:?}");
    let confusion = compared.confusion.expect("of choices there is one");
    assert_eq!(confusion.answers[..2], ["building", "fixing"]);
    assert_eq!(
        (confusion.counts[0][..2].to_vec(), confusion.counts[1][..2].to_vec()),
        (vec![4, 1], vec![2, 3])
    );
}

#[test]
fn levels_by_hand() {
    let answers = [(1, 2), (2, 2), (3, 3), (4, 5), (5, 5), (3, 1), (0, 3), (0, 0), (4, 0)];
    let mut answers: Vec<(Json, Json)> = answers.map(|(a, b)| (json!(a), json!(b))).to_vec();
    answers.extend([
        (Json::Null, json!(2)),
        (json!(2), Json::Null),
        (json!(0), Json::Null),
        (Json::Null, Json::Null),
    ]);
    let compared = question("expertise", &answers);
    assert_eq!((compared.n, compared.sessions), (6, 6));
    let left_out = LeftOut { only_first: 2, only_second: 1, neither: 1, ..LeftOut::default() };
    assert_eq!(compared.left_out, left_out);
    assert_eq!((value(&compared.exact), optional(&compared.near)), (Some(0.5), Some(0.83333)));
    // Squared differences are 1 on average, and 4 between answers of any two sessions.
    assert_eq!(optional(&compared.kappa), Some(0.75));
    // Levels 1 to 5 were given 2, 3, 3, 1, 3 times: 1 − 11 · 40.5 / 1638.
    assert_eq!(value(&compared.alpha), Some(0.72802));
    assert_eq!(optional(&compared.difference), Some(0.0));
    // Most frequent with the first rater is 3, which the second gave once; 2, 3 or 4 three times.
    assert_eq!(compared.baseline_answer, json!(3));
    assert_eq!((value(&compared.baseline), optional(&compared.baseline_near)), (Some(0.16667), Some(0.5)));
    let unclear = compared.unclear.expect("expertise can be unclear");
    assert_eq!((unclear.only_first, unclear.only_second, unclear.both), (1, 1, 1));
    // pₒ = 7 / 9, pₑ = (7 · 7 + 2 · 2) / 81.
    assert_eq!(
        (unclear.exact.n, value(&unclear.exact), value(&unclear.kappa)),
        (9, Some(0.77778), Some(0.35714))
    );
    let confusion = compared.confusion.expect("of levels there is one");
    assert_eq!(
        (confusion.answers[0].as_str(), confusion.counts[0][0], confusion.counts[0][3]),
        ("unclear", 1, 1)
    );
    assert_eq!((confusion.counts[1][2], confusion.counts[4][0]), (1, 1));
}

#[test]
fn shares_by_hand() {
    let answers = [(0.5, 0.6), (0.2, 0.2), (1.0, 0.5)].map(|(a, b)| (json!(a), json!(b)));
    let compared = question("planning_user_share", &answers);
    assert_eq!((value(&compared.exact), optional(&compared.near)), (Some(0.33333), Some(0.66667)));
    // In tenths: 1 − (26 / 3) / (140 / 9), and 1 − (26 / 3) / (2 · 44 / 5).
    assert_eq!((optional(&compared.kappa), value(&compared.alpha)), (Some(0.44286), Some(0.50758)));
    assert_eq!(optional(&compared.difference), Some(-0.13333));
    assert_eq!(compared.exact.why.as_deref(), Some("no interval: 3 sessions, fewer than 5"));
    assert_eq!((compared.baseline_answer, compared.confusion), (json!(0.2), None));
}

#[test]
fn amounts_by_hand() {
    let answers = [(10, 10), (10, 100), (100, 100), (100, 1000), (0, 50)].map(|(a, b)| (json!(a), json!(b)));
    let compared = question("value_usd", &answers);
    assert_eq!((compared.n, compared.left_out.without_logarithm), (5, 1));
    assert_eq!((value(&compared.exact), optional(&compared.near)), (Some(0.4), Some(0.4)));
    let correlation = compared.log_correlation.clone().expect("of amounts there is one");
    // In powers of ten 1, 1, 2, 2 beside 1, 2, 2, 3.
    assert_eq!((correlation.n, value(&correlation)), (4, Some(rounded(0.5f64.sqrt()))));
    assert_eq!((value(&compared.alpha), optional(&compared.difference)), (Some(0.5), Some(3.16228)));
    // 10 and 100 are equally frequent; the second rater gave 10 once, and nothing else from 5 to 20.
    assert_eq!(compared.baseline_answer, json!(10.0));
    assert_eq!((value(&compared.baseline), optional(&compared.baseline_near)), (Some(0.2), Some(0.2)));
    assert_eq!((compared.kappa, compared.ac), (None, None));
}

#[test]
fn what_is_not_defined_says_why() {
    let compared = question("outcome", &times(8, "succeeded", "succeeded"));
    let kappa = compared.kappa.clone().expect("choices have it");
    assert_eq!((kappa.value, kappa.low, kappa.n), (None, None, 8));
    assert_eq!(kappa.why.as_deref(), Some("both gave one and the same answer everywhere"));
    assert_eq!(compared.alpha.value, None);
    assert!(compared.is_prevalent());
    assert_eq!((compared.exact.value, compared.exact.method), (Some(1.0), Method::WilsonSessions));
    assert!(compared.exact.low.is_some_and(|low| low < 0.7));
    let compared = question("outcome", &[(json!("failed"), Json::Null)]);
    assert_eq!((compared.exact.value, compared.exact.why.as_deref()), (None, Some("nothing to compare")));
    assert_eq!((compared.baseline_answer, compared.prevalent_answer), (Json::Null, Json::Null));
    let compared = question("expertise", &[(json!(0), json!(0))]);
    let unclear = compared.unclear.expect("expertise can be unclear");
    assert_eq!((unclear.kappa.value, compared.n), (None, 0));
}

#[test]
fn where_one_answer_dominates_kappa_is_low_and_ac_is_not() {
    let answers = [times(118, "15", "15"), times(5, "15", "unclear"), times(2, "unclear", "15")];
    let compared = question("work_occupation", &answers.concat());
    assert!(compared.is_prevalent());
    // By hand: pₒ = 118 / 125, pₑ = (123 · 120 + 2 · 5) / 125².
    assert_eq!(optional(&compared.kappa), Some(-0.02339));
    assert!(optional(&compared.ac).is_some_and(|ac| ac > 0.94));
    let unclear = compared.unclear.expect("it can be unclear");
    assert_eq!((unclear.only_first, unclear.only_second, unclear.both), (2, 5, 0));
    assert_eq!(value(&unclear.kappa), Some(-0.02339));
}

#[test]
fn messages_are_matched_by_position_where_there_are_as_many() {
    let intents =
        |lists: &[Json]| -> Vec<Json> { lists.iter().map(|list| json!({ "intents": list })).collect() };
    let (new, log, yes) = ("new implementation", "log paste", "confirmation");
    let first = rated("a", &intents(&[json!([new, log, yes]), json!([new, yes]), json!([yes]), json!([])]));
    let second =
        rated("b", &intents(&[json!([new, yes, yes]), json!([new]), json!([null]), json!([log, log])]));
    let compared = find(&agreement(&pairs(&first, &second), rubric(), &settings()), "intent");
    assert_eq!((compared.n_of, compared.n, compared.sessions), ("messages", 3, 1));
    let left_out = LeftOut { only_first: 1, only_second: 2, unequal_sessions: 1, ..LeftOut::default() };
    assert_eq!(compared.left_out, left_out);
    assert_eq!(value(&compared.exact), Some(0.66667));
    // Messages of one session are resampled together.
    assert_eq!(compared.exact.why.as_deref(), Some("no interval: 1 session, fewer than 5"));
}

#[test]
fn groups_apart_from_the_whole_are_flagged() {
    let mode = |at: usize| if at < 12 { "building" } else { "fixing" };
    let session = |at: usize, level: usize| json!({ "work_mode": mode(at), "expertise": level });
    let first: Vec<Json> = (0..24).map(|at| session(at, 3)).collect();
    // With codex the second rater says 4, else the same; of the others the agent is not known.
    let second: Vec<Json> =
        (0..24).map(|at| session(at, if at % 2 == 0 && at < 20 { 4 } else { 3 })).collect();
    let (first, second) = (rated("a", &first), rated("b", &second));
    let mut pairs = pairs(&first, &second);
    for (at, pair) in pairs.iter_mut().enumerate().take(20) {
        pair.agent = Some(if at % 2 == 0 { "codex" } else { "claude-code" }.to_owned());
        pair.month = Some("2026-01".to_owned());
    }
    let compared = agreement(&pairs, rubric(), &settings());
    let expertise = find(&compared, "expertise");
    let by: Vec<&str> = expertise.by.iter().map(|split| split.by.name()).collect();
    assert_eq!(by, ["agent", "work_mode"], "one month is no split");
    let agents = &expertise.by[0];
    assert_eq!((agents.unknown, agents.groups.len()), (4, 2));
    let codex = agents.groups.iter().find(|group| group.group == "codex").expect("it is there");
    assert_eq!((codex.exact.n, value(&codex.exact), codex.exact_apart), (10, Some(0.0), Some(true)));
    // All differences are the same: no interval, so nothing is said.
    assert_eq!((optional(&codex.difference), codex.difference_apart), (Some(1.0), None));
    let modes = &expertise.by[1];
    assert_eq!(modes.groups.iter().map(|group| group.exact_apart).collect::<Vec<_>>(), [Some(false); 2]);
    let all = find(&compared, "work_mode");
    assert_eq!(all.by[0].groups[0].exact_apart, Some(false), "all of all is not apart");
    assert_eq!(compared.looked_at.apart, 2);
    assert_eq!(compared.looked_at.groups, 8);
    let only = Settings { by: vec![Dimension::Agent], ..settings() };
    assert_eq!(find(&agreement(&pairs, rubric(), &only), "expertise").by.len(), 1);
}

#[test]
fn neither_order_nor_threads_change_a_digit() {
    let session = |at: usize, by: usize| {
        let mode = ["building", "fixing", "testing"][(at * by) % 3];
        json!({ "work_mode": mode, "value_usd": 20 * (1 + at * by % 7),
            "success_signal": (at + by) % 6, "execution_user_share": (at * by % 11) as f64 / 10.0,
            "intents": vec!["confirmation"; 1 + at % 3] })
    };
    let of = |by: usize| -> Vec<Json> { (0..40).map(|at| session(at, by)).collect() };
    let (first, second) = (rated("a", &of(1)), rated("b", &of(2)));
    let mut pairs = pairs(&first, &second);
    for (at, pair) in pairs.iter_mut().enumerate() {
        pair.person = (at % 8 < 7).then(|| format!("person {}", at % 8));
        pair.agent = Some(if at % 3 == 0 { "codex" } else { "gemini" }.to_owned());
    }
    let once = agreement(&pairs, rubric(), &settings());
    assert_eq!((once.people, find(&once, "work_mode").exact.method), (Some(7), Method::BootstrapPeople));
    pairs.reverse();
    let again = agreement(&pairs, rubric(), &Settings { threads: 3, ..settings() });
    let text = |agreement: &Agreement| serde_json::to_string(agreement).expect("plain data");
    assert_eq!(text(&once), text(&again));
    let other = agreement(&pairs, rubric(), &Settings { seed: 1, ..settings() });
    assert_ne!(text(&once), text(&other));
}
