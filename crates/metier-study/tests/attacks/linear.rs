//! Sums and differences of what is shown: looks for one that rests on a few people.

use std::collections::{BTreeMap, BTreeSet};

use crate::truth::{Cell, Dice, K, Part, World};

const PRIME: i128 = (1 << 61) - 1;

/// What was tried, and what came of it.
#[derive(Default)]
pub struct Tally {
    pub pairs: u64,
    pub small: u64,
    pub eliminated: u64,
    pub found: Vec<String>,
}

impl Tally {
    pub fn tell(&self, what: &str) {
        println!(
            "{what}: {} pairs, {} small combinations, {} eliminations, {} successes",
            self.pairs,
            self.small,
            self.eliminated,
            self.found.len()
        );
        self.found.iter().take(8).for_each(|one| println!("    {one}"));
    }
}

/// Sets that lie in each other and differ in the sessions of a few people.
pub fn pairs(world: &World, cells: &[&Cell], tally: &mut Tally) {
    let most = most_of_few(world);
    // Sets that are the same are one.
    let mut different: Vec<&Cell> = Vec::new();
    for cell in cells {
        let same = |other: &&Cell| other.set == cell.set && other.without_n == cell.without_n;
        if !different.iter().any(same) {
            different.push(cell);
        }
    }
    for (at, one) in different.iter().enumerate() {
        for other in &different[at + 1..] {
            // Without n a share can be compared with itself at another time.
            let itself = one.part == Part::Counted
                && (one.finding, one.measure, one.part) == (other.finding, other.measure, other.part);
            if (one.without_n || other.without_n) && !itself {
                continue;
            }
            tally.pairs += 1;
            let (small, large) = if one.set.len() < other.set.len() { (one, other) } else { (other, one) };
            let apart = large.set.len() - small.set.len();
            if apart == 0 || apart > most || !small.set.is_subset(&large.set) {
                continue;
            }
            let rest: BTreeSet<usize> = large.set.difference(&small.set).copied().collect();
            let people = world.people(&rest);
            if people < K {
                tally.found.push(format!("{people} people: {} − {}", large.name(), small.name()));
            }
        }
    }
}

/// No difference of more sessions than these is of fewer than K people.
fn most_of_few(world: &World) -> usize {
    let mut sessions: BTreeMap<usize, usize> = BTreeMap::new();
    world.person.iter().for_each(|person| *sessions.entry(*person).or_default() += 1);
    let mut sessions: Vec<usize> = sessions.into_values().collect();
    sessions.sort_unstable_by(|a, b| b.cmp(a));
    sessions.iter().take(K - 1).sum()
}

/// Combinations of sets: a row a set, a column for all sessions that are in the same ones.
struct Matrix {
    rows: Vec<Vec<i128>>,
    people: Vec<BTreeSet<usize>>,
}

fn matrix(world: &World, sets: &[&BTreeSet<usize>]) -> Matrix {
    let mut of_session: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, set) in sets.iter().enumerate() {
        set.iter().for_each(|session| of_session.entry(*session).or_default().push(at));
    }
    let mut atoms: BTreeMap<Vec<usize>, BTreeSet<usize>> = BTreeMap::new();
    for (session, of) in of_session {
        atoms.entry(of).or_default().insert(world.person[session]);
    }
    let mut rows = vec![vec![0; atoms.len()]; sets.len()];
    for (column, of) in atoms.keys().enumerate() {
        of.iter().for_each(|at| rows[*at][column] = 1);
    }
    Matrix { rows, people: atoms.into_values().collect() }
}

fn support(row: &[i128], people: &[BTreeSet<usize>]) -> usize {
    let mut all: BTreeSet<usize> = BTreeSet::new();
    for (_, people) in row.iter().zip(people).filter(|(weight, _)| **weight != 0) {
        all.extend(people);
        if all.len() >= K {
            break;
        }
    }
    all.len()
}

