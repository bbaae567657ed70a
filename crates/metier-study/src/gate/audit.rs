//! Whether sums over sets of sessions, taken together in any way, tell about too few people. Knows sets and people only.
//!
//! Whoever sees the sums over some sets can add and subtract them: with weights w they have Σ w · sum, a sum over sessions
//! with the weights Σ w · indicator. Nobody is singled out if every such combination that is not zero everywhere has
//! weight on the sessions of enough people. This is the audit of sum queries by Chin and Özsoyoglu (Auditing and inference
//! control in statistical databases, IEEE TSE 1982), with "enough people" in the place of "one record".
//!
//! Sessions that are in the same sets are alike: they are an *atom*. A combination that rests on too few people has no
//! weight on any atom of enough people. So the rows of the matrix *sets × atoms* are eliminated on its large atoms: what is
//! left over has weight on small atoms only, and is looked at.

use std::collections::HashMap;

use super::bits::Bits;

/// A prime below 2³¹: elimination in whole numbers modulo it has no rounding. What is zero modulo it but not in truth would
/// be taken for a danger that is none or, with a probability of about 2⁻³¹ a step, the other way round.
const PRIME: u64 = 2_147_483_647;

/// What people a set must have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Enough {
    pub(crate) people: usize,
    pub(crate) sessions: usize,
    /// What all but the two largest contributors have, in percent of what the largest has.
    pub(crate) percent: usize,
    /// The most sessions that anybody has.
    pub(crate) most: usize,
}

/// Sets of sessions, and whom the sessions are of.
pub(crate) struct Audit {
    atoms: Vec<Atom>,
    enough: Enough,
}

/// Sessions that are in the same sets.
struct Atom {
    sets: Bits,
    people: People,
}

/// How many sessions each of some people has; forgotten once they cannot but be enough.
#[derive(Clone, Default)]
pub(crate) struct People {
    sessions: usize,
    by_person: HashMap<u32, usize, foldhash::fast::FixedState>,
    plenty: bool,
}

impl People {
    pub(crate) fn add(&mut self, person: u32, enough: Enough) {
        self.sessions += 1;
        if !self.plenty {
            *self.by_person.entry(person).or_default() += 1;
            self.forget(enough);
        }
    }

    fn join(&mut self, other: &People, enough: Enough) {
        self.sessions += other.sessions;
        self.plenty |= other.plenty && self.sessions > enough.plenty();
        if !self.plenty {
            for (person, sessions) in &other.by_person {
                *self.by_person.entry(*person).or_default() += sessions;
            }
        }
        self.forget(enough);
    }

    fn forget(&mut self, enough: Enough) {
        if self.plenty || self.sessions > enough.plenty() {
            self.plenty = true;
            self.by_person = HashMap::default();
        }
    }

    pub(crate) fn are(&self, enough: Enough) -> bool {
        if self.plenty {
            return true;
        }
        let (mut first, mut second) = (0, 0);
        for sessions in self.by_person.values().copied() {
            if sessions > first {
                (first, second) = (sessions, first);
            } else if sessions > second {
                second = sessions;
            }
        }
        self.by_person.len() >= enough.people
            && self.sessions >= enough.sessions
            && (self.sessions - first - second) * 100 >= first * enough.percent
    }
}

impl Enough {
    /// More sessions than this are of enough people and not mostly of one or two, whoever's they are.
    fn plenty(self) -> usize {
        self.sessions.max(self.most * self.people.max(3))
    }
}

