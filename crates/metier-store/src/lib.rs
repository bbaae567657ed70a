//! Keeps one row a session in Parquet, and the state of what was scanned. Knows no finding.

mod row;

pub use row::Row;
