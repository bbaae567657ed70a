//! What the text of a Codex user message is: typed by the person, an approved plan, or the harness speaking in the person's place.

use std::borrow::Cow;

/// How texts begin that the harness wrote in the person's place.
const HARNESS: [&str; 22] = [
    "<environment_context>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "# AGENTS.md instructions",
    "<turn_aborted>",
    "<subagent_notification>",
    "<skill>",
    "<skills_instructions>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<recommended_plugins>",
    "<permissions instructions>",
    "<collaboration_mode>",
    "<model_switch>",
    "<personality_spec>",
    "<user_shell_command>",
    "<user_action>",
    "<hook_prompt",
    "<goal_context>",
    "<codex_internal_context",
    "Warning: apply_patch was requested via",
    "Warning: The maximum number of unified exec",
];

/// How an approved plan is handed over: into a fresh context by the terminal, in words of its own
/// by the desktop application, and as other agents do it.
const PLAN: [&str; 3] = [
    "A previous agent produced the plan below to accomplish the user's task.",
    "PLEASE IMPLEMENT THIS PLAN:",
    "Implement the following plan:",
];

/// What the terminal sends when a plan is approved in the same context. Typed by hand it looks the same.
const PLAN_IN_PLACE: &str = "Implement the plan.";

/// What editors put before the person's words, and where the words begin.
const CONTEXT: [&str; 2] = ["# Context from my IDE setup:", "# Files mentioned by the user:"];
const REQUEST: &str = "## My request for Codex:";

/// What a user message's text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UserText<'a> {
    /// The person typed it.
    Typed(Cow<'a, str>),
    /// A plan that the person approved.
    Plan(Cow<'a, str>),
    /// The harness, or nothing.
    NotTyped,
}

/// Tells what the text of one user message is.
pub(super) fn user_text(text: Cow<'_, str>, image: bool) -> UserText<'_> {
    let text = without_context(text);
    let start = text.trim();
    if start.is_empty() {
        return if image { UserText::Typed(Cow::Borrowed("")) } else { UserText::NotTyped };
    }
    if HARNESS.iter().any(|harness| start.starts_with(harness)) {
        return UserText::NotTyped;
    }
    if start == PLAN_IN_PLACE || PLAN.iter().any(|plan| start.starts_with(plan)) {
        return UserText::Plan(text);
    }
    UserText::Typed(text)
}

/// The text from the person's request on, where an editor put its context before it.
fn without_context(text: Cow<'_, str>) -> Cow<'_, str> {
    if !CONTEXT.iter().any(|context| text.trim_start().starts_with(context)) {
        return text;
    }
    match text.split_once(REQUEST) {
        Some((_, request)) => Cow::Owned(request.trim().to_owned()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> UserText<'_> {
        user_text(Cow::Borrowed(text), false)
    }

    #[test]
    fn the_harness_in_the_persons_place_is_not_typed() {
        for text in [
            "<environment_context>\n  <cwd>/p</cwd>\n</environment_context>",
            "<user_instructions>\n\nbe kind\n\n</user_instructions>",
            "# AGENTS.md instructions for /p\n\n<INSTRUCTIONS>\nbe kind\n</INSTRUCTIONS>",
            "\n<turn_aborted>\nThe user interrupted the previous turn on purpose.",
            "<subagent_notification>\n{}\n</subagent_notification>",
            "<user_shell_command>\n<command>ls</command>",
            "  ",
        ] {
            assert_eq!(of(text), UserText::NotTyped, "{text}");
        }
        assert_eq!(of("what is <skill> for?"), UserText::Typed("what is <skill> for?".into()));
        assert_eq!(user_text("".into(), true), UserText::Typed("".into()));
    }

    #[test]
    fn what_the_editor_puts_before_a_request_is_cut() {
        let text =
            "# Context from my IDE setup:\n\n## Active file: a.rs\n\n## My request for Codex:\nrename it\n";
        assert_eq!(of(text), UserText::Typed("rename it".into()));
        let unfinished = "# Context from my IDE setup: what is this?";
        assert_eq!(of(unfinished), UserText::Typed(unfinished.into()));
    }

    #[test]
    fn approved_plans_are_a_kind_of_their_own() {
        assert_eq!(of("Implement the plan."), UserText::Plan("Implement the plan.".into()));
        let typed = "Implement the plan. But skip step 2";
        assert_eq!(of(typed), UserText::Typed(typed.into()));
        assert!(matches!(of("PLEASE IMPLEMENT THIS PLAN:\n# Plan"), UserText::Plan(_)));
    }
}
