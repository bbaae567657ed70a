//! What was released from a store of many people, so that no later release tells, together with these, about too few.
//!
//! It keeps which sessions each released number was over, by the store's keyed ids: also of sessions and people that have
//! left the store since, for what was said of them cannot be taken back. No value of a session stands in it but whether it
//! was among those counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use metier_session::{Id, Key};
use serde::{Deserialize, Serialize};

use super::bits::{Bits, push_hex};
use crate::error::Error;

/// Ids are hashes already.
type Fast = foldhash::fast::FixedState;

/// What was released from a store.
#[derive(Debug, Default, Clone)]
pub struct Ledger {
    /// Sessions as they were first released, and behind them each change of one since.
    pub(super) elements: Vec<Element>,
    /// For each session its elements, in the order of its changes.
    places: HashMap<Id, Vec<u32>, Fast>,
    /// People, by their number; the first stands for whoever is not known.
    people: Vec<Option<Id>>,
    numbers: HashMap<Id, u32, Fast>,
    /// Sets of sessions that numbers were over.
    pub(super) populations: Vec<Arc<Bits>>,
    /// For each number, which sessions it counts: the newest last, where it changed for a session.
    pub(super) columns: BTreeMap<String, Vec<Bits>>,
    /// What was released: for each column and version the populations.
    cells: BTreeMap<String, BTreeMap<u32, BTreeSet<u32>>>,
    /// For each sum the sessions that it was over, with what had changed of them by then.
    sums: BTreeMap<String, Vec<Bits>>,
    /// Names of numbers that were found to belong together: counts, and sums.
    pub(super) together: Together,
    releases: Vec<Release>,
    /// How many secrets of the store its ids are made with.
    secrets: usize,
}

/// Lists of names, of counts and of sums.
pub(super) type Together = (Vec<Vec<String>>, Vec<Vec<String>>);

/// A session as it was first released, or what changed of it later: a sum over a session that changed twice is that over its
/// first element and two more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) session: Id,
    /// A hash of its facts and labels.
    pub(super) content: u64,
    /// The number of its person.
    pub(super) person: u32,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The day, as "2026-11-21".
    pub day: String,
    /// What was released, in words.
    pub what: String,
    /// The privacy budget that it took, in millionths of ε; none of a release without noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<u64>,
}

fn digits<const N: usize>(all: impl Iterator<Item = [u8; N]>) -> String {
    let mut hex = String::new();
    all.flatten().for_each(|byte| push_hex(&mut hex, byte));
    hex
}

/// The ledger as it stands in its file.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    secrets: usize,
    releases: Vec<Release>,
    /// 32 digits each.
    people: String,
    /// Of each 32 digits of its session, 16 of the hash of its content, 8 of the number of its person.
    elements: String,
    populations: Vec<String>,
    /// Sets that columns name by their place.
    sets: Vec<String>,
    columns: BTreeMap<String, Vec<u32>>,
    sums: BTreeMap<String, Vec<u32>>,
    together: Together,
    /// For each column and version the populations.
    cells: BTreeMap<String, BTreeMap<u32, BTreeSet<u32>>>,
}

const VERSION: u32 = 1;

