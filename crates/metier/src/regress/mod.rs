//! `metier regress`: models of `metier-stats` on the columns of a file.

mod data;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use metier_report::{Format, Shown};
use metier_stats::linear::{Covariance, Design, FixedEffect, Regressor};
use metier_stats::{Error, linear, logit};
use metier_study::{Coefficient, Kind, Regression, Regressions};

use crate::Ended;
use crate::cli::{self, All, TableFormat, Vcov};
use data::{Categories, Table, Wanted};

/// The name of the constant.
const INTERCEPT: &str = "Intercept";

/// What all models of a command share.
struct Asked<'c> {
    effects: Vec<&'c str>,
    clusters: Vec<&'c str>,
    weights: Option<&'c str>,
    vcov: Vcov,
    logit: bool,
}

pub(crate) fn run(command: &cli::Regress, all: &All) -> Result<Ended> {
    let asked = Asked {
        effects: names("--fe", command.fe.iter().map(String::as_str))?,
        clusters: names("--cluster", command.cluster.iter().map(String::as_str))?,
        weights: command.weights.as_deref(),
        vcov: vcov(command)?,
        logit: command.logit,
    };
    let lists: Vec<Vec<&str>> =
        command.x.iter().map(|list| names("--x", list.split(','))).collect::<Result<_>>()?;
    if let Some(both) = command.y.iter().find(|y| lists.iter().flatten().any(|x| x == y)) {
        bail!("{both} is named under --y and under --x: leave one out");
    }
    let wanted = Wanted {
        numbers: command.y.iter().map(String::as_str).chain(asked.weights).collect(),
        either: lists.iter().flatten().copied().collect(),
        categories: asked.effects.iter().chain(&asked.clusters).copied().collect(),
    };
    refuse_rows_of_many(&command.data)?;
    let table = Table::read(&command.data, &wanted)?;
    let file = command.data.display();
    if table.rows == 0 {
        bail!("{file}: there are no rows below the line of names");
    }
    let mut models = Vec::new();
    for outcome in &command.y {
        for regressors in &lists {
            let rows = Rows::complete(&table, &asked, outcome, regressors)?;
            let fitted = rows.fit(&table, &asked, outcome, regressors);
            models.push(fitted.with_context(|| format!("{file}: {outcome} on {}", regressors.join(", ")))?);
        }
    }
    let table = Regressions { models, not_fitted: Vec::new() };
    let mut out = anstream::stdout().lock();
    if all.json {
        match table.models.as_slice() {
            [one] => serde_json::to_writer_pretty(&mut out, one)?,
            _ => serde_json::to_writer_pretty(&mut out, &table)?,
        }
        writeln!(out)?;
    } else {
        let format = match command.format {
            TableFormat::Text => Format::Text,
            TableFormat::Markdown => Format::Markdown,
            TableFormat::Latex => Format::Latex,
            TableFormat::Csv => Format::Csv,
        };
        write!(out, "{}", metier_report::regressions(&table, format, Shown { stars: command.stars }))?;
    }
    Ok(Ended::Done)
}

/// The names of a list: none empty, none twice.
fn names<'c>(flag: &str, list: impl Iterator<Item = &'c str>) -> Result<Vec<&'c str>> {
    let names: Vec<&str> = list.map(str::trim).collect();
    if names.iter().any(|name| name.is_empty()) {
        bail!("{flag} {:?} holds an empty name", names.join(","));
    }
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(**name)) {
        Some(twice) => bail!("{flag} names {twice} twice"),
        None => Ok(names),
    }
}

fn vcov(command: &cli::Regress) -> Result<Vcov> {
    let clustered = !command.cluster.is_empty();
    match command.vcov {
        Some(Vcov::Cluster) if !clustered => bail!("--vcov cluster needs --cluster COLUMN"),
        Some(other) if clustered && other != Vcov::Cluster => {
            bail!("--cluster and another --vcov contradict each other: leave one out")
        }
        _ if command.cluster.len() > 2 => bail!("--cluster takes one or two columns"),
        Some(vcov) => Ok(vcov),
        None => Ok(if clustered { Vcov::Cluster } else { Vcov::Hc1 }),
    }
}

