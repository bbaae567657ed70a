//! Draws findings, in the terminal and as JSON. Computes no number: it only writes those that a finding holds.

mod json;
mod layout;
mod notes;
mod number;
mod terminal;

pub use json::{SCHEMA, json};
pub use terminal::{Detail, Style, terminal};
