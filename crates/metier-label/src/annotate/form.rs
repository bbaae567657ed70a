//! One answer out of a form, taken as a label file's is, and put to the rater's earlier ones.

use serde_json::Value as Json;

use crate::labels::{Answer, Labels, Rater, Refused, Value};
use crate::rubric::Rubric;

/// What a form sends for "cannot judge".
pub const CANNOT_JUDGE: &str = "cannot_judge";

/// What was given to one question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Given {
    /// An answer.
    Answer(Value),
    /// The rater cannot tell, or there is nothing to judge.
    CannotJudge,
    /// Nothing: an earlier answer is taken back.
    Nothing,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It is not among those allowed, or there is no such question.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The rater judged the session under another rubric: the answers cannot stand in one row.
    #[error("{rater} judged this session under another rubric; export and remove those answers first")]
    OtherRubric {
        /// Whose.
        rater: String,
    },
}

/// Takes one answer, as a label file would: an option or a level by name or number, a share, an amount.
///
/// # Errors
/// If it is not among those allowed, or the rubric has no such question.
///
/// ```
/// use metier_label::annotate::{Given, parse};
/// use metier_label::{Value, rubric};
///
/// assert_eq!(parse(rubric(), "expertise", " 4 "), Ok(Given::Answer(Value::Level(4))));
/// assert_eq!(parse(rubric(), "value_usd", ""), Ok(Given::Nothing));
/// assert!(parse(rubric(), "expertise", "9").is_err());
/// ```
pub fn parse(rubric: &Rubric, question: &str, text: &str) -> Result<Given, Refused> {
    let Some(asked) = rubric.question(question) else {
        let names: Vec<&str> = rubric.questions.iter().map(|question| question.name.as_str()).collect();
        return Err(Refused {
            question: "question".to_owned(),
            found: format!("{:?}", crate::timeline::one_line(question, 40).text),
            allowed: names.join(", "),
        });
    };
    match text.trim() {
        "" => Ok(Given::Nothing),
        CANNOT_JUDGE => Ok(Given::CannotJudge),
        text => asked.value(&Json::String(text.to_owned())).map(Given::Answer),
    }
}

/// The rater's labels of a session with this answer among them: what the store is given, which replaces a rater's labels of a session
/// as a whole. `before` are those that it has. "Cannot judge" takes an answer back; that it was said is kept in
/// [`Skips`](super::Skips).
///
/// # Errors
/// If the answer is not taken.
pub fn give(
    before: Option<&Labels>,
    rater: &Rater,
    rubric: &Rubric,
    question: &str,
    given: Given,
) -> Result<Labels, NotTaken> {
    let mut labels = match before {
        Some(before) if before.rubric != rubric.hash => {
            return Err(NotTaken::OtherRubric { rater: rater.name().to_owned() });
        }
        Some(before) => Labels { rater: rater.clone(), ..before.clone() },
        None => Labels::none(rater.clone(), rubric),
    };
    labels.answers.resize(rubric.questions.len(), None);
    let at = rubric.find(question).ok_or_else(|| {
        let unknown = parse(rubric, question, "").err();
        NotTaken::Refused(unknown.expect("a question that is not there is refused"))
    })?;
    labels.answers[at] = match given {
        Given::Answer(value) => Some(Answer { value, confidence: None }),
        Given::CannotJudge | Given::Nothing => None,
    };
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::file::LabelFile;
    use crate::rubric;
    use crate::rubric::RubricHash;

    /// What a form accepts is what a file accepts.
    #[test]
    fn a_form_and_a_file_take_the_same() {
        let texts = [
            "fixing",
            "Fixing ",
            "hacking",
            "3",
            "0",
            "6",
            "2.5",
            "novice",
            "0.5",
            "0.55",
            "1.2",
            "-3",
            "100",
            "1e2",
            "15",
            "unclear",
            "NaN",
            "inf",
            "succeeded",
            "null",
            "cannot judge",
            "{}",
            "<b>",
        ];
        for question in &rubric().questions {
            for text in texts {
                let line = json!({"session": "s", "rater": "a", &question.name: text}).to_string();
                let file = LabelFile::read(line.as_bytes(), None, rubric());
                let from_file =
                    file.entries.first().and_then(|entry| entry.labels.answer(rubric(), &question.name));
                let from_form = match parse(rubric(), &question.name, text) {
                    Ok(Given::Answer(value)) => Some(value),
                    _ => None,
                };
                assert_eq!(from_form, from_file.map(|answer| answer.value), "{} {text}", question.name);
            }
        }
    }

    #[test]
    fn refusals_name_what_is_allowed_and_quote_little() {
        let error = parse(rubric(), "outcome", &"x\u{202e}".repeat(100)).expect_err("no option");
        assert!(error.allowed.starts_with("succeeded, ") && error.found.chars().count() < 300, "{error}");
        let error = parse(rubric(), "no\u{1b}such", "1").expect_err("no question");
        assert!(error.to_string().contains("\"no␛such\" is not one of work_mode"), "{error}");
    }

    #[test]
    fn one_answer_leaves_the_others() {
        let ada = Rater::new("person:ada");
        let take = |before: Option<&Labels>, question: &str, text: &str| {
            let given = parse(rubric(), question, text).expect("an answer");
            give(before, &ada, rubric(), question, given).expect("it is taken")
        };
        let one = take(None, "expertise", "4");
        let two = take(Some(&one), "work_mode", "fixing");
        assert_eq!(two.level(rubric(), "expertise"), Some(4));
        assert_eq!(two.choice(rubric(), "work_mode"), Some("fixing"));
        let changed = take(Some(&two), "expertise", "2");
        assert_eq!(changed.level(rubric(), "expertise"), Some(2));
        let back = take(Some(&changed), "expertise", CANNOT_JUDGE);
        assert_eq!(
            (back.answer(rubric(), "expertise"), back.choice(rubric(), "work_mode")),
            (None, Some("fixing"))
        );
    }

    #[test]
    fn answers_under_another_rubric_are_not_mixed() {
        let ada = Rater::new("person:ada");
        let old = Labels { rubric: RubricHash(1), ..Labels::none(ada.clone(), rubric()) };
        let error = give(Some(&old), &ada, rubric(), "outcome", Given::Nothing);
        assert!(matches!(error, Err(NotTaken::OtherRubric { .. })), "{error:?}");
        let error = give(None, &ada, rubric(), "nothing", Given::Nothing);
        assert!(matches!(error, Err(NotTaken::Refused(_))), "{error:?}");
    }
}
