//! Verified success on expertise with growing controls: the study's Table A1.

use super::{Fitted, How, Study};
use crate::finding::{Table, Unit};
use crate::judged::LEVELS;
use crate::model::{Against, Control, Levels, Named, Term, fit};
use crate::selection::Cohort;
use crate::side_by_side::{WORTH, each};

pub(super) const A1: Study = Study {
    name: "table_a1",
    title: "Success on expertise, control after control (Table A1)",
    definition: "Linear probability models of verified success (0 or 1) on the expertise judged, 1 to 5. Columns: nothing held \
        equal; and work mode; and month; and task subject; and occupation, which the study prefers; and model family and \
        length (the logarithm of one more than the prompts). Sessions without a clear goal are not in it.",
    unit: "session",
    summarised: false,
    how: How::Fitted(a1),
};

pub(super) const A2: Study = Study {
    name: "table_a2",
    title: "Success by level of expertise, control after control (Table A2)",
    definition: "As table_a1, with an indicator for each level of expertise and novices left out: each number is a difference \
        to novices. Levels of fewer than five sessions are left out; without novices the table has differences to the lowest level that there is.",
    unit: "session",
    summarised: false,
    how: How::Fitted(a2),
};

/// The controls that the study prefers.
pub(super) const PREFERRED_CONTROLS: [Control; 4] =
    [Control::WorkMode, Control::Month, Control::TaskSubject, Control::Occupation];

/// The controls of the six columns. The last has the length beside them.
const COLUMNS: [&[Control]; 6] = {
    use Control::{ModelFamily, Month, Occupation, TaskSubject, WorkMode};
    [
        &[],
        &[WorkMode],
        &[WorkMode, Month],
        &[WorkMode, Month, TaskSubject],
        &PREFERRED_CONTROLS,
        &[WorkMode, Month, TaskSubject, Occupation, ModelFamily],
    ]
};

/// The column that the study prefers.
const PREFERRED: usize = 4;

/// Verified success, as a number.
pub(super) fn verified(cohort: &Cohort) -> Term {
    Term::new("verified success", cohort, |session| {
        session.judged.derived.verified_success.map(|so| f64::from(u8::from(so)))
    })
}

/// How long a session is, as a number.
fn length(cohort: &Cohort) -> Term {
    Term::new("log (1 + prompts)", cohort, |session| Some((session.facts.prompts as f64).ln_1p()))
}

const PER_LEVEL: [Named; 6] = [
    Named { name: "column_1", title: "a level, nothing held equal", unit: Unit::Points, key: true },
    Named { name: "column_2", title: "a level, and work mode", unit: Unit::Points, key: false },
    Named { name: "column_3", title: "a level, and month", unit: Unit::Points, key: false },
    Named { name: "column_4", title: "a level, and task subject", unit: Unit::Points, key: false },
    Named { name: "column_5", title: "a level, and occupation (preferred)", unit: Unit::Points, key: true },
    Named { name: "column_6", title: "a level, and model and length", unit: Unit::Points, key: false },
];

fn a1(cohort: &Cohort) -> Fitted {
    let outcome = verified(cohort);
    let columns: Vec<_> = COLUMNS.iter().enumerate().collect();
    let models = each(columns, cohort.sessions.len() >= WORTH, |(at, controls)| {
        let mut terms = vec![Term::expertise(cohort)];
        if at + 1 == COLUMNS.len() {
            terms.push(length(cohort));
        }
        fit(cohort, &outcome, &terms, controls)
    });
    let measures =
        PER_LEVEL.iter().zip(&models).map(|(named, model)| named.coefficient(model, "expertise", None));
    let measures = measures.collect();
    Fitted { measures, tables: vec![Table::of("Table A1", models)] }
}

const OVER_NOVICES: [Named; 4] = [
    Named { name: "beginner", title: "beginners over novices", unit: Unit::Points, key: true },
    Named { name: "intermediate", title: "intermediates over novices", unit: Unit::Points, key: true },
    Named { name: "advanced", title: "advanced over novices", unit: Unit::Points, key: true },
    Named { name: "expert", title: "experts over novices", unit: Unit::Points, key: true },
];

fn a2(cohort: &Cohort) -> Fitted {
    let outcome = verified(cohort);
    let columns: Vec<_> = COLUMNS.iter().enumerate().collect();
    let fitted = each(columns, cohort.sessions.len() >= WORTH, |(at, controls)| {
        let levels = Levels::new(cohort, &outcome, controls, Against::Lowest);
        let mut terms = levels.terms().to_vec();
        if at + 1 == COLUMNS.len() {
            terms.push(length(cohort));
        }
        let fitted = fit(cohort, &outcome, &terms, controls);
        let mut measures = Vec::new();
        if at == PREFERRED {
            let named = OVER_NOVICES.iter().zip(&LEVELS[1..]);
            measures.extend(named.map(|(named, (level, _))| levels.over_novices(*named, &fitted, *level)));
        }
        (measures, fitted)
    });
    let (measures, models): (Vec<Vec<_>>, Vec<_>) = fitted.into_iter().unzip();
    let measures = measures.concat();
    Fitted { measures, tables: vec![Table::of("Table A2", models)] }
}