impl Audit {
    /// Sorts sessions into atoms. `person` has the person of each session.
    pub(crate) fn new(sets: &[&Bits], person: &[u32], enough: Enough) -> Audit {
        // A random number for each set, the sum of them for each session: sessions with the same sum are alike.
        let mut marks = vec![0u128; person.len()];
        for (at, set) in sets.iter().enumerate() {
            let mark = mark(at);
            set.ones().filter(|session| *session < person.len()).for_each(|session| marks[session] ^= mark);
        }
        let mut places: HashMap<u128, usize, foldhash::fast::FixedState> = HashMap::default();
        let mut atoms: Vec<Atom> = Vec::new();
        let mut last = (0, usize::MAX);
        for (session, mark) in marks.iter().enumerate().filter(|(_, mark)| **mark != 0) {
            let at = if last.0 == *mark && last.1 != usize::MAX {
                last.1
            } else {
                *places.entry(*mark).or_insert_with(|| {
                    let sets = Bits::of(sets.len(), |at| sets[at].has(session));
                    atoms.push(Atom { sets, people: People::default() });
                    atoms.len() - 1
                })
            };
            last = (*mark, at);
            atoms[at].people.add(person[session], enough);
        }
        Audit { atoms, enough }
    }

    /// Whether the sums over these of the sets may all be known.
    pub(crate) fn is_safe(&self, chosen: &[usize]) -> bool {
        if chosen.is_empty() {
            return true;
        }
        // Atoms that these sets do not tell apart are one.
        let mut merged: HashMap<Vec<bool>, People> = HashMap::new();
        for atom in &self.atoms {
            let signature: Vec<bool> = chosen.iter().map(|set| atom.sets.has(*set)).collect();
            if signature.contains(&true) {
                merged.entry(signature).or_default().join(&atom.people, self.enough);
            }
        }
        let (large, small): (Vec<_>, Vec<_>) =
            merged.into_iter().partition(|(_, people)| people.are(self.enough));
        if small.is_empty() {
            return true;
        }
        let columns: Vec<&Vec<bool>> = large.iter().chain(&small).map(|(signature, _)| signature).collect();
        let mut rows: Vec<Vec<u64>> = (0..chosen.len())
            .map(|set| columns.iter().map(|signature| u64::from(signature[set])).collect())
            .collect();
        let taken = eliminate(&mut rows, 0, 0..large.len());
        // What is left has weight on small atoms alone.
        let last = eliminate(&mut rows, taken, large.len()..columns.len());
        let people: Vec<&People> = small.iter().map(|(_, people)| people).collect();
        let left: Vec<&[u64]> = rows[taken..last].iter().map(|row| &row[large.len()..]).collect();
        self.rest_on_enough(&left, &people)
    }

    /// Whether every combination of these rows that is not zero has weight on enough people.
    fn rest_on_enough(&self, rows: &[&[u64]], people: &[&People]) -> bool {
        let rows: Vec<Vec<u64>> = rows.iter().map(|row| row.to_vec()).collect();
        let mut looked_at = 0;
        parts_of(rows).into_iter().all(|part| self.smallest_are_enough(part, people, &mut looked_at))
    }

    /// The smallest combinations of some rows are zero wherever another one less is: they are found by making each place zero
    /// in turn, until one row is left.
    fn smallest_are_enough(&self, rows: Vec<Vec<u64>>, people: &[&People], looked_at: &mut usize) -> bool {
        *looked_at += 1;
        if *looked_at > MOST_COMBINATIONS {
            // Better too careful than wrong.
            return false;
        }
        let [one] = rows.as_slice() else {
            let places = 0..rows.first().map_or(0, Vec::len);
            return places.into_iter().all(|zero| {
                let Some(pivot) = rows.iter().position(|row| row[zero] != 0) else { return true };
                let inverse = power(rows[pivot][zero], PRIME - 2);
                let without = rows.iter().enumerate().filter(|(at, _)| *at != pivot).map(|(_, row)| {
                    let factor = (PRIME - row[zero]) % PRIME * inverse % PRIME;
                    let other = rows[pivot].iter();
                    row.iter().zip(other).map(|(value, own)| (value + factor * own) % PRIME).collect()
                });
                self.smallest_are_enough(without.collect(), people, looked_at)
            });
        };
        let mut all = People::default();
        (0..people.len()).filter(|at| one[*at] != 0).for_each(|at| all.join(people[at], self.enough));
        all.are(self.enough)
    }

