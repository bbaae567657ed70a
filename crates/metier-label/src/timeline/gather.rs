//! Gathers the course of a session from its events, within bounds. Recognises nothing itself: checks and commits are what
//! [`metier_session::measure`] finds.

use std::collections::{BTreeSet, HashMap};

use metier_session::measure::{self, Command, Proof};
use metier_session::{
    self as session, Action as Called, ActionKind, Actor, End, Facts, Outcome, Place, RecordKey, Session,
    Text, Time,
};

use super::course::{
    Action, Answer, Bounds, Change, Counts, Course, Ended, Event, LeftOut, Message, Prompt, Subagents, Turn,
    What,
};
use super::plain::{Cut, plain, plain_end};
use crate::message::messages;

impl Course {
    /// The course of a session. Counts are the same whatever the bounds are.
    pub fn of(session: &Session, facts: &Facts, bounds: &Bounds) -> Course {
        let numbers = messages(session).zip(1..).map(|(message, number)| (message.event, number)).collect();
        let mut gathering = Gathering { left: bounds.whole, numbers, ..Gathering::new(bounds) };
        for (index, event) in session.events.iter().enumerate() {
            gathering.event(index, event);
        }
        gathering.finish(session, facts)
    }
}

/// What an event costs beside its text, in bytes: about what its fields take.
const EVENT: usize = 128;
/// Answers to one action that are shown.
const ANSWERS: usize = 4;
/// Changed files of one answer that are shown.
const CHANGES: usize = 50;
/// Records of subagents whose places are kept, in all.
const PLACES: usize = 10_000;
/// Characters of a tool's name.
const NAME: usize = 80;

struct Gathering<'b> {
    bounds: &'b Bounds,
    /// Bytes that may still be shown.
    left: usize,
    /// The number of each message, by its event.
    numbers: HashMap<usize, u32>,
    turns: Vec<Turn>,
    /// When each turn began.
    starts: Vec<Option<Time>>,
    /// Whether something stands before the first prompt.
    before: bool,
    actions: HashMap<RecordKey, Spot>,
    /// Commands that wait for their answers; of an action of a subagent, too.
    commands: HashMap<RecordKey, Command>,
    subagents: Vec<Subagent>,
    by_id: HashMap<RecordKey, usize>,
    pull_requests: BTreeSet<String>,
    kept_places: usize,
}

/// Where an action stands.
#[derive(Clone, Copy)]
struct Spot {
    turn: usize,
    /// `None` if it is only counted.
    event: Option<usize>,
    kind: ActionKind,
}

/// What is known of one subagent until the end.
struct Subagent {
    started_by: Option<RecordKey>,
    /// Its tool calls by the harness's own count.
    counted: u64,
    first: Option<Time>,
    turn: usize,
    at: Place,
    counts: Counts,
    places: Vec<Place>,
    /// Places of the rest, for the case that it cannot be shown.
    all: LeftOut,
}

