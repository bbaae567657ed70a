//! Rows that no scan made, such as simulated ones.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Error;
use crate::row::Row;
use crate::store::{Change, Store, Writer};

/// Puts all rows of a month ("2026-01") into the store in `folder`, making it if there is none. Rows that it had of that
/// month are gone, those of others stay. `waiting` is told if another process is at work on the store.
///
/// # Errors
/// If the store cannot be read or written.
pub fn put_month(folder: &Path, month: &str, rows: &[Row], waiting: &dyn Fn()) -> Result<Store, Error> {
    let mut writer = Writer::open(folder, waiting)?;
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| row.session);
    writer
        .commit(Change { partitions: BTreeMap::from([(month.to_owned(), sorted)]), ..Change::default() })?;
    Ok(writer.store)
}
