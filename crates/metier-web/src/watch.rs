//! Keeps the store up to date with the transcripts while pages are open, and what is held up to date with the store.

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use metier_store::{Options, Store};
use metier_study::{By, FINDINGS, Settings};

use crate::held::{App, Held, Work};
use crate::{Failure, reading};

/// The shortest time between two looks.
const EVERY: Duration = Duration::from_secs(4);
/// A look takes at most this share of the time.
const SHARE: u32 = 30;

/// Starts watching, on a thread of its own.
pub(crate) fn start(app: &Arc<App>) {
    let app = app.clone();
    thread::spawn(move || {
        // What is in the store already is shown at once; what is new comes when it is read.
        let mut first = true;
        let mut warm = 0;
        loop {
            let began = Instant::now();
            let result = if first { open(&app) } else { look(&app) };
            let took = began.elapsed();
            let trouble = result.err().map(|error| error.to_string());
            *app.work.write().unwrap_or_else(PoisonError::into_inner) = Work { trouble, ..Work::default() };
            if first {
                first = false;
                continue;
            }
            // After looking, and not counted as looking: new sessions come before pages that nobody asked for.
            if let Some(held) = app.now().filter(|held| !held.is_pooled() && held.revision != warm) {
                warm = held.revision;
                warm_up(&app, &held);
            }
            if !app.site.watch && app.now().is_some() {
                return;
            }
            thread::sleep(EVERY.max(took * SHARE));
        }
    });
}

/// Makes every finding over all sessions once, whole and by month, so that its page waits for nothing. Of a store of many people nothing is
/// made before it is asked for: it would be a release.
fn warm_up(app: &App, held: &Held) {
    for by in [By::Overall, By::Month] {
        for study in &FINDINGS {
            // Where one cannot be made its page says why.
            let _ = app.findings(held, &Settings { by, ..Settings::default() }, &[study]);
        }
    }
}

fn tell(app: &App, what: &str) {
    app.work.write().unwrap_or_else(PoisonError::into_inner).now = Some(what.to_owned());
}

/// Holds what is in the store, if there is one.
fn open(app: &App) -> Result<(), Failure> {
    tell(app, "opening the store");
    if let Some(store) = Store::open(&app.site.folder)? {
        hold(app, store, 1)?;
    }
    Ok(())
}

/// Reads what is new, and holds it.
fn look(app: &App) -> Result<(), Failure> {
    let before = app.now();
    // Whose sessions a store of many people holds is for them to say: it is looked at, and nothing is read into it.
    if let Some(held) = before.as_ref().filter(|held| held.is_pooled()) {
        if let Some(store) = Store::open(&app.site.folder)?.filter(|store| !held.store.is_as(store)) {
            hold(app, store, held.revision + 1)?;
        }
        return Ok(());
    }
    let found = (app.site.find)()?;
    tell(app, "reading new sessions");
    let work =
        |change: &dyn Fn(&mut Work)| change(&mut app.work.write().unwrap_or_else(PoisonError::into_inner));
    let options = Options {
        threads: app.site.threads,
        expected: &|bytes| work(&|work| work.bytes = Some((0, bytes))),
        progress: &|read| {
            work(&|work| {
                if let Some((done, _)) = &mut work.bytes {
                    *done += read;
                }
            });
        },
        waiting: &|| tell(app, "waiting for another metier that is at work on the store"),
    };
    let (scanned, store) = metier_store::update(&app.site.folder, found.candidates.clone(), &options)?;
    let news = scanned.new + scanned.changed > 0;
    let revision = before.as_ref().map_or(1, |held| held.revision + 1);
    if news || before.as_ref().is_none_or(|held| !held.store.is_as(&store)) {
        hold(app, store, revision)?;
    }
    let Some(held) = app.now().filter(|held| news || held.groups.is_empty()) else { return Ok(()) };
    // First where they are, so that one can be opened; then how they begin, which takes reading all of them.
    let Some(key) = metier_store::key_of(&app.site.folder)? else { return Ok(()) };
    let groups = Arc::new(reading::groups(found.candidates, &key, app.site.threads));
    if groups.is_empty() {
        return Ok(());
    }
    app.hold(held.with(groups.clone(), held.briefs.clone()));
    tell(app, "reading how sessions begin");
    let briefs = reading::briefs(&groups, &held.briefs, &key, app.site.threads);
    app.hold(held.with(groups, Arc::new(briefs)));
    Ok(())
}

fn rows(app: &App, store: &Store) -> Result<metier_store::Rows, Failure> {
    let labels = app.site.labels.as_deref();
    // A second rater corrects headline estimates only where it is plain who that is.
    Ok(store.rated_twice(labels, None).or_else(|_| store.rated(labels))?)
}

fn hold(app: &App, store: Store, revision: u64) -> Result<(), Failure> {
    let rows = rows(app, &store)?;
    let next = Held::new(revision, store, rows);
    app.hold(match app.now() {
        Some(before) => next.with(before.groups.clone(), before.briefs.clone()),
        None => next,
    });
    Ok(())
}
