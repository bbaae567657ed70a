//! Findings through the gate: which numbers pass, alone and together with all others that are known.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

use metier_store::Thresholds;

use super::Asked;
use super::audit::{Audit, Enough, People};
use super::bits::Bits;
use super::ledger::Ledger;
use super::rests::{Gated, Rests};
use super::rounded;
use crate::error::Error;
use crate::finding::{Estimate, Finding, Method, Why};
use crate::selection::Selection;
use crate::settings::By;
use crate::summary::Summary;

/// Lets through what may be shown of these findings, and enters it into the ledger. It is rounded, unless it brings its sums,
/// which are to be added up first.
///
/// # Errors
/// If nothing may be shown: too few people, or what was released before leaves too few apart from the others.
pub(crate) fn pass(
    selection: &Selection,
    asked: Asked,
    summary: &mut Summary,
    findings: &mut [Finding],
    ledger: &mut Ledger,
) -> Result<(), Error> {
    let thresholds = asked.thresholds;
    let identities = &selection.identities;
    let element: Vec<u32> =
        identities.iter().map(|one| ledger.element(one.session, one.content, one.person)).collect();
    let mut gate = Gate {
        enough: Enough { people: thresholds.people as usize, sessions: thresholds.sessions as usize },
        thresholds,
        person: ledger.person_of(),
        element,
        sets: HashMap::new(),
    };
    let groups = gate.groups(selection, ledger)?;
    let mut units = gate.units(selection, &groups, findings);
    let families = gate.families(selection, &units, ledger);
    let taken = audited(&families, &gate);
    for (family, taken) in families.iter().zip(taken) {
        for (unit, taken) in family.units.iter().zip(taken) {
            units[*unit].passes = taken;
        }
    }
    gate.part(&mut units, &groups, ledger);
    let passing: Vec<&Unit> = units.iter().filter(|unit| unit.passes).collect();
    gate.enter(&passing, &groups, ledger);
    show(&passing, &groups, asked, findings);
    rounded::summary(
        summary,
        selection,
        &Gated::new(asked, (0..identities.len() as u32).collect(), identities),
    );
    Ok(())
}

/// Behind the name of a number, where the ledger has the sessions that it is over.
const OVER: &str = "/over";

/// A number, or a model of a table, and what it rests on.
struct Unit {
    /// Which finding, group and place it has.
    finding: usize,
    group: usize,
    what: What,
    /// What it is called in the ledger.
    key: String,
    key_measure: bool,
    over: Arc<Bits>,
    counts: Option<Arc<Bits>>,
    passes: bool,
    /// Whether it is shown without telling over how many sessions.
    hides_n: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Measure(usize),
    Model(usize, usize),
}

/// Numbers whose sets can be added and subtracted to something that means anything: audited together.
struct Family {
    units: Vec<usize>,
    /// Every set that plays a part: first those released before.
    sets: Vec<Arc<Bits>>,
    known: Vec<usize>,
    /// For each unit its sets.
    candidates: Vec<Vec<usize>>,
}

struct Gate {
    enough: Enough,
    thresholds: Thresholds,
    /// The person of each element of the ledger.
    person: Vec<u32>,
    /// The element of each session.
    element: Vec<u32>,
    /// For each set of a group's sessions whether it passes, and the same set among elements. By its address: many numbers
    /// share one.
    sets: HashMap<usize, (bool, Arc<Bits>)>,
}

impl Gate {
    fn among_elements(&self, places: impl Iterator<Item = usize>) -> Bits {
        let mut bits = Bits::new(self.person.len());
        places.for_each(|place| bits.set(self.element[place] as usize));
        bits
    }

