//! Label files: JSON Lines in which people and other programs give and get labels. A session is named here, not
//! looked up; what a name stands for is settled where there are transcripts or a store.

use std::collections::HashMap;
use std::io::{self, Write};

use metier_session::Id;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::content::Content;
use crate::labels::{Labels, Rater, Refused};
use crate::rubric::{Rubric, RubricHash};

/// What a label file calls a session: at least one of these is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The agent's own id of the session.
    pub session: Option<String>,
    /// The hash of what was judged.
    pub content: Option<Content>,
    /// The id in the store that the labels come from. Ids of another store name nothing.
    pub id: Option<Id>,
}

/// One line that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1.
    pub line: usize,
    /// The session.
    pub name: Name,
    /// The answers. Their rubric is the one that the line names, else ours.
    pub labels: Labels,
}

/// What a label file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelFile {
    /// The lines that were taken, in their order; of one rater and session only the last.
    pub entries: Vec<Entry>,
    /// Lines and answers that were not taken, in the order of the lines.
    pub troubles: Vec<Trouble>,
    /// How many lines a later one of the same rater and session replaced.
    pub replaced: usize,
    /// How many of the entries were given under another rubric: they answer other words than ours.
    pub other_rubric: usize,
    /// How many of the entries do not say under which rubric they were given; ours is taken.
    pub no_rubric: usize,
}

/// A line or an answer that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The number of the line, from 1.
    pub line: usize,
    /// Why.
    pub why: Why,
}

/// Why a line or an answer was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is not JSON.
    #[error("not JSON from column {column} on")]
    NotJson {
        /// Where, from 1.
        column: usize,
    },
    /// It is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A field is there and is not what it has to be.
    #[error("{field} is not {wanted}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// No session is named.
    #[error("no session is named: give \"session\", \"content\" or \"id\"")]
    NoSession,
    /// No rater is named.
    #[error("no rater is named: give \"rater\", or name one for such lines with --rater")]
    NoRater,
    /// No question is answered, or no answer could be taken.
    #[error("no question of the rubric is answered")]
    NoAnswer,
    /// One answer is not among those allowed; the others were taken.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Why {
    /// Whether it concerns one answer and not the line.
    pub fn is_answer(&self) -> bool {
        matches!(self, Why::Refused(_))
    }
}

impl LabelFile {
    /// Reads a label file: an object a line with `session`, `content` or `id`, `rater`, perhaps `rubric`, and answers
    /// in the shape of [`Labels::from_json`]. Lines without a rater are `rater`'s. Blank lines are nothing.
    ///
    /// It never fails as a whole: what could not be taken is in [`troubles`](LabelFile::troubles).
    ///
    /// ```
    /// use metier_label::{file::LabelFile, rubric};
    ///
    /// let text = "{\"session\": \"7f3a\", \"rater\": \"ada\", \"work_mode\": \"fixing\", \"expertise\": 9}\n{\"session\":";
    /// let file = LabelFile::read(text.as_bytes(), None, rubric());
    /// assert_eq!(file.entries[0].labels.choice(rubric(), "work_mode"), Some("fixing"));
    /// assert_eq!(file.troubles.len(), 2);
    /// assert_eq!(file.troubles[1].why.to_string(), "not JSON from column 11 on");
    /// ```
    pub fn read(bytes: &[u8], rater: Option<&Rater>, rubric: &Rubric) -> LabelFile {
        let mut file = LabelFile::default();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut taken: Vec<Option<Taken>> = Vec::new();
        let mut latest: HashMap<(Rater, Name), usize> = HashMap::new();
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let line_number = at + 1;
            let mut trouble = |why| file.troubles.push(Trouble { line: line_number, why });
            match take(line, line_number, rater, rubric, &mut trouble) {
                Ok(new) => {
                    for name in new.entry.name.parts() {
                        let before = latest.insert((new.entry.labels.rater.clone(), name), taken.len());
                        let before = before.and_then(|before| taken.get_mut(before)?.take());
                        file.replaced += usize::from(before.is_some());
                    }
                    taken.push(Some(new));
                }
                Err(why) => trouble(why),
            }
        }
        for Taken { entry, says_rubric } in taken.into_iter().flatten() {
            file.other_rubric += usize::from(entry.labels.rubric != rubric.hash);
            file.no_rubric += usize::from(!says_rubric);
            file.entries.push(entry);
        }
        file
    }

    /// The raters, each once, sorted.
    pub fn raters(&self) -> Vec<Rater> {
        let mut raters: Vec<Rater> = self.entries.iter().map(|entry| entry.labels.rater.clone()).collect();
        raters.sort_unstable();
        raters.dedup();
        raters
    }
}

/// An entry, and whether its line says under which rubric.
struct Taken {
    entry: Entry,
    says_rubric: bool,
}

