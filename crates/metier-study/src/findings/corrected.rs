//! The headline estimates, corrected for the error of their labels by those of a second rater.

use std::sync::LazyLock;

use metier_stats::linear::Regressor;
use metier_stats::prediction_powered::{self, Clusters, Rows, Sets, Tuning};

use super::returns::log_per_prompt;
use super::{Fitted, How, Study};
use crate::finding::{Estimate, Measure, Method, Published, Unit, Why};
use crate::gate::Rests;
use crate::judged::{Judged, WORK_MODES, work_modes};
use crate::model::{Named, rounded};
use crate::published::figures;
use crate::selection::{Cohort, Selected, is_labelled};

pub(super) const STUDY: Study = Study {
    name: "corrected",
    title: "Headline estimates, corrected for label error",
    definition: "Labels err, and a regressor with errors flattens its slope, however many sessions there are. Here the labels \
        of a second rater on part of the sessions are taken as right, and correct what the first rater's labels on all \
        sessions give (prediction-powered inference: Angelopoulos et al., 2023; for regressors Chen and Chen, 2000). Slopes \
        of log actions and log words per prompt and of verified success on expertise, beside the group of work modes, the \
        logarithm of the task value, and whether the occupation is of software, each as the same rater judged it; shares \
        of success; the mean level. After each the same from the first rater's labels alone. Right only if the sessions \
        that both labelled are a random draw, and as far as the second rater is right.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

/// Fewer sessions of both raters than this, and the errors of the correction are no guide.
const FEWEST: usize = 100;
/// Of fewer people, too.
const FEWEST_PEOPLE: usize = 10;
/// A control that fewer of the sessions of both raters have is not told from the rest.
const FEWEST_OF_A_KIND: usize = 10;

const LABELLED: Named =
    Named { name: "labelled", title: "sessions labelled by both", unit: Unit::Sessions, key: true };

/// What is estimated of sessions.
#[derive(Clone, Copy)]
enum Of {
    /// The slope of a number on expertise.
    Slope(fn(&Selected, &Judged) -> Option<f64>),
    /// The mean of a number.
    Mean(fn(&Selected, &Judged) -> Option<f64>),
}

macro_rules! both {
    ($name:literal, $title:literal, $unit:ident) => {
        [
            Named { name: $name, title: $title, unit: Unit::$unit, key: true },
            Named {
                name: concat!($name, "_uncorrected"),
                title: concat!($title, ", uncorrected"),
                unit: Unit::$unit,
                key: false,
            },
        ]
    };
}

const ASKED: [([Named; 2], Of); 6] = [
    (both!("actions", "actions per prompt, a level", LogPoints), Of::Slope(actions)),
    (both!("words", "words per prompt, a level", LogPoints), Of::Slope(words)),
    (both!("verified_slope", "verified success, a level", Points), Of::Slope(verified)),
    (both!("verified", "verified success", Share), Of::Mean(verified)),
    (both!("partial", "at least partial success", Share), Of::Mean(partial)),
    (both!("level", "mean level of expertise, 1 to 5", Plain), Of::Mean(level)),
];

fn actions(session: &Selected, _: &Judged) -> Option<f64> {
    log_per_prompt(session.facts.actions, session)
}

fn words(session: &Selected, _: &Judged) -> Option<f64> {
    log_per_prompt(session.facts.words, session)
}

fn verified(_: &Selected, judged: &Judged) -> Option<f64> {
    judged.derived.verified_success.map(|so| f64::from(u8::from(so)))
}

fn partial(_: &Selected, judged: &Judged) -> Option<f64> {
    judged.derived.at_least_partial.map(|so| f64::from(u8::from(so)))
}

fn level(_: &Selected, judged: &Judged) -> Option<f64> {
    judged.expertise.map(f64::from)
}

/// Groups of work modes.
const MODES: usize = WORK_MODES.len();
/// These, and trades: software and other.
const KINDS: usize = MODES + 2;

/// What a rater says of a session, as a model needs it.
#[derive(Clone, Copy)]
struct Said {
    outcome: f64,
    /// Expertise and the logarithm of the task value.
    numbers: [f64; 2],
    /// For each group of work modes, and then for both trades, whether it is so.
    kinds: [bool; KINDS],
}

/// The work modes of each group.
static GROUPS: LazyLock<[Vec<u8>; MODES]> =
    LazyLock::new(|| WORK_MODES.map(|(_, _, modes)| work_modes(modes)));

fn kinds(judged: &Judged) -> [bool; KINDS] {
    let mut kinds = [false; KINDS];
    for (kind, modes) in kinds.iter_mut().zip(&*GROUPS) {
        *kind = judged.work_mode.is_some_and(|mode| modes.contains(&mode));
    }
    kinds[MODES] = judged.derived.software_occupation == Some(true);
    kinds[MODES + 1] = judged.derived.software_occupation == Some(false);
    kinds
}

impl Of {
    /// `None` where what it takes is not known.
    fn said(self, session: &Selected, judged: &Judged) -> Option<Said> {
        match self {
            Of::Mean(of) => {
                Some(Said { outcome: of(session, judged)?, numbers: [0.0; 2], kinds: [false; KINDS] })
            }
            Of::Slope(of) => Some(Said {
                outcome: of(session, judged)?,
                numbers: [f64::from(judged.expertise?), judged.value.filter(|value| *value > 0.0)?.ln()],
                kinds: kinds(judged),
            }),
        }
    }
}

/// The sessions of an estimate: those of both raters, and those of the first alone.
#[derive(Default)]
struct Drawn {
    truth: Vec<Said>,
    predicted: Vec<Said>,
    labelled_person: Vec<u32>,
    unlabelled: Vec<Said>,
    unlabelled_person: Vec<u32>,
    /// All of these sessions, by their place in the group, and which of them both raters labelled.
    sessions: Vec<usize>,
    twice: Vec<usize>,
}

impl Drawn {
    fn of(cohort: &Cohort, second: &[Option<Judged>], of: Of) -> Drawn {
        let mut drawn = Drawn::default();
        for (at, session) in cohort.sessions.iter().enumerate() {
            let Some(first) = of.said(session, &session.judged) else { continue };
            match &second[at] {
                None => {
                    drawn.sessions.push(at);
                    drawn.unlabelled.push(first);
                    drawn.unlabelled_person.push(cohort.person[at]);
                }
                Some(judged) => {
                    if let Some(second) = of.said(session, judged) {
                        drawn.sessions.push(at);
                        drawn.twice.push(at);
                        drawn.truth.push(second);
                        drawn.predicted.push(first);
                        drawn.labelled_person.push(cohort.person[at]);
                    }
                }
            }
        }
        drawn
    }

    /// Whether there is enough to go by.
    fn check(&self) -> Result<(), Why> {
        let sessions = self.truth.len();
        if sessions < FEWEST {
            return Err(Why::FewLabelledTwice { sessions, needed: FEWEST });
        }
        let people = crate::model::distinct(&self.labelled_person);
        if people < FEWEST_PEOPLE {
            return Err(Why::FewPeople { people, needed: FEWEST_PEOPLE });
        }
        Ok(())
    }

    /// What an estimate rests on: too little where the sessions of both raters are of too few.
    fn rests(&self, cohort: &Cohort) -> Option<Rests> {
        let gated = cohort.gated.as_ref()?;
        let twice = Rests::on(cohort, self.twice.iter().copied());
        let too_few = !gated.passes(&twice.over);
        let over = Rests::on(cohort, self.sessions.iter().copied());
        Some(Rests { counts: Some(twice.over), too_few, ..over })
    }

    fn people(&self) -> usize {
        crate::model::distinct(&[&self.labelled_person[..], &self.unlabelled_person[..]].concat())
    }

    fn clusters(&self) -> Clusters<'_> {
        Clusters { labelled: &self.labelled_person, unlabelled: &self.unlabelled_person }
    }

    /// The kinds that can be told apart in all three sets, but for the commonest work mode and the commonest trade.
    fn told_apart(&self) -> Vec<usize> {
        let sets = [&self.truth, &self.predicted, &self.unlabelled];
        let count = |set: &[Said], kind: usize| set.iter().filter(|said| said.kinds[kind]).count();
        let commonest = |range: std::ops::Range<usize>| {
            range.max_by_key(|kind| (count(&self.unlabelled, *kind), usize::MAX - kind))
        };
        let left_out = [commonest(0..MODES), commonest(MODES..KINDS)];
        (0..KINDS)
            .filter(|kind| !left_out.contains(&Some(*kind)))
            .filter(|kind| sets.iter().all(|set| count(set, *kind) >= FEWEST_OF_A_KIND))
            .collect()
    }

    fn estimates(&self, of: Of) -> Result<[Ends; 2], Why> {
        let outcome = |set: &[Said]| -> Vec<f64> { set.iter().map(|said| said.outcome).collect() };
        let [truth, predicted, unlabelled] =
            [&self.truth, &self.predicted, &self.unlabelled].map(|set| outcome(set));
        let failed = |_| Why::NoVariation;
        if let Of::Mean(_) = of {
            let clusters = self.clusters();
            let made =
                prediction_powered::mean(&truth, &predicted, &unlabelled, Some(&clusters), Tuning::Overall);
            return Ok([Ends::of(&made.map_err(failed)?), self.naive(of, &[])?]);
        }
        let kinds = self.told_apart();
        let sets = Sets {
            truth: rows(&self.truth, &truth, &kinds),
            predicted: rows(&self.predicted, &predicted, &kinds),
            unlabelled: rows(&self.unlabelled, &unlabelled, &kinds),
            clusters: Some(self.clusters()),
        };
        let made = prediction_powered::predicted_rows(&sets, Tuning::Coefficient(1)).map_err(failed)?;
        let slope = made.get(1).ok_or(Why::NoVariation)?;
        Ok([Ends::of(slope), self.naive(of, &kinds)?])
    }

    /// The same from the first rater's labels alone.
    fn naive(&self, of: Of, kinds: &[usize]) -> Result<Ends, Why> {
        use metier_stats::linear::{Covariance, Design, fit};
        let all: Vec<Said> = self.predicted.iter().chain(&self.unlabelled).copied().collect();
        let person = [&self.labelled_person[..], &self.unlabelled_person[..]].concat();
        let outcome: Vec<f64> = all.iter().map(|said| said.outcome).collect();
        let regressors =
            if let Of::Slope(_) = of { rows(&all, &outcome, kinds).regressors } else { Vec::new() };
        let design = Design { outcome: &outcome, regressors, fixed_effects: Vec::new(), weights: None };
        let fit = fit(&design, &Covariance::Clustered(vec![&person])).map_err(|_| Why::NoVariation)?;
        let name = if let Of::Slope(_) = of { EXPERTISE } else { "Intercept" };
        let one = fit.coefficient(name).ok_or(Why::NoVariation)?;
        Ok(Ends { value: one.estimate, low: one.conf_low, high: one.conf_high, method: Method::Regression })
    }
}

