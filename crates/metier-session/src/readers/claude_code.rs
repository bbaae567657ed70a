//! Reads Claude Code's JSON Lines: `~/.claude/projects/<directory>/<session>.jsonl` and its subagents' files. What a user record's text is stands in `typed.rs`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Corpus, Peek, Reader, Source};
use crate::agent::Agent;
use crate::ids::{Key, RecordKey};
use crate::lines::{self, BadLine};
use crate::session::{
    Action, ActionKind, Actor, Change, End, Event, Outcome, Permission, Place, Presence, Problems, Prompt,
    PromptKind, Recorded, Session, Tokens, Usage, What,
};
use crate::text::Text;
use crate::time::Time;
use crate::tolerant::{Count, Flag, List, Object, Str, TextOr};

mod typed;

use typed::UserText;

/// The reader of Claude Code's transcripts.
pub struct ClaudeCode;

/// One line. Fields of an unexpected type read as missing.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    subtype: Str<'a>,
    #[serde(borrow)]
    uuid: Str<'a>,
    #[serde(borrow)]
    parent_uuid: Str<'a>,
    #[serde(borrow)]
    session_id: Str<'a>,
    #[serde(borrow)]
    timestamp: Str<'a>,
    #[serde(borrow)]
    cwd: Str<'a>,
    #[serde(borrow)]
    version: Str<'a>,
    #[serde(borrow)]
    entrypoint: Str<'a>,
    #[serde(borrow)]
    permission_mode: Str<'a>,
    #[serde(borrow)]
    agent_id: Str<'a>,
    #[serde(borrow, rename = "parentToolUseID")]
    parent_tool_use_id: Str<'a>,
    is_sidechain: Flag,
    is_meta: Flag,
    is_compact_summary: Flag,
    is_api_error_message: Flag,
    #[serde(borrow)]
    message: Object<Message<'a>>,
    #[serde(borrow)]
    tool_use_result: Object<ToolUseResult<'a>>,
    #[serde(borrow)]
    data: Object<Progress<'a>>,
    #[serde(borrow)]
    attachment: Object<Attachment<'a>>,
    #[serde(borrow)]
    operation: Str<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    duration_ms: Count,
    #[serde(borrow)]
    pr_url: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow)]
    model: Str<'a>,
    #[serde(borrow)]
    content: TextOr<'a, Block<'a>>,
    usage: Object<MessageUsage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use_id: Str<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    is_error: Flag,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MessageUsage {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Object<CacheCreation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Count,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ToolUseResult<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    file_path: Str<'a>,
    structured_patch: List<Object<Hunk>>,
    user_modified: Flag,
    interrupted: Flag,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    agent_id: Str<'a>,
    total_tool_use_count: Count,
    #[serde(borrow)]
    background_task_id: Str<'a>,
    #[serde(borrow)]
    answers: Option<&'a RawValue>,
}

/// A hunk of a patch, of which only the first character of each line counts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Hunk {
    lines: List<LineSign>,
}

/// What a line of a patch does.
#[derive(Default, Clone, Copy)]
enum LineSign {
    Added,
    Removed,
    #[default]
    Neither,
}

impl<'de> Deserialize<'de> for LineSign {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Str::deserialize(deserializer)?;
        Ok(match line.or_empty().as_bytes().first() {
            Some(b'+') => LineSign::Added,
            Some(b'-') => LineSign::Removed,
            _ => LineSign::Neither,
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Progress<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    agent_id: Str<'a>,
    #[serde(borrow)]
    message: Object<ProgressMessage<'a>>,
}

/// A record of a subagent, wrapped in a progress record of the parent.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProgressMessage<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    message: Object<Message<'a>>,
    #[serde(borrow)]
    tool_use_result: Object<ToolUseResult<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    prompt: Option<&'a RawValue>,
}

/// The few fields that tell whose a line is.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Header<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    session_id: Str<'a>,
    #[serde(borrow)]
    timestamp: Str<'a>,
    #[serde(borrow)]
    parent_uuid: Str<'a>,
    #[serde(borrow)]
    uuid: Str<'a>,
    is_sidechain: Flag,
}

