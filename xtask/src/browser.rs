//! What the tests in a browser need, brought where that can be done: Chromium with its driver and a font, and axe-core.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::Workspace;
use crate::check::Brought;

/// Names of browsers, as the tests know them.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-dejavu-core"];
const AXE: &str = "axe-core@4";

/// Looks for the browser, installs it on a Debian that we may change, and gives the variables that the tests take.
///
/// # Errors
/// If a folder cannot be made.
pub fn bring(workspace: &Workspace) -> Result<Brought> {
    if !is_there() {
        if let Some(why) = cannot_install() {
            return Ok(Brought::Not(format!(
                "the tests in a browser, because there is no Chromium with ChromeDriver and {why}; nothing else is affected"
            )));
        }
        println!("Bringing {} from Debian.", PACKAGES.join(", "));
        let update = apt(&["update"]);
        let install = ["install", "--yes", "--no-install-recommends"];
        if !update || !apt(&[&install[..], &PACKAGES].concat()) || !is_there() {
            return Ok(Brought::Not(
                "the tests in a browser, because apt-get brought no Chromium with ChromeDriver: see above; nothing else is affected"
                    .to_owned(),
            ));
        }
    }
    let binary = workspace.target.join("debug").join("metier");
    let mut variables =
        vec![("METIER_BROWSER_REQUIRED", OsString::from("1")), ("METIER", binary.into_os_string())];
    match axe(workspace)? {
        Ok(path) => variables.push(("METIER_AXE", path.into_os_string())),
        Err(why) => println!("Skipped: axe-core on the pages, because {why}; nothing else is affected."),
    }
    Ok(Brought::Ready(variables))
}

fn is_there() -> bool {
    is_found("CHROME", &BROWSERS) && is_found("CHROMEDRIVER", &["chromedriver"])
}

/// Whether there is a program that a variable names, or else one of these names.
fn is_found(variable: &str, names: &[&str]) -> bool {
    match env::var_os(variable) {
        Some(named) => Path::new(&named).is_file(),
        None => names.iter().any(|name| on_path(name)),
    }
}

fn on_path(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// Why packages cannot be installed, if they cannot.
fn cannot_install() -> Option<&'static str> {
    let debian = std::fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line.trim_matches('"') == "ID=debian"));
    let user = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    match user {
        _ if !debian || !on_path("apt-get") => {
            Some("this is no Debian: install both, or name them by CHROME and CHROMEDRIVER")
        }
        Ok(user) if user.stdout.trim_ascii() == b"0" => None,
        _ => Some("only root may install them: `apt-get install chromium chromium-driver`"),
    }
}

fn apt(arguments: &[&str]) -> bool {
    let mut apt = Command::new("apt-get");
    apt.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    apt.status().is_ok_and(|status| status.success())
}

/// The script of axe-core, which npm brings once into the target folder; or why it is not there.
fn axe(workspace: &Workspace) -> Result<Result<PathBuf, String>> {
    let folder = workspace.target.join("axe");
    let script = folder.join("package").join("axe.min.js");
    if script.is_file() {
        return Ok(Ok(script));
    }
    if !on_path("npm") {
        return Ok(Err(format!("there is no npm, which would bring {AXE}")));
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["pack", AXE, "--silent"]).current_dir(&folder).stdin(Stdio::null()).stderr(Stdio::null());
    // The last line is the name of the file.
    let packed = npm.output().ok().filter(|output| output.status.success()).and_then(|output| {
        String::from_utf8(output.stdout).ok()?.lines().last().map(|name| folder.join(name.trim()))
    });
    let Some(packed) = packed.filter(|path| path.is_file()) else {
        return Ok(Err(format!("npm did not bring {AXE}")));
    };
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&packed).arg("-C").arg(&folder).arg("package/axe.min.js");
    let unpacked = tar.status().is_ok_and(|status| status.success()) && script.is_file();
    Ok(if unpacked { Ok(script) } else { Err(format!("{} cannot be unpacked", packed.display())) })
}
