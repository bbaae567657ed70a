//! The table of rules: what has to be seen in somebody's sessions before something is suggested, and what. `docs/coach.md` has the
//! same table in words. A rule that is silent says nothing good or bad.

use super::compare::{Difference, Verdict};
use super::habits;
use super::numbers::{OWN, TROUBLED};
use super::suggest::Fired;
use super::trial::trial;
use super::{Found, Theme};
use crate::finding::Estimate;
use crate::judged::{WORK_MODES, work_modes};
use crate::published::{Source, figures};

/// A rule looks at no fewer sessions than this.
pub(super) const SESSIONS: u64 = 10;

/// A rule.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) theme: &'static str,
    /// Rules that need not be said where this one fires.
    pub(super) instead_of: &'static [&'static str],
    /// The condition.
    pub(super) fires: fn(&Found, &[Theme]) -> Option<Fired>,
    /// What the studies found, and which.
    pub(super) found: fn() -> (String, String),
    pub(super) source_key: &'static str,
    pub(super) try_next: &'static str,
}

pub(super) static RULES: [Rule; 11] = [
    Rule {
        name: "checks_fell",
        theme: "verification",
        instead_of: &["unchecked_edits"],
        fires: checks_fell,
        found: by_expertise,
        source_key: "expertise",
        try_next: "Look at one of the sessions named here and ask what you would have run a few months ago. Then put that command \
            into the project's instruction file (CLAUDE.md, AGENTS.md) as the check that ends every change.",
    },
    Rule {
        name: "unchecked_edits",
        theme: "verification",
        instead_of: &[],
        fires: unchecked_edits,
        found: by_expertise,
        source_key: "expertise",
        try_next: "Before the first edit, write down the check that decides whether it is done: a test, a command and its output, \
            a page to look at. Ask the agent to run it after its last edit and to show you the result.",
    },
    Rule {
        name: "thin_set_ups",
        theme: "set_ups",
        instead_of: &[],
        fires: thin_set_ups,
        found: by_expertise,
        source_key: "expertise",
        try_next: "Open with three lines: what should be different afterwards, what must stay as it is, and how you will see that \
            it is done. Where you cannot write one of them, make that your first question to the agent.",
    },
    Rule {
        name: "drifting_direction",
        theme: "corrections",
        instead_of: &[],
        fires: drifting_direction,
        found: by_expertise,
        source_key: "expertise",
        try_next: "When you correct the same kind of thing for the second time, put the sentence into the project's instruction \
            file, or into the first message next time. For larger work, have the agent say in three lines what it is going \
            to do before it does it.",
    },
    Rule {
        name: "planning_left",
        theme: "set_ups",
        instead_of: &[],
        fires: planning_left,
        found: division,
        source_key: "division_of_labour",
        try_next: "Ask for two ways to do it, with what each costs, and choose one yourself. Decide two things before the agent \
            starts: the approach, and what counts as done.",
    },
    Rule {
        name: "learning_by_handing_over",
        theme: "patterns",
        instead_of: &["mostly_delegation", "iterative_debugging"],
        fires: learning_by_handing_over,
        found: patterns_of_trial,
        source_key: "study.skill_formation.patterns",
        try_next: "In the next session on something new to you, ask two questions about how it works before you ask for code, and \
            write one small part yourself. Claude Code has output styles for this, \"Explanatory\" and \"Learning\" \
            (/config, output style); with other agents, ask for the reason with every change.",
    },
    Rule {
        name: "mostly_delegation",
        theme: "patterns",
        instead_of: &[],
        fires: mostly_delegation,
        found: means_of_trial,
        source_key: "study.skill_formation",
        try_next: "Keep handing over what you know well. For one task a week that you want to get better at, ask why before you \
            accept, or let the agent explain and write the code yourself: Claude Code's output style \"Learning\" (/config) \
            leaves parts for you.",
    },
    Rule {
        name: "iterative_debugging",
        theme: "patterns",
        instead_of: &[],
        fires: iterative_debugging,
        found: patterns_of_trial,
        source_key: "study.skill_formation.patterns",
        try_next: "Before you send the second error back, say what you think is wrong, or ask the agent for its two most likely \
            causes and one observation that would tell them apart. Then ask for the fix.",
    },
    Rule {
        name: "repeated_reports",
        theme: "trouble",
        instead_of: &[],
        fires: repeated_reports,
        found: troubled_by_expertise,
        source_key: "expertise",
        try_next: "When you report the same thing for the second time, stop asking for a fix. Ask for the smallest test or command \
            that shows the fault, run it, and only then go on; or start a fresh session with what you know by now.",
    },
    Rule {
        name: "troubled_work",
        theme: "trouble",
        instead_of: &[],
        fires: troubled_work,
        found: troubled_by_expertise,
        source_key: "expertise",
        try_next: "Take two of the sessions named here and find the message where it turned. Often something was missing that the \
            agent could not know: a version, a constraint, how to reproduce it. Put that into the first message of the \
            next session of this kind.",
    },
    Rule {
        name: "stays_stuck",
        theme: "trouble",
        instead_of: &[],
        fires: stays_stuck,
        found: troubled_by_expertise,
        source_key: "expertise",
        try_next: "Set a limit: after the second failure, interrupt, say what you saw and what you expected, and ask what the agent \
            assumes. If that does not help, start anew from the last state that worked, with those two sentences first.",
    },
];