/// Record types that say how a session went but nothing that counts.
const HOUSEKEEPING: [&str; 14] = [
    "file-history-snapshot",
    "summary",
    "last-prompt",
    "custom-title",
    "ai-title",
    "agent-name",
    "agent-color",
    "agent-setting",
    "tag",
    "mode",
    "permission-mode",
    "worktree-state",
    "content-replacement",
    "attribution-snapshot",
];

/// Subtypes of system records that say nothing that counts.
const SYSTEM_NEWS: [&str; 12] = [
    "stop_hook_summary",
    "local_command",
    "bridge_status",
    "informational",
    "away_summary",
    "scheduled_task_fire",
    "memory_saved",
    "agents_killed",
    "file_snapshot",
    "permission_retry",
    "thinking",
    "init",
];

impl Reader for ClaudeCode {
    fn agent(&self) -> Agent {
        Agent::ClaudeCode
    }

    fn session_of(&self, peek: &Peek) -> Option<String> {
        // A file that begins as a copy of another session's records (resume, fork) ends as its own,
        // so the end is asked first.
        let ours = |header: &Header| {
            !header.session_id.or_empty().is_empty()
                || HOUSEKEEPING.contains(&header.kind.or_empty())
                || !header.uuid.or_empty().is_empty()
        };
        let read = |line| lines::record::<Header>(line).ok();
        let mut known = false;
        for line in peek.tail.rsplit(|byte| *byte == b'\n').chain(peek.head.split(|byte| *byte == b'\n')) {
            let Some(header) = read(line) else { continue };
            if let Some(id) = header.session_id.get().filter(|id| !id.is_empty()) {
                return Some(id.to_owned());
            }
            known |= ours(&header);
        }
        let name = peek.path.file_name()?.to_str()?;
        let stem = name.strip_suffix(".jsonl")?;
        (known && !stem.is_empty()).then(|| stem.to_owned())
    }

    fn read<'a>(&self, id: &'a str, sources: &'a [Source], corpus: &Corpus) -> Session<'a> {
        let mut reading = Reading::new(id, corpus);
        for index in order(sources) {
            for (number, line) in lines::lines(&sources[index].bytes) {
                let place = Place { source: index as u32, line: number };
                reading.line(place, line);
            }
        }
        reading.finish()
    }
}

/// The order in which the files of a session are read: the main conversation before its subagents,
/// a continuation after what it continues, else by the first time in them.
fn order(sources: &[Source]) -> Vec<usize> {
    if sources.len() < 2 {
        return (0..sources.len()).collect();
    }
    struct File {
        index: usize,
        sidechain: bool,
        first: Option<String>,
        parent: Option<String>,
        name: String,
    }
    let mut files: Vec<File> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            let mut file =
                File { index, sidechain: false, first: None, parent: None, name: source.name.clone() };
            let headers =
                lines::lines(&source.bytes).filter_map(|(_, line)| lines::record::<Header>(line).ok());
            for header in headers.filter(|header| header.timestamp.get().is_some()).take(1) {
                file.first = header.timestamp.get().map(str::to_owned);
                file.parent = header.parent_uuid.get().map(str::to_owned);
                file.sidechain = header.is_sidechain.0;
            }
            file
        })
        .collect();
    files.sort_by(|a, b| (a.sidechain, &a.first, &a.name).cmp(&(b.sidechain, &b.first, &b.name)));
    // Times can run backwards by milliseconds where a file was split, so the chain of parents decides.
    let holds = |file: &File, uuid: &str| {
        let needle = format!("\"uuid\":\"{uuid}\"");
        memchr::memmem::find(&sources[file.index].bytes, needle.as_bytes()).is_some()
    };
    let mut ordered = Vec::with_capacity(files.len());
    while !files.is_empty() {
        let next = (0..files.len())
            .find(|&i| match &files[i].parent {
                Some(parent) => {
                    holds(&files[i], parent)
                        || !files.iter().enumerate().any(|(j, other)| j != i && holds(other, parent))
                }
                None => true,
            })
            .unwrap_or(0);
        ordered.push(files.remove(next).index);
    }
    ordered
}

