//! How a Codex tool call ended, from the text of its answer: Codex records no other sign of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::records::Part;
use crate::session::End;
use crate::text::Text;
use crate::tolerant::{Flag, List, Object, Str, string};

/// A tool's answer, taken apart.
pub(super) struct Answer<'a> {
    pub text: Text<'a>,
    pub end: End<'a>,
    pub exit_code: Option<i32>,
    /// The process that the command left running.
    pub running: Option<u64>,
}

/// The answer of the old `shell` tool, JSON within a JSON string.
#[derive(Deserialize)]
struct Shell {
    output: String,
    #[serde(default)]
    metadata: Object<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    exit_code: Option<i32>,
}

/// An answer as an object, in a few early rollouts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    success: Option<&'a RawValue>,
}

/// What a call of an MCP server came to, as its event says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct McpResult<'a> {
    #[serde(rename = "Ok")]
    ok: Object<McpOk>,
    #[serde(borrow, rename = "Err")]
    err: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct McpOk {
    is_error: Flag,
}

/// How answers begin that are the client's and tell of a failure.
const FAILURES: [&str; 17] = [
    "exec_command failed",
    "write_stdin failed",
    "apply_patch verification failed",
    "failed to parse function arguments",
    "failed in sandbox",
    "sandbox denied",
    "execution error",
    "exec command rejected",
    "patch rejected",
    "command timed out",
    "unsupported call",
    "unsupported custom tool call",
    "tool call error",
    "unable to ",
    "collab spawn failed",
    "collab tool failed",
    "Script failed",
];

/// Whether the person refused. What a policy or an automatic reviewer refuses is a failure.
fn refused(text: &str) -> bool {
    // `exec_command failed for `…`: CreateProcess { message: "Rejected(\"rejected by user\")" }`
    let end = text.trim_end_matches(|c: char| c.is_whitespace() || r#"\"'(){}.,"#.contains(c));
    let wrapped = FAILURES.iter().any(|failure| text.starts_with(failure)) || end.len() < 60;
    wrapped
        && ["rejected by user", "user rejected MCP tool call", "user cancelled MCP tool call"]
            .iter()
            .any(|refusal| end.ends_with(refusal))
}

/// The lines that the client puts before a command's own output.
fn header(text: &str) -> &str {
    let end = text.find("\nOutput:").unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// The number behind `label` at the beginning of a line.
fn number<N: std::str::FromStr>(header: &str, label: &str) -> Option<N> {
    header.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok())
}

/// Takes an answer apart, whichever of the shapes it is in. `patch` tells that it answers a patch.
pub(super) fn answer<'a>(output: Option<&'a RawValue>, patch: bool) -> Answer<'a> {
    let Some(raw) = output else {
        return Answer { text: Text::default(), end: End::Done, exit_code: None, running: None };
    };
    match raw.get().as_bytes().first() {
        Some(b'"') => {
            let text = string(raw).unwrap_or_default();
            if text.starts_with('{')
                && let Ok(shell) = serde_json::from_str::<Shell>(&text)
            {
                let exit_code = shell.metadata.0.and_then(|metadata| metadata.exit_code);
                let end = match exit_code {
                    Some(0) => End::Done,
                    Some(_) => End::Failed,
                    None => told(&shell.output, patch).end,
                };
                return Answer { text: Text::Plain(Cow::Owned(shell.output)), end, exit_code, running: None };
            }
            Answer { text: Text::from(raw), ..told(&text, patch) }
        }
        Some(b'[') => {
            let parts = serde_json::from_str::<List<Object<Part>>>(raw.get()).unwrap_or_default();
            let texts: Vec<_> =
                parts.0.into_iter().filter_map(|part| string(part.0?.text?).map(Cow::into_owned)).collect();
            let text = texts.join("\n");
            let told = told(&text, patch);
            Answer { text: Text::Plain(Cow::Owned(text)), ..told }
        }
        Some(b'{') => {
            let payload = serde_json::from_str::<Object<Payload>>(raw.get()).ok().and_then(|object| object.0);
            let Payload { content, success } = payload.unwrap_or_default();
            let mut answer = answer(content.filter(|content| content.get().starts_with('"')), patch);
            if success.is_some_and(|success| success.get() == "false") && matches!(answer.end, End::Done) {
                answer.end = End::Failed;
            }
            answer
        }
        _ => Answer { text: Text::default(), end: End::Done, exit_code: None, running: None },
    }
}

/// What the text of an answer tells, without the text itself.
fn told(text: &str, patch: bool) -> Answer<'static> {
    let header = header(text);
    let exit_code: Option<i32> =
        number(header, "Process exited with code ").or_else(|| number(header, "Exit code: "));
    let running = number(header, "Process running with session ID ");
    let aborted = |line: &str| line.starts_with("aborted by user") || line == "aborted";
    let end = if refused(text) {
        End::Rejected(None)
    } else if header.lines().take(3).any(aborted) {
        End::Interrupted
    } else if running.is_some() || text.starts_with("Script running") {
        End::Started
    } else if let Some(code) = exit_code {
        if code == 0 { End::Done } else { End::Failed }
    } else if FAILURES.iter().any(|failure| text.starts_with(failure))
        || (patch && !text.starts_with("Success") && !text.starts_with("Done"))
    {
        End::Failed
    } else {
        End::Done
    };
    Answer { text: Text::default(), end, exit_code, running }
}

