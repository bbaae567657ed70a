//! Evidence that organisations exchange: a bundle of sums that passed the gate, and bundles added up.
//!
//! A bundle holds, for each number, sums over people from which the same number over the people of several bundles follows
//! exactly; where a number does not add up, its estimate. No row, no id, no text of anybody. `docs/bundle.md` has its format.

mod bundle;
mod envelope;
#[cfg(feature = "dp")]
mod noisy;
mod pool;
mod rows;

use std::sync::Arc;

use metier_stats::linear::CrossProducts;
use metier_stats::moments::Moments;

use crate::series::Statistic;

pub use bundle::{Bundle, Made, Problem};
pub use envelope::{Envelope, Kind, Signer, open, seal};
#[cfg(feature = "dp")]
pub use noisy::{pool_noisy, read_noisy, write_noisy};
pub use pool::{Forest, Part, Pooled, RandomEffects, pool};
pub use rows::{pseudonymous, read_rows, write_rows};

/// What it takes to add a number up with the same of others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sums {
    /// Tops and bottoms of people.
    Ratio {
        /// How they become the number.
        statistic: Statistic,
        people: Moments,
    },
    /// A coefficient of a regression.
    Coefficient {
        model: Arc<CrossProducts>,
        /// Its name there.
        term: String,
    },
}
