//! Tables of regressions as HTML: a column a model, a line a regressor.

use maud::{Markup, html};
use metier_study::Regressions;

use crate::regression::{Marks, Shown, lines, notes, printable};

/// The table, its notes below.
pub(super) fn table(title: &str, table: &Regressions) -> Markup {
    let table = printable(table);
    let lines = lines(&table, Shown::default(), Marks::plain());
    let blocks = lines.chunk_by(|one, other| one.block == other.block);
    html! {
        div.wide tabindex="0" role="region" aria-label=(title) {
            table {
                caption { (title) }
                thead { tr {
                    td {}
                    @for (number, model) in table.numbers().into_iter().zip(&table.models) {
                        th.number scope="col" { "(" (number) ") " (model.outcome) }
                    }
                } }
                @for block in blocks {
                    tbody.block {
                        @for line in block {
                            tr {
                                @if line.label.is_empty() { td {} } @else { th scope="row" { (line.label) } }
                                @for cell in &line.cells {
                                    td.number.interval[line.label.is_empty()] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @for note in notes(&table, Shown::default()) { p.sub { (note) } }
    }
}