    /// The place in the ledger of each group that may be shown.
    fn groups(&self, selection: &Selection, ledger: &mut Ledger) -> Result<Vec<Option<u32>>, Error> {
        let Thresholds { people, sessions, .. } = self.thresholds;
        let all = self.element.len();
        let whole = Gated::new(
            Asked { thresholds: self.thresholds, sums: false },
            (0..all as u32).collect(),
            &selection.identities,
        );
        if !whole.passes(&Bits::of(all, |_| true)) {
            return Err(Error::Refused {
                why: format!(
                    "it would tell about fewer than {people} people or {sessions} sessions, or mostly about one or two people"
                ),
            });
        }
        let whole = self.among_elements(0..all);
        let mut order: Vec<usize> = (0..selection.cohorts.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(selection.cohorts[*at].sessions.len()));
        let of_groups: Vec<Bits> = selection
            .cohorts
            .iter()
            .map(|cohort| self.among_elements(gated(cohort).place.iter().map(|at| *at as usize)))
            .collect();
        let order: Vec<usize> = order
            .into_iter()
            .filter(|at| {
                let cohort = &selection.cohorts[*at];
                gated(cohort).passes(&Bits::of(cohort.sessions.len(), |_| true))
            })
            .collect();
        let sets: Vec<&Bits> =
            ledger.populations.iter().chain([&whole]).chain(order.iter().map(|at| &of_groups[*at])).collect();
        let before = ledger.populations.len();
        let known: Vec<usize> = (0..before).collect();
        let candidates: Vec<Vec<usize>> = (before..sets.len()).map(|at| vec![at]).collect();
        let taken = Audit::new(&sets, &self.person, self.enough).choose(&known, &candidates);
        if !taken[0] {
            let last = ledger.releases().last().map_or("before", |release| &release.day);
            return Err(Error::Refused {
                why: format!(
                    "together with what was released {last} it would tell about fewer than {people} people: those whose \
                     sessions came, went or changed since, or that this choice of sessions sets apart. `metier ledger` lists \
                     what was released; wait until more people have worked, or ask for the sessions as they were asked for before"
                ),
            });
        }
        ledger.population(&whole);
        let mut places = vec![None; selection.cohorts.len()];
        for (at, _) in order.iter().zip(&taken[1..]).filter(|(_, taken)| **taken) {
            places[*at] = Some(ledger.population(&of_groups[*at]));
        }
        Ok(places)
    }

    /// Whether a set of a group's sessions passes, and the set among elements.
    fn set(&mut self, gated: &Gated, local: &Arc<Bits>) -> (bool, Arc<Bits>) {
        let address = Arc::as_ptr(local).addr();
        if let Some((passes, set)) = self.sets.get(&address) {
            return (*passes, set.clone());
        }
        let passes = gated.passes_or_none(local);
        let set = Arc::new(self.among_elements(local.ones().map(|at| gated.place[at] as usize)));
        self.sets.insert(address, (passes, set.clone()));
        (passes, set)
    }

