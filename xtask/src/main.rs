//! Chores of the workspace, run as `cargo xtask CHORE`. This file reads the command line; each chore stands in its own.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};

mod bench;
mod browser;
mod check;
mod corpus;
mod fuzz;
mod parity;
mod peer;
mod synthetic;
mod train;

const USAGE: &str = "\
Chores of the workspace.

cargo xtask test
    Runs every check that CI runs, and stops at the first that fails.
cargo xtask bench [--gigabytes SIZE] [--keep DIR]
    Measures time and memory on a corpus of SIZE gigabytes (0.4 unless told), beside a peer,
    and prints a table. With --keep the corpus is made in DIR, and stays for the next time.
cargo xtask fuzz [--seconds SECONDS] [TARGET]
    Fuzzes one target, or one after another, for SECONDS each (600 unless told).
cargo xtask parity
    Compares the statistics with pyfixest, statsmodels and ppi-python on random data; needs python3 and its index.
cargo xtask leaks --corpus PATH... --in PATH... [--verbose]
    Searches stores, bundles or anything else for every 8 bytes of text of the transcripts below the corpus.
    Exit 0: nothing found, 1: something found, or the search was not whole. With --verbose, what is taken off and why.
cargo xtask train [PATH...]
    Fits the built-in labeller on the reference labels and tells how it does on people it has not seen.
    With PATHs of transcripts, gathers the evidence of the labelled sessions there anew first.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let workspace = Workspace::find()?;
    match arguments.chore.as_deref() {
        Some("test") => {
            arguments.end()?;
            check::run(&workspace)
        }
        Some("bench") => {
            let gigabytes = arguments.option("--gigabytes")?.unwrap_or_else(|| "0.4".to_owned());
            let keep = arguments.option("--keep")?.map(PathBuf::from);
            arguments.end()?;
            let gigabytes: f64 =
                gigabytes.parse().ok().filter(|size| (0.001..=1000.0).contains(size)).with_context(|| {
                    format!("--gigabytes takes a number from 0.001 to 1000, not `{gigabytes}`")
                })?;
            bench::run(&workspace, gigabytes, keep.as_deref())
        }
        Some("fuzz") => {
            let seconds = arguments.option("--seconds")?.unwrap_or_else(|| "600".to_owned());
            let target = arguments.operand();
            arguments.end()?;
            let seconds: u32 = seconds
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0)
                .with_context(|| format!("--seconds takes a whole number from 1, not `{seconds}`"))?;
            fuzz::run(&workspace, seconds, target.as_deref())
        }
        Some("parity") => {
            arguments.end()?;
            parity::run(&workspace)
        }
        Some("leaks") => leaks(&workspace, &arguments.rest),
        Some("train") => train::run(&workspace, &arguments.rest),
        None | Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("no chore is called `{other}`\n\n{USAGE}"),
    }
}

/// Runs the search for text, with optimisation: it stands in `leaks.rs`, apart from what other chores wait for.
fn leaks(workspace: &Workspace, words: &[String]) -> Result<()> {
    let mut cargo =
        workspace.cargo(&["run", "--release", "--quiet", "-p", "xtask", "--example", "leaks", "--"]);
    for word in words {
        // Cargo runs in the root; the user named what they see from where they are.
        match word.strip_prefix("--") {
            Some(_) => cargo.arg(word),
            None => {
                cargo.arg(std::path::absolute(word).with_context(|| format!("cannot tell where {word} is"))?)
            }
        };
    }
    if !cargo.status().context("cargo does not start")?.success() {
        bail!("text was found, or the search was not whole: see above")
    }
    Ok(())
}

/// The words after `cargo xtask`: few enough to do without a crate that every first run would wait for.
struct Arguments {
    chore: Option<String>,
    rest: Vec<String>,
}

impl Arguments {
    fn new(mut words: impl Iterator<Item = String>) -> Arguments {
        Arguments { chore: words.next(), rest: words.collect() }
    }

    /// The value after `name`, or behind an equals sign, if it was given.
    fn option(&mut self, name: &str) -> Result<Option<String>> {
        let joined = format!("{name}=");
        let Some(at) = self.rest.iter().position(|word| word == name || word.starts_with(&joined)) else {
            return Ok(None);
        };
        let word = self.rest.remove(at);
        if let Some(value) = word.strip_prefix(&joined) {
            return Ok(Some(value.to_owned()));
        }
        if at == self.rest.len() {
            bail!("{name} takes a value\n\n{USAGE}");
        }
        Ok(Some(self.rest.remove(at)))
    }

    fn operand(&mut self) -> Option<String> {
        let at = self.rest.iter().position(|word| !word.starts_with('-'))?;
        Some(self.rest.remove(at))
    }

    fn end(&self) -> Result<()> {
        match self.rest.first() {
            Some(word) => bail!("`{word}` means nothing here\n\n{USAGE}"),
            None => Ok(()),
        }
    }
}

/// Where everything is.
struct Workspace {
    /// The folder of the clone.
    root: PathBuf,
    /// Where cargo builds.
    target: PathBuf,
}

impl Workspace {
    fn find() -> Result<Workspace> {
        // Cargo sets it for what it runs; the one at build time would be another clone's where two share a target folder.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask has no parent folder")?.to_owned();
        // This program lies in TARGET/debug, wherever the caller or a configuration file put TARGET.
        let program = std::env::current_exe().context("where this program lies")?;
        let target =
            program.ancestors().nth(2).ok_or_else(|| anyhow!("{} lies too high", program.display()))?;
        Ok(Workspace { root, target: target.to_owned() })
    }

    /// Cargo, in the root of the workspace, building where this was built.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Real transcripts of the developers, beside the clone; not everybody has them.
    fn shared(&self) -> Option<PathBuf> {
        let data = self.root.parent()?.join("shared").join("data");
        data.is_dir().then_some(data)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_anywhere_and_nothing_is_left_unread() {
        let words = |line: &str| Arguments::new(line.split_whitespace().map(str::to_owned));
        let mut arguments = words("fuzz codex --seconds 5");
        assert_eq!(arguments.option("--seconds").unwrap().as_deref(), Some("5"));
        assert_eq!(arguments.operand().as_deref(), Some("codex"));
        assert!(arguments.end().is_ok());
        let mut arguments = words("bench --gigabytes=2 --kep x");
        assert_eq!(arguments.option("--gigabytes").unwrap().as_deref(), Some("2"));
        assert_eq!(arguments.option("--keep").unwrap(), None);
        assert!(arguments.end().is_err());
        assert!(words("bench --keep").option("--keep").is_err());
    }
}
