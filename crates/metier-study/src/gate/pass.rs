//! Findings through the gate: which numbers pass, alone and together with all others that are known.

use std::collections::HashMap;
use std::sync::Arc;

use metier_store::Thresholds;

use super::Asked;
use super::audit::{Enough, People};
use super::bits::Bits;
use super::families::{Families, Family, Sets};
use super::ledger::Ledger;
use super::rests::{Gated, Rests};
use super::rounded;
use crate::error::Error;
use crate::finding::{Estimate, Finding, Method, Why};
use crate::selection::Selection;
use crate::side_by_side::side_by_side;
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
    let all = 0..identities.len() as u32;
    let whole = Gated::new(Asked { thresholds, sums: false }, all.collect(), identities);
    let mut gate = Gate::new(selection, &whole, ledger);
    let mut groups = gate.groups(selection, &whole, ledger)?;
    let mut units = gate.units(selection, &groups, findings);
    units.iter_mut().for_each(|unit| unit.released = released(unit, ledger));
    gate.hide(&mut units, &groups, ledger);
    let populations: Vec<Arc<Bits>> = (ledger.populations.iter().cloned())
        .chain(groups.iter().map(|group| group.sessions.clone()))
        .chain([gate.whole.clone()])
        .collect();
    let families = Families::of(&units, &groups, &populations, ledger);
    gate.audit(&families, &mut units, &mut groups, ledger)?;
    let passing: Vec<&Unit> = units.iter().filter(|unit| unit.passes).collect();
    gate.enter(&passing, &groups, ledger);
    ledger.together = families.together;
    show(&passing, &groups, asked, findings);
    rounded::summary(summary, selection, &Gated { sums: asked.sums, ..whole });
    Ok(())
}

/// Behind the name of a number, where the ledger has the sessions that it is over.
pub(super) const OVER: &str = "/over";
/// Behind the name of a number that is a sum, where it has these with what changed of them.
pub(super) const SUM: &str = "/sum";

/// A number, or a model of a table, and what it rests on.
pub(super) struct Unit {
    /// Which finding, group and place it has.
    finding: usize,
    pub(super) group: usize,
    what: What,
    /// What it is called in the ledger.
    pub(super) key: String,
    pub(super) key_measure: bool,
    pub(super) over: Arc<Bits>,
    pub(super) counts: Option<Arc<Bits>>,
    /// Of a sum the sessions that it is over, and what changed of them since they were first released.
    pub(super) sum: Option<Arc<Bits>>,
    /// Whether it is of a model.
    pub(super) fitted: bool,
    /// Whether just this was released before, and then whether with its n: it tells nothing new.
    released: Option<bool>,
    passes: bool,
    /// Whether it is shown without telling over how many sessions.
    hides_n: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Measure(usize),
    Model(usize, usize),
}

/// A group of the release.
pub(super) struct Shown {
    /// Its sessions, among elements.
    pub(super) sessions: Arc<Bits>,
    shown: bool,
}

struct Gate {
    enough: Enough,
    thresholds: Thresholds,
    /// The person of each element of the ledger.
    person: Vec<u32>,
    /// The first element of each session.
    first: Vec<u32>,
    /// The elements of changes, of sessions that changed since they were first released.
    changes: HashMap<usize, Vec<u32>>,
    /// For each set of a group's sessions whether it passes, and the same set among elements. By its address: many numbers
    /// share one.
    sets: HashMap<usize, (bool, Arc<Bits>)>,
    /// The release as a whole, among elements.
    whole: Arc<Bits>,
}

