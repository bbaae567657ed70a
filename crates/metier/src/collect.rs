//! `metier collect`: rows that people sent, put into a store of many people.

use anyhow::{Context, Result, bail};
use metier_label::rubric;
use metier_store::Store;
use metier_study::share::{Kind, read_rows};
use serde_json::json;

use crate::cli::{self, All};
use crate::pool::{open, read};
use crate::{Ended, places};

/// Rows of ten thousand sessions are some megabytes.
const MOST_BYTES: u64 = 1 << 30;

pub(crate) fn run(command: &cli::Collect, all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    match Store::open(&folder)? {
        Some(store) if store.mode().is_pooled() => {}
        Some(_) => bail!(
            "the store at {} is one person's: name one made with `metier scan --mode team` or `--mode research`",
            folder.display()
        ),
        None => bail!(
            "there is no store at {}: make one with `metier scan --mode research`, or name it with --store",
            folder.display()
        ),
    }
    let mut rows = Vec::new();
    // All of them are checked before any is put in.
    for path in &command.bundles {
        let bytes = read(path, MOST_BYTES)?;
        let opened = open(path, &bytes, &command.signed_by)?;
        if opened.kind != Kind::Rows {
            bail!("{} holds sums: `metier pool` adds them up", path.display());
        }
        let (made, parquet) = read_rows(opened.body).with_context(|| format!("{}", path.display()))?;
        let own = rubric().hash.to_string();
        if made.rubric != own {
            bail!("{}: its labels answer rubric {}, and this metier has {own}", path.display(), made.rubric);
        }
        if made.facts != metier_session::measure::VERSION {
            bail!(
                "{}: its facts are of version {}, and this metier has {}",
                path.display(),
                made.facts,
                metier_session::measure::VERSION
            );
        }
        let sent =
            metier_store::rows_from_bytes(parquet.to_vec()).with_context(|| format!("{}", path.display()))?;
        rows.extend(sent);
    }
    let taken = rows.len();
    metier_store::put_rows(&folder, rows, &|| {
        anstream::eprintln!("waiting for another metier to finish with the store")
    })?;
    if all.json {
        anstream::println!("{}", json!({ "bundles": command.bundles.len(), "rows": taken }));
    } else if !all.quiet {
        anstream::eprintln!("{taken} rows of {} bundles are in {}", command.bundles.len(), folder.display());
    }
    Ok(Ended::Done)
}
