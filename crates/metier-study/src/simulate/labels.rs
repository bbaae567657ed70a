//! The labels of a simulated session: the true ones, and those of a rater who errs about expertise.

use std::sync::LazyLock;

use metier_label::{Labels, Rater, Value, rubric};

use super::people::Person;
use super::random::Stream;
use super::session::{Drawn, Ending};
use super::tables::{INTENTS, PATTERNS, SUBJECTS};

/// The rater whose labels are true.
pub const TRUTH: &str = "truth";

static CONFIRMATION: LazyLock<Option<u8>> = LazyLock::new(|| rubric().intent.option("confirmation"));
static INTENT_OPTIONS: LazyLock<[Option<u8>; INTENTS.len()]> =
    LazyLock::new(|| INTENTS.map(|(name, ..)| rubric().intent.option(name)));

/// The true labels.
pub(super) fn labels(random: &mut Stream, person: &Person, drawn: &Drawn, confirmed: bool) -> Labels {
    let rubric = rubric();
    let mut labels = Labels::none(Rater::builtin(), rubric);
    let mut choose = |question: &str, option: &str| {
        if let Some(index) = rubric.question(question).and_then(|question| question.option(option)) {
            labels.set(rubric, question, Value::Choice(index), None);
        }
    };
    choose("work_mode", drawn.work_mode);
    choose(
        "outcome",
        match drawn.ending {
            Ending::Verified | Ending::Succeeded => "succeeded",
            Ending::Partial => "partially_succeeded",
            Ending::Failed { .. } => "failed",
            Ending::NoGoal => "no_clear_goal",
        },
    );
    let above = f64::from(drawn.level) - 3.0;
    let pattern = random.choose(&PATTERNS.map(|(_, weight, change)| weight + change * above));
    choose("interaction_pattern", PATTERNS[pattern].0);
    choose("occupation", person.occupation);
    // What is made is software, whoever makes it, unless it is their own trade's.
    let code = matches!(drawn.work_mode, "building" | "fixing" | "testing" | "orchestrating" | "operating");
    let own_trade = person.occupation != "unclear" && random.happens(if code { 0.15 } else { 0.5 });
    choose("work_occupation", if own_trade { person.occupation } else { "15" });
    choose("task_subject", SUBJECTS[random.choose(&SUBJECTS.map(|(_, weights)| weights[person.class]))].0);
    choose("codebase", drawn.codebase.name());
    let expertise = if drawn.unclear { 0 } else { drawn.level };
    for (question, value) in [
        ("expertise", Value::Level(expertise)),
        ("success_signal", Value::Level(drawn.success_signal)),
        ("failure_signal", Value::Level(drawn.failure_signal)),
        ("planning_user_share", Value::Tenths(drawn.planning)),
        ("execution_user_share", Value::Tenths(drawn.execution)),
        ("value_usd", Value::Usd(drawn.value)),
    ] {
        labels.set(rubric, question, value, None);
    }
    let weights = INTENTS.map(|(_, calm, troubled)| if drawn.troubled { troubled } else { calm });
    labels.intents = (0..drawn.prompts).map(|_| INTENT_OPTIONS[random.choose(&weights)]).collect();
    if let Some(last) = labels.intents.last_mut().filter(|_| confirmed) {
        *last = *CONFIRMATION;
    }
    labels
}

/// The probability of each label, given the true level: wrong with probability `rate`, and then nine times of ten one
/// level off and else two, up and down alike where there is an up and a down.
///
/// ```
/// let [novice, ..] = metier_study::simulate::confusion(0.2);
/// assert_eq!(novice.map(|p| (p * 1000.0).round()), [800.0, 180.0, 20.0, 0.0, 0.0]);
/// ```
pub fn confusion(rate: f64) -> [[f64; 5]; 5] {
    let mut matrix = [[0.0; 5]; 5];
    for (truth, row) in matrix.iter_mut().enumerate() {
        row[truth] = 1.0 - rate;
        for (off, share) in [(1, 0.9), (2, 0.1)] {
            let down = truth.checked_sub(off);
            let up = Some(truth + off).filter(|up| *up < 5);
            let sides = down.iter().chain(&up).count() as f64;
            for side in down.into_iter().chain(up) {
                row[side] += rate * share / sides;
            }
        }
    }
    matrix
}

/// The level that the rater gives who errs. Unclear stays unclear.
pub(super) fn mistaken(drawn: &Drawn, rate: f64) -> u8 {
    if drawn.unclear {
        return 0;
    }
    if drawn.error[0] >= rate || !(1..=5).contains(&drawn.level) {
        return drawn.level;
    }
    let mut left = drawn.error[1] * rate;
    let row = confusion(rate)[usize::from(drawn.level - 1)];
    let wrong = |level: &u8| *level != drawn.level;
    let mut last = drawn.level;
    for level in (1..=5).filter(wrong).filter(|level| row[usize::from(level - 1)] > 0.0) {
        last = level;
        left -= row[usize::from(level - 1)];
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_an_option() {
        let option = |question: &str, name: &str| rubric().question(question).and_then(|it| it.option(name));
        use super::super::tables::{MODES, OCCUPATIONS};
        assert!(PATTERNS.iter().all(|(name, ..)| option("interaction_pattern", name).is_some()));
        assert!(SUBJECTS.iter().all(|(name, _)| option("task_subject", name).is_some()));
        assert!(MODES.iter().copied().flatten().all(|(name, _)| option("work_mode", name).is_some()));
        assert!(OCCUPATIONS.iter().all(|(name, _)| option("occupation", name).is_some()));
        assert!(INTENT_OPTIONS.iter().all(Option::is_some));
        assert!(CONFIRMATION.is_some());
    }

    #[test]
    fn rows_of_the_confusion_are_distributions() {
        for rate in [0.0, 0.2, 1.0] {
            for row in confusion(rate) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row:?}");
            }
        }
    }
}
