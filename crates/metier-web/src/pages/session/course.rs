//! The course of a session as HTML: turns, and in each what was said and done. Every text is the transcript's: escaped, never run.

use std::collections::BTreeSet;

use maud::{Markup, html};
use metier_label::timeline::{
    Action, Answer, Checks, Counts, Course, Cut, Ended, Event, Timeline, Turn, What,
};
use metier_session::measure::Check;
use metier_session::{Place, Time};

use super::anchor;

/// Text longer than this is folded.
const FOLDED: usize = 1_200;

/// What was given of the ids on the page: a record can hold several events, and an id stands once.
type Given = BTreeSet<Place>;

/// All turns. With a timeline messages say what they were for, which raters must not see.
pub(in crate::pages) fn course(course: &Course, labelled: Option<&Timeline>) -> Markup {
    let mut given = Given::new();
    html! {
        ol.timeline {
            @for (number, turn) in (1_usize..).zip(&course.turns) { (one(number, turn, labelled, &mut given)) }
        }
        @if course.left_out.events > 0 || course.left_out.turns > 0 {
            div.note { p {
                "This session is long: " (course.left_out.turns) " turns and " (course.left_out.events) " events are only counted here. "
                code { "metier show" } " prints all of it."
            } }
        }
    }
}

fn id(place: Place, given: &mut Given) -> Option<String> {
    given.insert(place).then(|| anchor(place))
}

fn clock(time: Option<Time>) -> Option<String> {
    time.map(|time| time.to_string()[11..16].to_owned())
}

fn text(class: &str, cut: &Cut) -> Markup {
    let rest = |cut: &Cut| (cut.left_out > 0).then(|| format!("… {} more characters", cut.left_out));
    let long = cut.text.chars().count() > FOLDED;
    html! {
        @if long {
            details {
                summary { bdi { (cut.text.chars().take(140).collect::<String>().replace('\n', " ")) } " …" }
                div class=(class) dir="auto" { (cut.text) @if let Some(rest) = rest(cut) { span.soft { (rest) } } }
            }
        } @else {
            div class=(class) dir="auto" { (cut.text) @if let Some(rest) = rest(cut) { span.soft { (rest) } } }
        }
    }
}

fn one(number: usize, turn: &Turn, labelled: Option<&Timeline>, given: &mut Given) -> Markup {
    html! {
        li.turn {
            @if let Some(prompt) = &turn.prompt {
                p.sub id=[id(prompt.at, given)] {
                    strong { "Turn " (number) }
                    @if let Some(time) = clock(prompt.time) { " · " (time) }
                    " · " (prompt.kind.name())
                    @if prompt.images > 0 { " · " (prompt.images) " pictures" }
                    @if let Some(permission) = prompt.permission { " · may act: " (permission.name()) }
                    (intent(prompt.message, labelled))
                }
                (text("prompt", &prompt.text))
            } @else {
                p.sub { strong { "Before the first prompt" } }
            }
            @for event in &turn.events { (happened(event, labelled, given)) }
            (counts(turn))
        }
    }
}

fn intent(message: Option<u32>, labelled: Option<&Timeline>) -> Markup {
    let known = message
        .zip(labelled)
        .and_then(|(message, timeline)| Some((timeline.intent(message)?, timeline.pushes_back(message))));
    html! {
        @if let Some((intent, back)) = known { " " span.chip.warn[back] { (intent.replace('_', " ")) } }
    }
}

fn happened(event: &Event, labelled: Option<&Timeline>, given: &mut Given) -> Markup {
    let id = id(event.at, given);
    let line = |kind: &str, class: &str, what: Markup| {
        html! { div class={ "event " (class) } id=[&id] { div.kind { (kind) } div { (what) } } }
    };
    match &event.what {
        What::Said(said) => line("agent", "", text("said", said)),
        What::Message(message) => {
            let kind = if message.refusing { "refusing" } else { "meanwhile" };
            line(kind, "", html! { (text("prompt", &message.text)) (intent(message.message, labelled)) })
        }
        What::Action(action) => done(action, id, given),
        What::Answer(answer) => line("an answer", "", html! { (answered(answer, given)) }),
        What::Subagents(subagents) => line(
            "subagents",
            "",
            html! { (subagents.agents) " worked: " (subagents.counts.actions) " actions" },
        ),
        What::Interruption => line("stopped", "bad", html! { "The person stopped the agent." }),
        What::Compaction => line("compacted", "", html! { "The context was made shorter." }),
        What::ServiceError => line("service", "bad", html! { "The service failed." }),
        What::PullRequest(address) => line("pull request", "good", html! { code { (address.text) } }),
    }
}

