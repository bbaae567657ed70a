//! Who lets the agent do everything without asking.

use metier_session::Permission;

use super::{How, Study};
use crate::finding::Unit;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

const SESSIONS: &str =
    "The study counts sessions, not prompts: 20 % of new users' sessions, 40 % at 750 sessions.";

/// By earlier sessions: the fewest of each class, its name, its title, and whether short tables show it.
const CLASSES: [(usize, &str, &str, bool); 7] = [
    (0, "full_first_session", "auto-approved, first session", true),
    (1, "full_after_1", "auto-approved, after 1–4 sessions", false),
    (5, "full_after_5", "auto-approved, after 5–19 sessions", false),
    (20, "full_after_20", "auto-approved, after 20–49 sessions", true),
    (50, "full_after_50", "auto-approved, after 50–199 sessions", false),
    (200, "full_after_200", "auto-approved, after 200–749 sessions", false),
    (750, "full_after_750", "auto-approved, after 750 or more", true),
];

pub(super) const STUDY: Study = Study {
    name: "auto_approve",
    title: "How much is approved beforehand",
    definition: "Auto-approved: the share of prompts sent while the agent could do everything without asking, among prompts whose \
        permission the transcript records; then the same by how many sessions of the same person, of those that \
        count here, began before. A store that does not hold a person's first sessions takes later ones for them.",
    unit: "prompt",
    summarised: true,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let all = Series::ratio("prompts", cohort, full)
        .ask("full", "auto-approved, all prompts", Unit::Share, Statistic::Share)
        .key();
    let autonomy = &figures().autonomy;
    let mut series = vec![all];
    for (at, (fewest, name, title, key)) in CLASSES.into_iter().enumerate() {
        let next = CLASSES.get(at + 1).map_or(usize::MAX, |next| next.0);
        let published = match fewest {
            0 => Some(autonomy.full_auto_approve_new_users),
            750 => Some(autonomy.full_auto_approve_at_750_sessions),
            _ => None,
        };
        let class = |session: &Selected| {
            session.earlier.filter(|earlier| (fewest..next).contains(earlier)).and_then(|_| full(session))
        };
        let asked = Series::ratio("prompts", cohort, class)
            .ask(name, title, Unit::Share, Statistic::Share)
            .beside(published.map(|value| figures().study.autonomy.figure(value, Some(SESSIONS))));
        series.push(if key { asked.key() } else { asked });
    }
    series
}

/// The prompts of a session with all approved beforehand, of those whose permission is recorded.
fn full(session: &Selected) -> Option<(f64, f64)> {
    let turns = session.facts.turns.iter().filter(|turn| turn.prompt.is_some());
    let (mut full, mut recorded) = (0, 0);
    for permission in turns.filter_map(|turn| turn.permission) {
        recorded += 1;
        full += u32::from(permission == Permission::Full);
    }
    (recorded > 0).then(|| (f64::from(full), f64::from(recorded)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, facts, row, study, turn, value};
    use metier_session::{Facts, Time};

    #[test]
    fn by_hand() {
        let session = |id, person, first, permissions: &[Option<Permission>]| {
            let turns = permissions.iter().map(|permission| turn(1, 1.0, *permission)).collect();
            row(id, person, Facts { prompts: 1, first, turns, ..facts() })
        };
        let (ask, full) = (Some(Permission::Ask), Some(Permission::Full));
        let rows = [
            session(1, 1, Some(Time(2)), &[full, full, ask, None]),
            session(2, 1, Some(Time(1)), &[ask]),
            session(3, 2, Some(Time(3)), &[full]),
            session(4, 2, Some(Time(4)), &[None]),
            session(5, 2, None, &[full]),
        ];
        let finding = study(&STUDY, &rows);
        // The unrecorded prompts are in no denominator: 4 of 6.
        assert_eq!(value(&finding, "full"), Some(0.666666666667));
        assert_eq!(estimate(&finding, "full").n, 6);
        assert_eq!(estimate(&finding, "full").sessions, 4);
        // First sessions: 2 (ask) and 3 (full); then 1 (2 of 3), while 4 records nothing; 5 has no time.
        assert_eq!(value(&finding, "full_first_session"), Some(0.5));
        assert_eq!(value(&finding, "full_after_1"), Some(0.666666666667));
        assert_eq!(estimate(&finding, "full_after_1").n, 3);
        assert_eq!(value(&finding, "full_after_5"), None, "missing, not zero");
    }
}
