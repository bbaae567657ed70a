//! Masks secrets and personal identifiers in text before it leaves the machine.
//!
//! What lives here: the [`Masker`], the order of its work, and the placeholders. What counts as a secret or
//! as personal is in the modules below: shapes of keys (`rules`), values that a name calls secret
//! (`assign`), private keys and manifests (`blocks`), URLs (`urls`), persons (`persons`), and numbers with a
//! meaning (`numbers`). Nothing is read from the machine here: who its person is, the caller says.

mod assign;
mod blocks;
mod chance;
mod numbers;
mod persons;
mod rules;
#[cfg(test)]
mod tests;
mod urls;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use rules::Rules;

/// What a masked place was. The first of two kinds that claim the same text has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Secret,
    Card,
    Iban,
    Email,
    Person,
    Phone,
    Ip,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Secret, Self::Card, Self::Iban, Self::Email, Self::Person, Self::Phone, Self::Ip];

    fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Email => "email",
            Self::Person => "person",
            Self::Phone => "phone",
            Self::Ip => "ip",
        }
    }

    /// How long a text must be, in bytes, for its other occurrences in the document to be masked too.
    fn worth_repeating(self) -> usize {
        match self {
            Self::Person => 3,
            // Their shape finds them wherever they are, and elsewhere the same digits are part of something
            // else.
            Self::Ip | Self::Card | Self::Iban => usize::MAX,
            _ => 6,
        }
    }
}

/// A place to be masked, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: usize,
    end: usize,
    kind: Kind,
}

impl Span {
    fn new(start: usize, end: usize, kind: Kind) -> Self {
        Self { start, end, kind }
    }
}

/// A text with placeholders, and how many of each kind it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked<'t> {
    /// The text; borrowed if nothing was masked.
    pub text: Cow<'t, str>,
    /// Number of places masked, by kind: `card`, `email`, `iban`, `ip`, `person`, `phone`, `secret`. A kind
    /// without any is absent.
    pub counts: BTreeMap<&'static str, u32>,
}

/// Masks texts. Building one costs some milliseconds, so build it once; threads may share it.
///
/// ```
/// use metier_label::Masker;
///
/// let masker = Masker::new(&["jdoe".to_owned()]);
/// let masked = masker.mask("mail ann@corp.io, then ann@corp.io again, from ~jdoe");
/// assert_eq!(masked.text, "mail [email 1], then [email 1] again, from ~[person 1]");
/// assert_eq!(masked.counts["email"], 2);
/// ```
// Not `Debug`: it holds names.
pub struct Masker {
    rules: Rules,
    /// Words at which a look is worthwhile; see [`Anchor`].
    anchors: AhoCorasick,
    /// For each pattern of `anchors`, what to look for.
    looks: Vec<Anchor>,
    own: persons::Own,
}

/// What an anchor word may announce.
#[derive(Default)]
struct Anchor {
    /// A match of these rules.
    rules: Vec<usize>,
    /// A value that this word calls secret.
    assigned: bool,
    /// A person.
    person: Option<persons::Sign>,
    /// A phone number.
    phone: bool,
    /// A manifest with secrets.
    manifest: bool,
}

/// Masking once can bring text together that then looks like something to mask; each round masks more of the
/// original text, and a second round without a find is the rule.
const ROUNDS: usize = 8;

impl Masker {
    /// A masker that also masks each text of `own`, whatever its case: names, user names and mail addresses
    /// of the person whose machine this is. Of a name in several words, each word is masked as well. Texts of
    /// fewer than three characters and names that many machines share (`root`, `user` …) are left out.
    #[must_use]
    pub fn new(own: &[String]) -> Self {
        Self::with_rules(own, Rules::ours())
    }