/// The state of reading one session.
struct Reading<'a, 'c> {
    corpus: Corpus<'c>,
    session: Session<'a>,
    seen: HashSet<RecordKey>,
    actions: HashSet<RecordKey>,
    /// Texts typed while the agent worked, by their hash, and whether they were taken back.
    queued: HashMap<RecordKey, Queued<'a>>,
    /// Hashes of the texts of prompts that started turns.
    prompts: HashSet<RecordKey>,
    boundaries: u64,
    summaries: Vec<(Place, Option<Time>)>,
}

struct Queued<'a> {
    text: String,
    event: Event<'a>,
    delivered: bool,
    pending: u32,
}

impl<'a, 'c> Reading<'a, 'c> {
    fn new(id: &'a str, corpus: &Corpus<'c>) -> Self {
        Reading {
            corpus: *corpus,
            session: Session {
                agent: Agent::ClaudeCode,
                id: Cow::Borrowed(id),
                version: None,
                presence: Presence::Unknown,
                directory: None,
                events: Vec::new(),
                times: Vec::new(),
                records: Vec::new(),
                repeated: 0,
                problems: Problems::default(),
                recorded: Recorded {
                    lines: true,
                    rejections: true,
                    user_modified: true,
                    tokens: true,
                    permission: true,
                    queued: true,
                },
            },
            seen: HashSet::new(),
            actions: HashSet::new(),
            queued: HashMap::new(),
            prompts: HashSet::new(),
            boundaries: 0,
            summaries: Vec::new(),
        }
    }