/// Whether the whole interval is at or above this, over enough observations.
pub(super) fn at_least(estimate: &Estimate, floor: f64, fewest: u64) -> bool {
    estimate.n >= fewest && estimate.low.is_some_and(|low| low >= floor)
}

/// Whether the whole interval is at or below this.
pub(super) fn at_most(estimate: &Estimate, ceiling: f64, fewest: u64) -> bool {
    estimate.n >= fewest && estimate.high.is_some_and(|high| high <= ceiling)
}

/// A share as a whole percentage, never rounded to none or all.
pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 1.0 => "under 1 %".to_owned(),
        p if p < 100.0 && p > 99.0 => "over 99 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// "43 % (95 % interval 33 to 53 %)".
pub(super) fn said(estimate: &Estimate) -> String {
    let value = percent(estimate.value.unwrap_or(0.0));
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            format!("{value} (95 % interval {:.0} to {:.0} %)", 100.0 * low, 100.0 * high)
        }
        _ => value,
    }
}

/// "12 of 30".
pub(super) fn counted(estimate: &Estimate) -> String {
    format!("{} of {}", hits(estimate), estimate.n)
}

/// How many of a share's sessions have it.
fn hits(estimate: &Estimate) -> u64 {
    (estimate.value.unwrap_or(0.0) * estimate.n as f64).round() as u64
}

/// Which share of all sessions of the last months these are.
fn touched(found: &Found, estimate: &Estimate) -> f64 {
    hits(estimate) as f64 / found.sessions.max(1) as f64
}

fn level(name: &str, of: fn(&crate::published::Expertise) -> Option<f64>) -> f64 {
    figures().expertise.get(name).and_then(of).unwrap_or(0.0)
}

fn checks_fell(found: &Found, themes: &[Theme]) -> Option<Fired> {
    let lines = themes.iter().flat_map(|theme| &theme.lines);
    let line = lines.into_iter().find(|line| line.finding.is_none() && line.name == "unchecked")?;
    let (difference, earlier) = (line.difference?, line.earlier.as_ref()?);
    let fell = difference.verdict == Verdict::Higher && line.recent.n >= SESSIONS && earlier.n >= SESSIONS;
    fell.then(|| Fired {
        effect: difference.value.unwrap_or(0.0),
        touched: touched(found, &line.recent),
        title: "You used to check more".to_owned(),
        evidence: format!(
            "No test, build or linter was recognised in {} of the recent sessions that edited files, and in {} of the earlier \
             ones.",
            said(&line.recent),
            said(earlier)
        ),
        keys: vec![((OWN, "unchecked"), false)],
        shows: Fired::shows(habits::edits_unchecked),
    })
}

