//! `metier explain`: what each label of a session rests on, by records, not by text unless asked.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;
use metier_label::builtin::{self, Explained, Reason};
use metier_label::{Labels, messages, rubric};
use metier_session::{Facts, Place, Session};
use serde_json::json;

use crate::cli::{self, All};
use crate::{Ended, show};

/// What is taken from the session.
struct Taken {
    labels: Labels,
    explained: Vec<Explained>,
    /// For each message its place, and its beginning where text was asked for.
    messages: Vec<(Place, Option<String>)>,
}

pub(crate) fn run(command: &cli::Explain, all: &All) -> Result<Ended> {
    let with_text = command.text;
    let take = |session: &Session, facts: &Facts| {
        let (labels, explained) = builtin::explain(session, facts);
        let text = |text: &str| {
            let plain: String =
                text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
            plain.trim().to_owned()
        };
        let messages = messages(session)
            .map(|message| (message.place, with_text.then(|| text(&message.text.read()))))
            .collect();
        Taken { labels, explained, messages }
    };
    let session = show::one(&command.which, all, &take)?;
    let mut out = std::io::stdout().lock();
    if all.json {
        serde_json::to_writer(&mut out, &told(&session.files, &session.taken))?;
        writeln!(out)?;
    } else {
        let name: String = session.session.chars().filter(|c| !c.is_control()).collect();
        writeln!(out, "{} {name}", session.facts.agent.name())?;
        for (number, file) in session.files.iter().enumerate() {
            writeln!(out, "file {}: {file}", number + 1)?;
        }
        write!(out, "{}", text(&session.taken))?;
    }
    out.flush()?;
    Ok(Ended::Done)
}

fn told(files: &[String], taken: &Taken) -> serde_json::Value {
    let place = |place: &Place| json!({ "file": place.source + 1, "line": place.line });
    let reason = |reason: &Reason| {
        json!({
            "evidence": reason.evidence,
            "value": reason.value,
            "adds": reason.adds,
            "records": reason.places.iter().map(place).collect::<Vec<_>>(),
        })
    };
    let answer = |explained: &Explained| {
        let question = rubric().question(&explained.question);
        json!({
            "question": explained.question,
            "answer": explained.answer.zip(question).map(|(answer, question)| question.json(answer.value)),
            "confidence": explained.answer.and_then(|answer| answer.confidence),
            "rule": explained.rule,
            "reasons": explained.reasons.iter().map(reason).collect::<Vec<_>>(),
        })
    };
    let messages: Vec<_> = taken
        .messages
        .iter()
        .enumerate()
        .map(|(at, (where_, text))| json!({ "record": place(where_), "intent": intent(taken, at), "text": text }))
        .collect();
    json!({
        "files": files,
        "rater": taken.labels.rater.name(),
        "rubric": taken.labels.rubric,
        "answers": taken.explained.iter().map(answer).collect::<Vec<_>>(),
        "messages": messages,
    })
}

fn intent(taken: &Taken, message: usize) -> Option<&'static str> {
    let at = taken.labels.intents.get(message).copied().flatten()?;
    rubric().intent.options().get(usize::from(at)).map(|option| option.name.as_str())
}

fn text(taken: &Taken) -> String {
    let mut out = String::new();
    for explained in &taken.explained {
        let question = rubric().question(&explained.question);
        let answer = explained.answer.zip(question).map_or_else(
            || "no answer".to_owned(),
            |(answer, question)| match question.json(answer.value) {
                serde_json::Value::String(name) => {
                    let means = question.options().iter().find(|option| option.name == name);
                    match means.filter(|_| name.chars().all(|c| c.is_ascii_digit())) {
                        Some(option) => format!("{name} ({})", option.means),
                        None => name,
                    }
                }
                other => other.to_string(),
            },
        );
        let sure = explained.answer.and_then(|answer| answer.confidence);
        let sure = sure.map_or_else(String::new, |sure| format!("  ({:.0} % sure)", sure * 100.0));
        let _ = writeln!(out, "\n{:<22}{answer}{sure}", explained.question);
        if let Some(rule) = explained.rule {
            let _ = writeln!(out, "    by rule: {rule}");
        }
        for reason in &explained.reasons {
            let choice = question.is_some_and(|question| !question.is_ordinal());
            let sign = match (choice, reason.adds >= 0.0) {
                (true, true) => "for",
                (true, false) => "against",
                (false, true) => "raises",
                (false, false) => "lowers",
            };
            // The absence of something weighs too.
            let value = if reason.value == 0.0 { "none".to_owned() } else { format!("{:.2}", reason.value) };
            let line = format!("    {sign:<8}{:<26}{value:>6}  {}", reason.evidence, records(&reason.places));
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    if !taken.messages.is_empty() {
        let _ = writeln!(out, "\nwhat each message is for");
        for (at, (place, text)) in taken.messages.iter().enumerate() {
            let kind = intent(taken, at).unwrap_or("no answer");
            let text = text.as_deref().unwrap_or("");
            let _ = writeln!(out, "{}", format!("    {:<10}{kind:<36}{text}", records(&[*place])).trim_end());
        }
    }
    let _ = writeln!(
        out,
        "\nLabels are measurements with error: docs/validity.md tells how well these agree with readers.\n\
         What each piece of evidence means stands in docs/labels.md."
    );
    out
}

/// Places as `1:23` (file and record), the first few.
fn records(places: &[Place]) -> String {
    let shown: Vec<String> =
        places.iter().map(|place| format!("{}:{}", place.source + 1, place.line)).collect();
    shown.join(" ")
}
