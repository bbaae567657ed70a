//! Regressions as papers print them: a column a model, a line a regressor. Writes numbers, computes none.

use metier_study::{Coefficient, Kind, Regression, Regressions};

use crate::layout::{Cell, columns, paragraph, row};
use crate::number::{WITHHELD, thousands};

/// How a table of regressions is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// A table of pipes.
    Markdown,
    /// A `tabular` that needs the package booktabs.
    Latex,
    /// A line a coefficient, with all digits.
    Csv,
}

/// What can be shown or left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// Stars behind estimates: * p < 0.05, ** p < 0.01, *** p < 0.001.
    pub stars: bool,
}

/// A table of regressions, ended by a line feed. Names are those of a file: control characters in them become blanks.
pub fn regressions(table: &Regressions, format: Format, shown: Shown) -> String {
    let table = &printable(table);
    match format {
        Format::Csv => csv(table),
        Format::Text => text(table, &lines(table, shown, Marks::plain()), shown),
        Format::Markdown => markdown(table, &lines(table, shown, Marks::plain()), shown),
        Format::Latex => latex(table, &lines(table, shown, Marks::latex()), shown),
    }
}

/// The same with names that cannot break a line or move a cursor.
pub(crate) fn printable(table: &Regressions) -> Regressions {
    let mut table = table.clone();
    for model in &mut table.models {
        let coefficients = model.coefficients.iter_mut().chain(&mut model.average_marginal_effects);
        let names = coefficients.map(|one| &mut one.name);
        let lists = model.fixed_effects.iter_mut().chain(&mut model.dropped).chain(&mut model.clustered_by);
        for name in names.chain(lists).chain(&mut model.weights).chain([&mut model.outcome]) {
            if name.contains(char::is_control) {
                *name = name.replace(char::is_control, " ");
            }
        }
    }
    table
}

/// What differs between formats inside a cell.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    minus: &'static str,
    squared: &'static str,
    thousands: &'static str,
}

impl Marks {
    pub(crate) fn plain() -> Marks {
        Marks { minus: "−", squared: "R²", thousands: "," }
    }

    fn latex() -> Marks {
        Marks { minus: "$-$", squared: "$R^2$", thousands: "{,}" }
    }
}

/// A line of the table: its label and a cell for each model. Lines of another block stand below a rule.
pub(crate) struct Line {
    pub label: String,
    pub cells: Vec<String>,
    pub block: u8,
}

pub(crate) fn lines(table: &Regressions, shown: Shown, marks: Marks) -> Vec<Line> {
    let mut lines = Vec::new();
    let models = &table.models;
    let mut of = |block: u8, label: &str, cell: &dyn Fn(&Regression) -> Option<String>| {
        let cells: Vec<Option<String>> = models.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(Option::unwrap_or_default).collect();
            lines.push(Line { label: label.to_owned(), cells, block });
        }
    };
    let mut block = 0;
    let parts: [fn(&Regression) -> &[Coefficient]; 2] =
        [|model| &model.coefficients, |model| &model.average_marginal_effects];
    for (part, coefficients) in parts.into_iter().enumerate() {
        // The intercept stands last, as nobody asks for it.
        let mut names: Vec<&str> = Vec::new();
        for coefficient in models.iter().flat_map(coefficients) {
            if !names.contains(&coefficient.name.as_str()) {
                names.push(&coefficient.name);
            }
        }
        names.sort_by_key(|name| *name == "Intercept");
        for name in names {
            let find = |model: &Regression| -> Option<Coefficient> {
                coefficients(model).iter().find(|coefficient| coefficient.name == name).cloned()
            };
            let label = if part == 0 { name.to_owned() } else { format!("{name}, average marginal effect") };
            of(block, &label, &|model| {
                let found = find(model)?;
                let stars = if shown.stars { stars(found.p) } else { "" };
                Some(format!("{}{stars}", number(found.estimate, decimals(found.std_error), marks)))
            });
            of(block, "", &|model| {
                let found = find(model)?;
                Some(format!("({})", number(found.std_error, decimals(found.std_error), marks)))
            });
            of(block, "", &|model| {
                let found = find(model)?;
                let end = |value| number(value, decimals(found.std_error), marks);
                Some(format!("[{}, {}]", end(found.conf_low), end(found.conf_high)))
            });
        }
        block += 1;
    }
    let mut effects: Vec<&str> = Vec::new();
    for effect in models.iter().flat_map(|model| &model.fixed_effects) {
        if !effects.contains(&effect.as_str()) {
            effects.push(effect);
        }
    }
    for effect in effects {
        let yes = |model: &Regression| model.fixed_effects.iter().any(|other| other == effect);
        of(block, &format!("{effect}, fixed effect"), &|model| {
            Some(if yes(model) { "yes" } else { "no" }.to_owned())
        });
    }
    block += 1;
    let whole = |n: usize| thousands(n as u64).replace(',', marks.thousands);
    of(block, "n", &|model| Some(if model.n == 0 { WITHHELD.to_owned() } else { whole(model.n) }));
    of(block, "clusters", &|model| {
        let counts: Vec<String> = model.clusters.iter().map(|count| whole(*count)).collect();
        (!counts.is_empty()).then(|| counts.join(" × "))
    });
    let squared = marks.squared;
    let share = |value: Option<f64>| value.map(|value| number(value, 3, marks));
    of(block, squared, &|model| share(model.r_squared));
    of(block, &format!("{squared} within"), &|model| share(model.r_squared_within));
    lines
}

