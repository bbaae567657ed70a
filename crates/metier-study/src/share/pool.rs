//! Bundles added up: exactly where numbers add up, else as a random-effects mean of the bundles' estimates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use metier_stats::distribution::student_quantile;
use metier_stats::linear::CrossProducts;
use metier_stats::meta::{self, Between};
use metier_stats::moments::Moments;
use metier_store::Rows;
use serde::Serialize;

use super::Sums;
use super::bundle::{Bundle, Number, Problem, Shared};
use crate::estimate::of_ratio;
use crate::finding::{Estimate, Finding, Group, Measure, Method, Population, Table, Unit};
use crate::findings::{FINDINGS, Study};
use crate::model::rounded;
use crate::regression::{Coefficient, Kind, Regression, Regressions};
use crate::series::Statistic;
use crate::settings::{By, Settings};
use crate::summary::{LabelsBy, Summary};

/// Bundles added up.
#[derive(Debug, Clone, Serialize)]
pub struct Pooled {
    /// What the findings speak of.
    pub summary: Summary,
    /// The findings over all of them.
    pub findings: Vec<Finding>,
    /// For each number of the findings that two bundles have: each bundle's own, and how they differ.
    pub forests: Vec<Forest>,
}

/// The same number in each bundle, and a random-effects mean of them.
#[derive(Debug, Clone, Serialize)]
pub struct Forest {
    /// The finding.
    pub finding: &'static str,
    /// Its group.
    pub group: String,
    /// The number, by its name.
    pub measure: &'static str,
    /// The same for people.
    pub title: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Whether a short table shows it.
    pub key: bool,
    /// What each bundle that has it says.
    pub parts: Vec<Part>,
    /// The number over the people of all of these, if it adds up: value and interval.
    pub together: Option<(f64, Option<f64>, Option<f64>)>,
    /// The mean over bundles: what a further store like these would have on average.
    pub random_effects: Option<RandomEffects>,
}

/// A number in one bundle.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// The bundle, from 1 in the order of their checksums.
    pub bundle: usize,
    /// Its value.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Its sessions.
    pub sessions: u64,
    /// Its people.
    pub people: u64,
    /// Its share of the random-effects mean.
    pub weight: Option<f64>,
}

/// A random-effects mean.
#[derive(Debug, Clone, Serialize)]
pub struct RandomEffects {
    /// The mean.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The variance between stores, on the scale on which they are pooled (logarithms for geometric means).
    pub tau_squared: f64,
    /// Which share of the spread is between stores, 0 to 1.
    pub i_squared: f64,
    /// The p value of no difference between stores.
    pub q_p: f64,
    /// Where a further store's own number lies with 95 %; none of two bundles.
    pub prediction: Option<(f64, f64)>,
}

/// Findings that compare each store's own first and last months: what these are differs, so they do not add up.
const OF_OWN_MONTHS: [&str; 3] = ["trend", "occupation_growth", "expertise_by_month"];

/// Findings over nobody: what numbers there are, and how they are made.
static TEMPLATES: LazyLock<BTreeMap<&'static str, Finding>> = LazyLock::new(|| {
    let settings = Settings::default();
    let (_, findings) = crate::study(&Rows::default(), &settings, &FINDINGS.iter().collect::<Vec<&Study>>())
        .expect("no rows are nobody's");
    findings.into_iter().map(|finding| (finding.name, finding)).collect()
});

/// The names of a finding's numbers.
pub(super) fn names(finding: &str) -> BTreeSet<&'static str> {
    let measures = TEMPLATES.get(finding).into_iter().flat_map(|finding| &finding.groups[0].measures);
    measures.map(|measure| measure.name).collect()
}

/// Larger numbers nothing here has.
const LARGEST: f64 = 1e15;

