//! Reads the cases that `parity/other.py` made and prints, for each kind, the largest relative difference to the
//! peer's results: `cargo run --release -p metier-stats --example parity_other -- FOLDER`. Exits with 1 if one is
//! above 1e-8 (power: 1e-6). With the word `simulate` for the folder it shows instead how often intervals with a
//! misclassified regressor contain the truth.

use std::collections::BTreeMap;
use std::process::ExitCode;

use metier_stats::bootstrap::Interval;
use metier_stats::linear::Regressor;
use metier_stats::means::{Estimate, Sample};
use metier_stats::prediction_powered::{self as powered, Tuning};
use metier_stats::sensitivity::{Benchmark, Confounder, Effect};
use metier_stats::{Error, distribution, logit, means, multiple, power};

#[path = "../tests/misclassified/mod.rs"]
mod misclassified;

/// Columns of a case by name.
type Columns = BTreeMap<String, Vec<f64>>;
type Results = Vec<(&'static str, Vec<f64>)>;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: parity_other FOLDER, or parity_other simulate");
        return ExitCode::from(2);
    };
    if folder == "simulate" {
        simulate();
        return ExitCode::SUCCESS;
    }
    match compare(&folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all cases of a folder agree.
fn compare(folder: &str) -> Result<bool, Box<dyn std::error::Error>> {
    let mut paths =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    let mut worst: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let mut lines = text.lines();
        let kind = lines.next().ok_or("an empty file")?;
        let mut columns = Columns::new();
        for line in lines {
            let mut words = line.split(' ');
            let name = words.next().ok_or("an empty line")?;
            columns.insert(name.to_owned(), words.map(str::parse).collect::<Result<_, _>>()?);
        }
        let results = results(kind, &columns).map_err(|error| format!("{}: {error}", path.display()))?;
        let (count, most) = worst.entry(kind.to_owned()).or_default();
        *count += 1;
        for (name, theirs) in
            columns.iter().filter_map(|(name, values)| Some((name.strip_prefix('=')?, values)))
        {
            let ours =
                &results.iter().find(|(own, _)| *own == name).ok_or(format!("{kind} has no {name}"))?.1;
            for (ours, theirs) in ours.iter().zip(theirs) {
                let difference =
                    if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs().max(1e-300) };
                // NaN must not pass.
                if difference.is_nan() || difference > *most {
                    *most = difference;
                    if difference.is_nan() || difference > 1e-6 {
                        println!("{kind} {name} of {}: {ours} here, {theirs} there", path.display());
                    }
                }
            }
            if ours.len() != theirs.len() {
                return Err(format!("{}: {} {name}, not {}", path.display(), ours.len(), theirs.len()).into());
            }
        }
    }
    let mut agree = !worst.is_empty();
    for (kind, (count, most)) in worst {
        let allowed = if kind.starts_with("power") { 1e-6 } else { 1e-8 };
        agree &= most <= allowed;
        println!("{kind:20} {count:4} cases  {most:.1e}{}", if most <= allowed { "" } else { "  TOO FAR" });
    }
    Ok(agree)
}

fn codes(values: &[f64]) -> Vec<u32> {
    values.iter().map(|value| *value as u32).collect()
}

