//! What Codex's tools do, and the shell commands in what they are given.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::patch;
use super::records::Item;
use crate::session::{ActionKind, Change};
use crate::text::Text;
use crate::tolerant::{Count, Object, Str, string};

/// A tool call, taken apart.
pub(super) struct Called<'a> {
    pub tool: Cow<'a, str>,
    pub kind: ActionKind,
    pub input: Text<'a>,
    pub command: Option<Cow<'a, str>>,
    pub role: Role,
}

/// What its answer has to be read for.
pub(super) enum Role {
    /// Changes files, as the patch says.
    Patch(Vec<Change<'static>>),
    /// Looks after a process that another call left running.
    Poll(u64),
    /// Starts a subagent.
    Spawn,
    /// Asks the person.
    Question,
    /// Anything else.
    Other,
}

/// What a tool was given, as far as it matters.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow)]
    cmd: Option<&'a RawValue>,
    #[serde(borrow)]
    command: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    session_id: Count,
    #[serde(borrow)]
    cell_id: Option<&'a RawValue>,
}

/// Takes a call apart, whichever of the shapes it is in. None if the item is no call.
pub(super) fn called<'a>(item: &Item<'a>) -> Option<Called<'a>> {
    let named = |name: &'static str| item.name.0.clone().unwrap_or(Cow::Borrowed(name));
    match item.kind.or_empty() {
        // Its arguments are JSON within a JSON string.
        "function_call" => {
            let arguments = item.arguments.and_then(|raw| string(raw).or(Some(Cow::Borrowed(raw.get()))));
            Some(function(qualified(item), arguments.unwrap_or_default()))
        }
        "custom_tool_call" => Some(custom(named("custom"), item.input)),
        "local_shell_call" => {
            let action = item.action.map_or("{}", RawValue::get);
            Some(shell(Cow::Borrowed("local_shell"), item.action.map(Text::from), &arguments(action)))
        }
        "web_search_call" => Some(plain("web_search", ActionKind::Web, item.action)),
        "tool_search_call" => Some(plain("tool_search", ActionKind::Search, item.arguments)),
        "image_generation_call" => Some(plain("image_generation", ActionKind::Other, item.action)),
        _ => None,
    }
}

fn plain<'a>(tool: &'static str, kind: ActionKind, input: Option<&'a RawValue>) -> Called<'a> {
    let input = input.map(Text::from).unwrap_or_default();
    Called { tool: Cow::Borrowed(tool), kind, input, command: None, role: Role::Other }
}

/// The name with that of its MCP server, as `mcp__server__tool`.
fn qualified<'a>(item: &Item<'a>) -> Cow<'a, str> {
    let name = item.name.0.clone().unwrap_or_default();
    match item.namespace.get().filter(|namespace| namespace.starts_with("mcp__")) {
        Some(namespace) if !name.starts_with("mcp__") => {
            Cow::Owned(format!("{namespace}__{}", name.trim_start_matches('_')))
        }
        _ => name,
    }
}

fn arguments(json: &str) -> Arguments<'_> {
    serde_json::from_str::<Object<Arguments>>(json).ok().and_then(|object| object.0).unwrap_or_default()
}

fn function<'a>(tool: Cow<'a, str>, json: Cow<'a, str>) -> Called<'a> {
    let read = arguments(&json);
    // The words are those of the values, without keys and punctuation.
    let input = match Text::Json(&json).read() {
        Cow::Borrowed("") => Text::Plain(Cow::Owned(json.clone().into_owned())),
        text => Text::Plain(Cow::Owned(text.into_owned())),
    };
    let kind = action_kind(&tool);
    match &*tool {
        "write_stdin" => {
            let role = read.session_id.0.map_or(Role::Other, Role::Poll);
            Called { tool, kind, input, command: None, role }
        }
        // Code mode waits for a cell of code, the multi-agent tools for agents.
        "wait" if read.cell_id.is_some() => {
            Called { tool, kind: ActionKind::Run, input, command: None, role: Role::Other }
        }
        "spawn_agent" => Called { tool, kind, input, command: None, role: Role::Spawn },
        "request_user_input" => Called { tool, kind, input, command: None, role: Role::Question },
        "apply_patch" => {
            let patch = read.input.and_then(string).unwrap_or_default();
            Called { tool, kind, input, command: None, role: Role::Patch(patch::written(&patch)) }
        }
        _ if kind == ActionKind::Run => shell(tool, Some(input), &read),
        _ => Called { tool, kind, input, command: None, role: Role::Other },
    }
}

/// A tool whose input is text and no JSON: a patch, or code.
fn custom<'a>(tool: Cow<'a, str>, input: Option<&'a RawValue>) -> Called<'a> {
    let kind = action_kind(&tool);
    let role = match &*tool {
        "apply_patch" => Role::Patch(patch::written(&input.and_then(string).unwrap_or_default())),
        _ => Role::Other,
    };
    Called { tool, kind, input: input.map(Text::from).unwrap_or_default(), command: None, role }
}