/// Whether a number can be what it is called: within its unit, and what its sums make of it.
pub(super) fn is_possible(finding: &str, name: &str, number: &Number) -> bool {
    let measures = TEMPLATES.get(finding).into_iter().flat_map(|finding| &finding.groups[0].measures);
    let Some(measure) = measures.into_iter().find(|measure| measure.name == name) else { return false };
    let (least, most) = match measure.unit {
        Unit::Share => (0.0, 1.0),
        // A linear model's interval can reach beyond.
        Unit::Points => (-10.0, 10.0),
        Unit::LogPoints => (-100.0, 100.0),
        Unit::Plain => (-LARGEST, LARGEST),
        _ => (0.0, LARGEST),
    };
    let within = |value: f64| (least..=most).contains(&value);
    // Interval ends of means of counts are not cut at zero by every method.
    let ends = |value: f64| within(value) || (value.abs() <= LARGEST && measure.unit != Unit::Share);
    if !within(number.value) || number.ends.is_some_and(|(low, high)| !ends(low) || !ends(high)) {
        return false;
    }
    let Some(Shared::Ratio(people)) = &number.sums else {
        return number.sums.as_ref().is_none_or(|sums| match sums {
            Shared::Coefficient { model, .. } => {
                model.people() <= number.sessions && model.rows() == number.n
            }
            Shared::Ratio(_) => true,
        });
    };
    let Some(Sums::Ratio { statistic, .. }) = &measure.sums else { return false };
    let value = of_ratio(*statistic, people.sum()[0] / people.sum()[1]);
    let near = (value - number.value).abs() <= 1e-6 * value.abs().max(1e-6);
    let part = measure.unit != Unit::Share || people.sum()[0] <= people.sum()[1] * (1.0 + 1e-9);
    near && part && people.people() == number.people
}

/// Whether no two bundles are of the same store.
///
/// # Errors
/// If two are.
pub(super) fn of_different_stores<'m>(all: impl Iterator<Item = &'m super::Made>) -> Result<(), Problem> {
    let mut sources = BTreeSet::new();
    for made in all {
        if !sources.insert(&made.source) {
            return Err(Problem::Kind(format!(
                "two bundles are of the same store, of {}: its people would count twice; take the newer one",
                made.day
            )));
        }
    }
    Ok(())
}

/// Adds up bundles that were opened and checked, each with its checksum. The order of the bundles does not matter.
///
/// # Errors
/// If there are none, two are of the same store, or they do not speak of the same.
pub fn pool(mut bundles: Vec<(String, Bundle)>) -> Result<Pooled, Problem> {
    bundles.sort_by(|a, b| a.0.cmp(&b.0));
    let unlike = |what: &str, one: &str, other: &str| {
        Err(Problem::Kind(format!(
            "{what} differs between bundles: {one} and {other}; they do not speak of the same"
        )))
    };
    let Some((_, first)) = bundles.first() else {
        return Err(Problem::Kind("there is no bundle to add up".to_owned()));
    };
    of_different_stores(bundles.iter().map(|(_, bundle)| &bundle.made))?;
    for (_, bundle) in &bundles {
        let (one, other) = (&first.made, &bundle.made);
        if one.rubric != other.rubric {
            return unlike("the rubric", &one.rubric, &other.rubric);
        }
        if (one.facts, one.labels) != (other.facts, other.labels) {
            let version = |made: &super::Made| format!("facts {} and labels {}", made.facts, made.labels);
            return unlike("the version of definitions", &version(one), &version(other));
        }
        if first.rater != bundle.rater {
            return unlike("the rater", &first.rater, &bundle.rater);
        }
        if first.by != bundle.by {
            return unlike("the grouping", first.by.name(), bundle.by.name());
        }
        if first.conditions != bundle.conditions {
            return unlike(
                "the choice of sessions",
                &first.conditions.join(" and "),
                &bundle.conditions.join(" and "),
            );
        }
        if first.headless != bundle.headless {
            return unlike("whether sessions without a person count", "yes", "no");
        }
    }
    let mut forests = Vec::new();
    let findings: Vec<Finding> = FINDINGS
        .iter()
        .filter(|study| bundles.iter().any(|(_, bundle)| bundle.findings.contains_key(study.name)))
        .map(|study| finding(study.name, &bundles, &mut forests))
        .collect();
    Ok(Pooled { summary: summary(&bundles), findings, forests })
}

