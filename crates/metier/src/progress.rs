//! The progress bar: bytes and rate, on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::All;

/// A bar over this many bytes; hidden where nobody sees it or the user wants quiet.
pub(crate) fn bar(all: &All, bytes: u64) -> ProgressBar {
    if all.quiet || all.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let style =
        ProgressStyle::with_template("reading {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
