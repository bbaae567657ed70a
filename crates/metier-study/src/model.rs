//! Models over the sessions of a group: outcome, terms and controls as columns, fitted by `metier-stats` with errors
//! clustered by person. Knows no finding.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use metier_stats::linear::{self, Covariance, CrossProducts, Design, FixedEffect, Regressor};

use crate::digits::significant;
use crate::family::model_family;
use crate::finding::{Estimate, Measure, Method, Published, Unit, Why};
use crate::gate::{Gated, Rests};
use crate::judged::LEVELS;
use crate::regression::{Coefficient, Kind, Regression};
use crate::selection::{Cohort, Selected};
use crate::share::Sums;

/// With fewer people sessions are the units, and the model speaks of these people only.
pub(crate) const FEWEST_PEOPLE: usize = 5;
/// With fewer people than this, errors come from fits that leave out one after another: those summed by person are too small
/// then (Cameron and Miller, 2015, section VI).
const MANY_PEOPLE: usize = 500;
/// Rows that such fits may take together.
const MOST_ROWS: usize = 2_000_000;
/// If that does not work, errors are summed by person from so many people on.
const FEWEST_TO_SUM: usize = 10;
/// Sessions that a model has to have beyond the numbers that it finds.
const SPARE_SESSIONS: usize = 20;

/// What is held equal between sessions that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Control {
    WorkMode,
    /// In the study's four bands.
    TaskValue,
    /// The month of the first record.
    Month,
    TaskSubject,
    Occupation,
    /// Occupation of group 15, another, or unclear.
    Software,
    ModelFamily,
    /// The person: comparisons within people alone.
    Person,
}

impl Control {
    /// How many there are.
    pub(crate) const COUNT: usize = Control::Person as usize + 1;

    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Control::WorkMode => "work mode",
            Control::TaskValue => "task value",
            Control::Month => "month",
            Control::TaskSubject => "task subject",
            Control::Occupation => "occupation",
            Control::Software => "software occupation",
            Control::ModelFamily => "model family",
            Control::Person => "person",
        }
    }

    /// A number for each session. What is not known is a value of its own, so that no session is lost for it.
    pub(crate) fn codes(self, cohort: &Cohort) -> Vec<u32> {
        let sessions = cohort.sessions.iter();
        let choice = |choice: Option<u8>| choice.map_or(0, |choice| u32::from(choice) + 1);
        match self {
            Control::WorkMode => sessions.map(|session| choice(session.judged.work_mode)).collect(),
            Control::TaskSubject => sessions.map(|session| choice(session.judged.subject)).collect(),
            Control::Occupation => sessions.map(|session| choice(session.judged.occupation)).collect(),
            Control::Software => sessions
                .map(|session| {
                    session.judged.derived.software_occupation.map_or(0, |software| 1 + u32::from(software))
                })
                .collect(),
            Control::TaskValue => sessions.map(|session| value_band(session.judged.value)).collect(),
            Control::Month => sessions.map(|session| month(session).map_or(0, |month| month + 1)).collect(),
            Control::ModelFamily => {
                let mut known: HashMap<&str, u32> = HashMap::new();
                let mut families: HashMap<String, u32> = HashMap::new();
                sessions
                    .map(|session| {
                        let Some(model) = session.facts.main_model.as_deref() else { return 0 };
                        *known.entry(model).or_insert_with(|| {
                            let next = families.len() as u32 + 1;
                            *families.entry(model_family(model)).or_insert(next)
                        })
                    })
                    .collect()
            }
            Control::Person => cohort.person.clone(),
        }
    }
}

/// The study's bands of task value: up to 200, 1,000, 5,000 dollars, and above; 0 where there is none.
pub(crate) fn value_band(value: Option<f64>) -> u32 {
    match value {
        None => 0,
        Some(value) if value <= 200.0 => 1,
        Some(value) if value <= 1_000.0 => 2,
        Some(value) if value <= 5_000.0 => 3,
        Some(_) => 4,
    }
}

/// The month of a session's first record, counted from January of the year 0.
pub(crate) fn month(session: &Selected) -> Option<u32> {
    session.facts.first?.months()
}