    fn key(&self) -> &'c Key {
        self.corpus.key
    }

    fn hash(&self, text: &str) -> RecordKey {
        self.key().record(text.as_bytes())
    }

    /// Whether the record of this key counts here: not seen before, and not another session's.
    fn counts(&mut self, record: RecordKey) -> bool {
        if self.corpus.elsewhere.contains(&record) || !self.seen.insert(record) {
            self.session.repeated += 1;
            return false;
        }
        self.session.records.push(record);
        true
    }

    fn line(&mut self, place: Place, line: &'a [u8]) {
        let record = match lines::record::<Record>(line) {
            Ok(record) => record,
            Err(bad) => {
                // A broken line that a resume copied is one broken line.
                if self.seen.insert(self.key().record(line)) {
                    match bad {
                        BadLine::Malformed(reason) => self.session.problems.malformed(place, reason),
                        BadLine::Unreadable(reason) => self.session.problems.unreadable(place, reason),
                    }
                }
                return;
            }
        };
        let kind = record.kind.get();
        let identity = match record.uuid.get().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => Some(self.hash(uuid)),
            // Without a uuid only what counts needs to be told apart from its copies.
            None if record.timestamp.get().is_some() => Some(self.key().record(line)),
            None => None,
        };
        if let Some(identity) = identity
            && !self.counts(identity)
        {
            return;
        }
        let time = record.timestamp.get().and_then(Time::parse);
        self.session.times.extend(time);
        self.describe(&record);
        match kind {
            Some("user") => self.user(place, time, record),
            Some("assistant") => self.assistant(place, time, record),
            Some("progress") => self.progress(place, time, record),
            Some("system") => self.system(place, time, &record),
            Some("queue-operation") => self.queue(place, time, &record),
            Some("attachment") => self.attachment(place, time, &record),
            Some("pr-link") => {
                if let Str(Some(url)) = record.pr_url {
                    self.push(place, time, Actor::Main, What::PullRequest(url));
                }
            }
            Some(kind) if HOUSEKEEPING.contains(&kind) => {}
            Some(kind) => self.session.problems.unknown(kind),
            None => self.session.problems.unknown("(no type)"),
        }
    }

    /// Takes what every record says about the session.
    fn describe(&mut self, record: &Record<'a>) {
        if self.session.directory.is_none() {
            self.session.directory.clone_from(&record.cwd.0);
        }
        if record.version.0.is_some() && record.version.0 != self.session.version {
            self.session.version.clone_from(&record.version.0);
        }
        if let Some(entrypoint) = record.entrypoint.get()
            && self.session.presence == Presence::Unknown
        {
            let headless = entrypoint.starts_with("sdk") || entrypoint.contains("print");
            self.session.presence = if headless { Presence::Headless } else { Presence::Interactive };
        }
    }

    fn push(&mut self, place: Place, time: Option<Time>, actor: Actor, what: What<'a>) {
        self.session.events.push(Event { time, place, actor, what });
    }

    /// In whose conversation the record stands.
    fn actor(&self, record: &Record) -> Actor {
        if record.is_sidechain.0 {
            self.subagent(&record.agent_id, &record.parent_tool_use_id)
        } else {
            Actor::Main
        }
    }

    fn subagent(&self, agent: &Str, started_by: &Str) -> Actor {
        let started_by = started_by.get().map(|id| self.hash(id));
        Actor::Subagent { id: self.hash(agent.or_empty()), started_by }
    }

    fn user(&mut self, place: Place, time: Option<Time>, record: Record<'a>) {
        let Some(message) = record.message.0 else { return };
        let actor = if record.is_sidechain.0 {
            self.subagent(&record.agent_id, &record.parent_tool_use_id)
        } else {
            Actor::Main
        };
        let permission = record.permission_mode.get().and_then(permission);
        let mut texts = Vec::new();
        let mut images = 0;
        let mut results = Vec::new();
        match message.content {
            TextOr::Text(text) => texts.push(text),
            TextOr::List(blocks) => {
                for block in blocks {
                    match block.kind.or_empty() {
                        "text" => texts.extend(block.text.and_then(string)),
                        "image" | "document" => images += 1,
                        "tool_result" => results.push(block),
                        other => self.session.problems.unknown(&format!("user/{other}")),
                    }
                }
            }
            TextOr::Missing => {}
        }
        let answers = !results.is_empty();
        let mut telemetry = record.tool_use_result.0.filter(|_| results.len() == 1);
        for block in results {
            let outcome = self.outcome(block, telemetry.take());
            self.push(place, time, actor, What::Outcome(outcome));
        }
        if actor != Actor::Main || record.is_meta.0 {
            return;
        }
        if record.is_compact_summary.0 {
            self.summaries.push((place, time));
            return;
        }
        match typed::user_text(texts, images > 0) {
            UserText::Interruption => self.push(place, time, actor, What::Interruption),
            UserText::NotTyped => {}
            UserText::Typed(text) if answers => self.typed_meanwhile(place, time, text, true),
            _ if answers => {}
            UserText::Typed(text) => {
                let hash = self.hash(text.trim());
                self.prompts.insert(hash);
                self.prompt(place, time, PromptKind::Typed, text, images, permission);
            }
            UserText::Command(arguments) => {
                self.prompt(place, time, PromptKind::Command, arguments, images, permission);
            }
            UserText::Plan(text) => self.prompt(place, time, PromptKind::Plan, text, images, permission),
        }
    }

    fn prompt(
        &mut self,
        place: Place,
        time: Option<Time>,
        kind: PromptKind,
        text: Cow<'a, str>,
        images: u32,
        permission: Option<Permission>,
    ) {
        let prompt = Prompt { kind, text: Text::Plain(text), images, permission };
        self.push(place, time, Actor::Main, What::Prompt(prompt));
    }

    /// Reads a tool's answer with what the client recorded beside it.
    fn outcome(&self, block: Block<'a>, telemetry: Option<ToolUseResult<'a>>) -> Outcome<'a> {
        let output = block.content.map(Text::from).unwrap_or_default();
        let telemetry = telemetry.unwrap_or_default();
        let mut exit_code = None;
        let end = if let Some(said) = typed::rejection(&output) {
            End::Rejected(said)
        } else if block.is_error.0 {
            let text = output.read();
            if text.starts_with(typed::INTERRUPTED) {
                End::Interrupted
            } else {
                exit_code = text.strip_prefix("Exit code ").and_then(|rest| {
                    rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|code| code.parse().ok())
                });
                End::Failed
            }
        } else if telemetry.interrupted.0 {
            End::Interrupted
        } else if telemetry.background_task_id.get().is_some() {
            End::Started
        } else {
            End::Done
        };
        let subagent = match (telemetry.agent_id.get(), telemetry.total_tool_use_count.0) {
            (None, None) => None,
            (agent, total) => Some((self.hash(agent.unwrap_or("")), total)),
        };
        let done = matches!(end, End::Done);
        Outcome {
            action: self.hash(block.tool_use_id.or_empty()),
            end,
            output,
            exit_code,
            user_modified: telemetry.user_modified.0,
            decision: telemetry.answers.is_some(),
            changes: if done { changes(&telemetry) } else { Vec::new() },
            subagent,
        }
    }

    fn assistant(&mut self, place: Place, time: Option<Time>, record: Record<'a>) {
        let actor = self.actor(&record);
        let Some(message) = record.message.0 else { return };
        if record.is_api_error_message.0 {
            self.push(place, time, actor, What::ServiceError);
            return;
        }
        self.answer(place, time, actor, message);
    }

    /// A message of the model, in whoever's conversation.
    fn answer(&mut self, place: Place, time: Option<Time>, actor: Actor, message: Message<'a>) {
        // The client's own words in the model's place.
        if message.model.get() == Some("<synthetic>") {
            return;
        }
        match message.content {
            TextOr::Text(text) => self.push(place, time, actor, What::Said(Text::Plain(text))),
            TextOr::List(blocks) => {
                for block in blocks {
                    self.block(place, time, actor, block);
                }
            }
            TextOr::Missing => {}
        }
        if let Some(usage) = message.usage.0
            && let Some(id) = message.id.get()
        {
            let hour = usage.cache_creation.0.unwrap_or_default().ephemeral_1h_input_tokens.or_zero();
            let tokens = Tokens {
                input: usage.input_tokens.or_zero(),
                output: usage.output_tokens.or_zero(),
                cache_read: usage.cache_read_input_tokens.or_zero(),
                cache_write: usage.cache_creation_input_tokens.or_zero().saturating_sub(hour),
                cache_write_hour: hour,
            };
            let message = Usage { message: self.hash(id), model: message.model.0, tokens };
            self.push(place, time, actor, What::Usage(message));
        }
    }

    fn block(&mut self, place: Place, time: Option<Time>, actor: Actor, block: Block<'a>) {
        match block.kind.or_empty() {
            "text" => {
                if let Some(text) = block.text {
                    self.push(place, time, actor, What::Said(Text::from(text)));
                }
            }
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                // A call without an id is told apart by its place.
                let id = match block.id.get().filter(|id| !id.is_empty()) {
                    Some(id) => self.hash(id),
                    None => self.hash(&format!("{}:{}", place.source, place.line)),
                };
                // Subagents replay their parent's messages under new ids, but the calls keep theirs.
                if !self.actions.insert(id) {
                    return;
                }
                let tool = block.name.0.unwrap_or_default();
                let kind = action_kind(&tool);
                let command =
                    (kind == ActionKind::Run).then(|| block.input.and_then(shell_command)).flatten();
                let input = block.input.map(Text::from).unwrap_or_default();
                self.push(place, time, actor, What::Action(Action { id, tool, kind, input, command }));
            }
            "thinking" | "redacted_thinking" | "web_search_tool_result" | "tool_reference" | "image" => {}
            other => self.session.problems.unknown(&format!("assistant/{other}")),
        }
    }

    /// A record of a subagent inside a record of its parent; other progress is housekeeping.
    fn progress(&mut self, place: Place, time: Option<Time>, record: Record<'a>) {
        let Some(data) = record.data.0 else { return };
        if data.kind.get() != Some("agent_progress") {
            return;
        }
        let actor = self.subagent(&data.agent_id, &record.parent_tool_use_id);
        let Some(inner) = data.message.0 else { return };
        let Some(message) = inner.message.0 else { return };
        match inner.kind.get() {
            Some("assistant") => self.answer(place, time, actor, message),
            Some("user") => {
                if let TextOr::List(blocks) = message.content {
                    let mut results: Vec<_> =
                        blocks.into_iter().filter(|block| block.kind.get() == Some("tool_result")).collect();
                    let telemetry = inner.tool_use_result.0.filter(|_| results.len() == 1);
                    if let Some(first) = results.pop() {
                        let outcome = self.outcome(first, telemetry);
                        self.push(place, time, actor, What::Outcome(outcome));
                    }
                    for block in results {
                        let outcome = self.outcome(block, None);
                        self.push(place, time, actor, What::Outcome(outcome));
                    }
                }
            }
            _ => {}
        }
    }

    fn system(&mut self, place: Place, time: Option<Time>, record: &Record<'a>) {
        let actor = self.actor(record);
        match record.subtype.get() {
            Some("turn_duration") => {
                if let Some(ms) = record.duration_ms.0 {
                    self.push(place, time, actor, What::TurnTook { ms });
                }
            }
            Some("api_error") => self.push(place, time, actor, What::ServiceError),
            Some("compact_boundary") => {
                self.boundaries += 1;
                self.push(place, time, actor, What::Compaction);
            }
            Some("microcompact_boundary") => self.push(place, time, actor, What::Compaction),
            None => {}
            Some(news) if SYSTEM_NEWS.contains(&news) => {}
            Some(other) => self.session.problems.unknown(&format!("system/{other}")),
        }
    }

    fn queue(&mut self, place: Place, time: Option<Time>, record: &Record<'a>) {
        let text = record.content.and_then(string).unwrap_or_default();
        match record.operation.get() {
            Some("enqueue") => {
                if let UserText::Typed(text) = typed::user_text(vec![text], false) {
                    self.typed_meanwhile(place, time, text, false);
                }
            }
            // Taken back into the input line; if it is sent after all, another record says so.
            Some("popAll") => {
                for queued in self.queued.values_mut() {
                    if text.is_empty() || text.contains(&queued.text) {
                        queued.pending = 0;
                    }
                }
            }
            _ => {}
        }
    }

    fn attachment(&mut self, place: Place, time: Option<Time>, record: &Record<'a>) {
        let Some(attachment) = &record.attachment.0 else { return };
        if attachment.kind.get() == Some("queued_command")
            && let Some(text) = attachment.prompt.and_then(string)
            && let UserText::Typed(text) = typed::user_text(vec![text], false)
        {
            self.typed_meanwhile(place, time, text, true);
        }
    }

    /// Notes a text typed while the agent worked. Several records can tell of the same text.
    fn typed_meanwhile(&mut self, place: Place, time: Option<Time>, text: Cow<'a, str>, delivered: bool) {
        let plain = text.trim().to_owned();
        if plain.starts_with('/') {
            return;
        }
        let event = Event { time, place, actor: Actor::Main, what: What::Queued(Text::Plain(text)) };
        let queued = self.queued.entry(self.corpus.key.record(plain.as_bytes())).or_insert(Queued {
            text: plain,
            event,
            delivered: false,
            pending: 0,
        });
        queued.delivered |= delivered;
        queued.pending += 1;
    }

    fn finish(mut self) -> Session<'a> {
        // Old versions wrote only the summary, newer ones a boundary before it.
        let unannounced = self.summaries.len().saturating_sub(self.boundaries as usize);
        for (place, time) in self.summaries.split_off(self.summaries.len() - unannounced) {
            self.push(place, time, Actor::Main, What::Compaction);
        }
        let prompts = std::mem::take(&mut self.prompts);
        let queued = std::mem::take(&mut self.queued);
        let mut queued: Vec<_> = queued
            .into_iter()
            .filter(|(hash, queued)| !prompts.contains(hash) && (queued.delivered || queued.pending > 0))
            .map(|(_, queued)| queued.event)
            .collect();
        queued.sort_by_key(|event| event.place);
        for event in queued {
            // Where it stood: before the first event that its file tells of later.
            let after = |other: &Event| {
                other.place.source == event.place.source && other.place.line > event.place.line
            };
            let at = self.session.events.iter().position(after).unwrap_or(self.session.events.len());
            self.session.events.insert(at, event);
        }
        self.session
    }
}

