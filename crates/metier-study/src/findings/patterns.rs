//! How people work with agents, and what goes with it.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::option;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "patterns",
    title: "How people work with the agent",
    definition: "Share of sessions by the pattern of interaction that was judged: the six of the trial of skill formation, and \
        *directed*. With each, the share of verified success and the mean expertise judged. The trial found mastery kept \
        by the last three of the six and lost by the first three; sessions do not show mastery. What goes together here \
        is no cause.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

macro_rules! names {
    ($($name:literal $title:literal),*) => {
        [$((
            $name,
            $title,
            (concat!($name, "_verified"), concat!($title, ", verified success")),
            (concat!($name, "_expertise"), concat!($title, ", mean expertise")),
        )),*]
    };
}

type Names = (&'static str, &'static str, (&'static str, &'static str), (&'static str, &'static str));

const NAMES: [Names; 7] = names!(
    "delegation" "delegation",
    "progressive_reliance" "progressive reliance",
    "iterative_debugging" "iterative debugging",
    "generation_then_comprehension" "generation, then comprehension",
    "hybrid_code_explanation" "code and explanation",
    "conceptual_inquiry" "conceptual inquiry",
    "directed" "directed"
);

fn series(cohort: &Cohort) -> Vec<Series> {
    let mut shares = Vec::new();
    let mut beside = Vec::new();
    for (name, title, (verified, verified_title), (expertise, expertise_title)) in NAMES {
        let pattern = option("interaction_pattern", name);
        shares.push(
            Series::judged(cohort, |session| Some(session.judged.pattern? == pattern))
                .ask(name, title, Unit::Share, Statistic::Share)
                .key(),
        );
        beside.push(
            Series::judged(cohort, |session| {
                (session.judged.pattern? == pattern).then_some(session.judged.derived.verified_success?)
            })
            .ask(verified, verified_title, Unit::Share, Statistic::Share),
        );
        beside.push(
            Series::ratio("sessions", cohort, |session| {
                (session.judged.pattern? == pattern).then_some((f64::from(session.judged.expertise?), 1.0))
            })
            .ask(expertise, expertise_title, Unit::Plain, Statistic::Mean),
        );
    }
    shares.extend(beside);
    shares
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, level, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, pattern: &str, expertise| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            choose(&mut row, "interaction_pattern", pattern);
            level(&mut row, "expertise", expertise);
            row
        };
        let finding = study(
            &STUDY,
            &[
                session(1, "directed", 5),
                session(2, "directed", 4),
                session(3, "delegation", 2),
                session(4, "directed", 0),
            ],
        );
        assert_eq!(value(&finding, "directed"), Some(0.75));
        assert_eq!(value(&finding, "directed_expertise"), Some(4.5));
        assert_eq!(value(&finding, "directed_verified"), None);
    }
}
