//! Findings as text for a terminal: one grid of all findings for a single group, or a table each for several.

use metier_study::{By, Estimate, Finding, LabelsBy, Measure, Summary};

use crate::layout::{Cell, Paint, painted, paragraph, row};
use crate::notes::Notes;
use crate::number;
use crate::regression::{Format, Shown, regressions};

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; less than 60 counts as 60, and text is never set wider than 100.
    pub width: usize,
    /// Whether headings are bold and what is secondary dim, by ANSI escape codes.
    pub colour: bool,
    /// How much is shown.
    pub detail: Detail,
}

/// How much of a finding is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// The key measures.
    #[default]
    Short,
    /// All measures, and the definitions.
    Full,
}

impl Default for Style {
    fn default() -> Style {
        Style { width: 80, colour: false, detail: Detail::Short }
    }
}

impl Style {
    /// As narrow and as wide as text is set.
    pub(crate) fn clamped(self) -> Style {
        Style { width: self.width.clamp(60, 100), ..self }
    }
}

/// Findings as tables, with a headline above and notes below, each line ended by a line feed.
///
/// Of findings without groups (`By::Overall`) every measure has a line: value, 95 % interval, how
/// many observations of what, and the published figure. With groups, each group has a line. A finding without key
/// measures is left out where only those are shown.
pub fn terminal(summary: &Summary, findings: &[Finding], style: &Style) -> String {
    let style = style.clamped();
    let mut notes = Notes::default();
    let mut out = headline(summary, &style);
    let says = |finding: &&Finding| {
        finding.groups.is_empty()
            || finding.groups.iter().flat_map(|group| &group.measures).any(|measure| shows(measure, &style))
    };
    let (overall, grouped): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().filter(says).partition(|finding| finding.by == By::Overall);
    out.push_str(&grid(&overall, &style, &mut notes));
    for finding in grouped {
        out.push_str(&table(finding, &style, &mut notes));
    }
    if style.detail == Detail::Full {
        for finding in findings {
            for group in &finding.groups {
                for table in group.tables.iter().filter(|table| !table.regressions.models.is_empty()) {
                    let of =
                        if finding.by == By::Overall { String::new() } else { format!(", {}", group.label) };
                    let title = format!("{}{of}", table.title);
                    out.push_str(&format!("\n{}\n", painted(&title, Paint::Bold, style.colour)));
                    out.push_str(&regressions(&table.regressions, Format::Text, Shown::default()));
                }
            }
        }
    }
    let notes = notes.write(style.width);
    if !notes.is_empty() {
        out.push('\n');
        out.push_str(&notes);
    }
    out
}

/// Whom the findings speak of, as lines of a terminal.
pub(crate) fn headline(summary: &Summary, style: &Style) -> String {
    sentences(summary).iter().map(|text| paragraph("", text, style.width)).collect()
}

/// Whom the findings speak of, in a few sentences.
pub(crate) fn sentences(summary: &Summary) -> Vec<String> {
    let population = &summary.population;
    let count = |n: usize, of: &str| number::count(n as u64, of);
    let agents: Vec<String> =
        summary.agents.iter().map(|(agent, n)| format!("{agent} {}", number::thousands(*n as u64))).collect();
    let agents = if agents.is_empty() { String::new() } else { format!(" ({})", agents.join(", ")) };
    let people = match population.people {
        // With noise nobody is counted.
        0 if population.sessions > 0 => String::new(),
        1 => " by 1 person".to_owned(),
        n => format!(" by {} people", number::thousands(n as u64)),
    };
    let time = match (summary.first, summary.last) {
        (Some(first), Some(last)) => format!(", {} to {}", date(first), date(last)),
        _ => String::new(),
    };
    let amounts = [
        summary.prompts.map(|n| number::count(n, "prompts")),
        summary.typed_words.map(|n| format!("{} typed", number::count(n, "words"))),
        summary.agent_words.map(|n| format!("{} of the agent", number::count(n, "words"))),
        summary.actions.map(|n| number::count(n, "actions")),
    ];
    let amounts: Vec<String> = amounts.into_iter().flatten().collect();
    let text = format!(
        "{}{agents}{people}{time}{}{}{}.",
        count(population.sessions, "sessions"),
        if amounts.is_empty() { "" } else { ": " },
        amounts.join(", "),
        if summary.synthetic { "; synthetic" } else { "" },
    );
    let text = match summary.bundles {
        Some(n) => format!("{}: {text}", number::count(n as u64, "bundles")),
        None => text,
    };
    let mut out = vec![text];
    if !summary.conditions.is_empty() {
        out.push(format!("Only sessions with {}.", summary.conditions.join(" and ")));
    }
    if let Some(labels) = &summary.labels {
        out.push(labelled(labels, population.sessions));
    }
    if !population.left_out.is_empty() {
        let left_out: Vec<String> = population
            .left_out
            .iter()
            .map(|out| format!("{} {}", number::thousands(out.sessions as u64), out.reason))
            .collect();
        out.push(format!("Left out: {}.", left_out.join(", ")));
    }
    out
}

