//! The shapes of Codex's records. What they mean stands in `reading.rs`; a field of an unexpected type reads as missing.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::session::{Permission, Presence};
use crate::tolerant::{Count, Flag, List, Object, Str, string};

/// One line: `{timestamp, type, payload}`, or, in rollouts of the summer of 2025, the payload itself.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub timestamp: Str<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub payload: Option<&'a RawValue>,
    #[serde(borrow)]
    pub record_type: Str<'a>,
    #[serde(borrow)]
    pub id: Str<'a>,
    /// Claude Code's fields: a line that has one of them is not Codex's.
    #[serde(borrow, rename = "sessionId")]
    pub session_id: Str<'a>,
    #[serde(borrow)]
    pub uuid: Str<'a>,
}

impl<'a> Line<'a> {
    /// Whether it has the shape that only Codex writes.
    pub fn is_wrapped(&self) -> bool {
        const KINDS: [&str; 5] = ["session_meta", "turn_context", "response_item", "event_msg", "compacted"];
        self.payload.is_some_and(|payload| payload.get().starts_with('{'))
            && KINDS.contains(&self.kind.or_empty())
    }

    /// Whether it is the first line of an old rollout, which had no type.
    pub fn is_bare_meta(&self) -> bool {
        self.kind.0.is_none()
            && self.record_type.0.is_none()
            && self.payload.is_none()
            && !self.id.or_empty().is_empty()
            && self.timestamp.0.is_some()
            && self.session_id.0.is_none()
            && self.uuid.0.is_none()
    }
}

/// What the first record of a rollout says about its thread.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SessionMeta<'a> {
    #[serde(borrow)]
    pub id: Str<'a>,
    /// The id of the root thread, shared by its subagents (0.142 and later).
    #[serde(borrow)]
    session_id: Str<'a>,
    #[serde(borrow)]
    pub forked_from_id: Str<'a>,
    #[serde(borrow)]
    parent_thread_id: Str<'a>,
    #[serde(borrow)]
    pub cwd: Str<'a>,
    #[serde(borrow)]
    originator: Str<'a>,
    #[serde(borrow)]
    pub cli_version: Str<'a>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    thread_source: Str<'a>,
}

/// A source that is an object: `{"subagent": {"thread_spawn": {…}}}`, `{"subagent": "review"}`, `{"internal": …}`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct SourceObject<'a> {
    #[serde(borrow, alias = "sub_agent", alias = "subAgent")]
    subagent: Option<&'a RawValue>,
    #[serde(borrow)]
    internal: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Subagent<'a> {
    #[serde(borrow)]
    thread_spawn: Object<ThreadSpawn<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ThreadSpawn<'a> {
    #[serde(borrow)]
    parent_thread_id: Str<'a>,
}

impl<'a> SessionMeta<'a> {
    fn source_object(&self) -> Option<SourceObject<'a>> {
        serde_json::from_str::<Object<SourceObject>>(self.source?.get()).ok()?.0
    }

    fn is_subagent(&self) -> bool {
        self.thread_source.get() == Some("subagent")
            || self.source_object().is_some_and(|source| source.subagent.is_some())
    }

    /// The id of the thread.
    pub fn thread(&self) -> Option<&str> {
        self.id.get().or(self.session_id.get()).filter(|id| !id.is_empty())
    }

    /// The thread that started this one, if this is a subagent's and says so: the root one where it is named.
    pub fn parent(&self) -> Option<Cow<'a, str>> {
        if !self.is_subagent() {
            return None;
        }
        let spawn = self
            .source_object()
            .and_then(|source| serde_json::from_str::<Object<Subagent>>(source.subagent?.get()).ok()?.0)
            .and_then(|subagent| subagent.thread_spawn.0)
            .and_then(|spawn| spawn.parent_thread_id.0);
        [self.session_id.0.clone(), self.parent_thread_id.0.clone(), spawn]
            .into_iter()
            .flatten()
            .find(|parent| !parent.is_empty() && Some(parent.as_ref()) != self.id.get())
    }

    /// The session that the thread belongs to.
    pub fn session(&self) -> Option<String> {
        self.parent().map(Cow::into_owned).or_else(|| self.thread().map(str::to_owned))
    }

    /// Whether a person was in the loop. `codex exec`, the SDKs and MCP servers are driven by
    /// programs, and so are subagents and Codex's own background threads.
    pub fn presence(&self) -> Presence {
        let originator = self.originator.or_empty();
        let driven = originator.starts_with("codex_exec") || originator.to_ascii_lowercase().contains("sdk");
        let internal = self.source_object().is_some_and(|source| source.internal.is_some());
        if driven || internal || self.is_subagent() {
            return Presence::Headless;
        }
        match self.source.and_then(string).as_deref() {
            Some("exec" | "mcp") => Presence::Headless,
            Some("cli" | "vscode") => Presence::Interactive,
            _ => Presence::Unknown,
        }
    }
}

