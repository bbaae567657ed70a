//! Draws findings, in the terminal and as JSON. Computes no number: it only writes those that a finding holds.

mod coach;
mod forest;
pub mod html;
mod json;
mod layout;
mod notes;
mod number;
mod picture;
mod plain;
mod regression;
mod report;
pub mod shown;
mod spark;
mod team;
mod terminal;
mod vega;

pub use coach::{coach, coach_json};
pub use forest::forests;
pub use json::{SCHEMA, json};
pub use picture::{PICTURE_STYLE, Picture, forest_pictures, pictures};
pub use plain::{csv, markdown};
pub use regression::{Format, Shown, regressions};
pub use report::{Report, report, report_markdown};
pub use team::team;
pub use terminal::{Detail, Style, terminal};
pub use vega::vega;
