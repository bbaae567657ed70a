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
        row.facts.tell(|number| hash.write_u64(number));
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
