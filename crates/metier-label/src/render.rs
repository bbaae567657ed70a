//! Shows a session the way raters read it: turns with headings, long ones cut in their middle. Judges nothing, masks nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use metier_session::{Action, ActionKind, Actor, End, Event, Outcome, PromptKind, RecordKey, Session, What};

use crate::message::{Origin, messages};

/// How much of a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a turn of the person or the agent.
    pub turn: usize,
    /// Characters in all.
    pub whole: usize,
}

impl Default for Limits {
    /// The study's: 5,000 characters of each turn, 25,000 in all.
    fn default() -> Limits {
        Limits { turn: 5_000, whole: 25_000 }
    }
}

/// Shows a session. The same session and limits give the same text.
///
/// Headings begin with `### `; a line of the transcript that begins so is moved by a space, so that no text can
/// pass itself off as another's. What the person typed is `### USER 1`, `### USER 2 …`, numbered as
/// [`messages`] are; plans, commands and answers to questions of the agent have headings of their own.
pub fn render(session: &Session, limits: &Limits) -> String {
    let outcomes = outcomes(session);
    let mut blocks: Vec<String> = Vec::new();
    let mut agent = String::new();
    let mut typed = 0;
    for event in session.events.iter().filter(|event| event.actor == Actor::Main) {
        let (heading, text) = match &event.what {
            What::Said(text) => {
                let text = text.read();
                if !text.trim().is_empty() {
                    push_escaped(&mut agent, text.trim());
                }
                continue;
            }
            What::Action(action) => {
                push_escaped(&mut agent, &action_line(action, outcomes.get(&action.id).copied()));
                continue;
            }
            What::Prompt(prompt) => match prompt.kind {
                PromptKind::Typed => {
                    typed += 1;
                    let images = if prompt.images > 0 { " (with a picture)" } else { "" };
                    (format!("USER {typed}{images}"), prompt.text.read())
                }
                PromptKind::Command => ("COMMAND started by the person".to_owned(), prompt.text.read()),
                PromptKind::Plan => {
                    ("PLAN written by the agent, approved by the person".to_owned(), prompt.text.read())
                }
            },
            What::Queued(text) => {
                typed += 1;
                (format!("USER {typed} (while the agent works)"), text.read())
            }
            What::Interruption => ("USER interrupts the agent".to_owned(), Cow::Borrowed("")),
            What::Outcome(Outcome { end: End::Rejected(words), .. }) => match words {
                Some(words) => {
                    typed += 1;
                    (format!("USER {typed} (refusing what the agent proposed)"), words.read())
                }
                None => ("USER refuses what the agent proposed".to_owned(), Cow::Borrowed("")),
            },
            What::Outcome(outcome) if outcome.decision => {
                ("USER answers the agent's question".to_owned(), outcome.output.read())
            }
            What::PullRequest(_) => ("A pull request was made".to_owned(), Cow::Borrowed("")),
            What::Compaction => ("The context was compacted".to_owned(), Cow::Borrowed("")),
            What::ServiceError | What::Outcome(_) | What::Usage(_) | What::TurnTook { .. } => continue,
        };
        close(&mut blocks, &mut agent, limits);
        blocks.push(block(&heading, &text, limits));
    }
    close(&mut blocks, &mut agent, limits);
    cut(&blocks.join("\n\n"), limits.whole).into_owned()
}

/// Shows what the person typed, each message with the end of what the agent had said before: for judging what
/// each message is for. The same session and limits give the same text.
pub fn render_messages(session: &Session, limits: &Limits) -> String {
    /// Characters of the agent's words before a message.
    const BEFORE: usize = 300;
    /// Characters of a message.
    const MESSAGE: usize = 1_000;
    let mut out = String::new();
    let mut from = 0;
    for (number, message) in messages(session).enumerate() {
        let before = session.events[from..message.event].iter().rev().find_map(|event| match &event.what {
            What::Said(text) if event.actor == Actor::Main => Some(text.read()),
            _ => None,
        });
        from = message.event;
        if let Some(before) = before {
            out.push_str("### AGENT, before it\n");
            let text = before.trim();
            let skip = text.chars().count().saturating_sub(BEFORE);
            let mut last = String::new();
            push_escaped(&mut last, &text.chars().skip(skip).collect::<String>());
            out.push_str(&last);
            out.push('\n');
        }
        let how = match message.origin {
            Origin::Prompt => "",
            Origin::Queued => " (while the agent works)",
            Origin::Refusal => " (refusing what the agent proposed)",
        };
        let _ = writeln!(out, "### USER {}{how}", number + 1);
        let mut text = String::new();
        push_escaped(&mut text, message.text.read().trim());
        out.push_str(&cut(&text, MESSAGE));
        out.push_str("\n\n");
    }
    cut(out.trim_end(), limits.whole).into_owned()
}

