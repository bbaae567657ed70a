//! Bundles of three organisations pooled, beside the union of their rows; and bundles that nobody honest writes.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use metier_label::{Derived, rubric};
use metier_session::Id;
use metier_stats::linear::{self, Covariance, Design, FixedEffect, Regressor};
use metier_stats::means::{self, Sample};
use metier_stats::meta::{self, Between, Study as Effect};
use metier_stats::moments::Moments;
use metier_store::{Mode, Row, Rows, Thresholds};
use metier_study::gate::Ledger;
use metier_study::share::{Bundle, Forest, Made, Pooled, Problem, pool};
use metier_study::simulate::{Design as Plan, simulate};
use metier_study::{By, FINDINGS, Method, Settings, Study, find};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Findings without models of many columns, for what is read very often.
const SMALL: [&str; 4] = ["success", "depth", "task_value", "table_a1"];

/// Little is withheld: what is tested is how numbers add up, not the gate.
fn thresholds() -> Thresholds {
    Thresholds { people: 5, sessions: 5, percent: 0, ..Thresholds::default() }
}

/// People of three organisations: seeds make ids, so nobody is in two. Of most others the gate withholds the models.
static ROWS: LazyLock<[Vec<Row>; 3]> = LazyLock::new(|| {
    [(500, 130, 1), (500, 130, 5), (500, 200, 10)].map(|(n, k, seed)| simulate(&Plan::new(n, k, seed)).0)
});

fn made(source: &str) -> Made {
    Made {
        metier: "0.4.0".to_owned(),
        facts: 1,
        labels: 1,
        rubric: rubric().hash.to_string(),
        source: source.to_owned(),
        day: "2026-11-21".to_owned(),
    }
}

fn studies(names: &[&str]) -> Vec<&'static Study> {
    names.iter().map(|name| find(name).unwrap()).collect()
}

fn bundle_of(rows: &[Row], source: &str, settings: &Settings, studies: &[&'static Study]) -> Bundle {
    let rows = Rows::of_many(rows.to_vec(), Mode::Team, thresholds());
    let bundle = Bundle::of(&rows, settings, studies, &mut Ledger::default(), made(source)).unwrap().0;
    // As it comes out of a file.
    Bundle::read(&bundle.write()).unwrap()
}

/// "Exactly" stands in the documentation.
#[test]
fn what_is_written_is_read() {
    let rows = Rows::of_many(ROWS[0].clone(), Mode::Team, thresholds());
    let bundle = Bundle::of(&rows, &Settings::default(), &ALL, &mut Ledger::default(), made("a")).unwrap().0;
    let read = Bundle::read(&bundle.write()).unwrap();
    assert!(read == bundle, "a number is another one");
    assert!(read.write() == bundle.write(), "the bytes are others");
}

/// Models of many columns take long without optimisation, and add up as those of the others do.
const SLOW: [&str; 8] = [
    "table_a2",
    "sensitivity",
    "trend",
    "success_adjusted",
    "label_checks",
    "expertise_by_month",
    "within_person",
    "agents",
];

static ALL: LazyLock<Vec<&'static Study>> =
    LazyLock::new(|| FINDINGS.iter().filter(|study| !SLOW.contains(&study.name)).collect());
static BUNDLES: LazyLock<[Bundle; 3]> = LazyLock::new(|| {
    [0, 1, 2].map(|at| bundle_of(&ROWS[at], ["a0", "b1", "c2"][at], &Settings::default(), &ALL))
});
static UNION: LazyLock<Bundle> =
    LazyLock::new(|| bundle_of(&ROWS.concat(), "d3", &Settings::default(), &ALL));
static POOLED: LazyLock<Pooled> = LazyLock::new(|| pool(named(&*BUNDLES)).unwrap());

/// Bundles with what stands for their checksums.
fn named(bundles: &[Bundle]) -> Vec<(String, Bundle)> {
    bundles.iter().map(|one| (one.made.source.clone(), one.clone())).collect()
}

fn value(bundle: &Bundle) -> Value {
    serde_json::from_slice(&bundle.write()).unwrap()
}

/// The numbers of the only group of each finding, by finding and name.
fn numbers(bundle: &Bundle) -> BTreeMap<(String, String), Value> {
    let document = value(bundle);
    let findings = document["findings"].as_object().unwrap();
    let of = |(finding, groups): (&String, &Value)| -> Vec<((String, String), Value)> {
        let numbers = groups[0]["numbers"].as_object().unwrap().iter();
        numbers.map(|(name, number)| ((finding.clone(), name.clone()), number.clone())).collect()
    };
    findings.iter().filter(|(_, groups)| !groups.as_array().unwrap().is_empty()).flat_map(of).collect()
}

fn estimate<'p>(pooled: &'p Pooled, finding: &str, measure: &str) -> &'p metier_study::Estimate {
    let finding = pooled.findings.iter().find(|one| one.name == finding).unwrap();
    &finding.groups[0].measures.iter().find(|one| one.name == measure).unwrap().estimate
}

#[track_caller]
fn near(found: f64, wanted: f64, what: &str) {
    assert!(apart(found, wanted) <= 1.001e-10, "{what}: {found} for {wanted}");
}

fn apart(found: f64, wanted: f64) -> f64 {
    if found == wanted { 0.0 } else { (found - wanted).abs() / found.abs().max(wanted.abs()) }
}