fn results(kind: &str, columns: &Columns) -> Result<Results, Error> {
    let column = |name: &str| columns.get(name).map_or(&[][..], Vec::as_slice);
    let number = |name: &str| column(name).first().copied().unwrap_or(f64::NAN);
    let each = |of: &dyn Fn(f64) -> f64| column("x").iter().map(|x| of(*x)).collect::<Vec<f64>>();
    Ok(match kind {
        "student_two_sided" => vec![("p", each(&|t| distribution::student_two_sided(t, number("df"))))],
        "student_quantile" => vec![("t", each(&|p| distribution::student_quantile(p, number("df"))))],
        "f_upper" => vec![("p", each(&|f| distribution::f_upper(f, column("d")[0], column("d")[1])))],
        "chi_squared_upper" => vec![("p", each(&|x| distribution::chi_squared_upper(x, number("df"))))],
        "normal_upper" => vec![("p", each(&distribution::normal_upper))],
        "normal_quantile" => vec![("z", each(&distribution::normal_quantile))],
        "holm" => vec![("p", multiple::holm(column("p"))?)],
        "power" | "power_solved" | "power_shares" => powers(kind, &number, column("s"))?,
        "sensitivity" => {
            let effect = Effect::new(number("e"), number("s"), number("df"))?;
            vec![
                ("partial", vec![effect.partial_r_squared()]),
                ("rv", vec![effect.robustness_value(number("q"))?]),
                ("rva", vec![effect.robustness_value_of_significance(number("q"), 0.05)?]),
            ]
        }
        "adjusted" => {
            let confounder = Confounder { with_outcome: number("y"), with_treatment: number("d") };
            let adjusted = Effect::new(number("e"), number("s"), number("df"))?.adjusted(&confounder)?;
            vec![
                ("estimate", vec![adjusted.estimate]),
                ("std_error", vec![adjusted.std_error]),
                ("t", adjusted.t.into_iter().collect()),
            ]
        }
        "benchmark" => {
            let female = Benchmark { with_outcome: 0.109, with_treatment: 0.00908 };
            let confounder = female.times(number("k"), number("k"))?;
            vec![("d", vec![confounder.with_treatment]), ("y", vec![confounder.with_outcome])]
        }
        "ppi_mean" | "ppi_ols" => predictions(kind, columns)?,
        _ if kind.starts_with("logit") || kind.starts_with("margins") => logits(kind, columns)?,
        _ => estimate(kind, columns)?,
    })
}

fn powers(kind: &str, number: &dyn Fn(&str) -> f64, shares: &[f64]) -> Result<Results, Error> {
    let (effect, first, ratio, alpha) = (number("e"), number("n"), number("r"), number("a"));
    let sizes = [first, first * ratio];
    Ok(match kind {
        "power" => vec![("power", vec![power::power_of_means(effect, sizes, alpha)?])],
        "power_shares" => {
            vec![("power", vec![power::power_of_shares([shares[0], shares[1]], sizes, alpha)?])]
        }
        _ => vec![
            ("n", vec![power::size_for_means(effect, ratio, alpha, number("p"))?]),
            ("e", vec![power::detectable_difference_of_means(sizes, alpha, number("p"))?]),
        ],
    })
}

fn estimate(kind: &str, columns: &Columns) -> Result<Results, Error> {
    let clusters = columns.get("c").map(|values| codes(values));
    let sample = Sample {
        values: &columns["y"],
        weights: columns.get("w").map(Vec::as_slice),
        clusters: clusters.as_deref(),
    };
    let found = match kind {
        "mean" => means::mean(&sample)?,
        "share" => means::share(&sample)?,
        "geometric_mean" => means::geometric_mean(&sample)?,
        "ratio" => means::ratio(&sample, &columns["b"])?,
        "quantile" => means::quantile(&sample, columns["p"][0])?,
        _ => two_groups(kind, &sample, &columns["s"])?,
    };
    let Interval { low, high } = found.interval.unwrap_or(Interval { low: f64::NAN, high: f64::NAN });
    Ok(vec![
        ("estimate", vec![found.estimate]),
        ("std_error", found.std_error.into_iter().collect()),
        ("low", vec![low]),
        ("high", vec![high]),
    ])
}

fn two_groups(kind: &str, sample: &Sample, second: &[f64]) -> Result<Estimate, Error> {
    let rows =
        |wanted: f64| -> Vec<usize> { (0..second.len()).filter(|row| second[*row] == wanted).collect() };
    let parts = [0.0, 1.0].map(|wanted| {
        let rows = rows(wanted);
        let pick = |values: &[f64]| rows.iter().map(|row| values[*row]).collect::<Vec<f64>>();
        let clusters = sample.clusters.map(|codes| rows.iter().map(|row| codes[*row]).collect::<Vec<u32>>());
        (pick(sample.values), sample.weights.map(pick), clusters)
    });
    let [first, second] = [0, 1].map(|at| {
        let (values, weights, clusters) = &parts[at];
        Sample { values, weights: weights.as_deref(), clusters: clusters.as_deref() }
    });
    if kind == "difference" {
        means::difference(&first, &second)
    } else {
        means::ratio_of_means(&first, &second)
    }
}

