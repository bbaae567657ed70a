//! Agreement as Markdown: everything that there is, in tables.

use metier_label::agreement::{Compared, Confusion, Figure};

use super::Report;
use super::terminal::{looked, notes};
use super::text::{Unit, answer, besides, in_brackets, interval, measures, number, sentence, shown};

/// The report as a document, each line ended by a line feed.
pub(super) fn markdown(report: &Report) -> String {
    let Report { first, second, agreement, .. } = report;
    let mut out = format!(
        "# Agreement of {} and {}\n\nA is {}, from {}; B is {}, from {}.\n",
        plain(&first.rater),
        plain(&second.rater),
        plain(&first.rater),
        plain(&first.source),
        plain(&second.rater),
        plain(&second.source)
    );
    notes(report).iter().for_each(|note| out.push_str(&format!("{note}\n")));
    out.push_str(&format!(
        "Intervals are 95 %, of {} resamples with seed {}.\n\n",
        agreement.resamples, agreement.seed
    ));
    out.push_str(
        "| question | n | exact | near | κ | α | Gwet's AC | naive answer | naive | naive, near |\n\
         | --- | ---: | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for compared in &agreement.questions {
        out.push_str(&line(compared));
    }
    out.push_str("\n## Beside the table\n\n");
    for compared in &agreement.questions {
        let mut said = besides(compared, &mut in_brackets);
        for (name, figure) in named(compared) {
            if let (None, Some(why)) = (figure.value, &figure.why) {
                said.push(format!("{name} – ({why})"));
            }
        }
        if !said.is_empty() {
            out.push_str(&format!("- {}: {}.\n", compared.question, plain(&said.join("; "))));
        }
    }
    out.push_str(&format!("\n## Systematic disagreement\n\n{}\n", looked(report)));
    for compared in agreement.questions.iter().filter(|compared| !compared.by.is_empty()) {
        out.push_str(&format!("\n### {} by group\n\n", compared.question));
        out.push_str("| by | group | n | measure | group | all | apart |\n| --- | --- | ---: | --- | --- | --- | --- |\n");
        for split in &compared.by {
            for group in &split.groups {
                for measure in measures(compared, group) {
                    let apart = match measure.apart {
                        Some(true) => "yes",
                        Some(false) => "no",
                        None => "–",
                    };
                    let whole =
                        measure.whole.map_or_else(|| "–".to_owned(), |whole| number(whole, measure.unit));
                    out.push_str(&format!(
                        "| {} | {} | {} | {} | {} | {whole} | {apart} |\n",
                        split.by,
                        plain(&shown(&group.group)),
                        measure.figure.n,
                        measure.name,
                        sentence(measure.figure, measure.unit, &mut in_brackets)
                    ));
                }
            }
        }
    }
    out.push_str(
        "\n## Confusion\n\nRows are A's answers, columns B's; answers that neither gave are left out.\n",
    );
    for compared in &agreement.questions {
        if let Some(table) = compared.confusion.as_ref().and_then(confusion) {
            out.push_str(&format!("\n### {}\n\n{table}", compared.question));
        }
    }
    out
}

/// The figures of the table that can lack a value.
fn named(compared: &Compared) -> Vec<(&'static str, &Figure)> {
    let figures =
        [("exact", Some(&compared.exact)), ("κ", compared.kappa.as_ref()), ("α", Some(&compared.alpha))];
    figures.into_iter().filter_map(|(name, figure)| Some((name, figure?))).collect()
}

fn line(compared: &Compared) -> String {
    let cell = |figure: Option<&Figure>, unit| match figure {
        None => String::new(),
        Some(figure) => match (figure.value, interval(figure, unit)) {
            (None, _) => "–".to_owned(),
            (Some(value), None) => number(value, unit),
            (Some(value), Some(interval)) => format!("{} ({interval})", number(value, unit)),
        },
    };
    let cells = [
        compared.question.clone(),
        compared.n.to_string(),
        cell(Some(&compared.exact), Unit::Share),
        cell(compared.near.as_ref(), Unit::Share),
        cell(compared.kappa.as_ref(), Unit::Coefficient),
        cell(Some(&compared.alpha), Unit::Coefficient),
        cell(compared.ac.as_ref(), Unit::Coefficient),
        answer(&compared.baseline_answer),
        cell(Some(&compared.baseline), Unit::Share),
        cell(compared.baseline_near.as_ref(), Unit::Share),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// A table of counts with the answers that were given.
fn confusion(confusion: &Confusion) -> Option<String> {
    let counts = &confusion.counts;
    let used = |at: &usize| counts[*at].iter().any(|n| *n > 0) || counts.iter().any(|row| row[*at] > 0);
    let used: Vec<usize> = (0..counts.len()).filter(used).collect();
    if used.is_empty() {
        return None;
    }
    let names: Vec<&str> = used.iter().map(|at| confusion.answers[*at].as_str()).collect();
    let mut out = format!("| A \\ B | {} |\n|{}\n", names.join(" | "), " --- |".repeat(used.len() + 1));
    for (name, row) in names.iter().zip(&used) {
        let cells: Vec<String> = used.iter().map(|column| counts[*row][*column].to_string()).collect();
        out.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    Some(out)
}

/// A name from outside, as Markdown shows it: what would be markup stands for itself.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
