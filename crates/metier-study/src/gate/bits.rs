//! A set of small numbers as bits.

/// A set of numbers below its length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set of numbers below `len`.
    pub(crate) fn new(len: usize) -> Bits {
        Bits { words: vec![0; len.div_ceil(64)] }
    }

    /// The numbers below `len` of which this is so.
    pub(crate) fn of(len: usize, so: impl Fn(usize) -> bool) -> Bits {
        let mut bits = Bits::new(len);
        (0..len).filter(|at| so(*at)).for_each(|at| bits.set(at));
        bits
    }

    pub(crate) fn set(&mut self, at: usize) {
        if self.words.len() <= at / 64 {
            self.words.resize(at / 64 + 1, 0);
        }
        self.words[at / 64] |= 1 << (at % 64);
    }

    pub(crate) fn has(&self, at: usize) -> bool {
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The numbers, in ascending order.
    pub(crate) fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros() as usize;
                    word &= word - 1;
                    at * 64 + bit
                })
            })
        })
    }

    /// Whether both hold the same numbers.
    pub(crate) fn same(&self, other: &Bits) -> bool {
        self.within(other) && other.within(self)
    }

    /// Whether each of these is in the other.
    pub(crate) fn within(&self, other: &Bits) -> bool {
        let word = |at: usize| other.words.get(at).copied().unwrap_or(0);
        self.words.iter().enumerate().all(|(at, own)| own & !word(at) == 0)
    }

    /// Whether none is in both.
    pub(crate) fn apart(&self, other: &Bits) -> bool {
        self.words.iter().zip(&other.words).all(|(own, other)| own & other == 0)
    }

    /// Those in both.
    pub(crate) fn and(&self, other: &Bits) -> Bits {
        Bits { words: self.words.iter().zip(&other.words).map(|(own, other)| own & other).collect() }
    }

    /// Those in this one only.
    pub(crate) fn without(&self, other: &Bits) -> Bits {
        let word = |at: usize| other.words.get(at).copied().unwrap_or(0);
        Bits { words: self.words.iter().enumerate().map(|(at, own)| own & !word(at)).collect() }
    }

    /// Adds those of the other.
    pub(crate) fn join(&mut self, other: &Bits) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own |= other;
        }
    }

    /// As hexadecimal digits, little end first and without trailing zeros: what stands in the ledger.
    pub(crate) fn to_hex(&self) -> String {
        let mut hex = String::with_capacity(self.words.len() * 16);
        self.words.iter().flat_map(|word| word.to_le_bytes()).for_each(|byte| push_hex(&mut hex, byte));
        let end = hex.len() - (hex.len() - hex.trim_end_matches('0').len()) / 2 * 2;
        hex.truncate(end);
        hex
    }

    /// The same back; `None` if these are no digits.
    pub(crate) fn from_hex(hex: &str) -> Option<Bits> {
        let digits = hex.as_bytes();
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        let mut words = vec![0u64; digits.len().div_ceil(16)];
        for (at, pair) in digits.chunks_exact(2).enumerate() {
            let byte = digit(pair[0])? << 4 | digit(pair[1])?;
            words[at / 8] |= u64::from(byte) << (at % 8 * 8);
        }
        Some(Bits { words })
    }
}

/// Two digits of a byte. There are millions of them in a ledger.
pub(super) fn push_hex(hex: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
    hex.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_comes_back() {
        let bits = Bits::of(200, |at| at % 7 == 3 || at == 130);
        assert!(Bits::from_hex(&bits.to_hex()).is_some_and(|back| back.same(&bits)));
        assert_eq!(
            (Bits::new(9).to_hex(), Bits::from_hex("0"), Bits::from_hex("zz")),
            (String::new(), None, None)
        );
    }

    #[test]
    fn sets_of_different_lengths_compare() {
        let (short, long) = (Bits::of(3, |at| at == 1), Bits::of(300, |at| at == 1 || at == 299));
        assert!(short.within(&long) && !long.within(&short) && !short.same(&long));
        assert_eq!(long.without(&short).ones().collect::<Vec<_>>(), [299]);
        assert_eq!((short.and(&long).count(), short.apart(&long)), (1, false));
    }
}