/// Takes what can be taken of a line.
fn take(
    line: &[u8],
    number: usize,
    rater: Option<&Rater>,
    rubric: &Rubric,
    refused: &mut dyn FnMut(Why),
) -> Result<Taken, Why> {
    // First as any JSON: the messages of typed errors would quote the line.
    let json: Json =
        serde_json::from_slice(line).map_err(|error| Why::NotJson { column: error.column().max(1) })?;
    let Json::Object(object) = json else { return Err(Why::NotAnObject) };
    let hash = |text: &str| -> Option<u128> {
        let whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| u128::from_str_radix(text, 16).ok())?
    };
    const HASH: &str = "a hash of 32 hexadecimal digits";
    let name = Name {
        session: text(&object, "session", "a text", |text| Some(text.to_owned()))?,
        content: text(&object, "content", HASH, |text| hash(text).and_then(|_| text.parse().ok()))?,
        id: text(&object, "id", HASH, |text| hash(text).map(Id))?,
    };
    if name == Name::default() {
        return Err(Why::NoSession);
    }
    let named = text(&object, "rater", "a text", |text| Some(Rater::new(text)))?;
    let named = named.filter(|rater| !rater.name().is_empty());
    let rater = named.or_else(|| rater.cloned()).ok_or(Why::NoRater)?;
    let under = text(&object, "rubric", "a hash of 16 hexadecimal digits", |text| {
        let whole = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| u64::from_str_radix(text, 16).ok().map(RubricHash))?
    })?;
    let (mut labels, wrong) = Labels::from_json(rater, rubric, &object);
    wrong.into_iter().for_each(|why| refused(why.into()));
    if labels.answers.iter().all(Option::is_none) && labels.intents.iter().all(Option::is_none) {
        return Err(Why::NoAnswer);
    }
    labels.rubric = under.unwrap_or(rubric.hash);
    Ok(Taken { entry: Entry { line: number, name, labels }, says_rubric: under.is_some() })
}

/// A field that has to be a text of some shape; null and blank are as if it were not there.
fn text<T>(
    object: &Map<String, Json>,
    field: &'static str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Why> {
    let wrong = Why::Field { field, wanted };
    match object.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Json::String(text)) => read(text.trim()).map(Some).ok_or(wrong),
        Some(_) => Err(wrong),
    }
}

impl Name {
    /// Each thing that the session is called by, alone.
    fn parts(&self) -> impl Iterator<Item = Name> + use<> {
        let Name { session, content, id } = self.clone();
        let session = session.map(|session| Name { session: Some(session), ..Name::default() });
        let content = content.map(|content| Name { content: Some(content), ..Name::default() });
        let id = id.map(|id| Name { id: Some(id), ..Name::default() });
        [session, content, id].into_iter().flatten()
    }
}

