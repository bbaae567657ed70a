//! What the text of a Claude Code user record is: typed by the person, a command, an approved plan, or the harness speaking in the person's place.

use std::borrow::Cow;

use crate::text::Text;

/// How an interruption begins, as a text of the person or as a tool's answer.
pub(super) const INTERRUPTED: &str = "[Request interrupted by user";

/// How the answer to a refused action begins.
const REJECTED: &str = "The user doesn't want to proceed with this tool use";

/// What stands before the words that the person typed with a refusal.
const REJECTED_SAID: &str = "the user said:";

/// What the client puts behind those words.
const REJECTED_NOTE: &str = "\n\nNote: The user's next message may contain";

/// What the client says for a person who answers a question by wanting to talk about it.
const CLARIFIES: &str = "The user wants to clarify these questions";

/// How an approved plan in a fresh context begins.
const PLAN: &str = "Implement the following plan:";

/// How texts begin that the harness wrote in the person's place.
const HARNESS: [&str; 12] = [
    "<local-command-",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<task-notification>",
    // Other agents.
    "<teammate-message",
    "<agent-notification>",
    "Caveat: The messages below",
    "Operation stopped by hook:",
    "Stop hook feedback:",
    "[SYSTEM NOTIFICATION",
    "{\"task_id\"",
];

/// What the harness adds to a prompt: cut out before anything is counted.
const ADDITIONS: [(&str, &str); 3] = [
    ("<system-reminder>", "</system-reminder>"),
    ("<ide_opened_file>", "</ide_opened_file>"),
    ("<ide_selection>", "</ide_selection>"),
];

/// Commands that only change the tool. All others are instructions to the agent.
const HARNESS_COMMANDS: [&str; 37] = [
    "add-dir",
    "agents",
    "bug",
    "clear",
    "compact",
    "config",
    "context",
    "cost",
    "doctor",
    "effort",
    "exit",
    "export",
    "fast",
    "help",
    "hooks",
    "ide",
    "login",
    "logout",
    "mcp",
    "memory",
    "model",
    "permissions",
    "plan",
    "plugin",
    "quit",
    "release-notes",
    "rename",
    "resume",
    "rewind",
    "stats",
    "status",
    "tasks",
    "terminal-setup",
    "theme",
    "todos",
    "usage",
    "vim",
];