#[test]
fn nobody_is_in_two_organisations() {
    for id in [|row: &Row| row.session, |row: &Row| row.person.unwrap()] {
        let all: Vec<HashSet<Id>> = ROWS.iter().map(|rows| rows.iter().map(id).collect()).collect();
        assert!(all[0].is_disjoint(&all[1]) && all[0].is_disjoint(&all[2]) && all[1].is_disjoint(&all[2]));
    }
}

#[test]
fn shares_means_and_rates_are_those_of_the_union() {
    let (of_bundles, union) = (BUNDLES.each_ref().map(numbers), numbers(&UNION));
    // The union alone has intervals made the same way.
    let alone = pool(named(std::slice::from_ref(&*UNION))).unwrap();
    let (mut compared, mut ends, mut not) = (0, 0, Vec::new());
    for ((finding, name), number) in &union {
        let parts: Vec<&Value> =
            of_bundles.iter().filter_map(|one| one.get(&(finding.clone(), name.clone()))).collect();
        let adds_up = parts.len() == 3 && parts.iter().chain([&number]).all(|one| one["ratio"].is_object());
        let (pooled, same) = (estimate(&POOLED, finding, name), estimate(&alone, finding, name));
        if !adds_up {
            if number["coefficient"].is_null() {
                let why = if parts.len() == 3 { "no sums" } else { "not in all bundles" };
                not.push(format!("{finding}/{name}: {why}, {}", pooled.method));
            }
            continue;
        }
        let what = format!("{finding}/{name}");
        assert_eq!(pooled.method, Method::Together { stores: 3 }, "{what}");
        near(pooled.value.unwrap(), number["value"].as_f64().unwrap(), &what);
        assert_eq!((pooled.n, pooled.sessions as u64, pooled.people as u64), counted(number), "{what}");
        compared += 1;
        let both = |of: &metier_study::Estimate| of.low.zip(of.high);
        assert_eq!(both(pooled).is_some(), both(same).is_some(), "{what}");
        if let (Some(these), Some(those)) = (both(pooled), both(same)) {
            near(these.0, those.0, &format!("the lower end of {what}"));
            near(these.1, those.1, &format!("the upper end of {what}"));
            ends += 1;
        }
    }
    println!("{compared} numbers compared, {ends} with their intervals; of {} not:", union.len());
    not.iter().for_each(|one| println!("  {one}"));
    assert!(compared > 80 && ends > 70, "{compared} numbers, {ends} intervals");
}

fn counted(number: &Value) -> (u64, u64, u64) {
    let count = |name: &str| number[name].as_u64().unwrap();
    (count("n"), count("sessions"), count("people"))
}

/// A share as the statistics make it of the rows of all, clustered by person.
#[test]
fn an_interval_is_that_of_the_rows_clustered_by_person() {
    let rows = sample();
    let outcome: Vec<f64> = rows.iter().map(|one| one.outcome).collect();
    let person: Vec<u32> = rows.iter().map(|one| one.person).collect();
    let all = vec![1.0; rows.len()];
    let whole =
        means::ratio(&Sample { values: &outcome, weights: None, clusters: Some(&person) }, &all).unwrap();
    let (pooled, ends) = (estimate(&POOLED, "success", "verified"), whole.interval.unwrap());
    near(pooled.value.unwrap(), whole.estimate, "verified");
    near(pooled.low.unwrap(), ends.low, "its lower end");
    near(pooled.high.unwrap(), ends.high, "its upper end");
    assert_eq!((pooled.n as usize, pooled.people), (rows.len(), whole.clusters));
}

/// A session as models of verified success see it.
struct Seen {
    outcome: f64,
    expertise: Option<u8>,
    mode: u32,
    month: u32,
    person: u32,
    organisation: u32,
}

/// Sessions of all organisations of which it is known whether they succeeded. Made of rows alone, without the study.
fn sample() -> Vec<Seen> {
    let (mut people, mut modes): (HashMap<Id, u32>, HashMap<String, u32>) = (HashMap::new(), HashMap::new());
    let mut all = Vec::new();
    for (organisation, rows) in (0..).zip(&*ROWS) {
        for row in rows.iter().filter(|row| row.facts.headless != Some(true) && row.facts.prompts > 0) {
            let Some(so) = Derived::of(&row.labels, &row.facts, rubric()).verified_success else { continue };
            let next = people.len() as u32;
            let person = *people.entry(row.person.unwrap()).or_insert(next);
            let mode = row.labels.choice(rubric(), "work_mode").unwrap_or("none").to_owned();
            let next = modes.len() as u32;
            let mode = *modes.entry(mode).or_insert(next);
            all.push(Seen {
                outcome: f64::from(u8::from(so)),
                expertise: row.labels.level(rubric(), "expertise").filter(|level| *level > 0),
                mode,
                month: row.facts.first.and_then(|first| first.months()).unwrap_or(0),
                person,
                organisation,
            });
        }
    }
    all
}