impl Gate {
    fn new(selection: &Selection, whole: &Gated, ledger: &mut Ledger) -> Gate {
        let (mut first, mut changes) = (Vec::with_capacity(selection.identities.len()), HashMap::new());
        for (place, one) in selection.identities.iter().enumerate() {
            let state = ledger.state(one.session, one.content, one.person);
            first.push(state[0]);
            if state.len() > 1 {
                changes.insert(place, state[1..].to_vec());
            }
        }
        let Thresholds { people, sessions, percent, .. } = whole.thresholds;
        let person = ledger.person_of();
        let mut of_person = vec![0; person.iter().max().map_or(0, |most| *most as usize + 1)];
        person.iter().for_each(|person| of_person[*person as usize] += 1);
        let mut gate = Gate {
            enough: Enough {
                people: people as usize,
                sessions: sessions as usize,
                percent: percent as usize,
                most: of_person.into_iter().max().unwrap_or(0),
            },
            thresholds: whole.thresholds,
            person,
            first,
            changes,
            sets: HashMap::new(),
            whole: Arc::default(),
        };
        gate.whole = Arc::new(gate.among_elements(0..gate.first.len()));
        gate
    }

    fn among_elements(&self, places: impl Iterator<Item = usize>) -> Bits {
        let mut bits = Bits::new(self.person.len());
        places.for_each(|place| bits.set(self.first[place] as usize));
        bits
    }

    /// Which groups may be shown, as far as groups alone tell.
    fn groups(&self, selection: &Selection, whole: &Gated, ledger: &Ledger) -> Result<Vec<Shown>, Error> {
        if !whole.passes(&Bits::of(self.first.len(), |_| true)) {
            let Thresholds { people, sessions, .. } = self.thresholds;
            return Err(Error::Refused {
                why: format!(
                    "it would tell about fewer than {people} people or {sessions} sessions, or mostly about one or two people"
                ),
            });
        }
        let mut groups: Vec<Shown> = selection
            .cohorts
            .iter()
            .map(|cohort| {
                let places = gated(cohort).place.iter().map(|at| *at as usize);
                Shown { sessions: Arc::new(self.among_elements(places)), shown: false }
            })
            .collect();
        let mut order: Vec<usize> = (0..groups.len())
            .filter(|at| {
                let cohort = &selection.cohorts[*at];
                gated(cohort).passes(&Bits::of(cohort.sessions.len(), |_| true))
            })
            .collect();
        order.sort_by_key(|at| std::cmp::Reverse(selection.cohorts[*at].sessions.len()));
        let mut sets = Sets::default();
        let known = sets.all(ledger.populations.iter().cloned());
        self.choose_groups((sets, known), true, &order, &mut groups, ledger)?;
        Ok(groups)
    }

    /// Shows those of some groups, one after another, that may be shown beside sets that are known. Where these are more than is
    /// safe by themselves, `mend` says whether that is for groups to mend: then nothing may be shown.
    fn choose_groups(
        &self,
        (mut sets, known): (Sets, Vec<usize>),
        mend: bool,
        order: &[usize],
        groups: &mut [Shown],
        ledger: &Ledger,
    ) -> Result<(), Error> {
        let mut candidates = vec![vec![sets.place(self.whole.clone())]];
        candidates.extend(order.iter().map(|at| vec![sets.place(groups[*at].sessions.clone())]));
        let audit = sets.audit(&self.person, self.enough);
        if !mend && !audit.is_safe(&known) {
            return Ok(());
        }
        let taken = audit.choose(&known, &candidates);
        if !taken[0] {
            return Err(self.refused(ledger));
        }
        for (at, taken) in order.iter().zip(&taken[1..]) {
            groups[*at].shown = *taken;
        }
        Ok(())
    }

    fn refused(&self, ledger: &Ledger) -> Error {
        let last = ledger.releases().last().map_or("before", |release| &release.day);
        Error::Refused {
            why: format!(
                "together with what was released {last} it would tell about fewer than {} people: those whose sessions came or \
                 went since, or that this choice of sessions sets apart. `metier ledger` lists what was released; wait until \
                 more people have worked, or ask for the sessions as they were asked for before",
                self.thresholds.people
            ),
        }
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
    fn units(&mut self, selection: &Selection, groups: &[Shown], findings: &[Finding]) -> Vec<Unit> {
        let mut units = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
            for (group, cohort) in selection.cohorts.iter().enumerate() {
                if !groups[group].shown {
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
                    let unit = Unit {
                        finding: at,
                        group,
                        what,
                        key,
                        key_measure,
                        over: Arc::default(),
                        counts: None,
                        sum: None,
                        fitted: false,
                        released: None,
                        passes: true,
                        hides_n: false,
                    };
                    units.extend(rests.and_then(|rests| self.alone(unit, rests, gated(cohort))));
                }
            }
        }
        units
    }