fn unchecked_edits(found: &Found, _: &[Theme]) -> Option<Fired> {
    let unchecked = found.recent.get((OWN, "unchecked"));
    at_least(unchecked, 0.25, SESSIONS).then(|| Fired {
        effect: level("expert", |it| it.verified_success) - level("novice", |it| it.verified_success),
        touched: touched(found, unchecked),
        title: "Decide on the check before the first edit".to_owned(),
        evidence: format!(
            "In {} sessions that edited files, {}, no test, build or linter was recognised.",
            counted(unchecked),
            said(unchecked)
        ),
        keys: vec![((OWN, "unchecked"), false)],
        shows: Fired::shows(habits::edits_unchecked),
    })
}

fn thin_set_ups(found: &Found, _: &[Theme]) -> Option<Fired> {
    let early = found.recent.get((OWN, "early"));
    at_least(early, 0.25, SESSIONS).then(|| Fired {
        effect: level("intermediate", |it| it.verified_success) - level("novice", |it| it.verified_success),
        touched: touched(found, early),
        title: "Say more before the agent starts".to_owned(),
        evidence: format!(
            "{} sessions, {}, were judged to show a novice's or a beginner's command of their task: little said about what \
             should come out, and how to tell.",
            counted(early),
            said(early)
        ),
        keys: vec![((OWN, "early"), false), (("expertise", "mean"), false)],
        shows: Fired::shows(habits::is_early),
    })
}

fn drifting_direction(found: &Found, _: &[Theme]) -> Option<Fired> {
    let corrects = found.recent.get((OWN, "corrects_twice"));
    at_least(corrects, 0.15, SESSIONS).then(|| Fired {
        effect: level("intermediate", |it| it.verified_success) - level("novice", |it| it.verified_success),
        touched: touched(found, corrects),
        title: "Say once what you now correct again and again".to_owned(),
        evidence: format!(
            "In {} sessions, {}, you corrected the agent's direction twice or more.",
            counted(corrects),
            said(corrects)
        ),
        keys: vec![((OWN, "corrects_twice"), false), (("pushback", "corrections"), false)],
        shows: Fired::shows(habits::corrects_twice),
    })
}

fn planning_left(found: &Found, _: &[Theme]) -> Option<Fired> {
    let planning = found.recent.get(("decisions", "planning"));
    let published = figures().division_of_labour.planning_user_share;
    at_most(planning, 0.5, SESSIONS).then(|| Fired {
        effect: published - planning.value.unwrap_or(published),
        touched: touched(found, found.recent.get((OWN, "agent_plans"))),
        title: "Take back a part of the planning".to_owned(),
        evidence: format!(
            "You made {} of the planning decisions, on average over {} sessions: what to do, which approach, what counts as \
             done.",
            said(planning),
            planning.n
        ),
        keys: vec![(("decisions", "planning"), false), ((OWN, "agent_plans"), false)],
        shows: Fired::shows(habits::agent_plans),
    })
}

fn learning_by_handing_over(found: &Found, _: &[Theme]) -> Option<Fired> {
    let share = found.recent.get((OWN, "early_handing_over"));
    at_least(share, 0.5, SESSIONS).then(|| Fired {
        effect: trial().gap(),
        touched: touched(found, share),
        title: "Where the task is new to you, ask before you hand over".to_owned(),
        evidence: format!(
            "Of {} sessions that were judged a novice's or a beginner's at their task, {} went by delegation, progressive \
             reliance or iterative debugging.",
            share.n,
            said(share)
        ),
        keys: vec![((OWN, "early_handing_over"), false), ((OWN, "early"), false)],
        shows: Fired::shows(|seen| Some(habits::learns_by_handing_over(seen) == Some(true))),
    })
}

