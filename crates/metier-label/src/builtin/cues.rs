//! Counts turns of phrase in a text, by what they speak for: `cues.toml` as data. Weighs nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

/// Groups of phrases and one matcher for all of them.
pub(crate) struct Cues {
    matcher: AhoCorasick,
    /// For each pattern, the groups it stands in.
    groups_of: Vec<Vec<u16>>,
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    person: BTreeMap<String, Vec<String>>,
    agent: BTreeMap<String, Vec<String>>,
    mode: BTreeMap<String, Vec<String>>,
    subject: BTreeMap<String, Vec<String>>,
    trade: BTreeMap<String, Vec<String>>,
}

/// The kinds of cues.
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
}

/// The cues of this version.
pub(crate) fn cues() -> &'static AllCues {
    static CUES: LazyLock<AllCues> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../cues.toml")).expect("a test reads the same text");
        AllCues {
            person: Cues::new(file.person),
            agent: Cues::new(file.agent),
            mode: Cues::new(file.mode),
            subject: Cues::new(file.subject),
            trade: Cues::new(file.trade),
        }
    });
    &CUES
}

impl Cues {
    pub(crate) fn new(groups: BTreeMap<String, Vec<String>>) -> Cues {
        let mut patterns: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        let names: Vec<String> = groups.keys().cloned().collect();
        for (group, phrases) in groups.values().enumerate() {
            for phrase in phrases {
                patterns.entry(normal(phrase)).or_default().push(group as u16);
            }
        }
        let (patterns, groups_of): (Vec<String>, Vec<Vec<u16>>) = patterns.into_iter().unzip();
        let matcher = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .expect("some hundred short patterns fit");
        Cues { matcher, groups_of, names }
    }

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
        self.names.iter().position(|group| group == name).expect("code names only groups of the file")
    }

    /// How often phrases of each group stand in a text, which has to be [`normal`]. A phrase in another counts too.
    pub(crate) fn count(&self, normal: &str) -> Vec<u32> {
        let mut counts = vec![0; self.len()];
        for found in self.matcher.find_overlapping_iter(normal) {
            for group in &self.groups_of[found.pattern().as_usize()] {
                counts[usize::from(*group)] += 1;
            }
        }
        counts
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
    use super::*;

    #[test]
    fn phrases_match_whole_words_whatever_their_case() {
        let person = &cues().person;
        let count = |text: &str, group: &str| person.count(&normal(text))[person.group(group)];
        assert_eq!(count("That’s not what I meant!", "correct"), 3); // "that's not", "not what", "i meant"
        assert_eq!(count("nothing noted", "correct"), 0);
        assert_eq!(count("FIX the bug, then fix-up", "fix"), 3);
        assert_eq!(count("", "fix"), 0);
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
