//! Compares linear models with pyfixest and statsmodels: reads the folder that `parity/linear.py` writes, fits each
//! design, and prints the largest difference of each number by peer and covariance. Exits 1 if one is too large.
//!
//! Differences are relative; those of estimates and ends of intervals are relative to the standard error if that is
//! larger, for they may be near 0. Coefficients whose standard error is 0 but for rounding are not compared.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use metier_stats::linear::{Covariance, Design, Fit, FixedEffect, Model, Regressor};

/// The largest difference allowed.
const ALLOWED: f64 = 1e-8;
/// Below this, p values are near the end of double precision, and equal.
const SMALLEST_P: f64 = 1e-290;
const NUMBERS: [&str; 10] = [
    "estimate",
    "std_error",
    "t",
    "p",
    "conf_low",
    "conf_high",
    "degrees_of_freedom",
    "r_squared",
    "r_squared_within",
    "root_mean_squared_error",
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: parity_linear FOLDER (the one that parity/linear.py wrote)");
        return ExitCode::from(2);
    };
    match compare(Path::new(&folder)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Columns by name, as text.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Table, Box<dyn Error>> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
        let names = lines.next().ok_or_else(|| format!("{} is empty", path.display()))?;
        // A row with a missing value is no row of the design.
        let rows = lines.filter(|row: &Vec<String>| row.iter().all(|cell| !cell.is_empty())).collect();
        Ok(Table { names, rows })
    }

    fn column<T: std::str::FromStr>(&self, name: &str) -> Option<Vec<T>> {
        let index = self.names.iter().position(|other| other == name)?;
        self.rows.iter().map(|row| row.get(index)?.parse().ok()).collect()
    }

    /// The columns whose names are a letter and a number, in the order of their numbers.
    fn numbered<T: std::str::FromStr>(&self, letter: &str) -> Vec<(String, Vec<T>)> {
        let names = (0..).map(|number| format!("{letter}{number}"));
        names.map_while(|name| self.column(&name).map(|column| (name, column))).collect()
    }
}

fn compare(folder: &Path) -> Result<bool, Box<dyn Error>> {
    let mut worst: BTreeMap<(String, String, usize), (f64, String)> = BTreeMap::new();
    let mut designs = 0;
    loop {
        let path = folder.join(format!("{designs:03}.design.csv"));
        if !path.exists() {
            break;
        }
        let peers = Table::read(&folder.join(format!("{designs:03}.peer.csv")))?;
        one_design(&Table::read(&path)?, &peers, &format!("{designs:03}"), &mut worst)
            .map_err(|error| format!("design {designs:03}: {error}"))?;
        designs += 1;
    }
    if designs == 0 {
        return Err(format!("there are no designs in {}", folder.display()).into());
    }
    println!("{designs} designs; largest differences, relative");
    let mut good = true;
    for ((peer, covariance, number), (difference, place)) in &worst {
        let fine = *difference <= ALLOWED;
        good &= fine;
        let mark = if fine { "" } else { "  TOO LARGE" };
        println!("{peer:11}  {covariance:10}  {:23}  {difference:8.1e}  {place}{mark}", NUMBERS[*number]);
    }
    Ok(good)
}

fn theirs_has_nan(peers: &Table, covariance: &str) -> bool {
    peers.rows.iter().any(|line| line[1] == covariance && line[4] == "nan")
}

fn one_design(
    table: &Table,
    peers: &Table,
    name: &str,
    worst: &mut BTreeMap<(String, String, usize), (f64, String)>,
) -> Result<(), Box<dyn Error>> {
    let outcome: Vec<f64> = table.column("y").ok_or("column y")?;
    let weights: Option<Vec<f64>> = table.column("w");
    let clusters: Vec<(String, Vec<u32>)> = table.numbered("g");
    let regressor = |(name, values)| Regressor { name, values: Cow::Owned(values) };
    let effect = |(name, codes)| FixedEffect { name, codes: Cow::Owned(codes) };
    let design = Design {
        outcome: &outcome,
        regressors: table.numbered("x").into_iter().map(regressor).collect(),
        fixed_effects: table.numbered("f").into_iter().map(effect).collect(),
        weights: weights.as_deref(),
    };
    let model = Model::new(&design)?;
    let mut fits: BTreeMap<String, Fit> = BTreeMap::new();
    for line in &peers.rows {
        let [peer, covariance, coefficient, numbers @ ..] = &line[..] else {
            return Err("a short line".into());
        };
        if !fits.contains_key(covariance) {
            let asked = match covariance.as_str() {
                "iid" => Covariance::Classical,
                "HC1" => Covariance::Hc1,
                "HC3" => Covariance::Hc3,
                "CRV1:g0" => Covariance::Clustered(vec![&clusters[0].1]),
                "CRV1:g0+g1" => Covariance::Clustered(vec![&clusters[0].1, &clusters[1].1]),
                other => return Err(format!("unknown covariance {other}").into()),
            };
            match model.with(&asked) {
                Ok(fit) => fits.insert(covariance.clone(), fit),
                // The peer has NaN for one of the coefficients.
                Err(metier_stats::Error::NegativeVariance { .. }) if theirs_has_nan(peers, covariance) => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
        }
        let fit = &fits[covariance];
        if let Some(ours) =
            fit.coefficients.iter().find(|ours| peers.rows.iter().all(|line| line[2] != ours.name))
        {
            return Err(format!("{} is dropped by {peer}, but not by us", ours.name).into());
        }
        let theirs = numbers.iter().map(|number| number.parse()).collect::<Result<Vec<f64>, _>>()?;
        let [estimate, std_error, t, p, conf_low, conf_high, rows, freedom, r_squared, within, root] =
            theirs[..]
        else {
            return Err("a line of other length".into());
        };
        if fit.observations as f64 != rows {
            return Err(format!("{} rows, but {rows} of {peer}", fit.observations).into());
        }
        let Some(ours) = fit.coefficient(coefficient) else {
            return Err(format!("{coefficient} is dropped, but not by {peer}").into());
        };
        let pairs = [
            (ours.estimate, estimate, std_error),
            (ours.std_error, std_error, 0.0),
            (ours.t, t, 1.0),
            (ours.p, p, SMALLEST_P),
            (ours.conf_low, conf_low, std_error),
            (ours.conf_high, conf_high, std_error),
            (fit.degrees_of_freedom, freedom, 0.0),
            (fit.r_squared, r_squared, 0.0),
            (fit.r_squared_within.unwrap_or(f64::NAN), within, 0.0),
            (fit.root_mean_squared_error, root, 0.0),
        ];
        for (number, (ours, theirs, scale)) in pairs.into_iter().enumerate() {
            if theirs.is_nan() {
                continue;
            }
            let difference = (ours - theirs).abs() / theirs.abs().max(scale).max(f64::MIN_POSITIVE);
            let key = (peer.clone(), covariance.clone(), number);
            let entry = worst.entry(key).or_insert((-1.0, String::new()));
            let difference = if difference.is_nan() { f64::INFINITY } else { difference };
            if difference > entry.0 {
                *entry = (difference, format!("{name} {coefficient}"));
            }
        }
    }
    Ok(())
}