/// The rows of a file in which nothing that a model needs is missing.
struct Rows {
    rows: Vec<usize>,
    missing: usize,
}

/// Refuses a file of a store of many people: a regression on chosen rows could be about one of them.
fn refuse_rows_of_many(data: &Path) -> Result<()> {
    let Ok(data) = data.canonicalize() else { return Ok(()) };
    for folder in data.ancestors().skip(1).take(3) {
        if let Ok(Some(store)) = metier_store::Store::open(folder) {
            // Its owner's rows, or an error that says whose they are.
            store.for_owner()?;
        }
    }
    Ok(())
}

impl Rows {
    fn complete(table: &Table, asked: &Asked, outcome: &str, regressors: &[&str]) -> Result<Rows> {
        let mut keep = vec![true; table.rows];
        let mut numbers = vec![outcome];
        numbers.extend(asked.weights);
        let mut categories: Vec<&str> = asked.effects.iter().chain(&asked.clusters).copied().collect();
        for name in regressors {
            if table.numbers(name).is_some() { numbers.push(name) } else { categories.push(name) }
        }
        for name in numbers {
            let column = table.numbers(name).with_context(|| format!("column {name} holds no numbers"))?;
            keep.iter_mut().zip(column).for_each(|(keep, value)| *keep &= !value.is_nan());
        }
        for name in categories {
            let column = table.categories(name).with_context(|| format!("column {name} is gone"))?;
            keep.iter_mut().zip(&column.codes).for_each(|(keep, code)| *keep &= *code != Categories::NONE);
        }
        let rows: Vec<usize> = (0..table.rows).filter(|row| keep[*row]).collect();
        Ok(Rows { missing: table.rows - rows.len(), rows })
    }

    fn fit(&self, table: &Table, asked: &Asked, outcome: &str, regressors: &[&str]) -> Result<Regression> {
        if self.rows.is_empty() {
            bail!("each of the {} rows lacks a value", table.rows);
        }
        if asked.logit {
            self.logit(table, asked, outcome, regressors)
        } else {
            self.linear(table, asked, outcome, regressors)
        }
    }

    /// What is wrong with a model, in the words of the file: its rows and columns.
    fn told(&self, error: Error, table: &Table, asked: &Asked, outcome: &str) -> anyhow::Error {
        let place = |row: usize| table.place(self.rows[row]);
        match error {
            Error::Weight { row, value } => {
                let weights = asked.weights.unwrap_or_default();
                anyhow!(
                    "{}: the weight {weights} is {value}; leave the row out, or give it one above 0",
                    place(row)
                )
            }
            Error::NotBinary { row, value, .. } => {
                anyhow!("{}: {outcome} is {value}; a logit takes 0 and 1", place(row))
            }
            Error::FullLeverage { row } => {
                anyhow!(
                    "{}: the row fits itself (its leverage is 1), so HC3 is not defined; take HC1",
                    place(row)
                )
            }
            Error::FewClusters { variable, clusters } => {
                let column = asked.clusters.get(variable - 1).copied().unwrap_or_default();
                anyhow!("column {column} makes {clusters} cluster; there must be at least 2")
            }
            // It may hold a name of the file, which may hold anything.
            other => anyhow!(other.to_string().replace(char::is_control, " ")),
        }
    }

