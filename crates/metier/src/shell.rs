//! Completions and the manual page, made from the command line itself.

use anyhow::Result;
use clap::CommandFactory;

use crate::Ended;
use crate::cli::Cli;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Ended> {
    clap_complete::generate(shell, &mut Cli::command(), "metier", &mut std::io::stdout());
    Ok(Ended::Done)
}

pub(crate) fn man() -> Result<Ended> {
    clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
    Ok(Ended::Done)
}
