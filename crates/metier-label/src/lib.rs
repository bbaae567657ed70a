//! Answers the rubric about sessions: work mode, expertise, outcome, evidence, decisions, occupation, value.
//!
//! The [`rubric`](mod@rubric) is data; [`Labels`] are its answers by one rater; [`render()`](fn@render) shows a session the way raters
//! read it; [`builtin`] answers from evidence, offline. This crate knows sessions and facts; it knows no store, no
//! finding and no command line.

pub mod agreement;
pub mod annotate;
pub mod builtin;
mod content;
mod derived;
pub mod file;
mod labels;
mod mask;
mod message;
pub mod model;
mod render;
pub mod rubric;
pub mod timeline;

pub use content::Content;
pub use derived::Derived;
pub use labels::{Answer, Labels, Rater, Refused, Value};
pub use mask::{Masked, Masker};
pub use message::{Message, Origin, messages};
pub use render::{Limits, render, render_messages};
pub use rubric::{Kind, Question, Rubric, rubric};