fn summary(bundles: &[(String, Bundle)]) -> Summary {
    let first = &bundles[0].1;
    let sum = |of: fn(&Bundle) -> u64| bundles.iter().map(|(_, bundle)| of(bundle)).sum::<u64>() as usize;
    let population =
        Population { sessions: sum(|one| one.sessions), people: sum(|one| one.people), left_out: Vec::new() };
    let mut summary = Summary::of_bundles(bundles.len(), Some(population));
    summary.conditions = first.conditions.clone();
    summary.labels = (first.rater != "none").then(|| LabelsBy {
        rater: first.rater.clone(),
        sessions: None,
        second: None,
    });
    summary
}

fn finding(name: &str, bundles: &[(String, Bundle)], forests: &mut Vec<Forest>) -> Finding {
    let template = &TEMPLATES[name];
    let adds_up = !OF_OWN_MONTHS.contains(&name);
    let by = bundles[0].1.by;
    let groups = || bundles.iter().filter_map(|(_, bundle)| bundle.findings.get(name)).flatten();
    let mut sessions: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for group in groups() {
        let (n, people) = sessions.entry(&group.label).or_default();
        *n += group.sessions;
        *people += group.people;
    }
    let mut labels: Vec<&str> = sessions.keys().copied().collect();
    labels.sort_by_key(|label| {
        let fewer = if by == By::Month { 0 } else { u64::MAX - sessions[label].0 };
        (*label == crate::selection::UNKNOWN, fewer)
    });
    let made = labels.into_iter().map(|label| {
        let of_label: Vec<(usize, &super::bundle::Group)> = bundles
            .iter()
            .enumerate()
            .filter_map(|(at, (_, bundle))| {
                let group = bundle.findings.get(name)?.iter().find(|group| group.label == label)?;
                Some((at + 1, group))
            })
            .collect();
        let measures = template.groups[0].measures.iter().map(|measure| {
            let numbers: Vec<(usize, &Number)> = of_label
                .iter()
                .filter_map(|(at, group)| Some((*at, group.numbers.get(measure.name)?)))
                .collect();
            let (mut estimate, forest) =
                number(bundles[0].1.thresholds, measure, &numbers, bundles.len(), adds_up);
            if let Some(mut forest) = forest {
                forest.finding = template.name;
                forest.group = label.to_owned();
                forests.push(forest);
            }
            estimate.n_of = measure.estimate.n_of;
            let part = !bundles[0].1.conditions.is_empty();
            let published = measure.published.clone().filter(|one| one.stands_beside(by, label, part));
            Measure { estimate, published, sums: None, ..measure.clone() }
        });
        let measures = measures.collect();
        let tables = template.groups[0].tables.iter().enumerate().map(|(at, table)| {
            let columns = of_label.iter().map(|(_, group)| group.tables.get(at).map_or(0, Vec::len)).max();
            let models = (0..columns.unwrap_or(0)).map(|column| {
                let parts = of_label
                    .iter()
                    .filter(|_| adds_up)
                    .filter_map(|(_, group)| group.tables.get(at)?.get(column)?.as_ref());
                model(parts)
            });
            Table {
                title: table.title.clone(),
                regressions: Regressions::new(models),
                rests: Vec::new(),
                sums: Vec::new(),
            }
        });
        let (n, people) = sessions[label];
        Group {
            label: label.to_owned(),
            n: Some(n as usize),
            people: Some(people as usize),
            tables: tables.collect(),
            measures,
        }
    });
    Finding { by, population: summary(bundles).population, groups: made.collect(), ..template.clone() }
}

/// A value and the ends of its interval.
type Ends = (f64, Option<f64>, Option<f64>);

