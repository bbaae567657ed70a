//! Which numbers are audited together: those whose sets can be added and subtracted to something that means anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::audit::{Audit, Enough};
use super::bits::Bits;
use super::ledger::{Ledger, Together};
use super::pass::{OVER, SUM, Shown, Unit};

/// Numbers that are audited together: their names in the ledger, and those of this release.
pub(super) struct Family {
    keys: Vec<String>,
    pub(super) units: Vec<usize>,
}

impl Family {
    /// What was released of it before.
    pub(super) fn released<'l>(&'l self, ledger: &'l Ledger) -> impl Iterator<Item = Arc<Bits>> + 'l {
        self.keys.iter().flat_map(|key| ledger.counted(key)).map(Arc::new)
    }
}

/// Counts whose sets can be added and subtracted to something that means anything, and sums of one thing.
pub(super) struct Families {
    pub(super) counts: Vec<Family>,
    pub(super) sums: Vec<Family>,
    /// Names of numbers that belong together, in each of both.
    pub(super) together: Together,
}

impl Families {
    /// Sorts numbers of this release and of earlier ones into families. Counts belong together if one is over what the other
    /// counts, or, of one finding, what they count excludes or contains the other; sums of one finding if the sessions that they
    /// are over do.
    pub(super) fn of(
        units: &[Unit],
        shown: &[Shown],
        populations: &[Arc<Bits>],
        ledger: &Ledger,
    ) -> Families {
        let mut names: Vec<String> = units.iter().map(|unit| unit.key.clone()).collect();
        names.extend(ledger.keys().map(|key| plain(key).to_owned()));
        names.extend(ledger.together.0.iter().chain(&ledger.together.1).flatten().cloned());
        names.sort_unstable();
        names.dedup();
        let place: HashMap<&str, usize> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let (mut counts, mut sums) = (Joined::new(names.len()), Joined::new(names.len()));
        // Sets by the name they belong to, with which group or release they are of: related are those of one.
        struct Of<'u> {
            name: usize,
            over: Option<&'u Arc<Bits>>,
            counts: Option<&'u Arc<Bits>>,
            sum: Option<&'u Arc<Bits>>,
        }
        let mut groups: BTreeMap<usize, Vec<Of>> = BTreeMap::new();
        for unit in units {
            groups.entry(unit.group).or_default().push(Of {
                name: place[unit.key.as_str()],
                over: Some(&unit.over),
                counts: unit.counts.as_ref(),
                sum: unit.sum.as_ref().filter(|_| !unit.fitted),
            });
        }
        let released: Vec<(usize, Option<Bits>, Option<Bits>)> = names
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let last = |key: &str| ledger.counted(key).pop();
                (at, last(&format!("{name}{OVER}")), last(name))
            })
            .filter(|(_, over, counts)| over.is_some() || counts.is_some())
            .collect();
        // What was found to belong together stays so: what is left of it may not show it any more.
        for (joined, together) in [(&mut counts, &ledger.together.0), (&mut sums, &ledger.together.1)] {
            for names in together {
                let places: Vec<usize> =
                    names.iter().filter_map(|name| place.get(name.as_str()).copied()).collect();
                places.windows(2).for_each(|two| joined.join(two[0], two[1]));
            }
        }
        let related = |one: &Arc<Bits>, other: &Arc<Bits>| {
            Arc::ptr_eq(one, other) || one.apart(other) || one.within(other) || other.within(one)
        };
        let finding = |name: usize| names[name].split('/').next();
        let sizes: Vec<usize> = populations.iter().map(|set| set.count()).collect();
        let is_all = |set: &Arc<Bits>| {
            let n = set.count();
            populations.iter().zip(&sizes).any(|(all, size)| *size == n && all.same(set))
        };
        for here in groups.values() {
            let sizes = |set: Option<&Arc<Bits>>| set.map_or(0, |set| set.count());
            let n: Vec<(usize, usize)> = here.iter().map(|of| (sizes(of.over), sizes(of.counts))).collect();
            for (at, one) in here.iter().enumerate() {
                for (to, other) in here.iter().enumerate().skip(at + 1) {
                    if finding(one.name) == finding(other.name) {
                        if let (Some(one_counts), Some(other_counts)) = (one.counts, other.counts)
                            && related(one_counts, other_counts)
                        {
                            counts.join(one.name, other.name);
                        }
                        if let (Some(one_sum), Some(other_sum)) = (one.sum, other.sum)
                            && related(one_sum, other_sum)
                        {
                            sums.join(one.name, other.name);
                        }
                    }
                    // One is over just what the other counts: those at a level, say, but not all.
                    let same = |over: Option<&Arc<Bits>>, counts: Option<&Arc<Bits>>, n: (usize, usize)| {
                        n.0 == n.1
                            && n.0 > 0
                            && over
                                .zip(counts)
                                .is_some_and(|(over, counts)| over.same(counts) && !is_all(over))
                    };
                    if same(one.over, other.counts, (n[at].0, n[to].1))
                        || same(other.over, one.counts, (n[to].0, n[at].1))
                    {
                        counts.join(one.name, other.name);
                    }
                }
            }
        }
        // The same of what was released over other groups: as far as these go.
        let mut unions: BTreeMap<usize, (Bits, Bits, Bits)> = BTreeMap::new();
        for unit in units {
            let (of_groups, over, counted) = unions.entry(place[unit.key.as_str()]).or_default();
            if let Some(group) = shown.get(unit.group) {
                of_groups.join(&group.sessions);
            }
            over.join(&unit.over);
            counted.join(unit.counts.as_ref().unwrap_or(&Arc::default()));
        }
        for (name, over, counted) in &released {
            for (own, (of_groups, own_over, own_counted)) in unions.iter().filter(|(own, _)| *own != name) {
                let same = |set: &Option<Bits>, own: &Bits| {
                    set.as_ref().is_some_and(|set| {
                        let here = set.and(of_groups);
                        !own.is_empty() && here.same(own) && !own.same(of_groups)
                    })
                };
                if same(counted, own_over) || same(over, own_counted) {
                    counts.join(*name, *own);
                }
            }
        }
        let of = |joined: &Joined, suffixes: &[&str], takes: &dyn Fn(&Unit) -> bool| -> Vec<Family> {
            let mut families: BTreeMap<usize, Family> = BTreeMap::new();
            for (at, name) in names.iter().enumerate() {
                let family = families.entry(joined.root(at));
                let family = family.or_insert_with(|| Family { keys: Vec::new(), units: Vec::new() });
                family.keys.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
            }
            for (at, unit) in units.iter().enumerate().filter(|(_, unit)| takes(unit)) {
                if let Some(family) = families.get_mut(&joined.root(place[unit.key.as_str()])) {
                    family.units.push(at);
                }
            }
            let mut families: Vec<Family> = families.into_values().collect();
            for family in &mut families {
                // The largest first, so that what is left out to protect a small one is the smallest that can be.
                family.units.sort_by_cached_key(|at| {
                    let unit = &units[*at];
                    let counted = unit.counts.as_ref().unwrap_or(&unit.over).count();
                    let over = std::cmp::Reverse(unit.over.count());
                    (over, !unit.key_measure, std::cmp::Reverse(counted), *at)
                });
            }
            families
        };
        let together = |joined: &Joined| -> Vec<Vec<String>> {
            let mut all: BTreeMap<usize, Vec<String>> = BTreeMap::new();
            for (at, name) in names.iter().enumerate() {
                all.entry(joined.root(at)).or_default().push(name.clone());
            }
            all.into_values().filter(|names| names.len() > 1).collect()
        };
        Families {
            together: (together(&counts), together(&sums)),
            counts: of(&counts, &["", OVER], &|_| true),
            sums: of(&sums, &[SUM], &|unit| unit.sum.is_some()),
        }
    }
}