const EXPERTISE: &str = "expertise";

fn rows<'a>(set: &[Said], outcome: &'a [f64], kinds: &[usize]) -> Rows<'a> {
    let column = |name: &str, of: &dyn Fn(&Said) -> f64| Regressor {
        name: name.to_owned(),
        values: set.iter().map(of).collect(),
    };
    let mut regressors =
        vec![column(EXPERTISE, &|said| said.numbers[0]), column("log value", &|said| said.numbers[1])];
    for kind in kinds {
        regressors.push(column(&format!("kind {kind}"), &|said| f64::from(u8::from(said.kinds[*kind]))));
    }
    Rows { outcome, regressors }
}

/// A value and its interval.
struct Ends {
    value: f64,
    low: f64,
    high: f64,
    method: Method,
}

impl Ends {
    fn of(one: &prediction_powered::Coefficient) -> Ends {
        Ends { value: one.estimate, low: one.conf_low, high: one.conf_high, method: Method::Corrected }
    }

    fn measure(&self, named: Named, drawn: &Drawn, cohort: &Cohort, published: Option<Published>) -> Measure {
        let sessions = drawn.truth.len() + drawn.unlabelled.len();
        let end = |end: f64| if named.unit == Unit::Share { end.clamp(0.0, 1.0) } else { end };
        let estimate = Estimate {
            value: Some(rounded(end(self.value))),
            low: Some(rounded(end(self.low))),
            high: Some(rounded(end(self.high))),
            n: sessions as u64,
            n_of: "sessions",
            sessions,
            people: drawn.people(),
            method: self.method,
        };
        Measure { rests: drawn.rests(cohort), ..named.measure(estimate, published) }
    }
}

