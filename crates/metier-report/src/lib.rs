//! Draws findings, in the terminal and as JSON. Computes no number: it only writes those that a finding holds.

mod forest;
mod json;
mod layout;
mod notes;
mod number;
mod plain;
mod regression;
mod team;
mod terminal;

pub use forest::forests;
pub use json::{SCHEMA, json};
pub use plain::{csv, markdown};
pub use regression::{Format, Shown, regressions};
pub use team::team;
pub use terminal::{Detail, Style, terminal};
