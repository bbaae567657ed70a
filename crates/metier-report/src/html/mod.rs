//! Findings as HTML, for the one-file report and for pages in the browser. Adds no number, and escapes every text.

mod coach;
mod finding;
mod regression;
mod report;

pub use coach::coach;
pub use finding::{finding, headline};
pub use report::report;

use crate::picture::PICTURE_STYLE;

/// The style of every page, that of pictures included.
pub fn style() -> String {
    [include_str!("style.css"), PICTURE_STYLE].join("\n")
}
