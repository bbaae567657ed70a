//! Which browser there is on this machine.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// A browser and the driver that steers it.
pub struct Programs {
    pub browser: PathBuf,
    pub driver: PathBuf,
}

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser; or nothing, and once a line that says why.
///
/// # Panics
/// If it has to be there and is not.
pub fn programs() -> Option<Programs> {
    static SAID: Once = Once::new();
    let skip = |why: &str| {
        SAID.call_once(|| said(&format!("skipped: the tests in a browser, because {why}")));
        None
    };
    let required = env::var("METIER_BROWSER_REQUIRED").is_ok_and(|value| value == "1");
    let found = find("CHROME", &BROWSERS)
        .and_then(|browser| Some((browser, find("CHROMEDRIVER", &["chromedriver"])?)));
    match found {
        Some((browser, driver)) => Some(Programs { browser, driver }),
        None if required => {
            panic!("METIER_BROWSER_REQUIRED is 1, and there is no Chromium with ChromeDriver")
        }
        None => {
            skip("there is no Chromium with ChromeDriver here: `cargo xtask test` brings them where it can")
        }
    }
}

/// Says something past the harness, which keeps what passing tests print to itself.
pub fn said(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A program that a variable names, or one of these names in the search path.
fn find(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = env::var_os(variable) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let exists =
        |name: &&str| folders.iter().map(|folder| folder.join(name)).find(|path| Path::is_file(path));
    names.iter().find_map(exists)
}
