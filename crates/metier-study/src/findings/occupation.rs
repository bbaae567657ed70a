//! Whose trade it is, and whether that goes with success.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Fitted, How, Study, trend};
use crate::finding::{Estimate, Unit, Why};
use crate::judged::option;
use crate::model::{Named, distinct};
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const SHARES: Study = Study {
    name: "occupation",
    title: "Whose trade it is",
    definition: "Share of sessions by the person's occupation as judged: the major groups of the Standard Occupational \
        Classification. First the share in which it could be told at all; the others are of these. Coding is no evidence \
        of a coding profession.",
    unit: "session",
    summarised: false,
    how: How::Observed(shares),
};

pub(super) const SUCCESS: Study = Study {
    name: "occupation_success",
    title: "Success by trade",
    definition: "Verified success of people whose occupation was judged to be of software (group 15) and of others, of all \
        sessions and of those that added lines, and of each group with at least one session. Sessions without a clear goal \
        or with an unclear occupation are not in it.",
    unit: "session",
    summarised: false,
    how: How::Observed(success),
};

pub(super) const GROWTH: Study = Study {
    name: "occupation_growth",
    title: "Which trades grow",
    definition: "The difference in the share of sessions of each occupation between the last month and the first (of months with \
        at least 20 sessions), of sessions whose occupation could be told. Published: management, sales and legal grow fastest, without figures.",
    unit: "session",
    summarised: false,
    how: How::Fitted(growth),
};

macro_rules! groups {
    ($($code:literal $name:literal),*) => {
        [$(($code, concat!("group_", $code), $name, (concat!("verified_", $code), concat!("verified success, ", $name)))),*]
    };
}