/// A regressor: a name, and a number for each session; not a number where it is not known.
#[derive(Clone)]
pub(crate) struct Term {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

impl Term {
    pub(crate) fn new(
        name: impl Into<String>,
        cohort: &Cohort,
        of: impl Fn(&Selected) -> Option<f64>,
    ) -> Term {
        let values = cohort.sessions.iter().map(|session| of(session).unwrap_or(f64::NAN)).collect();
        Term { name: name.into(), values }
    }

    /// Expertise, 1 to 5.
    pub(crate) fn expertise(cohort: &Cohort) -> Term {
        Term::new("expertise", cohort, |session| session.judged.expertise.map(f64::from))
    }
}

/// Sessions of a level that occurs less often are left out: they would be a level of their own, and hardly any number.
const FEWEST_OF_LEVEL: usize = 5;

/// The levels of expertise that occur among the sessions of a model, and indicators for all of them but the lowest.
pub(crate) struct Levels {
    /// Those that occur, from the lowest on.
    there: Vec<u8>,
    terms: Vec<Term>,
}

/// What the indicators of [`Levels`] compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    /// The lowest level that occurs: 1 where somebody's level is this one.
    Lowest,
    /// The next lower one that occurs: 1 where somebody's level is this one or a higher one.
    Next,
}

impl Levels {
    /// The indicators for a model of this outcome beside these controls.
    pub(crate) fn new(cohort: &Cohort, outcome: &Term, controls: &[Control], against: Against) -> Levels {
        let expertise = Term::expertise(cohort);
        let sample = Sample::new(cohort, [outcome, &expertise].into_iter(), controls);
        let mut counts = [0; 5];
        for level in sample.sessions.iter().filter_map(|at| cohort.sessions[*at].judged.expertise) {
            counts[usize::from(level - 1)] += 1;
        }
        let enough = |level: &u8| counts[usize::from(level - 1)] >= FEWEST_OF_LEVEL;
        let there: Vec<u8> = (1..=5).filter(enough).collect();
        let term = |at: usize| {
            let below = if against == Against::Lowest { there[0] } else { there[at - 1] };
            let level = there[at];
            let name = match against {
                Against::Lowest => format!("{} over {}", name(level), name(below)),
                Against::Next => format!("{} to {}", name(below), name(level)),
            };
            Term::new(name, cohort, |session| {
                let own = session.judged.expertise.filter(|own| there.contains(own))?;
                let so = if against == Against::Lowest { own == level } else { own >= level };
                Some(f64::from(u8::from(so)))
            })
        };
        let terms = (1..there.len()).map(term).collect();
        Levels { there, terms }
    }

    /// The lowest level that occurs.
    pub(crate) fn lowest(&self) -> Option<u8> {
        self.there.first().copied()
    }

    /// The indicators, as terms of a model.
    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The indicator of a level; `None` of the lowest, and of levels that do not occur.
    pub(crate) fn term(&self, level: u8) -> Option<&Term> {
        let at = self.there.iter().position(|there| *there == level)?;
        self.terms.get(at.checked_sub(1)?)
    }

    /// Whether a model lost one of the indicators, so that the others compare with another level than their names say.
    pub(crate) fn lost(&self, fitted: &Fitted) -> bool {
        self.terms.iter().any(|term| fitted.fit.coefficient(&term.name).is_none())
    }

    /// A level's difference to novices; missing where one of the two does not occur.
    pub(crate) fn over_novices(&self, named: Named, fitted: &Result<Fitted, Why>, level: u8) -> Measure {
        if fitted.as_ref().is_ok_and(|fitted| self.lost(fitted)) {
            return named.missing(Why::NoVariation, None);
        }
        match (self.lowest(), self.term(level)) {
            (Some(1), Some(term)) => named.coefficient(fitted, &term.name, None),
            (Some(1), None) | (None, _) => named.missing(Why::LevelAbsent, None),
            _ => named.missing(Why::NoNovices, None),
        }
    }

    /// A level's difference to the next lower one; missing where one of the two does not occur.
    pub(crate) fn step(&self, named: Named, fitted: &Result<Fitted, Why>, level: u8) -> Measure {
        if fitted.as_ref().is_ok_and(|fitted| self.lost(fitted)) {
            return named.missing(Why::NoVariation, None);
        }
        match self.term(level).filter(|_| self.there.contains(&(level - 1))) {
            Some(term) => named.coefficient(fitted, &term.name, None),
            None => named.missing(Why::LevelAbsent, None),
        }
    }
}

