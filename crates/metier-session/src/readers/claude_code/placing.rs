//! Where events belong that a transcript tells of elsewhere: messages typed while the agent worked, and the files of subagents.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::ids::{PerRecord, RecordKey};
use crate::session::{Actor, Event, Place, What};
use crate::text::Text;
use crate::time::Time;

/// Messages typed while the agent worked. Several records can tell of the same one.
#[derive(Default)]
pub(super) struct Meanwhile<'a> {
    /// By the hash of their text.
    queued: PerRecord<Queued<'a>>,
    /// The texts of prompts that started turns, by their hash, with the number of events before the last.
    prompts: PerRecord<usize>,
}

struct Queued<'a> {
    text: String,
    event: Event<'a>,
    /// The number of events before it.
    at: usize,
    delivered: bool,
    pending: u32,
}

impl<'a> Meanwhile<'a> {
    /// A message was typed: put into the queue, or `delivered` to the agent, after `at` events.
    pub(super) fn typed(
        &mut self,
        hash: RecordKey,
        place: Place,
        time: Option<Time>,
        text: Cow<'a, str>,
        delivered: bool,
        at: usize,
    ) {
        let plain = text.trim().to_owned();
        // A slash command is no message.
        if plain.is_empty() || plain.starts_with('/') {
            return;
        }
        let event = Event { time, place, actor: Actor::Main, what: What::Queued(Text::Plain(text)) };
        let new = Queued { text: plain, event, at, delivered: false, pending: 0 };
        let queued = self.queued.entry(hash).or_insert(new);
        queued.at = at;
        queued.delivered |= delivered;
        queued.pending += 1;
    }

    /// Messages were taken back into the input line: those in `text`, or all. If one is sent after all,
    /// another record says so.
    pub(super) fn taken_back(&mut self, text: &str) {
        for queued in self.queued.values_mut() {
            if text.is_empty() || text.contains(&queued.text) {
                queued.pending = 0;
            }
        }
    }

    /// A prompt started a turn, after `at` events.
    pub(super) fn prompted(&mut self, hash: RecordKey, at: usize) {
        self.prompts.insert(hash, at);
    }

    /// The events with the messages that count, each where it stood: behind the last event that its file
    /// tells of before. A prompt that came later with the same words is the same message, sent in its turn.
    pub(super) fn placed(self, mut events: Vec<Event<'a>>) -> Vec<Event<'a>> {
        let Meanwhile { queued, prompts } = self;
        let mut queued: Vec<_> = queued
            .into_iter()
            .filter(|(hash, queued)| prompts.get(hash).is_none_or(|prompt| *prompt < queued.at))
            .filter(|(_, queued)| queued.delivered || queued.pending > 0)
            .map(|(_, queued)| queued.event)
            .collect();
        queued.sort_by_key(|event| event.place);
        for event in queued {
            let same = |other: &Event| other.place.source == event.place.source;
            let before = |other: &Event| same(other) && other.place.line <= event.place.line;
            let behind = events.iter().rposition(before).map(|at| at + 1);
            let at = behind.or_else(|| events.iter().position(same)).unwrap_or(events.len());
            events.insert(at, event);
        }
        events
    }
}

/// Puts the events of subagents' own files where they happened in the main conversation.
pub(super) fn interleave<'a>(events: Vec<Event<'a>>, side: &[u32]) -> Vec<Event<'a>> {
    if side.is_empty() {
        return events;
    }
    let (side, main): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| side.contains(&event.place.source));
    // Times run backwards by milliseconds, and the order of a file stands: each event counts with the
    // latest time so far in its file.
    let timed = |events: Vec<Event<'a>>| {
        let mut latest: HashMap<u32, Option<Time>> = HashMap::new();
        let timed = events.into_iter().map(move |event| {
            let latest = latest.entry(event.place.source).or_default();
            *latest = (*latest).max(event.time);
            (*latest, event)
        });
        timed.collect::<Vec<_>>()
    };
    let mut side = timed(side);
    side.sort_by_key(|(time, _)| *time);
    let mut side = side.into_iter().peekable();
    let mut all = Vec::with_capacity(main.len() + side.len());
    let mut latest = None;
    for event in main {
        latest = latest.max(event.time);
        while let Some((_, beside)) = side.next_if(|(time, _)| *time < latest) {
            all.push(beside);
        }
        all.push(event);
    }
    all.extend(side.map(|(_, event)| event));
    all
}
