//! Every command and flag, each in one place with its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures what people bring to coding agents: reads the session transcripts that agents leave on
/// this machine, measures each, keeps rows without their text, and prints how person and agent share
/// the work, beside what the studies published. Nothing leaves the machine.
///
/// Without a command: scans the usual homes of the agents, then prints the summary.
#[derive(Debug, Parser)]
#[command(name = "metier", version, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done · 1 something was asked for and not found · 2 you can mend it: the message says how."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub all: All,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct All {
    /// The folder that keeps the rows [default: metier/store in the user's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "METIER_STORE")]
    pub store: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but the result and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads to read with [default: one a core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl All {
    /// The threads to read with.
    pub(crate) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
        self.threads.map_or_else(cores, usize::from)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read new and changed transcripts into the store
    Scan(Scan),
    /// Print the facts of every session, straight from the transcripts, without a store
    Facts(Facts),
    /// Print the findings from the store
    Summary(Summary),
    /// Show one session as a text: what was typed, said and done
    Show(Show),
    /// Check what can be read: problems of transcripts with file, line and reason, and the state of the store
    Doctor(Doctor),
    /// Write small synthetic transcripts to try everything on
    Sample(Sample),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `metier scan`
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files, folders, or git repositories with a checkpoint branch [default: the usual homes of the agents]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `metier facts`
#[derive(Debug, Args)]
pub(crate) struct Facts {
    /// Files, folders, or git repositories with a checkpoint branch [default: the usual homes of the agents]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `metier summary`
#[derive(Debug, Args)]
pub(crate) struct Summary {
    /// Split every finding
    #[arg(long, value_enum, default_value_t = By::Overall)]
    pub by: By,
    /// Only this finding (repeatable): see the list with `--list`
    #[arg(long, value_name = "NAME")]
    pub finding: Vec<String>,
    /// List the findings
    #[arg(long)]
    pub list: bool,
    /// Keep sessions without a person in the loop
    #[arg(long)]
    pub headless: bool,
    /// Seed of the intervals' resampling
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// How to split findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// All sessions together
    Overall,
    /// By month of the first record (UTC)
    Month,
    /// By agent
    Agent,
    /// By family of the main model
    Model,
    /// By project
    Project,
}

/// `metier doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Files, folders, or git repositories with a checkpoint branch [default: the usual homes of the agents]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// `metier sample`
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// The folder to write to: new or empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many sessions
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub sessions: u32,
    /// Seed: the same seed writes the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// One session, by its id or file.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The session's id or the beginning of it, or its file
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// Where to look for it (repeatable) [default: the usual homes of the agents]
    #[arg(long, value_name = "PATH")]
    pub transcripts: Vec<PathBuf>,
}

/// `metier show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub which: Which,
    /// Show it the way it is labelled: long turns and the whole cut in their middle
    #[arg(long)]
    pub as_labelled: bool,
    /// Show only what the person typed, with what the agent said before it: the way intents are labelled
    #[arg(long, conflicts_with = "as_labelled")]
    pub messages: bool,
    /// Characters of a turn, where turns are cut
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub turn_chars: usize,
    /// Characters in all, where the whole is cut
    #[arg(long, value_name = "N", default_value_t = 25_000)]
    pub chars: usize,
}