/// What a user record's text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserText<'a> {
    /// The person typed it.
    Typed(Cow<'a, str>),
    /// A slash command that instructs the agent, with its arguments.
    Command(Cow<'a, str>),
    /// A plan that the person approved.
    Plan(Cow<'a, str>),
    /// The person pressed escape.
    Interruption,
    /// The harness, or nothing.
    NotTyped,
}

/// Tells what the text blocks of one user record are.
pub(super) fn user_text(texts: Vec<Cow<'_, str>>, image: bool) -> UserText<'_> {
    if texts.iter().any(|text| text.trim_start().starts_with(INTERRUPTED)) {
        return UserText::Interruption;
    }
    let mut blocks = texts.into_iter().map(without_additions).filter(|text| !text.trim().is_empty());
    let text = match (blocks.next(), blocks.next()) {
        (None, _) if image => return UserText::Typed(Cow::Borrowed("")),
        (None, _) => return UserText::NotTyped,
        (Some(only), None) => only,
        (Some(first), Some(second)) => {
            let all: Vec<_> = [first, second].into_iter().chain(blocks).collect();
            Cow::Owned(all.join("\n"))
        }
    };
    let start = text.trim_start();
    if start.starts_with("<command-name>") || start.starts_with("<command-message>") {
        let name = between(start, "<command-name>", "</command-name>").unwrap_or("").trim();
        let name = name.trim_start_matches('/');
        if HARNESS_COMMANDS.contains(&name) {
            return UserText::NotTyped;
        }
        let arguments = between(start, "<command-args>", "</command-args>").unwrap_or("").to_owned();
        return UserText::Command(Cow::Owned(arguments));
    }
    if HARNESS.iter().any(|harness| start.starts_with(harness)) || start.trim_end() == "Tool loaded." {
        return UserText::NotTyped;
    }
    if start.starts_with(PLAN) { UserText::Plan(text) } else { UserText::Typed(text) }
}

/// The words typed with a refusal, if the answer is one: `Some(None)` where nothing was typed.
pub(super) fn rejection<'a>(output: &Text<'a>) -> Option<Option<Text<'a>>> {
    // Most outputs are long and no refusals.
    if !output.begins_with(REJECTED) {
        return None;
    }
    let text = output.read();
    let said = text.find(REJECTED_SAID).map(|at| {
        let said = &text[at + REJECTED_SAID.len()..];
        let said = said.find(REJECTED_NOTE).map_or(said, |end| &said[..end]);
        Text::Plain(Cow::Owned(said.trim().to_owned()))
    });
    // Closing a question of the agent without an answer is a refusal with words of the client.
    Some(said.filter(|said| !said.is_empty() && !said.begins_with(CLARIFIES)))
}

/// The text without what the harness added to it. An addition that does not end is left alone.
fn without_additions(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut text = text;
    for (open, close) in ADDITIONS {
        if !text.contains(open) {
            continue;
        }
        let mut kept = String::with_capacity(text.len());
        let mut rest = &*text;
        while let Some(start) = rest.find(open) {
            let Some(end) = rest[start..].find(close) else { break };
            kept.push_str(&rest[..start]);
            rest = &rest[start + end + close.len()..];
        }
        kept.push_str(rest);
        text = Cow::Owned(kept);
    }
    text
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let start = text.find(open)? + open.len();
    let end = text[start..].find(close)?;
    Some(&text[start..start + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> UserText<'_> {
        user_text(vec![Cow::Borrowed(text)], false)
    }

    #[test]
    fn the_harness_in_the_persons_place_is_not_typed() {
        for text in [
            "<local-command-stdout>ok</local-command-stdout>",
            "Caveat: The messages below were generated",
            "<bash-input>ls</bash-input>",
            "<task-notification>\n<task-id>1</task-id></task-notification> more",
            "<teammate-message teammate_id=\"lead\">\nfix it\n</teammate-message>",
            "Operation stopped by hook: no",
            "Stop hook feedback:\nno",
            "[SYSTEM NOTIFICATION - NOT USER INPUT]",
            "{\"task_id\":\"b1\"}",
            "<system-reminder>x</system-reminder>\n",
            "  ",
            "<command-name>/clear</command-name>\n <command-args></command-args>",
            "<command-message>plan</command-message>\n<command-name>plan</command-name>",
        ] {
            assert_eq!(of(text), UserText::NotTyped, "{text}");
        }
        assert_eq!(of("[Request interrupted by user for tool use]"), UserText::Interruption);
    }

    #[test]
    fn additions_are_cut_out_and_what_is_left_is_typed() {
        let text = "<ide_opened_file>a.rs</ide_opened_file>rename it<system-reminder>x</system-reminder> now";
        assert_eq!(of(text), UserText::Typed("rename it now".into()));
        assert_eq!(
            of("why is there a <system-reminder> here"),
            UserText::Typed("why is there a <system-reminder> here".into())
        );
        assert_eq!(user_text(vec![], true), UserText::Typed("".into()));
        let blocks = vec!["<ide_selection>x</ide_selection>".into(), "a".into(), "b".into()];
        assert_eq!(user_text(blocks, false), UserText::Typed("a\nb".into()));
    }

    #[test]
    fn commands_and_plans_are_kinds_of_their_own() {
        let command = "<command-message>x:review</command-message>\n<command-name>/x:review</command-name>\n<command-args>all of it</command-args>";
        assert_eq!(of(command), UserText::Command("all of it".into()));
        assert_eq!(of("<command-name>/init</command-name>"), UserText::Command("".into()));
        let plan = "Implement the following plan:\n\n# Plan";
        assert_eq!(of(plan), UserText::Plan(plan.into()));
    }

    #[test]
    fn a_refusal_gives_what_the_person_said() {
        let said =
            |text: &str| rejection(&Text::from(text)).map(|said| said.map(|said| said.read().into_owned()));
        let stop = "The user doesn't want to proceed with this tool use. The tool use was rejected. STOP";
        assert_eq!(said(stop), Some(None));
        let with = "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\nuse a map\n\nNote: The user's next message may contain a correction";
        assert_eq!(said(with), Some(Some("use a map".to_owned())));
        let client = "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\nThe user wants to clarify these questions.\n Start by asking";
        assert_eq!(said(client), Some(None));
        assert_eq!(said("Exit code 1"), None);
    }
}