    fn numbers<'t>(&self, column: &'t [f64]) -> Cow<'t, [f64]> {
        if self.missing == 0 {
            Cow::Borrowed(column)
        } else {
            Cow::Owned(self.rows.iter().map(|row| column[*row]).collect())
        }
    }

    fn codes<'t>(&self, column: &'t Categories) -> Cow<'t, [u32]> {
        if self.missing == 0 {
            Cow::Borrowed(&column.codes)
        } else {
            Cow::Owned(self.rows.iter().map(|row| column.codes[*row]).collect())
        }
    }

    /// Regressors: numbers as they are, names as columns of 0 and 1 without the first name.
    fn regressors<'t>(&self, table: &'t Table, names: &[&str]) -> Result<Vec<Regressor<'t>>> {
        let mut regressors = Vec::new();
        for name in names {
            if let Some(values) = table.numbers(name) {
                regressors.push(Regressor { name: (*name).to_owned(), values: self.numbers(values) });
                continue;
            }
            let column = table.categories(name).with_context(|| format!("column {name} is gone"))?;
            let codes = self.codes(column);
            regressors.extend(dummies(name, column, &codes, "name it under --fe")?);
        }
        let mut seen = BTreeSet::from([INTERCEPT]);
        if let Some(twice) = regressors.iter().find(|one| !seen.insert(&one.name)) {
            bail!("two coefficients would be called {}: rename the column", twice.name);
        }
        Ok(regressors)
    }

    fn outcome<'t>(&self, table: &'t Table, name: &str) -> Result<Cow<'t, [f64]>> {
        Ok(self.numbers(table.numbers(name).with_context(|| format!("column {name} holds no numbers"))?))
    }

    fn category_columns<'t>(&self, table: &'t Table, names: &[&str]) -> Result<Vec<Cow<'t, [u32]>>> {
        let column = |name: &&str| {
            Ok(self.codes(table.categories(name).with_context(|| format!("column {name} is gone"))?))
        };
        names.iter().map(column).collect()
    }

    fn linear<'t>(
        &self,
        table: &'t Table,
        asked: &Asked,
        outcome: &str,
        regressors: &[&str],
    ) -> Result<Regression> {
        let values = self.outcome(table, outcome)?;
        let weights = asked.weights.map(|name| self.outcome(table, name)).transpose()?;
        let clusters = self.category_columns(table, &asked.clusters)?;
        let effects = self.category_columns(table, &asked.effects)?;
        let effect = |(name, codes): (&&str, Cow<'t, [u32]>)| FixedEffect { name: (*name).to_owned(), codes };
        let design = Design {
            outcome: &values,
            regressors: self.regressors(table, regressors)?,
            fixed_effects: asked.effects.iter().zip(effects).map(effect).collect(),
            weights: weights.as_deref(),
        };
        let covariance = match asked.vcov {
            Vcov::Iid => Covariance::Classical,
            Vcov::Hc1 => Covariance::Hc1,
            Vcov::Hc3 => Covariance::Hc3,
            Vcov::Cluster => Covariance::Clustered(clusters.iter().map(|codes| &**codes).collect()),
        };
        let fit =
            linear::fit(&design, &covariance).map_err(|error| self.told(error, table, asked, outcome))?;
        Ok(Regression {
            outcome: outcome.to_owned(),
            kind: Kind::Linear,
            n: fit.observations,
            clusters: fit.clusters,
            coefficients: fit.coefficients.iter().map(Coefficient::from).collect(),
            average_marginal_effects: Vec::new(),
            fixed_effects: owned(&asked.effects),
            dropped: fit.dropped,
            vcov: name(asked.vcov),
            clustered_by: owned(&asked.clusters),
            weights: asked.weights.map(str::to_owned),
            degrees_of_freedom: Some(fit.degrees_of_freedom),
            r_squared: Some(fit.r_squared),
            r_squared_within: fit.r_squared_within,
            rows_missing: Some(self.missing),
            rows_alone: Some(fit.left_out_singletons),
        })
    }

    /// A logit. Its fixed effects are columns of 0 and 1 that are not shown.
    fn logit(&self, table: &Table, asked: &Asked, outcome: &str, regressors: &[&str]) -> Result<Regression> {
        let values = self.outcome(table, outcome)?;
        let weights = asked.weights.map(|name| self.outcome(table, name)).transpose()?;
        let clusters = self.category_columns(table, &asked.clusters)?;
        let mut columns = self.regressors(table, regressors)?;
        let own: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        for (name, codes) in asked.effects.iter().zip(self.category_columns(table, &asked.effects)?) {
            let column = table.categories(name).with_context(|| format!("column {name} is gone"))?;
            columns.extend(dummies(name, column, &codes, "leave it out, or leave --logit out")?);
        }
        let covariance = match (asked.vcov, clusters.as_slice()) {
            (Vcov::Iid, _) => logit::Covariance::Classical,
            (Vcov::Hc1, _) => logit::Covariance::Hc1,
            (Vcov::Cluster, [one]) => logit::Covariance::Clustered(one),
            (Vcov::Cluster, _) => bail!("a logit takes one column under --cluster"),
            (Vcov::Hc3, _) => bail!("there is no HC3 for a logit: take hc1"),
        };
        let design = logit::Design { outcome: &values, regressors: columns, weights: weights.as_deref() };
        let told = |error| self.told(error, table, asked, outcome);
        let model = logit::Model::new(&design).map_err(told)?;
        let fit = model.with(&covariance).map_err(told)?;
        let kept: Vec<&str> =
            own.iter().filter(|name| !fit.dropped.contains(name)).map(String::as_str).collect();
        let effects = model.margins(&fit, &kept)?;
        let coefficient = |one: &logit::Coefficient| Coefficient {
            name: one.name.clone(),
            estimate: one.estimate,
            std_error: one.std_error,
            t: one.z,
            p: one.p,
            conf_low: one.conf_low,
            conf_high: one.conf_high,
        };
        let shown = |one: &&logit::Coefficient| one.name == INTERCEPT || own.contains(&one.name);
        Ok(Regression {
            outcome: outcome.to_owned(),
            kind: Kind::Logit,
            n: fit.observations,
            clusters: fit.clusters.into_iter().collect(),
            coefficients: fit.coefficients.iter().filter(shown).map(coefficient).collect(),
            average_marginal_effects: effects.iter().map(coefficient).collect(),
            fixed_effects: owned(&asked.effects),
            r_squared: Some(fit.pseudo_r_squared()),
            r_squared_within: None,
            dropped: fit.dropped.iter().filter(|name| own.contains(name)).cloned().collect(),
            vcov: name(asked.vcov),
            clustered_by: owned(&asked.clusters),
            weights: asked.weights.map(str::to_owned),
            degrees_of_freedom: None,
            rows_missing: Some(self.missing),
            rows_alone: Some(0),
        })
    }
}

