//! What noisy counts say, as findings like those without noise. Sees no rows.

use metier_session::Agent;

use super::Error;
use super::estimate::{Counts, Level, Worth};
use super::noisy::{Noisy, NoisyQuestion};
use super::questions::{ACTIONS, LEVELS, LOG_ACTIONS, LOG_WORDS, MONTHS, PROMPTS, Question, VERIFIED, WORDS};
use crate::finding::{Estimate, Finding, Group, Population, Published, Unit};
use crate::judged::{WORK_MODES, option, work_modes};
use crate::model::Named;
use crate::published::figures;
use crate::settings::By;

macro_rules! noise {
    ($text:literal) => {
        concat!(
            $text,
            " Counts with noise (differential privacy), of at most so many sessions of each person as the release says, \
             those of unknown people as of one. Each interval is about the noise alone: it says where the number of these \
             very sessions lies, and not what other sessions would show."
        )
    };
}

/// What a question is called, what it measures and how its numbers are made.
struct Told {
    title: &'static str,
    definition: &'static str,
    numbers: fn(&Counts) -> Vec<Number>,
}

/// A number of a finding.
type Number = (Named, Estimate, Option<f64>);

/// What a release, or several added up, say. The population tells how many sessions there are by the noisy counts, and no people.
///
/// # Errors
/// If this is no release.
pub fn findings(noisy: &Noisy) -> Result<Vec<Finding>, Error> {
    noisy.check()?;
    noisy.questions.iter().map(finding).collect()
}

fn finding(noisy: &NoisyQuestion) -> Result<Finding, Error> {
    let question = noisy.question()?;
    let told = told(question);
    let counts = Counts::of(noisy, question.units);
    // Every part counts every session; the first is as good as another.
    let sessions = counts.sessions(0..question.first_part()) as usize;
    let beside = |value: f64| -> Published { figures().study.agentic_coding.figure(value, None) };
    let numbers = (told.numbers)(&counts).into_iter();
    let measures =
        numbers.map(|(named, made, published)| named.measure(made, published.map(beside))).collect();
    Ok(Finding {
        name: question.name,
        title: told.title,
        definition: told.definition,
        unit: "session",
        population: Population { sessions, people: 0, left_out: Vec::new() },
        by: By::Overall,
        groups: vec![Group {
            label: "all".to_owned(),
            n: Some(sessions),
            people: None,
            measures,
            tables: Vec::new(),
        }],
    })
}

fn told(question: &Question) -> Told {
    match question.name {
        "depth" => Told {
            title: "How much the agent does per prompt",
            definition: noise!(
                "Means over sessions of prompts, of actions per prompt and of words per prompt, each counted up to a bound: \
                 50 prompts, 100 actions, 20,000 words."
            ),
            numbers: depth,
        },
        "composition" => Told {
            title: "What kinds of work",
            definition: noise!(
                "Share of sessions by the kind of work that was judged to dominate, of sessions with such a label."
            ),
            numbers: composition,
        },
        "codebase" => Told {
            title: "What becomes of the code base",
            definition: noise!(
                "Share of sessions that were judged to change code that exists, to make new code, only to read, or to have \
                 no code base, of sessions with such a label."
            ),
            numbers: codebase,
        },
        "occupation" => Told {
            title: "Whose trade it is",
            definition: noise!(
                "Share of sessions by the person's occupation as judged. First the share in which it could be told at all; \
                 the others are of these."
            ),
            numbers: occupation,
        },
        "patterns" => Told {
            title: "How people work with the agent",
            definition: noise!("Share of sessions by the pattern of interaction that was judged."),
            numbers: patterns,
        },
        "expertise" => Told {
            title: "How expertise is spread",
            definition: noise!(
                "Of sessions whose expertise could be judged: the share at each level, 1 novice to 5 expert, and the mean. \
                 First the share in which it could be judged at all."
            ),
            numbers: expertise,
        },
        "returns" => Told {
            title: "What a level of expertise adds per prompt",
            definition: noise!(
                "Slopes of the logarithm of actions, and of the agent's words, per prompt of a session on the expertise \
                 judged in it, 1 to 5, without the controls that the published figures and the finding without noise have. \
                 Per prompt, 0.1 to 500 actions and 10 to 50,000 words; what is beyond counts as the bound, which makes \
                 slopes smaller. In log points: 0.1 is about 10 %."
            ),
            numbers: returns,
        },
        "outcome" => Told {
            title: "How sessions end",
            definition: noise!(
                "Share of sessions by their outcome as judged, of sessions with such a label."
            ),
            numbers: outcome,
        },
        "success" => Told {
            title: "How often sessions succeed, by expertise",
            definition: noise!(
                "Verified success: judged succeeded, with a success signal of at least 4. Shares of sessions with these \
                 labels, those without a clear goal left out; then the slope of a line through the levels, without controls."
            ),
            numbers: success,
        },
        "agent" => Told {
            title: "Which agents are used",
            definition: noise!("Share of sessions by agent."),
            numbers: agent,
        },
        _ => Told {
            title: "When sessions began",
            definition: noise!(
                "Share of sessions by the month of their first record, of all sessions; what is before 2025, after 2026 or \
                 without a time is other."
            ),
            numbers: month,
        },
    }
}