/// Looks for a combination of the sets that rests on fewer than K people: all of up to three with weights ±1 where sets are
/// few, some with four, and by elimination in random orders of the columns, those of many people first.
pub fn combinations(world: &World, cells: &[&Cell], tries: usize, dice: &mut Dice, tally: &mut Tally) {
    let mut names: Vec<String> = Vec::new();
    let mut sets: Vec<&BTreeSet<usize>> = Vec::new();
    for cell in cells.iter().filter(|cell| !cell.set.is_empty() && !cell.without_n) {
        if !sets.contains(&&cell.set) {
            sets.push(&cell.set);
            names.push(cell.name());
        }
    }
    if sets.len() < 2 {
        return;
    }
    let Matrix { rows, people } = matrix(world, &sets);
    let mut found: Vec<String> = Vec::new();
    for _ in 0..tries * 20 {
        let count = 2 + dice.below(3);
        let chosen: Vec<(usize, i128)> =
            (0..count).map(|_| (dice.below(rows.len()), 1 - 2 * dice.below(2) as i128)).collect();
        let sum: Vec<i128> = (0..people.len())
            .map(|at| chosen.iter().map(|(row, sign)| sign * rows[*row][at]).sum())
            .collect();
        tally.small += 1;
        let people = support(&sum, &people);
        if (1..K).contains(&people) {
            let terms: Vec<String> =
                chosen.iter().map(|(row, sign)| format!("{sign}·{}", names[*row])).collect();
            found.push(format!("{people} people: {}", terms.join(" ")));
        }
    }
    let large: Vec<usize> = (0..people.len()).filter(|at| people[*at].len() >= K).collect();
    let small: Vec<usize> = (0..people.len()).filter(|at| people[*at].len() < K).collect();
    // Which sets make up each row is kept beside it, to name them.
    let mut work: Vec<(Vec<i128>, Vec<i128>)> = (rows.iter().enumerate())
        .map(|(at, row)| (row.clone(), (0..rows.len()).map(|other| i128::from(other == at)).collect()))
        .collect();
    let from = eliminate(&mut work, 0, &large);
    let mut rest = work.split_off(from);
    for _ in 0..tries {
        tally.eliminated += 1;
        let mut order = small.clone();
        (1..order.len()).for_each(|at| order.swap(at, dice.below(at + 1)));
        let last = eliminate(&mut rest, 0, &order);
        for (row, weights) in &rest[..last] {
            let of = support(row, &people);
            if (1..K).contains(&of) {
                let mut terms: Vec<String> = Vec::new();
                for (weight, name) in weights.iter().zip(&names).filter(|(weight, _)| **weight != 0) {
                    let weight = if *weight > PRIME / 2 { weight - PRIME } else { *weight };
                    terms.push(if weight.abs() < 100 {
                        format!("{weight}·{name}")
                    } else {
                        format!("w·{name}")
                    });
                }
                found.push(format!("{of} people: {}", terms.join("  ")));
            }
        }
        if rest.len() < 2 || !found.is_empty() {
            break;
        }
    }
    found.sort_by_key(String::len);
    // One is enough to tell; the shortest.
    tally.found.extend(found.into_iter().next());
}

/// Gauss and Jordan on these columns modulo a prime; returns the row behind the last pivot.
fn eliminate(rows: &mut [(Vec<i128>, Vec<i128>)], first: usize, columns: &[usize]) -> usize {
    let mut next = first;
    for column in columns {
        let Some(pivot) = (next..rows.len()).find(|row| rows[*row].0[*column] != 0) else { continue };
        rows.swap(next, pivot);
        let inverse = power(rows[next].0[*column], PRIME - 2);
        let scale = |row: &mut Vec<i128>| row.iter_mut().for_each(|it| *it = *it * inverse % PRIME);
        scale(&mut rows[next].0);
        scale(&mut rows[next].1);
        let own = rows[next].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            let factor = row.0[*column];
            if at == next || factor == 0 {
                continue;
            }
            let less = |row: &mut Vec<i128>, own: &Vec<i128>| {
                for (it, own) in row.iter_mut().zip(own).filter(|(_, own)| **own != 0) {
                    *it = (*it - factor * own % PRIME + PRIME) % PRIME;
                }
            };
            less(&mut row.0, &own.0);
            less(&mut row.1, &own.1);
        }
        next += 1;
    }
    next
}

fn power(mut base: i128, mut exponent: i128) -> i128 {
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
