//! `cargo xtask bench`: time and memory of a first scan, an unchanged one and one after a change, beside a peer in the same rounds. Prints a table for `docs/performance.md`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::Workspace;
use crate::corpus::Corpus;
use crate::peer::{self, Peer};

/// Rounds that count, after one to warm up.
const ROUNDS: usize = 5;

/// Measures, and prints the table.
///
/// # Errors
/// If the binary cannot be built, the corpus cannot be made, or a command fails. A missing peer is no error.
pub fn run(workspace: &Workspace, gigabytes: f64, keep: Option<&Path>) -> Result<()> {
    let binary = build(workspace)?;
    let peer = Peer::install(&workspace.target.join("bench"));
    if let Err(reason) = &peer {
        eprintln!("Only ours is measured, because the peer is missing: {reason:#}");
    }
    let folder = Temporary::new()?;
    let home = keep.map_or_else(|| folder.0.join("corpus"), Path::to_owned);
    eprintln!("Making a corpus of {gigabytes} GB.");
    let corpus = Corpus::make(workspace, &home, (gigabytes * 1e9) as u64)?;
    let bench = Bench { binary, peer: peer.ok(), corpus, folder };
    std::fs::create_dir_all(bench.nobody())?;

    let mut times = Times::default();
    for round in 0..=ROUNDS {
        eprintln!(
            "{}",
            if round == 0 { "Warming up.".to_owned() } else { format!("Round {round} of {ROUNDS}.") }
        );
        bench.round(if round == 0 { None } else { Some(&mut times) })?;
    }
    eprintln!("Measuring memory.");
    let memory = bench.memory()?;
    bench.print(gigabytes, &times, &memory)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let status = workspace.cargo(&["build", "--release", "--locked", "--package", "metier"]).status()?;
    if !status.success() {
        bail!("the release binary could not be built");
    }
    let binary = workspace.target.join("release").join(format!("metier{}", std::env::consts::EXE_SUFFIX));
    if !binary.is_file() {
        bail!("cargo built no {}", binary.display());
    }
    Ok(binary)
}

struct Bench {
    binary: PathBuf,
    peer: Option<Peer>,
    corpus: Corpus,
    folder: Temporary,
}

/// One duration a round.
#[derive(Default)]
struct Times {
    first: Vec<Duration>,
    native: Vec<Duration>,
    launcher: Vec<Duration>,
    unchanged: Vec<Duration>,
    changed: Vec<Duration>,
}

/// Peaks of resident memory in bytes; none where this machine has no way to tell.
struct Memory {
    ours: Option<u64>,
    native: Option<u64>,
}

impl Bench {
    /// Ours and the peer in turn, so that what else the machine does falls on both alike.
    fn round(&self, times: Option<&mut Times>) -> Result<()> {
        self.forget()?;
        let first = time(&mut self.scan())?;
        let (native, launcher) = match &self.peer {
            Some(peer) => {
                let native = time(&mut self.session(peer.native()))?;
                (Some(native), Some(time(&mut self.session(peer.launcher()))?))
            }
            None => (None, None),
        };
        let unchanged = time(&mut self.scan())?;
        let appended = Appended::to(&self.corpus)?;
        let changed = time(&mut self.scan());
        appended.undo()?;
        let changed = changed?;
        if let Some(times) = times {
            times.first.push(first);
            times.native.extend(native);
            times.launcher.extend(launcher);
            times.unchanged.push(unchanged);
            times.changed.push(changed);
        }
        Ok(())
    }

    fn memory(&self) -> Result<Memory> {
        self.forget()?;
        let ours = peak(&self.scan())?;
        let native = match &self.peer {
            Some(peer) => peak(&self.session(peer.native()))?,
            None => None,
        };
        Ok(Memory { ours, native })
    }

    fn store(&self) -> PathBuf {
        self.folder.0.join("store")
    }

    /// A user's home with nothing in it, so that neither finds more than the corpus.
    fn nobody(&self) -> PathBuf {
        self.folder.0.join("nobody")
    }

    fn forget(&self) -> Result<()> {
        let store = self.store();
        if store.exists() {
            std::fs::remove_dir_all(&store).with_context(|| format!("cannot remove {}", store.display()))?;
        }
        Ok(())
    }

    fn scan(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("scan").arg(self.corpus.projects()).arg("--store").arg(self.store()).arg("--quiet");
        self.alone(command)
    }

    fn session(&self, mut peer: Command) -> Command {
        peer.args(["session", "--offline"]).env("CLAUDE_CONFIG_DIR", &self.corpus.home);
        self.alone(peer)
    }

