//! The tool calls of a Codex session: the call, its answer, and what events report about it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::answers::{self, Answer};
use super::patch;
use super::reading::Reading;
use super::records::{EventMsg, Item};
use super::thread::Process;
use super::tools::{self, Role};
use crate::ids::RecordKey;
use crate::session::{Action, Actor, Change, End, Event, Outcome, Place, What};
use crate::text::Text;
use crate::time::Time;

/// What is known of the calls so far.
#[derive(Default)]
pub(super) struct Calls<'a> {
    /// Those that count.
    actions: HashSet<RecordKey>,
    /// What the answer to a call has to be read for.
    roles: HashMap<RecordKey, Role>,
    /// The calls that started subagents, by subagent.
    pub started: HashMap<RecordKey, RecordKey>,
    /// What events say about calls, beside their answers.
    reports: HashMap<RecordKey, Report<'a>>,
    /// The piece of code that runs, in code mode: its call, and the index of the event.
    pub code: Option<(RecordKey, usize)>,
    /// Pieces of code whose calls of tools are recorded one by one, and count in their place.
    pub opened: HashSet<RecordKey>,
}

/// What an event says about a call.
pub(super) struct Report<'a> {
    pub place: Place,
    pub time: Option<Time>,
    pub actor: Actor,
    pub end: End<'a>,
    pub exit_code: Option<i32>,
    pub output: Option<&'a RawValue>,
    pub changes: Vec<Change<'a>>,
}

impl<'a> Report<'a> {
    pub fn new(place: Place, time: Option<Time>, end: End<'a>) -> Self {
        Report { place, time, actor: Actor::Main, end, exit_code: None, output: None, changes: Vec::new() }
    }
}