fn logits(kind: &str, columns: &Columns) -> Result<Results, Error> {
    let names: Vec<String> = (0..columns["k"][0] as usize).map(|at| format!("x{at}")).collect();
    let regressors =
        names.iter().map(|name| Regressor { name: name.clone(), values: (&columns[name][..]).into() });
    let weights = columns.get("w").map(Vec::as_slice);
    let design = logit::Design { outcome: &columns["y"], regressors: regressors.collect(), weights };
    let clusters = codes(&columns["c"]);
    let covariance = match kind.rsplit('_').next() {
        Some("HC0") => logit::Covariance::Hc0,
        Some("HC1") => logit::Covariance::Hc1,
        Some("cluster") => logit::Covariance::Clustered(&clusters),
        _ => logit::Covariance::Classical,
    };
    let model = logit::Model::new(&design)?;
    let fit = model.with(&covariance)?;
    let of = |coefficients: &[logit::Coefficient], what: &dyn Fn(&logit::Coefficient) -> f64| {
        coefficients.iter().map(what).collect::<Vec<f64>>()
    };
    if kind.starts_with("margins") {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let effects = model.margins(&fit, &names)?;
        return Ok(vec![
            ("effect", of(&effects, &|one| one.estimate)),
            ("effect_error", of(&effects, &|one| one.std_error)),
        ]);
    }
    let all = &fit.coefficients;
    Ok(vec![
        ("estimate", of(all, &|one| one.estimate)),
        ("std_error", of(all, &|one| one.std_error)),
        ("p", of(all, &|one| one.p)),
        ("low", of(all, &|one| one.conf_low)),
        ("high", of(all, &|one| one.conf_high)),
        ("log_likelihood", vec![fit.log_likelihood]),
    ])
}

fn predictions(kind: &str, columns: &Columns) -> Result<Results, Error> {
    let tuning = match (columns.get("l"), columns.get("j")) {
        (Some(lambda), _) => Tuning::Fixed(lambda[0]),
        (None, Some(index)) => Tuning::Coefficient(index[0] as usize),
        (None, None) => Tuning::Overall,
    };
    let (y, f, u) = (&columns["y"], &columns["f"], &columns["u"]);
    let found = if kind == "ppi_mean" {
        vec![powered::mean(y, f, u, None, tuning)?]
    } else {
        let rows = |outcome, names: [&str; 2]| {
            let regressors = ["a", "b"].into_iter().zip(names);
            let regressor = |(name, values): (&str, &str)| Regressor {
                name: name.to_owned(),
                values: (&columns[values][..]).into(),
            };
            powered::Rows { outcome, regressors: regressors.map(regressor).collect() }
        };
        let (labelled, unlabelled) = (["x0", "x1"], ["z0", "z1"]);
        let sets = powered::Sets {
            truth: rows(y, labelled),
            predicted: rows(f, labelled),
            unlabelled: rows(u, unlabelled),
            clusters: None,
        };
        powered::predicted_outcome(&sets, tuning)?
    };
    let of = |what: &dyn Fn(&powered::Coefficient) -> f64| found.iter().map(what).collect::<Vec<f64>>();
    Ok(vec![
        ("estimate", of(&|one| one.estimate)),
        ("std_error", of(&|one| one.std_error)),
        ("low", of(&|one| one.conf_low)),
        ("high", of(&|one| one.conf_high)),
    ])
}

/// How often intervals contain the truth, by the number of labels and with or without clusters.
fn simulate() {
    println!("labels  clusters  tuning     covers  naive covers  error (labels alone)");
    for clustered in [false, true] {
        for labelled in [200, 600] {
            for tuning in [Tuning::Fixed(1.0), Tuning::Coefficient(1)] {
                let run = misclassified::run(2000, labelled, 4000, clustered, tuning);
                let name = if tuning == Tuning::Fixed(1.0) { "1" } else { "least" };
                println!(
                    "{labelled:6}  {:8}  {name:9}  {:5.1} %  {:10.1} %  {:.3} ({:.3})",
                    if clustered { "yes" } else { "no" },
                    100.0 * run.covers,
                    100.0 * run.naive_covers,
                    run.spread,
                    run.spread_alone,
                );
            }
        }
    }
}