impl<'b> Gathering<'b> {
    fn new(bounds: &'b Bounds) -> Gathering<'b> {
        Gathering {
            bounds,
            left: 0,
            numbers: HashMap::new(),
            turns: Vec::new(),
            starts: Vec::new(),
            before: false,
            actions: HashMap::new(),
            commands: HashMap::new(),
            subagents: Vec::new(),
            by_id: HashMap::new(),
            pull_requests: BTreeSet::new(),
            kept_places: 0,
        }
    }

    fn event(&mut self, index: usize, event: &session::Event) {
        let (at, time) = (event.place, event.time);
        match &event.what {
            session::What::Prompt(prompt) => return self.prompt(index, event, prompt),
            session::What::Queued(text) => {
                self.counts().messages += 1;
                let message = self.message(index, false, text);
                return self.push(at, time, message);
            }
            session::What::Interruption => {
                self.counts().interruptions += 1;
                return self.push(at, time, What::Interruption);
            }
            session::What::PullRequest(url) => {
                self.heard_of(url, None);
                let url = plain(url, self.bounds.action);
                return self.push(at, time, What::PullRequest(url));
            }
            session::What::Usage(_) | session::What::TurnTook { .. } => return,
            _ => {}
        }
        if let Actor::Subagent { id, started_by } = event.actor {
            return self.aside(event, id, started_by);
        }
        match &event.what {
            session::What::Said(text) => {
                let text = plain(text.read().trim(), self.bounds.said);
                // Messages of tool calls alone come with empty text.
                if !text.is_empty() {
                    self.counts().said += 1;
                    self.push(at, time, What::Said(text));
                }
            }
            session::What::Action(action) => self.action(at, time, action),
            session::What::Outcome(outcome) => self.outcome(index, event, outcome),
            session::What::Compaction => {
                self.counts().compactions += 1;
                self.push(at, time, What::Compaction);
            }
            session::What::ServiceError => {
                self.counts().service_errors += 1;
                self.push(at, time, What::ServiceError);
            }
            _ => {}
        }
    }

    /// The turn that runs; what stands before the first prompt has one of its own.
    fn turn(&mut self) -> usize {
        if self.turns.is_empty() {
            self.before = true;
            self.begin(None);
        }
        self.turns.len() - 1
    }

    fn begin(&mut self, time: Option<Time>) {
        self.turns.push(Turn::default());
        self.starts.push(time);
    }

    fn counts(&mut self) -> &mut Counts {
        let turn = self.turn();
        &mut self.turns[turn].counts
    }

    /// Takes from what may be shown. Once something did not fit nothing fits: what is shown is the beginning.
    fn afford(&mut self, bytes: usize) -> bool {
        let affords = bytes <= self.left;
        self.left = if affords { self.left - bytes } else { 0 };
        affords
    }

    fn prompt(&mut self, index: usize, event: &session::Event, prompt: &session::Prompt) {
        let whole = self.turns.len() >= self.bounds.turns.max(1);
        if whole {
            // Counted together in the last turn.
            let last = self.turn();
            self.turns[last].left_out.turns += 1;
            self.left = 0;
        } else {
            self.begin(event.time);
        }
        let turn = self.turn();
        let message = self.numbers.get(&index).copied();
        self.counts().messages += u64::from(message.is_some());
        let text = plain(&prompt.text.read(), self.bounds.said);
        if whole || !self.afford(EVENT + text.text.len()) {
            return self.leave_out(turn, event.place);
        }
        self.turns[turn].prompt = Some(Prompt {
            at: event.place,
            time: event.time,
            kind: prompt.kind,
            message,
            text,
            images: prompt.images,
            permission: prompt.permission,
        });
    }

    fn message(&self, index: usize, refusing: bool, text: &Text) -> What {
        let text = plain(&text.read(), self.bounds.said);
        What::Message(Message { message: self.numbers.get(&index).copied(), refusing, text })
    }

    fn push(&mut self, at: Place, time: Option<Time>, what: What) {
        let turn = self.turn();
        self.put(turn, at, time, what);
    }

    /// Puts an event at the end of a turn, or counts it; gives its index if it is shown.
    fn put(&mut self, turn: usize, at: Place, time: Option<Time>, what: What) -> Option<usize> {
        if !self.afford(EVENT + what.bytes()) {
            self.leave_out(turn, at);
            return None;
        }
        let events = &mut self.turns[turn].events;
        events.push(Event { at, time, what });
        Some(events.len() - 1)
    }

    fn leave_out(&mut self, turn: usize, at: Place) {
        let left_out = &mut self.turns[turn].left_out;
        left_out.events += 1;
        left_out.take(at);
    }

    fn action(&mut self, at: Place, time: Option<Time>, action: &Called) {
        self.counts().actions += 1;
        if let Some(command) = &action.command {
            self.commands.insert(action.id, Command::of(command));
        }
        let input = match &action.command {
            Some(command) => plain(command, self.bounds.action),
            None => plain(&action.input.read(), self.bounds.action),
        };
        let (turn, tool, kind) = (self.turn(), plain(&action.tool, NAME).text, action.kind);
        let shown = What::Action(Action { tool, kind, input, answers: Vec::new(), subagents: None });
        let event = self.put(turn, at, time, shown);
        self.actions.insert(action.id, Spot { turn, event, kind });
    }

    fn outcome(&mut self, index: usize, event: &session::Event, outcome: &Outcome) {
        let spot = self.actions.get(&outcome.action).copied();
        let now = self.turn();
        let turn = spot.map_or(now, |spot| spot.turn);
        let proof = self.prove(outcome, turn, None);
        let counts = &mut self.turns[turn].counts;
        counts.failed += u64::from(matches!(outcome.end, End::Failed));
        counts.rejected += u64::from(matches!(outcome.end, End::Rejected(_)));
        counts.decisions += u64::from(outcome.decision);
        counts.changed(outcome);
        if let Some((id, counted)) = outcome.subagent {
            let subagent = self.subagent(id, Some(outcome.action), event);
            subagent.counted = subagent.counted.saturating_add(counted.unwrap_or(0));
        }
        let answer = self.answer(event, outcome, spot.map(|spot| spot.kind), proof);
        match spot {
            None => {
                self.put(turn, event.place, event.time, What::Answer(answer));
            }
            Some(Spot { event: None, .. }) => self.leave_out(turn, event.place),
            Some(Spot { event: Some(at), .. }) => {
                let bytes = EVENT + answer.bytes();
                let affords = self.afford(bytes);
                let action = match self.turns[turn].events.get_mut(at).map(|event| &mut event.what) {
                    Some(What::Action(action)) if action.answers.len() < ANSWERS => Some(action),
                    _ => None,
                };
                match action {
                    Some(action) if affords => action.answers.push(answer),
                    // How a call that is shown ended is shown, too: without it, it would look as if nothing came back.
                    Some(action) if action.answers.is_empty() => action.answers.push(answer.bare()),
                    _ => self.leave_out(turn, event.place),
                }
            }
        }
        if let End::Rejected(Some(words)) = &outcome.end {
            self.counts().messages += 1;
            let message = self.message(index, true, words);
            self.push(event.place, event.time, message);
        }
    }

    /// What an answer proves, counted: for the turn, or for a subagent.
    fn prove(&mut self, outcome: &Outcome, turn: usize, subagent: Option<usize>) -> Proof {
        let Some(command) = self.commands.remove(&outcome.action) else { return Proof::default() };
        let mut proof = command.proof(outcome);
        let counts = match subagent {
            Some(subagent) => &mut self.subagents[subagent].counts,
            None => &mut self.turns[turn].counts,
        };
        for (check, passed) in &proof.checks {
            let runs = counts.of(*check);
            runs.runs += 1;
            runs.passed += u64::from(*passed == Some(true));
            runs.failed += u64::from(*passed == Some(false));
        }
        counts.commits += proof.commits;
        counts.pushes += u64::from(proof.pushed);
        if let Some(url) = proof.pull_request.take() {
            self.heard_of(&url, Some((turn, subagent)));
            proof.pull_request = Some(plain(&url, self.bounds.action).text);
        }
        proof
    }

    /// Counts a pull request unless it was heard of before.
    fn heard_of(&mut self, url: &str, by: Option<(usize, Option<usize>)>) {
        let new = self.pull_requests.insert(measure::pull_request(url).unwrap_or(url).to_owned());
        let counts = match by {
            Some((_, Some(subagent))) => &mut self.subagents[subagent].counts,
            Some((turn, None)) => &mut self.turns[turn].counts,
            None => self.counts(),
        };
        counts.pull_requests += u64::from(new);
    }

    fn answer(
        &self,
        event: &session::Event,
        outcome: &Outcome,
        kind: Option<ActionKind>,
        proof: Proof,
    ) -> Answer {
        let most = self.bounds.action;
        let output = outcome.output.read();
        let output = match (&outcome.end, kind) {
            // What the person typed stands as a message of its own.
            (End::Rejected(_), _) => Cut::default(),
            _ if outcome.decision => plain(output.trim(), self.bounds.said),
            (End::Failed, _) | (_, Some(ActionKind::Run) | None) => plain_end(output.trim_end(), most),
            _ => plain(&output, most),
        };
        let change = |change: &session::Change| Change {
            path: plain(&change.path, most),
            added: change.added,
            removed: change.removed,
        };
        Answer {
            at: event.place,
            time: event.time,
            end: match outcome.end {
                End::Done => Ended::Done,
                End::Failed => Ended::Failed,
                End::Rejected(_) => Ended::Rejected,
                End::Interrupted => Ended::Interrupted,
                End::Started => Ended::Started,
            },
            exit_code: outcome.exit_code,
            output,
            changes: outcome.changes.iter().take(CHANGES).map(change).collect(),
            more_changes: outcome.changes.len().saturating_sub(CHANGES) as u64,
            user_modified: outcome.user_modified,
            decision: outcome.decision,
            proof,
        }
    }

    fn subagent(&mut self, id: RecordKey, by: Option<RecordKey>, event: &session::Event) -> &mut Subagent {
        let turn = self.turn();
        let next = self.subagents.len();
        let at = *self.by_id.entry(id).or_insert(next);
        if at == next {
            self.subagents.push(Subagent {
                started_by: by,
                counted: 0,
                first: event.time,
                turn,
                at: event.place,
                counts: Counts::default(),
                places: Vec::new(),
                all: LeftOut::default(),
            });
        }
        let subagent = &mut self.subagents[at];
        subagent.started_by = subagent.started_by.or(by);
        subagent
    }

    /// What a subagent does is counted.
    fn aside(&mut self, event: &session::Event, id: RecordKey, by: Option<RecordKey>) {
        let turn = self.turn();
        self.subagent(id, by, event).all.take(event.place);
        let at = self.by_id[&id];
        match &event.what {
            session::What::Said(text) => self.subagents[at].counts.said += u64::from(!text.is_empty()),
            session::What::Action(action) => {
                self.subagents[at].counts.actions += 1;
                if let Some(command) = &action.command {
                    self.commands.insert(action.id, Command::of(command));
                }
            }
            session::What::Outcome(outcome) => {
                self.prove(outcome, turn, Some(at));
                let Subagent { counts, places, .. } = &mut self.subagents[at];
                counts.failed += u64::from(matches!(outcome.end, End::Failed));
                counts.rejected += u64::from(matches!(outcome.end, End::Rejected(_)));
                counts.decisions += u64::from(outcome.decision);
                counts.changed(outcome);
                let tells = !outcome.changes.is_empty()
                    || outcome.decision
                    || matches!(outcome.end, End::Rejected(_));
                if tells && self.kept_places < PLACES {
                    self.kept_places += 1;
                    places.push(event.place);
                }
            }
            session::What::Compaction => self.subagents[at].counts.compactions += 1,
            session::What::ServiceError => self.subagents[at].counts.service_errors += 1,
            _ => {}
        }
    }

    /// Puts every subagent under the action that started it; else into the turn that ran when it began, as measuring does.
    fn place_subagents(&mut self) {
        for mut subagent in std::mem::take(&mut self.subagents) {
            subagent.counts.actions = subagent.counts.actions.max(subagent.counted);
            let spot = subagent.started_by.and_then(|action| self.actions.get(&action).copied());
            let by_time = || {
                let first = subagent.first?;
                self.starts.iter().rposition(|start| start.is_some_and(|start| start <= first))
            };
            let turn = spot.map(|spot| spot.turn).or_else(by_time).unwrap_or(subagent.turn);
            self.turns[turn].subagents.add(&subagent.counts);
            let under = spot.and_then(|spot| self.turns[turn].events.get_mut(spot.event?));
            let Subagent { at, first, counts, places, all, .. } = subagent;
            if let Some(Event { what: What::Action(action), .. }) = under {
                let sum = action.subagents.get_or_insert_default();
                sum.agents += 1;
                sum.counts.add(&counts);
                sum.places.extend(places);
            } else if let Some(Event { what: What::Subagents(sum), .. }) = self.turns[turn].events.last_mut()
            {
                sum.agents += 1;
                sum.counts.add(&counts);
                sum.places.extend(places);
            } else if counts != Counts::default() {
                let shown = What::Subagents(Subagents { agents: 1, counts, places });
                if self.put(turn, at, first, shown).is_none() {
                    all.spans.iter().for_each(|(first, last)| {
                        self.turns[turn].left_out.take(*first);
                        self.turns[turn].left_out.take(*last);
                    });
                }
            }
        }
    }

    fn finish(mut self, session: &Session, facts: &Facts) -> Course {
        self.place_subagents();
        // Turns of prompts are the same ones that were measured.
        let mut measured = facts.turns.iter().filter(|turn| turn.prompt.is_some());
        let mut left_out = LeftOut::default();
        for (at, turn) in self.turns.iter_mut().enumerate() {
            if at >= usize::from(self.before) && turn.left_out.turns == 0 {
                let took = measured.next();
                turn.ms = took.and_then(|took| took.recorded_ms.or(took.ms));
            }
            turn.left_out.characters = turn.cut();
            left_out.turns += turn.left_out.turns;
            left_out.events += turn.left_out.events;
            left_out.characters = left_out.characters.saturating_add(turn.left_out.characters);
        }
        Course {
            agent: session.agent,
            session: plain(&session.id, 200).text,
            directory: session.directory.as_deref().map(|directory| plain(directory, 1_000).text),
            files: Vec::new(),
            facts: facts.clone(),
            turns: self.turns,
            left_out,
        }
    }
}

impl Counts {
    /// Counts what an answer changed.
    fn changed(&mut self, outcome: &Outcome) {
        self.changes += outcome.changes.len() as u64;
        for change in &outcome.changes {
            self.lines_added = self.lines_added.saturating_add(change.added);
            self.lines_removed = self.lines_removed.saturating_add(change.removed);
        }
    }
}

impl What {
    /// Bytes of its text.
    fn bytes(&self) -> usize {
        match self {
            What::Said(text) | What::PullRequest(text) => text.text.len(),
            What::Message(message) => message.text.text.len(),
            What::Action(action) => action.tool.len() + action.input.text.len(),
            What::Answer(answer) => answer.bytes(),
            What::Subagents(_) | What::Interruption | What::Compaction | What::ServiceError => 0,
        }
    }