fn named(name: &'static str, title: &'static str, unit: Unit) -> Named {
    Named { name, title, unit, key: true }
}

/// The share of the wholes of some cells in those of all the first ones.
fn share(counts: &Counts, among: usize, cells: impl Fn(usize) -> bool) -> Estimate {
    let worth: Vec<Worth> = (0..among).map(|cell| (cell, f64::from(u8::from(cells(cell))))).collect();
    counts.mean(&worth)
}

/// The share of each option of a question of the rubric.
fn options(
    counts: &Counts,
    question: &str,
    among: usize,
    all: &[(&'static str, &'static str, Option<f64>)],
) -> Vec<Number> {
    let share = |(name, title, published): &(&'static str, &'static str, Option<f64>)| {
        let at = usize::from(option(question, name));
        (named(name, title, Unit::Share), share(counts, among, |cell| cell == at), *published)
    };
    all.iter().map(share).collect()
}

fn depth(counts: &Counts) -> Vec<Number> {
    let published = &figures().depth;
    let mean = |part: usize, most: f64| counts.mean(&[(3 * part, most), (3 * part + 1, 0.0)]);
    vec![
        (
            named("prompts_mean", "prompts per session, mean", Unit::Prompts),
            mean(0, PROMPTS),
            Some(published.prompts_per_session),
        ),
        (
            named("actions_mean", "actions per prompt, mean", Unit::Actions),
            mean(1, ACTIONS),
            Some(published.actions_per_prompt),
        ),
        (
            named("words_mean", "words per prompt, mean", Unit::Words),
            mean(2, WORDS),
            Some(published.words_per_prompt),
        ),
    ]
}

fn composition(counts: &Counts) -> Vec<Number> {
    let published = &figures().composition.work_mode;
    let group = |(name, title, kinds): (&'static str, &'static str, &[&str])| {
        let kinds = work_modes(kinds);
        let made = share(counts, 9, |cell| kinds.iter().any(|kind| usize::from(*kind) == cell));
        (named(name, title, Unit::Share), made, published.get(name).copied())
    };
    let mut all: Vec<Number> = WORK_MODES.into_iter().map(group).collect();
    let single = [
        ("planning", "planning", None),
        ("understanding", "understanding", None),
        ("analyzing", "analysing", None),
        ("communicating", "communicating", None),
        ("testing", "testing", None),
        ("orchestrating", "orchestrating", None),
    ];
    let single = options(counts, "work_mode", 9, &single).into_iter();
    all.extend(single.map(|(named, made, published)| (Named { key: false, ..named }, made, published)));
    all
}

fn codebase(counts: &Counts) -> Vec<Number> {
    let kinds = [
        ("modify", "code changed"),
        ("create", "new code"),
        ("explore", "only read"),
        ("none", "no code base"),
    ];
    let published = &figures().codebase;
    options(counts, "codebase", 4, &kinds.map(|(name, title)| (name, title, published.get(name).copied())))
}

macro_rules! groups {
    ($($code:literal $title:literal),*) => { [$(($code, concat!("group_", $code), $title)),*] };
}

const OCCUPATIONS: [(&str, &str, &str); 23] = groups!(
    "15" "computer and mathematical", "11" "management", "13" "business and finance", "17" "architecture and engineering",
    "19" "science", "21" "social service", "23" "legal", "25" "education", "27" "arts and media", "29" "healthcare",
    "31" "healthcare support", "33" "protective service", "35" "food", "37" "cleaning and maintenance", "39" "personal care",
    "41" "sales", "43" "office", "45" "farming and fishing", "47" "construction", "49" "repair", "51" "production",
    "53" "transport", "55" "military"
);

fn occupation(counts: &Counts) -> Vec<Number> {
    let place = |code: &str| usize::from(option("occupation", code));
    let unclear = place("unclear");
    let told = share(counts, 24, |cell| cell != unclear);
    let published = Some(figures().occupation.inferred_share);
    let mut all = vec![(named("told", "occupation can be told", Unit::Share), told, published)];
    for (code, name, title) in OCCUPATIONS {
        let at = place(code);
        let cells = (0..24).filter(|cell| *cell != unclear);
        let worth: Vec<Worth> = cells.map(|cell| (cell, f64::from(u8::from(cell == at)))).collect();
        let named = Named { key: code == "15", ..named(name, title, Unit::Share) };
        all.push((named, counts.mean(&worth), None));
    }
    all
}

