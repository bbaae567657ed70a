//! Columns and paragraphs of a given width. Knows nothing of findings.

/// How a text stands out, where colours are wanted.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Paint {
    Plain,
    Bold,
    Dim,
}

/// Where a text stands in its column.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A text in a table.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) align: Align,
    pub(crate) paint: Paint,
}

impl Cell {
    pub(crate) fn left(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), align: Align::Left, paint: Paint::Plain }
    }

    pub(crate) fn right(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), align: Align::Right, paint: Paint::Plain }
    }

    pub(crate) fn paint(self, paint: Paint) -> Cell {
        Cell { paint, ..self }
    }

    pub(crate) fn width(&self) -> usize {
        columns(&self.text)
    }
}

/// Terminal columns of a text; all that is written here is one column a character.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// A text in that paint.
pub(crate) fn painted(text: &str, paint: Paint, colour: bool) -> String {
    match (colour && !text.is_empty(), paint) {
        (true, Paint::Bold) => format!("\u{1b}[1m{text}\u{1b}[0m"),
        (true, Paint::Dim) => format!("\u{1b}[2m{text}\u{1b}[0m"),
        _ => text.to_owned(),
    }
}

/// The words of a text in lines of at most `width` columns; a longer word has a line of its own.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A paragraph: wrapped, with `first` before its first line and as many blanks before the others.
pub(crate) fn paragraph(first: &str, text: &str, width: usize) -> String {
    let indent = columns(first);
    let mut out = String::new();
    for (at, line) in wrap(text, width.saturating_sub(indent)).iter().enumerate() {
        out.push_str(if at == 0 { first } else { "" });
        out.push_str(&" ".repeat(if at == 0 { 0 } else { indent }));
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// One row of a table: cells in columns of these widths, two blanks between them. A cell too long
/// for its column is wrapped upwards: what stands beside it stands beside its last line.
pub(crate) fn row(cells: &[Cell], widths: &[usize], colour: bool) -> String {
    let wrapped: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(cell, width)| fold(&cell.text, *width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let mut out = String::new();
    for line in 0..height {
        let mut text = String::new();
        for ((cell, lines), width) in cells.iter().zip(&wrapped).zip(widths) {
            let part = (line + lines.len()).checked_sub(height).map_or("", |at| lines[at].as_str());
            let blanks = " ".repeat(width.saturating_sub(columns(part)));
            let part = painted(part, cell.paint, colour);
            text.push_str(&match cell.align {
                Align::Left => format!("{part}{blanks}  "),
                Align::Right => format!("{blanks}{part}  "),
            });
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// A cell's lines. Blanks at its start stay, before every line.
fn fold(text: &str, width: usize) -> Vec<String> {
    if columns(text) <= width {
        return vec![text.to_owned()];
    }
    let indent = " ".repeat(text.len() - text.trim_start().len());
    wrap(text, width.saturating_sub(indent.len())).into_iter().map(|line| format!("{indent}{line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_beside_the_last_line_of_a_long_label() {
        let cells = [Cell::left("  a label of words"), Cell::right("28 %")];
        assert_eq!(row(&cells, &[12, 6], false), "  a label of\n  words         28 %\n");
    }

    #[test]
    fn paint_does_not_move_columns() {
        let cells = [Cell::left("a").paint(Paint::Bold), Cell::right("b").paint(Paint::Dim)];
        assert_eq!(row(&cells, &[3, 3], true), "\u{1b}[1ma\u{1b}[0m      \u{1b}[2mb\u{1b}[0m\n");
    }

    #[test]
    fn a_paragraph_hangs() {
        assert_eq!(paragraph("¹ ", "one two three", 9), "¹ one two\n  three\n");
    }
}
