//! The course of a session as a person looks through it: turns, and in each what was said, done and answered, in owned text. There is no
//! label in it and no place for one, so raters who must not see labels can be given it.

use metier_session::measure::{Check, Proof};
use metier_session::{ActionKind, Agent, Facts, Permission, Place, PromptKind, Time};
use serde::Serialize;

use super::json;
use super::plain::Cut;

/// How much of a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Characters of a prompt, a message, an answer of the person, and of each thing the agent said.
    pub said: usize,
    /// Characters of an action's input, of its output, and of a path.
    pub action: usize,
    /// Bytes of all that is shown, about: what comes after them is only counted.
    pub whole: usize,
    /// Turns that are told apart; further ones are counted in the last of them.
    pub turns: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { said: 4_000, action: 400, whole: 2_000_000, turns: 2_000 }
    }
}

impl Bounds {
    /// Everything, however long.
    pub const NONE: Bounds =
        Bounds { said: usize::MAX, action: usize::MAX, whole: usize::MAX, turns: usize::MAX };
}

/// What happened in a session, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// The agent.
    pub agent: Agent,
    /// The agent's own id of the session.
    pub session: String,
    /// The directory that the session started in.
    pub directory: Option<String>,
    /// The names of its files, where the caller gave them: `place.source` counts in them.
    pub files: Vec<String>,
    /// What was counted.
    pub facts: Facts,
    /// The turns, in order. The first has no prompt if something stands before the first prompt.
    pub turns: Vec<Turn>,
    /// What is not shown, in all turns.
    pub left_out: LeftOut,
}

/// A prompt and what followed until the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Turn {
    /// Its prompt; `None` for what stands before the first one, and where it is only counted.
    pub prompt: Option<Prompt>,
    /// What followed, in order: as far as it is shown.
    pub events: Vec<Event>,
    /// Counts of all that the session's own agent and the person did, shown or not.
    pub counts: Counts,
    /// Counts of what subagents did that were started in it.
    pub subagents: Counts,
    /// From the prompt to the agent's last record in the turn, in milliseconds.
    pub ms: Option<u64>,
    /// What of it is not shown.
    pub left_out: LeftOut,
}

/// What starts a turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prompt {
    /// Where it stands.
    #[serde(serialize_with = "json::place")]
    pub at: Place,
    /// When.
    pub time: Option<Time>,
    /// How it came about.
    pub kind: PromptKind,
    /// Its number among the messages of the person, from 1, as [`render`](crate::render()) numbers them; `None` if nobody typed it.
    pub message: Option<u32>,
    /// Its text.
    pub text: Cut,
    /// Pictures in it.
    pub images: u32,
    /// How much the agent could do without asking.
    pub permission: Option<Permission>,
}

/// Something that happened in a turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Where it stands.
    #[serde(serialize_with = "json::place")]
    pub at: Place,
    /// When.
    pub time: Option<Time>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The agent wrote.
    Said(Cut),
    /// The person typed while the agent worked, or when refusing an action.
    Message(Message),
    /// The agent called a tool.
    Action(Action),
    /// A tool answered a call that is not there: the record is lost, or another session has it.
    Answer(Answer),
    /// Subagents worked, and which action started them is not recorded.
    Subagents(Subagents),
    /// The person stopped the agent.
    Interruption,
    /// The context was compacted.
    Compaction,
    /// The service failed.
    ServiceError,
    /// A pull request was made: its address.
    PullRequest(Cut),
}

/// Words of the person that start no turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Its number among the messages of the person, from 1.
    pub message: Option<u32>,
    /// Whether it was typed when refusing an action, rather than while the agent worked.
    pub refusing: bool,
    /// Its text.
    pub text: Cut,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    /// The tool's name as the agent calls it.
    pub tool: String,
    /// What the tool does.
    #[serde(serialize_with = "json::kind")]
    pub kind: ActionKind,
    /// The command, or else the beginning of what the tool was given.
    pub input: Cut,
    /// What came back, in order; empty if nothing did.
    pub answers: Vec<Answer>,
    /// What the subagents did that it started.
    pub subagents: Option<Subagents>,
}

/// A tool's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Where it stands.
    #[serde(serialize_with = "json::place")]
    pub at: Place,
    /// When.
    pub time: Option<Time>,
    /// How the call ended.
    pub end: Ended,
    /// The process's exit code.
    pub exit_code: Option<i32>,
    /// What came back: of commands and failures the end, of others the beginning.
    pub output: Cut,
    /// The files it changed.
    pub changes: Vec<Change>,
    /// How many more files it changed.
    pub more_changes: u64,
    /// The person changed the proposed edit before it was made.
    pub user_modified: bool,
    /// It is the person's answer to a question of the agent.
    pub decision: bool,
    /// What it proves.
    #[serde(serialize_with = "json::proof")]
    pub proof: Proof,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The tool answered.
    Done,
    /// It failed.
    Failed,
    /// The person refused it.
    Rejected,
    /// The person stopped it.
    Interrupted,
    /// It goes on in the background.
    Started,
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path.
    pub path: Cut,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
}

/// What subagents did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Subagents {
    /// How many they are.
    pub agents: u64,
    /// What they did. Of each the larger number of actions counts: of those recorded, and by the harness's own count.
    pub counts: Counts,
    /// Records in which they changed files, or in which the person refused or decided something: the first ones.
    #[serde(serialize_with = "json::places")]
    pub places: Vec<Place>,
}