/// A command for a shell; one that applies a patch is an edit.
fn shell<'a>(tool: Cow<'a, str>, input: Option<Text<'a>>, read: &Arguments) -> Called<'a> {
    let input = input.unwrap_or_default();
    let command = read.cmd.or(read.command).or(read.input).and_then(command_line);
    match command {
        Some(command) if applies_patch(&command) => {
            let role = Role::Patch(patch::written(&command));
            Called { tool, kind: ActionKind::Edit, input, command: None, role }
        }
        command => {
            let command = command.map(Cow::Owned);
            Called { tool, kind: ActionKind::Run, input, command, role: Role::Other }
        }
    }
}

/// The command that an item says ran: a string, an array, or, in some versions, an array in a string.
pub(super) fn recorded_command(raw: &RawValue) -> Option<String> {
    let line = command_line(raw)?;
    let array = serde_json::from_str::<&RawValue>(&line).ok().filter(|_| line.starts_with('['));
    array.and_then(command_line).or(Some(line))
}

/// The command line in a string or an array of arguments: `["bash", "-lc", "x | y"]` is `x | y`.
fn command_line(raw: &RawValue) -> Option<String> {
    if let Some(command) = string(raw) {
        return Some(command.into_owned());
    }
    let words: Vec<Str> = serde_json::from_str(raw.get()).ok()?;
    let words: Vec<&str> = words.iter().map(Str::or_empty).collect();
    if let [program, flags @ .., script] = words.as_slice()
        && let Some(flag) = flags.last()
    {
        let program = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
        let takes_script = match program.trim_end_matches(".exe") {
            "bash" | "sh" | "zsh" | "dash" | "fish" => flag.starts_with('-') && flag.ends_with('c'),
            "powershell" | "pwsh" => flag.eq_ignore_ascii_case("-command") || *flag == "-c",
            "cmd" => flag.eq_ignore_ascii_case("/c"),
            _ => false,
        };
        if takes_script {
            return Some((*script).to_owned());
        }
    }
    (!words.is_empty()).then(|| words.into_iter().map(quoted).collect::<Vec<_>>().join(" "))
}

/// A word as a shell would have to be given it.
fn quoted(word: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_alphanumeric() || "_-./,:=@%+".contains(c);
    if !word.is_empty() && word.chars().all(bare) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

/// Whether the command is `apply_patch`, possibly after a `cd`: Codex applies such patches itself.
fn applies_patch(command: &str) -> bool {
    let Some((before, _)) = command.split_once(patch::BEGIN) else { return false };
    let before = before.trim_start();
    let last = before.rsplit("&&").next().unwrap_or(before).trim_start();
    let alone = last.len() == before.len() || before.starts_with("cd ");
    alone && (last.starts_with("apply_patch") || last.starts_with("applypatch"))
}

/// What Codex's tools do. A shell that reads is still a shell.
fn action_kind(tool: &str) -> ActionKind {
    match tool {
        "view_image" | "read_file" | "read_mcp_resource" => ActionKind::Read,
        "list_dir"
        | "grep_files"
        | "tool_search"
        | "tool_suggest"
        | "list_mcp_resources"
        | "list_mcp_resource_templates" => ActionKind::Search,
        "apply_patch" => ActionKind::Edit,
        "shell" | "container.exec" | "shell_command" | "local_shell" | "exec_command" | "unified_exec"
        | "write_stdin" | "exec" | "js_repl" | "js_repl_reset" => ActionKind::Run,
        "web_search" | "web.run" => ActionKind::Web,
        "spawn_agent"
        | "spawn_agents_on_csv"
        | "report_agent_job_result"
        | "wait"
        | "wait_agent"
        | "close_agent"
        | "resume_agent"
        | "interrupt_agent"
        | "list_agents"
        | "send_input"
        | "send_message"
        | "followup_task"
        | "assign_task" => ActionKind::Delegate,
        "update_plan" | "create_goal" | "update_goal" | "get_goal" => ActionKind::Plan,
        _ => ActionKind::Other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(json: &str) -> Option<String> {
        command_line(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_shell_around_a_script_is_taken_off() {
        assert_eq!(line(r#"["bash","-lc","cd x && ls | wc"]"#).as_deref(), Some("cd x && ls | wc"));
        assert_eq!(line(r#"["/bin/zsh","-c","ls"]"#).as_deref(), Some("ls"));
        assert_eq!(line(r#"["pwsh.exe","-NoProfile","-Command","dir"]"#).as_deref(), Some("dir"));
        assert_eq!(line(r#""ls -la""#).as_deref(), Some("ls -la"));
        assert_eq!(
            line(r#"["git","commit","-m","don't panic"]"#).as_deref(),
            Some(r"git commit -m 'don'\''t panic'")
        );
        assert_eq!(line("[]"), None);
        assert_eq!(line("7"), None);
    }

    #[test]
    fn a_shell_that_applies_a_patch_edits() {
        assert!(applies_patch("apply_patch <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF"));
        assert!(applies_patch("cd crates && apply_patch <<'EOF'\n*** Begin Patch\n"));
        assert!(applies_patch("apply_patch '*** Begin Patch\n"));
        assert!(!applies_patch("cargo test && apply_patch <<'EOF'\n*** Begin Patch\n"));
        assert!(!applies_patch("grep '*** Begin Patch' log"));
        assert!(!applies_patch("apply_patch --help"));
    }
}