    fn with_rules(own: &[String], rules: Rules) -> Self {
        let mut words: BTreeMap<String, Anchor> = BTreeMap::new();
        for (rule, keyword) in rules.keywords() {
            words.entry(keyword.to_owned()).or_default().rules.push(rule);
        }
        for word in assign::WORDS {
            words.entry((*word).to_owned()).or_default().assigned = true;
        }
        for (word, sign) in persons::SIGNS {
            words.entry((*word).to_owned()).or_default().person = Some(*sign);
        }
        for word in numbers::PHONE_WORDS {
            words.entry((*word).to_owned()).or_default().phone = true;
        }
        words.entry(blocks::KUBERNETES.to_owned()).or_default().manifest = true;
        let anchors = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.keys())
            .expect("a few hundred short words are far below the automaton's limits");
        Self { rules, anchors, looks: words.into_values().collect(), own: persons::Own::new(own) }
    }

    /// The text with a placeholder such as `[email 1]` for each secret and each personal identifier. The same
    /// text has the same number throughout, a person or an address in any case; numbers count from 1, or on
    /// from the highest that the text already has. Masking the result again changes nothing.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Masked<'t> {
        let mut masked = Masked { text: Cow::Borrowed(text), counts: BTreeMap::new() };
        let mut numbers: Option<Numbers> = None;
        for _ in 0..ROUNDS {
            let placeholders = placeholders(&masked.text);
            let spans = disjoint(&masked.text, self.find(&masked.text, &placeholders), &placeholders);
            if spans.is_empty() {
                break;
            }
            let numbers = numbers.get_or_insert_with(|| Numbers::after(&placeholders));
            let mut out = String::with_capacity(masked.text.len());
            let mut from = 0;
            for span in &spans {
                out.push_str(&masked.text[from..span.start]);
                numbers.write(&mut out, span.kind, &masked.text[span.start..span.end]);
                *masked.counts.entry(span.kind.name()).or_default() += 1;
                from = span.end;
            }
            out.push_str(&masked.text[from..]);
            masked.text = Cow::Owned(out);
        }
        masked
    }

    /// Every place to mask, in any order, overlapping or not.
    fn find(&self, text: &str, placeholders: &[Placeholder]) -> Vec<Span> {
        let bytes = text.as_bytes();
        let mut spans = Vec::new();
        let mut rules = vec![false; self.rules.len()];
        let mut assigned = assign::Reader::new(bytes);
        for hit in self.anchors.find_overlapping_iter(bytes) {
            let look = &self.looks[hit.pattern()];
            for &rule in &look.rules {
                rules[rule] = true;
            }
            if look.assigned {
                assigned.read(hit.start(), hit.end(), &mut spans);
            }
            if let Some(sign) = look.person {
                persons::read(text, hit.range(), sign, &mut spans);
            }
            if look.phone {
                numbers::phone_after(bytes, hit.start(), hit.end(), &mut spans);
            }
            if look.manifest {
                blocks::kubernetes(bytes, hit.start(), &mut spans);
            }
        }
        for (rule, _) in rules.iter().enumerate().filter(|(_, announced)| **announced) {
            self.rules.find(rule, bytes, &mut spans);
        }
        blocks::pem(bytes, &mut spans);
        urls::find(bytes, &mut spans);
        persons::emails(text, &mut spans);
        numbers::find(bytes, &mut spans);
        self.own.find(text, &mut spans);
        repeat(text, &mut spans, placeholders);
        spans
    }
}

/// A placeholder that stands in a text.
struct Placeholder {
    start: usize,
    end: usize,
    kind: Kind,
    number: u32,
}

/// The placeholders in a text, in order.
fn placeholders(text: &str) -> Vec<Placeholder> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'[', bytes)
        .filter_map(|start| {
            let rest = &bytes[start + 1..];
            let kind = Kind::ALL.into_iter().find(|kind| {
                rest.strip_prefix(kind.name().as_bytes()).is_some_and(|rest| rest.first() == Some(&b' '))
            })?;
            let digits = &text[start + 1 + kind.name().len() + 1..];
            let digits = &digits[..digits.bytes().take(10).take_while(u8::is_ascii_digit).count()];
            let end = start + 1 + kind.name().len() + 1 + digits.len() + 1;
            (bytes.get(end - 1) == Some(&b']') && !digits.is_empty() && digits.len() < 10).then(|| {
                Placeholder { start, end, kind, number: digits.parse().expect("fewer than ten digits") }
            })
        })
        .collect()
}

/// The numbers given out within a document.
struct Numbers {
    given: HashMap<(Kind, String), u32>,
    last: [u32; Kind::ALL.len()],
}

impl Numbers {
    /// No number given out, and none below those that the text already has.
    fn after(placeholders: &[Placeholder]) -> Self {
        let mut last = [0; Kind::ALL.len()];
        for placeholder in placeholders {
            let last = &mut last[placeholder.kind as usize];
            *last = (*last).max(placeholder.number);
        }
        Self { given: HashMap::new(), last }
    }

