//! `cargo xtask parity`: our statistics beside their peers' on the same random data, to many digits, and the time of
//! one large model. The peers run in a virtual environment of Python that this makes once; nothing of it is needed to build or test.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::Workspace;

/// The peers, in the versions that the figures in the documentation are of.
const PEERS: [&str; 5] =
    ["pyfixest==0.60.0", "statsmodels==0.15.0", "ppi-python==0.2.3", "PySensemakr==0.0.8", "mpmath"];

/// Makes designs, runs the peers, and compares.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target.join("parity");
    let environment = folder.join("environment");
    let python = environment.join("bin").join("python");
    if !python.is_file() {
        std::fs::create_dir_all(&folder)?;
        done(Command::new("python3").args(["-m", "venv"]).arg(&environment), "python3 with venv")?;
    }
    done(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PEERS), "pip")?;
    for part in ["linear", "other", "speed"] {
        let data = folder.join(part);
        let script = workspace.root.join("crates/metier-stats/parity").join(format!("{part}.py"));
        println!("{part}: the peers at work");
        done(Command::new(&python).arg(&script).arg(&data), "the peers")?;
        let example = if part == "speed" { part.to_owned() } else { format!("parity_{part}") };
        compare(workspace, &example, &data)?;
    }
    Ok(())
}

fn compare(workspace: &Workspace, example: &str, data: &Path) -> Result<()> {
    let mut cargo =
        workspace.cargo(&["run", "--release", "--quiet", "-p", "metier-stats", "--example", example, "--"]);
    done(cargo.arg(data), "the comparison")
}

fn done(command: &mut Command, what: &str) -> Result<()> {
    if !command.status().with_context(|| format!("{what} does not start"))?.success() {
        bail!("{what} failed: see above")
    }
    Ok(())
}
