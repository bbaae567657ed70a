//! Writes simulated rows as a store, a month at a time: no more are in memory.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use metier_store::Row;
use metier_study::simulate::{Place, Population};

/// Writes the rows beside what the store has already.
pub(super) fn write(population: &Population, out: &Path, threads: usize) -> Result<()> {
    let mut months: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    population.places().for_each(|place| months.entry(place.first.month()).or_default().push(place));
    for (month, places) in months {
        metier_store::put_month(out, &month, &draw(population, &places, threads), &|| {})?;
    }
    Ok(())
}

/// The rows at these places, drawn side by side.
fn draw(population: &Population, places: &[Place], threads: usize) -> Vec<Row> {
    let part = places.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let row = |place: &Place| population.session(*place).row;
        let drawing: Vec<_> = places
            .chunks(part)
            .map(|places| scope.spawn(move || places.iter().map(row).collect::<Vec<Row>>()))
            .collect();
        drawing.into_iter().flat_map(|one| one.join().expect("drawing does not panic")).collect()
    })
}
