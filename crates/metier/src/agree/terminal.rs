//! Agreement for a terminal: a table of 80 columns, what stands beside it, and which groups stand apart.

use metier_label::agreement::{Compared, Confusion, Figure};

use super::text::{self, Unit, besides, interval, measures, number, sentence};
use super::{Report, Side};
use crate::labels_io::count;

/// What is shown and how.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Headings bold and intervals dim, by ANSI escape codes.
    pub colour: bool,
    /// Confusion tables too.
    pub confusion: bool,
    /// All groups, not only those apart.
    pub groups: bool,
}

/// Columns that text may have.
const WIDTH: usize = 80;

/// The report as lines, each ended by a line feed.
pub(super) fn terminal(report: &Report, style: Style) -> String {
    let mut out = head(report);
    let mut reasons = Reasons::default();
    out.push('\n');
    out.push_str(&table(&report.agreement.questions, style, &mut reasons));
    out.push('\n');
    let not_compared = report.agreement.questions.iter().filter(|compared| compared.n == 0);
    let not_compared: Vec<&str> = not_compared.map(|compared| compared.question.as_str()).collect();
    if !not_compared.is_empty() {
        out.push_str(&paragraph("", &format!("Nothing to compare: {}.", not_compared.join(", "))));
        out.push('\n');
    }
    out.push_str(&paragraph(
        "",
        "near: at most one level, one tenth or a factor of 2 apart. κ: Cohen's, with quadratic weights for levels and \
         shares. α: Krippendorff's. naive: how often B gave A's most frequent answer. Below each its 95 % interval. \
         docs/agreement.md defines them.",
    ));
    let mut beside = String::new();
    for compared in &report.agreement.questions {
        let said = besides(compared, &mut |why| reasons.mark(why));
        if !said.is_empty() {
            beside.push_str(&paragraph("  ", &format!("{}: {}.", compared.question, said.join("; "))));
        }
    }
    if !beside.is_empty() {
        out.push_str(&format!("\n{}\n{beside}", bold("Beside the table", style.colour)));
    }
    out.push_str(&groups(report, style, &mut reasons));
    let reasons = reasons.lines();
    if !reasons.is_empty() {
        out.push_str(&format!("\n{reasons}"));
    }
    if style.confusion {
        for compared in &report.agreement.questions {
            if let Some(table) = compared.confusion.as_ref().and_then(confusion) {
                let title = format!("{}: rows A, columns B", compared.question);
                out.push_str(&format!("\n{}\n{table}", bold(&title, style.colour)));
            }
        }
    }
    out
}

/// Who is compared, on what.
fn head(report: &Report) -> String {
    let mut out = String::new();
    for (letter, side) in [("A", &report.first), ("B", &report.second)] {
        out.push_str(&paragraph(&format!("{letter}  "), &one(side)));
    }
    for sentence in notes(report) {
        out.push_str(&paragraph("", &sentence));
    }
    out
}

fn one(side: &Side) -> String {
    format!("{} ({})", side.rater, side.source)
}

/// What has to be known of the comparison before its numbers.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let Report { first, second, agreement, .. } = report;
    let people = match agreement.people {
        None => "; whose they are is not known".to_owned(),
        Some(1) => " of 1 person".to_owned(),
        Some(n) => format!(" of {n} people"),
    };
    let mut said = vec![format!(
        "{} judged by both{people}; {} by A only, {} by B only.",
        count(agreement.sessions, "session"),
        first.alone,
        second.alone
    )];
    if report.went_on > 0 {
        said.push(format!(
            "{} more are left out: the person went on with them between the two judgements.",
            report.went_on
        ));
    }
    if first.other_rubric + second.other_rubric > 0 {
        said.push(format!(
            "Judged under another rubric than ours, {}: {} of A, {} of B. Those answered other words: not the same \
             measurement.",
            report.rubric, first.other_rubric, second.other_rubric
        ));
    }
    said
}

/// Reasons why something is not there, each with a mark.
#[derive(Default)]
struct Reasons(Vec<String>);

impl Reasons {
    fn mark(&mut self, why: &str) -> String {
        let at = self.0.iter().position(|other| other == why).unwrap_or_else(|| {
            self.0.push(why.to_owned());
            self.0.len() - 1
        });
        const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        (at + 1).to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect()
    }