fn mostly_delegation(found: &Found, _: &[Theme]) -> Option<Fired> {
    let share = found.recent.get(("patterns", "delegation"));
    at_least(share, 0.5, SESSIONS).then(|| Fired {
        effect: trial().quiz_mean_control - trial().quiz_mean_ai,
        touched: touched(found, share),
        title: "Hand over what you know, and keep some of what you want to learn".to_owned(),
        evidence: format!(
            "{} sessions, {}, were judged delegation: the whole task handed over.",
            counted(share),
            said(share)
        ),
        keys: vec![(("patterns", "delegation"), false), ((OWN, "mastery_kept"), false)],
        shows: Fired::shows(habits::delegates),
    })
}

fn iterative_debugging(found: &Found, _: &[Theme]) -> Option<Fired> {
    let share = found.recent.get(("patterns", "iterative_debugging"));
    at_least(share, 0.25, SESSIONS).then(|| Fired {
        effect: trial().gap(),
        touched: touched(found, share),
        title: "Say what you think is wrong before you send the error back".to_owned(),
        evidence: format!(
            "{} sessions, {}, were judged iterative debugging: errors and results sent back for the agent to fix.",
            counted(share),
            said(share)
        ),
        keys: vec![(("patterns", "iterative_debugging"), false)],
        shows: Fired::shows(habits::debugs_by_turns),
    })
}

fn repeated_reports(found: &Found, _: &[Theme]) -> Option<Fired> {
    let again = found.recent.get((OWN, "reports_again"));
    let (with, without) =
        (found.whole.get((OWN, "verified_again")), found.whole.get((OWN, "verified_otherwise")));
    let worse = Difference::of(without, with);
    let enough = with.n >= SESSIONS && without.n >= SESSIONS;
    (enough && worse.verdict == Verdict::Higher && at_least(again, 0.05, SESSIONS)).then(|| Fired {
        effect: worse.value.unwrap_or(0.0),
        touched: touched(found, again),
        title: "Change course at the second report of the same fault".to_owned(),
        evidence: format!(
            "In {} recent sessions, {}, you reported the same thing as still broken twice or more. Over all months such \
             sessions ended with verified success in {}, the others in {}.",
            counted(again),
            said(again),
            said(with),
            said(without)
        ),
        keys: vec![
            ((OWN, "reports_again"), false),
            ((OWN, "verified_again"), true),
            ((OWN, "verified_otherwise"), true),
        ],
        shows: Fired::shows(habits::reports_again),
    })
}

/// The kind of work in which the last months' sessions were in trouble most clearly more often than in all others.
fn troubled_work(found: &Found, _: &[Theme]) -> Option<Fired> {
    let all = TROUBLED.into_iter().zip(WORK_MODES).filter_map(|((name, _, others, _), (_, title, modes))| {
        let (inside, outside) = (found.recent.get((OWN, name)), found.recent.get((OWN, others)));
        let more = Difference::of(inside, outside);
        let clear = inside.n >= SESSIONS && outside.n >= SESSIONS && more.is_above_zero_of(TROUBLED.len());
        clear.then_some((more.value.unwrap_or(0.0), (name, others), title, modes))
    });
    let (effect, (name, others), title, modes) = all.max_by(|one, other| one.0.total_cmp(&other.0))?;
    let (inside, outside) = (found.recent.get((OWN, name)), found.recent.get((OWN, others)));
    let modes = work_modes(modes);
    Some(Fired {
        effect,
        touched: inside.n as f64 / found.sessions.max(1) as f64,
        title: format!("Look at what goes wrong in {title}"),
        evidence: format!(
            "{} sessions of {title}, {}, ran into trouble; of all other sessions it was {}.",
            counted(inside),
            said(inside),
            said(outside)
        ),
        keys: vec![((OWN, name), false), ((OWN, others), false)],
        shows: Box::new(move |seen| {
            Some(modes.contains(&seen.judged.work_mode?) && habits::is_troubled(seen)?)
        }),
    })
}