/// Verified success on expertise, by the statistics.
fn whole(rows: &[Seen], effects: &[fn(&Seen) -> u32]) -> linear::Fit {
    let rows: Vec<&Seen> = rows.iter().filter(|one| one.expertise.is_some()).collect();
    let outcome: Vec<f64> = rows.iter().map(|one| one.outcome).collect();
    let expertise: Vec<f64> = rows.iter().map(|one| f64::from(one.expertise.unwrap())).collect();
    let person: Vec<u32> = rows.iter().map(|one| one.person).collect();
    let effect = |of: &fn(&Seen) -> u32| FixedEffect {
        name: "control".to_owned(),
        codes: rows.iter().map(|one| of(one)).collect::<Vec<u32>>().into(),
    };
    let design = Design {
        outcome: &outcome,
        regressors: vec![Regressor { name: "expertise".to_owned(), values: (&expertise).into() }],
        fixed_effects: effects.iter().map(effect).collect(),
        weights: None,
    };
    linear::fit(&design, &Covariance::Clustered(vec![&person])).unwrap()
}

#[test]
fn regressions_are_those_of_the_union_with_controls_crossed_with_the_organisation() {
    let rows = sample();
    let by_mode: fn(&Seen) -> u32 = |one| one.organisation * 1_000 + one.mode;
    let by_month: fn(&Seen) -> u32 = |one| one.organisation * 100_000 + one.month;
    type Code = fn(&Seen) -> u32;
    let effects: [&[Code]; 3] = [&[], &[by_mode], &[by_mode, by_month]];
    // Alone, so that the gate withholds no column for the sake of another finding.
    let alone = studies(&["table_a1"]);
    let bundles: Vec<Bundle> =
        (0..3).map(|at| bundle_of(&ROWS[at], &at.to_string(), &Settings::default(), &alone)).collect();
    let pooled = pool(named(&bundles)).unwrap();
    let models = &pooled.findings[0].groups[0].tables[0].regressions.models;
    assert_eq!(models.len(), 6);
    for ((effects, model), measure) in effects.iter().zip(models).zip(["column_1", "column_2", "column_3"]) {
        let whole = whole(&rows, effects);
        let wanted = whole.coefficient("expertise").unwrap();
        let found = model.coefficient("expertise").unwrap();
        // Of several effects each store takes the second less one level, where one regression takes but one off for all.
        let column = effects.len();
        let absorbed = |one: &Bundle| {
            value(one)["findings"]["table_a1"][0]["tables"][0][column]["absorbed"].as_u64().unwrap()
        };
        let spare = whole.observations as f64 - 1.0 - bundles.iter().map(absorbed).sum::<u64>() as f64;
        let fewer = 2.0 * effects.len().saturating_sub(1) as f64;
        let scale = ((spare - fewer) / spare).sqrt();
        let reach = (wanted.conf_high - wanted.estimate) * scale;
        let (low, high) = (wanted.estimate - reach, wanted.estimate + reach);
        let pairs = [
            (found.estimate, wanted.estimate),
            (found.std_error, wanted.std_error * scale),
            (found.t, wanted.t / scale),
            (found.conf_low, low),
            (found.conf_high, high),
        ];
        let what = format!("expertise with {} controls", effects.len());
        pairs.into_iter().for_each(|(found, wanted)| near(found, wanted, &what));
        assert_eq!((model.n, &model.clusters), (whole.observations, &whole.clusters), "{what}");
        // The number of the finding is the coefficient of the table.
        let number = estimate(&pooled, "table_a1", measure);
        assert_eq!(number.method, Method::Together { stores: 3 }, "{measure}");
        near(number.value.unwrap(), wanted.estimate, measure);
        near(number.low.unwrap(), low, measure);
        near(number.high.unwrap(), high, measure);
        // Without a control across organisations it is another regression.
        if effects.len() == 1 {
            let plain = self::whole(&rows, &[|one| one.mode]);
            assert!(apart(plain.coefficient("expertise").unwrap().estimate, wanted.estimate) > 1e-6);
        }
    }
}