/// The settings of a turn.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TurnContext<'a> {
    #[serde(borrow)]
    pub turn_id: Str<'a>,
    #[serde(borrow)]
    pub cwd: Str<'a>,
    #[serde(borrow)]
    pub model: Str<'a>,
    #[serde(borrow)]
    approval_policy: Option<&'a RawValue>,
    #[serde(borrow)]
    sandbox_policy: Option<&'a RawValue>,
    #[serde(borrow)]
    collaboration_mode: Object<Mode<'a>>,
}

/// A policy or mode written as an object; versions differ in the name of its key.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Mode<'a> {
    #[serde(borrow)]
    mode: Str<'a>,
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
}

impl TurnContext<'_> {
    /// How much the agent may do without asking, by what Codex lets happen under both policies:
    ///
    /// | sandbox \ approval | `untrusted` | `on-request`, `on-failure`, granular | `never` |
    /// | --- | --- | --- | --- |
    /// | `read-only` | ask | ask | plan: it can only read |
    /// | `workspace-write` | ask | edits, and commands within the sandbox, go ahead | edits: nobody is asked, but the sandbox holds |
    /// | `danger-full-access`, external | ask | full: nothing is left to ask for | full |
    ///
    /// Plan mode only plans, whatever the policies.
    pub fn permission(&self) -> Option<Permission> {
        let approval = self.approval_policy?;
        if self.collaboration_mode.0.as_ref().is_some_and(|mode| mode.mode.get() == Some("plan")) {
            return Some(Permission::Plan);
        }
        // A granular policy is an object: it asks about some things.
        let approval = string(approval).unwrap_or(Cow::Borrowed("on-request"));
        let sandbox = self.sandbox_policy?;
        let sandbox = string(sandbox).or_else(|| {
            let mode = serde_json::from_str::<Object<Mode>>(sandbox.get()).ok()?.0?;
            mode.kind.0.or(mode.mode.0)
        })?;
        Some(match (&*sandbox, &*approval) {
            ("read-only", "never") => Permission::Plan,
            (_, "untrusted" | "unless-trusted") | ("read-only", _) => Permission::Ask,
            ("workspace-write", _) => Permission::Edits,
            ("danger-full-access" | "external-sandbox", _) => Permission::Full,
            _ => return None,
        })
    }
}

/// A `response_item`: what went to the model and came from it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub role: Str<'a>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub name: Str<'a>,
    #[serde(borrow)]
    pub namespace: Str<'a>,
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub action: Option<&'a RawValue>,
    #[serde(borrow)]
    pub output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tools: Option<&'a RawValue>,
    #[serde(borrow)]
    pub call_id: Str<'a>,
    #[serde(borrow)]
    pub id: Str<'a>,
}

/// A part of a message.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub text: Option<&'a RawValue>,
}

/// An `event_msg`: what the interface showed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct EventMsg<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub message: Option<&'a RawValue>,
    pub images: List<IgnoredAny>,
    pub local_images: List<IgnoredAny>,
    #[serde(borrow)]
    pub turn_id: Str<'a>,
    #[serde(borrow)]
    pub call_id: Str<'a>,
    #[serde(borrow)]
    pub reason: Str<'a>,
    pub duration_ms: Count,
    pub info: Object<TokenInfo>,
    #[serde(borrow)]
    pub changes: Option<&'a RawValue>,
    pub success: Flag,
    #[serde(borrow)]
    pub status: Str<'a>,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub user_facing_hint: Option<&'a RawValue>,
    #[serde(borrow)]
    pub new_thread_id: Str<'a>,
    #[serde(borrow)]
    pub item: Object<Box<TurnItem<'a>>>,
}

