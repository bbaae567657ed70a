//! The pages of `metier serve` in a real browser: a test a file, the harness in `harness/`.
//!
//! `METIER` names the binary; without it the workspace's debug build is taken. Where there is no Chromium with its ChromeDriver each
//! test says that it is skipped; with `METIER_BROWSER_REQUIRED=1` that is a failure. `cargo xtask test` builds the one, brings the
//! others where it can, and axe-core, whose script `METIER_AXE` names.
#![allow(clippy::unwrap_used)]

mod guard;
mod harness;

mod accessible;
mod annotate;
mod filters;
mod foreign;
mod hostile;
mod opens;
mod pictures;
mod team;
