//! `metier simulate`: a store of simulated sessions with planted effects, the truth beside it, and on request transcripts of the same sessions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use metier_label::{Labels, Rater, file, rubric};
use metier_study::simulate::{Design, Effects, Place, Population, key_bytes};

use crate::Ended;
use crate::cli::{self, All};

mod store;
mod transcripts;

/// The rater whose labels in a label file are those of the rows.
const SIMULATED: &str = "simulated";

/// Transcripts are large, and a simulated session costs as much to read as a real one.
const MOST_TRANSCRIPTS: u32 = 2_000;

pub(crate) fn run(command: &cli::Simulate, all: &All) -> Result<Ended> {
    if command.effect.iter().any(|effect| effect == "help") {
        return help();
    }
    let Some(out) = &command.out else { bail!("name a new or empty folder with --out DIR") };
    let design = design(command)?;
    if command.transcripts.is_some() && design.sessions > MOST_TRANSCRIPTS {
        bail!("{} sessions are too many for transcripts: at most {MOST_TRANSCRIPTS}", design.sessions);
    }
    // Without a slash at its end, behind which the key would stand.
    let out: PathBuf = out.components().collect();
    if fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some()) || key_path(&out).exists() {
        bail!("{} is not empty or has a key beside it: name a new folder", out.display());
    }
    let population = Population::new(&design);
    write(&population, &design, &out, command, all)?;
    if command.transcripts.is_some() {
        write_transcripts(&population, &out)?;
    }
    let truth = serde_json::to_string_pretty(&population.truth())?;
    let path = out.join("truth.json");
    fs::write(&path, format!("{truth}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    if all.json {
        anstream::println!("{truth}");
    } else if !all.quiet {
        let (sessions, people) = (design.sessions, design.people);
        let out = out.display();
        anstream::eprintln!(
            "simulated {sessions} sessions of {people} people in {out}; what was planted: {out}/truth.json"
        );
        anstream::eprintln!("  metier summary --store {out}");
    }
    Ok(Ended::Done)
}

/// Lists the knobs.
fn help() -> Result<Ended> {
    use std::io::Write;
    let mut out = anstream::stdout().lock();
    for knob in Effects::KNOBS {
        let (low, high) = knob.range;
        writeln!(out, "{:<26} {:>6}  in {low}..={high}: {}", knob.name, knob.default, knob.means)?;
    }
    Ok(Ended::Done)
}

fn design(command: &cli::Simulate) -> Result<Design> {
    let sessions = command.sessions;
    // As many sessions a person as in the published sample.
    let people = command.people.unwrap_or(sessions - sessions * 2 / 5);
    if people > sessions {
        bail!("{people} people cannot have {sessions} sessions: everybody has at least one");
    }
    let mut turned = Vec::new();
    for effect in &command.effect {
        let (name, value) = effect
            .split_once('=')
            .with_context(|| format!("{effect:?} is no effect: give --effect NAME=VALUE"))?;
        let value: f64 =
            value.trim().parse().with_context(|| format!("the value of effect {effect:?} is no number"))?;
        turned.push((name.trim(), value));
    }
    let effects = Effects::with(&turned)?;
    let (label_error, labelled) = (command.label_error, command.labelled);
    for (flag, share) in [("--label-error", label_error), ("--labelled", labelled)] {
        if !(0.0..=1.0).contains(&share) {
            bail!("{flag} {share} is no share: give 0 to 1");
        }
    }
    Ok(Design { sessions, people, seed: command.seed, effects, label_error, labelled })
}

/// Where the key of a store stands.
fn key_path(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Writes the store: the key, the true labels, the rows.
fn write(
    population: &Population,
    design: &Design,
    out: &Path,
    command: &cli::Simulate,
    all: &All,
) -> Result<()> {
    let key = key_path(out);
    // The folder itself the store makes, for its owner alone.
    if let Some(folder) = key.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&key, key_bytes(design.seed)).with_context(|| format!("cannot write {}", key.display()))?;
    if let Some(mode) = command.mode {
        metier_store::make(out, mode, command.enough.thresholds(), &|| {})?;
    }
    if design.labelled > 0.0 {
        let labels = population.places().filter_map(|place| {
            let simulated = population.session(place);
            Some((simulated.row.session, simulated.truth?))
        });
        metier_store::put_labels(out, labels.collect(), &|| {})?;
    }
    store::write(population, out, all.threads())
}

/// Writes transcripts, and the labels that they cannot carry.
fn write_transcripts(population: &Population, out: &Path) -> Result<()> {
    let mut places: Vec<Place> = population.places().collect();
    places.sort_by_key(|place| place.session);
    let mut labels: Vec<(file::Name, Labels)> = Vec::new();
    for place in places {
        let simulated = population.session(place);
        transcripts::write(&simulated, &out.join("transcripts"))?;
        let own = Labels { rater: Rater::new(SIMULATED), ..simulated.row.labels };
        for labels_of in [Some(own), simulated.truth].into_iter().flatten() {
            let name = file::Name { session: Some(simulated.id.clone()), ..file::Name::default() };
            labels.push((name, labels_of));
        }
    }
    let path = out.join("labels.jsonl");
    let mut bytes = Vec::new();
    file::write(&labels, rubric(), &mut bytes)?;
    fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
