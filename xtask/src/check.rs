//! `cargo xtask test`: every check that CI runs, in order, until one fails.

use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{Workspace, browser};

/// One check: its name, and the commands that all have to succeed.
struct Check {
    name: &'static str,
    commands: &'static [Step],
    /// Brings what the commands need and not every machine has.
    brings: fn(&Workspace) -> Result<Brought>,
}

/// What was brought for a check.
pub enum Brought {
    /// All of it; with variables for the commands.
    Ready(Vec<(&'static str, OsString)>),
    /// Something cannot be: what is skipped therefore, and why.
    Not(String),
}

struct Step {
    arguments: &'static str,
    environment: &'static [(&'static str, &'static str)],
}

const fn cargo(arguments: &'static str) -> Step {
    Step { arguments, environment: &[] }
}

/// A check that needs the toolchain alone.
const fn check(name: &'static str, commands: &'static [Step]) -> Check {
    Check { name, commands, brings: |_| Ok(Brought::Ready(Vec::new())) }
}

const CHECKS: [Check; 7] = [
    check(
        "formatting",
        &[
            cargo("fmt --all --check"),
            cargo("fmt --manifest-path fuzz/Cargo.toml --check"),
            cargo("fmt --manifest-path browser/Cargo.toml --check"),
        ],
    ),
    check("lints", &[cargo("clippy --workspace --all-targets --locked -- -D warnings")]),
    // The documentation's examples are tests too.
    check("tests", &[cargo("test --workspace --locked")]),
    // A workspace of its own, because the driver's library makes other choices about JSON than the binary under test does.
    Check {
        name: "browser",
        commands: &[
            cargo("build -p metier --locked"),
            cargo("clippy --manifest-path browser/Cargo.toml --all-targets --locked -- -D warnings"),
            cargo("test --manifest-path browser/Cargo.toml --locked"),
        ],
        brings: browser::bring,
    },
    // A feature of its own, because the library that it brings takes long to compile.
    check(
        "noise",
        &[
            cargo(
                "clippy -p metier -p metier-study --features metier/dp --all-targets --locked -- -D warnings",
            ),
            cargo("test -p metier-study --features dp --lib --test noise --test private --locked"),
        ],
    ),
    check(
        "documentation",
        &[Step {
            arguments: "doc --workspace --no-deps --locked",
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
        }],
    ),
    // Without its engine, which would take a C++ compiler: that the targets compile shows without.
    check("fuzz targets", &[cargo("check --manifest-path fuzz/Cargo.toml --no-default-features --locked")]),
];

/// Runs every check.
///
/// # Errors
/// If a tool is missing, or a check fails: then those after it were not run.
pub fn run(workspace: &Workspace) -> Result<()> {
    needs(workspace, "fmt", "rustfmt")?;
    needs(workspace, "clippy", "clippy")?;
    let mut passed: Vec<(&str, Duration)> = Vec::new();
    let mut skipped = Vec::new();
    for (index, check) in CHECKS.iter().enumerate() {
        let start = Instant::now();
        let variables = match (check.brings)(workspace)? {
            Brought::Ready(variables) => variables,
            Brought::Not(why) => {
                println!("\n== {}/{} {}: skipped", index + 1, CHECKS.len(), check.name);
                skipped.push(why);
                continue;
            }
        };
        for step in check.commands {
            let arguments: Vec<&str> = step.arguments.split(' ').collect();
            println!("\n== {}/{} {}: {}", index + 1, CHECKS.len(), check.name, shown(step));
            let mut command = workspace.cargo(&arguments);
            command.envs(step.environment.iter().copied()).envs(variables.iter().cloned());
            if !succeeds(&mut command)? {
                let before: Vec<&str> = passed.iter().map(|(name, _)| *name).collect();
                let before = if before.is_empty() { "none".to_owned() } else { before.join(", ") };
                let after: Vec<&str> = CHECKS[index + 1..].iter().map(|check| check.name).collect();
                let after = if after.is_empty() { "none".to_owned() } else { after.join(", ") };
                bail!(
                    "{} failed.\n  passed before it: {before}\n  not run: {after}\n  to run it alone: {}",
                    check.name,
                    shown(step)
                );
            }
        }
        passed.push((check.name, start.elapsed()));
    }
    let all = if skipped.is_empty() { "All " } else { "" };
    println!("\n{all}{} checks passed.", passed.len());
    for (name, took) in &passed {
        println!("  {name:<14}{:>7.1} s", took.as_secs_f64());
    }
    if workspace.shared().is_none() {
        skipped.push("tests on real transcripts, because ../shared/data is not there".to_owned());
    }
    for what in skipped {
        println!("Skipped: {what}.");
    }
    Ok(())
}

/// The command as one would type it.
fn shown(step: &Step) -> String {
    let mut words: Vec<String> =
        step.environment.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    words.push(format!("cargo {}", step.arguments));
    words.join(" ")
}

fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status().with_context(|| format!("cannot run {command:?}"))?.success())
}

/// Asks for a component of the toolchain by name before anything has run: rustup's own message comes
/// in the middle, and not everybody has rustup.
fn needs(workspace: &Workspace, subcommand: &str, component: &str) -> Result<()> {
    let output = workspace.cargo(&[subcommand, "--version"]).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("{component} is missing from the Rust toolchain: run `rustup component add {component}`");
    }
    Ok(())
}