    /// What passes alone.
    fn units(&mut self, selection: &Selection, groups: &[Option<u32>], findings: &[Finding]) -> Vec<Unit> {
        let mut units = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
            for (group, cohort) in selection.cohorts.iter().enumerate() {
                if groups[group].is_none() {
                    continue;
                }
                let of_group = &finding.groups[group];
                let measures = of_group.measures.iter().enumerate().map(|(place, measure)| {
                    let shown = measure.estimate.value.is_some();
                    let key = format!("{}/{}", finding.name, measure.name);
                    (What::Measure(place), key, measure.key, measure.rests.as_ref().filter(|_| shown))
                });
                let models = of_group.tables.iter().enumerate().flat_map(|(table, of)| {
                    of.rests.iter().enumerate().map(move |(model, rests)| {
                        let key = format!("{}/model {table}.{model}", finding.name);
                        (What::Model(table, model), key, false, rests.as_ref())
                    })
                });
                for (what, key, key_measure, rests) in measures.chain(models) {
                    let gated = gated(cohort);
                    let Some(Rests { over, counts, too_few: false }) = rests else { continue };
                    let (passes, over_set) = self.set(gated, over);
                    if !passes || over.is_empty() {
                        continue;
                    }
                    let counts = match counts {
                        None => None,
                        Some(counts) => {
                            let (passes, set) = self.set(gated, counts);
                            if !passes || !gated.passes_or_none(&over.without(counts)) {
                                continue;
                            }
                            Some(set)
                        }
                    };
                    units.push(Unit {
                        finding: at,
                        group,
                        what,
                        key,
                        key_measure,
                        over: over_set,
                        counts,
                        passes: false,
                        hides_n: false,
                    });
                }
            }
        }
        units
    }

    /// Sorts numbers into families: of one finding, those whose sets exclude or contain each other. What was released of the same
    /// numbers before is among the sets.
    fn families(&self, selection: &Selection, units: &[Unit], ledger: &Ledger) -> Vec<Family> {
        let mut of_finding: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, unit) in units.iter().enumerate() {
            of_finding.entry(unit.finding).or_default().push(at);
        }
        let mut families = Vec::new();
        for all in of_finding.values() {
            let mut keys: Vec<&str> = all.iter().map(|at| units[*at].key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            let place: HashMap<&str, usize> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
            let mut family: Vec<usize> = (0..keys.len()).collect();
            fn root(family: &[usize], mut at: usize) -> usize {
                while family[at] != at {
                    at = family[at];
                }
                at
            }
            let mut join = |one: usize, other: usize| {
                let (one, other) = (root(&family, one), root(&family, other));
                family[one.max(other)] = one.min(other);
            };
            for group in 0..selection.cohorts.len() {
                let here: Vec<&Unit> =
                    all.iter().map(|at| &units[*at]).filter(|unit| unit.group == group).collect();
                for (at, one) in here.iter().enumerate() {
                    for other in &here[at + 1..] {
                        let related = match (&one.counts, &other.counts) {
                            (Some(one), Some(other)) => {
                                Arc::ptr_eq(one, other)
                                    || one.apart(other)
                                    || one.within(other)
                                    || other.within(one)
                            }
                            _ => false,
                        };
                        if related {
                            join(place[one.key.as_str()], place[other.key.as_str()]);
                        }
                    }
                }
            }
            let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for at in all {
                members.entry(root(&family, place[units[*at].key.as_str()])).or_default().push(*at);
            }
            families.extend(members.into_values().map(|members| Family::new(members, units, ledger)));
        }
        families
    }

    /// Leaves out numbers of a group that count what another one, of any finding, counts but for the sessions of too few people.
    /// Where it is the sessions that they are over which differ so, they are shown without their n: sums of different
    /// things over sets that hardly differ tell nothing, but two counts do.
    fn part(&self, units: &mut [Unit], groups: &[Option<u32>], ledger: &Ledger) {
        struct Seen {
            set: Arc<Bits>,
            count: usize,
            unit: Option<usize>,
            over: bool,
        }
        // Of fewer people than are enough there are no more sessions than those of the busiest.
        let most = self.most_sessions_of_few();
        for (group, population) in groups.iter().enumerate() {
            let Some(population) = population else { continue };
            let seen = |set: Arc<Bits>, unit, over| Seen { count: set.count(), set, unit, over };
            let mut sets: Vec<Seen> = Vec::new();
            for (key, set) in ledger.keys_over(*population) {
                sets.push(seen(Arc::new(set), None, key.ends_with(OVER)));
            }
            for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.passes && unit.group == group)
            {
                sets.push(seen(unit.over.clone(), Some(at), true));
                sets.extend(unit.counts.iter().map(|set| seen(set.clone(), Some(at), false)));
            }
            sets.sort_by_key(|seen| seen.count);
            for small in 0..sets.len() {
                for large in small + 1..sets.len() {
                    let (one, other) = (&sets[small], &sets[large]);
                    if one.count == other.count || one.count == 0 {
                        continue;
                    }
                    if other.count - one.count > most {
                        break;
                    }
                    let gone = |seen: &Seen| {
                        let hidden = |unit: &Unit| !unit.passes || (unit.hides_n && seen.over);
                        seen.unit.is_some_and(|at| hidden(&units[at]))
                    };
                    if gone(one) || gone(other) || !one.set.within(&other.set) {
                        continue;
                    }
                    let mut people = People::default();
                    let difference = other.set.without(&one.set);
                    difference.ones().for_each(|at| people.add(self.person[at], self.enough));
                    if people.are(self.enough) {
                        continue;
                    }
                    let over = [one, other].into_iter().find(|seen| seen.over && seen.unit.is_some());
                    if let Some(at) = over.and_then(|seen| seen.unit) {
                        units[at].hides_n = true;
                        continue;
                    }
                    // What counts less goes: numbers that are not shown in short tables, then the later one.
                    let worth = |at: &usize| (units[*at].key_measure, std::cmp::Reverse(*at));
                    if let Some(at) = [one.unit, other.unit].into_iter().flatten().min_by_key(worth) {
                        units[at].passes = false;
                    }
                }
            }
        }
    }

    fn most_sessions_of_few(&self) -> usize {
        let mut sessions = vec![0usize; self.person.iter().max().map_or(0, |most| *most as usize + 1)];
        self.person.iter().for_each(|person| sessions[*person as usize] += 1);
        sessions.sort_unstable_by(|a, b| b.cmp(a));
        sessions.iter().take(self.enough.people).sum::<usize>().max(self.enough.sessions)
    }

    /// Enters what passes.
    fn enter(&self, passing: &[&Unit], groups: &[Option<u32>], ledger: &mut Ledger) {
        for unit in passing {
            let Some(population) = groups[unit.group] else { continue };
            ledger.cell(&format!("{}{OVER}", unit.key), population, &unit.over);
            if let Some(counts) = &unit.counts {
                ledger.cell(&unit.key, population, counts);
            }
        }
    }
}