    /// Adds candidates, each of some sets, to sets that are known already, one after another as long as that is safe. What is
    /// not is left out. Tells of each candidate whether it was added.
    pub(crate) fn choose(&self, known: &[usize], candidates: &[Vec<usize>]) -> Vec<bool> {
        let mut chosen = known.to_vec();
        let mut taken = vec![false; candidates.len()];
        let mut from = 0;
        // More sets never make a combination safe again, so the first candidate that is not can be found by halving.
        while from < candidates.len() {
            let with = |to: usize| -> Vec<usize> {
                let more = candidates[from..to].iter().flatten();
                let mut all: Vec<usize> = chosen.iter().chain(more).copied().collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            let (mut safe, mut unsafe_from) = (from, candidates.len() + 1);
            if self.is_safe(&with(candidates.len())) {
                safe = candidates.len();
            } else {
                unsafe_from = candidates.len();
            }
            while safe + 1 < unsafe_from && safe < candidates.len() {
                let middle = (safe + unsafe_from) / 2;
                if self.is_safe(&with(middle)) { safe = middle } else { unsafe_from = middle }
            }
            taken[from..safe].fill(true);
            chosen = with(safe);
            // The one after it is not safe: left out.
            from = safe + 1;
        }
        taken
    }
}

/// More combinations than this are not looked at.
const MOST_COMBINATIONS: usize = 2_000;

/// Rows sorted into parts that share no place: a combination of rows of several parts is at least as large as that of each.
fn parts_of(rows: Vec<Vec<u64>>) -> Vec<Vec<Vec<u64>>> {
    let mut parts: Vec<Vec<Vec<u64>>> = Vec::new();
    for row in rows {
        let meets = |other: &Vec<u64>| row.iter().zip(other).any(|(a, b)| *a != 0 && *b != 0);
        let (joined, apart): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.iter().any(meets));
        parts = apart;
        let mut part: Vec<Vec<u64>> = joined.into_iter().flatten().collect();
        part.push(row);
        parts.push(part);
    }
    parts
}

/// A number for a set that no sum of others hits by chance: SplitMix64 (Steele, Lea and Flood, 2014), twice.
fn mark(at: usize) -> u128 {
    let next = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let at = at as u64;
    u128::from(next(2 * at + 1)) << 64 | u128::from(next(2 * at + 2))
}

