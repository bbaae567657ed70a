//! `metier label`: sessions, asked of the model that the user named. How it is asked stands in `metier-label`.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use indicatif::{ProgressBar, ProgressStyle};
use metier_label::model::{
    Cache, Endpoint, Estimate, How, Job, Labelled, Labeller, Mask, Options, Patience, Plan, Settings, Totals,
};
use metier_label::{Labels, Limits, Masker, messages, render, render_messages, rubric};
use metier_session::scan::{self, Scan};
use metier_session::{Facts, Id, Key, Session};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::json;

use crate::cli::{self, All};
use crate::{Ended, labels_io, places};

pub(crate) fn run(command: &cli::Label, all: &All) -> Result<Ended> {
    if let Some(ended) = labels_io::run(command, all)? {
        return Ok(ended);
    }
    let endpoint = endpoint(command)?;
    // Before the transcripts are read: a missing key is better told at once.
    let key = if command.dry_run { None } else { endpoint.key(&|name| std::env::var(name).ok())? };
    if !all.quiet && key.is_some() && endpoint.base_url.starts_with("http://") && !endpoint.is_loopback() {
        anstream::eprintln!(
            "metier: {} is not encrypted: key and sessions can be read on the way",
            endpoint.base_url
        );
    }
    let jobs = jobs(command, all)?;
    if jobs.is_empty() {
        if !all.quiet {
            anstream::eprintln!("no sessions to label: name other places with --transcripts");
        }
        return Ok(Ended::Finding);
    }
    let cache = cache_file(command, all)?;
    if command.dry_run {
        return dry_run(endpoint, &cache, jobs, command);
    }
    let options = Options {
        budget: command.budget,
        patience: Patience {
            seed: command.seed,
            first_wait: Duration::from_millis(command.first_wait_ms),
            ..Patience::default()
        },
        poll: Duration::from_secs_f64(command.poll_s),
        ..Options::default()
    };
    let labeller = Labeller::new(endpoint, key, Cache::open(&cache)?, masker(), options)?;
    let estimate = labeller.plan().estimate(jobs.iter())?;
    if !all.quiet {
        tell_estimate(&jobs, &estimate, labeller.plan().endpoint());
    }
    let bar = bar(all, jobs.len() as u64);
    let mut out = std::io::stdout().lock();
    let mut keeper = Keeper::new(all)?;
    let mut broken = None;
    let ended = labeller.label(jobs.into_iter(), |labelled| {
        if broken.is_none()
            && let Err(error) = keeper.keep(&mut out, labelled, all)
        {
            // What cannot be kept shall not be paid.
            labeller.halt();
            broken = Some(error);
        }
        bar.inc(1);
        bar.set_message(dollars(labeller.totals().usd));
    });
    bar.finish_and_clear();
    if broken.is_none()
        && let Err(error) = keeper.flush(all)
    {
        broken = Some(error);
    }
    let totals = labeller.totals();
    if broken.is_none() {
        if all.json {
            writeln!(out, "{}", json!({ "totals": totals_json(&totals) }))?;
        }
        out.flush()?;
    }
    if !all.quiet {
        tell(&totals, &labeller.said());
    }
    if let Some(error) = broken {
        return Err(error);
    }
    ended?;
    Ok(if totals.failed.is_empty() { Ended::Done } else { Ended::Finding })
}

/// Brings labels into the store, and prints them if that was asked for.
struct Keeper {
    folder: PathBuf,
    /// `None` if there is no store: ids need its key.
    key: Option<Key>,
    some: Vec<(Id, Labels)>,
}

impl Keeper {
    /// Labels that are put into the store at once: each time those of the rater are written anew.
    const AT_ONCE: usize = 1_000;

    fn new(all: &All) -> Result<Keeper> {
        let folder = places::store(all.store.as_deref())?;
        let key = metier_store::key_of(&folder)?;
        if key.is_none() && !all.quiet {
            anstream::eprintln!(
                "no store at {} yet: after `metier scan` the same command puts the labels there, from the cache",
                folder.display()
            );
        }
        Ok(Keeper { folder, key, some: Vec::new() })
    }

    fn keep(&mut self, out: &mut impl Write, labelled: Labelled, all: &All) -> Result<()> {
        let Labelled { session: name, labels, how, rationale, .. } = labelled;
        if matches!(how, How::Refused | How::Failed(_)) {
            return Ok(());
        }
        if all.json {
            let mut line = labels.to_json(rubric());
            let session = name.split_once('/').map_or(name.as_str(), |(_, session)| session);
            line.insert("session".to_owned(), session.into());
            if let Some(rationale) = rationale {
                line.insert("rationale".to_owned(), rationale.into());
            }
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        }
        // The id that a scan gives: of the agent and its own id of the session.
        self.some.extend(self.key.as_ref().map(|key| (key.id("session", &name), labels)));
        if self.some.len() >= Keeper::AT_ONCE { self.flush(all) } else { Ok(()) }
    }