impl Ledger {
    /// The ledger in these bytes.
    ///
    /// # Errors
    /// If they are no ledger: then nothing may be released, for what was is not known.
    pub fn read(bytes: &[u8]) -> Result<Ledger, Error> {
        let damaged = |why: &str| Error::Ledger { why: why.to_owned() };
        let file: File = serde_json::from_slice(bytes).map_err(|error| damaged(&error.to_string()))?;
        if file.version != VERSION {
            return Err(damaged(&format!(
                "its version is {}, and this metier knows {VERSION}",
                file.version
            )));
        }
        let bits = |hex: &String| Bits::from_hex(hex).ok_or_else(|| damaged("a set is none"));
        let mut ledger = Ledger {
            releases: file.releases,
            secrets: file.secrets,
            together: file.together,
            ..Ledger::default()
        };
        if !file.people.len().is_multiple_of(32)
            || !file.elements.len().is_multiple_of(56)
            || !file.elements.is_ascii()
        {
            return Err(damaged("sessions are cut off"));
        }
        let part = |text: &str, from: usize, to: usize| -> Result<u128, Error> {
            let digits = text.get(from..to).and_then(|hex| u128::from_str_radix(hex, 16).ok());
            digits.ok_or_else(|| damaged("an id is none"))
        };
        for at in (0..file.people.len()).step_by(32) {
            ledger.person(Some(Id(part(&file.people, at, at + 32)?)));
        }
        for at in (0..file.elements.len()).step_by(56) {
            let person = match part(&file.elements, at + 48, at + 56)? {
                0 => None,
                number => {
                    *ledger.people.get(number as usize).ok_or_else(|| damaged("a person is missing"))?
                }
            };
            let session = Id(part(&file.elements, at, at + 32)?);
            ledger.element(session, part(&file.elements, at + 32, at + 48)? as u64, person);
        }
        ledger.populations =
            file.populations.iter().map(|hex| bits(hex).map(Arc::new)).collect::<Result<_, _>>()?;
        let sets: Vec<Bits> = file.sets.iter().map(bits).collect::<Result<_, _>>()?;
        for (key, versions) in file.columns {
            let set = |at: &u32| sets.get(*at as usize).cloned().ok_or_else(|| damaged("a set is missing"));
            ledger.columns.insert(key, versions.iter().map(set).collect::<Result<_, _>>()?);
        }
        for (key, all) in file.sums {
            let set = |at: &u32| sets.get(*at as usize).cloned().ok_or_else(|| damaged("a set is missing"));
            ledger.sums.insert(key, all.iter().map(set).collect::<Result<_, _>>()?);
        }
        for (key, versions) in file.cells {
            for (version, populations) in versions {
                let known = ledger.columns.get(&key).map_or(0, Vec::len);
                let there = populations.iter().all(|at| (*at as usize) < ledger.populations.len());
                if version as usize >= known || !there {
                    return Err(damaged("a number has no sessions"));
                }
                let cells = ledger.cells.entry(key.clone()).or_default();
                cells.insert(version, populations.into_iter().collect());
            }
        }
        Ok(ledger)
    }

    /// The bytes for its file. The same ledger gives the same.
    pub fn write(&self) -> Vec<u8> {
        let mut sets: Vec<String> = Vec::new();
        let mut places: HashMap<String, u32> = HashMap::new();
        let mut place = |bits: &Bits| {
            *places.entry(bits.to_hex()).or_insert_with_key(|hex| {
                sets.push(hex.clone());
                sets.len() as u32 - 1
            })
        };
        let mut placed = |all: &BTreeMap<String, Vec<Bits>>| -> BTreeMap<String, Vec<u32>> {
            all.iter().map(|(key, sets)| (key.clone(), sets.iter().map(&mut place).collect())).collect()
        };
        let (columns, sums) = (placed(&self.columns), placed(&self.sums));
        let file = File {
            version: VERSION,
            secrets: self.secrets,
            releases: self.releases.clone(),
            people: digits(self.people.iter().flatten().map(|person| person.0.to_be_bytes())),
            elements: digits(self.elements.iter().map(|one| {
                let mut bytes = [0; 28];
                bytes[..16].copy_from_slice(&one.session.0.to_be_bytes());
                bytes[16..24].copy_from_slice(&one.content.to_be_bytes());
                bytes[24..].copy_from_slice(&one.person.to_be_bytes());
                bytes
            })),
            populations: self.populations.iter().map(|set| set.to_hex()).collect(),
            sets,
            columns,
            sums,
            together: self.together.clone(),
            cells: self.cells.clone(),
        };
        let mut bytes = serde_json::to_vec(&file).expect("a ledger is plain JSON");
        bytes.push(b'\n');
        bytes
    }

    /// What was released, the oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Enters a release.
    pub fn enter(&mut self, release: Release) {
        self.releases.push(release);
    }

    /// The privacy budget spent, in millionths of ε.
    pub fn spent(&self) -> u64 {
        self.releases.iter().filter_map(|release| release.epsilon).sum()
    }

