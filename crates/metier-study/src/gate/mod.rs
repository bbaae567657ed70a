//! The gate: the only door from rows of many people to findings.
//!
//! A number passes if the sessions that it is over, those that it counts and those that it does not are of enough people,
//! none of whom makes up most of it, and if it cannot be combined with other numbers, released now or before, to one about
//! too few (`audit.rs`). What passes is rounded; what does not says that it was withheld. `docs/privacy.md` has the rules and
//! what they do not prevent.

mod audit;
mod bits;
mod families;
mod ledger;
mod pass;
mod rests;
mod rounded;

use std::collections::HashMap;
use std::hash::Hasher;

use metier_label::{Labels, Value};
use metier_session::Id;
use metier_store::{Row, Thresholds};
use siphasher::sip::SipHasher13;

pub(crate) use bits::Bits;
pub use ledger::{Ledger, Release};
pub(crate) use pass::pass;
pub(crate) use rests::{Gated, Rests};

/// Which session it is, as it is now, and whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    session: Id,
    /// A hash of its facts and labels.
    content: u64,
    person: Option<Id>,
}

impl Identity {
    pub(crate) fn of(row: &Row, second: Option<&Labels>) -> Identity {
        // The same on every machine and in every version: it stands in the ledger.
        let mut hash = SipHasher13::new();
        let facts = &row.facts;
        let mut number = |number: u64| hash.write_u64(number);
        let maybe = |count: Option<u64>| count.map_or(u64::MAX, |count| count);
        let flag = |flag: Option<bool>| flag.map_or(2, u64::from);
        let moment = |time: Option<metier_session::Time>| time.map_or(u64::MAX, |time| time.0 as u64);
        [facts.first, facts.last].into_iter().for_each(|time| number(moment(time)));
        let counts = [
            facts.prompts,
            facts.typed_prompts,
            facts.command_prompts,
            facts.plan_prompts,
            facts.prompt_words,
            facts.image_prompts,
            facts.interruptions,
            facts.decisions,
            facts.actions,
            facts.subagent_actions,
            facts.tool_errors,
            facts.words,
            facts.subagent_words,
            facts.commits,
            facts.pull_requests,
            facts.pushes,
            facts.test_runs,
            facts.build_runs,
            facts.lint_runs,
            facts.retries,
            facts.compactions,
            facts.service_errors,
        ];
        counts.into_iter().chain(facts.actions_by_kind).for_each(&mut number);
        let recorded = [
            facts.active_ms,
            facts.queued_prompts,
            facts.rejections,
            facts.user_modified_edits,
            facts.output_tokens,
            facts.input_tokens,
            facts.cache_read_tokens,
            facts.cache_write_tokens,
            facts.subagent_output_tokens,
            facts.cost_usd.map(f64::to_bits),
            facts.lines_added,
            facts.lines_removed,
            facts.files_touched,
            facts.failed_checks,
        ];
        recorded.into_iter().for_each(|count| number(maybe(count)));
        let flags = [
            facts.headless,
            facts.last_test_passed,
            facts.last_test_after_edit,
            facts.last_build_passed,
            facts.last_lint_passed,
        ];
        flags.into_iter().for_each(|so| number(flag(so)));
        for turn in &facts.turns {
            number(
                turn.prompt.map_or(0, |kind| kind as u64 + 1) << 8
                    | turn.permission.map_or(0, |kind| kind as u64 + 1),
            );
            [turn.actions, turn.words, maybe(turn.ms), maybe(turn.recorded_ms)]
                .into_iter()
                .for_each(&mut number);
        }
        for labels in [Some(&row.labels), second].into_iter().flatten() {
            for answer in &labels.answers {
                let answer = answer.map_or(u64::MAX, |answer| match answer.value {
                    Value::Choice(choice) => u64::from(choice),
                    Value::Level(level) => 0x100 | u64::from(level),
                    Value::Tenths(tenths) => 0x200 | u64::from(tenths),
                    Value::Usd(usd) => usd.to_bits(),
                });
                hash.write_u64(answer);
            }
        }
        Identity { session: row.session, content: hash.finish(), person: row.person }
    }
}

/// What findings have to bring to pass the gate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) thresholds: Thresholds,
    /// Whether numbers have to bring what it takes to add them up with those of others.
    pub(crate) sums: bool,
}

impl Gated {
    /// A group of the sessions at these places.
    pub(crate) fn new(Asked { thresholds, sums }: Asked, place: Vec<u32>, identities: &[Identity]) -> Gated {
        let mut numbers: HashMap<Option<Id>, u32, foldhash::fast::FixedState> = HashMap::default();
        let mut sessions: Vec<usize> = Vec::new();
        let person = place
            .iter()
            .map(|at| {
                let next = numbers.len() as u32;
                let number = *numbers.entry(identities[*at as usize].person).or_insert(next);
                if number == next && sessions.len() == next as usize {
                    sessions.push(0);
                }
                sessions[number as usize] += 1;
                number
            })
            .collect();
        let most = sessions.into_iter().max().unwrap_or(0);
        Gated { thresholds, sums, person, people: numbers.len(), most, place }
    }
}
