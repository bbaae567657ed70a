//! Finds secrets by their shape, by rules in the format of a gitleaks configuration. The rules are data,
//! `rules.toml`.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::chance::{entropy, is_phrase, stands_in};
use super::{Kind, Span};

/// The rules, ready to be asked.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    id: String,
    pattern: String,
    /// Compiled when first needed: most documents need few of the rules.
    regex: OnceLock<Regex>,
    keywords: Vec<String>,
    /// Bits per byte that the secret must exceed.
    entropy: f64,
    /// The group that is the secret; 0 is the first that took part, or the whole match.
    group: usize,
    allowed: Vec<Regex>,
    stopwords: Vec<String>,
    /// Whether the secret may be plain words.
    words: bool,
}

#[derive(Deserialize)]
struct File {
    rules: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleEntry {
    id: String,
    /// Absent in rules about a file's name alone.
    regex: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    entropy: f64,
    #[serde(default)]
    secret_group: usize,
    #[serde(default)]
    allowlists: Vec<AllowEntry>,
    /// Ours; gitleaks does not know it.
    #[serde(default)]
    words: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowEntry {
    #[serde(default)]
    regexes: Vec<String>,
    #[serde(default)]
    stopwords: Vec<String>,
    /// `line` and `match` are about more than the secret, and are not applied.
    regex_target: Option<String>,
}

impl Rules {
    /// Those that come with this program.
    pub(super) fn ours() -> Self {
        Self::parse(include_str!("rules.toml")).expect("a test reads rules.toml")
    }

    /// Reads a configuration; of its allowlists, those about the secret are kept.
    ///
    /// # Errors
    /// What is wrong with the TOML, or an allowlist's expression that does not compile.
    pub(super) fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let file: File = toml::from_str(text)?;
        let mut rules = Vec::with_capacity(file.rules.len());
        for entry in file.rules {
            let Some(regex) = entry.regex else { continue };
            let about_secret =
                |allow: &&AllowEntry| matches!(allow.regex_target.as_deref(), None | Some("secret"));
            let allows = || entry.allowlists.iter().filter(about_secret);
            rules.push(Rule {
                id: entry.id,
                pattern: after_escapes(&regex),
                regex: OnceLock::new(),
                keywords: entry.keywords.iter().map(|keyword| keyword.to_ascii_lowercase()).collect(),
                entropy: entry.entropy,
                group: entry.secret_group,
                words: entry.words,
                allowed: allows()
                    .flat_map(|allow| &allow.regexes)
                    .map(|regex| compile(regex))
                    .collect::<Result<_, _>>()?,
                stopwords: allows()
                    .flat_map(|allow| &allow.stopwords)
                    .map(|word| word.to_ascii_lowercase())
                    .collect(),
            });
        }
        Ok(Self(rules))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Each keyword with the rule that it announces.
    pub(super) fn keywords(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(at, rule)| rule.keywords.iter().map(move |word| (at, word.as_str())))
    }

    /// Adds every secret that this rule finds.
    pub(super) fn find(&self, rule: usize, text: &[u8], spans: &mut Vec<Span>) {
        let rule = &self.0[rule];
        let regex = rule.regex.get_or_init(|| {
            compile(&rule.pattern)
                .unwrap_or_else(|error| panic!("rule {}, which a test compiles: {error}", rule.id))
        });
        for groups in regex.captures_iter(text) {
            let found = if rule.group > 0 {
                groups.get(rule.group)
            } else {
                groups.iter().skip(1).flatten().find(|group| !group.is_empty()).or_else(|| groups.get(0))
            };
            if let Some(found) = found.filter(|found| rule.accepts(found.as_bytes())) {
                spans.push(Span::new(found.start(), found.end(), Kind::Secret));
            }
        }
    }
}

impl Rule {
    fn accepts(&self, secret: &[u8]) -> bool {
        let lower = || String::from_utf8_lossy(secret).to_ascii_lowercase();
        (self.entropy == 0.0 || entropy(secret) > self.entropy)
            && !self.allowed.iter().any(|regex| regex.is_match(secret))
            && (self.stopwords.is_empty()
                || !self.stopwords.iter().any(|word| lower().contains(word.as_str())))
            && !stub(secret)
            && if self.words { !stands_in(secret) } else { !is_phrase(secret) }
    }
}

/// Whether a secret is cut short or blotted out: `ghp_xxxxxxxx`, `sk-ant-...`.
fn stub(secret: &[u8]) -> bool {
    let blots = secret.iter().filter(|byte| matches!(byte, b'x' | b'X' | b'*' | b'.' | b'0')).count();
    blots * 2 > secret.len()
}

/// In text that quotes other text, an escaped line end stands before a word: `\nghp_…`. Its `n` must not hide
/// the beginning of the word.
fn after_escapes(pattern: &str) -> String {
    let (flags, rest) = match pattern.strip_prefix("(?i)") {
        Some(rest) => ("(?i)", rest),
        None => ("", pattern),
    };
    let Some(rest) = rest.strip_prefix(r"\b") else { return pattern.to_owned() };
    // Alternatives bind loosest, so `\ba|b` must stay `(\ba)|b`; and a pattern's own group is the secret.
    if rest.contains("(?P<") || has_group(rest) {
        if top_level_alternative(rest) { pattern.to_owned() } else { format!(r"{flags}(?:\b|\\[nrt]){rest}") }
    } else if top_level_alternative(rest) {
        pattern.to_owned()
    } else {
        format!(r"{flags}(?:\b|\\[nrt])({rest})")
    }
}

/// Whether a brace before this text begins a repetition.
fn counts(after: &str) -> bool {
    let inside = after.split('}').next().unwrap_or_default();
    inside.len() < after.len()
        && inside.starts_with(|c: char| c.is_ascii_digit())
        && inside.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
}

/// Whether a pattern has a capturing group.
fn has_group(pattern: &str) -> bool {
    syntax(pattern).any(|(_, at, _)| pattern[at..].starts_with('(') && !pattern[at..].starts_with("(?"))
}

/// Whether a pattern is several at its outermost level.
fn top_level_alternative(pattern: &str) -> bool {
    syntax(pattern).any(|(byte, _, depth)| byte == b'|' && depth == 0)
}

/// The bytes of a pattern that are syntax, with their place and the depth of groups before them.
fn syntax(pattern: &str) -> impl Iterator<Item = (u8, usize, usize)> {
    let (mut escaped, mut class, mut depth) = (false, false, 0usize);
    pattern.bytes().enumerate().filter_map(move |(at, byte)| {
        if std::mem::take(&mut escaped) {
            return None;
        }
        let before = depth;
        match byte {
            b'\\' => escaped = true,
            b'[' if !class => class = true,
            b']' if class => class = false,
            _ if class => return None,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        Some((byte, at, before))
    })
}

/// Compiles as Go does for gitleaks: bytes, ASCII classes, and a brace that counts nothing is itself.
fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    let mut plain = String::with_capacity(pattern.len());
    let mut from = 0;
    for (_, at, _) in syntax(pattern).filter(|&(byte, at, _)| byte == b'{' && !counts(&pattern[at + 1..])) {
        plain.push_str(&pattern[from..at]);
        plain.push('\\');
        from = at;
    }
    plain.push_str(&pattern[from..]);
    RegexBuilder::new(&plain).unicode(false).size_limit(32 << 20).build()
}

#[cfg(test)]
impl Rules {
    /// Each rule's id and whether its expression compiles.
    pub(super) fn compile(&self) -> impl Iterator<Item = (&str, Result<Regex, regex::Error>)> {
        self.0.iter().map(|rule| (rule.id.as_str(), compile(&rule.pattern)))
    }

    /// Whether the rule of this id takes this text, which it matched, for a secret.
    pub(super) fn accepts(&self, id: &str, secret: &[u8]) -> bool {
        self.0.iter().any(|rule| rule.id == id && rule.accepts(secret))
    }
}