/// Decimals with which a standard error has two digits that count; at least two where it is below 10.
fn decimals(std_error: f64) -> usize {
    let fewest = if std_error < 10.0 { 2.0 } else { 0.0 };
    if std_error > 0.0 { (1.0 - std_error.log10().floor()).clamp(fewest, 12.0) as usize } else { 3 }
}

fn number(value: f64, decimals: usize, marks: Marks) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !zero { format!("{}{text}", marks.minus) } else { text }
}

fn stars(p: f64) -> &'static str {
    match p {
        _ if p < 0.001 => "***",
        _ if p < 0.01 => "**",
        _ if p < 0.05 => "*",
        _ => "",
    }
}

/// What a reader has to know of the models, in sentences.
pub(crate) fn notes(table: &Regressions, shown: Shown) -> Vec<String> {
    let mut notes = vec!["Below each estimate its standard error and 95 % interval.".to_owned()];
    let several = is_numbered(table);
    let mut said: Vec<(String, Vec<usize>)> = Vec::new();
    for (number, model) in table.numbers().into_iter().zip(&table.models) {
        let mut say = |text: String| match said.iter_mut().find(|(other, _)| *other == text) {
            Some((_, models)) => models.push(number),
            None => said.push((text, vec![number])),
        };
        say(errors(model));
        if model.kind == Kind::Logit {
            say("Logit: coefficients are log odds; R² is McFadden's.".to_owned());
        }
        if let Some(weights) = &model.weights {
            say(format!("Weighted by {weights}."));
        }
        if !model.dropped.is_empty() {
            say(format!("Left out, because other columns make it up: {}.", model.dropped.join(", ")));
        }
        if let Some(missing) = model.rows_missing.filter(|rows| *rows > 0) {
            say(format!("{} left out: a value is missing.", rows(missing)));
        }
        if let Some(alone) = model.rows_alone.filter(|rows| *rows > 0) {
            say(format!("{} left out: alone in a fixed effect.", rows(alone)));
        }
    }
    for (text, models) in said {
        if several && models.len() < table.models.len() {
            let models: Vec<String> = models.iter().map(ToString::to_string).collect();
            notes.push(format!("({}) {text}", models.join(", ")));
        } else {
            notes.push(text);
        }
    }
    for column in &table.not_fitted {
        notes.push(format!("({}) Not fitted: {}.", column.column, column.reason));
    }
    if shown.stars {
        notes.push("* p < 0.05, ** p < 0.01, *** p < 0.001.".to_owned());
    }
    notes
}

/// Whether columns have numbers: if there are several, fitted or not.
fn is_numbered(table: &Regressions) -> bool {
    table.models.len() + table.not_fitted.len() > 1
}