/// Whose labels findings rest on.
pub(crate) fn labelled(labels: &LabelsBy, sessions: usize) -> String {
    let of = match labels.sessions {
        Some(n) if n == sessions => "all sessions".to_owned(),
        Some(n) => number::count(n as u64, "sessions"),
        None => return format!("Labels by {}; they are measurements, and err.", labels.rater),
    };
    let second = match &labels.second {
        Some(second) => format!(" and, as second rater, {second}"),
        None => String::new(),
    };
    format!("Labels of {of} by {}{second}; they are measurements, and err.", labels.rater)
}

/// The day of a moment, in UTC.
fn date(time: impl ToString) -> String {
    time.to_string().chars().take(10).collect()
}

fn shows(measure: &Measure, style: &Style) -> bool {
    style.detail == Detail::Full || measure.key
}

fn title(finding: &Finding, style: &Style) -> String {
    let mut out = format!("{}\n", painted(finding.title, Paint::Bold, style.colour));
    if style.detail == Detail::Full {
        out.push_str(&paragraph("", finding.definition, style.width));
    }
    out
}

/// All findings in one grid: a line for each measure of their only group.
pub(crate) fn grid<'a>(findings: &[&'a Finding], style: &Style, notes: &mut Notes<'a>) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let dim = |text: &str| Cell::right(text).paint(Paint::Dim);
    let full = style.detail == Detail::Full;
    let mut head = vec![Cell::left(""), dim("value"), dim("95 % interval"), dim("n")];
    head.extend(full.then(|| dim("people")));
    head.push(dim("published"));
    let mut sections = Vec::new();
    for finding in findings {
        let (mut lines, mut above) = (Vec::new(), "");
        let measures = finding.groups.iter().flat_map(|group| &group.measures);
        for measure in measures.filter(|measure| shows(measure, style)) {
            notes.shown(measure);
            let published = measure.published.as_ref().map(|published| {
                format!("{} {}", number::published(published.value, measure.unit), notes.mark(published))
            });
            let estimate = &measure.estimate;
            let n = if estimate.n == 0 { String::new() } else { number::count(estimate.n, estimate.n_of) };
            let quantity = measure.title.split(", ").next().unwrap_or_default();
            let label = match measure.title.strip_prefix(above).and_then(|rest| rest.strip_prefix(", ")) {
                Some(rest) => format!("    {rest}"),
                None => format!("  {}", measure.title),
            };
            above = quantity;
            let mut line = vec![
                Cell::left(label),
                Cell::right(number::shown(estimate, measure.unit)),
                dim(&number::interval(estimate, measure.unit)),
                dim(&n),
            ];
            line.extend(full.then(|| dim(&people(estimate))));
            line.push(Cell::right(published.unwrap_or_default()));
            lines.push(line);
        }
        sections.push((finding, lines));
    }
    let rows = || sections.iter().flat_map(|(_, lines)| lines).chain([&head]);
    let mut widths: Vec<usize> =
        (0..head.len()).map(|at| rows().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    let others: usize = widths[1..].iter().map(|width| width + 2).sum();
    widths[0] = widths[0].min(style.width.saturating_sub(others)).max(20);
    let mut out = format!("\n{}", row(&head, &widths, style.colour));
    for (at, (finding, lines)) in sections.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&title(finding, style));
        for line in lines {
            out.push_str(&row(line, &widths, style.colour));
        }
    }
    out
}

/// How many people an estimate is of; of one that rests on nothing, nothing.
pub(crate) fn people(estimate: &Estimate) -> String {
    if estimate.people == 0 { String::new() } else { number::thousands(estimate.people as u64) }
}

