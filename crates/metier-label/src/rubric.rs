//! The rubric as data: questions, options, wording, rules and their hash. Answers stand in `labels.rs`.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The rubric that this version asks: `rubric.toml` of this crate.
///
/// ```
/// let rubric = metier_label::rubric();
/// assert_eq!(rubric.questions[0].name, "work_mode");
/// assert_eq!(rubric.intent.options().len(), 20);
/// ```
pub fn rubric() -> &'static Rubric {
    static RUBRIC: LazyLock<Rubric> =
        LazyLock::new(|| Rubric::parse(include_str!("../rubric.toml")).expect("a test parses the same text"));
    &RUBRIC
}

/// Questions about a session and about each message in it.
#[derive(Debug)]
pub struct Rubric {
    /// The version, for people.
    pub version: String,
    /// What a rater is told before the questions.
    pub preamble: String,
    /// The questions about a session, in their order.
    pub questions: Vec<Question>,
    /// The question about each message that the person typed.
    pub intent: Question,
    /// Of everything above.
    pub hash: RubricHash,
}

/// The first 64 bits of a BLAKE3 hash over the content of a rubric; comments and layout do not change it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RubricHash(pub u64);

/// One question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name in rows, JSON and flags.
    pub name: String,
    /// What is asked.
    pub ask: String,
    /// How to decide.
    pub rule: String,
    /// What can be answered.
    pub kind: Kind,
}

/// What can be answered to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of several options without an order.
    Choice {
        /// The options; an answer is the index of one.
        options: Vec<Choice>,
        /// The option that says that the transcript does not tell.
        unclear: Option<usize>,
    },
    /// A level on a scale.
    Level {
        /// The lowest.
        low: u8,
        /// The highest.
        high: u8,
        /// The number off the scale that says that the transcript does not tell.
        unclear: Option<u8>,
        /// What each level means: first the unclear one, if there is one, then from the lowest up.
        levels: Vec<Choice>,
    },
    /// A share from 0 to 1 in tenths.
    Share,
    /// An amount in US dollars.
    Usd,
}

/// An option or a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its name in rows, JSON and flags.
    pub name: String,
    /// What it means.
    pub means: String,
}

/// What is wrong with a rubric.
#[derive(Debug, thiserror::Error)]
pub enum RubricError {
    /// It is not TOML of the right shape.
    #[error("the rubric cannot be read: {0}")]
    Shape(#[from] toml::de::Error),
    /// A question does not make sense.
    #[error("the rubric's question {question:?}: {reason}")]
    Question {
        /// Which.
        question: String,
        /// Why.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    preamble: String,
    question: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: String,
    #[serde(default = "session")]
    of: String,
    low: Option<u8>,
    high: Option<u8>,
    unclear: Option<toml::Value>,
    ask: String,
    rule: String,
    #[serde(default)]
    options: Vec<Choice>,
    same_options_as: Option<String>,
    #[serde(default)]
    levels: Vec<Choice>,
}

fn session() -> String {
    "session".to_owned()
}

impl Rubric {
    /// Reads a rubric.
    ///
    /// # Errors
    /// If the text is no rubric, or one of its questions cannot be answered; the error names it.
    pub fn parse(text: &str) -> Result<Rubric, RubricError> {
        let file: File = toml::from_str(text)?;
        let canonical = serde_json::to_vec(&file).expect("a rubric is plain data");
        let mut first = [0; 8];
        first.copy_from_slice(&blake3::hash(&canonical).as_bytes()[..8]);
        let mut questions: Vec<Question> = Vec::new();
        let mut intents = Vec::new();
        for entry in &file.question {
            let question = Question {
                name: entry.name.clone(),
                ask: entry.ask.clone(),
                rule: entry.rule.clone(),
                kind: kind(entry, &questions)
                    .map_err(|reason| RubricError::Question { question: entry.name.clone(), reason })?,
            };
            if entry.of == "message" { intents.push(question) } else { questions.push(question) }
        }
        let wrong =
            |reason: &str| RubricError::Question { question: "intent".to_owned(), reason: reason.to_owned() };
        let intent = intents.pop().ok_or_else(|| wrong("there must be one question of = \"message\""))?;
        if !intents.is_empty() {
            return Err(wrong("there can be only one question of = \"message\""));
        }
        Ok(Rubric {
            version: file.version,
            preamble: file.preamble,
            questions,
            intent,
            hash: RubricHash(u64::from_be_bytes(first)),
        })
    }

    /// The index of the question with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.questions.iter().position(|question| question.name == name)
    }

    /// The question with this name.
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.questions.get(self.find(name)?)
    }
}