    fn lines(&mut self) -> String {
        let reasons = self.0.clone();
        reasons.iter().map(|why| paragraph(&format!("{} ", self.mark(why)), why)).collect()
    }
}

/// A cell of the table: above the number, below its interval.
fn cells(figure: Option<&Figure>, unit: Unit, reasons: &mut Reasons) -> [String; 2] {
    let Some(figure) = figure else { return Default::default() };
    let mark = |reasons: &mut Reasons| figure.why.as_ref().map_or_else(String::new, |why| reasons.mark(why));
    match (figure.value, interval(figure, unit)) {
        (None, _) => [format!("–{}", mark(reasons)), String::new()],
        (Some(value), Some(interval)) => [number(value, unit), interval],
        (Some(value), None) => [number(value, unit), format!("–{}", mark(reasons))],
    }
}

/// A line for the numbers of each question, and one for their intervals.
fn table(questions: &[Compared], style: Style, reasons: &mut Reasons) -> String {
    const HEAD: [&str; 7] = ["", "n", "exact", "near", "κ", "α", "naive"];
    let mut lines: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    for compared in questions.iter().filter(|compared| compared.n > 0) {
        let mut pairs =
            [compared.question.clone(), compared.n.to_string()].map(|text| [text, String::new()]).to_vec();
        for (figure, unit) in [
            (Some(&compared.exact), Unit::Share),
            (compared.near.as_ref(), Unit::Share),
            (compared.kappa.as_ref(), Unit::Coefficient),
            (Some(&compared.alpha), Unit::Coefficient),
            (Some(&compared.baseline), Unit::Share),
        ] {
            pairs.push(cells(figure, unit, reasons));
        }
        let (numbers, intervals) = pairs.into_iter().map(|[number, interval]| (number, interval)).unzip();
        lines.extend([numbers, intervals]);
    }
    let widths: [usize; 7] =
        std::array::from_fn(|column| lines.iter().map(|line| columns(&line[column])).max().unwrap_or(0));
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 && line.iter().all(String::is_empty) {
            continue;
        }
        let mut text = String::new();
        for (column, cell) in line.iter().enumerate() {
            let blanks = " ".repeat(widths[column] - columns(cell));
            text.push_str(&if column == 0 { format!("{cell}{blanks}") } else { format!("  {blanks}{cell}") });
        }
        let text = text.trim_end();
        // The heading and the intervals.
        let secondary = at.is_multiple_of(2);
        out.push_str(&if secondary { dim(text, style.colour) } else { text.to_owned() });
        out.push('\n');
    }
    out
}

/// The groups that stand apart from the whole, or all of them.
fn groups(report: &Report, style: Style, reasons: &mut Reasons) -> String {
    let looked_at = &report.agreement.looked_at;
    let mut out = format!("\n{}\n", bold("Systematic disagreement", style.colour));
    if looked_at.intervals == 0 {
        out.push_str(&paragraph("  ", "No group is known that is large enough for an interval."));
    } else {
        out.push_str(&paragraph("  ", &looked(report)));
    }
    for compared in &report.agreement.questions {
        let mut lines = Vec::new();
        for split in &compared.by {
            for group in &split.groups {
                for measure in measures(compared, group) {
                    let apart = measure.apart == Some(true);
                    if !apart && !style.groups {
                        continue;
                    }
                    let whole =
                        measure.whole.map_or_else(|| "–".to_owned(), |whole| number(whole, measure.unit));
                    let says = sentence(measure.figure, measure.unit, &mut |why| reasons.mark(why));
                    let first =
                        format!("    {} {}, n {}: ", split.by, text::shown(&group.group), measure.figure.n);
                    let mark = if apart { " *" } else { "" };
                    lines.push(paragraph_after(
                        &first,
                        &format!("{} {says}, all {whole}{mark}", measure.name),
                    ));
                }
            }
        }
        if !lines.is_empty() {
            out.push_str(&format!("  {}\n{}", compared.question, lines.concat()));
        }
    }
    out
}

