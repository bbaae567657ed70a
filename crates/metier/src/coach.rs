//! `metier coach`: the owner's own last months beside the earlier ones, and three suggestions.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use metier_report::Detail;
use metier_store::Store;
use metier_study::share::{self, Bundle, Kind, Pooled};

use crate::cli::{self, All, By};
use crate::pool::{MOST_BYTES, open, read};
use crate::summary::{settings, style};
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Coach, all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let Some(store) = Store::open(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display());
    };
    let rows = store.rated(command.labels.as_deref())?;
    let settings = settings(By::Overall, command.headless);
    let pooled = if command.beside.is_empty() {
        None
    } else {
        Some(pooled(&command.beside, &command.signed_by, command.headless)?)
    };
    let coach = metier_study::coach::coach(&rows, &settings, command.months.into(), pooled.as_ref())?;
    let mut out = anstream::stdout().lock();
    if all.json {
        write!(out, "{}", metier_report::coach_json(&coach))?;
    } else {
        write!(out, "{}", metier_report::coach(&coach, &style(Detail::Full)))?;
    }
    Ok(if coach.summary.population.sessions == 0 { Ended::Finding } else { Ended::Done })
}

/// The bundles in these files, added up.
fn pooled(paths: &[PathBuf], signed_by: &[String], headless: bool) -> Result<Pooled> {
    let mut bundles = Vec::new();
    for path in paths {
        let bytes = read(path, MOST_BYTES)?;
        let opened = open(path, &bytes, signed_by)?;
        match opened.kind {
            Kind::Rows => bail!("{} holds rows: it takes a bundle of sums to set beside", path.display()),
            Kind::Noisy => bail!(
                "{} has noise, and other numbers than the coach: it takes a bundle without --epsilon",
                path.display()
            ),
            _ => {}
        }
        let bundle = Bundle::read(opened.body).with_context(|| format!("{}", path.display()))?;
        if bundle.by != metier_study::By::Overall || !bundle.conditions.is_empty() {
            bail!(
                "{} is split, or of some sessions only: it takes a bundle without --by and --where to set beside",
                path.display()
            );
        }
        if bundle.headless != headless {
            let differ = if headless {
                "leaves out, and --headless keeps"
            } else {
                "keeps, and only --headless would keep"
            };
            bail!(
                "{} {differ}, sessions without a person in the loop: nothing to set beside",
                path.display()
            );
        }
        bundles.push((opened.checksum, bundle));
    }
    Ok(share::pool(bundles)?)
}