/// The name of a level.
fn name(level: u8) -> &'static str {
    LEVELS[usize::from(level - 1)].1
}

/// A fitted model, with what it was fitted on.
pub(crate) struct Fitted {
    pub(crate) regression: Regression,
    pub(crate) fit: linear::Fit,
    /// The same with classical standard errors.
    pub(crate) classical: linear::Fit,
    /// The sessions in it, by their place in the group.
    pub(crate) sessions: Vec<usize>,
    /// How many people these are of.
    pub(crate) people: usize,
    /// How intervals of its numbers are made.
    pub(crate) method: Method,
    /// What its coefficients rest on, if they have to pass the gate.
    pub(crate) rests: Option<Rests>,
    /// What it takes to add it up with the same model of others, if that was asked for.
    pub(crate) sums: Option<Arc<CrossProducts>>,
}

/// The sessions that a model is fitted on.
pub(crate) struct Sample {
    /// By their place in the group.
    pub(crate) sessions: Vec<usize>,
    /// Sessions left out because they are alone in a control: they fit themselves.
    alone: usize,
    /// The controls of these sessions.
    effects: Vec<FixedEffect<'static>>,
}

impl Sample {
    /// Sessions where these are known, and that are not alone in a control.
    pub(crate) fn new<'t>(
        cohort: &Cohort,
        known: impl Iterator<Item = &'t Term> + Clone,
        controls: &[Control],
    ) -> Sample {
        let known = |at: &usize| known.clone().all(|term| term.values[*at].is_finite());
        let sessions: Vec<usize> = (0..cohort.sessions.len()).filter(known).collect();
        let all = effects(cohort, &sessions, controls);
        match linear::fitted_rows(&all, sessions.len()) {
            Ok(rows) if rows.len() < sessions.len() => {
                let alone = sessions.len() - rows.len();
                let sessions: Vec<usize> = rows.into_iter().map(|row| sessions[row]).collect();
                let effects = effects(cohort, &sessions, controls);
                Sample { sessions, alone, effects }
            }
            // None is alone. There is no error: effects are as long as the sessions.
            _ => Sample { sessions, alone: 0, effects: all },
        }
    }
}

fn effects(cohort: &Cohort, sessions: &[usize], controls: &[Control]) -> Vec<FixedEffect<'static>> {
    let effect = |control: &Control| {
        let all = cohort.codes(*control);
        let codes: Vec<u32> = sessions.iter().map(|at| all[*at]).collect();
        FixedEffect { name: control.name().to_owned(), codes: codes.into() }
    };
    controls.iter().map(effect).collect()
}