/// How much was looked at, and what chance would give.
pub(super) fn looked(report: &Report) -> String {
    let looked_at = &report.agreement.looked_at;
    format!(
        "Looked at {} groups and {} intervals; {} exclude the value of all sessions. If groups did not differ, about \
         1 in 20 would.",
        looked_at.groups, looked_at.intervals, looked_at.apart
    )
}

/// A table of counts with the answers that were given, or a list of its cells where it is too wide.
fn confusion(confusion: &Confusion) -> Option<String> {
    let counts = &confusion.counts;
    let used = |at: &usize| counts[*at].iter().any(|n| *n > 0) || counts.iter().any(|row| row[*at] > 0);
    let used: Vec<usize> = (0..counts.len()).filter(used).collect();
    let most = counts.iter().flatten().max().copied().filter(|most| *most > 0)?;
    let cell = most.to_string().len().max(used.len().to_string().len()) + 2;
    let name = used.iter().map(|at| columns(&confusion.answers[*at])).max().unwrap_or(0);
    let number = used.len().to_string().len();
    let mut out = String::new();
    if 2 + number + 1 + name + used.len() * cell <= WIDTH {
        out.push_str(&" ".repeat(3 + number + name));
        (1..=used.len()).for_each(|at| out.push_str(&format!("{at:>cell$}")));
        for (at, row) in used.iter().enumerate() {
            let answer = &confusion.answers[*row];
            let blanks = " ".repeat(name - columns(answer));
            out.push_str(&format!("\n  {:>number$} {answer}{blanks}", at + 1));
            for column in &used {
                let shown = match counts[*row][*column] {
                    0 => "·".to_owned(),
                    n => n.to_string(),
                };
                out.push_str(&format!("{shown:>cell$}"));
            }
        }
        out.push('\n');
        return Some(out);
    }
    for row in &used {
        let given = used.iter().filter(|column| counts[*row][**column] > 0);
        let given: Vec<String> =
            given.map(|column| format!("{} {}", confusion.answers[*column], counts[*row][*column])).collect();
        if !given.is_empty() {
            out.push_str(&paragraph("  ", &format!("{} → {}", confusion.answers[*row], given.join(", "))));
        }
    }
    Some(out)
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

fn bold(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn dim(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Words in lines of at most 80 columns, with `first` before the first line and as many blanks before the others.
fn paragraph(first: &str, text: &str) -> String {
    hanging(first, columns(first), text)
}

/// The same, but for a long first part: the other lines are indented a little only.
fn paragraph_after(first: &str, text: &str) -> String {
    hanging("    ", 8, &format!("{}{text}", first.trim_start()))
}

fn hanging(first: &str, indent: usize, text: &str) -> String {
    let (mut out, mut line) = (String::new(), first.to_owned());
    let mut empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !empty && columns(&line) + 1 + columns(word) > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confusion_table_has_the_answers_that_were_given() {
        let answers = ["building", "fixing", "testing"].map(str::to_owned).to_vec();
        let counts = vec![vec![12, 0, 1], vec![0, 0, 0], vec![3, 0, 4]];
        let table = confusion(&Confusion { answers, counts });
        assert_eq!(
            table.as_deref(),
            Some("               1   2\n  1 building  12   1\n  2 testing    3   4\n")
        );
    }

    #[test]
    fn a_confusion_table_too_wide_is_a_list() {
        let answers: Vec<String> = (0..30).map(|at| format!("answer {at}")).collect();
        let mut counts = vec![vec![0; 30]; 30];
        (0..30).for_each(|at| counts[at][at] = 7);
        counts[2][5] = 1;
        let table = confusion(&Confusion { answers, counts }).expect("there are answers");
        assert!(table.contains("  answer 2 → answer 2 7, answer 5 1\n"), "{table}");
    }

    #[test]
    fn nobody_answered_so_there_is_no_table() {
        assert_eq!(confusion(&Confusion { answers: vec!["a".to_owned()], counts: vec![vec![0]] }), None);
    }

    #[test]
    fn reasons_are_told_once() {
        let mut reasons = Reasons::default();
        assert_eq!([reasons.mark("one"), reasons.mark("two"), reasons.mark("one")], ["¹", "²", "¹"]);
        assert_eq!(reasons.lines(), "¹ one\n² two\n");
    }
}