fn rows(count: usize) -> String {
    format!("{} row{}", thousands(count as u64), if count == 1 { "" } else { "s" })
}

fn errors(model: &Regression) -> String {
    let by = model.clustered_by.join(" and ");
    match model.vcov {
        "cluster" => format!("Standard errors clustered by {by}."),
        "jackknife" => format!("Standard errors from leaving out one {by} after another."),
        "hc1" => "Standard errors robust to unequal variances (HC1).".to_owned(),
        "hc3" => "Standard errors robust to unequal variances (HC3).".to_owned(),
        _ => "Classical standard errors.".to_owned(),
    }
}

fn text(table: &Regressions, lines: &[Line], shown: Shown) -> String {
    let several = is_numbered(table);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let head = |label: &str, cells: Vec<String>| {
        std::iter::once(Cell::left(label)).chain(cells.into_iter().map(Cell::right)).collect()
    };
    if several {
        rows.push(head("", table.numbers().into_iter().map(|at| format!("({at})")).collect()));
    }
    rows.push(head("", table.models.iter().map(|model| model.outcome.clone()).collect()));
    for line in lines {
        rows.push(head(&line.label, line.cells.clone()));
    }
    let widths: Vec<usize> = (0..=table.models.len())
        .map(|at| rows.iter().map(|row| columns(&row[at].text)).max().unwrap_or(0))
        .collect();
    let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * table.models.len());
    let heading = rows.len() - lines.len();
    let mut out = String::new();
    for (at, cells) in rows.iter().enumerate() {
        let new_block =
            at == heading || (at > heading && lines[at - heading].block != lines[at - heading - 1].block);
        if new_block {
            out.push_str(&rule);
            out.push('\n');
        }
        out.push_str(&row(cells, &widths, false));
    }
    out.push_str(&rule);
    out.push('\n');
    for note in notes(table, shown) {
        out.push_str(&paragraph("", &note, columns(&rule).clamp(60, 100)));
    }
    out
}

fn markdown(table: &Regressions, lines: &[Line], shown: Shown) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let several = is_numbered(table);
    let mut out = String::from("| |");
    for (number, model) in table.numbers().into_iter().zip(&table.models) {
        let number = if several { format!("({number}) ") } else { String::new() };
        out.push_str(&format!(" {number}{} |", escaped(&model.outcome)));
    }
    out.push_str("\n| --- |");
    out.push_str(&" ---: |".repeat(table.models.len()));
    out.push('\n');
    for line in lines {
        out.push_str(&format!("| {} |", escaped(&line.label)));
        for cell in &line.cells {
            out.push_str(&format!(" {} |", escaped(cell).replace('*', "\\*")));
        }
        out.push('\n');
    }
    out.push('\n');
    for note in notes(table, shown) {
        out.push_str(&escaped(&note).replace('*', "\\*"));
        out.push_str("  \n");
    }
    out
}

fn latex(table: &Regressions, lines: &[Line], shown: Shown) -> String {
    let several = is_numbered(table);
    let mut out = format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(table.models.len()));
    if several {
        for number in table.numbers() {
            out.push_str(&format!(" & ({number})"));
        }
        out.push_str(" \\\\\n");
    }
    for model in &table.models {
        out.push_str(&format!(" & {}", in_latex(&model.outcome)));
    }
    out.push_str(" \\\\\n");
    let mut block = None;
    for line in lines {
        if block != Some(line.block) {
            out.push_str("\\midrule\n");
            block = Some(line.block);
        }
        let label = if line.label.starts_with("$R^2$") { line.label.clone() } else { in_latex(&line.label) };
        out.push_str(&label);
        for cell in &line.cells {
            // A row that begins with a bracket would be taken for an argument of the line's end.
            out.push_str(&format!(" & {{{}}}", cell.replace('×', "$\\times$")));
        }
        out.push_str(" \\\\\n");
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    for note in notes(table, shown) {
        out.push_str(&format!("% {note}\n"));
    }
    out
}

