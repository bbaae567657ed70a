//! The rows of a store as one rater labelled them, with a second rater's answers beside. Judges nothing.

use std::collections::{BTreeSet, HashMap};

use metier_label::{Labels, Rater, rubric};
use metier_session::Id;

use crate::error::Error;
use crate::row::{Row, Rows};
use crate::store::Store;

impl Store {
    /// The rows with the labels of one rater, the built-in one if none is named; sessions that this rater did not label
    /// have none.
    ///
    /// # Errors
    /// If a file cannot be read or is damaged, or nobody is called so.
    pub fn rated(&self, rater: Option<&str>) -> Result<Rows, Error> {
        let mut rows = self.all_rows()?;
        if let Some(rater) = rater.filter(|rater| *rater != Rater::BUILTIN) {
            relabel(&mut rows, rater, of_rater(self.all_labels()?, rater)?);
        }
        Ok(self.rows_of(rows))
    }

    /// The same, and what a second rater answered: the one that is named, or else the only other one that the store has,
    /// beside the built-in labeller.
    ///
    /// # Errors
    /// The same, and if both are one.
    pub fn rated_twice(&self, rater: Option<&str>, second: Option<&str>) -> Result<Rows, Error> {
        let rater = rater.unwrap_or(Rater::BUILTIN);
        if second == Some(rater) {
            return Err(Error::OneRater { rater: rater.to_owned() });
        }
        let mut rows = self.all_rows()?;
        let all = self.all_labels()?;
        let second = match second {
            Some(second) => Some(second.to_owned()),
            None => {
                let others: BTreeSet<&str> =
                    all.iter().map(|(_, labels)| labels.rater.name()).filter(|name| *name != rater).collect();
                (others.len() == 1).then(|| others.into_iter().next().map(str::to_owned)).flatten()
            }
        };
        let second = match second.as_deref() {
            None => HashMap::new(),
            Some(Rater::BUILTIN) => rows.iter().map(|row| (row.session, row.labels.clone())).collect(),
            Some(name) => of_rater(all.clone(), name)?,
        };
        if rater != Rater::BUILTIN {
            relabel(&mut rows, rater, of_rater(all, rater)?);
        }
        Ok(self.rows_of(rows).with_second(second))
    }
}

fn of_rater(all: Vec<(Id, Labels)>, rater: &str) -> Result<HashMap<Id, Labels>, Error> {
    let known: BTreeSet<&str> = all.iter().map(|(_, labels)| labels.rater.name()).collect();
    if !known.contains(rater) {
        let known: Vec<&str> = [Rater::BUILTIN].into_iter().chain(known).collect();
        return Err(Error::NoRater { rater: rater.to_owned(), known: known.join(", ") });
    }
    Ok(all.into_iter().filter(|(_, labels)| labels.rater.name() == rater).collect())
}

fn relabel(rows: &mut [Row], rater: &str, mut labels: HashMap<Id, Labels>) {
    for row in rows {
        let none = || Labels::none(Rater::new(rater), rubric());
        row.labels = labels.remove(&row.session).unwrap_or_else(none);
    }
}
