//! How strong something unmeasured would have to be to explain the headline estimates away.

use metier_stats::sensitivity::Effect;

use super::returns::{CONTROLS, outcomes};
use super::table_a1::{PREFERRED_CONTROLS, verified};
use super::{Fitted, How, Study};
use crate::finding::{Unit, Why};
use crate::model::{Control, Named, Term, fit};
use crate::selection::Cohort;

pub(super) const STUDY: Study = Study {
    name: "sensitivity",
    title: "What it would take to explain it away",
    definition: "For the slopes of `returns` and of `table_a1` (its preferred controls): the share of the outcome's and of \
        expertise's remaining variance that something unmeasured would have to explain, both at once, to bring the estimate \
        to zero (robustness value; Cinelli and Hazlett, 2020), or only to make it insignificant at 5 %; and the share of \
        the outcome's remaining variance that expertise itself explains (partial R²). From classical standard errors, as \
        the method asks. A small value is a warning; a large one proves nothing about causes.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

macro_rules! named {
    ($($name:literal $title:literal),*) => {
        [$([
            Named { name: $name, title: concat!($title, ", to bring it to zero"), unit: Unit::Share, key: true },
            Named { name: concat!($name, "_significance"), title: concat!($title, ", to bring it to insignificance"), unit: Unit::Share, key: true },
            Named { name: concat!($name, "_partial"), title: concat!($title, ", partial R²"), unit: Unit::Share, key: false },
        ]),*]
    };
}

const NAMED: [[Named; 3]; 3] = named!(
    "actions" "actions per prompt",
    "words" "words per prompt",
    "verified" "verified success"
);

fn fitted(cohort: &Cohort) -> Fitted {
    let [actions, words] = outcomes(cohort);
    let asked: [(Term, &[Control]); 3] =
        [(actions, &CONTROLS), (words, &CONTROLS), (verified(cohort), &PREFERRED_CONTROLS)];
    let mut measures = Vec::new();
    for (named, (outcome, controls)) in NAMED.iter().zip(asked) {
        let model = fit(cohort, &outcome, &[Term::expertise(cohort)], controls);
        let values = model.as_ref().map_err(|why| *why).and_then(|model| {
            let one = model.classical.coefficient("expertise").ok_or(Why::NoVariation)?;
            let effect = Effect::new(one.estimate, one.std_error, model.classical.degrees_of_freedom);
            let values = effect.and_then(|effect| {
                Ok([
                    effect.robustness_value(1.0)?,
                    effect.robustness_value_of_significance(1.0, 0.05)?,
                    effect.partial_r_squared(),
                ])
            });
            values.map_err(|_| Why::NoVariation)
        });
        for (at, named) in named.iter().enumerate() {
            measures.push(match (&model, &values) {
                (Ok(model), Ok(values)) => named.exact(model, values[at]),
                (Err(why), _) | (_, Err(why)) => named.missing(*why, None),
            });
        }
    }
    Fitted { measures, tables: Vec::new() }
}
