//! The ledger of a store, opened for a release; and `metier ledger`, which lists what was released.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use metier_session::Time;
use metier_store::{LedgerFile, Store};
use metier_study::gate::{Ledger, Release};
use serde_json::json;

use crate::cli::All;
use crate::{Ended, places};

/// A ledger that nobody else can enter a release into as long as this lives.
pub(crate) struct Ledgered {
    pub ledger: Ledger,
    file: LedgerFile,
}

impl Ledgered {
    pub(crate) fn open(store: &Store) -> Result<Ledgered> {
        let file = LedgerFile::open(store.folder())?;
        let ledger = match file.read()? {
            Some(bytes) => Ledger::read(&bytes).with_context(|| format!("in {}", file.path().display()))?,
            None => Ledger::default(),
        };
        // Ids may have been rotated since; without the key nobody can tell, and nothing may be released.
        let key = metier_store::key_of(store.folder())?.context("the store is gone")?;
        Ok(Ledgered { ledger: ledger.with_key(&key), file })
    }

    /// Writes it as it is.
    pub(crate) fn keep(&self) -> Result<()> {
        Ok(self.file.write(&self.ledger.write())?)
    }

    /// Enters a release, and sees it onto the disk: before anybody sees the release.
    pub(crate) fn enter(&mut self, what: String, epsilon: Option<u64>) -> Result<()> {
        self.ledger.enter(Release { day: today()?, what, epsilon });
        self.keep()
    }
}

/// The day in UTC, as "2026-11-21".
pub(crate) fn today() -> Result<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(Time(since.as_millis() as i64).to_string().chars().take(10).collect())
}

/// Lists what was released.
pub(crate) fn run(all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let Some(store) = Store::open(&folder)? else {
        bail!("there is no store at {}: name it with --store", folder.display());
    };
    let ledger = Ledgered::open(&store)?.ledger;
    let mut out = anstream::stdout().lock();
    if all.json {
        let released = json!({ "mode": store.mode().name(), "releases": ledger.releases() });
        writeln!(out, "{released}")?;
        return Ok(Ended::Done);
    }
    if ledger.releases().is_empty() {
        writeln!(out, "nothing was released from this {} store", store.mode())?;
        return Ok(Ended::Finding);
    }
    for release in ledger.releases() {
        writeln!(out, "{}  {}", release.day, release.what)?;
    }
    Ok(Ended::Done)
}
