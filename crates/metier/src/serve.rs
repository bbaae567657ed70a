//! `metier serve`: the findings and one's own sessions in the browser.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use metier_label::Rater;
use metier_store::{Rows, Store};
use metier_study::{Finding, Settings, Study, Summary};
use metier_web::{Failure, Site, Token};

use crate::cli::{self, All};
use crate::summary::released;
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Serve, all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    // What cannot be opened is told here, where somebody reads it.
    let store = Store::open(&folder)?;
    if let (Some(store), Some(rater)) = (&store, &command.labels) {
        store.rated(Some(rater))?;
    }
    for path in &command.transcripts {
        if !path.exists() {
            bail!("{} is not there: name a file or folder that is", path.display());
        }
    }
    let rater = match &command.rater {
        Some(name) => name.clone(),
        None => {
            std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_else(|_| "me".to_owned())
        }
    };
    let rater = Rater::new(&format!("person:{rater}")).name().to_owned();
    let transcripts: Vec<PathBuf> = command.transcripts.clone();
    let site = Site {
        folder,
        find: Box::new(move || places::transcripts(&transcripts).map_err(failure)),
        released: Box::new(
            |store: &Store,
             rows: &Rows,
             settings: &Settings,
             studies: &[&'static Study]|
             -> Result<(Summary, Vec<Finding>), Failure> {
                released(Some(store), rows, settings, studies).map_err(failure)
            },
        ),
        labels: command.labels.clone(),
        rater,
        threads: all.threads(),
        watch: !command.no_watch,
    };
    let listener = metier_web::listen(command.port).with_context(|| {
        format!("port {} is taken: name another with --port, or 0 for any that is free", command.port)
    })?;
    let token =
        Token::random().map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    metier_web::serve(site, listener, token, |address| {
        anstream::println!("{address}");
        if !all.quiet {
            anstream::eprintln!(
                "Open this address in your browser; it works on this machine alone. Ctrl-C ends it."
            );
        }
        if command.open {
            open(address);
        }
    })?;
    Ok(Ended::Done)
}

fn failure(error: anyhow::Error) -> Failure {
    format!("{error:#}").into()
}

/// Opens an address in the user's browser, if the system knows how to.
fn open(address: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let _ = Command::new(opener)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
