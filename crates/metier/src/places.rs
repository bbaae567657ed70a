//! Where transcripts and the store are: what the user named, else the usual places.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use metier_session::discover::{self, Found};

/// The candidates under what the user named, or under the usual homes of the agents.
pub(crate) fn transcripts(paths: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    let named = !paths.is_empty();
    let homes;
    let paths = if named {
        paths
    } else {
        let home = std::env::home_dir();
        homes = discover::usual_homes(&|name| std::env::var_os(name), home.as_deref());
        &homes
    };
    for path in paths {
        if let Err(error) = discover::find(path, &mut found) {
            if !named {
                found.unreadable.push((path.clone(), error.to_string()));
                continue;
            }
            let place = path.display();
            match error.kind() {
                std::io::ErrorKind::NotFound => bail!("{place} is not there: name a file or folder that is"),
                std::io::ErrorKind::PermissionDenied => {
                    bail!("{place} cannot be read: ask its owner for permission, or name another folder")
                }
                _ => return Err(error).with_context(|| format!("cannot read {place}")),
            }
        }
    }
    // Two names for the same thing are one thing.
    found.candidates.sort_by_key(|candidate| candidate.name());
    found.candidates.dedup();
    Ok(found)
}

/// The folder of the store: what the user named, else `metier/store` in the user's data folder.
pub(crate) fn store(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let strategy = etcetera::choose_base_strategy()
        .context("this machine does not say where your home folder is: name a folder with --store")?;
    Ok(strategy.data_dir().join("metier").join("store"))
}
