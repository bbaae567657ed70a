//! What the built-in labeller adds to reading: the same transcripts measured with and without labels, in turns, in one
//! process. `cargo run --release -p metier-label --example cost -- PATH…`.

use std::path::Path;
use std::time::{Duration, Instant};

use metier_label::builtin;
use metier_session::Key;
use metier_session::discover::{self, Found};
use metier_session::scan::{self, Scan, Take};

const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut found = Found::default();
    for path in std::env::args_os().skip(1) {
        discover::find(Path::new(&path), &mut found)?;
    }
    let key = Key::public();
    let threads = std::thread::available_parallelism()?.get();
    let scan = Scan { key: &key, threads, progress: &|_| {} };
    fn timed<T: Send>(found: &Found, scan: &Scan, take: &Take<T>) -> (Duration, usize) {
        let candidates = found.candidates.clone();
        let start = Instant::now();
        let (sessions, _) = scan::facts(candidates, scan, take);
        (start.elapsed(), sessions.len())
    }
    let (mut without, mut with) = (Vec::new(), Vec::new());
    // The first round fills caches, and makes what is made once.
    for round in 0..=ROUNDS {
        let (read, sessions) = timed(&found, &scan, &scan::nothing);
        let (labelled, _) = timed(&found, &scan, &builtin::label);
        if round == 0 {
            println!("{sessions} sessions, {threads} threads, {ROUNDS} rounds");
            println!("the first round: {read:.3?} without labels, {labelled:.3?} with");
            continue;
        }
        without.push(read);
        with.push(labelled);
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (without, with) = (median(&mut without), median(&mut with));
    println!(
        "median: {without:.3?} without labels, {with:.3?} with: × {:.3}",
        with.as_secs_f64() / without.as_secs_f64()
    );
    Ok(())
}
