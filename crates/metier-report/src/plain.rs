//! Findings as CSV and Markdown. Adds no number.

use metier_study::{By, Finding, Summary};

use crate::notes::Notes;
use crate::number;
use crate::regression::{Format, Shown, quoted, regressions};
use crate::terminal::{labelled, people};

/// A line a number, with all digits, under a line of names. What is missing is empty.
///
/// Behind the numbers of findings come the coefficients of their tables, with the table, the model's number and the
/// coefficient's name as measure: "Table A2/5/expert over novice".
pub fn csv(summary: &Summary, findings: &[Finding]) -> String {
    let labels = quoted(summary.labels.as_ref().map_or("", |labels| &labels.rater));
    let conditions = quoted(&summary.conditions.join(" and "));
    let context = format!("{labels},{conditions},{}", summary.synthetic);
    let mut out = String::from(
        "finding,by,group,measure,value,conf_low,conf_high,unit,n,n_of,sessions,people,published,source,method,labels,conditions,synthetic\n",
    );
    let digits = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:?}"));
    for finding in findings {
        for group in &finding.groups {
            for measure in &group.measures {
                let estimate = &measure.estimate;
                let unit = serde_json::to_value(measure.unit).ok();
                let known = |n: String| {
                    if estimate.is_withheld() || estimate.hides_n() { String::new() } else { n }
                };
                let fields = [
                    finding.name.to_owned(),
                    finding.by.to_string(),
                    quoted(&group.label),
                    measure.name.to_owned(),
                    digits(estimate.value),
                    digits(estimate.low),
                    digits(estimate.high),
                    unit.as_ref().and_then(|unit| unit.as_str()).unwrap_or_default().to_owned(),
                    known(estimate.n.to_string()),
                    estimate.n_of.to_owned(),
                    known(estimate.sessions.to_string()),
                    known(estimate.people.to_string()),
                    digits(measure.published.as_ref().map(|published| published.value)),
                    quoted(measure.published.as_ref().map_or("", |published| &published.source)),
                    quoted(&estimate.method.to_string()),
                    context.clone(),
                ];
                out.push_str(&fields.join(","));
                out.push('\n');
            }
            for table in &group.tables {
                let models = table.regressions.numbers().into_iter().zip(&table.regressions.models);
                let all = models.flat_map(|(number, model)| {
                    model.coefficients.iter().map(move |coefficient| (number, model, coefficient))
                });
                for (number, model, one) in all {
                    let fields = [
                        finding.name.to_owned(),
                        finding.by.to_string(),
                        quoted(&group.label),
                        quoted(&format!("{}/{number}/{}", table.title, one.name)),
                        format!("{:?},{:?},{:?}", one.estimate, one.conf_low, one.conf_high),
                        "coefficient".to_owned(),
                        model.n.to_string(),
                        "sessions".to_owned(),
                        model.n.to_string(),
                        model.clusters.first().map_or(String::new(), ToString::to_string),
                        ",".to_owned(),
                        quoted(&format!("{}, std. error {:?}, p {:?}", model.vcov, one.std_error, one.p)),
                        context.clone(),
                    ];
                    out.push_str(&fields.join(","));
                    out.push('\n');
                }
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
    if !summary.conditions.is_empty() {
        out.push_str(&format!("Only sessions with {}.\n", escaped(&summary.conditions.join(" and "))));
    }
    if let Some(labels) = &summary.labels {
        out.push_str(&format!("{}\n", escaped(&labelled(labels, population.sessions))));
    }
    for finding in findings {
        out.push_str(&format!("\n## {}\n\n{}\n", finding.title, escaped(finding.definition)));
        for group in &finding.groups {
            if finding.by != By::Overall {
                out.push_str(&format!("\n### {}\n", escaped(&group.label)));
            }
            out.push_str(
                "\n| | value | 95 % interval | n | people | published |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
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
                    "| {} | {} | {} | {n} | {} | {} |\n",
                    escaped(measure.title),
                    number::shown(estimate, measure.unit),
                    number::interval(estimate, measure.unit),
                    people(estimate),
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

pub(crate) fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