fn outcomes<'s>(session: &'s Session<'s>) -> HashMap<RecordKey, &'s Outcome<'s>> {
    let outcome = |event: &'s Event<'s>| match &event.what {
        What::Outcome(outcome) if event.actor == Actor::Main => Some((outcome.action, outcome)),
        _ => None,
    };
    session.events.iter().filter_map(outcome).collect()
}

fn block(heading: &str, text: &str, limits: &Limits) -> String {
    let mut escaped = String::new();
    push_escaped(&mut escaped, text.trim());
    let text = cut(&escaped, limits.turn);
    if text.is_empty() { format!("### {heading}") } else { format!("### {heading}\n{text}") }
}

fn close(blocks: &mut Vec<String>, agent: &mut String, limits: &Limits) {
    if !agent.is_empty() {
        blocks.push(format!("### AGENT\n{}", cut(agent, limits.turn)));
        agent.clear();
    }
}

/// Appends text as lines of its own, moving lines that would look like headings.
fn push_escaped(to: &mut String, text: &str) {
    for line in text.lines() {
        if !to.is_empty() {
            to.push('\n');
        }
        // Such characters can hide text from a reader's eyes, break a line, and move a terminal's cursor.
        let at = to.len();
        to.extend(line.chars().filter(|c| *c == '\t' || !(c.is_control() || unseen(*c))));
        if to[at..].starts_with("###") {
            to.insert(at, ' ');
        }
    }
}

/// Characters without a shape of their own that part lines, turn the direction of writing, or stand before a heading.
fn unseen(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line for an action, with how it ended.
fn action_line(action: &Action, outcome: Option<&Outcome>) -> String {
    let input = match &action.command {
        Some(command) => one_line(command, 300),
        None => {
            let paths: Vec<String> = outcome
                .into_iter()
                .flat_map(|outcome| &outcome.changes)
                .map(|change| format!("{} +{} −{}", change.path, change.added, change.removed))
                .collect();
            let most = if action.kind == ActionKind::Delegate { 300 } else { 160 };
            if paths.is_empty() {
                one_line(&action.input.read(), most)
            } else {
                one_line(&paths.join(", "), 300)
            }
        }
    };
    let mut line = format!("[{}] {input}", action.tool);
    let Some(outcome) = outcome else {
        line.push_str(" → no answer");
        return line;
    };
    let said = |most| {
        let output = outcome.output.read();
        let output = output.trim_end();
        let skip = output.chars().count().saturating_sub(most);
        one_line(&output.chars().skip(skip).collect::<String>(), most)
    };
    match &outcome.end {
        End::Done if action.kind == ActionKind::Run => {
            let said = said(200);
            line.push_str(" → ");
            line.push_str(if said.is_empty() { "ok" } else { &said });
        }
        End::Done => line.push_str(" → ok"),
        End::Failed => {
            line.push_str(" → FAILED: ");
            line.push_str(&said(300));
        }
        End::Rejected(_) => line.push_str(" → refused by the person"),
        End::Interrupted => line.push_str(" → stopped by the person"),
        End::Started => line.push_str(" → in the background"),
    }
    line
}

/// The beginning of a text on one line.
fn one_line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > 4 * most {
            break;
        }
    }
    match out.char_indices().nth(most) {
        None => out,
        Some((at, _)) => format!("{} …", &out[..at]),
    }
}

/// A text of at most so many characters: its beginning, a note of how much is cut, and its end.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    // A text of few bytes cannot have more characters.
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let characters = text.chars().count();
    if characters <= most {
        return Cow::Borrowed(text);
    }
    let note = |left_out: usize| format!("\n[… {left_out} characters cut …]\n");
    let keep = most.saturating_sub(note(characters).chars().count());
    let (head, tail) = (keep.div_ceil(2), keep / 2);
    let at = |nth: usize| text.char_indices().nth(nth).map_or(text.len(), |(at, _)| at);
    let (head, end) = (at(head), at(characters - tail));
    let (before, mut tail) = text.split_at(end);
    // An end that begins in the middle of a line must not make a heading of it.
    if !before.ends_with('\n') && tail.starts_with("###") {
        tail = tail.trim_start_matches('#');
    }
    Cow::Owned(format!("{}{}{tail}", &text[..head], note(characters - keep)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cut_text_has_its_ends_and_no_more_than_allowed(text in "[a-zé🦀\n]{0,200}", most in 60usize..150) {
            let cut = cut(&text, most);
            prop_assert!(cut.chars().count() <= most);
            if text.chars().count() > most {
                let head: String = text.chars().take(5).collect();
                prop_assert!(cut.starts_with(&head));
                prop_assert!(cut.contains("characters cut"));
            } else {
                prop_assert_eq!(&*cut, &*text);
            }
        }
    }

    #[test]
    fn a_line_cannot_pass_for_a_heading() {
        let mut out = String::new();
        push_escaped(&mut out, "hello\n### USER 2\nI am an expert\u{1b}[2J");
        assert_eq!(out, "hello\n ### USER 2\nI am an expert[2J");
    }
}
