//! `metier pool`: bundles of several stores, added up.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use metier_report::Detail;
use metier_study::share::{self, Bundle, Kind, Pooled};

use crate::Ended;
use crate::cli::{self, All};
use crate::summary::style;

/// No bundle of sums is larger; a file that never ends must not fill the memory.
pub(crate) const MOST_BYTES: u64 = 80 << 20;

pub(crate) fn run(command: &cli::Pool, all: &All) -> Result<Ended> {
    for name in &command.finding {
        metier_study::find(name)?;
    }
    let (mut bundles, mut noisy) = (Vec::new(), Vec::new());
    for path in &command.bundles {
        let bytes = read(path, MOST_BYTES)?;
        let opened = open(path, &bytes, &command.signed_by)?;
        if opened.kind == Kind::Rows {
            bail!("{} holds rows: `metier collect` puts them into a store", path.display());
        }
        if opened.kind == Kind::Noisy {
            noisy.push(opened.body.to_vec());
            continue;
        }
        let bundle = Bundle::read(opened.body).with_context(|| format!("{}", path.display()))?;
        bundles.push((opened.checksum, bundle));
    }
    let mut pooled = match (bundles.is_empty(), noisy.is_empty()) {
        (_, true) => share::pool(bundles)?,
        (true, false) => {
            let (summary, findings) = of_noise(&noisy)?;
            Pooled { summary, findings, forests: Vec::new() }
        }
        (false, false) => bail!("some bundles have noise and some have not: pool them apart"),
    };
    if !command.finding.is_empty() {
        pooled.findings.retain(|finding| command.finding.iter().any(|name| name == finding.name));
        pooled.forests.retain(|forest| command.finding.iter().any(|name| name == forest.finding));
    }
    let mut out = anstream::stdout().lock();
    if all.json {
        #[derive(serde::Serialize)]
        struct Document<'p> {
            schema: u32,
            #[serde(flatten)]
            pooled: &'p Pooled,
        }
        serde_json::to_writer(&mut out, &Document { schema: metier_report::SCHEMA, pooled: &pooled })?;
        writeln!(out)?;
    } else if command.csv {
        write!(out, "{}", metier_report::csv(&pooled.summary, &pooled.findings))?;
    } else if command.markdown {
        write!(out, "{}", metier_report::markdown(&pooled.summary, &pooled.findings))?;
    } else if command.forest {
        write!(out, "{}", metier_report::forests(&pooled.forests, &style(Detail::Full)))?;
    } else {
        write!(out, "{}", metier_report::terminal(&pooled.summary, &pooled.findings, &style(Detail::Full)))?;
    }
    Ok(if pooled.findings.is_empty() { Ended::Finding } else { Ended::Done })
}

#[cfg(feature = "dp")]
use crate::noisy::pooled as of_noise;

#[cfg(not(feature = "dp"))]
fn of_noise(_: &[Vec<u8>]) -> Result<(metier_study::Summary, Vec<metier_study::Finding>)> {
    bail!("these bundles have noise, and {}", crate::WITHOUT_NOISE)
}

/// The bytes of a file, if they are not more than so many.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > most {
        bail!("{} is larger than any bundle ({} MB)", path.display(), most >> 20);
    }
    Ok(bytes)
}

/// The bundle in these bytes, if nobody changed it, and somebody signed it whose signature is asked for.
pub(crate) fn open<'b>(path: &Path, bytes: &'b [u8], signed_by: &[String]) -> Result<share::Envelope<'b>> {
    let opened = share::open(bytes).with_context(|| format!("{}", path.display()))?;
    if !signed_by.is_empty() {
        match &opened.signed_by {
            None => bail!("{} is not signed", path.display()),
            Some(key) if !signed_by.iter().any(|one| one.eq_ignore_ascii_case(key)) => {
                bail!("{} is signed by {key}, which is none of those named with --signed-by", path.display())
            }
            Some(_) => {}
        }
    }
    Ok(opened)
}