/// The name in JSON.
fn name(vcov: Vcov) -> &'static str {
    match vcov {
        Vcov::Iid => "iid",
        Vcov::Hc1 => "hc1",
        Vcov::Hc3 => "hc3",
        Vcov::Cluster => "cluster",
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A column of 0 and 1 for each name but the first in the alphabet.
fn dummies(
    column_name: &str,
    column: &Categories,
    codes: &[u32],
    mend: &str,
) -> Result<Vec<Regressor<'static>>> {
    /// More would be a mistake: such a column is an id, and its effects want to be absorbed.
    const MOST: usize = 200;
    /// Longer names would be texts and not names.
    const LONGEST: usize = 200;
    let used: BTreeSet<(&str, u32)> =
        codes.iter().map(|code| (column.names[*code as usize].as_str(), *code)).collect();
    if used.len() > MOST {
        let no_number = column.no_number.iter().map(|value| format!(" (one that is no number is {value})"));
        let no_number: String = no_number.collect();
        bail!("column {column_name} holds {} different names{no_number}: {mend}", used.len());
    }
    if let Some((long, _)) = used.iter().find(|(name, _)| name.len() > LONGEST) {
        bail!("column {column_name} holds a name of {} bytes: {mend}", long.len());
    }
    let dummy = |(name, code): (&str, u32)| Regressor {
        name: format!("{column_name}[{name}]"),
        values: codes.iter().map(|other| f64::from(u8::from(*other == code))).collect(),
    };
    // One name alone is a constant, which the model leaves out and tells.
    let base = usize::from(used.len() > 1);
    Ok(used.into_iter().skip(base).map(dummy).collect())
}
