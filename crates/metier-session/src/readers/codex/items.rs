//! The items of Codex 0.147 and later, which say of a turn what the interface showed.
//!
//! They repeat calls that the conversation records as well. But where the model calls its tools from
//! code (one call of `exec` with a script), only items tell which tools the script called: those then
//! count, and the script in their place does not, since its text is what they were given.

use crate::tolerant::string;
use std::borrow::Cow;

use serde_json::value::RawValue;

use super::calls::{self, Report};
use super::reading::Reading;
use super::records::TurnItem;
use super::tools;
use crate::ids::RecordKey;
use crate::session::{Action, ActionKind, End, Event, Outcome, Place, PromptKind, What};
use crate::text::Text;
use crate::time::Time;

/// Items that say nothing that counts, or what the conversation says as well.
const NEWS: [&str; 13] = [
    "Plan",
    "Reasoning",
    "WebSearch",
    "ImageView",
    "ImageGeneration",
    "HookPrompt",
    "Sleep",
    "Extension",
    "ExitedReviewMode",
    "CollabAgentToolCall",
    "DynamicToolCall",
    "FunctionCallOutput",
    "McpStartup",
];

impl<'a> Reading<'a, '_> {
    pub fn turn_item(&mut self, place: Place, time: Option<Time>, item: TurnItem<'a>) {
        match item.kind.or_empty() {
            "UserMessage" => {
                let (mut texts, mut images) = (Vec::new(), 0);
                for part in super::reading::parts(item.content) {
                    match part.kind.or_empty() {
                        "image" | "local_image" | "localImage" => images += 1,
                        _ => texts.extend(part.text.and_then(string)),
                    }
                }
                let text = if texts.len() == 1 { texts.remove(0) } else { Cow::Owned(texts.concat()) };
                self.typed(place, time, text, images);
            }
            "AgentMessage" => {
                for part in super::reading::parts(item.content) {
                    self.agent_message(place, time, part.text);
                }
            }
            "ContextCompaction" => self.context_compacted(place, time),
            "EnteredReviewMode" => self.reviewed(place, time, item.review),
            "SubAgentActivity" => self.spawned(item.agent_thread_id.get(), item.id.get()),
            "CommandExecution" => {
                let command = item.command.and_then(tools::recorded_command);
                self.tool_item(place, time, item, Cow::Borrowed("exec_command"), ActionKind::Run, command);
            }
            "FileChange" => {
                self.tool_item(place, time, item, Cow::Borrowed("apply_patch"), ActionKind::Edit, None);
            }
            "McpToolCall" => {
                let tool = format!("mcp__{}__{}", item.server.or_empty(), item.tool.or_empty());
                self.tool_item(place, time, item, Cow::Owned(tool), ActionKind::Other, None);
            }
            kind if NEWS.contains(&kind) => {}
            kind => self.unknown(&format!("item_completed/{kind}")),
        }
    }

    /// A tool that ran: a report about a call, or, called from code, a call of its own.
    fn tool_item(
        &mut self,
        place: Place,
        time: Option<Time>,
        item: TurnItem<'a>,
        tool: Cow<'a, str>,
        kind: ActionKind,
        command: Option<String>,
    ) {
        if !self.counting {
            return;
        }
        let exit_code = item.exit_code.and_then(|code| code.get().parse::<i32>().ok());
        let end = match item.status.or_empty() {
            "declined" => End::Rejected(None),
            "failed" => End::Failed,
            _ if exit_code.is_some_and(|code| code != 0) => End::Failed,
            _ => End::Done,
        };
        let done = matches!(end, End::Done);
        let changes = if done { self.changes(place, item.changes) } else { Vec::new() };
        let id = self.key_of(item.id.get());
        let output = item.aggregated_output.or(item.result);
        if self.is_called(id) {
            let report = Report { exit_code, output, changes, ..Report::new(place, time, end) };
            self.report(id, report);
            return;
        }
        let input = self.script();
        let command = command.map(Cow::Owned);
        self.push(place, time, What::Action(Action { id, tool, kind, input, command }));
        let output = output.map(Text::from).unwrap_or_default();
        let outcome = Outcome { output, exit_code, changes, ..calls::outcome(id, end) };
        self.push(place, time, What::Outcome(outcome));
    }

    /// The script that calls tools, for the first of them: its words were written once.
    fn script(&mut self) -> Text<'a> {
        let Some((code, index)) = self.calls.code else { return Text::default() };
        if !self.calls.opened.insert(code) {
            return Text::default();
        }
        match self.session.events.get_mut(index) {
            Some(Event { what: What::Action(action), .. }) => std::mem::take(&mut action.input),
            _ => Text::default(),
        }
    }

    /// A review that the person asked for with a command.
    pub fn reviewed(&mut self, place: Place, time: Option<Time>, hint: Option<&'a RawValue>) {
        if self.is_main() {
            let text = hint.map(Text::from).unwrap_or_default();
            let what = self.prompt(PromptKind::Command, text, 0, false);
            self.push(place, time, what);
        }
    }

    /// Takes note of which call started a subagent.
    pub fn spawned(&mut self, agent: Option<&str>, call: Option<&str>) {
        if let (Some(agent), Some(call)) = (agent, call) {
            let call: RecordKey = self.hash(call);
            self.calls.started.entry(self.hash(agent)).or_insert(call);
        }
    }
}