fn patterns(counts: &Counts) -> Vec<Number> {
    let all = [
        ("delegation", "delegation", None),
        ("progressive_reliance", "progressive reliance", None),
        ("iterative_debugging", "iterative debugging", None),
        ("generation_then_comprehension", "generation, then comprehension", None),
        ("hybrid_code_explanation", "code and explanation", None),
        ("conceptual_inquiry", "conceptual inquiry", None),
        ("directed", "directed", None),
    ];
    options(counts, "interaction_pattern", 7, &all)
}

const EXPERTISE: [(&str, &str); LEVELS] = [
    ("novice", "novice (1)"),
    ("beginner", "beginner (2)"),
    ("intermediate", "intermediate (3)"),
    ("advanced", "advanced (4)"),
    ("expert", "expert (5)"),
];

fn expertise(counts: &Counts) -> Vec<Number> {
    let told = share(counts, LEVELS + 1, |cell| cell < LEVELS);
    let mut all = vec![(named("told", "expertise can be told", Unit::Share), told, None)];
    for (at, (name, title)) in EXPERTISE.into_iter().enumerate() {
        all.push((named(name, title, Unit::Share), share(counts, LEVELS, |cell| cell == at), None));
    }
    let levels: Vec<Worth> = (0..LEVELS).map(|cell| (cell, cell as f64 + 1.0)).collect();
    all.push((named("mean", "mean level", Unit::Plain), counts.mean(&levels), None));
    all
}

fn returns(counts: &Counts) -> Vec<Number> {
    let published = &figures().regression;
    let slope = |part: usize, bounds| {
        let first = part * (2 * LEVELS + 1);
        let levels: Vec<Level> =
            (0..LEVELS).map(|at| (at as f64 + 1.0, first + 2 * at, first + 2 * at + 1)).collect();
        counts.slope(&levels, bounds)
    };
    vec![
        (
            named("actions", "actions per prompt, a level", Unit::LogPoints),
            slope(0, LOG_ACTIONS),
            Some(published.actions_per_expertise_level),
        ),
        (
            named("words", "words per prompt, a level", Unit::LogPoints),
            slope(1, LOG_WORDS),
            Some(published.words_per_expertise_level),
        ),
    ]
}

fn outcome(counts: &Counts) -> Vec<Number> {
    let all = [
        ("succeeded", "succeeded", None),
        ("partially_succeeded", "succeeded in part", None),
        ("failed", "failed", None),
        ("no_clear_goal", "no clear goal", None),
    ];
    options(counts, "outcome", 4, &all)
}

const SUCCESS: [(&str, &str, &str); LEVELS] = [
    ("novice", "verified_novice", "verified success, novice"),
    ("beginner", "verified_beginner", "verified success, beginner"),
    ("intermediate", "verified_intermediate", "verified success, intermediate"),
    ("advanced", "verified_advanced", "verified success, advanced"),
    ("expert", "verified_expert", "verified success, expert"),
];

fn success(counts: &Counts) -> Vec<Number> {
    let verified = |levels: std::ops::Range<usize>| {
        let worth: Vec<Worth> =
            levels.flat_map(|level| [(level * VERIFIED, 1.0), (level * VERIFIED + 1, 0.0)]).collect();
        counts.mean(&worth)
    };
    let mut all = vec![(named("verified", "verified success", Unit::Share), verified(0..LEVELS + 1), None)];
    for (at, (level, name, title)) in SUCCESS.into_iter().enumerate() {
        let published = figures().expertise.get(level).and_then(|figures| figures.verified_success);
        all.push((named(name, title, Unit::Share), verified(at..at + 1), published));
    }
    let levels: Vec<Level> =
        (0..LEVELS).map(|at| (at as f64 + 1.0, at * VERIFIED, at * VERIFIED + 1)).collect();
    let slope = counts.slope(&levels, [0.0, 1.0]);
    all.push((named("verified_a_level", "verified success, a level", Unit::Points), slope, None));
    all
}

fn agent(counts: &Counts) -> Vec<Number> {
    let share = |(at, agent): (usize, &Agent)| {
        let made = share(counts, Agent::ALL.len() + 1, |cell| cell == at);
        (named(agent.name(), agent.name(), Unit::Share), made, None)
    };
    Agent::ALL.iter().enumerate().map(share).collect()
}

const MONTH: [&str; MONTHS + 1] = [
    "2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07", "2025-08", "2025-09",
    "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06",
    "2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12", "other",
];

fn month(counts: &Counts) -> Vec<Number> {
    let share = |(at, name): (usize, &'static str)| {
        (named(name, name, Unit::Share), share(counts, MONTHS + 1, |cell| cell == at), None)
    };
    MONTH.into_iter().enumerate().map(share).collect()
}