/// Gauss and Jordan on some columns, from row `first` on. Returns the row behind the last pivot.
fn eliminate(rows: &mut [Vec<u64>], first: usize, columns: std::ops::Range<usize>) -> usize {
    let mut next = first;
    for column in columns {
        let Some(pivot) = (next..rows.len()).find(|row| rows[*row][column] != 0) else { continue };
        rows.swap(next, pivot);
        let inverse = power(rows[next][column], PRIME - 2);
        rows[next].iter_mut().for_each(|value| *value = *value * inverse % PRIME);
        let (before, rest) = rows.split_at_mut(next);
        let (pivot, after) = rest.split_at_mut(1);
        let others = before[first..].iter_mut().chain(after);
        for row in others.filter(|row| row[column] != 0) {
            let factor = PRIME - row[column];
            for (value, own) in row.iter_mut().zip(&pivot[0]) {
                if *own != 0 {
                    *value = (*value + factor * own) % PRIME;
                }
            }
        }
        next += 1;
    }
    next
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Enough = Enough { people: 3, sessions: 3, percent: 0, most: 6 };

    /// Ten people with one session each; sets by their members.
    fn safe(sets: &[&[usize]]) -> bool {
        let sets: Vec<Bits> = sets.iter().map(|set| Bits::of(10, |at| set.contains(&at))).collect();
        let person: Vec<u32> = (0..10).collect();
        let all: Vec<usize> = (0..sets.len()).collect();
        Audit::new(&sets.iter().collect::<Vec<_>>(), &person, ENOUGH).is_safe(&all)
    }

    const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    #[test]
    fn what_is_left_of_a_total_counts() {
        assert!(safe(&[ALL, &[0, 1, 2, 3]]));
        assert!(!safe(&[ALL, &[0, 1, 2, 3, 4, 5, 6, 7]]), "two are left");
        assert!(!safe(&[ALL, &[0, 1, 2, 3], &[4, 5, 6, 7]]), "two are left of three");
        assert!(safe(&[ALL, &[0, 1, 2], &[3, 4, 5]]), "four are left");
        assert!(!safe(&[&[0, 1]]));
    }

    #[test]
    fn chains_of_sums_count() {
        // {0..4} + {5..9} − {1..9} = {0}.
        assert!(!safe(&[&[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9], &[1, 2, 3, 4, 5, 6, 7, 8, 9]]));
        // A ∪ B and A ∩ B cannot be had from A and B.
        assert!(safe(&[&[0, 1, 2, 3, 4], &[4, 5, 6, 7, 8]]));
        // All less both are {9} less {4}: who knows one of these two knows the other.
        assert!(!safe(&[ALL, &[0, 1, 2, 3, 4], &[4, 5, 6, 7, 8]]));
        // With the union as well: A + B − A∪B = {4}.
        assert!(!safe(&[&[0, 1, 2, 3, 4], &[4, 5, 6, 7, 8], &[0, 1, 2, 3, 4, 5, 6, 7, 8]]));
    }

    #[test]
    fn sessions_of_the_same_person_are_one() {
        let person = [0, 0, 0, 0, 0, 1, 2, 3, 4, 5];
        let set = Bits::of(10, |at| at < 6);
        assert!(!Audit::new(&[&set], &person, ENOUGH).is_safe(&[0]));
        let set = Bits::of(10, |at| at < 8);
        assert!(Audit::new(&[&set], &person, ENOUGH).is_safe(&[0]));
    }

    #[test]
    fn the_first_that_is_not_safe_is_left_out() {
        let sets: Vec<Bits> = [ALL, &[0, 1, 2, 3], &[4, 5, 6, 7], &[8, 9], &[0, 1, 2]]
            .iter()
            .map(|set| Bits::of(10, |at| set.contains(&at)))
            .collect();
        let person: Vec<u32> = (0..10).collect();
        let audit = Audit::new(&sets.iter().collect::<Vec<_>>(), &person, ENOUGH);
        let candidates: Vec<Vec<usize>> = (0..5).map(|at| vec![at]).collect();
        // The second part would leave two of all; the third is two; three of the four would leave one.
        assert_eq!(audit.choose(&[], &candidates), [true, true, false, false, false]);
        assert_eq!(audit.choose(&[1], &candidates[..1]), [true]);
    }

    proptest::proptest! {
        /// Against all combinations with small weights, tried one by one.
        #[test]
        fn nothing_small_is_missed(sets in proptest::collection::vec(proptest::collection::vec(0usize..10, 1..10), 1..5)) {
            let sets: Vec<&[usize]> = sets.iter().map(Vec::as_slice).collect();
            let mut smallest = usize::MAX;
            let weights = [-2i64, -1, 0, 1, 2];
            for code in 0..weights.len().pow(sets.len() as u32) {
                let weight = |at: usize| weights[code / weights.len().pow(at as u32) % weights.len()];
                let sum = |person: usize| -> i64 {
                    (0..sets.len()).filter(|at| sets[*at].contains(&person)).map(weight).sum()
                };
                let rests_on = (0..10).filter(|person| sum(*person) != 0).count();
                if rests_on > 0 {
                    smallest = smallest.min(rests_on);
                }
            }
            if smallest < 3 {
                proptest::prop_assert!(!safe(&sets));
            }
        }
    }
}
