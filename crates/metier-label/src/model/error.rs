//! What stops a model labeller altogether, with the mend. What concerns one session only is a [`Reason`](super::Reason) in `answer.rs`.

use std::path::PathBuf;

/// Why a model labeller could not begin, or had to stop for good.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The configuration could not be read.
    #[error("{}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The configuration is not TOML of the right shape.
    #[error("{place}: {why}")]
    Config {
        /// The file, and the labeller in it.
        place: String,
        /// What is wrong and how to mend it.
        why: String,
    },
    /// No such labeller.
    #[error("there is no [labeller.{name}] in {}: it has {known}", file.display())]
    NoSuchLabeller {
        /// What was asked for.
        name: String,
        /// The file that was looked into.
        file: PathBuf,
        /// Those that are there.
        known: String,
    },
    /// The key is not in the environment.
    #[error(
        "the environment variable {variable} is not set: put the key of {host} there, or name another with key_env"
    )]
    NoKey {
        /// The variable.
        variable: String,
        /// The endpoint's host.
        host: String,
    },
    /// The key has characters that no header can carry.
    #[error("the key in {variable} has spaces or other characters that no key has: set it again")]
    BadKey {
        /// The variable.
        variable: String,
    },
    /// The server does not let us in.
    #[error("{url} answered {status}: {mend}{said}")]
    Denied {
        /// What was called.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the user can do.
        mend: String,
        /// What the server said, if it can be shown.
        said: String,
    },
    /// The server asks for a longer wait than makes sense.
    #[error(
        "{url} asks to wait {seconds} s: start again later with the same command; finished answers are kept"
    )]
    LongWait {
        /// What was called.
        url: String,
        /// How long.
        seconds: u64,
    },
    /// A budget needs prices.
    #[error("--budget needs prices: set input_usd_per_mtok and output_usd_per_mtok for {0}")]
    NoPrices(String),
    /// Batches are Anthropic's.
    #[error("batch = true goes with api = \"anthropic\" only: leave it out for {0}")]
    NoBatches(String),
    /// The cache cannot be used.
    #[error("the label cache {}: {why}", file.display())]
    Cache {
        /// The file.
        file: PathBuf,
        /// What SQLite or the system said, and the mend.
        why: String,
    },
    /// The connection cannot be set up at all.
    #[error("{url}: {why}")]
    Setup {
        /// What was to be called.
        url: String,
        /// Why.
        why: String,
    },
}