/// Writes labels as a label file, sorted by session and rater: the same labels give the same bytes.
///
/// # Errors
/// If it cannot be written.
pub fn write(labels: &[(Name, Labels)], rubric: &Rubric, mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'l> {
        #[serde(skip_serializing_if = "Option::is_none")]
        session: &'l Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        #[serde(flatten)]
        answers: Map<String, Json>,
    }
    let mut sorted: Vec<&(Name, Labels)> = labels.iter().collect();
    sorted.sort_by_key(|(name, labels)| (name, &labels.rater));
    for (name, labels) in sorted {
        let line = Line {
            session: &name.session,
            content: name.content.map(|content| content.to_string()),
            id: name.id.map(|id| id.to_string()),
            answers: labels.to_json(rubric),
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rubric;

    fn read(text: &str) -> LabelFile {
        LabelFile::read(text.as_bytes(), None, rubric())
    }

    fn told(file: &LabelFile) -> Vec<String> {
        file.troubles.iter().map(|trouble| format!("{}: {}", trouble.line, trouble.why)).collect()
    }

    const HASH: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn a_bad_line_is_located_and_the_others_are_taken() {
        let text = format!(
            "\u{feff}{{\"session\":\"s1\",\"rater\":\"a\",\"expertise\":3}}\r\n\
             \n\
             nonsense\n\
             [1]\n\
             {{\"rater\":\"a\",\"expertise\":3}}\n\
             {{\"session\":\"s2\",\"expertise\":3}}\n\
             {{\"session\":7,\"rater\":\"a\",\"expertise\":3}}\n\
             {{\"content\":\"+0112233445566778899aabbccddeeff\",\"rater\":\"a\",\"expertise\":3}}\n\
             {{\"id\":\"s001\",\"rater\":\"a\",\"expertise\":3}}\n\
             {{\"session\":\"s3\",\"rater\":\"a\",\"rubric\":\"new\",\"expertise\":3}}\n\
             {{\"session\":\"s4\",\"rater\":\"a\",\"why\":\"no answer\"}}\n\
             {{\"session\":\"s5\",\"rater\":\"a\",\"expertise\":9,\"outcome\":\"failed\"}}\n\
             {{\"content\":\"{HASH}\",\"rater\":\"a\",\"intents\":[\"confirmation\"]}}\n\
             {{\"session\":\"s6\",\"rater\""
        );
        let file = read(&text);
        assert_eq!(file.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [1, 12, 13]);
        assert_eq!(
            told(&file),
            [
                "3: not JSON from column 2 on",
                "4: not a JSON object",
                "5: no session is named: give \"session\", \"content\" or \"id\"",
                "6: no rater is named: give \"rater\", or name one for such lines with --rater",
                "7: session is not a text",
                "8: content is not a hash of 32 hexadecimal digits",
                "9: id is not a hash of 32 hexadecimal digits",
                "10: rubric is not a hash of 16 hexadecimal digits",
                "11: no question of the rubric is answered",
                "12: expertise: 9 is not one of 1 to 5, or 0 for unclear",
                "14: not JSON from column 23 on",
            ]
        );
        assert!(file.troubles[9].why.is_answer() && !file.troubles[8].why.is_answer());
        assert_eq!((file.no_rubric, file.other_rubric), (3, 0));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_line() {
        let file =
            LabelFile::read(b"{\"session\":\"\xff\",\"rater\":\"a\",\"expertise\":1}\n", None, rubric());
        assert_eq!((file.entries.len(), file.troubles.len()), (0, 1));
    }

    #[test]
    fn a_later_line_of_the_same_rater_and_session_counts() {
        let file = read(&format!(
            "{{\"session\":\"s\",\"rater\":\"a\",\"expertise\":1}}\n\
             {{\"session\":\"s\",\"rater\":\"b\",\"expertise\":2}}\n\
             {{\"content\":\"{HASH}\",\"rater\":\"a\",\"expertise\":3}}\n\
             {{\"session\":\"s\",\"content\":\"{HASH}\",\"rater\":\"a\",\"expertise\":4}}\n"
        ));
        let level = |at: usize| file.entries[at].labels.level(rubric(), "expertise");
        assert_eq!((file.entries.len(), file.replaced), (2, 2));
        assert_eq!((level(0), level(1)), (Some(2), Some(4)));
        assert_eq!(file.raters(), [Rater::new("a"), Rater::new("b")]);
    }

    #[test]
    fn a_line_without_a_rater_is_the_named_ones() {
        let line = b"{\"session\":\"s\",\"rater\":\" \",\"expertise\":1}";
        let file = LabelFile::read(line, Some(&Rater::new("ada")), rubric());
        assert_eq!(file.raters(), [Rater::new("ada")]);
    }

    #[test]
    fn another_rubric_is_told_and_kept() {
        let file =
            read("{\"session\":\"s\",\"rater\":\"a\",\"rubric\":\"0000000000000001\",\"expertise\":1}");
        assert_eq!((file.other_rubric, file.no_rubric), (1, 0));
        assert_eq!(file.entries[0].labels.rubric, RubricHash(1));
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let text = format!(
            "{{\"session\":\"t\",\"rater\":\"b\",\"expertise\":2,\"confidence\":{{\"expertise\":0.5}}}}\n\
             {{\"session\":\"s\",\"content\":\"{HASH}\",\"rater\":\"b\",\"value_usd\":20}}\n\
             {{\"session\":\"s\",\"content\":\"{HASH}\",\"rater\":\"a\",\"planning_user_share\":0.3}}\n\
             {{\"id\":\"{HASH}\",\"rater\":\"a\",\"intents\":[null,\"confirmation\"]}}\n"
        );
        let labels = |file: &LabelFile| -> Vec<(Name, Labels)> {
            file.entries.iter().map(|entry| (entry.name.clone(), entry.labels.clone())).collect()
        };
        let written = |labels: &[(Name, Labels)]| {
            let mut out = Vec::new();
            write(labels, rubric(), &mut out).expect("memory takes everything");
            String::from_utf8(out).expect("JSON is UTF-8")
        };
        let first = labels(&read(&text));
        let once = written(&first);
        let mut turned = first.clone();
        turned.reverse();
        assert_eq!(once, written(&turned));
        let again = read(&once);
        assert_eq!((again.entries.len(), again.troubles.len(), again.no_rubric), (4, 0, 0));
        assert_eq!(written(&labels(&again)), once);
        let hash = rubric().hash;
        assert_eq!(
            once.lines().next(),
            Some(
                format!(
                    "{{\"id\":\"{HASH}\",\"intents\":[null,\"confirmation\"],\"rater\":\"a\",\"rubric\":\"{hash}\"}}"
                )
                .as_str()
            )
        );
    }
}