/// Fits an outcome on terms beside controls, on the sessions where outcome and terms are known.
///
/// # Errors
///
/// If there are too few sessions, or nothing varies.
pub(crate) fn fit(
    cohort: &Cohort,
    outcome: &Term,
    terms: &[Term],
    controls: &[Control],
) -> Result<Fitted, Why> {
    let Sample { sessions, alone, effects: fixed_effects } =
        Sample::new(cohort, std::iter::once(outcome).chain(terms), controls);
    let pick = |values: &[f64]| -> Vec<f64> { sessions.iter().map(|at| values[*at]).collect() };
    let person: Vec<u32> = sessions.iter().map(|at| cohort.person[*at]).collect();
    let people = distinct(&person);
    let by_person = people >= FEWEST_PEOPLE;
    let levels: usize = fixed_effects.iter().map(|effect| distinct(&effect.codes).saturating_sub(1)).sum();
    let needed = terms.len() + 1 + levels + SPARE_SESSIONS;
    if sessions.len() < needed {
        return Err(Why::FewSessions { sessions: sessions.len(), needed });
    }
    let values = pick(&outcome.values);
    let regressors = terms
        .iter()
        .map(|term| Regressor { name: term.name.clone(), values: pick(&term.values).into() })
        .collect();
    let design = Design { outcome: &values, regressors, fixed_effects, weights: None };
    let model = linear::Model::new(&design).map_err(|_| Why::NoVariation)?;
    let small = people < MANY_PEOPLE && people * sessions.len() <= MOST_ROWS;
    // Not where somebody alone identifies a number.
    let left_out = if by_person && small { linear::jackknife(&design, &person).ok() } else { None };
    let (fit, method) = match left_out {
        Some(fit) => (Ok(fit), Method::RegressionJackknife),
        None if people >= FEWEST_TO_SUM => {
            (model.with(&Covariance::Clustered(vec![&person])), Method::Regression)
        }
        None => (model.with(&Covariance::Hc1), Method::RegressionSessions { people }),
    };
    let fit = fit.map_err(|_| Why::NoVariation)?;
    let classical = model.with(&Covariance::Classical).map_err(|_| Why::NoVariation)?;
    let regression = Regression {
        outcome: outcome.name.clone(),
        kind: Kind::Linear,
        n: fit.observations,
        clusters: fit.clusters.clone(),
        coefficients: fit.coefficients.iter().map(Coefficient::from).collect(),
        average_marginal_effects: Vec::new(),
        fixed_effects: controls.iter().map(|control| control.name().to_owned()).collect(),
        dropped: fit.dropped.clone(),
        vcov: match method {
            Method::RegressionJackknife => "jackknife",
            Method::Regression => "cluster",
            _ => "hc1",
        },
        clustered_by: match method {
            Method::RegressionSessions { .. } => Vec::new(),
            _ => vec!["person".to_owned()],
        },
        weights: None,
        degrees_of_freedom: Some(fit.degrees_of_freedom),
        r_squared: Some(fit.r_squared),
        r_squared_within: fit.r_squared_within,
        rows_missing: Some(cohort.sessions.len() - sessions.len() - alone),
        rows_alone: Some(alone),
    };
    let rests = cohort.gated.as_ref().map(|gated| rests(cohort, gated, &model, (outcome, terms), &sessions));
    let wanted = cohort.gated.as_ref().is_some_and(|gated| gated.sums);
    // A model that cannot be added up is pooled by its estimates.
    let sums = wanted.then(|| CrossProducts::of(&design, &person).ok().map(Arc::new)).flatten();
    Ok(Fitted { regression, fit, classical, sessions, people, method, rests, sums })
}

/// What a model rests on: too little where any of its coefficients rests on too few people. Of an outcome that is or is not
/// so, the sessions in which it is are counted, and have to be of enough people, as those in which it is not.
fn rests(
    cohort: &Cohort,
    gated: &Gated,
    model: &linear::Model,
    (outcome, terms): (&Term, &[Term]),
    sessions: &[usize],
) -> Rests {
    let person: Vec<u32> = sessions.iter().map(|at| gated.person[*at]).collect();
    let parts = model.parts(&person, gated.people);
    let mut too_few = !parts.iter().all(|parts| gated.are_spread(parts));
    // Terms that are or are not so, such as the levels of expertise, compare those of whom the same ones are so: each such kind
    // has to be of enough people, also the one that others are compared with.
    let whether = |term: &&Term| sessions.iter().all(|at| matches!(term.values[*at], 0.0 | 1.0));
    let indicators: Vec<&Term> = terms.iter().filter(whether).collect();
    if !indicators.is_empty() {
        let mut kinds: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for at in sessions {
            // Models have fewer than ten such terms.
            let kind = indicators.iter().fold(0, |kind, term| kind << 1 | u64::from(term.values[*at] == 1.0));
            kinds.entry(kind).or_default().push(*at);
        }
        too_few |= !kinds.values().all(|kind| gated.spread(kind.iter().map(|at| (*at, 1.0))));
    }
    let mut counts = None;
    let so = |at: &&usize| outcome.values[**at] == 1.0;
    if sessions.iter().all(|at| matches!(outcome.values[*at], 0.0 | 1.0)) {
        let side = |on: bool| gated.spread(sessions.iter().filter(|at| so(at) == on).map(|at| (*at, 1.0)));
        too_few |= !(side(true) && side(false));
        counts = Some(Rests::on(cohort, sessions.iter().filter(so).copied()).over);
    }
    Rests { too_few, counts, fitted: true, ..Rests::on(cohort, sessions.iter().copied()) }
}

/// How many different codes there are, none of which is much larger than their number.
pub(crate) fn distinct(codes: &[u32]) -> usize {
    let mut there = vec![false; codes.iter().max().map_or(0, |largest| *largest as usize + 1)];
    codes.iter().for_each(|code| there[*code as usize] = true);
    there.into_iter().filter(|there| *there).count()
}

/// How a number is called and drawn.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) key: bool,
}