    fn flush(&mut self, all: &All) -> Result<()> {
        if self.some.is_empty() {
            return Ok(());
        }
        let some = std::mem::take(&mut self.some);
        metier_store::put_labels(&self.folder, some, &|| {
            if !all.quiet {
                anstream::eprintln!("another metier is at work on {}: waiting for it", self.folder.display());
            }
        })?;
        Ok(())
    }
}

/// What every text goes through before anything else sees it.
fn masker() -> Box<Mask<'static>> {
    let masker = Masker::new(&own_names());
    Box::new(move |text| masker.mask(text).text.into_owned())
}

/// What names the person of this machine: the home folder, and what git calls them.
fn own_names() -> Vec<String> {
    let Some(home) = std::env::home_dir() else { return Vec::new() };
    let mut names: Vec<String> =
        home.file_name().map(|name| name.to_string_lossy().into_owned()).into_iter().collect();
    // Both places that git looks for a person's configuration; what includes or conditions say is not followed.
    for file in [home.join(".gitconfig"), home.join(".config").join("git").join("config")] {
        let mut of_user = false;
        for line in std::fs::read_to_string(file).unwrap_or_default().lines().map(str::trim) {
            if line.starts_with('[') {
                of_user = line.eq_ignore_ascii_case("[user]");
            } else if let Some((name, value)) = line.split_once('=').filter(|_| of_user)
                && matches!(name.trim(), "name" | "email")
            {
                names.push(value.trim().trim_matches('"').to_owned());
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The endpoint that the user named: by an entry of the configuration, by flags, or both.
fn endpoint(command: &cli::Label) -> Result<Endpoint> {
    let on = |flag: bool| flag.then_some(true);
    let flags = Settings {
        api: command.api,
        base_url: command.base_url.clone(),
        model: command.model.clone(),
        key_env: command.key_env.clone(),
        concurrency: command.concurrency,
        requests_per_minute: command.requests_per_minute,
        timeout_s: command.timeout_s,
        max_output_tokens: command.max_output_tokens,
        temperature: command.temperature,
        input_usd_per_mtok: command.input_usd_per_mtok,
        output_usd_per_mtok: command.output_usd_per_mtok,
        batch: on(command.batch),
        one_question_per_call: on(command.one_question_per_call),
        rationale: command.no_rationale.then_some(false),
    };
    let (settings, place) = match &command.labeller {
        Some(name) => {
            let file = config_file(command.config.as_deref())?;
            let entry = Settings::of_file(&file, name)?;
            (flags.over(entry), format!("{} [labeller.{name}]", file.display()))
        }
        None if flags.api.is_none() && flags.model.is_none() => bail!(
            "no model is asked unless you name it: --labeller NAME for an entry of the configuration, or --api and --model"
        ),
        None => (flags, "the flags".to_owned()),
    };
    Ok(Endpoint::new(settings, &place)?)
}

fn config_file(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_owned());
    }
    let strategy = etcetera::choose_base_strategy().context(
        "this machine does not say where your home folder is: name the configuration with --config",
    )?;
    Ok(strategy.config_dir().join("metier").join("config.toml"))
}

/// The file of all answers: what the user named, else beside the store.
fn cache_file(command: &cli::Label, all: &All) -> Result<PathBuf> {
    if let Some(file) = &command.cache {
        return Ok(file.clone());
    }
    let store = places::store(all.store.as_deref())?;
    Ok(store.parent().unwrap_or(Path::new("")).join("labels.sqlite"))
}

/// The sessions to label, rendered, in the order of their first records.
fn jobs(command: &cli::Label, all: &All) -> Result<Vec<Job>> {
    let named: Vec<&str> = command.sessions.iter().map(String::as_str).collect();
    let (files, ids): (Vec<&str>, Vec<&str>) = named.iter().partition(|name| Path::new(name).is_file());
    let mut places: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    if files.is_empty() || !ids.is_empty() {
        places.extend(command.transcripts.iter().cloned());
    }
    let is_wanted =
        |session: &str| named.is_empty() || !files.is_empty() || ids.iter().any(|id| session.starts_with(id));
    let takes_part = |session: &Session, facts: &Facts| {
        is_wanted(&session.id) && (command.headless || !named.is_empty() || facts.headless != Some(true))
    };
    let chosen: Option<HashSet<String>> = if command.limit.is_some() || command.sample.is_some() {
        let sessions = read(&places, all, &|session, facts| takes_part(session, facts).then_some(()))?;
        Some(choose(sessions.into_iter().map(|(name, ())| name).collect(), command))
    } else {
        None
    };
    let limits = Limits::default();
    let job = |session: &Session, facts: &Facts| {
        let name = format!("{}/{}", session.agent, session.id);
        if !takes_part(session, facts) || chosen.as_ref().is_some_and(|chosen| !chosen.contains(&name)) {
            return None;
        }
        Some(Job {
            session: name,
            text: render(session, &limits),
            messages_text: render_messages(session, &limits),
            messages: messages(session).count(),
        })
    };
    let jobs: Vec<Job> = read(&places, all, &job)?.into_iter().map(|(_, job)| job).collect();
    for id in ids {
        if !jobs
            .iter()
            .any(|job| job.session.split_once('/').is_some_and(|(_, session)| session.starts_with(id)))
        {
            bail!(
                "there is no session {id:?}: `metier facts` lists those that there are; --transcripts names other places"
            );
        }
    }
    Ok(jobs)
}

/// What is taken from sessions, each with its agent and id.
fn read<T: Send>(
    places: &[PathBuf],
    all: &All,
    take: &(dyn Fn(&Session, &Facts) -> Option<T> + Sync),
) -> Result<Vec<(String, T)>> {
    let found = places::transcripts(places)?;
    let key = Key::public();
    let scan = Scan { key: &key, threads: all.threads(), progress: &|_| {} };
    let (sessions, _) = scan::facts(found.candidates, &scan, &take);
    let named = sessions.into_iter().filter_map(|session| {
        let name = format!("{}/{}", session.facts.agent, session.session);
        session.taken.map(|taken| (name, taken))
    });
    Ok(named.collect())
}

/// A sample by chance, or the newest; the same for the same seed.
fn choose(mut sessions: Vec<String>, command: &cli::Label) -> HashSet<String> {
    if let Some(sample) = command.sample {
        let mut random = ChaCha8Rng::seed_from_u64(command.seed);
        for at in 0..sample.min(sessions.len()) {
            // The bias of the remainder is below 2⁻⁴⁰ for any number of sessions that a disk holds.
            let rest = (sessions.len() - at) as u64;
            let other = at + (random.next_u64() % rest) as usize;
            sessions.swap(at, other);
        }
        sessions.truncate(sample);
    }
    if let Some(limit) = command.limit {
        sessions.drain(..sessions.len().saturating_sub(limit));
    }
    sessions.into_iter().collect()
}

fn dry_run(endpoint: Endpoint, cache: &Path, jobs: Vec<Job>, command: &cli::Label) -> Result<Ended> {
    // Looks into the cache if there is one; makes none.
    let cache = if cache.is_file() { Some(Cache::open(cache)?) } else { None };
    let plan = Plan::new(endpoint, cache, masker())?;
    let mut out = std::io::stdout().lock();
    plan.dry_run::<anyhow::Error>(jobs.into_iter(), Options::default().batch_calls, |sent| {
        let sessions =
            sent.sessions.iter().map(|name| name.split_once('/').map_or(*name, |(_, id)| id)).collect();
        serde_json::to_writer(&mut out, &metier_label::model::Sent { sessions, ..sent })?;
        writeln!(out)?;
        Ok(())
    })?;
    out.flush()?;
    let _ = command;
    Ok(Ended::Done)
}

fn bar(all: &All, sessions: u64) -> ProgressBar {
    use std::io::IsTerminal;
    if all.quiet || all.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(sessions);
    let style = ProgressStyle::with_template("labelling {bar:30} {pos}/{len} {msg} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn dollars(usd: Option<f64>) -> String {
    usd.map_or_else(|| "cost unknown".to_owned(), |usd| format!("${usd:.4}"))
}

fn tell_estimate(jobs: &[Job], estimate: &Estimate, endpoint: &Endpoint) {
    let Estimate { calls, input, output, usd } = estimate;
    let cost = match usd {
        Some(usd) => format!("about ${usd:.2}"),
        None => "cost unknown (no prices are set)".to_owned(),
    };
    anstream::eprintln!(
        "{} sessions to {} at {}: {calls} calls, about {input} tokens sent and {output} answered, {cost}",
        jobs.len(),
        endpoint.rater(),
        endpoint.host()
    );
}

fn totals_json(totals: &Totals) -> serde_json::Value {
    let counts = |counts: &std::collections::BTreeMap<metier_label::model::Reason, u64>| {
        counts.iter().map(|(reason, count)| (reason.name(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    json!({
        "labelled": totals.labelled, "cached": totals.cached, "refused": totals.refused, "failed": counts(&totals.failed),
        "unanswered": counts(&totals.unanswered), "calls": totals.calls, "tokens_sent": totals.sent,
        "tokens_answered": totals.answered, "usd": totals.usd,
    })
}

fn tell(totals: &Totals, said: &[String]) {
    let Totals { labelled, cached, refused, failed, unanswered, calls, sent, answered, usd } = totals;
    let by_reason = |counts: &std::collections::BTreeMap<_, u64>| {
        let each: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        each.join(", ")
    };
    let mut told =
        format!("{labelled} sessions labelled, {cached} of them from the cache; {refused} refused; ");
    let failures: u64 = failed.values().sum();
    told.push_str(&format!("{failures} failed"));
    if failures > 0 {
        told.push_str(&format!(" ({})", by_reason(failed)));
    }
    told.push_str(&format!("; {calls} calls, {sent} tokens sent, {answered} answered, {}", dollars(*usd)));
    anstream::eprintln!("{told}");
    if !unanswered.is_empty() {
        anstream::eprintln!("questions without an answer: {}", by_reason(unanswered));
    }
    for words in said {
        anstream::eprintln!("the server said: {words}");
    }
}
