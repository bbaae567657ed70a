//! What the coach has to say, in the terminal and as JSON. Adds no number and no advice.

use metier_study::Unit;
use metier_study::coach::{Beside, Coach, Difference, Kind, Line, Recovery, Suggestion, Verdict, Window};
use serde::Serialize;

use crate::json::SCHEMA;
use crate::layout::{Cell, Paint, painted, paragraph, row};
use crate::number;
use crate::terminal::{Style, headline};

/// The coach as text: whom it speaks of, three suggestions, then the numbers they come from. Each line ends in a line feed.
pub fn coach(coach: &Coach, style: &Style) -> String {
    let style = style.clamped();
    let mut out = headline(&coach.summary, &style);
    out.push_str(&paragraph("", &windows(coach), style.width));
    for note in &coach.notes {
        out.push_str(&paragraph("Note: ", note, style.width));
    }
    out.push_str(&heading("Three suggestions", &style));
    for (number, suggestion) in (1..).zip(&coach.suggestions) {
        out.push_str(if number > 1 { "\n" } else { "" });
        out.push_str(&suggested(number, suggestion, &style));
    }
    for theme in &coach.themes {
        out.push_str(&heading(theme.title, &style));
        out.push_str(&paragraph("", theme.about, style.width));
        out.push_str(&lines(&theme.lines, coach.earlier.is_some(), &style));
    }
    out.push_str(&recovery(&coach.recovery, &style));
    if let Some(beside) = &coach.beside {
        out.push_str(&pooled(coach, beside, &style));
    }
    out.push('\n');
    out.push_str(&paragraph("", &closing(coach), style.width));
    out
}

/// The coach as one JSON object over several lines: `schema`, and the fields of [`Coach`].
pub fn coach_json(coach: &Coach) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        #[serde(flatten)]
        coach: &'a Coach,
    }
    let document = Document { schema: SCHEMA, coach };
    let mut text =
        serde_json::to_string_pretty(&document).expect("the coach has text keys and finite numbers");
    text.push('\n');
    text
}

fn heading(text: &str, style: &Style) -> String {
    format!("\n{}\n", painted(text, Paint::Bold, style.colour))
}

fn sessions(n: usize) -> String {
    number::count(n as u64, "sessions")
}

pub(crate) fn windows(coach: &Coach) -> String {
    let Window { months, sessions: n, .. } = &coach.recent;
    let recent = match months.as_slice() {
        [] if *n == 0 => return "There are no sessions to look at: `metier scan` reads them.".to_owned(),
        [] => format!("Recent: {} without a time.", sessions(*n)),
        [month] => format!("Recent: {month}, {}.", sessions(*n)),
        months => format!("Recent: the last months with sessions, {}, {}.", months.join(", "), sessions(*n)),
    };
    match &coach.earlier {
        None => recent,
        Some(Window { months, sessions: n, .. }) => {
            let span = match months.as_slice() {
                [first, .., last] => format!("{first} to {last}"),
                all => all.concat(),
            };
            format!("{recent} Earlier: {span}, {}.", sessions(*n))
        }
    }
}

fn suggested(number: usize, suggestion: &Suggestion, style: &Style) -> String {
    let kind = match suggestion.kind {
        Kind::OwnEvidence => "",
        Kind::KeepDoing => " (going well)",
        Kind::General => " (general advice, not from your sessions)",
    };
    let title = format!("{}{kind}", suggestion.title);
    let lines = paragraph(&format!("{number}. "), &title, style.width);
    let mut out: String =
        lines.lines().map(|line| format!("{}\n", painted(line, Paint::Bold, style.colour))).collect();
    let mut say = |what: &str, text: &str| out.push_str(&indented(what, text, style));
    if let Some(evidence) = &suggestion.evidence {
        say("Your sessions", evidence);
    }
    say("Studies", &format!("{} [{}]", suggestion.found, suggestion.source));
    say("Next time", &suggestion.try_next);
    let examples: Vec<String> = suggestion
        .examples
        .iter()
        .map(|example| {
            let id = example.session.to_string();
            let day: String = example.first.map_or_else(String::new, |time| {
                format!(" ({})", time.to_string().replace('T', " ").chars().take(16).collect::<String>())
            });
            format!("{}{day}", &id[..8])
        })
        .collect();
    if !examples.is_empty() {
        say("See", &format!("sessions {}", examples.join(", ")));
    }
    out
}

/// A paragraph behind a word of its own.
fn indented(what: &str, text: &str, style: &Style) -> String {
    let first = format!("   {what:<15}");
    let plain = paragraph(&first, text, style.width);
    plain.replacen(what, &painted(what, Paint::Dim, style.colour), 1)
}

fn head(titles: &[&str]) -> Vec<Cell> {
    let cell = |title: &&str| Cell::right(*title).paint(Paint::Dim);
    std::iter::once(Cell::left("")).chain(titles.iter().map(cell)).collect()
}