fn stays_stuck(found: &Found, _: &[Theme]) -> Option<Fired> {
    let (troubled, recovered) =
        (found.recent.get(("trouble", "troubled")), found.recent.get((OWN, "recovered")));
    let novice = level("novice", |it| it.verified_success_when_troubled);
    (at_least(troubled, 0.15, SESSIONS) && at_most(recovered, 0.5, SESSIONS)).then(|| Fired {
        effect: level("expert", |it| it.verified_success_when_troubled) - novice,
        touched: (recovered.n - hits(recovered)) as f64 / found.sessions.max(1) as f64,
        title: "Set a limit for sessions that are stuck".to_owned(),
        evidence: format!(
            "{} sessions, {}, ran into trouble. Of the {} with a clear goal among them, {} ended with verified success all \
             the same.",
            counted(troubled),
            said(troubled),
            recovered.n,
            said(recovered)
        ),
        keys: vec![(("trouble", "troubled"), false), ((OWN, "recovered"), false)],
        shows: Fired::shows(habits::stays_stuck),
    })
}

fn cited(source: &Source) -> String {
    format!("{} ({})", source.title, source.date)
}

fn by_expertise() -> (String, String) {
    let verified = |name| percent(level(name, |it| it.verified_success));
    let text = format!(
        "Verified success was found in {} of sessions that showed a novice's command of the task, {} of an intermediate's and {} \
         of an expert's. Command of a task is judged from how exactly it is set up, what is checked, and who corrects \
         whom. These go together; what causes what was not tested.",
        verified("novice"),
        verified("intermediate"),
        verified("expert")
    );
    (text, cited(&figures().study.agentic_coding))
}

fn troubled_by_expertise() -> (String, String) {
    let of = |name, what: fn(&crate::published::Expertise) -> Option<f64>| percent(level(name, what));
    let text = format!(
        "Of sessions in trouble, {} ended with verified success and {} were abandoned where the person showed a novice's command \
         of the task; {} and {} where it was an expert's.",
        of("novice", |it| it.verified_success_when_troubled),
        of("novice", |it| it.abandoned_when_troubled),
        of("expert", |it| it.verified_success_when_troubled),
        of("expert", |it| it.abandoned_when_troubled)
    );
    (text, cited(&figures().study.agentic_coding))
}

fn division() -> (String, String) {
    let division = &figures().division_of_labour;
    let text = format!(
        "People made {} of the planning decisions and {} of the execution decisions on average. It was not tested whether more \
         planning by the person makes sessions better.",
        percent(division.planning_user_share),
        percent(division.execution_user_share)
    );
    (text, cited(&figures().study.agentic_coding))
}

pub(super) fn patterns_of_trial() -> (String, String) {
    let trial = trial();
    let ((low, low_quiz), (high, high_quiz)) = (trial.low(), trial.high());
    let text = format!(
        "In a randomised trial with {} people, those who worked by delegation, progressive reliance or \
         iterative debugging ({low} people) scored {low_quiz} in the quiz afterwards; those who asked about concepts, asked for \
         explanations with the code, or worked to understand it afterwards ({high} people) scored {high_quiz}. People chose \
         their pattern themselves, so this part is no experiment.",
        trial.participants
    );
    (text, trial.cited())
}

fn means_of_trial() -> (String, String) {
    let trial = trial();
    let text = format!(
        "In a randomised trial with {} people, those who worked with an AI assistant scored {} in the quiz \
         afterwards, those without {}.",
        trial.participants,
        percent(trial.quiz_mean_ai),
        percent(trial.quiz_mean_control)
    );
    (text, trial.cited())
}