/// The text of a raw value that is a string.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Str>(raw.get()).ok()?.0
}

fn permission(mode: &str) -> Option<Permission> {
    match mode {
        "default" => Some(Permission::Ask),
        "acceptEdits" => Some(Permission::Edits),
        "plan" => Some(Permission::Plan),
        "bypassPermissions" | "auto" => Some(Permission::Full),
        _ => None,
    }
}

fn shell_command(input: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Input<'a> {
        #[serde(borrow)]
        command: Str<'a>,
    }
    serde_json::from_str::<Object<Input>>(input.get()).ok()?.0?.command.0
}

/// The lines that an edit changed: from the patch that the client recorded, or the whole of a new file.
fn changes<'a>(telemetry: &ToolUseResult<'a>) -> Vec<Change<'a>> {
    let Some(path) = telemetry.file_path.0.clone() else { return Vec::new() };
    let created = telemetry.kind.get() == Some("create");
    if telemetry.structured_patch.0.is_empty() && !created {
        return Vec::new();
    }
    let (mut added, mut removed) = (0, 0);
    let signs =
        telemetry.structured_patch.0.iter().filter_map(|hunk| hunk.0.as_ref()).flat_map(|hunk| &hunk.lines.0);
    for sign in signs {
        match sign {
            LineSign::Added => added += 1,
            LineSign::Removed => removed += 1,
            LineSign::Neither => {}
        }
    }
    if created && added == 0 {
        added = telemetry.content.and_then(string).map_or(0, |text| text.lines().count() as u64);
    }
    vec![Change { path, added, removed }]
}

/// What Claude Code's tools do.
fn action_kind(tool: &str) -> ActionKind {
    match tool {
        "Read" | "NotebookRead" | "ReadMcpResourceTool" => ActionKind::Read,
        "Grep" | "Glob" | "LS" | "LSP" | "ToolSearch" | "ListMcpResourcesTool" => ActionKind::Search,
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" => ActionKind::Edit,
        "Bash" | "BashOutput" | "KillBash" | "KillShell" | "PowerShell" | "Monitor" | "REPL" => {
            ActionKind::Run
        }
        "WebFetch" | "WebSearch" | "web_search" | "web_fetch" => ActionKind::Web,
        "Task" | "Agent" | "TaskOutput" | "AgentOutputTool" | "TaskStop" | "SendMessage" | "TeamCreate"
        | "TeamDelete" => ActionKind::Delegate,
        "TodoWrite" | "TodoRead" | "TaskCreate" | "TaskUpdate" | "TaskList" | "TaskGet" | "EnterPlanMode"
        | "ExitPlanMode" | "exit_plan_mode" => ActionKind::Plan,
        _ => ActionKind::Other,
    }
}
