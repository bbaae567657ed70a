//! How much more the agent does per prompt a level of expertise, the rest held equal.

use super::{Fitted, How, Study};
use crate::finding::{Table, Unit};
use crate::judged::LEVELS;
use crate::model::{Against, Control, Levels, Named, Term, fit};
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::side_by_side::{WORTH, each};

pub(super) const STUDY: Study = Study {
    name: "returns",
    title: "What a level of expertise adds per prompt",
    definition: "Linear models of the logarithm of actions, and of the agent's words, per prompt of a session on the expertise \
        judged in it, 1 to 5, beside work mode, task value (the study's bands), month, occupation and model family; what \
        is not known of these is a value of its own. Sessions without actions, or words, have no logarithm and are not \
        in it. Below them each step between adjacent levels in place of one slope, of levels with at least five sessions. In log points: 0.1 is about 10 %.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

/// The study's controls.
pub(super) const CONTROLS: [Control; 5] =
    [Control::WorkMode, Control::TaskValue, Control::Month, Control::Occupation, Control::ModelFamily];

/// The two outcomes: the logarithm of actions and of words per prompt.
pub(super) fn outcomes(cohort: &Cohort) -> [Term; 2] {
    let log = |name: &str, count: fn(&Selected) -> u64| {
        Term::new(name, cohort, |session| log_per_prompt(count(session), session))
    };
    [log("log actions per prompt", |it| it.facts.actions), log("log words per prompt", |it| it.facts.words)]
}

/// The logarithm of a session's count per prompt; of nothing there is none.
pub(super) fn log_per_prompt(count: u64, session: &Selected) -> Option<f64> {
    (count > 0).then(|| (count as f64 / session.facts.prompts as f64).ln())
}

const SLOPES: [Named; 2] = [
    Named { name: "actions", title: "actions per prompt, a level", unit: Unit::LogPoints, key: true },
    Named { name: "words", title: "words per prompt, a level", unit: Unit::LogPoints, key: true },
];

macro_rules! steps {
    ($name:literal, $title:literal; $($level:literal),*) => {
        [$(Named {
            name: concat!($name, "_", $level),
            title: concat!($title, ", step to ", $level),
            unit: Unit::LogPoints,
            key: false,
        }),*]
    };
}

const STEPS: [[Named; 4]; 2] = [
    steps!("actions", "actions per prompt"; "beginner", "intermediate", "advanced", "expert"),
    steps!("words", "words per prompt"; "beginner", "intermediate", "advanced", "expert"),
];

fn fitted(cohort: &Cohort) -> Fitted {
    let figures = figures();
    let published =
        [figures.regression.actions_per_expertise_level, figures.regression.words_per_expertise_level];
    let (mut slopes, mut steps, mut models) = (Vec::new(), Vec::new(), Vec::new());
    let fits = each(outcomes(cohort).into(), cohort.sessions.len() >= WORTH, |outcome: Term| {
        let alone = fit(cohort, &outcome, &[Term::expertise(cohort)], &[]);
        let slope = fit(cohort, &outcome, &[Term::expertise(cohort)], &CONTROLS);
        let levels = Levels::new(cohort, &outcome, &CONTROLS, Against::Next);
        let by_step = fit(cohort, &outcome, levels.terms(), &CONTROLS);
        (alone, slope, levels, by_step)
    });
    for (at, (alone, slope, levels, by_step)) in fits.into_iter().enumerate() {
        let published = figures.study.agentic_coding.figure(published[at], None);
        slopes.push(SLOPES[at].coefficient(&slope, "expertise", Some(published)));
        for (named, (level, _)) in STEPS[at].iter().zip(&LEVELS[1..]) {
            steps.push(levels.step(*named, &by_step, *level));
        }
        models.extend([alone, slope, by_step]);
    }
    slopes.extend(steps);
    let table = Table::of("Expertise and what the agent does", models);
    Fitted { measures: slopes, tables: vec![table] }
}