    /// A number with its sets, if it passes alone.
    fn alone(&mut self, unit: Unit, rests: &Rests, gated: &Gated) -> Option<Unit> {
        let Rests { over, counts, plain, fitted, too_few: false } = rests else { return None };
        let (passes, over_set) = self.set(gated, over);
        if !passes || over.is_empty() {
            return None;
        }
        let counts = match counts {
            None => None,
            Some(counts) => {
                let (passes, set) = self.set(gated, counts);
                if !passes || !gated.passes_or_none(&over.without(counts)) {
                    return None;
                }
                Some(set)
            }
        };
        let sum = (!plain).then(|| {
            if self.changes.is_empty() {
                return over_set.clone();
            }
            let mut sum = (*over_set).clone();
            let places = over.ones().map(|at| gated.place[at] as usize);
            let changes = places.filter_map(|place| self.changes.get(&place)).flatten();
            changes.for_each(|at| sum.set(*at as usize));
            Arc::new(sum)
        });
        Some(Unit { over: over_set, counts, sum, fitted: *fitted, ..unit })
    }

    /// Too few people have no more sessions than this.
    fn most_of_few(&self) -> usize {
        self.enough.most * self.enough.people + self.enough.sessions
    }

    /// Whether one set is in the other, and what the other has more is of too few people.
    fn differ_in_few(&self, small: &Bits, large: &Bits) -> bool {
        small.within(large) && {
            let mut people = People::default();
            large.without(small).ones().for_each(|at| people.add(self.person[at], self.enough));
            !people.are(self.enough)
        }
    }

    /// Numbers of the same group over sessions that differ in those of too few people are shown without their n, but for the
    /// first: sums of different things over sets that hardly differ tell nothing, but two counts do.
    fn hide(&self, units: &mut [Unit], groups: &[Shown], ledger: &Ledger) {
        let most = self.most_of_few();
        // What is known of it: its own sessions, all populations, and the sets of numbers that were taken before.
        let mut known: Vec<(usize, Arc<Bits>)> = Vec::new();
        for set in ledger.populations.iter().cloned() {
            known.push((set.count(), set));
        }
        let shown = groups.iter().filter(|group| group.shown).map(|group| &group.sessions);
        known.extend(shown.chain([&self.whole]).map(|set| (set.count(), set.clone())));
        let keys: Vec<&str> = ledger.keys().filter(|key| key.ends_with(OVER)).collect();
        for set in keys.into_iter().flat_map(|key| ledger.counted(key)) {
            let count = set.count();
            if !known.iter().any(|(other, known)| *other == count && known.same(&set)) {
                known.push((count, Arc::new(set)));
            }
        }
        let mut decided: HashMap<usize, bool> = HashMap::new();
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by_key(|at| (!units[*at].key_measure, *at));
        for at in order {
            let over = units[at].over.clone();
            let address = Arc::as_ptr(&over).addr();
            let hides = *decided.entry(address).or_insert_with(|| {
                let count = over.count();
                let differs = |(other, set): &(usize, Arc<Bits>)| {
                    let near = *other != count && other.abs_diff(count) <= most;
                    let (small, large) = if count < *other { (&over, set) } else { (set, &over) };
                    near && self.differ_in_few(small, large)
                };
                let hides = known.iter().any(differs);
                if !hides && !known.iter().any(|(other, set)| *other == count && set.same(&over)) {
                    known.push((count, over.clone()));
                }
                hides
            });
            units[at].hides_n = units[at].released.map_or(hides, |with_n| !with_n);
        }
    }