    fn alone(&self, mut command: Command) -> Command {
        let nobody = self.nobody();
        command.env("HOME", &nobody).env("USERPROFILE", &nobody);
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn print(&self, gigabytes: f64, times: &Times, memory: &Memory) -> Result<()> {
        let first = median(&times.first);
        let bytes = self.corpus.bytes as f64;
        println!("\n`cargo xtask bench --gigabytes {gigabytes}`: {}.", machine());
        println!(
            "Corpus: {} files, {:.2} GB, {}; in the page cache. Medians of {ROUNDS} rounds after one to warm up, in which all rows took turns.\n",
            self.corpus.files.len(),
            bytes / 1e9,
            self.corpus.made_from
        );
        println!("| what | median | least – most | to our first scan |");
        println!("| --- | ---: | ---: | ---: |");
        let row = |what: &str, times: &[Duration]| {
            if times.is_empty() {
                return;
            }
            let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
            println!(
                "| {what} | {} s | {} – {} | {} × |",
                figures(median(times)),
                figures(seconds(times.iter().min())),
                figures(seconds(times.iter().max())),
                figures(median(times) / first)
            );
        };
        row("`metier scan`, a new store", &times.first);
        row(&format!("`ccusage session --offline` {}, its native program", peer::VERSION), &times.native);
        row("the same through its launcher in node", &times.launcher);
        row("`metier scan`, nothing changed since", &times.unchanged);
        row("`metier scan`, one record added to the largest file", &times.changed);
        println!();
        println!("- Our first scan reads {} GB/s.", figures(bytes / 1e9 / first));
        let peak = |bytes: Option<u64>| match bytes {
            Some(bytes) => format!("{:.0} MB", bytes as f64 / 1e6),
            None => "not known on this system".to_owned(),
        };
        println!("- Peak resident memory of our first scan: {}.", peak(memory.ours));
        if self.peer.is_some() {
            println!("- Peak resident memory of the peer's native program: {}.", peak(memory.native));
        }
        println!("- The store: {:.0} kB.", size(&self.store())? as f64 / 1e3);
        Ok(())
    }
}

/// Runs a command to its end, and tells how long that took on the wall's clock.
fn time(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let took = start.elapsed();
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(took)
}

/// The most memory that a command held at once, in bytes: by GNU time where there is one, else by
/// asking Linux again and again for the high-water mark, whose last rise could be missed.
fn peak(command: &Command) -> Result<Option<u64>> {
    let again = |program: &Path| {
        let mut again = Command::new(program);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => again.env(name, value),
                None => again.env_remove(name),
            };
        }
        again.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        again
    };
    let program = Path::new(command.get_program());
    let gnu_time = Path::new("/usr/bin/time");
    if gnu_time.is_file() {
        let mut timed = again(gnu_time);
        timed.args(["-f", "%M"]).arg(program).args(command.get_args());
        let output = timed.output().with_context(|| format!("cannot run {timed:?}"))?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        // BSD's has the same name and no -f.
        if let (true, Some(kibibytes)) =
            (output.status.success(), told.lines().last().and_then(|line| line.trim().parse::<u64>().ok()))
        {
            return Ok(Some(kibibytes * 1024));
        }
    }
    let mut child = again(program);
    child.args(command.get_args()).stderr(Stdio::null());
    let mut child = child.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut most = None;
    while child.try_wait()?.is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = mark.and_then(|mark| mark.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(kibibytes.map(|kibibytes| kibibytes * 1024));
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(most)
}

/// A record added to the largest file of a corpus, to be taken back.
struct Appended {
    path: PathBuf,
    length: u64,
}

impl Appended {
    fn to(corpus: &Corpus) -> Result<Appended> {
        let mut largest = (0, None);
        for path in &corpus.files {
            largest = largest.max((std::fs::metadata(path)?.len(), Some(path)));
        }
        let (length, Some(path)) = largest else { bail!("the corpus has no files") };
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let session = text.rsplit_once("\"sessionId\":\"").and_then(|(_, rest)| rest.split('"').next());
        let session = session.with_context(|| format!("{} names no session", path.display()))?;
        let record = format!(
            r#"{{"parentUuid":null,"isSidechain":false,"type":"user","message":{{"role":"user","content":"And now the documentation."}},"uuid":"00000000-0000-4000-8000-000000000001","timestamp":"2030-01-01T00:00:00.000Z","sessionId":"{session}","cwd":"/home/ada/sum","version":"2.1.41"}}"#
        );
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(format!("{newline}{record}\n").as_bytes())?;
        Ok(Appended { path: path.clone(), length })
    }

    fn undo(self) -> Result<()> {
        let file = File::options().write(true).open(&self.path)?;
        file.set_len(self.length).with_context(|| format!("cannot restore {}", self.path.display()))
    }
}

/// A folder of this run, removed with all in it at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Temporary> {
        let path = std::env::temp_dir().join(format!("metier-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Temporary(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

/// In seconds.
fn median(times: &[Duration]) -> f64 {
    let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    match seconds.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => seconds[middle],
        _ => (seconds[middle - 1] + seconds[middle]) / 2.0,
    }
}

/// Two decimals, or two figures where that is more.
fn figures(value: f64) -> String {
    if value > 0.0 && value < 0.1 { format!("{value:.3}") } else { format!("{value:.2}") }
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// What ran it, as far as it says.
fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    format!("{model}, {threads} hardware threads, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let of =
            |millis: &[u64]| median(&millis.iter().map(|&ms| Duration::from_millis(ms)).collect::<Vec<_>>());
        assert_eq!(of(&[3000, 1000, 2000]), 2.0);
        assert_eq!(of(&[4000, 1000, 2000, 3000]), 2.5);
        assert!(of(&[]).is_nan());
    }
}