/// What numbers of a group have to rest on.
fn gated<'c>(cohort: &'c crate::selection::Cohort) -> &'c Gated {
    cohort.gated.as_ref().expect("findings that have to pass the gate are made of gated groups")
}

impl Family {
    fn new(mut members: Vec<usize>, units: &[Unit], ledger: &Ledger) -> Family {
        // The largest first, so that what is left out to protect a small one is the smallest that can be.
        members.sort_by_key(|at| {
            let unit = &units[*at];
            let counted = unit.counts.as_ref().unwrap_or(&unit.over).count();
            (std::cmp::Reverse(unit.over.count()), !unit.key_measure, std::cmp::Reverse(counted), *at)
        });
        let mut sets: Vec<Arc<Bits>> = Vec::new();
        let mut places: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
        let mut place = |set: Arc<Bits>| -> usize {
            // Sets that are the same are one: compared only with those that begin alike.
            let beginning: Vec<usize> = set.ones().take(4).chain([set.count()]).collect();
            let alike = places.entry(beginning).or_default();
            if let Some(at) = alike.iter().find(|at| sets[**at].same(&set)) {
                return *at;
            }
            sets.push(set);
            alike.push(sets.len() - 1);
            sets.len() - 1
        };
        let mut keys: Vec<&str> = members.iter().map(|at| units[*at].key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        let before = keys
            .iter()
            .flat_map(|key| ledger.counted(key).into_iter().chain(ledger.counted(&format!("{key}{OVER}"))));
        let mut known: Vec<usize> = before.map(|set| place(Arc::new(set))).collect();
        known.sort_unstable();
        known.dedup();
        let candidates = members
            .iter()
            .map(|at| {
                let unit = &units[*at];
                [Some(&unit.over), unit.counts.as_ref()]
                    .into_iter()
                    .flatten()
                    .cloned()
                    .map(&mut place)
                    .collect()
            })
            .collect();
        Family { units: members, sets, known, candidates }
    }
}

/// For each family and each of its numbers whether it is safe beside the others.
fn audited(families: &[Family], gate: &Gate) -> Vec<Vec<bool>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(family) = families.get(at) else { return done };
            let sets: Vec<&Bits> = family.sets.iter().map(|set| &**set).collect();
            let audit = Audit::new(&sets, &gate.person, gate.enough);
            done.push((at, audit.choose(&family.known, &family.candidates)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(families.len());
    let mut done: Vec<(usize, Vec<bool>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    done.sort_unstable_by_key(|one| one.0);
    done.into_iter().map(|one| one.1).collect()
}

/// Withholds what does not pass, and rounds what does.
fn show(passing: &[&Unit], groups: &[Option<u32>], asked: Asked, findings: &mut [Finding]) {
    let Asked { thresholds, sums } = asked;
    let count = |n: usize| if sums { n } else { rounded::count(n) };
    let passes: HashMap<(usize, usize, What), bool> =
        passing.iter().map(|unit| ((unit.finding, unit.group, unit.what), unit.hides_n)).collect();
    for (at, finding) in findings.iter_mut().enumerate() {
        rounded::population(&mut finding.population, count);
        for (group, of_group) in finding.groups.iter_mut().enumerate() {
            let shown = groups[group].is_some();
            of_group.n = of_group.n.filter(|_| shown).map(count);
            of_group.people = of_group.people.filter(|_| shown).map(count);
            for (place, measure) in of_group.measures.iter_mut().enumerate() {
                if let Some(hides_n) = passes.get(&(at, group, What::Measure(place))) {
                    // An exact value would tell its n.
                    if !sums || *hides_n {
                        rounded::estimate(&mut measure.estimate, measure.unit);
                    }
                    if *hides_n {
                        measure.estimate.hide_n();
                        measure.sums = None;
                    }
                } else if measure.estimate.method != Method::NotFitted(Why::NoSecondRater) {
                    measure.estimate = Estimate::withheld(thresholds, measure.estimate.n_of);
                    measure.sums = None;
                }
                measure.rests = None;
            }
            for (table, of_table) in of_group.tables.iter_mut().enumerate() {
                let passes = |model: usize| passes.get(&(at, group, What::Model(table, model))).copied();
                rounded::table(of_table, passes, thresholds);
            }
        }
        // The names of models and projects are nobody's business where few use them.
        if matches!(finding.by, By::Model | By::Project) {
            let mut shown = groups.iter().map(Option::is_some);
            finding.groups.retain(|_| shown.next().unwrap_or(false));
        }
    }
}