/// A text with what LaTeX takes for commands escaped.
fn in_latex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn csv(table: &Regressions) -> String {
    let mut out =
        String::from("model,outcome,kind,name,estimate,std_error,t,p,conf_low,conf_high,n,clusters\n");
    for (number, model) in table.numbers().into_iter().zip(&table.models) {
        let clusters: Vec<String> = model.clusters.iter().map(ToString::to_string).collect();
        let parts = [(kind(model.kind), &model.coefficients), ("marginal", &model.average_marginal_effects)];
        for (kind, coefficient) in
            parts.into_iter().flat_map(|(kind, all)| all.iter().map(move |one| (kind, one)))
        {
            let Coefficient { name, estimate, std_error, t, p, conf_low, conf_high } = coefficient;
            out.push_str(&format!(
                "{},{},{kind},{},{estimate:?},{std_error:?},{t:?},{p:?},{conf_low:?},{conf_high:?},{},{}\n",
                number,
                quoted(&model.outcome),
                quoted(name),
                model.n,
                clusters.join("x"),
            ));
        }
    }
    out
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Linear => "linear",
        Kind::Logit => "logit",
    }
}

/// A field of a CSV line. What a spreadsheet would run as a formula gets an apostrophe before it.
pub(crate) fn quoted(text: &str) -> String {
    let text = match text.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coefficient(name: &str, estimate: f64, std_error: f64, p: f64) -> Coefficient {
        Coefficient {
            name: name.to_owned(),
            estimate,
            std_error,
            t: estimate / std_error,
            p,
            conf_low: estimate - 2.0 * std_error,
            conf_high: estimate + 2.0 * std_error,
        }
    }

    fn table() -> Regressions {
        let first = Regression {
            outcome: "log_words".to_owned(),
            kind: Kind::Linear,
            n: 375_687,
            clusters: Vec::new(),
            coefficients: vec![
                coefficient("Intercept", 6.2, 0.011, 0.0),
                coefficient("expertise", 0.131, 0.004, 1e-9),
            ],
            average_marginal_effects: Vec::new(),
            fixed_effects: Vec::new(),
            dropped: Vec::new(),
            vcov: "hc1",
            clustered_by: Vec::new(),
            weights: None,
            degrees_of_freedom: Some(375_685.0),
            r_squared: Some(0.0213),
            r_squared_within: None,
            rows_missing: Some(12),
            rows_alone: Some(0),
        };
        let second = Regression {
            clusters: vec![234_751],
            coefficients: vec![coefficient("expertise", -0.00123, 0.0457, 0.97)],
            fixed_effects: vec!["work_mode".to_owned()],
            dropped: vec!["twice".to_owned()],
            vcov: "cluster",
            clustered_by: vec!["person".to_owned()],
            r_squared_within: Some(0.004),
            ..first.clone()
        };
        Regressions { models: vec![first, second], not_fitted: Vec::new() }
    }

    #[test]
    fn as_text() {
        insta::assert_snapshot!(regressions(&table(), Format::Text, Shown { stars: true }));
    }

    #[test]
    fn as_markdown_latex_and_csv() {
        insta::assert_snapshot!("markdown", regressions(&table(), Format::Markdown, Shown::default()));
        insta::assert_snapshot!("latex", regressions(&table(), Format::Latex, Shown::default()));
        insta::assert_snapshot!("csv", regressions(&table(), Format::Csv, Shown::default()));
    }

    #[test]
    fn names_cannot_break_a_table() {
        let mut table = table();
        table.models[1].dropped = vec!["twice\n\\input".to_owned()];
        table.models[0].coefficients[1].name = "expert\u{1b}[2J".to_owned();
        let latex = regressions(&table, Format::Latex, Shown::default());
        assert!(latex.contains("make it up: twice \\input.\n"), "{latex}");
        let text = regressions(&table, Format::Text, Shown::default());
        assert!(text.contains("expert [2J ") && !text.contains('\u{1b}'), "{text}");
        assert_eq!(quoted("=1+1,\"x\""), "\"'=1+1,\"\"x\"\"\"");
        assert_eq!(in_latex("a_b & 5 %\\"), "a\\_b \\& 5 \\%\\textbackslash{}");
    }
}