    /// Decides which groups and numbers are shown beside each other and beside what was released.
    fn audit(
        &self,
        families: &Families,
        units: &mut [Unit],
        groups: &mut [Shown],
        ledger: &Ledger,
    ) -> Result<(), Error> {
        // First the groups: their sizes are shown, whatever else is shown of them. Each family leaves some to the next one.
        for family in families.counts.iter().filter(|family| family.released(ledger).next().is_some()) {
            let order: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].shown).collect();
            // Families that turned out to be one since can be more than is known to be safe: that is not for groups to mend.
            self.choose_groups(known_of(family, ledger), false, &order, groups, ledger)?;
        }
        for unit in units.iter_mut() {
            unit.passes = groups[unit.group].shown;
        }
        let shown: Vec<Arc<Bits>> =
            groups.iter().filter(|group| group.shown).map(|group| group.sessions.clone()).collect();
        let of_counts = side_by_side(&families.counts, |family| {
            let (mut sets, mut known) = known_of(family, ledger);
            known.extend(sets.all(shown.iter().chain([&self.whole]).cloned()));
            known.sort_unstable();
            known.dedup();
            let of_units: Vec<(Vec<usize>, Vec<usize>)> = (family.units.iter())
                .map(|at| {
                    let unit = &units[*at];
                    let over = Some(&unit.over).filter(|_| unit.passes && !unit.hides_n);
                    let counts = unit.counts.as_ref().filter(|_| unit.passes);
                    let mut all = |set: Option<&Arc<Bits>>| {
                        set.map(|set| sets.place(set.clone())).into_iter().collect()
                    };
                    (all(over), all(counts))
                })
                .collect();
            let audit = sets.audit(&self.person, self.enough);
            let candidates: Vec<Vec<usize>> =
                of_units.iter().map(|(over, counts)| [&over[..], &counts[..]].concat()).collect();
            let taken = audit.choose(&known, &candidates);
            // Once more without their n.
            let chosen =
                candidates.iter().zip(&taken).filter(|(_, taken)| **taken).flat_map(|(sets, _)| sets);
            known.extend(chosen);
            let left: Vec<Vec<usize>> = of_units
                .into_iter()
                .zip(&taken)
                .map(|((over, counts), taken)| if *taken || over.is_empty() { Vec::new() } else { counts })
                .collect();
            let again = audit.choose(&known, &left);
            let hides = candidates.iter().zip(&left).map(|(with, without)| with.len() > without.len());
            let both = taken.into_iter().zip(again).zip(hides);
            both.map(|((taken, again), hides)| (taken || (again && hides), !taken)).collect::<Vec<_>>()
        });
        let of_sums = side_by_side(&families.sums, |family| {
            let mut sets = Sets::default();
            let known = sets.all(family.released(ledger));
            let candidates: Vec<Vec<usize>> = (family.units.iter())
                .map(|at| {
                    units[*at]
                        .sum
                        .iter()
                        .filter(|_| units[*at].passes)
                        .cloned()
                        .map(|set| sets.place(set))
                        .collect()
                })
                .collect();
            sets.audit(&self.person, self.enough).choose(&known, &candidates)
        });
        for (family, taken) in families.counts.iter().zip(of_counts) {
            for (at, (taken, hides_n)) in family.units.iter().zip(taken) {
                units[*at].passes &= taken;
                units[*at].hides_n |= hides_n;
            }
        }
        for (family, taken) in families.sums.iter().zip(of_sums) {
            for (at, taken) in family.units.iter().zip(taken) {
                units[*at].passes &= taken;
            }
        }
        self.part(units, groups, ledger);
        for unit in units.iter_mut() {
            if let Some(with_n) = unit.released.filter(|_| groups[unit.group].shown) {
                (unit.passes, unit.hides_n) = (true, !with_n);
            }
        }
        Ok(())
    }

    /// Leaves out numbers that count what another one, of any finding, or a group counts but for the sessions of too few people.
    fn part(&self, units: &mut [Unit], groups: &[Shown], ledger: &Ledger) {
        struct Seen {
            set: Arc<Bits>,
            count: usize,
            unit: Option<usize>,
        }
        let most = self.most_of_few();
        let seen = |set: Arc<Bits>, unit| Seen { count: set.count(), set, unit };
        let mut all: Vec<Seen> = Vec::new();
        let populations = ledger.populations.iter().cloned();
        let shown = groups.iter().filter(|group| group.shown).map(|group| group.sessions.clone());
        all.extend(populations.chain(shown).chain([self.whole.clone()]).map(|set| seen(set, None)));
        let keys: Vec<&str> = ledger.keys().filter(|key| !key.ends_with(SUM)).collect();
        all.extend(keys.into_iter().flat_map(|key| ledger.counted(key)).map(|set| seen(Arc::new(set), None)));
        for (at, unit) in units.iter().enumerate().filter(|(_, unit)| unit.passes) {
            let over = Some(&unit.over).filter(|_| !unit.hides_n);
            let own = over.into_iter().chain(&unit.counts);
            all.extend(own.map(|set| seen(set.clone(), Some(at))));
        }
        all.sort_by_key(|seen| seen.count);
        for small in 0..all.len() {
            for large in small + 1..all.len() {
                let (one, other) = (&all[small], &all[large]);
                if one.count == other.count || one.count == 0 || (one.unit.is_none() && other.unit.is_none())
                {
                    continue;
                }
                if other.count - one.count > most {
                    break;
                }
                let gone = |seen: &Seen| seen.unit.is_some_and(|at| !units[at].passes);
                if gone(one) || gone(other) || !self.differ_in_few(&one.set, &other.set) {
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

    /// Enters what passes.
    fn enter(&self, passing: &[&Unit], groups: &[Shown], ledger: &mut Ledger) {
        ledger.population(&self.whole);
        let places: Vec<Option<u32>> =
            groups.iter().map(|group| group.shown.then(|| ledger.population(&group.sessions))).collect();
        for unit in passing {
            let Some(population) = places[unit.group] else { continue };
            if !unit.hides_n {
                ledger.cell(&format!("{}{OVER}", unit.key), population, &unit.over);
            }
            if let Some(counts) = &unit.counts {
                ledger.cell(&unit.key, population, counts);
            }
            if let Some(sum) = &unit.sum {
                ledger.sum(&format!("{}{SUM}", unit.key), sum);
            }
        }
    }
}

/// What was released of a family, and the sizes of all choices of sessions, as sets and their places.
fn known_of(family: &Family, ledger: &Ledger) -> (Sets, Vec<usize>) {
    let mut sets = Sets::default();
    let known = sets.all(ledger.populations.iter().cloned().chain(family.released(ledger)));
    (sets, known)
}

/// Whether just this number was released before, and then whether with its n.
fn released(unit: &Unit, ledger: &Ledger) -> Option<bool> {
    let there = |key: &str, set: &Arc<Bits>| ledger.counted(key).iter().any(|other| other.same(set));
    let counts = unit.counts.as_ref().is_none_or(|set| there(&unit.key, set));
    let sum = unit.sum.as_ref().is_none_or(|set| there(&format!("{}{SUM}", unit.key), set));
    let with_n = there(&format!("{}{OVER}", unit.key), &unit.over);
    // Without its n it leaves a trace only if it counts something or is a sum.
    let traced = with_n || unit.counts.is_some() || unit.sum.is_some();
    (counts && sum && traced).then_some(with_n)
}

/// What numbers of a group have to rest on.
fn gated<'c>(cohort: &'c crate::selection::Cohort) -> &'c Gated {
    cohort.gated.as_ref().expect("findings that have to pass the gate are made of gated groups")
}

/// Withholds what does not pass, and rounds what does.
fn show(passing: &[&Unit], groups: &[Shown], asked: Asked, findings: &mut [Finding]) {
    let Asked { thresholds, sums } = asked;
    let count = |n: usize| if sums { n } else { rounded::count(n) };
    let passes: HashMap<(usize, usize, What), bool> =
        passing.iter().map(|unit| ((unit.finding, unit.group, unit.what), unit.hides_n)).collect();
    for (at, finding) in findings.iter_mut().enumerate() {
        rounded::population(&mut finding.population, count);
        for (group, of_group) in finding.groups.iter_mut().enumerate() {
            let shown = groups[group].shown;
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
        // Which months, agents, models and projects there are is nobody's business where few use them.
        let mut shown = groups.iter().map(|group| group.shown);
        finding.groups.retain(|_| shown.next().unwrap_or(false));
    }
}
