//! Counts turns of phrase in a text, by what they speak for: `cues.toml` as data. Weighs nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    person: Groups,
    agent: Groups,
    mode: Groups,
    subject: Groups,
    trade: Groups,
}

/// Phrases by the name of their group.
type Groups = BTreeMap<String, Vec<String>>;

/// A kind of cues: named groups of phrases.
pub(crate) struct Cues {
    names: Vec<String>,
    /// Where its groups stand among those of all kinds.
    groups: Range<usize>,
}

/// All cues, of every kind, and where their phrases begin.
pub(crate) struct AllCues {
    /// What the person's words speak for.
    pub person: Cues,
    /// What the agent's words speak for.
    pub agent: Cues,
    /// The kind of work that anybody speaks of.
    pub mode: Cues,
    /// The field of the work.
    pub subject: Cues,
    /// Somebody's trade.
    pub trade: Cues,
    /// What somebody wants with a message.
    pub want: Cues,
    phrases: Phrases,
}

/// Phrases by the first eight bytes of their first word: texts are looked through word by word, once for all kinds. Few
/// words begin a phrase, so this takes less time than an automaton over the bytes.
type Phrases = HashMap<u64, Vec<Phrase>, FixedState>;

/// What follows the first eight bytes of the first word, and the groups of all kinds in which the phrase stands.
struct Phrase {
    rest: Box<[u8]>,
    /// The first bytes of the rest, and which of them there are: most phrases of a word are told apart by them.
    head: u64,
    mask: u64,
    groups: Vec<u16>,
}

/// The cues of this version.
pub(crate) fn cues() -> &'static AllCues {
    static CUES: LazyLock<AllCues> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../cues.toml")).expect("a test reads the same text");
        let want: Groups =
            toml::from_str(include_str!("../../intent-cues.toml")).expect("a test reads the same text");
        let mut all = All::default();
        AllCues {
            person: all.kind(file.person),
            agent: all.kind(file.agent),
            mode: all.kind(file.mode),
            subject: all.kind(file.subject),
            trade: all.kind(file.trade),
            want: all.kind(want),
            phrases: all.phrases(),
        }
    });
    &CUES
}

/// Kinds of cues being put together.
#[derive(Default)]
struct All {
    groups_of: BTreeMap<String, Vec<u16>>,
    groups: usize,
}

impl All {
    fn kind(&mut self, groups: Groups) -> Cues {
        let from = self.groups;
        for phrases in groups.values() {
            for phrase in phrases {
                let group = u16::try_from(self.groups).expect("there are some hundred groups");
                self.groups_of.entry(normal(phrase)).or_default().push(group);
            }
            self.groups += 1;
        }
        Cues { names: groups.into_keys().collect(), groups: from..self.groups }
    }

    fn phrases(&mut self) -> Phrases {
        let mut phrases = Phrases::default();
        for (phrase, groups) in std::mem::take(&mut self.groups_of) {
            let text = &phrase.as_bytes()[1..];
            let (key, most, _) = first_word(text);
            let rest = &text[most..];
            let mask = u64::MAX >> (64 - 8 * rest.len().min(8));
            let phrase = Phrase { rest: rest.into(), head: head(rest), mask, groups };
            phrases.entry(key).or_default().push(phrase);
        }
        phrases
    }
}

/// The first eight bytes of a text as a number; zero where it has fewer.
fn head(text: &[u8]) -> u64 {
    let bytes = text.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes[..text.len()].copy_from_slice(text);
        bytes
    });
    u64::from_le_bytes(bytes)
}

/// Of the first word of a normal text without its first space: its first eight bytes as a number, how many these are, and
/// what follows the space behind the word.
fn first_word(text: &[u8]) -> (u64, usize, &[u8]) {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let head = head(text);
    // The high bit of each byte that is zero, of the lowest such byte surely: the lowest is the first space.
    let unlike = head ^ SPACES;
    let zero = unlike.wrapping_sub(ONES) & !unlike & (ONES << 7);
    let end = (zero.trailing_zeros() / 8) as usize;
    if end < 8 {
        let key = head & !(u64::MAX << (8 * end));
        return (key, end.min(text.len()), text.get(end + 1..).unwrap_or_default());
    }
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    (head, text.len().min(8), text.get(end + 1..).unwrap_or_default())
}

/// How often phrases of each group stand in a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Vec<u16>);

impl Counts {
    /// The counts of one kind, in the order of its groups.
    pub(crate) fn of(&self, kind: &Cues) -> &[u16] {
        &self.0[kind.groups.clone()]
    }
}