/// Rows under a head; the first column takes what the others leave, and wraps.
fn table(head: Vec<Cell>, rows: Vec<Vec<Cell>>, style: &Style) -> String {
    let all: Vec<&Vec<Cell>> = std::iter::once(&head).chain(&rows).collect();
    let mut widths: Vec<usize> =
        (0..head.len()).map(|at| all.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    let others: usize = widths[1..].iter().map(|width| width + 2).sum();
    widths[0] = widths[0].min(style.width.saturating_sub(others)).max(20);
    // On a narrow terminal what was found about the difference wraps, too.
    let (last, over) = (widths.len() - 1, (widths[0] + others).saturating_sub(style.width));
    widths[last] = widths[last].saturating_sub(over).max(widths[last].min(10));
    all.into_iter().map(|cells| row(cells, &widths, style.colour)).collect()
}

fn dim(text: String) -> Cell {
    Cell::right(text).paint(Paint::Dim)
}

fn lines(lines: &[Line], compared: bool, style: &Style) -> String {
    let mut titles = vec!["recent", "95 % interval", "n"];
    if compared {
        titles.extend(["earlier", "recent less earlier"]);
    }
    let cells = |line: &Line| {
        let recent = &line.recent;
        let mut cells = vec![
            Cell::left(format!("  {}", line.title)),
            Cell::right(number::shown(recent, line.unit)),
            dim(number::interval(recent, line.unit)),
            dim(number::thousands(recent.n)),
        ];
        if compared {
            let earlier = line.earlier.as_ref();
            cells.push(Cell::right(number::value(earlier.and_then(|it| it.value), line.unit)));
            let nothing = recent.n == 0 || earlier.is_some_and(|earlier| earlier.n == 0);
            cells.push(Cell::right(match &line.difference {
                Some(_) if nothing => "nothing to compare".to_owned(),
                Some(difference) => told(difference, line.unit),
                None => String::new(),
            }));
        }
        cells
    };
    table(head(&titles), lines.iter().map(cells).collect(), style)
}

/// "higher (+3.0 to +21.0 pp)", "no clear difference (−9.1 to +3.2 pp)".
pub(crate) fn told(difference: &Difference, unit: Unit) -> String {
    let verdict = match difference.verdict {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::MayBeChance => "may be chance",
        Verdict::NoClearDifference => "no clear difference",
        Verdict::TooFew => return "too few to compare".to_owned(),
    };
    let (Some(low), Some(high)) = (difference.low, difference.high) else { return verdict.to_owned() };
    let share = unit == Unit::Share;
    let end = |value: f64| {
        let points = 100.0 * value.abs();
        let text = if share && points >= 0.95 {
            format!("{points:.0}")
        } else if share {
            format!("{points:.1}")
        } else {
            number::value(Some(value.abs()), unit)
        };
        let sign = match text.chars().any(|digit| ('1'..='9').contains(&digit)) {
            true if value < 0.0 => "−",
            true => "+",
            false => "",
        };
        format!("{sign}{text}")
    };
    format!("{verdict} ({} to {}{})", end(low), end(high), if share { " pp" } else { "" })
}

fn recovery(recovery: &Recovery, style: &Style) -> String {
    let Recovery { recovered, not_recovered, contrasts } = recovery;
    let mut out =
        heading("What differs between sessions in trouble that recovered and those that did not", style);
    let about = format!(
        "Over all months: {} in trouble ended with verified success, {} did not. Tests that pass are themselves a part of what \
         counts as verified. What goes together here is no cause.",
        sessions(*recovered),
        number::thousands(*not_recovered as u64)
    );
    out.push_str(&paragraph("", &about, style.width));
    if *recovered == 0 || *not_recovered == 0 {
        return out;
    }
    let cells = |contrast: &metier_study::coach::Contrast| {
        vec![
            Cell::left(format!("  {}", contrast.title)),
            Cell::right(number::shown(&contrast.recovered, contrast.unit)),
            dim(number::interval(&contrast.recovered, contrast.unit)),
            Cell::right(number::shown(&contrast.not_recovered, contrast.unit)),
            dim(number::interval(&contrast.not_recovered, contrast.unit)),
            Cell::right(told(&contrast.difference, contrast.unit)),
        ]
    };
    let titles = ["recovered", "95 % interval", "not", "95 % interval", "difference"];
    out.push_str(&table(head(&titles), contrasts.iter().map(cells).collect(), style));
    out
}

fn pooled(coach: &Coach, beside: &Beside, style: &Style) -> String {
    let mut out = heading("Beside the pooled numbers that you gave", style);
    let of = [
        beside.bundles.map(|n| number::count(n as u64, "bundles")),
        beside.sessions.map(sessions),
        beside.people.map(|n| {
            if n == 1 { "1 person".to_owned() } else { format!("{} people", number::thousands(n as u64)) }
        }),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    let about = format!(
        "{}. They do other work than you: a difference says that the sessions differ, and not that one is better.",
        of.join(", ")
    );
    out.push_str(&paragraph("", &about, style.width));
    let mut rows = Vec::new();
    for line in coach.themes.iter().flat_map(|theme| &theme.lines) {
        let Some(pooled) = &line.pooled else { continue };
        rows.push(vec![
            Cell::left(format!("  {}", line.title)),
            Cell::right(number::shown(&line.recent, line.unit)),
            dim(number::interval(&line.recent, line.unit)),
            Cell::right(number::shown(pooled, line.unit)),
            dim(number::interval(pooled, line.unit)),
        ]);
    }
    if rows.is_empty() {
        out.push_str("  They have none of these numbers.\n");
        return out;
    }
    out.push_str(&table(head(&["yours, recent", "95 % interval", "pooled", "95 % interval"]), rows, style));
    out
}

pub(crate) fn closing(coach: &Coach) -> String {
    let compared = match coach.comparisons {
        0 => String::new(),
        1 => "One comparison was made. ".to_owned(),
        n => format!(
            "{n} comparisons were made; \"higher\" and \"lower\" stand only where a difference is more than chance among so many \
             (Holm), \"may be chance\" where it would be so alone. "
        ),
    };
    format!(
        "{compared}n counts sessions, or the prompts or messages that a line is about. Intervals are those of `metier study`, \
         differences squared and added from them (Zou and Donner, 2008). The rules behind the suggestions stand in \
         docs/coach.md. Labels are measurements with error, and these numbers describe sessions: they are no score of \
         anybody."
    )
}
