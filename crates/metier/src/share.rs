//! `metier share`: a bundle of what passed the gate, or of one's own rows for a collector.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use metier_report::Detail;
use metier_store::{Rows, Store};
use metier_study::share::{self, Bundle, Kind, Made, Signer};
use metier_study::{Condition, FINDINGS, Settings, Study};

use crate::cli::{self, All};
use crate::ledger::{Ledgered, today};
use crate::summary::{settings, style};
use crate::{Ended, places};

pub(crate) fn run(command: &cli::Share, all: &All) -> Result<Ended> {
    let folder = places::store(all.store.as_deref())?;
    let Some(store) = Store::open(&folder)? else {
        bail!("there is no store at {}: run `metier scan` first, or name it with --store", folder.display());
    };
    if command.out.exists() {
        bail!("{} is there already: name another file with --out", command.out.display());
    }
    if command.sign.as_ref() == Some(&command.out) {
        bail!("--sign and --out name the same file");
    }
    if command.epsilon.is_some() {
        return noisy(command, &store, all);
    }
    match &command.recipient {
        Some(recipient) => rows(command, recipient, &store, all),
        None => aggregates(command, &store, all),
    }
}

/// How a bundle of this store is made.
pub(crate) fn made(store: &Store) -> Result<Made> {
    let key = metier_store::key_of(store.folder())?.context("the store is gone")?;
    Ok(Made {
        metier: env!("CARGO_PKG_VERSION").to_owned(),
        facts: metier_session::measure::VERSION,
        labels: metier_label::builtin::VERSION,
        rubric: metier_label::rubric().hash.to_string(),
        source: key.source(),
        day: today()?,
    })
}

fn aggregates(command: &cli::Share, store: &Store, all: &All) -> Result<Ended> {
    let studies: Vec<&'static Study> = match command.findings.as_slice() {
        [] => FINDINGS.iter().collect(),
        names => names.iter().map(|name| metier_study::find(name)).collect::<Result<_, _>>()?,
    };
    let conditions: Vec<Condition> =
        command.conditions.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let settings = Settings { conditions, ..settings(command.by, command.headless) };
    let rows: Rows = store.rated(command.labels.as_deref())?;
    let mut ledger = Ledgered::open(store)?;
    let (bundle, summary, findings) =
        Bundle::of(&rows, &settings, &studies, &mut ledger.ledger, made(store)?).with_context(|| {
            match store.mode().is_pooled() {
                true => "the gate",
                false => "this is one person's store, and what it tells is about that person: `metier share --rows --for NAME` \
                    gives rows to a collector whom you trust",
            }
        })?;
    std::mem::forget(rows);
    // The preview is a release: whoever sees it knows the numbers.
    let count =
        if command.findings.is_empty() { "all findings".to_owned() } else { command.findings.join(", ") };
    ledger.enter(format!("bundle of {count} by {}", settings.by), None)?;
    // Others need not wait for an answer to the question below.
    drop(ledger);
    let body = bundle.write();
    if !all.quiet {
        let mut out = anstream::stdout().lock();
        write!(out, "{}", metier_report::terminal(&summary, &findings, &style(Detail::Full)))?;
        writeln!(
            out,
            "\nThe bundle holds {} numbers of {} findings in {} kB: of each what you see above, not rounded, and with what adds up \
             the sums over people of it and of its squares. It says that it is of store {}, {}, metier {}, rubric {}. \
             It holds no id, no time, no project and no text.",
            bundle.numbers(),
            findings.len(),
            body.len().div_ceil(1000),
            bundle.made.source,
            bundle.made.day,
            bundle.made.metier,
            bundle.made.rubric,
        )?;
    }
    if !agreed(command, "Write it?", true)? {
        return Ok(Ended::Finding);
    }
    write_bundle(command, Kind::Aggregates, &body, all)
}