impl<'a> Reading<'a, '_> {
    fn call(&self, item: &Item) -> RecordKey {
        self.key_of(item.call_id.get().or(item.id.get()))
    }

    pub fn action(&mut self, place: Place, time: Option<Time>, item: &Item<'a>, called: tools::Called<'a>) {
        let id = self.call(item);
        if !self.counting || !self.calls.actions.insert(id) {
            return;
        }
        let tools::Called { tool, kind, input, command, role } = called;
        self.calls.roles.insert(id, role);
        if tool == "exec" && item.kind.get() == Some("custom_tool_call") {
            self.calls.code = Some((id, self.session.events.len()));
        }
        self.push(place, time, What::Action(Action { id, tool, kind, input, command }));
    }

    pub fn outcome(
        &mut self,
        place: Place,
        time: Option<Time>,
        item: &Item<'a>,
        output: Option<&'a RawValue>,
    ) {
        if !self.counting {
            return;
        }
        let action = self.call(item);
        self.calls.code = self.calls.code.filter(|(code, _)| *code != action);
        let role = self.calls.roles.remove(&action).unwrap_or(Role::Other);
        let Answer { text, mut end, mut exit_code, running } =
            answers::answer(output, matches!(role, Role::Patch(_)));
        let done = matches!(end, End::Done);
        let (mut changes, mut decision, mut subagent) = (Vec::new(), false, None);
        match role {
            Role::Patch(written) if done => changes = written,
            Role::Question if done => decision = answers::answered(&text.read()),
            Role::Spawn if done => {
                if let Some(agent) = answers::spawned(&text.read()) {
                    let agent = self.hash(&agent);
                    self.calls.started.insert(agent, action);
                    subagent = Some((agent, None));
                }
            }
            Role::Poll(process) => self.polled(process, &text, &mut end, &mut exit_code, running.is_some()),
            _ => {
                if let Some(process) = running {
                    let output = text.read().into_owned();
                    let outcome = self.session.events.len();
                    self.thread.running.insert(process, Process { outcome, output });
                }
            }
        }
        let outcome =
            Outcome { output: text, exit_code, changes, decision, subagent, ..outcome(action, end) };
        self.push(place, time, What::Outcome(outcome));
    }

    /// Gives the end of a process to the call that started it, which had only left it running: the
    /// call has the command, and a test run that took long is a test run. The call that looked after the
    /// process did its work.
    fn polled(
        &mut self,
        process: u64,
        text: &Text,
        end: &mut End<'a>,
        exit_code: &mut Option<i32>,
        runs: bool,
    ) {
        let Some(known) = self.thread.running.get_mut(&process) else { return };
        if exit_code.is_none() && !runs {
            return;
        }
        known.output.push('\n');
        known.output.push_str(&text.read());
        if runs {
            *end = End::Done;
            return;
        }
        let Some(Process { outcome, output }) = self.thread.running.remove(&process) else { return };
        if let Some(Event { what: What::Outcome(started), .. }) = self.session.events.get_mut(outcome) {
            started.end = std::mem::replace(end, End::Done);
            started.exit_code = exit_code.take();
            started.output = Text::Plain(Cow::Owned(output));
        }
    }

    pub fn patched(&mut self, place: Place, time: Option<Time>, event: EventMsg<'a>) {
        let Some(call) = event.call_id.get().map(|call| self.hash(call)) else { return };
        let mut report = Report::new(place, time, End::Done);
        if event.success.0 {
            report.changes = self.changes(place, event.changes);
        } else {
            let refused = event.status.get() == Some("declined");
            report.end = if refused { End::Rejected(None) } else { End::Failed };
        }
        self.report(call, report);
    }

    /// The lines that a patch changed, as reported.
    pub fn changes(&mut self, place: Place, changes: Option<&'a RawValue>) -> Vec<Change<'a>> {
        let Some(changes) = changes else { return Vec::new() };
        patch::reported(changes).unwrap_or_else(|| {
            if self.counting {
                self.session.problems.unreadable(place, "changes of a patch in an unexpected shape");
            }
            Vec::new()
        })
    }

    pub fn report(&mut self, call: RecordKey, report: Report<'a>) {
        if self.counting {
            let actor = self.thread.actor;
            self.calls.reports.insert(call, Report { actor, ..report });
        }
    }

    /// Whether a call of this key was recorded as one.
    pub fn is_called(&self, call: RecordKey) -> bool {
        self.calls.actions.contains(&call)
    }

    /// Joins the answers with what events say about their calls.
    pub fn settle(&mut self) {
        let mut reports = std::mem::take(&mut self.calls.reports);
        for event in &mut self.session.events {
            let What::Outcome(outcome) = &mut event.what else { continue };
            let Some(report) = reports.remove(&outcome.action) else { continue };
            if !report.changes.is_empty() {
                outcome.changes = report.changes;
            }
            let well = matches!(report.end, End::Done);
            match outcome.end {
                // The answer was given while it still ran.
                End::Started => {
                    outcome.end = report.end;
                    outcome.exit_code = report.exit_code;
                    outcome.output = report.output.map_or_else(|| outcome.output.clone(), Text::from);
                }
                End::Done if !well => {
                    outcome.end = report.end;
                    outcome.changes.clear();
                }
                _ => {}
            }
        }
        // Patches whose call or answer is not there: the lines changed all the same.
        let mut alone: Vec<_> =
            reports.into_iter().filter(|(_, report)| !report.changes.is_empty()).collect();
        alone.sort_unstable_by_key(|(_, report)| report.place);
        for (action, report) in alone {
            let Report { place, time, actor, changes, .. } = report;
            let outcome = Outcome { changes, ..outcome(action, End::Done) };
            let event = Event { time, place, actor, what: What::Outcome(outcome) };
            let key = |place: Place| (self.ranks.get(place.source as usize), place.line);
            let at = self.session.events.iter().rposition(|other| key(other.place) <= key(place));
            self.session.events.insert(at.map_or(0, |at| at + 1), event);
        }
        let opened = &self.calls.opened;
        self.session.events.retain(|event| match &event.what {
            What::Action(action) => !opened.contains(&action.id),
            What::Outcome(outcome) => !opened.contains(&outcome.action),
            _ => true,
        });
    }
}

/// An answer that holds nothing yet.
pub(super) fn outcome<'a>(action: RecordKey, end: End<'a>) -> Outcome<'a> {
    Outcome {
        action,
        end,
        output: Text::default(),
        exit_code: None,
        changes: Vec::new(),
        user_modified: false,
        decision: false,
        subagent: None,
    }
}