type Group = (&'static str, &'static str, &'static str, (&'static str, &'static str));

const GROUPS: [Group; 23] = groups!(
    "15" "computer and mathematical", "11" "management", "13" "business and finance", "17" "architecture and engineering",
    "19" "science", "21" "social service", "23" "legal", "25" "education", "27" "arts and media", "29" "healthcare",
    "31" "healthcare support", "33" "protective service", "35" "food", "37" "cleaning and maintenance", "39" "personal care",
    "41" "sales", "43" "office", "45" "farming and fishing", "47" "construction", "49" "repair", "51" "production",
    "53" "transport", "55" "military"
);

fn shares(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let unclear = option("occupation", "unclear");
    let inferred = figures.study.agentic_coding.figure(figures.occupation.inferred_share, None);
    let mut all = vec![
        Series::judged(cohort, |session| Some(session.judged.occupation? != unclear))
            .ask("told", "occupation can be told", Unit::Share, Statistic::Share)
            .key()
            .beside(Some(inferred)),
    ];
    for (code, name, title, _) in GROUPS {
        let group = option("occupation", code);
        let series = Series::judged(cohort, |session| {
            let occupation = session.judged.occupation?;
            (occupation != unclear).then_some(occupation == group)
        })
        .ask(name, title, Unit::Share, Statistic::Share);
        all.push(if code == "15" { series.key() } else { series });
    }
    all
}

fn success(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let occupation = &figures.occupation;
    let share =
        |name, title, software: bool, code_only: bool, so: fn(&Selected) -> Option<bool>, published: f64| {
            Series::judged(cohort, move |session| {
                let here = session.judged.derived.software_occupation? == software
                    && (!code_only || session.judged.derived.wrote_code?);
                here.then(|| so(session)).flatten()
            })
            .ask(name, title, Unit::Share, Statistic::Share)
            .key()
            .beside(Some(figures.study.agentic_coding.figure(published, None)))
        };
    let verified: fn(&Selected) -> Option<bool> = |it| it.judged.derived.verified_success;
    let partial: fn(&Selected) -> Option<bool> = |it| it.judged.derived.at_least_partial;
    let mut all = vec![
        share(
            "verified_software",
            "verified, software",
            true,
            false,
            verified,
            occupation.verified_success_software,
        ),
        share("verified_other", "verified, other", false, false, verified, occupation.verified_success_other),
        share(
            "verified_software_code",
            "verified, software, code written",
            true,
            true,
            verified,
            occupation.code_sessions_verified_success_software,
        ),
        share(
            "verified_other_code",
            "verified, other, code written",
            false,
            true,
            verified,
            occupation.code_sessions_verified_success_other,
        ),
        share(
            "partial_software_code",
            "at least partial, software, code written",
            true,
            true,
            partial,
            occupation.code_sessions_at_least_partial_software,
        ),
        share(
            "partial_other_code",
            "at least partial, other, code written",
            false,
            true,
            partial,
            occupation.code_sessions_at_least_partial_other,
        ),
    ];
    for (code, _, _, (name, title)) in GROUPS {
        let group = option("occupation", code);
        all.push(
            Series::judged(cohort, |session| {
                (session.judged.occupation? == group).then_some(session.judged.derived.verified_success?)
            })
            .ask(name, title, Unit::Share, Statistic::Share),
        );
    }
    all
}

fn growth(cohort: &Cohort) -> Fitted {
    let unclear = option("occupation", "unclear");
    let last = trend::last(cohort);
    let change = |(code, name, title, _): Group| {
        let group = option("occupation", code);
        let named = Named { name, title, unit: Unit::Points, key: ["11", "15", "23", "41"].contains(&code) };
        trend::difference(named, cohort, &last, None, |session| {
            let occupation = session.judged.occupation?;
            (occupation != unclear).then_some(f64::from(u8::from(occupation == group)))
        })
    };
    Fitted { measures: GROUPS.into_iter().map(change).collect(), tables: Vec::new() }
}

/// How far the ten largest groups lie apart in verified success, software among them.
fn spread(cohort: &Cohort) -> Fitted {
    let unclear = option("occupation", "unclear");
    let mut groups: BTreeMap<u8, (Vec<u32>, u32)> = BTreeMap::new();
    for (session, person) in cohort.sessions.iter().zip(&cohort.person) {
        let known = session.judged.occupation.zip(session.judged.derived.verified_success);
        if let Some((occupation, verified)) = known.filter(|(occupation, _)| *occupation != unclear) {
            let (people, yes) = groups.entry(occupation).or_default();
            people.push(*person);
            *yes += u32::from(verified);
        }
    }
    let mut largest: Vec<(Vec<u32>, u32)> =
        groups.into_values().filter(|(people, _)| people.len() >= FEWEST_OF_GROUP).collect();
    largest.sort_by_key(|(people, _)| Reverse(people.len()));
    largest.truncate(LARGEST);
    let shares = || largest.iter().map(|(people, yes)| f64::from(*yes) / people.len() as f64);
    let all: Vec<u32> = largest.iter().flat_map(|(people, _)| people.iter().copied()).collect();
    let (sessions, people) = (all.len(), distinct(&all));
    let figures = figures();
    let published = figures.study.agentic_coding.figure(figures.occupation.spread_of_ten_largest, None);
    let published = Some(published).filter(|_| largest.len() == LARGEST);
    let apart = if largest.len() < 2 {
        SPREAD.missing(Why::NoVariation, published)
    } else {
        let (low, high) = shares().fold((1.0_f64, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
        SPREAD.measure(Estimate::exact(high - low, sessions, people), published)
    };
    let compared = match largest.len() {
        0 => COMPARED.missing(Why::NoVariation, None),
        count => COMPARED.measure(Estimate::exact(count as f64, sessions, people), None),
    };
    Fitted { measures: vec![apart, compared], tables: Vec::new() }
}

/// The groups whose spread was published.
const LARGEST: usize = 10;
/// Smaller groups spread by chance alone.
const FEWEST_OF_GROUP: usize = 30;

const SPREAD: Named =
    Named { name: "spread_of_ten_largest", title: "best less worst", unit: Unit::Points, key: true };
const COMPARED: Named = Named { name: "compared", title: "trades compared", unit: Unit::Plain, key: true };

pub(super) const APART: Study = Study {
    name: "occupation_spread",
    title: "How far trades lie apart in success",
    definition: "Verified success of the best less that of the worst of the ten occupations with the most sessions, of those \
        with at least 30; the published figure stands beside where there are ten. It grows with chance: ten equal groups of 100 sessions lie 14 points apart on average. So it has \
        no interval; see occupation_success for those of the groups.",
    unit: "session",
    summarised: false,
    how: How::Fitted(spread),
};

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, level, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, occupation: &str, signal, lines| {
            let mut row = row(id, id, Facts { prompts: 1, lines_added: Some(lines), ..facts() });
            choose(&mut row, "occupation", occupation);
            choose(&mut row, "outcome", "succeeded");
            level(&mut row, "success_signal", signal);
            row
        };
        let rows = [
            session(1, "15", 5, 3),
            session(2, "15", 2, 0),
            session(3, "23", 4, 0),
            session(4, "unclear", 5, 0),
        ];
        let finding = study(&SHARES, &rows);
        assert_eq!(value(&finding, "told"), Some(0.75));
        assert_eq!(value(&finding, "group_23").map(|share| (share * 3.0).round()), Some(1.0));
        let finding = study(&SUCCESS, &rows);
        assert_eq!(value(&finding, "verified_software"), Some(0.5));
        assert_eq!(value(&finding, "verified_software_code"), Some(1.0));
        assert_eq!(
            (value(&finding, "verified_other"), value(&finding, "verified_23")),
            (Some(1.0), Some(1.0))
        );
        assert_eq!(value(&finding, "verified_11"), None);
    }
}