/// Every model without controls that all three bundles have: its coefficients are those of the union's own.
#[test]
fn regressions_without_controls_are_those_of_the_union() {
    let tables = |bundle: &Bundle| -> BTreeMap<String, Value> {
        let document = value(bundle);
        let mut all = BTreeMap::new();
        for (finding, groups) in document["findings"].as_object().unwrap() {
            for (at, table) in groups[0]["tables"].as_array().into_iter().flatten().enumerate() {
                for (column, model) in table.as_array().unwrap().iter().enumerate() {
                    all.insert(format!("{finding} {at} {column}"), model.clone());
                }
            }
        }
        all
    };
    let of_bundles = BUNDLES.each_ref().map(tables);
    let alone = pool(named(std::slice::from_ref(&*UNION))).unwrap();
    let mut compared = 0;
    for (place, model) in tables(&UNION) {
        let plain = |model: &&Value| model["absorbed"] == 0;
        let parts: Vec<&Value> = of_bundles.iter().filter_map(|one| one.get(&place)).collect();
        let same = parts.iter().filter(|one| plain(one) && one["terms"] == model["terms"]).count();
        if !plain(&&model) || same < 3 {
            continue;
        }
        let words: Vec<&str> = place.split(' ').collect();
        let (table, column): (usize, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let found = |pooled: &Pooled| {
            let finding = pooled.findings.iter().find(|one| one.name == words[0]).unwrap();
            let regressions = &finding.groups[0].tables[table].regressions;
            let at = regressions.numbers().iter().position(|number| *number == column + 1).unwrap();
            regressions.models[at].clone()
        };
        let (these, those) = (found(&POOLED), found(&alone));
        for (this, that) in these.coefficients.iter().zip(&those.coefficients) {
            assert_eq!(this.name, that.name);
            // Coefficients near 0 have the digits of their errors.
            let size = that.std_error.max(that.estimate.abs());
            for (found, wanted) in [
                (this.estimate, that.estimate),
                (this.conf_low, that.conf_low),
                (this.conf_high, that.conf_high),
            ] {
                assert!((found - wanted).abs() <= 1e-10 * size, "{place} {}: {found} {wanted}", this.name);
            }
            near(this.std_error, that.std_error, &place);
            compared += 1;
        }
    }
    println!("{compared} coefficients");
    assert!(compared >= 4, "{compared}");
}

#[test]
fn the_order_of_bundles_does_not_matter() {
    let bytes = |order: [usize; 3]| {
        let bundles = order.map(|at| BUNDLES[at].clone());
        serde_json::to_string(&pool(named(&bundles)).unwrap()).unwrap()
    };
    let first = bytes([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert!(bytes(order) == first, "{order:?}");
    }
}

#[test]
fn random_effects_are_those_of_the_same_estimates() {
    let of_bundles = BUNDLES.each_ref().map(numbers);
    let mut compared = 0;
    for forest in POOLED.forests.iter().filter(|forest| forest.parts.len() == 3) {
        let Some(found) = &forest.random_effects else { continue };
        let parts =
            of_bundles.each_ref().map(|one| &one[&(forest.finding.to_owned(), forest.measure.to_owned())]);
        // Of means and shares: others have a scale of their own.
        let moments: Option<Vec<Moments>> = parts.iter().map(|part| moments(&part["ratio"])).collect();
        let Some(moments) = moments else { continue };
        let ratios: Vec<f64> = moments.iter().map(|one| one.sum()[0] / one.sum()[1]).collect();
        let as_they_are = ratios
            .iter()
            .zip(&parts)
            .all(|(ratio, part)| apart(*ratio, part["value"].as_f64().unwrap()) < 1e-9);
        if !as_they_are {
            continue;
        }
        let effects: Vec<Effect> = moments
            .iter()
            .map(|one| one.ratio(0, 1).unwrap())
            .map(|one| Effect { estimate: one.estimate, std_error: one.std_error })
            .collect();
        let wanted = meta::random_effects(&effects, Between::Reml).unwrap();
        let what = format!("{}/{}", forest.finding, forest.measure);
        near(found.value, wanted.estimate, &what);
        near(found.tau_squared, wanted.tau_squared, &what);
        near(found.i_squared, wanted.i_squared, &what);
        near(found.q_p, wanted.q_p, &what);
        for (part, weight) in forest.parts.iter().zip(&wanted.weights) {
            near(part.weight.unwrap(), *weight, &what);
        }
        compared += 1;
    }
    println!("{compared} random-effects means");
    assert!(compared > 40, "{compared}");
}

fn moments(totals: &Value) -> Option<Moments> {
    let list =
        |name: &str| -> Option<Vec<f64>> { totals[name].as_array()?.iter().map(Value::as_f64).collect() };
    Moments::from_parts(totals["people"].as_u64()?, list("sum")?, list("products")?).ok()
}

/// Slopes are pooled on their own scale, geometric means on that of logarithms.
#[test]
fn random_effects_of_slopes_and_of_geometric_means() {
    let forest = |finding: &str, measure: &str| -> &Forest {
        POOLED.forests.iter().find(|one| (one.finding, one.measure) == (finding, measure)).unwrap()
    };
    let slope = forest("table_a1", "column_1");
    let effects: Vec<Effect> = (0..3)
        .map(|organisation| {
            let rows: Vec<Seen> =
                sample().into_iter().filter(|one| one.organisation == organisation).collect();
            let fit = whole(&rows, &[]);
            let one = fit.coefficient("expertise").unwrap();
            Effect { estimate: one.estimate, std_error: one.std_error }
        })
        .collect();
    let wanted = meta::random_effects(&effects, Between::Reml).unwrap();
    let found = slope.random_effects.as_ref().unwrap();
    near(found.value, wanted.estimate, "the slope");
    near(found.i_squared, wanted.i_squared, "its share between");
    near(found.tau_squared, wanted.tau_squared, "its variance between");
    let of_bundles = BUNDLES.each_ref().map(numbers);
    let (mut logs, mut of) = (0, 0);
    for forest in POOLED.forests.iter().filter(|one| one.parts.len() == 3 && one.random_effects.is_some()) {
        let key = (forest.finding.to_owned(), forest.measure.to_owned());
        let parts = of_bundles.each_ref().map(|one| &one[&key]);
        let Some(moments) = parts.iter().map(|part| moments(&part["ratio"])).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        of += 1;
        let is_log = moments.iter().zip(&parts).all(|(one, part)| {
            apart((one.sum()[0] / one.sum()[1]).exp(), part["value"].as_f64().unwrap()) < 1e-9
        });
        if is_log {
            let effects: Vec<Effect> = moments
                .iter()
                .map(|one| one.ratio(0, 1).unwrap())
                .map(|one| Effect { estimate: one.estimate, std_error: one.std_error })
                .collect();
            let wanted = meta::random_effects(&effects, Between::Reml).unwrap();
            let found = forest.random_effects.as_ref().unwrap();
            near(found.value, wanted.estimate.exp(), forest.measure);
            near(found.tau_squared, wanted.tau_squared, forest.measure);
            logs += 1;
        }
    }
    assert!(logs > 0, "{logs} geometric means of {of}");
}

// ---- What is refused. ----

static BASE: LazyLock<Bundle> =
    LazyLock::new(|| bundle_of(&ROWS[0], "e4", &Settings::default(), &studies(&SMALL)));
static OTHER: LazyLock<Bundle> =
    LazyLock::new(|| bundle_of(&ROWS[1], "f5", &Settings::default(), &studies(&SMALL)));

fn refusal(bundles: &[Bundle]) -> String {
    let bundles = (0..).zip(bundles).map(|(at, one): (u32, _)| (at.to_string(), one.clone())).collect();
    match pool(bundles) {
        Err(Problem::Kind(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bundles_that_do_not_speak_of_the_same_are_not_pooled() {
    assert!(refusal(&[]).contains("no bundle"));
    assert!(refusal(&[BASE.clone(), BASE.clone()]).contains("same store"));
    let mut other = OTHER.clone();
    other.made.source = BASE.made.source.clone();
    assert!(refusal(&[BASE.clone(), other]).contains("same store"));
    let changed = |change: fn(&mut Bundle)| {
        let mut other = OTHER.clone();
        change(&mut other);
        refusal(&[BASE.clone(), other])
    };
    assert!(changed(|one| one.made.rubric = "blake3:1".into()).contains("rubric"));
    assert!(changed(|one| one.made.facts += 1).contains("definitions"));
    assert!(changed(|one| one.made.labels += 1).contains("definitions"));
    assert!(changed(|one| one.rater = "another".into()).contains("rater"));
    assert!(changed(|one| one.headless = true).contains("without a person"));
    assert!(changed(|one| one.conditions = vec!["agent=codex".into()]).contains("choice of sessions"));
    let by_month =
        bundle_of(&ROWS[1], "f6", &Settings { by: By::Month, ..Settings::default() }, &studies(&["success"]));
    assert!(refusal(&[BASE.clone(), by_month]).contains("grouping"));
}

#[test]
fn projects_are_not_shared() {
    let rows = Rows::of_many(ROWS[0].clone(), Mode::Team, thresholds());
    let settings = Settings { by: By::Project, ..Settings::default() };
    let refused = Bundle::of(&rows, &settings, &ALL, &mut Ledger::default(), made("a"));
    assert!(refused.is_err());
}

/// A body with something else at a place; none if that cannot be read.
fn changed(at: &str, to: &Value) -> Result<Bundle, Problem> {
    let mut body = value(&BASE);
    *body.pointer_mut(at).unwrap_or_else(|| panic!("{at} is there")) = to.clone();
    Bundle::read(&serde_json::to_vec(&body).unwrap())
}

#[track_caller]
fn refused(at: &str, to: Value) {
    assert!(changed(at, &to).is_err(), "{at} = {to} was taken");
}

/// The first number of a kind, as a place in the body.
fn place(kind: &str) -> String {
    let numbers = numbers(&BASE);
    let (finding, name) = numbers.iter().find(|(_, number)| !number[kind].is_null()).unwrap().0;
    format!("/findings/{finding}/0/numbers/{name}")
}

#[test]
fn what_cannot_be_is_not_read() {
    assert!(Bundle::read(&BASE.write()).is_ok());
    assert!(Bundle::read(b"").is_err() && Bundle::read(b"[]").is_err() && Bundle::read(b"{}").is_err());
    assert!(Bundle::read(&[0xff; 100]).is_err());
    for schema in [0, 2, 99] {
        assert!(matches!(changed("/schema", &json!(schema)), Err(Problem::Version { what: "schema", .. })));
    }
    let (ratio, slope) = (place("ratio"), place("coefficient"));
    for number in [&ratio, &slope] {
        for count in ["n", "sessions", "people"] {
            for wrong in [json!(-1), json!(0.5), json!(1u64 << 60), json!("5"), json!(null)] {
                refused(&format!("{number}/{count}"), wrong);
            }
        }
        refused(&format!("{number}/people"), json!(1_000_000));
        refused(&format!("{number}/value"), json!(null));
        refused(&format!("{number}/value"), json!("NaN"));
        refused(&format!("{number}/interval"), json!([0.7, 0.2]));
        refused(&format!("{number}/interval"), json!([0.7]));
        refused(&format!("{number}/interval"), json!([0.1, 0.2, 0.3]));
        refused(&format!("{number}/interval"), json!([-1.7e308, 1.7e308]));
    }
    for (people, sessions) in [(6, 5), (-1, 5)] {
        let mut body = value(&BASE);
        body["people"] = json!(people);
        body["sessions"] = json!(sessions);
        assert!(Bundle::read(&serde_json::to_vec(&body).unwrap()).is_err(), "{people} of {sessions}");
    }
    refused("/findings/success/0/people", json!(1_000_000));
    // Sums that no people have.
    for wrong in [json!([]), json!([1.0]), json!([1.0, 2.0, 3.0]), json!([1e300, 1.0]), json!([null, 1.0])] {
        refused(&format!("{ratio}/ratio/sum"), wrong);
    }
    for wrong in [json!([]), json!([1.0, 1.0]), json!([-1.0, 0.0, 1.0]), json!([1.0, 1e9, 1.0])] {
        refused(&format!("{ratio}/ratio/products"), wrong);
    }
    refused(&format!("{ratio}/ratio/people"), json!(0));
    refused(&format!("{slope}/coefficient/0"), json!("another term"));
    refused(&format!("{slope}/coefficient/1/rows"), json!(1));
    refused(&format!("{slope}/coefficient/1/absorbed"), json!(1u64 << 40));
    refused(&format!("{slope}/coefficient/1/totals/sum"), json!([]));
    refused(&format!("{slope}/coefficient/1/terms"), json!([]));
    refused(&format!("{slope}/coefficient/1/terms"), json!(vec!["x"; 101]));
    // Names come from this program.
    let numbers = value(&BASE)["findings"]["success"][0]["numbers"].clone();
    for name in ["luck", "", "verified\u{1b}[2J", "../verified"] {
        refused("/findings/success/0/numbers", json!({name: numbers["verified"]}));
        refused("/findings", json!({name: value(&BASE)["findings"]["success"]}));
    }
    for label in ["", "some", "all\u{1b}[31m", "all\u{202e}", "All"] {
        refused("/findings/success/0/label", json!(label));
    }
    let group = value(&BASE)["findings"]["success"][0].clone();
    refused("/findings/success", json!([group, group]));
    refused("/findings/table_a1/0/tables", json!([[], [], [], [], [], [], [], [], []]));
    refused("/findings/table_a1/0/tables", json!([vec![json!(null); 101]]));
    refused("/by", json!("project"));
    refused("/by", json!("agent"));
    refused("/by", json!("month"));
    refused("/rater", json!("ada@example.com"));
    refused("/mode", json!("public"));
    refused("/conditions", json!(["shoe_size=43"]));
    refused("/conditions", json!(vec!["agent=codex"; 101]));
    for wrong in ["\u{1b}[2J", "a b", "\u{202e}0.4.0", "4".repeat(200).as_str()] {
        for name in ["metier", "rubric", "source", "day"] {
            refused(&format!("/made/{name}"), json!(wrong));
        }
    }
    let mut more = value(&BASE);
    more["note"] = json!("hello");
    assert!(Bundle::read(&serde_json::to_vec(&more).unwrap()).is_err());
}

#[test]
fn names_that_would_turn_a_terminal_round_are_not_read() {
    let model = format!("{}/coefficient/1/terms", place("coefficient"));
    let terms: Vec<String> = serde_json::from_value(value(&BASE).pointer(&model).unwrap().clone()).unwrap();
    for wrong in [
        "\u{1b}[31mred",
        "a\nb",
        "a\rb",
        "a\tb",
        "\u{7}",
        "\u{0}",
        "\u{9b}31m",
        "\u{202e}rtl",
        "\u{2066}x",
        "\u{200f}",
        "\u{200b}",
        "\u{feff}",
        &"x".repeat(101),
    ] {
        let mut other = terms.clone();
        *other.last_mut().unwrap() = wrong.to_owned();
        refused(&model, json!(other));
        // Labels of groups by model are the sender's own words.
        let mut body = value(&BASE);
        body["by"] = json!("model");
        for (_, groups) in body["findings"].as_object_mut().unwrap() {
            groups[0]["label"] = json!(wrong);
        }
        assert!(Bundle::read(&serde_json::to_vec(&body).unwrap()).is_err(), "{wrong:?}");
    }
    let mut body = value(&BASE);
    body["by"] = json!("model");
    for (_, groups) in body["findings"].as_object_mut().unwrap() {
        groups[0]["label"] = json!("claude-opus-4.5");
    }
    assert!(Bundle::read(&serde_json::to_vec(&body).unwrap()).is_ok());
}

/// Conditions are printed, and in messages as well.
#[test]
fn conditions_hold_no_control_characters() {
    for name in ["month", "model", "project"] {
        for wrong in ["\u{1b}]0;title\u{7}\u{1b}[2J", "\u{202e}2026-01", "a\nb  injected line"] {
            refused("/conditions", json!([format!("{name}={wrong}")]));
        }
        refused("/conditions", json!([format!("{name}={}", "x".repeat(1_000_000))]));
    }
}

/// Text that stands where a JSON number should, and twice the same key.
#[test]
fn numbers_out_of_range_and_repeated_keys_are_not_read() {
    let marked = |at: &str| {
        let mut body = value(&BASE);
        *body.pointer_mut(at).unwrap() = json!(12345.678);
        serde_json::to_string(&body).unwrap()
    };
    let (ratio, slope) = (place("ratio"), place("coefficient"));
    for at in [
        format!("{ratio}/value"),
        format!("{ratio}/ratio/sum/0"),
        format!("{ratio}/ratio/products/2"),
        format!("{slope}/coefficient/1/totals/sum/0"),
        format!("{slope}/coefficient/1/totals/products/0"),
    ] {
        let body = marked(&at);
        for wrong in ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "null", "1e", "0x10", "\"1\""] {
            let text = body.replace("12345.678", wrong);
            assert!(text != body && Bundle::read(text.as_bytes()).is_err(), "{at} = {wrong}");
        }
    }
    let body = serde_json::to_string(&value(&BASE)).unwrap();
    for (key, twice) in [
        ("\"headless\":false", "\"headless\":false,\"headless\":true"),
        ("\"schema\":1", "\"schema\":1,\"schema\":1"),
        ("\"label\":\"all\"", "\"label\":\"all\",\"label\":\"all\""),
    ] {
        assert!(body.contains(key), "{key}");
        assert!(Bundle::read(body.replacen(key, twice, 1).as_bytes()).is_err(), "{twice}");
    }
}

/// Of a repeated key some readers take the first, some the last: what one person checks another does not see.
#[test]
fn findings_and_numbers_of_the_same_name_are_not_read() {
    let body = serde_json::to_string(&value(&BASE)).unwrap();
    let number =
        serde_json::to_string(&value(&BASE)["findings"]["success"][0]["numbers"]["verified"]).unwrap();
    let twice = format!("\"verified\":{number},");
    let key = "\"verified\":";
    assert!(Bundle::read(body.replacen(key, &format!("{twice}{key}"), 1).as_bytes()).is_err());
    let key = "\"success\":";
    assert!(Bundle::read(body.replacen(key, &format!("\"success\":[],{key}"), 1).as_bytes()).is_err());
}

/// A share is from 0 to 1, and its sums say which.
#[test]
fn values_that_no_share_has_are_not_read() {
    let share = "/findings/success/0/numbers/verified";
    refused(&format!("{share}/value"), json!(7.5));
    refused(&format!("{share}/value"), json!(-0.2));
    refused(&format!("{share}/interval"), json!([-3.0, 9.0]));
    // More successes than sessions.
    refused(
        &format!("{share}/ratio"),
        json!({"people": 100, "sum": [600.0, 100.0], "products": [36e4, 6e4, 1e4]}),
    );
    // Its sums give another share.
    refused(&format!("{share}/value"), json!(0.999));
    // More people in the sums than the number is said to be of.
    let mut body = value(&BASE);
    let number = body.pointer_mut(share).unwrap();
    number["sessions"] = json!(10);
    number["people"] = json!(10);
    assert!(Bundle::read(&serde_json::to_vec(&body).unwrap()).is_err());
}

#[test]
fn what_is_too_large_or_too_deep_is_not_read() {
    let large = vec![b' '; 70 << 20];
    assert!(matches!(Bundle::read(&large), Err(Problem::TooLarge { .. })));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 1_000_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(Bundle::read(deep.as_bytes()).is_err());
            let inside = serde_json::to_string(&value(&BASE)).unwrap();
            let conditions = inside.replace("\"conditions\":[]", &format!("\"conditions\":{deep}"));
            assert!(conditions.len() > depth && Bundle::read(conditions.as_bytes()).is_err());
            let unknown = inside.replacen('{', &format!("{{\"x\":{deep},"), 1);
            assert!(Bundle::read(unknown.as_bytes()).is_err());
        }
    }
    let mut body = value(&BASE);
    body["by"] = json!("month");
    let group = json!({"sessions": 10, "people": 10, "numbers": {}});
    let groups: Vec<Value> = (0..1_001)
        .map(|month| {
            let mut group = group.clone();
            group["label"] = json!(format!("{:04}-{:02}", month / 12, month % 12 + 1));
            group
        })
        .collect();
    body["findings"] = json!({"success": groups});
    assert!(Bundle::read(&serde_json::to_vec(&body).unwrap()).is_err());
}

/// Messages are printed: nothing of the sender's in them turns a terminal round, and none is long.
#[test]
fn problems_are_printable_and_short() {
    let body = serde_json::to_string(&value(&BASE)).unwrap();
    let long = "x\u{1b}[2J".repeat(10_000);
    let hostile = [
        body.replacen("\"schema\"", &format!("{}:1,\"schema\"", json!(long)), 1),
        body.replacen("\"label\":\"all\"", &format!("\"label\":{}", json!(long)), 1),
        body.replacen("\"mode\":\"team\"", &format!("\"mode\":{}", json!(long)), 1),
        body.replacen("\"by\":\"overall\"", &format!("\"by\":{}", json!(long)), 1),
        body.replacen("\"day\":\"2026-11-21\"", &format!("\"day\":{}", json!(long)), 1),
        body.replacen("\"verified\":", &format!("{}:", json!(long)), 1),
    ];
    for text in hostile {
        let problem = Bundle::read(text.as_bytes()).unwrap_err().to_string();
        assert!(problem.len() < 400 && !problem.chars().any(char::is_control), "{problem:?}");
    }
}

/// Every number that a pooled document prints.
fn all_numbers(pooled: &Pooled) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    for finding in &pooled.findings {
        for group in &finding.groups {
            for one in &group.measures {
                let estimate = &one.estimate;
                for number in [estimate.value, estimate.low, estimate.high].into_iter().flatten() {
                    all.push((format!("{}/{}", finding.name, one.name), number));
                }
            }
            for model in group.tables.iter().flat_map(|table| &table.regressions.models) {
                for one in &model.coefficients {
                    for number in [one.estimate, one.std_error, one.t, one.p, one.conf_low, one.conf_high] {
                        all.push((format!("{} table {}", finding.name, one.name), number));
                    }
                }
            }
        }
    }
    for forest in &pooled.forests {
        let what = format!("{}/{} forest", forest.finding, forest.measure);
        let together = forest.together.iter().flat_map(|(value, low, high)| [Some(*value), *low, *high]);
        let parts = forest.parts.iter().flat_map(|part| [Some(part.value), part.low, part.high, part.weight]);
        let random = forest.random_effects.iter().flat_map(|one| {
            let ends = one.prediction.map(|ends| [ends.0, ends.1]).into_iter().flatten();
            [one.value, one.low, one.high, one.tau_squared, one.i_squared, one.q_p]
                .into_iter()
                .chain(ends)
                .map(Some)
        });
        all.extend(together.chain(parts).chain(random).flatten().map(|number| (what.clone(), number)));
    }
    all
}

fn not_finite(pooled: &Pooled) -> Vec<(String, f64)> {
    all_numbers(pooled).into_iter().filter(|(_, number)| !number.is_finite()).collect()
}

/// Whether all of what is pooled of changed bodies has to be finite: to be set once `extreme_numbers_…` below holds.
const FINITE: bool = true;

/// A body that somebody changed, alone and beside a sound one: refused, or numbers.
fn stands(body: &[u8]) -> Result<bool, TestCaseError> {
    let Ok(bundle) = Bundle::read(body) else { return Ok(false) };
    for bundles in [
        vec![("1".to_owned(), bundle.clone())],
        vec![("1".to_owned(), bundle), ("2".to_owned(), OTHER.clone())],
    ] {
        if let Ok(pooled) = pool(bundles) {
            let not = not_finite(&pooled);
            prop_assert!(not.is_empty() || !FINITE, "{not:?}");
        }
    }
    Ok(true)
}

/// Sums of people that can be, and whose logarithm, or hundredfold, is no number.
#[test]
fn large_sums_give_no_infinite_number() {
    let mut found = Vec::new();
    for (key, number) in numbers(&BASE).iter().filter(|(_, number)| number["ratio"].is_object()) {
        for large in [1e3, 1e6, 1e150] {
            let at = format!("/findings/{}/0/numbers/{}/ratio", key.0, key.1);
            let people = number["ratio"]["people"].as_f64().unwrap();
            // Everybody has `large` of 1, half of them a little more.
            let (sum, squares) = (large * people, large * large * people * (1.0 + 1e-6));
            let totals =
                json!({"people": people as u64, "sum": [sum, people], "products": [squares, sum, people]});
            let Ok(bundle) = changed(&at, &totals) else { continue };
            for bundles in [vec![bundle.clone()], vec![bundle, OTHER.clone()]] {
                if let Ok(pooled) = pool(named(&bundles)) {
                    found.extend(not_finite(&pooled));
                }
            }
        }
    }
    found.dedup();
    assert!(found.is_empty(), "{found:?}");
}

/// Places of all numbers of a document.
fn number_places(document: &Value, at: &str, all: &mut Vec<String>) {
    match document {
        Value::Number(_) => all.push(at.to_owned()),
        Value::Array(items) => {
            (0..)
                .zip(items)
                .for_each(|(index, item): (u32, _)| number_places(item, &format!("{at}/{index}"), all));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| number_places(field, &format!("{at}/{name}"), all));
        }
        _ => {}
    }
}

static PLACES: LazyLock<(Value, Vec<String>)> = LazyLock::new(|| {
    let (document, mut places) = (value(&BASE), Vec::new());
    number_places(&document, "", &mut places);
    (document, places)
});
static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| serde_json::to_vec(&value(&BASE)).unwrap());