fn rows(command: &cli::Share, recipient: &str, store: &Store, all: &All) -> Result<Ended> {
    let own = store.rated(command.labels.as_deref())?.into_owners()?;
    let interactive: Vec<_> = (own.into_iter())
        .filter(|row| command.headless || row.facts.headless != Some(true))
        .filter(|row| row.facts.prompts > 0)
        .collect();
    if interactive.is_empty() {
        bail!("the store has no sessions to share");
    }
    let key = metier_store::key_of(store.folder())?.context("the store is gone")?;
    let shared = share::pseudonymous(&interactive, &key.for_recipient(recipient));
    let days: Vec<String> = {
        let mut days: Vec<String> = shared
            .iter()
            .filter_map(|row| row.facts.first)
            .map(|day| day.to_string()[..10].to_owned())
            .collect();
        days.sort_unstable();
        days
    };
    let people: std::collections::BTreeSet<_> = shared.iter().filter_map(|row| row.person).collect();
    let columns: Vec<String> =
        metier_store::schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut out = anstream::stdout().lock();
    writeln!(
        out,
        "For {recipient}: {} sessions of {} people, {} to {}, one row each. Whoever has the rows can see how you work, day by \
         day.\n\nIn each row: {}.\n\nMade for this recipient: the ids of sessions and people. Days, not times: first, last. \
         Families, not versions: models. Left empty: project, agent_version, languages, occupation, work_occupation.\n\nThe first row:",
        shared.len(),
        people.len(),
        days.first().map_or("no day", String::as_str),
        days.last().map_or("no day", String::as_str),
        columns.join(", "),
    )?;
    let first = &shared[0];
    writeln!(
        out,
        "  session {}, person {}",
        first.session,
        first.person.map_or("none".to_owned(), |id| id.to_string())
    )?;
    writeln!(out, "  {}", serde_json::to_string(&first.facts)?)?;
    writeln!(
        out,
        "  labels {:?}",
        first.labels.answers.iter().flatten().map(|one| one.value).collect::<Vec<_>>()
    )?;
    drop(out);
    if !agreed(command, &format!("Write these {} rows for {recipient}?", shared.len()), false)? {
        return Ok(Ended::Finding);
    }
    let body = share::write_rows(made_for(store, recipient)?, &metier_store::rows_to_bytes(&shared)?);
    write_bundle(command, Kind::Rows, &body, all)
}

/// The same for a recipient, who must not be able to tell that another one's rows are of the same store.
fn made_for(store: &Store, recipient: &str) -> Result<Made> {
    let key = metier_store::key_of(store.folder())?.context("the store is gone")?;
    Ok(Made { source: key.for_recipient(recipient).source(), ..made(store)? })
}

#[cfg(feature = "dp")]
use crate::noisy::share as noisy;

#[cfg(not(feature = "dp"))]
fn noisy(_: &cli::Share, _: &Store, _: &All) -> Result<Ended> {
    bail!("{}", crate::WITHOUT_NOISE)
}

/// Whether the user says yes. Aggregates that passed the gate are written without asking where nobody can answer; rows are not.
pub(crate) fn agreed(command: &cli::Share, question: &str, unasked: bool) -> Result<bool> {
    if command.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        if unasked {
            return Ok(true);
        }
        bail!("nobody is here to say yes: look at the preview above, and add --yes");
    }
    anstream::eprint!("\n{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let yes = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    if !yes {
        anstream::eprintln!("nothing was written");
    }
    Ok(yes)
}

pub(crate) fn write_bundle(command: &cli::Share, kind: Kind, body: &[u8], all: &All) -> Result<Ended> {
    let signer = command.sign.as_deref().map(signer).transpose()?;
    let bytes = share::seal(kind, body, signer.as_ref());
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    // Whoever may read it is for its owner to say.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file =
        options.open(&command.out).with_context(|| format!("cannot write {}", command.out.display()))?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", command.out.display()))?;
    if !all.quiet {
        anstream::eprintln!("wrote {} ({} kB)", command.out.display(), bytes.len().div_ceil(1000));
        if let Some(signer) = signer {
            anstream::eprintln!("signed; recipients check it with --signed-by {}", signer.public());
        }
    }
    Ok(Ended::Done)
}

/// The signing key in a file, or a new one in it.
fn signer(path: &Path) -> Result<Signer> {
    let key = match fs::read(path) {
        Ok(key) => key,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Signer::make()?;
            let mut options = fs::File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
            file.write_all(&key).with_context(|| format!("cannot write {}", path.display()))?;
            key
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    Signer::new(&key).with_context(|| format!("{}", path.display()))
}