/// One number of all bundles that have it.
fn number(
    thresholds: metier_store::Thresholds,
    measure: &Measure,
    numbers: &[(usize, &Number)],
    bundles: usize,
    adds_up: bool,
) -> (Estimate, Option<Forest>) {
    let none = || Estimate::withheld(thresholds, measure.estimate.n_of);
    if numbers.is_empty() {
        return (none(), None);
    }
    let together = if adds_up { added(measure, numbers) } else { None };
    let scale = Scale::of(measure);
    let seen: Vec<(f64, f64)> = numbers.iter().filter_map(|(_, one)| scale.error(measure, one)).collect();
    let studies: Vec<meta::Study> = seen
        .iter()
        .map(|(estimate, std_error)| meta::Study { estimate: *estimate, std_error: *std_error })
        .collect();
    // Only where every bundle that has the number tells its error: else the mean would be of some of them.
    let pooled = Some(studies).filter(|studies| studies.len() == numbers.len() && studies.len() > 1);
    let pooled = pooled.and_then(|studies| meta::random_effects(&studies, Between::Reml).ok());
    let back = |end: f64| rounded(scale.back(end, measure.unit));
    // Not narrower than if stores did not differ: by chance they differ less than their errors allow, and Hartung and Knapp's
    // interval is too narrow then (Röver, Knapp and Friede, 2015).
    let reach = |pooled: &meta::Pooled| {
        let freedom = numbers.len().saturating_sub(1) as f64;
        student_quantile(0.975, freedom) * pooled.std_error.max(pooled.wald_std_error)
    };
    let random_effects = pooled.as_ref().map(|pooled| RandomEffects {
        value: back(pooled.estimate),
        low: back(pooled.estimate - reach(pooled)),
        high: back(pooled.estimate + reach(pooled)),
        tau_squared: rounded(pooled.tau_squared),
        i_squared: rounded(pooled.i_squared),
        q_p: rounded(pooled.q_p),
        prediction: pooled.prediction.map(|ends| (back(ends.low), back(ends.high))),
    });
    let random_effects = random_effects.filter(|mean| {
        let ends = mean.prediction.map_or([mean.low; 2], |(low, high)| [low, high]);
        [mean.value, mean.low, mean.high].into_iter().chain(ends).all(f64::is_finite)
    });
    let parts = numbers.iter().enumerate().map(|(at, (bundle, one))| Part {
        bundle: *bundle,
        value: rounded(one.value),
        low: one.ends.map(|ends| rounded(ends.0)),
        high: one.ends.map(|ends| rounded(ends.1)),
        sessions: one.sessions,
        people: one.people,
        weight: pooled.as_ref().and_then(|pooled| pooled.weights.get(at)).copied().map(rounded),
    });
    let stores = numbers.len() as u32;
    let sum = |of: fn(&Number) -> u64| numbers.iter().map(|(_, one)| of(one)).sum::<u64>();
    let ((value, low, high), method) = match (&together, &random_effects) {
        (Some(together), _) => (*together, Method::Together { stores }),
        (None, Some(mean)) => {
            ((mean.value, Some(mean.low), Some(mean.high)), Method::RandomEffects { stores })
        }
        // One bundle's own, if it is the only one.
        (None, None) if numbers.len() == 1 => {
            let (_, one) = numbers[0];
            (
                (rounded(one.value), one.ends.map(|ends| ends.0), one.ends.map(|ends| ends.1)),
                Method::OneBundle,
            )
        }
        (None, None) => return (Estimate { method: Method::NotPooled, ..none() }, None),
    };
    let estimate = Estimate {
        value: Some(value),
        low,
        high,
        n: sum(|one| one.n),
        n_of: measure.estimate.n_of,
        sessions: sum(|one| one.sessions) as usize,
        people: sum(|one| one.people) as usize,
        method,
    };
    let forest = (bundles > 1).then(|| Forest {
        finding: "",
        group: String::new(),
        measure: measure.name,
        title: measure.title,
        unit: measure.unit,
        key: measure.key,
        parts: parts.collect(),
        together,
        random_effects,
    });
    (estimate, forest)
}

/// The number over the people of all bundles, if all of these bring its sums.
fn added(measure: &Measure, numbers: &[(usize, &Number)]) -> Option<Ends> {
    match (&measure.sums, numbers.first()?.1.sums.as_ref()?) {
        (Some(Sums::Ratio { statistic, .. }), Shared::Ratio(_)) => {
            let mut all = Moments::new(2);
            for (_, one) in numbers {
                let Some(Shared::Ratio(moments)) = &one.sums else { return None };
                all.merge(moments).ok()?;
            }
            let value = of_ratio(*statistic, all.sum()[0] / all.sum()[1]);
            if !value.is_finite() {
                return None;
            }
            let finite = |ratio: &metier_stats::moments::Ratio| {
                ratio.std_error > 0.0
                    && of_ratio(*statistic, ratio.conf_high).is_finite()
                    && of_ratio(*statistic, ratio.conf_low).is_finite()
            };
            let ends = all.ratio(0, 1).ok().filter(finite).map(|ratio| {
                let end = |end: f64| {
                    let end = of_ratio(*statistic, end);
                    rounded(Scale::Plain.back(end, measure.unit))
                };
                (end(ratio.conf_low), end(ratio.conf_high))
            });
            Some((rounded(value), ends.map(|ends| ends.0), ends.map(|ends| ends.1)))
        }
        (_, Shared::Coefficient { model, term }) => {
            let mut all = (**model).clone();
            for (_, one) in &numbers[1..] {
                let Some(Shared::Coefficient { model, term: other }) = &one.sums else { return None };
                if other != term {
                    return None;
                }
                all.merge(model).ok()?;
            }
            let fit = all.fit().ok()?;
            let one = fit.iter().find(|one| one.name == *term)?;
            Some((rounded(one.estimate), Some(rounded(one.conf_low)), Some(rounded(one.conf_high))))
        }
        _ => None,
    }
}