/// One finding with a line for each group; measures that do not fit beside each other stand below.
pub(crate) fn table<'a>(finding: &'a Finding, style: &Style, notes: &mut Notes<'a>) -> String {
    let mut out = format!("\n{}", title(finding, style));
    if finding.groups.is_empty() {
        out.push_str("  no sessions\n");
        return out;
    }
    let lines = lines(finding);
    let mut columns: Vec<Vec<Cell>> = Vec::new();
    for at in
        (0..finding.groups[0].measures.len()).filter(|at| shows(&finding.groups[0].measures[*at], style))
    {
        columns.push(column(finding, at, notes));
    }
    let width = |column: &Vec<Cell>| column.iter().map(least).max().unwrap_or(0);
    let fixed: usize = lines.iter().map(|column| width(column) + 2).sum();
    let mut columns = columns.into_iter().peekable();
    while columns.peek().is_some() {
        let (mut band, mut used): (Vec<&Vec<Cell>>, usize) = (lines.iter().collect(), fixed);
        let mut beside = Vec::new();
        while let Some(column) =
            columns.next_if(|column| beside.is_empty() || used + width(column) <= style.width)
        {
            used += width(&column) + 2;
            beside.push(column);
        }
        band.extend(&beside);
        let widths: Vec<usize> = band.iter().map(|column| width(column)).collect();
        for line in 0..band[0].len() {
            let cells: Vec<Cell> = band.iter().map(|column| column[line].clone()).collect();
            let says = cells[0].text.is_empty() || line + 1 == band[0].len();
            if !says || cells[2..].iter().any(|cell| !cell.text.is_empty()) {
                out.push_str(&row(&cells, &widths, style.colour));
            }
        }
        if columns.peek().is_some() {
            out.push('\n');
        }
    }
    out
}

/// The first columns of a table of groups: their labels, and their sessions. Each group has a line
/// for values and one for intervals, and the published figures have the last.
fn lines(finding: &Finding) -> [Vec<Cell>; 2] {
    let mut labels = vec![Cell::left(finding.by.name()).paint(Paint::Dim)];
    let mut sessions = vec![Cell::right("sessions").paint(Paint::Dim)];
    for group in &finding.groups {
        labels.extend([Cell::left(group.label.as_str()), Cell::left("")]);
        sessions.extend([
            Cell::right(group.n.map_or(number::WITHHELD.to_owned(), |n| number::thousands(n as u64))),
            Cell::right(""),
        ]);
    }
    labels.push(Cell::left("published"));
    sessions.push(Cell::right(""));
    [labels, sessions]
}

/// One measure of all groups, line by line beside [`lines`].
fn column<'a>(finding: &'a Finding, at: usize, notes: &mut Notes<'a>) -> Vec<Cell> {
    let mut cells = vec![Cell::right(finding.groups[0].measures[at].title).paint(Paint::Dim)];
    let mut figures: Vec<(String, Vec<&str>)> = Vec::new();
    for (group, measure) in finding.groups.iter().map(|group| (group, &group.measures[at])) {
        notes.shown(measure);
        cells.push(Cell::right(number::shown(&measure.estimate, measure.unit)));
        cells.push(Cell::right(number::interval(&measure.estimate, measure.unit)).paint(Paint::Dim));
        let figure = measure.published.as_ref().map(|published| {
            format!("{} {}", number::published(published.value, measure.unit), notes.mark(published))
        });
        if let Some(figure) = figure {
            match figures.iter_mut().find(|(other, _)| *other == figure) {
                Some((_, groups)) => groups.push(&group.label),
                None => figures.push((figure, vec![&group.label])),
            }
        }
    }
    let figures: Vec<String> = figures
        .into_iter()
        .map(|(figure, groups)| match groups.len() {
            all if all == finding.groups.len() => figure,
            _ => format!("{figure} ({})", groups.join(", ")),
        })
        .collect();
    cells.push(Cell::right(figures.join(" / ")));
    cells
}

/// The fewest columns that a cell needs: a heading breaks between words, a number does not.
fn least(cell: &Cell) -> usize {
    let words = cell.text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    if cell.text.starts_with(char::is_alphabetic) { words } else { cell.width() }
}