impl Named {
    /// A coefficient of a fitted model as a number of a finding. Where the model has no such coefficient, or there is no
    /// model, the number is missing and says why.
    pub(crate) fn coefficient(
        self,
        fitted: &Result<Fitted, Why>,
        name: &str,
        published: Option<Published>,
    ) -> Measure {
        let one = fitted.as_ref().map(|fitted| fitted.fit.coefficient(name));
        match one {
            Ok(Some(one)) => {
                let ends = (one.conf_low, one.conf_high);
                let measure = self.interval(fitted.as_ref().ok(), one.estimate, ends, published);
                let model = fitted.as_ref().ok().and_then(|fitted| fitted.sums.clone());
                let sums = model.map(|model| Sums::Coefficient { model, term: name.to_owned() });
                Measure { sums, ..measure }
            }
            Ok(None) => self.missing(Why::NoVariation, published),
            Err(why) => self.missing(*why, published),
        }
    }

    /// A number with the ends of its interval.
    pub(crate) fn interval(
        self,
        fitted: Option<&Fitted>,
        value: f64,
        (low, high): (f64, f64),
        published: Option<Published>,
    ) -> Measure {
        let mut measure = self.measure(
            Estimate {
                value: Some(rounded(value)),
                low: Some(rounded(low)),
                high: Some(rounded(high)),
                n: fitted.map_or(0, |fitted| fitted.regression.n as u64),
                n_of: "sessions",
                sessions: fitted.map_or(0, |fitted| fitted.regression.n),
                people: fitted.map_or(0, |fitted| fitted.people),
                method: fitted.map_or(Method::Regression, |fitted| fitted.method),
            },
            published,
        );
        measure.rests = fitted.and_then(|fitted| fitted.rests.clone());
        measure
    }

    /// A number that follows from others.
    pub(crate) fn exact(self, fitted: &Fitted, value: f64) -> Measure {
        let estimate = Estimate::exact(value, fitted.regression.n, fitted.people);
        Measure { rests: fitted.rests.clone(), ..self.measure(estimate, None) }
    }

    /// A number that could not be had.
    pub(crate) fn missing(self, why: Why, published: Option<Published>) -> Measure {
        let (sessions, people) = match why {
            Why::FewPeople { people, .. } => (0, people),
            Why::FewSessions { sessions, .. } => (sessions, 0),
            _ => (0, 0),
        };
        let method = Method::NotFitted(why);
        let estimate = Estimate {
            value: None,
            low: None,
            high: None,
            n: sessions as u64,
            n_of: "sessions",
            sessions,
            people,
            method,
        };
        self.measure(estimate, published)
    }

    /// An estimate that was made elsewhere.
    pub(crate) fn measure(self, estimate: Estimate, published: Option<Published>) -> Measure {
        let Named { name, title, unit, key } = self;
        Measure { name, title, unit, key, estimate, published, rests: None, sums: None }
    }
}

/// To 11 significant digits: what differs beyond them between mathematics libraries is not in the output.
pub(crate) fn rounded(value: f64) -> f64 {
    significant(value, 11)
}

#[cfg(test)]
mod tests {
    use metier_session::{Facts, Time};

    use super::*;
    use crate::testing::{facts, row};
    use crate::{Selection, Settings};

    #[test]
    fn months_are_those_of_the_calendar() {
        let of = |text: &str| {
            let rows = [row(1, 1, Facts { prompts: 1, first: Time::parse(text), ..facts() })];
            let settings = Settings::default();
            let selection = Selection::new(&rows, &settings);
            month(&selection.cohorts[0].sessions[0]).map(|month| (month / 12, month % 12 + 1))
        };
        assert_eq!(of("2025-10-31T23:59:59Z"), Some((2025, 10)));
        assert_eq!(of("2024-02-29T00:00:00Z"), Some((2024, 2)));
        assert_eq!(of("2026-01-01T00:00:00Z"), Some((2026, 1)));
        assert_eq!(of("1999-12-31T12:00:00Z"), Some((1999, 12)));
    }

    #[test]
    fn bands_are_the_studys() {
        assert_eq!(
            [None, Some(10.0), Some(200.0), Some(500.0), Some(5_000.0), Some(9e4)].map(value_band),
            [0, 1, 1, 2, 3, 4]
        );
    }
}
