//! Fixed effects and clusters as level numbers from 0 without gaps, and rows that are alone in a level.

use super::rows::Kept;

/// A table has at most so many entries a row; codes beyond are hashed.
const TABLE_ENTRIES_A_ROW: usize = 4;
/// A table of so many entries is always fine.
const SMALL_TABLE: usize = 1 << 16;
const UNSEEN: u32 = u32::MAX;

/// Which level each row has; levels count from 0 in the order of their first rows.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    pub of: Vec<u32>,
    pub count: usize,
}

impl Levels {
    /// Numbers codes.
    pub fn new(codes: &[u32]) -> Levels {
        let largest = codes.iter().copied().max().unwrap_or(0);
        number(codes.iter().map(|code| u64::from(*code)), codes.len(), u64::from(largest))
    }

    /// Numbers the codes of kept rows.
    pub(super) fn kept(codes: &[u32], kept: &Kept) -> Levels {
        match kept {
            Kept::All(_) => Levels::new(codes),
            Kept::Some(_) => Levels::new(&kept.of(codes)),
        }
    }

    /// The pairs of levels that occur.
    pub fn crossed(&self, other: &Levels) -> Levels {
        let columns = other.count as u64;
        let pairs = self.of.iter().zip(&other.of);
        let pairs = pairs.map(|(first, second)| u64::from(*first) * columns + u64::from(*second));
        number(pairs, self.of.len(), (self.count as u64 * columns).saturating_sub(1))
    }

    /// Whether each level lies within one level of the other: persons within teams, say.
    pub fn nested_in(&self, other: &Levels) -> bool {
        let mut home = vec![UNSEEN; self.count];
        self.of.iter().zip(&other.of).all(|(level, outer)| {
            let home = &mut home[*level as usize];
            if *home == UNSEEN {
                *home = *outer;
            }
            home == outer
        })
    }

    /// How many rows each level has.
    fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.count];
        for level in &self.of {
            sizes[*level as usize] += 1;
        }
        sizes
    }
}

fn number(keys: impl Iterator<Item = u64>, rows: usize, largest: u64) -> Levels {
    let mut of = Vec::with_capacity(rows);
    let mut count = 0;
    if largest < SMALL_TABLE.max(TABLE_ENTRIES_A_ROW * rows) as u64 {
        let mut table = vec![UNSEEN; largest as usize + 1];
        for key in keys {
            let level = &mut table[key as usize];
            if *level == UNSEEN {
                *level = count;
                count += 1;
            }
            of.push(*level);
        }
    } else {
        let slots = (2 * rows).next_power_of_two();
        let mut table = vec![(0_u64, UNSEEN); slots];
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4) after folding the upper half in.
        let shift = 64 - slots.trailing_zeros();
        for key in keys {
            let mut slot = ((key ^ (key >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize;
            let level = loop {
                let (there, level) = &mut table[slot];
                if *level == UNSEEN {
                    (*there, *level) = (key, count);
                    count += 1;
                    break *level;
                }
                if *there == key {
                    break *level;
                }
                slot = (slot + 1) & (slots - 1);
            };
            of.push(level);
        }
    }
    Levels { of, count: count as usize }
}

/// Leaves out rows that are alone in a level of a fixed effect, again and again until there are none (Correia,
/// 2015): they fit themselves and tell nothing of the coefficients. The levels are of the rows kept.
pub(super) fn without_singletons(effects: &[&[u32]], rows: usize) -> (Vec<Levels>, Kept) {
    let levels: Vec<Levels> = effects.iter().map(|codes| Levels::new(codes)).collect();
    let mut sizes: Vec<Vec<u32>> = levels.iter().map(Levels::sizes).collect();
    if !sizes.iter().flatten().any(|size| *size == 1) {
        return (levels, Kept::All(rows));
    }
    let mut kept: Vec<u32> = (0..rows as u32).collect();
    loop {
        let before = kept.len();
        kept.retain(|row| {
            let level = |effect: &Levels| effect.of[*row as usize] as usize;
            let alone = levels.iter().zip(&sizes).any(|(effect, sizes)| sizes[level(effect)] == 1);
            if alone {
                for (effect, sizes) in levels.iter().zip(&mut sizes) {
                    sizes[level(effect)] -= 1;
                }
            }
            !alone
        });
        if kept.len() == before {
            break;
        }
    }
    let kept = Kept::Some(kept);
    (effects.iter().map(|codes| Levels::kept(codes, &kept)).collect(), kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_by_first_row_through_table_and_hash_alike() {
        let codes = [7, 7, 3, 9, 3];
        assert_eq!(Levels::new(&codes).of, [0, 0, 1, 2, 1]);
        let far = codes.map(|code| code * 400_000_000 + 1);
        assert_eq!(Levels::new(&far).of, [0, 0, 1, 2, 1]);
        assert_eq!(Levels::new(&[u32::MAX, 0, u32::MAX]).of, [0, 1, 0]);
    }

    #[test]
    fn leaving_out_one_singleton_can_make_another() {
        // Row 3 is alone in its second level; without it row 2 is alone in its first.
        let (levels, kept) = without_singletons(&[&[0, 0, 1, 1], &[0, 0, 0, 1]], 4);
        assert_eq!((levels[0].count, levels[1].count, kept.count()), (1, 1, 2));
        assert!(matches!(kept, Kept::Some(indices) if indices == [0, 1]));
    }

    #[test]
    fn nesting_is_one_way() {
        let (person, team) = (Levels::new(&[0, 0, 1, 2]), Levels::new(&[0, 0, 0, 1]));
        assert!(person.nested_in(&team) && !team.nested_in(&person));
        assert_eq!(person.crossed(&team).of, [0, 0, 1, 2]);
    }
}