fn kind(entry: &Entry, before: &[Question]) -> Result<Kind, String> {
    match entry.kind.as_str() {
        "choice" => {
            let options = match &entry.same_options_as {
                Some(other) => before
                    .iter()
                    .find(|question| question.name == *other)
                    .map(|question| question.options().to_vec())
                    .ok_or_else(|| format!("there is no question {other:?} before it"))?,
                None => entry.options.clone(),
            };
            if !(2..=255).contains(&options.len()) {
                return Err("a choice needs 2 to 255 options".to_owned());
            }
            let names: std::collections::BTreeSet<&str> = options.iter().map(|o| o.name.as_str()).collect();
            if names.len() < options.len() {
                return Err("two options have the same name".to_owned());
            }
            let unclear = match &entry.unclear {
                None => None,
                Some(name) => {
                    let at = options.iter().position(|option| Some(option.name.as_str()) == name.as_str());
                    Some(at.ok_or("unclear has to be the name of an option")?)
                }
            };
            Ok(Kind::Choice { options, unclear })
        }
        "level" => {
            let (low, high) = entry.low.zip(entry.high).ok_or("a level needs low and high")?;
            let unclear = match &entry.unclear {
                None => None,
                Some(value) => Some(
                    value
                        .as_integer()
                        .and_then(|n| u8::try_from(n).ok())
                        .filter(|n| !(low..=high).contains(n))
                        .ok_or("unclear has to be a number off the scale")?,
                ),
            };
            let wanted = usize::from(high.saturating_sub(low)) + 1 + usize::from(unclear.is_some());
            if low >= high || entry.levels.len() != wanted {
                return Err(format!("{} levels are described and not {wanted}", entry.levels.len()));
            }
            Ok(Kind::Level { low, high, unclear, levels: entry.levels.clone() })
        }
        "share" => Ok(Kind::Share),
        "usd" => Ok(Kind::Usd),
        other => Err(format!("there is no kind {other:?}: choice, level, share or usd")),
    }
}

impl Question {
    /// The options of a choice, the levels of a scale; empty for numbers.
    pub fn options(&self) -> &[Choice] {
        match &self.kind {
            Kind::Choice { options, .. } => options,
            Kind::Level { levels, .. } => levels,
            Kind::Share | Kind::Usd => &[],
        }
    }

    /// The index of the option with this name.
    pub fn option(&self, name: &str) -> Option<u8> {
        self.options().iter().position(|option| option.name == name).and_then(|at| u8::try_from(at).ok())
    }

    /// Whether its answers have an order.
    pub fn is_ordinal(&self) -> bool {
        !matches!(self.kind, Kind::Choice { .. })
    }
}

impl fmt::Display for RubricHash {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RubricHash {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RubricHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RubricHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RubricHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(RubricHash)
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is no hash of a rubric")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_whole() {
        let rubric = rubric();
        let names: Vec<&str> = rubric.questions.iter().map(|question| question.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "work_mode",
                "expertise",
                "outcome",
                "success_signal",
                "failure_signal",
                "planning_user_share",
                "execution_user_share",
                "interaction_pattern",
                "occupation",
                "work_occupation",
                "task_subject",
                "codebase",
                "value_usd"
            ]
        );
        let count = |name: &str| rubric.question(name).map(|question| question.options().len());
        assert_eq!(count("work_mode"), Some(9));
        assert_eq!(count("occupation"), Some(24));
        assert_eq!(count("work_occupation"), Some(24));
        assert_eq!(count("interaction_pattern"), Some(7));
        assert_eq!(count("expertise"), Some(6));
    }

    #[test]
    fn the_hash_is_of_content_not_of_layout() {
        let text = include_str!("../rubric.toml");
        let hash = |text: &str| Rubric::parse(text).map(|rubric| rubric.hash).ok();
        assert_eq!(hash(text), hash(&format!("# another comment\n{text}")));
        assert_ne!(hash(text), hash(&text.replace("dominant activity", "main activity")));
        assert_ne!(hash(text), hash(&text.replace("version = \"1\"", "version = \"2\"")));
    }

    #[test]
    fn errors_name_the_question() {
        let with = |question: &str| {
            let text =
                format!("version='1'\npreamble=''\n[[question]]\nname='q'\nask=''\nrule=''\n{question}");
            Rubric::parse(&text).expect_err("it is wrong").to_string()
        };
        assert!(with("kind='choice'").contains("\"q\": a choice needs"), "{}", with("kind='choice'"));
        assert!(with("kind='level'\nlow=1\nhigh=5").contains("0 levels are described and not 5"));
        assert!(with("kind='guess'").contains("no kind"));
        assert!(with("kind='choice'\nsame_options_as='x'").contains("no question \"x\""));
        assert!(with("kind='share'\nodd=1").contains("cannot be read"));
        assert!(with("kind='share'").contains("of = \"message\""));
    }
}
