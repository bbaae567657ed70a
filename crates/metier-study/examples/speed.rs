//! How long a store takes: reading its rows, choosing sessions, then each finding alone, of all sessions and under conditions.
//!
//! `cargo run --release -p metier-study --example speed -- FOLDER [CONDITION …]`. Each time is the shortest of three.

use std::time::Instant;

use metier_store::Store;
use metier_study::{FINDINGS, Settings, Study, study};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which store?")?;
    let conditions = arguments.map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
    let store = Store::open(folder.as_ref())?.ok_or("there is no store")?;
    let start = Instant::now();
    let rows = store.rows()?;
    println!("{:9.1} ms  reading", milliseconds(start));
    let everything = Settings::default();
    let some = Settings { conditions, ..Settings::default() };
    let shortest = |settings: &Settings, studies: &[&'static Study]| -> Result<f64, metier_study::Error> {
        let mut shortest = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            study(&rows, settings, studies)?;
            shortest = shortest.min(milliseconds(start));
        }
        Ok(shortest)
    };
    println!("{:>9}     {:>9}", "all", "some");
    let row = |name: &str, studies: &[&'static Study]| -> Result<(), metier_study::Error> {
        let (all, some) = (shortest(&everything, studies)?, shortest(&some, studies)?);
        println!("{all:9.1} ms  {some:9.1} ms  {name}");
        Ok(())
    };
    row("choosing sessions, which is in each of the others", &[])?;
    for finding in &FINDINGS {
        row(finding.name, &[finding])?;
    }
    row("all findings", &FINDINGS.iter().collect::<Vec<_>>())?;
    Ok(())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