/// The name of a number, of any of its keys in the ledger.
fn plain(key: &str) -> &str {
    key.strip_suffix(OVER).or_else(|| key.strip_suffix(SUM)).unwrap_or(key)
}

/// Things that belong together, by their places.
struct Joined(Vec<usize>);

impl Joined {
    fn new(len: usize) -> Joined {
        Joined((0..len).collect())
    }

    fn root(&self, mut at: usize) -> usize {
        while self.0[at] != at {
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// Sets for an audit: those that are the same are one.
#[derive(Default)]
pub(super) struct Sets {
    sets: Vec<Arc<Bits>>,
    places: HashMap<Vec<usize>, Vec<usize>>,
    by_address: HashMap<usize, usize>,
}

impl Sets {
    pub(super) fn place(&mut self, set: Arc<Bits>) -> usize {
        let address = Arc::as_ptr(&set).addr();
        if let Some(at) = self.by_address.get(&address) {
            return *at;
        }
        // Compared only with those that begin alike.
        let beginning: Vec<usize> = set.ones().take(4).chain([set.count()]).collect();
        let alike = self.places.entry(beginning).or_default();
        if let Some(at) = alike.iter().find(|at| self.sets[**at].same(&set)) {
            return *at;
        }
        let at = self.sets.len();
        alike.push(at);
        // Kept, so that no other set comes to stand there.
        self.by_address.insert(address, at);
        self.sets.push(set);
        at
    }

    pub(super) fn all(&mut self, sets: impl Iterator<Item = Arc<Bits>>) -> Vec<usize> {
        let mut places: Vec<usize> = sets.map(|set| self.place(set)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// An audit of all of them. `person` has the person of each element.
    pub(super) fn audit(&self, person: &[u32], enough: Enough) -> Audit {
        let sets: Vec<&Bits> = self.sets.iter().map(|set| &**set).collect();
        Audit::new(&sets, person, enough)
    }
}