/// How an action went, for its colour.
fn class(action: &Action) -> &'static str {
    let all = || action.answers.iter();
    let proves = |answer: &Answer| {
        answer.proof.commits > 0
            || answer.proof.pull_request.is_some()
            || answer.proof.checks.iter().any(|(_, passed)| *passed == Some(true))
    };
    if all().any(|answer| matches!(answer.end, Ended::Failed | Ended::Rejected | Ended::Interrupted))
        || all().flat_map(|answer| &answer.proof.checks).any(|(_, passed)| *passed == Some(false))
    {
        "bad"
    } else if all().any(proves) {
        "good"
    } else {
        ""
    }
}

fn done(action: &Action, id: Option<String>, given: &mut Given) -> Markup {
    html! {
        div class={ "event " (class(action)) } id=[id] {
            div.kind { (action.kind.name()) }
            div {
                span.soft { bdi { (action.tool) } " " }
                code { bdi { (action.input.text) } @if action.input.left_out > 0 { "…" } }
                @for answer in &action.answers { (answered(answer, given)) }
                @if let Some(subagents) = &action.subagents {
                    div.soft { (subagents.agents) " subagents: " (subagents.counts.actions) " actions" }
                }
                @if action.answers.is_empty() && action.subagents.is_none() { div.soft { "no answer is recorded" } }
            }
        }
    }
}

fn answered(answer: &Answer, given: &mut Given) -> Markup {
    let end = match answer.end {
        Ended::Done => None,
        Ended::Failed => Some("failed"),
        Ended::Rejected => Some("refused by the person"),
        Ended::Interrupted => Some("stopped by the person"),
        Ended::Started => Some("goes on in the background"),
    };
    let check = |check: Check| match check {
        Check::Test => "tests",
        Check::Build => "build",
        Check::Lint => "lint",
    };
    html! {
        div id=[id(answer.at, given)] {
            @if let Some(end) = end { span.chip.warn { (end) @if let Some(code) = answer.exit_code { " (" (code) ")" } } " " }
            @for (kind, passed) in &answer.proof.checks {
                @match passed {
                    Some(true) => span.chip.good { (check(*kind)) " passed" },
                    Some(false) => span.chip.warn { (check(*kind)) " failed" },
                    None => span.chip { (check(*kind)) " ran" },
                }
                " "
            }
            @if answer.proof.commits > 0 { span.chip.good { "commit" } " " }
            @if answer.proof.pushed { span.chip.good { "push" } " " }
            @if answer.proof.pull_request.is_some() { span.chip.good { "pull request" } " " }
            @if answer.decision { span.chip { "the person decided" } " " }
            @if answer.user_modified { span.chip { "changed by the person" } " " }
            @for change in &answer.changes {
                span.soft { bdi { (change.path.text) } " +" (change.added) " −" (change.removed) " " }
            }
            @if answer.more_changes > 0 { span.soft { "and " (answer.more_changes) " more files" } }
            @if !answer.output.text.trim().is_empty() {
                details {
                    summary.soft { "output" }
                    pre { (answer.output.text) @if answer.output.left_out > 0 { "… " (answer.output.left_out) " more characters" } }
                }
            }
        }
    }
}

fn counts(turn: &Turn) -> Markup {
    let Counts { actions, failed, lines_added, lines_removed, tests, commits, .. } = turn.counts;
    let Checks { runs, passed, .. } = tests;
    html! {
        @if actions > 0 {
            p.sub {
                (actions) (if actions == 1 { " action" } else { " actions" })
                @if failed > 0 { ", " (failed) " failed" }
                @if lines_added + lines_removed > 0 { ", +" (lines_added) " −" (lines_removed) " lines" }
                @if runs > 0 { ", tests ran " (runs) " times, " (passed) " passed" }
                @if commits > 0 { ", " (commits) (if commits == 1 { " commit" } else { " commits" }) }
                @if let Some(ms) = turn.ms { ", " (minutes(ms)) }
                @if turn.left_out.events > 0 { "; " (turn.left_out.events) " events are only counted" }
            }
        }
    }
}

fn minutes(ms: u64) -> String {
    match ms / 1000 {
        0..=99 => format!("{} s", ms / 1000),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