const EXTREMES: [f64; 12] =
    [0.0, -0.0, 1.0, -1.0, 1e-300, 5e-324, 1e16, 1e150, -1e150, 1e300, f64::MAX, f64::MIN];

/// Every tenth number in turn is every extreme.
#[test]
fn extreme_numbers_give_no_infinite_number() {
    let (document, places) = &*PLACES;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for at in places.iter().step_by(10) {
        for extreme in EXTREMES {
            let mut document = document.clone();
            *document.pointer_mut(at).unwrap() = json!(extreme);
            let Ok(bundle) = Bundle::read(&serde_json::to_vec(&document).unwrap()) else { continue };
            for bundles in [vec![bundle.clone()], vec![bundle, OTHER.clone()]] {
                let Ok(pooled) = pool(named(&bundles)) else { continue };
                if let Some((what, number)) = not_finite(&pooled).pop() {
                    found.insert(format!("{at} = {extreme:e}"), format!("{what} is {number}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_do_no_harm(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut body = BODY.clone();
        for (at, mask) in &flips {
            let at = at.index(body.len());
            body[at] ^= mask;
        }
        stands(&body)?;
    }

    /// Digits stay digits, so that most of these can be read.
    #[test]
    fn changed_digits_do_no_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), 0..10u8), 1..6)) {
        let mut body = BODY.clone();
        for (at, digit) in &changes {
            let start = at.index(body.len());
            if let Some(at) = (start..body.len()).find(|at| body[*at].is_ascii_digit()) {
                body[at] = b'0' + digit;
            }
        }
        stands(&body)?;
    }

    #[test]
    fn deletions_do_no_harm(at in any::<prop::sample::Index>(), length in 1..200usize) {
        let mut body = BODY.clone();
        let at = at.index(body.len());
        let end = (at + length).min(body.len());
        body.drain(at..end);
        stands(&body)?;
    }

    #[test]
    fn swapped_and_extreme_numbers_do_no_harm(
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..24usize), 1..5)
    ) {
        let (mut document, places) = PLACES.clone();
        for (one, other, extreme) in &swaps {
            let (one, other) = (&places[one.index(places.len())], &places[other.index(places.len())]);
            let to = match EXTREMES.get(*extreme) {
                Some(extreme) => json!(extreme),
                None => document.pointer(other).unwrap().clone(),
            };
            *document.pointer_mut(one).unwrap() = to;
        }
        stands(&serde_json::to_vec(&document).unwrap())?;
    }
}
