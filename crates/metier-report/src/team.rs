//! The five questions of somebody who leads a team, answered. Adds no number.

use metier_study::{Finding, Question, Summary};

use crate::layout::{Paint, painted, paragraph};
use crate::notes::Notes;
use crate::terminal::{Style, grid, headline, table};

/// Each question as a heading, the findings that answer it, and what they cannot say.
pub fn team(summary: &Summary, questions: &[Question], findings: &[Finding], style: &Style) -> String {
    let style = style.clamped();
    let mut notes = Notes::default();
    let mut out = headline(summary, &style);
    for (number, question) in (1..).zip(questions) {
        let heading = format!("{number}. {}", question.asks);
        out.push_str(&format!("\n{}\n", painted(&heading, Paint::Bold, style.colour)));
        let named = |name: &&'static str| findings.iter().find(|finding| finding.name == *name);
        let answers: Vec<&Finding> = question.findings.iter().filter_map(named).collect();
        let (overall, grouped): (Vec<&Finding>, Vec<&Finding>) =
            answers.into_iter().partition(|finding| finding.by == metier_study::By::Overall);
        out.push_str(&grid(&overall, &style, &mut notes));
        for finding in grouped {
            out.push_str(&table(finding, &style, &mut notes));
        }
        out.push('\n');
        out.push_str(&paragraph("It cannot say: ", question.cannot_say, style.width));
    }
    let notes = notes.write(style.width);
    if !notes.is_empty() {
        out.push('\n');
        out.push_str(&notes);
    }
    out
}
