//! `metier key`: the secret of the store.

use anyhow::{Result, bail};
use metier_store::Store;
use serde_json::json;

use crate::cli::{All, KeyCommand};
use crate::ledger::Ledgered;
use crate::{Ended, places};

pub(crate) fn run(command: KeyCommand, all: &All) -> Result<Ended> {
    match command {
        KeyCommand::Rotate => rotate(all),
    }
}

fn rotate(all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let rotated = metier_store::rotate(&folder, &|| {
        if !all.quiet {
            anstream::eprintln!("another metier is at work on {}: waiting for it", folder.display());
        }
    })?;
    let Some(store) = Store::open(&folder)? else { bail!("the store at {} is gone", folder.display()) };
    // Ids in the ledger follow: now if they can, else with the next release.
    let ledger = Ledgered::open(&store)?;
    if !ledger.ledger.releases().is_empty() {
        ledger.keep()?;
    }
    if all.json {
        anstream::println!("{}", json!(rotated));
    } else if !all.quiet {
        anstream::eprintln!(
            "every id in {} is a new one; its key has {} secrets now, of which each is needed",
            folder.display(),
            rotated.secrets
        );
    }
    Ok(Ended::Done)
}