fn fitted(cohort: &Cohort) -> Fitted {
    let figures = figures();
    let second: Vec<Option<Judged>> = cohort
        .sessions
        .iter()
        .map(|session| {
            let both = session.second.filter(|labels| is_labelled(labels) && is_labelled(session.labels));
            both.map(|labels| Judged::of(labels, session.facts))
        })
        .collect();
    let labelled = second.iter().flatten().count();
    let alone = (cohort.sessions.iter().zip(&second))
        .filter(|(session, second)| second.is_none() && is_labelled(session.labels))
        .count();
    let published = |at: usize| {
        let slopes =
            [figures.regression.actions_per_expertise_level, figures.regression.words_per_expertise_level];
        slopes.get(at).map(|value| figures.study.agentic_coding.figure(*value, None))
    };
    let mut measures = vec![if labelled == 0 {
        LABELLED.missing(Why::NoSecondRater, None)
    } else {
        let estimate = Estimate::exact(labelled as f64, cohort.sessions.len(), cohort.people);
        let both = (0..second.len()).filter(|at| second[*at].is_some());
        let rests = Rests { counts: Some(Rests::on(cohort, both).over), ..Rests::on_all(cohort) };
        Measure { rests: Some(rests), ..LABELLED.measure(estimate, None) }
    }];
    for (at, (named, of)) in ASKED.into_iter().enumerate() {
        let both = || {
            if labelled == 0 {
                return Err(Why::NoSecondRater);
            }
            if alone == 0 {
                return Err(Why::AllLabelledTwice);
            }
            let drawn = Drawn::of(cohort, &second, of);
            drawn.check()?;
            let [corrected, naive] = drawn.estimates(of)?;
            Ok([
                corrected.measure(named[0], &drawn, cohort, published(at)),
                naive.measure(named[1], &drawn, cohort, None),
            ])
        };
        measures.extend(
            both().unwrap_or_else(|why| [named[0].missing(why, published(at)), named[1].missing(why, None)]),
        );
    }
    Fitted { measures, tables: Vec::new() }
}