/// How the event about a call of an MCP server says that it ended; None if well.
pub(super) fn mcp_end(result: &RawValue) -> Option<End<'static>> {
    let result = serde_json::from_str::<Object<McpResult>>(result.get()).ok()?.0?;
    match result.err.get() {
        Some(text) if refused(text) => Some(End::Rejected(None)),
        Some(_) => Some(End::Failed),
        None => result.ok.0.is_some_and(|ok| ok.is_error.0).then_some(End::Failed),
    }
}

/// The subagent that an answer to `spawn_agent` names.
pub(super) fn spawned(text: &str) -> Option<String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Spawned<'a> {
        #[serde(borrow)]
        agent_id: Str<'a>,
        #[serde(borrow)]
        thread_id: Str<'a>,
    }
    let spawned = serde_json::from_str::<Object<Spawned>>(text).ok()?.0?;
    spawned.agent_id.0.or(spawned.thread_id.0).map(Cow::into_owned)
}

/// Whether the person answered the agent's questions.
pub(super) fn answered(text: &str) -> bool {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Answers<'a> {
        #[serde(borrow)]
        answers: Option<&'a RawValue>,
    }
    let answers = serde_json::from_str::<Object<Answers>>(text).ok().and_then(|object| object.0);
    answers.and_then(|answers| answers.answers).is_some_and(|answers| !Text::from(answers).is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(text: &str, patch: bool) -> (String, Option<i32>) {
        let json = serde_json::to_string(text).unwrap();
        let answer = answer(Some(serde_json::from_str(&json).unwrap()), patch);
        (format!("{:?}", answer.end), answer.exit_code)
    }

    #[test]
    fn the_text_of_an_answer_tells_how_it_ended() {
        for (text, end, code) in [
            ("Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\nok", "Done", Some(0)),
            ("Wall time: 0.1 seconds\nProcess exited with code 101\nOutput:\n", "Failed", Some(101)),
            ("Wall time: 1 seconds\nProcess exited with code -1\nOutput:\n", "Failed", Some(-1)),
            ("Exit code: 2\nWall time: 0 seconds\nOutput:\nExit code: 0", "Failed", Some(2)),
            ("Wall time: 9 seconds\nProcess running with session ID 7\nOutput:\n", "Started", None),
            ("Wall time: 0 seconds\nOutput:\nProcess exited with code 1", "Done", None),
            (r#"{"output":"no","metadata":{"exit_code":1,"duration_seconds":0.1}}"#, "Failed", Some(1)),
            (r#"{"output":"yes","metadata":{"exit_code":0}}"#, "Done", Some(0)),
            (r#"{"result":"of some tool"}"#, "Done", None),
            ("exec command rejected by user", "Rejected(None)", None),
            (
                "exec_command failed for `rm x`: CreateProcess { message: \"Rejected(\\\"rejected by user\\\")\" }",
                "Rejected(None)",
                None,
            ),
            (
                "exec_command failed for `rm x`: CreateProcess { message: \"Rejected(\\\"blocked by policy\\\")\" }",
                "Failed",
                None,
            ),
            ("aborted by user after 3.2s", "Interrupted", None),
            ("Wall time: 2.3 seconds\naborted by user", "Interrupted", None),
            ("Plan updated", "Done", None),
            ("failed to parse function arguments: EOF", "Failed", None),
        ] {
            assert_eq!(of(text, false), (end.to_owned(), code), "{text}");
        }
    }

    #[test]
    fn a_patch_without_success_failed() {
        assert_eq!(of("Success. Updated the following files:\nM a", true).0, "Done");
        assert_eq!(of("apply_patch verification failed: no such file", true).0, "Failed");
        assert_eq!(of("Invalid Context 3:\nx", true).0, "Failed");
        assert_eq!(of("patch rejected by user", true).0, "Rejected(None)");
    }

    #[test]
    fn events_of_servers_and_answers_of_agents_are_read() {
        let mcp = |json: &str| mcp_end(serde_json::from_str(json).unwrap()).map(|end| format!("{end:?}"));
        assert_eq!(mcp(r#"{"Ok":{"content":[],"isError":false}}"#), None);
        assert_eq!(mcp(r#"{"Ok":{"content":[],"isError":true}}"#).as_deref(), Some("Failed"));
        assert_eq!(mcp(r#"{"Err":"no such tool"}"#).as_deref(), Some("Failed"));
        assert_eq!(mcp(r#"{"Err":"user rejected MCP tool call"}"#).as_deref(), Some("Rejected(None)"));
        assert_eq!(spawned(r#"{"agent_id":"b","nickname":"x"}"#).as_deref(), Some("b"));
        assert_eq!(spawned("no agents left"), None);
        assert!(answered(r#"{"answers":{"q":{"answers":["yes"]}}}"#));
        assert!(!answered("request_user_input was cancelled before receiving a response"));
    }
}