impl AllCues {
    /// Counts the cues of all kinds in a text, which has to be [`normal`]. A phrase in another counts too.
    pub(crate) fn count(&self, normal: &str) -> Counts {
        let mut counts = vec![0u16; self.want.groups.end];
        let mut left = normal.as_bytes().get(1..).unwrap_or_default();
        while !left.is_empty() {
            let (key, most, after) = first_word(left);
            if let Some(phrases) = self.phrases.get(&key) {
                let rest = &left[most..];
                let head = head(rest);
                let stands =
                    |phrase: &&Phrase| head & phrase.mask == phrase.head && rest.starts_with(&phrase.rest);
                for group in phrases.iter().filter(stands).flat_map(|phrase| &phrase.groups) {
                    let count = &mut counts[usize::from(*group)];
                    *count = count.saturating_add(1);
                }
            }
            left = after;
        }
        Counts(counts)
    }
}

impl Cues {
    /// The number of groups.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The names of the groups, in the order of the counts.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of a group.
    pub(crate) fn group(&self, name: &str) -> usize {
        self.names
            .binary_search_by(|group| group.as_str().cmp(name))
            .expect("code names only groups of the file")
    }
}

/// A text as it is matched: lower case, words with one space before, between and after them.
pub(crate) fn normal(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b' ');
    let mut characters = text.bytes().enumerate();
    while let Some((at, byte)) = characters.next() {
        match PLAIN[usize::from(byte)] {
            0 if byte.is_ascii() => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            // The beginning of a character that is not ASCII.
            0 => {
                let Some(c) = text[at..].chars().next() else { break };
                (1..c.len_utf8()).for_each(|_| _ = characters.next());
                let mut buffer = [0; 4];
                if c == '’' {
                    out.push(b'\'');
                } else if c.is_alphanumeric() {
                    c.to_lowercase().for_each(|c| out.extend(c.encode_utf8(&mut buffer).as_bytes()));
                } else if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            plain => out.push(plain),
        }
    }
    if out.last() != Some(&b' ') {
        out.push(b' ');
    }
    String::from_utf8(out).unwrap_or_default()
}

/// What an ASCII letter, digit or apostrophe is matched as; 0 for everything else.
const PLAIN: [u8; 256] = {
    let mut plain = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let is = byte as u8;
        if is.is_ascii_alphanumeric() || is == b'\'' {
            plain[byte] = is.to_ascii_lowercase();
        }
        byte += 1;
    }
    plain
};

/// The beginning of a text, of at most so many bytes, cut between characters.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let to = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..to.unwrap_or(0)]
}

/// The end of a text, of at most so many bytes, cut between characters.
pub(crate) fn ending(text: &str, most: usize) -> &str {
    let from = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[from.unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phrases_match_whole_words_whatever_their_case() {
        let person = &cues().person;
        let count = |text: &str, group: &str| cues().count(&normal(text)).of(person)[person.group(group)];
        assert_eq!(count("That’s not what I meant!", "correct"), 3); // "that's not", "not what", "i meant"
        assert_eq!(count("nothing noted", "correct"), 0);
        assert_eq!(count("FIX the bug, then fix-up", "fix"), 3);
        assert_eq!(count("", "fix"), 0);
    }

    proptest! {
        /// As a search for every phrase in turn counts them.
        #[test]
        fn all_phrases_are_counted(picked in proptest::collection::vec((0usize..2_000, 0usize..3), 0..30)) {
            let mut all = All::default();
            let file: File = toml::from_str(include_str!("../../cues.toml")).expect("it is read above");
            all.kind(file.person);
            let phrases: Vec<String> = all.groups_of.keys().cloned().collect();
            let between = [" ", " implementation ", "s "];
            let text: String = picked
                .iter()
                .flat_map(|(at, gap)| [phrases[at % phrases.len()].trim(), between[*gap]])
                .collect();
            let text = normal(&text);
            let mut expected = vec![0u16; cues().person.len()];
            for (phrase, groups) in &all.groups_of {
                let times = (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(phrase.as_bytes()));
                let times = u16::try_from(times.count()).expect("few");
                groups.iter().for_each(|group| expected[usize::from(*group)] += times);
            }
            let counts = cues().count(&text);
            prop_assert_eq!(counts.of(&cues().person), expected);
        }
    }

    #[test]
    fn a_normal_text_has_single_spaces_and_small_letters() {
        assert_eq!(normal("It’s DONE — Ünïcode/2,x"), " it's done ünïcode 2 x ");
        assert_eq!(normal(""), " ");
        assert_eq!((beginning("aé", 2), ending("éa", 2)), ("a", "a"));
    }

    #[test]
    fn every_group_of_trades_is_one_of_the_rubric() {
        let rubric = crate::rubric();
        let occupation = rubric.question("occupation").expect("it is asked");
        let missing: Vec<_> =
            cues().trade.names().iter().filter(|name| occupation.option(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(cues().trade.len(), 23);
        let subject = rubric.question("task_subject").expect("it is asked");
        assert!(cues().subject.names().iter().all(|name| subject.option(name).is_some()));
        assert_eq!(cues().subject.len() + 1, subject.options().len());
    }
}