/// The item of an `item_completed`: from 0.147 (summer 2026) on, what the interface showed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TurnItem<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub id: Str<'a>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub status: Str<'a>,
    #[serde(borrow)]
    pub command: Option<&'a RawValue>,
    #[serde(borrow)]
    pub aggregated_output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub exit_code: Option<&'a RawValue>,
    #[serde(borrow)]
    pub changes: Option<&'a RawValue>,
    #[serde(borrow)]
    pub server: Str<'a>,
    #[serde(borrow)]
    pub tool: Str<'a>,
    #[serde(borrow)]
    pub result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub agent_thread_id: Str<'a>,
    #[serde(borrow)]
    pub review: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TokenInfo {
    pub total_token_usage: Object<TokenUsage>,
    pub last_token_usage: Object<TokenUsage>,
}

/// Tokens as OpenAI counts them: input includes what was cached, output includes reasoning.
#[derive(Deserialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(default)]
pub(super) struct TokenUsage {
    pub input_tokens: Count,
    pub cached_input_tokens: Count,
    pub output_tokens: Count,
}

/// A line as one of the records that the reader knows.
pub(super) enum Record<'a> {
    Meta(SessionMeta<'a>),
    Context(TurnContext<'a>),
    Item(Item<'a>),
    Event(EventMsg<'a>),
    Compacted,
    /// Known, and says nothing that counts.
    News,
    Unknown(Cow<'a, str>),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn permission(context: &str) -> Option<Permission> {
        serde_json::from_str::<TurnContext>(context).unwrap().permission()
    }

    #[test]
    fn permission_is_what_both_policies_let_happen() {
        for (approval, sandbox, expected) in [
            (r#""never""#, r#"{"type":"danger-full-access"}"#, Some(Permission::Full)),
            (r#""on-request""#, r#"{"mode":"danger-full-access"}"#, Some(Permission::Full)),
            (r#""never""#, r#"{"type":"workspace-write","network_access":true}"#, Some(Permission::Edits)),
            (r#""on-failure""#, r#"{"type":"workspace-write"}"#, Some(Permission::Edits)),
            (r#"{"granular":{"rules":true}}"#, r#""workspace-write""#, Some(Permission::Edits)),
            (r#""untrusted""#, r#"{"type":"workspace-write"}"#, Some(Permission::Ask)),
            (r#""on-request""#, r#"{"type":"read-only"}"#, Some(Permission::Ask)),
            (r#""never""#, r#"{"type":"read-only"}"#, Some(Permission::Plan)),
            (r#""never""#, r#"{"type":"something-new"}"#, None),
        ] {
            let context = format!(r#"{{"approval_policy":{approval},"sandbox_policy":{sandbox}}}"#);
            assert_eq!(permission(&context), expected, "{context}");
        }
        let planning = r#"{"approval_policy":"never","sandbox_policy":{"type":"danger-full-access"},"collaboration_mode":{"mode":"plan"}}"#;
        assert_eq!(permission(planning), Some(Permission::Plan));
        assert_eq!(permission("{}"), None);
    }

    #[test]
    fn a_subagent_belongs_to_the_root_thread_where_it_is_named() {
        let of = |meta: &str| serde_json::from_str::<SessionMeta>(meta).unwrap().session();
        let spawned = r#""source":{"subagent":{"thread_spawn":{"parent_thread_id":"b","depth":2}}}"#;
        assert_eq!(of(&format!(r#"{{"session_id":"a","id":"c",{spawned}}}"#)).as_deref(), Some("a"));
        assert_eq!(of(&format!(r#"{{"id":"c",{spawned}}}"#)).as_deref(), Some("b"));
        assert_eq!(of(r#"{"id":"c","source":{"subagent":"review"}}"#).as_deref(), Some("c"));
        assert_eq!(of(r#"{"session_id":"a","id":"c","source":"cli"}"#).as_deref(), Some("c"));
    }

    #[test]
    fn programs_are_headless() {
        let of = |meta: &str| serde_json::from_str::<SessionMeta>(meta).unwrap().presence();
        assert_eq!(of(r#"{"source":"cli","originator":"codex-tui"}"#), Presence::Interactive);
        assert_eq!(of(r#"{"source":"vscode","originator":"Codex Desktop"}"#), Presence::Interactive);
        assert_eq!(of(r#"{"source":"exec"}"#), Presence::Headless);
        assert_eq!(of(r#"{"source":"cli","originator":"codex_sdk_ts"}"#), Presence::Headless);
        assert_eq!(of(r#"{"source":{"subagent":"review"}}"#), Presence::Headless);
        assert_eq!(of(r#"{"source":{"internal":"memory_consolidation"}}"#), Presence::Headless);
        assert_eq!(of(r#"{"originator":"codex_cli_rs"}"#), Presence::Unknown);
    }
}