/// What was done, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages of the person: typed prompts, those typed while the agent worked, words of refusals.
    pub messages: u64,
    /// Times the agent said something.
    pub said: u64,
    /// Actions.
    pub actions: u64,
    /// Actions that failed.
    pub failed: u64,
    /// Actions that the person refused.
    pub rejected: u64,
    /// Questions that the person answered.
    pub decisions: u64,
    /// Times the person stopped the agent.
    pub interruptions: u64,
    /// Test runs.
    pub tests: Checks,
    /// Builds.
    pub builds: Checks,
    /// Runs of linters, formatters and type checkers.
    pub lints: Checks,
    /// Commits.
    pub commits: u64,
    /// Pushes.
    pub pushes: u64,
    /// Pull requests that were not heard of before.
    pub pull_requests: u64,
    /// Files changed, each time counted.
    pub changes: u64,
    /// Lines added.
    pub lines_added: u64,
    /// Lines removed.
    pub lines_removed: u64,
    /// Times the context was compacted.
    pub compactions: u64,
    /// Failures of the service.
    pub service_errors: u64,
}

/// Runs of a kind of check. What is neither passed nor failed is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// All of them.
    pub runs: u64,
    /// Those known to have passed.
    pub passed: u64,
    /// Those known to have failed.
    pub failed: u64,
}

/// What is not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Turns that are counted in this one.
    pub turns: u64,
    /// Events that are only counted.
    pub events: u64,
    /// Characters that were cut from the texts of what is shown.
    pub characters: u64,
    /// Where the events of a turn stand that are only counted: for each file the first and last line. Empty for a whole course.
    #[serde(serialize_with = "json::spans")]
    pub spans: Vec<(Place, Place)>,
}

/// Where something stands in a [`Course`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    /// The index of the turn.
    pub turn: usize,
    /// The index of the event in it; `None` for the prompt, or where the event is only counted.
    pub event: Option<usize>,
    /// Whether it is shown, and not only counted.
    pub shown: bool,
}

impl Course {
    /// The same, with the names of its files.
    #[must_use]
    pub fn with_files(mut self, files: &[String]) -> Course {
        self.files = files.iter().map(|file| super::plain(file, 1_000).text).collect();
        self
    }

    /// Everything that stands in this record. Of what is only counted, the turn that it is in.
    pub fn find(&self, place: Place) -> Vec<Found> {
        let mut found = Vec::new();
        for (turn, it) in self.turns.iter().enumerate() {
            if it.prompt.as_ref().is_some_and(|prompt| prompt.at == place) {
                found.push(Found { turn, event: None, shown: true });
            }
            for (event, it) in it.events.iter().enumerate() {
                if it.stands_at(place) {
                    found.push(Found { turn, event: Some(event), shown: true });
                }
            }
        }
        if found.is_empty() {
            let holds = |turn: &Turn| turn.left_out.holds(place);
            let turn = self.turns.iter().position(holds);
            found.extend(turn.map(|turn| Found { turn, event: None, shown: false }));
        }
        found
    }
}

impl Event {
    /// Whether it, an answer to it, or something of its subagents stands in this record.
    fn stands_at(&self, place: Place) -> bool {
        let inside = match &self.what {
            What::Action(action) => {
                let subagents = action.subagents.iter().flat_map(|subagents| &subagents.places);
                action.answers.iter().map(|answer| &answer.at).chain(subagents).any(|at| *at == place)
            }
            What::Subagents(subagents) => subagents.places.contains(&place),
            _ => false,
        };
        self.at == place || inside
    }
}

impl LeftOut {
    /// Files whose lines are told; of further ones only the numbers.
    const FILES: usize = 64;

    fn holds(&self, place: Place) -> bool {
        self.spans.iter().any(|(first, last)| {
            first.source == place.source && (first.line..=last.line).contains(&place.line)
        })
    }

    /// Takes the place of something that is only counted.
    pub(super) fn take(&mut self, place: Place) {
        let known = self.spans.len();
        if let Some((first, last)) = self.spans.iter_mut().find(|(first, _)| first.source == place.source) {
            first.line = first.line.min(place.line);
            last.line = last.line.max(place.line);
        } else if known < LeftOut::FILES {
            self.spans.push((place, place));
        }
    }
}

impl Counts {
    /// The runs of a kind of check.
    pub fn of(&mut self, check: Check) -> &mut Checks {
        match check {
            Check::Test => &mut self.tests,
            Check::Build => &mut self.builds,
            Check::Lint => &mut self.lints,
        }
    }

    /// Adds others. A transcript can claim any number, so sums stop at the largest.
    pub(super) fn add(&mut self, other: &Counts) {
        let Counts {
            messages,
            said,
            actions,
            failed,
            rejected,
            decisions,
            interruptions,
            tests,
            builds,
            lints,
            commits,
            pushes,
            pull_requests,
            changes,
            lines_added,
            lines_removed,
            compactions,
            service_errors,
        } = other;
        for (sum, more) in [
            (&mut self.messages, messages),
            (&mut self.said, said),
            (&mut self.actions, actions),
            (&mut self.failed, failed),
            (&mut self.rejected, rejected),
            (&mut self.decisions, decisions),
            (&mut self.interruptions, interruptions),
            (&mut self.commits, commits),
            (&mut self.pushes, pushes),
            (&mut self.pull_requests, pull_requests),
            (&mut self.changes, changes),
            (&mut self.lines_added, lines_added),
            (&mut self.lines_removed, lines_removed),
            (&mut self.compactions, compactions),
            (&mut self.service_errors, service_errors),
        ] {
            *sum = sum.saturating_add(*more);
        }
        for (sum, more) in [(&mut self.tests, tests), (&mut self.builds, builds), (&mut self.lints, lints)] {
            sum.runs += more.runs;
            sum.passed += more.passed;
            sum.failed += more.failed;
        }
    }
}