    fn write(&mut self, out: &mut String, kind: Kind, text: &str) {
        let last = &mut self.last[kind as usize];
        // Persons and addresses are the same in any case, and an address in a URL.
        let text = match kind {
            Kind::Person => text.to_lowercase(),
            Kind::Email => text.to_lowercase().replace("%40", "@"),
            _ => text.to_owned(),
        };
        let number = *self.given.entry((kind, text)).or_insert_with(|| {
            *last += 1;
            *last
        });
        out.push('[');
        out.push_str(kind.name());
        out.push(' ');
        out.push_str(&number.to_string());
        out.push(']');
    }
}

/// Adds the other occurrences of what was found: a password that `password=` gave away must not stay two
/// lines below. A secret is looked for within words too, everything else as a word of its own.
fn repeat(text: &str, spans: &mut Vec<Span>, placeholders: &[Placeholder]) {
    let mut known: BTreeMap<&str, Kind> = BTreeMap::new();
    // What overlaps is known as a whole and in its parts; what a placeholder cuts, only in its pieces.
    for span in disjoint(text, spans.clone(), placeholders).iter().chain(spans.iter()) {
        let (start, end) = (floor(text, span.start), ceil(text, span.end));
        let at = placeholders.partition_point(|placeholder| placeholder.end <= start);
        let whole = placeholders.get(at).is_none_or(|placeholder| end <= placeholder.start);
        if whole && end - start >= span.kind.worth_repeating() {
            known
                .entry(&text[start..end])
                .and_modify(|kind| *kind = (*kind).min(span.kind))
                .or_insert(span.kind);
        }
    }
    if known.is_empty() {
        return;
    }
    let Ok(search) = AhoCorasick::builder().match_kind(MatchKind::Standard).build(known.keys()) else {
        // Only beyond two thousand million states; then each place stands for itself.
        return;
    };
    let kinds: Vec<Kind> = known.into_values().collect();
    for hit in search.find_overlapping_iter(text) {
        let kind = kinds[hit.pattern()];
        if kind == Kind::Secret || alone(text, hit.start(), hit.end()) {
            spans.push(Span::new(hit.start(), hit.end(), kind));
        }
    }
}

/// Whether a word is one of a list, which is written with blanks between.
fn among(list: &str, word: &[u8]) -> bool {
    list.split(' ').any(|listed| listed.as_bytes() == word)
}

/// Whether neither side of a place is a letter or a digit.
fn alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    // What follows a backslash in an escaped line end is no letter of a word.
    let escaped = matches!(before, Some('n' | 'r' | 't')) && text[..start - 1].ends_with('\\');
    (escaped || !before.is_some_and(char::is_alphanumeric))
        && !text[end..].chars().next().is_some_and(char::is_alphanumeric)
}

/// The places in order, on character boundaries, overlapping ones as one, without the placeholders in them.
fn disjoint(text: &str, mut spans: Vec<Span>, placeholders: &[Placeholder]) -> Vec<Span> {
    spans.sort_unstable();
    let mut whole: Vec<Span> = Vec::with_capacity(spans.len());
    for mut span in spans {
        (span.start, span.end) = (floor(text, span.start), ceil(text, span.end));
        match whole.last_mut() {
            Some(last) if span.start < last.end => {
                last.end = last.end.max(span.end);
                last.kind = last.kind.min(span.kind);
            }
            _ => whole.push(span),
        }
    }
    let mut out = Vec::with_capacity(whole.len());
    let mut next = 0;
    for mut span in whole {
        while placeholders.get(next).is_some_and(|placeholder| placeholder.end <= span.start) {
            next += 1;
        }
        let mut at = next;
        while let Some(placeholder) = placeholders.get(at).filter(|placeholder| placeholder.start < span.end)
        {
            let before = Span { end: placeholder.start.max(span.start), ..span };
            push_words(text, before, &mut out);
            span.start = placeholder.end.min(span.end);
            at += 1;
        }
        push_words(text, span, &mut out);
    }
    out
}

/// Adds a place if there is anything in it but punctuation.
fn push_words(text: &str, span: Span, out: &mut Vec<Span>) {
    if text[span.start..span.end].chars().any(char::is_alphanumeric) {
        out.push(span);
    }
}

/// The beginning of the character at this place.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The end of the character before this place.
fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