    /// Characters cut from its texts.
    fn cut(&self) -> u64 {
        match self {
            What::Said(text) | What::PullRequest(text) => text.left_out,
            What::Message(message) => message.text.left_out,
            What::Action(action) => {
                action.input.left_out + action.answers.iter().map(Answer::cut).sum::<u64>()
            }
            What::Answer(answer) => answer.cut(),
            What::Subagents(_) | What::Interruption | What::Compaction | What::ServiceError => 0,
        }
    }
}

impl Answer {
    fn bytes(&self) -> usize {
        let paths = self.changes.iter().map(|change| 32 + change.path.text.len()).sum::<usize>();
        self.output.text.len() + paths
    }

    fn cut(&self) -> u64 {
        self.output.left_out + self.changes.iter().map(|change| change.path.left_out).sum::<u64>()
    }

    /// The same without its texts, which are counted as cut.
    fn bare(mut self) -> Answer {
        self.output.left_out += self.output.text.chars().count() as u64;
        self.output.text.clear();
        self.more_changes += self.changes.len() as u64;
        self.changes.clear();
        self
    }
}

impl Turn {
    fn cut(&self) -> u64 {
        let prompt = self.prompt.as_ref().map_or(0, |prompt| prompt.text.left_out);
        prompt + self.events.iter().map(|event| event.what.cut()).sum::<u64>()
    }
}
