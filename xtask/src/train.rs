//! `cargo xtask train`: runs the example that fits the built-in labeller, with optimisation. The fitting stands there.

use anyhow::{Context, Result, bail};

use crate::Workspace;

/// Fits the models on the reference labels; writes `weights.json` and, with paths, the evidence too.
pub(crate) fn run(workspace: &Workspace, paths: &[String]) -> Result<()> {
    let mut cargo =
        workspace.cargo(&["run", "--release", "--quiet", "-p", "metier-label", "--example", "train", "--"]);
    for path in paths {
        // Cargo runs in the root; the user named what they see from where they are.
        cargo.arg(std::path::absolute(path).with_context(|| format!("cannot tell where {path} is"))?);
    }
    if !cargo.status().context("cargo does not start")?.success() {
        bail!("the models were not fitted: see above")
    }
    Ok(())
}
