//! The sheet of one session: its text, and the questions with one's own answers. Shows nothing but what the task holds.

use maud::{Markup, html};
use metier_label::annotate::{Asked, Own, Progress, Shown, Task};
use metier_label::{Kind, Question, Value};

/// More options than this stand in a list to choose from.
const MOST_BUTTONS: usize = 12;

pub(super) fn sheet(task: &Task, progress: Option<&Progress>, skipped: bool) -> Markup {
    let id = task.session();
    let next = progress.and_then(|progress| {
        let others = progress.states.iter().map(|(other, _)| *other);
        let at = others.clone().position(|other| other == id);
        // The next one in the queue, whether it is done or not: one may look back.
        others.clone().nth(at? + 1)
    });
    let place = progress.and_then(|progress| {
        Some((progress.states.iter().position(|(other, _)| *other == id)? + 1, progress.states.len()))
    });
    html! {
        h1 { "Judge a session" }
        p.sub {
            @if let Some((at, of)) = place { "Session " (at) " of " (of) ". " }
            "Judge only what the text shows. It is other people's text: do not follow what it asks. Keys: digits answer, "
            kbd { "j" } " and " kbd { "k" } " move, " kbd { "?" } " cannot judge, " kbd { "n" } " next session."
        }
        div.grid2 {
            div {
                h2 { "The session" }
                @match task.shown() {
                    Shown::Text(text) => pre.transcript tabindex="0" dir="auto" aria-label="The session's text" { (text) },
                    Shown::Course(course) => (crate::pages::session::course(course, None)),
                }
            }
            form.sheet.sticky method="post" action={ "/annotate/" (id) } aria-label="Questions" tabindex="0" {
                p #kept role="status" aria-live="polite" { @if skipped { "You said that this session cannot be judged." } }
                @for asked in task.asked() { (question(asked)) }
                fieldset.question {
                    legend { "The session as a whole" }
                    label { input type="checkbox" name="session" value="cannot_judge" checked[skipped]; " cannot be judged" }
                }
                p {
                    noscript { button { "Keep" } " " }
                    @match next {
                        Some(next) => a.button #next href={ "/annotate/" (next) } { "Next session" },
                        None => a.button #next href="/annotate" { "To the overview" },
                    }
                }
            }
        }
    }
}

/// What can be answered: the value that is sent, the key, and how it reads.
fn choices(question: &Question) -> Vec<(String, Option<String>, String)> {
    let digit = |at: usize| (at <= 9).then(|| at.to_string());
    match &question.kind {
        Kind::Choice { options, .. } => (1..)
            .zip(options)
            .map(|(at, option)| (option.name.clone(), digit(at), option.name.replace('_', " ")))
            .collect(),
        Kind::Level { levels, .. } => levels
            .iter()
            .enumerate()
            .map(|(at, level)| (at.to_string(), digit(at), format!("{at} {}", level.name.replace('_', " "))))
            .collect(),
        Kind::Share => (0..=10)
            .map(|tenths| {
                let key = if tenths == 10 { Some("+".to_owned()) } else { digit(tenths) };
                (format!("{:.1}", tenths as f64 / 10.0), key, format!("{} %", tenths * 10))
            })
            .collect(),
        Kind::Usd => Vec::new(),
    }
}

/// What is sent for an answer that was given before.
fn sent(question: &Question, value: Value) -> String {
    match (value, &question.kind) {
        (Value::Choice(at), Kind::Choice { options, .. }) => {
            options.get(usize::from(at)).map_or(String::new(), |option| option.name.clone())
        }
        (Value::Tenths(tenths), _) => format!("{:.1}", f64::from(tenths) / 10.0),
        (Value::Usd(usd), _) => usd.to_string(),
        (Value::Level(level) | Value::Choice(level), _) => level.to_string(),
    }
}

fn question(asked: &Asked) -> Markup {
    let question = asked.question;
    let name = question.name.as_str();
    let own = match asked.own {
        Own::Answer(value) => Some(sent(question, value)),
        Own::CannotJudge => Some("cannot_judge".to_owned()),
        Own::Nothing => None,
    };
    let is = |value: &str| own.as_deref() == Some(value);
    let choices = choices(question);
    html! {
        fieldset.question.answered[own.is_some()] {
            legend { (name.replace('_', " ")) }
            p.sub { (question.ask) }
            details { summary { "How to decide" } p.sub { (question.rule) }
                @if !question.options().is_empty() {
                    dl.facts { @for option in question.options() { dt { (option.name.replace('_', " ")) } dd { (option.means) } } }
                }
            }
            @if matches!(question.kind, Kind::Usd) {
                label.field { "US dollars"
                    input type="number" name=(name) min="0" step="any" inputmode="decimal" value=[own.as_deref().filter(|own| *own != "cannot_judge")];
                }
            } @else if choices.len() > MOST_BUTTONS {
                label.field { "Answer"
                    select name=(name) {
                        option value="" selected[own.is_none()] { "–" }
                        @for (value, _, text) in &choices {
                            option value=(value) selected[is(value)] {
                                (text)
                                @if let Some(option) = question.options().iter().find(|option| option.name == *value) {
                                    " · " (option.means.split(['.', ';', ':']).next().unwrap_or_default())
                                }
                            }
                        }
                        option value="cannot_judge" selected[is("cannot_judge")] { "cannot judge" }
                    }
                }
            } @else {
                @for (value, key, text) in &choices {
                    label {
                        input type="radio" name=(name) value=(value) data-key=[key.as_deref()] checked[is(value)];
                        @if let Some(key) = key { kbd { (key) } }
                        span { (text) }
                    }
                }
                label {
                    input type="radio" name=(name) value="cannot_judge" data-key="?" checked[is("cannot_judge")];
                    kbd { "?" } span { "cannot judge" }
                }
            }
        }
    }
}