    /// The ledger with the ids that the store has now, which may have got more secrets since it was written.
    #[must_use]
    pub fn with_key(mut self, key: &Key) -> Ledger {
        let before = std::mem::replace(&mut self.secrets, key.secrets());
        // Nothing is in a new one.
        if before == self.secrets || before == 0 {
            return self;
        }
        let id = |id: Id| key.stepped_since(before, id);
        let people: Vec<Option<Id>> = self.people.iter().map(|person| person.map(id)).collect();
        let elements = std::mem::take(&mut self.elements);
        self.people.clear();
        self.numbers.clear();
        self.places.clear();
        people.iter().for_each(|person| {
            self.person(*person);
        });
        for element in elements {
            let person = people.get(element.person as usize).copied().flatten();
            self.element(id(element.session), element.content, person);
        }
        self
    }

    /// The number of a person; whoever is not known is the first.
    fn person(&mut self, person: Option<Id>) -> u32 {
        if self.people.is_empty() {
            self.people.push(None);
        }
        let Some(id) = person else { return 0 };
        let people = &mut self.people;
        *self.numbers.entry(id).or_insert_with(|| {
            people.push(Some(id));
            people.len() as u32 - 1
        })
    }

    /// The elements of a session as it is now: its first one and those of its changes.
    pub(super) fn state(&mut self, session: Id, content: u64, person: Option<Id>) -> Vec<u32> {
        let person = self.person(person);
        let own = self.places.entry(session).or_default();
        // Whose it is, it is all along.
        own.iter().for_each(|at| self.elements[*at as usize].person = person);
        let known = own.iter().position(|at| self.elements[*at as usize].content == content);
        let last = known.unwrap_or_else(|| {
            own.push(self.elements.len() as u32);
            self.elements.push(Element { session, content, person });
            own.len() - 1
        });
        own[..=last].to_vec()
    }

    fn element(&mut self, session: Id, content: u64, person: Option<Id>) {
        let person = self.person(person);
        self.places.entry(session).or_default().push(self.elements.len() as u32);
        self.elements.push(Element { session, content, person });
    }

    /// The person of each element.
    pub(super) fn person_of(&self) -> Vec<u32> {
        self.elements.iter().map(|element| element.person).collect()
    }

    /// The place of a population: one that holds the same sessions, or a new one.
    pub(super) fn population(&mut self, sessions: &Arc<Bits>) -> u32 {
        match self.populations.iter().position(|other| other.same(sessions)) {
            Some(at) => at as u32,
            None => {
                self.populations.push(sessions.clone());
                self.populations.len() as u32 - 1
            }
        }
    }

    /// Enters that a number over a population was released: which of its sessions a column counts. A column that counted one
    /// of them otherwise before stays as it was, and a new version of it begins.
    pub(super) fn cell(&mut self, key: &str, population: u32, counted: &Bits) {
        let of = &self.populations[population as usize];
        let cells = self.cells.entry(key.to_owned()).or_default();
        let columns = self.columns.entry(key.to_owned()).or_default();
        let last = columns.len().checked_sub(1).filter(|last| {
            let mut known = Bits::default();
            let populations = cells.get(&(*last as u32)).into_iter().flatten();
            populations.for_each(|at| known.join(&self.populations[*at as usize]));
            let known = known.and(of);
            columns[*last].and(&known).same(&counted.and(&known))
        });
        let version = match last {
            Some(last) => {
                let mut column = columns[last].without(of);
                column.join(counted);
                columns[last] = column;
                last
            }
            None => {
                columns.push(counted.clone());
                columns.len() - 1
            }
        };
        cells.entry(version as u32).or_default().insert(population);
    }

    /// Enters that a sum over these was released.
    pub(super) fn sum(&mut self, key: &str, over: &Bits) {
        let sums = self.sums.entry(key.to_owned()).or_default();
        if !sums.iter().any(|other| other.same(over)) {
            sums.push(over.clone());
        }
    }

    /// The sets of sessions that were counted under this key, over whichever population.
    pub(super) fn counted(&self, key: &str) -> Vec<Bits> {
        let Some(columns) = self.columns.get(key) else {
            return self.sums.get(key).cloned().unwrap_or_default();
        };
        let versions = self.cells.get(key).into_iter().flatten();
        versions
            .flat_map(|(version, populations)| {
                populations.iter().map(|at| columns[*version as usize].and(&self.populations[*at as usize]))
            })
            .collect()
    }

    /// The keys under which something was counted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().chain(self.sums.keys()).map(String::as_str)
    }
}