/// The scale on which estimates are pooled.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Plain,
    /// Of geometric means.
    Log,
}

impl Scale {
    fn of(measure: &Measure) -> Scale {
        match &measure.sums {
            Some(Sums::Ratio { statistic: Statistic::GeometricMean, .. }) => Scale::Log,
            _ => Scale::Plain,
        }
    }

    /// A bundle's estimate and standard error on this scale: from its sums, else from its interval.
    fn error(self, measure: &Measure, one: &Number) -> Option<(f64, f64)> {
        let scaled = |value: f64| if self == Scale::Log { value.ln() } else { value };
        let found = match (&measure.sums, &one.sums) {
            (Some(Sums::Ratio { statistic, .. }), Some(Shared::Ratio(moments))) => {
                let ratio = moments.ratio(0, 1).ok()?;
                let times = if let Statistic::Per(per) = statistic { *per } else { 1.0 };
                (ratio.estimate * times, ratio.std_error * times)
            }
            (_, Some(Shared::Coefficient { model, term })) => {
                let fit = model.fit().ok()?;
                let one = fit.iter().find(|one| one.name == *term)?;
                (one.estimate, one.std_error)
            }
            _ => {
                let (low, high) = one.ends?;
                // How many people there are can be withheld: then of many.
                let freedom =
                    one.people.checked_sub(1).map_or(f64::INFINITY, |freedom| freedom.max(1) as f64);
                let quantile = student_quantile(0.975, freedom.min(1e9));
                (scaled(one.value), (scaled(high) - scaled(low)) / (2.0 * quantile))
            }
        };
        (found.0.is_finite() && found.1.is_finite() && found.1 > 0.0).then_some(found)
    }

    fn back(self, value: f64, unit: Unit) -> f64 {
        let value = if self == Scale::Log { value.exp() } else { value };
        match unit {
            Unit::Share => value.clamp(0.0, 1.0),
            Unit::Points | Unit::LogPoints | Unit::Plain => value,
            // What is counted or lasts is never below 0.
            _ => value.max(0.0),
        }
    }
}

/// A model over the people of all bundles that have it.
fn model<'a>(parts: impl Iterator<Item = &'a Arc<CrossProducts>>) -> Result<Regression, String> {
    let mut all: Option<CrossProducts> = None;
    for part in parts {
        match &mut all {
            None => all = Some((**part).clone()),
            Some(all) => all.merge(part).map_err(|error| error.to_string())?,
        }
    }
    let all = all.ok_or_else(|| "no bundle has it".to_owned())?;
    let fit = all.fit().map_err(|error| error.to_string())?;
    Ok(Regression {
        outcome: String::new(),
        kind: Kind::Linear,
        n: all.rows() as usize,
        clusters: vec![all.people() as usize],
        coefficients: fit.iter().map(Coefficient::from).collect(),
        average_marginal_effects: Vec::new(),
        fixed_effects: if all.absorbed() > 0 {
            vec!["controls within each store".to_owned()]
        } else {
            Vec::new()
        },
        dropped: Vec::new(),
        vcov: "cluster",
        clustered_by: vec!["person".to_owned()],
        weights: None,
        degrees_of_freedom: Some(all.people().saturating_sub(1) as f64),
        r_squared: None,
        r_squared_within: None,
        rows_missing: None,
        rows_alone: None,
    })
}
