//! What can be wrong with the input. That a statistic is undefined is no error: it is `None`.

use thiserror::Error;

/// Input that no statistic can be computed from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// A code is not one of the categories.
    #[error("item {item} is rated {code}, but there are {categories} categories, whose codes count from 0")]
    Code {
        /// Which item, from 0.
        item: usize,
        /// The code.
        code: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// A category stands for no number.
    #[error("category {category} has the value {value}; give it a finite number")]
    Value {
        /// Its code.
        category: usize,
        /// Its value.
        value: f64,
    },
    /// A table has not as many rows as there are categories.
    #[error("the table has {rows} rows, but there are {categories} categories; give one row for each")]
    Rows {
        /// How many rows it has.
        rows: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// A row of a table has not as many columns as there are categories.
    #[error("row {row} has {columns} columns, but there are {categories} categories; give one for each")]
    Columns {
        /// Which row, from 0.
        row: usize,
        /// How many columns it has.
        columns: usize,
        /// How many categories there are.
        categories: usize,
    },
}
