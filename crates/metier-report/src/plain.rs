//! Findings as CSV and Markdown. Adds no number.

use metier_study::{By, Finding, Summary};

use crate::notes::Notes;
use crate::number;
use crate::regression::{Format, Shown, quoted, regressions};

/// A line a number, with all digits, under a line of names. What is missing is empty.
pub fn csv(findings: &[Finding]) -> String {
    let mut out = String::from(
        "finding,by,group,measure,value,conf_low,conf_high,unit,n,n_of,sessions,people,published,source,method\n",
    );
    let digits = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:?}"));
    for finding in findings {
        for group in &finding.groups {
            for measure in &group.measures {
                let estimate = &measure.estimate;
                let unit = serde_json::to_value(measure.unit).ok();
                let fields = [
                    finding.name.to_owned(),
                    finding.by.to_string(),
                    quoted(&group.label),
                    measure.name.to_owned(),
                    digits(estimate.value),
                    digits(estimate.low),
                    digits(estimate.high),
                    unit.as_ref().and_then(|unit| unit.as_str()).unwrap_or_default().to_owned(),
                    estimate.n.to_string(),
                    estimate.n_of.to_owned(),
                    estimate.sessions.to_string(),
                    estimate.people.to_string(),
                    digits(measure.published.as_ref().map(|published| published.value)),
                    quoted(measure.published.as_ref().map_or("", |published| &published.source)),
                    quoted(&estimate.method.to_string()),
                ];
                out.push_str(&fields.join(","));
                out.push('\n');
            }
        }
    }
    out
}

/// A heading, the definition and a table for each finding, regressions below it, and notes at the end.
pub fn markdown(summary: &Summary, findings: &[Finding]) -> String {
    let mut notes = Notes::default();
    let population = &summary.population;
    let mut out = format!(
        "{} by {}{}.\n",
        number::count(population.sessions as u64, "sessions"),
        if population.people == 1 {
            "1 person".to_owned()
        } else {
            format!("{} people", number::thousands(population.people as u64))
        },
        if summary.synthetic { ", synthetic" } else { "" },
    );
    for finding in findings {
        out.push_str(&format!("\n## {}\n\n{}\n", finding.title, escaped(finding.definition)));
        for group in &finding.groups {
            if finding.by != By::Overall {
                out.push_str(&format!("\n### {}\n", escaped(&group.label)));
            }
            out.push_str(
                "\n| | value | 95 % interval | n | published |\n| --- | ---: | ---: | ---: | ---: |\n",
            );
            for measure in &group.measures {
                notes.shown(measure);
                let estimate = &measure.estimate;
                let published = measure.published.as_ref().map(|published| {
                    format!("{} {}", number::published(published.value, measure.unit), notes.mark(published))
                });
                let n =
                    if estimate.n == 0 { String::new() } else { number::count(estimate.n, estimate.n_of) };
                out.push_str(&format!(
                    "| {} | {} | {} | {n} | {} |\n",
                    escaped(measure.title),
                    number::value(estimate.value, measure.unit),
                    number::interval(estimate, measure.unit),
                    published.unwrap_or_default(),
                ));
            }
            for table in group.tables.iter().filter(|table| !table.regressions.models.is_empty()) {
                out.push_str(&format!("\n**{}**\n\n", escaped(&table.title)));
                out.push_str(&regressions(&table.regressions, Format::Markdown, Shown::default()));
            }
        }
    }
    let notes = notes.write(usize::MAX);
    for note in notes.lines() {
        out.push_str(&format!("\n{}\n", escaped(note)));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
