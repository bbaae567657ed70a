//! Times one regression of 400,000 rows with five fixed effects and errors in 235,000 clusters, on the columns that
//! `parity/speed.py` writes, beside the time that pyfixest took on them. `cargo xtask parity` runs both.

use std::borrow::Cow;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use metier_stats::linear::{Covariance, Design, FixedEffect, Regressor, fit};

const TIMES: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: speed FOLDER")?;
    let folder = Path::new(&folder);
    let floats = |name: &str| -> Result<Vec<f64>, std::io::Error> {
        let bytes = std::fs::read(folder.join(name))?;
        Ok(bytes.chunks_exact(8).map(|it| f64::from_le_bytes(it.try_into().unwrap_or_default())).collect())
    };
    let codes = |name: &str| -> Result<Vec<u32>, std::io::Error> {
        let bytes = std::fs::read(folder.join(name))?;
        Ok(bytes.chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().unwrap_or_default())).collect())
    };
    let (y, x, person) = (floats("y")?, floats("x")?, codes("person")?);
    let effects = ["f0", "f1", "f2", "f3", "f4"].map(|name| Ok((name, codes(name)?)));
    let effects = effects.into_iter().collect::<Result<Vec<_>, std::io::Error>>()?;
    let peer = std::fs::read_to_string(folder.join("peer.txt"))?;
    let peer = peer.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [theirs, estimate, std_error] = peer[..] else { return Err("peer.txt has not three numbers".into()) };

    let before = resident("VmRSS:");
    let mut took = Vec::new();
    let mut last = None;
    for _ in 0..TIMES {
        let start = Instant::now();
        let design = Design {
            outcome: &y,
            regressors: vec![Regressor { name: "x".into(), values: Cow::Borrowed(&x) }],
            fixed_effects: effects
                .iter()
                .map(|(name, codes)| FixedEffect { name: (*name).into(), codes: Cow::Borrowed(codes) })
                .collect(),
            weights: None,
        };
        last = Some(fit(&design, &Covariance::Clustered(vec![&person]))?);
        took.push(start.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    let ours = took[TIMES / 2];
    let fit = last.ok_or("nothing was fitted")?;
    let one = fit.coefficient("x").ok_or("no coefficient of x")?;
    println!("{} rows, {:?} clusters", fit.observations, fit.clusters);
    println!("here      {:8.4} s   {:.12} ({:.12})", ours, one.estimate, one.std_error);
    println!("pyfixest  {theirs:8.4} s   {estimate:.12} ({std_error:.12})   warm");
    println!("ratio     {:8.3}", ours / theirs);
    if let (Some(before), Some(most)) = (before, resident("VmHWM:")) {
        println!("memory    {most} MB at most, {before} MB of them the columns and the program");
    }
    Ok(())
}

/// Megabytes that the system counts for this process, on Linux.
fn resident(what: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
