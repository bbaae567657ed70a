//! The report: what findings say to a person, to somebody who leads a team, and to a researcher. Here for the terminal and as
//! Markdown; `html` draws the same. Adds no number.

use metier_study::{By, Finding, Measure, Question, Summary};

use crate::layout::{Cell, Paint, painted, paragraph, row};
use crate::number;
use crate::plain::{escaped, markdown};
use crate::spark::spark;
use crate::terminal::{Detail, Style, terminal};

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Whom it speaks of.
    pub summary: &'a Summary,
    /// All findings over all sessions.
    pub findings: &'a [Finding],
    /// Some of them by month.
    pub months: &'a [Finding],
    /// The questions of somebody who leads a team.
    pub questions: &'a [Question],
    /// The names of the findings that a person looks at first.
    pub first: &'a [&'static str],
    /// What it takes to make the same report again: a name and what stands for it.
    pub made: &'a [(&'static str, String)],
}

/// What is followed from month to month: a finding by month, and its measure.
const FOLLOWED: [(&str, &str); 6] = [
    ("composition", "building"),
    ("composition", "fixing"),
    ("expertise", "expert"),
    ("expertise", "novice"),
    ("success", "verified"),
    ("success", "partial"),
];

/// A measure over the months.
pub(crate) struct Course<'a> {
    pub measure: &'a Measure,
    pub values: Vec<Option<f64>>,
    pub first: (&'a str, &'a Measure),
    pub last: (&'a str, &'a Measure),
}

impl<'a> Report<'a> {
    /// The findings of these names, in their order.
    pub(crate) fn named<'n>(&self, names: impl IntoIterator<Item = &'n &'static str>) -> Vec<&'a Finding> {
        let find = |name: &&'static str| self.findings.iter().find(|finding| finding.name == *name);
        names.into_iter().filter_map(find).collect()
    }

    /// What is followed from month to month, where there are two months with a value.
    pub(crate) fn courses(&self) -> Vec<Course<'a>> {
        FOLLOWED.iter().filter_map(|(finding, measure)| self.course(finding, measure)).collect()
    }

    fn course(&self, finding: &str, measure: &str) -> Option<Course<'a>> {
        let finding = self.months.iter().find(|one| one.name == finding && one.by == By::Month)?;
        let of = |group: &'a metier_study::Group| {
            let measure = group.measures.iter().find(|one| one.name == measure)?;
            Some((group.label.as_str(), measure))
        };
        let months: Vec<(&str, &Measure)> =
            finding.groups.iter().filter(|group| group.label.contains('-')).filter_map(of).collect();
        let mut told = months.iter().filter(|(_, measure)| measure.estimate.value.is_some());
        let first = told.next()?;
        let last = told.next_back()?;
        let values = months.iter().map(|(_, measure)| measure.estimate.value).collect();
        Some(Course { measure: first.1, values, first: *first, last: *last })
    }
}

/// The report for a terminal: the first findings, and what changed from month to month.
pub fn report(report: &Report, style: &Style) -> String {
    let first: Vec<Finding> = report.named(report.first).into_iter().cloned().collect();
    let mut out = terminal(report.summary, &first, &Style { detail: Detail::Short, ..*style });
    let style = style.clamped();
    let courses = report.courses();
    if !courses.is_empty() {
        out.push_str(&format!("\n{}\n", painted("From month to month", Paint::Bold, style.colour)));
        let rows: Vec<Vec<Cell>> = courses.iter().map(line).collect();
        let widths: Vec<usize> =
            (0..4).map(|at| rows.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
        for cells in &rows {
            out.push_str(&row(cells, &widths, style.colour));
        }
        let text = "Each mark is a month, as high as its value between 0 and the highest; a point has no value. Whether a \
            difference is more than chance: `metier study trend`.";
        out.push_str(&paragraph("", text, style.width));
    }
    out.push('\n');
    let text = "Everything with pictures: `metier report --html FILE`, or `metier serve`. All tables: `metier study`.";
    out.push_str(&paragraph("", text, style.width));
    out
}

fn line(course: &Course) -> Vec<Cell> {
    let value = |(month, measure): (&str, &Measure)| {
        format!("{} {}", month, number::shown(&measure.estimate, measure.unit))
    };
    vec![
        Cell::left(format!("  {}", course.measure.title)),
        Cell::left(spark(&course.values)),
        Cell::right(value(course.first)),
        Cell::right(value(course.last)),
    ]
}

/// The report as Markdown: all findings, the questions of a team, and how it was made.
pub fn report_markdown(report: &Report) -> String {
    let mut out = String::from("# metier report\n\n");
    let courses = report.courses();
    if !courses.is_empty() {
        out.push_str("## From month to month\n\n| | course | first | last |\n| --- | --- | ---: | ---: |\n");
        for course in &courses {
            let cells: Vec<String> = line(course).iter().map(|cell| escaped(cell.text.trim())).collect();
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out.push('\n');
    }
    out.push_str("## Five questions of somebody who leads a team\n");
    for (number, question) in (1..).zip(report.questions) {
        let findings: Vec<String> =
            report.named(question.findings).iter().map(|finding| format!("*{}*", finding.title)).collect();
        out.push_str(&format!(
            "\n{number}. **{}** See {}. It cannot say: {}\n",
            question.asks,
            findings.join(", "),
            question.cannot_say
        ));
    }
    out.push_str("\n## All findings\n\n");
    out.push_str(
        &markdown(report.summary, report.findings).replace("\n### ", "\n#### ").replace("\n## ", "\n### "),
    );
    out.push_str("\n## How it was made\n\n| | |\n| --- | --- |\n");
    for (name, what) in report.made {
        out.push_str(&format!("| {name} | {} |\n", escaped(what)));
    }
    out
}
