//! Numbers with no more digits than they need: what is left of a difference between two of them tells nothing.

use metier_store::Thresholds;

use super::bits::Bits;
use super::rests::Gated;
use crate::digits::significant;
use crate::finding::{Estimate, Method, Population, Table, Unit};
use crate::regression::{NotFitted, Regressions};
use crate::selection::{Selection, is_labelled};
use crate::summary::Summary;

/// Counts are told in fives.
const STEP: usize = 5;
/// Digits of other numbers.
const DIGITS: usize = 3;

pub(super) fn count(n: usize) -> usize {
    (n + STEP / 2) / STEP * STEP
}

/// Shares and differences of shares to whole percent, others to three digits.
fn value(value: f64, unit: Unit) -> f64 {
    match unit {
        Unit::Share | Unit::Points => (value * 100.0).round() / 100.0 + 0.0,
        _ => significant(value, DIGITS),
    }
}

pub(super) fn estimate(estimate: &mut Estimate, unit: Unit) {
    for number in [&mut estimate.value, &mut estimate.low, &mut estimate.high] {
        *number = number.map(|number| value(number, unit));
    }
    estimate.n = count(estimate.n as usize) as u64;
    estimate.sessions = count(estimate.sessions);
    estimate.people = count(estimate.people);
    // The reasons why there is no interval tell how few there were.
    if let Method::Sessions { people }
    | Method::WilsonSessions { people }
    | Method::RegressionSessions { people } = &mut estimate.method
    {
        *people = count(*people);
    }
}

pub(super) fn population(population: &mut Population, count: impl Fn(usize) -> usize) {
    population.sessions = count(population.sessions);
    population.people = count(population.people);
    // These are sessions of few, as a rule, and with those that count they are all.
    population.left_out.clear();
}

/// Models that pass with rounded numbers, and a reason in the place of the others. `passes` tells of each whether it passes and
/// then whether it hides its n.
pub(super) fn table(table: &mut Table, passes: impl Fn(usize) -> Option<bool>, thresholds: Thresholds) {
    let numbers = table.regressions.numbers();
    let models = std::mem::take(&mut table.regressions.models);
    let withheld = Estimate::withheld(thresholds, "sessions").method.to_string();
    let mut not_fitted: Vec<NotFitted> = std::mem::take(&mut table.regressions.not_fitted)
        .into_iter()
        .map(|other| NotFitted { reason: withheld.clone(), ..other })
        .collect();
    let columns = models.len() + not_fitted.len();
    let (mut shown, mut sums) = (Vec::new(), vec![None; columns]);
    for (at, (mut model, column)) in models.into_iter().zip(numbers).enumerate() {
        let Some(hides_n) = passes(at) else {
            not_fitted.push(NotFitted { column, reason: withheld.clone() });
            continue;
        };
        if hides_n {
            model.n = 0;
            model.clusters.clear();
        } else if let Some(place) = sums.get_mut(column - 1) {
            *place = table.sums.get(at).cloned().flatten();
        }
        model.n = count(model.n);
        model.clusters.iter_mut().for_each(|clusters| *clusters = count(*clusters));
        model.rows_missing = None;
        model.rows_alone = None;
        // Tells the number of people.
        model.degrees_of_freedom = None;
        for number in [&mut model.r_squared, &mut model.r_squared_within].into_iter().flatten() {
            *number = significant(*number, DIGITS);
        }
        for one in model.coefficients.iter_mut().chain(&mut model.average_marginal_effects) {
            let numbers = [
                &mut one.estimate,
                &mut one.std_error,
                &mut one.t,
                &mut one.p,
                &mut one.conf_low,
                &mut one.conf_high,
            ];
            numbers.into_iter().for_each(|number| *number = significant(*number, DIGITS));
        }
        shown.push(model);
    }
    not_fitted.sort_by_key(|other| other.column);
    table.regressions = Regressions { models: shown, not_fitted };
    table.rests.clear();
    table.sums = sums;
}

pub(super) fn summary(summary: &mut Summary, selection: &Selection, gated: &Gated) {
    population(&mut summary.population, if gated.sums { |n| n } else { count });
    let sum = |total: &mut Option<u64>, of: &dyn Fn(&metier_session::Facts) -> u64| {
        let amounts = selection.sessions.iter().enumerate().map(|(at, one)| (at, of(one.facts) as f64));
        *total = total.filter(|_| gated.spread(amounts)).map(|total| significant(total as f64, 2) as u64);
    };
    sum(&mut summary.prompts, &|facts| facts.prompts);
    sum(&mut summary.actions, &|facts| facts.actions);
    sum(&mut summary.typed_words, &|facts| facts.prompt_words);
    sum(&mut summary.agent_words, &|facts| facts.words);
    // How many sessions of each agent is a finding of its own, `--by agent`, which passes the gate as such.
    summary.agents.clear();
    summary.first = None;
    summary.last = None;
    if let Some(labels) = &mut summary.labels {
        let labelled = Bits::of(selection.sessions.len(), |at| is_labelled(selection.sessions[at].labels));
        let all = labelled.count() == selection.sessions.len();
        labels.sessions = Some(summary.population.sessions).filter(|_| all);
    }
}
