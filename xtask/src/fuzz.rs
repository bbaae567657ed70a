//! `cargo xtask fuzz`: runs the fuzz targets from their seeds, on the stable toolchain.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Workspace;

/// Inputs are no longer than this: a reader's quirks show in short ones, and short ones run fast.
const LONGEST: usize = 64 * 1024;

/// Fuzzes `target`, or every target in turn, for so many seconds each.
///
/// # Errors
/// If something cannot be run, and after all targets have run, if one of them found something.
pub fn run(workspace: &Workspace, seconds: u32, target: Option<&str>) -> Result<()> {
    let targets = targets(workspace)?;
    let chosen: Vec<&String> =
        targets.iter().filter(|name| target.is_none_or(|target| target == *name)).collect();
    if let (Some(target), true) = (target, chosen.is_empty()) {
        bail!("no fuzz target is called `{target}`; there are {}", targets.join(", "));
    }
    install(workspace)?;
    let mut found = Vec::new();
    for name in chosen {
        println!("\n== {name}, {seconds} seconds");
        if !fuzz(workspace, name, seconds)? {
            found.push(name.as_str());
        }
    }
    if !found.is_empty() {
        bail!("something was found in {}: the inputs are in fuzz/artifacts", found.join(", "));
    }
    println!("\nNothing was found.");
    Ok(())
}

/// The targets, by the names of their files.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz").join("fuzz_targets");
    let mut targets: Vec<String> =
        files(&folder)?.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    targets.sort();
    Ok(targets)
}

fn install(workspace: &Workspace) -> Result<()> {
    let there =
        workspace.cargo(&["fuzz", "--version"]).output().context("cannot run cargo")?.status.success();
    if !there {
        println!("Installing cargo-fuzz.");
        let status = workspace.cargo(&["install", "cargo-fuzz", "--locked"]).status()?;
        if !status.success() {
            bail!("cargo-fuzz could not be installed");
        }
    }
    Ok(())
}

/// Whether the target ran through without a finding.
fn fuzz(workspace: &Workspace, name: &str, seconds: u32) -> Result<bool> {
    let fuzz = workspace.root.join("fuzz");
    let seeds = fuzz.join("seeds").join(name);
    let corpus = fuzz.join("corpus").join(name);
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let built = workspace.target.join("fuzz");
    std::fs::create_dir_all(&built).with_context(|| format!("cannot make {}", built.display()))?;
    let dictionary = built.join(name).with_extension("dict");
    std::fs::write(&dictionary, words(&seeds)?)
        .with_context(|| format!("cannot write {}", dictionary.display()))?;
    // Sanitizers take a nightly compiler. Without one, cargo-fuzz asks for LLVM's coverage pass by flags
    // that stable has, so neither nightly nor RUSTC_BOOTSTRAP is needed; and where unsafe code is
    // forbidden, panics and broken promises are what there is to find.
    let mut command = workspace.cargo(&["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none"]);
    command.arg("--target-dir").arg(&built).arg(name).arg(&corpus).arg(&seeds).arg("--");
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
    // A reader that takes ten seconds for so short an input is a finding too.
    command.arg("-timeout=10").arg(format!("-dict={}", dictionary.display()));
    Ok(command.status().context("cannot run cargo")?.success())
}

/// A dictionary for the fuzzer: every word that stands in quotes in a seed, which is what a format's
/// keys and kinds are. Made anew each time, so that it cannot fall behind the seeds.
fn words(seeds: &Path) -> Result<String> {
    let mut words = BTreeSet::new();
    for path in files(seeds)? {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let quoted = text.split('"').filter(|word| {
            (3..=40).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$-".contains(&byte))
        });
        words.extend(quoted.map(str::to_owned));
    }
    Ok(words.iter().map(|word| format!("\"\\\"{word}\\\"\"\n")).collect())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
