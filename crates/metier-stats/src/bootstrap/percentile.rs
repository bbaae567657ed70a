//! The percentile bootstrap of any statistic over clusters of items, and why there may be no interval.

use thiserror::Error;

use super::{Interval, Resampler};

/// Fewer clusters than this get no interval.
const FEWEST_CLUSTERS: usize = 5;
/// A 95 % interval cannot be read off fewer resamples.
const FEWEST_RESAMPLES: usize = 40;
/// One resample in so many may be undefined.
const UNDEFINED_ONE_IN: usize = 20;
/// Ends that differ by less than this share of themselves are the same but for rounding.
const ROUNDING: f64 = 1e-12;

/// Which items belong together: those of one person, for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster of each item. Clusters are numbered in the order of their keys, so that the order of the items
    /// changes no result.
    of: Vec<usize>,
    count: usize,
}

impl Clusters {
    /// The clusters of items that have these keys; items with the same key are one cluster. Where items are
    /// independent, give each a key of its own.
    ///
    /// ```
    /// # use metier_stats::bootstrap::Clusters;
    /// assert_eq!(Clusters::new(&["ada", "bob", "ada"]).count(), 2);
    /// ```
    pub fn new<K: Ord>(keys: &[K]) -> Clusters {
        let mut distinct: Vec<&K> = keys.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let cluster = |key| distinct.binary_search(&key).expect("every key is among the distinct ones");
        Clusters { of: keys.iter().map(cluster).collect(), count: distinct.len() }
    }

    /// How many there are.
    ///
    /// ```
    /// # use metier_stats::bootstrap::Clusters;
    /// assert_eq!(Clusters::new(&[3, 3, 1]).count(), 2);
    /// ```
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many items they have.
    ///
    /// ```
    /// # use metier_stats::bootstrap::Clusters;
    /// assert_eq!(Clusters::new(&[3, 3, 1]).items(), 3);
    /// ```
    pub fn items(&self) -> usize {
        self.of.len()
    }
}

/// The percentile bootstrap (Efron, 1979), which draws whole clusters with replacement (Field and Welsh, 2007).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// How many resamples are drawn.
    pub resamples: usize,
    /// The seed: same seed, same input, same bytes.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2,000 resamples, and the seed that studies have.
    fn default() -> Bootstrap {
        Bootstrap { resamples: 2000, seed: 20_260_616 }
    }
}

impl Bootstrap {
    /// The 95 % interval of a statistic: its 2.5th and 97.5th percentile over resamples.
    ///
    /// The statistic gets a weight for each item, in the order of the keys that the clusters were made of: how
    /// often the item stands in the resample. `None` is that it is undefined there, and so is a number that is not
    /// finite; the percentiles are over the resamples where it is defined. It is called once more, with all
    /// weights 1, to see that it is defined at all.
    ///
    /// The name picks the stream of random numbers. The same name and clusters give the same resamples, whatever
    /// the statistic.
    ///
    /// # Errors
    ///
    /// A [`NoInterval`] that says why there is none.
    ///
    /// ```
    /// use metier_stats::bootstrap::{Bootstrap, Clusters, NoInterval};
    ///
    /// let values = [1.0, 2.0, 4.0, 3.0, 5.0, 9.0, 7.0, 6.0];
    /// let people = ["a", "a", "b", "c", "c", "d", "e", "f"];
    /// let mean = |weights: &[u32]| {
    ///     let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
    ///     Some(sum / f64::from(weights.iter().sum::<u32>()))
    /// };
    /// let bootstrap = Bootstrap::default();
    /// let interval = bootstrap.interval("mean", &Clusters::new(&people), mean)?;
    /// assert!(2.0 < interval.low && interval.low < 4.625 && 4.625 < interval.high && interval.high < 8.0);
    ///
    /// let few = bootstrap.interval("mean", &Clusters::new(&["a", "a", "a", "b", "b", "b", "c", "c"]), mean);
    /// assert_eq!(few, Err(NoInterval::FewClusters { clusters: 3 }));
    /// # Ok::<(), NoInterval>(())
    /// ```
    pub fn interval(
        &self,
        name: &str,
        clusters: &Clusters,
        mut statistic: impl FnMut(&[u32]) -> Option<f64>,
    ) -> Result<Interval, NoInterval> {
        if clusters.count < FEWEST_CLUSTERS {
            return Err(NoInterval::FewClusters { clusters: clusters.count });
        }
        if self.resamples < FEWEST_RESAMPLES {
            return Err(NoInterval::FewResamples { resamples: self.resamples });
        }
        let mut defined = |weights: &[u32]| statistic(weights).filter(|value| value.is_finite());
        let mut weights = vec![1; clusters.of.len()];
        if defined(&weights).is_none() {
            return Err(NoInterval::Undefined);
        }
        let mut resampler = Resampler::new(self.seed, name, clusters.count);
        let mut draws = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            let drawn = resampler.draw();
            for (weight, cluster) in weights.iter_mut().zip(&clusters.of) {
                *weight = drawn[*cluster];
            }
            draws.extend(defined(&weights));
        }
        let undefined = self.resamples - draws.len();
        if undefined * UNDEFINED_ONE_IN > self.resamples {
            return Err(NoInterval::OftenUndefined { undefined, resamples: self.resamples });
        }
        draws.sort_unstable_by(f64::total_cmp);
        let (low, high) = (quantile(&draws, 0.025), quantile(&draws, 0.975));
        if high - low <= ROUNDING * low.abs().max(high.abs()) {
            return Err(NoInterval::NoSpread);
        }
        Ok(Interval { low, high })
    }
}

/// Why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum NoInterval {
    /// Fewer than 5 clusters.
    #[error("no interval: {clusters} clusters, fewer than 5")]
    FewClusters {
        /// How many there are.
        clusters: usize,
    },
    /// Fewer than 40 resamples were asked for.
    #[error("no interval: {resamples} resamples, fewer than 40")]
    FewResamples {
        /// How many.
        resamples: usize,
    },
    /// The statistic is undefined for the items as they are.
    #[error("no interval: the statistic is undefined")]
    Undefined,
    /// The statistic is undefined in more than 5 % of the resamples.
    #[error("no interval: the statistic is undefined in {undefined} of {resamples} resamples")]
    OftenUndefined {
        /// In how many.
        undefined: usize,
        /// Of how many.
        resamples: usize,
    },
    /// Both ends are the same: resampling shows no spread, which is not certainty.
    #[error("no interval: no spread between resamples")]
    NoSpread,
}

/// The quantile of sorted values, of which there is at least one: type 7 of Hyndman and Fan (1996), the default of
/// R and NumPy.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let h = (sorted.len() - 1) as f64 * p;
    let at = h as usize;
    let next = sorted[(at + 1).min(sorted.len() - 1)];
    sorted[at] + (next - sorted[at]) * (h - at as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> impl Fn(&[u32]) -> Option<f64> {
        |weights| {
            let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
            Some(sum / f64::from(weights.iter().sum::<u32>()))
        }
    }

    #[test]
    fn type_7_by_hand() {
        let values = [1.0, 2.0, 4.0, 8.0];
        // h = 3p: 0.75 → 1.75, 1.5 → 3, 2.25 → 5.
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|p| quantile(&values, p)), [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(quantile(&[3.0], 0.975), 3.0);
    }

    #[test]
    fn the_bytes_of_an_interval_are_fixed() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let interval = |seed, name| {
            let clusters = Clusters::new(&[1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
            Bootstrap { seed, ..Bootstrap::default() }.interval(name, &clusters, mean(&values))
        };
        assert_eq!(interval(7, "fixed"), Ok(Interval { low: 3.727272727272727, high: 7.555555555555555 }));
        assert_ne!(interval(7, "fixed"), interval(8, "fixed"));
        assert_ne!(interval(7, "fixed"), interval(7, "other"));
    }

    #[test]
    fn four_clusters_have_no_interval_however_many_items() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let keys = |clusters: usize| Clusters::new(&(0..100).map(|item| item % clusters).collect::<Vec<_>>());
        let interval = |clusters| Bootstrap::default().interval("mean", &keys(clusters), mean(&values));
        assert_eq!(interval(4), Err(NoInterval::FewClusters { clusters: 4 }));
        assert!(interval(5).is_ok());
        let none = Bootstrap::default().interval("mean", &Clusters::new::<u8>(&[]), |_| Some(1.0));
        assert_eq!(none, Err(NoInterval::FewClusters { clusters: 0 }));
    }

    #[test]
    fn few_resamples_bound_nothing() {
        let interval = |resamples| {
            Bootstrap { resamples, seed: 1 }.interval(
                "mean",
                &Clusters::new(&[1, 2, 3, 4, 5]),
                mean(&[1.0, 2.0, 3.0, 4.0, 5.0]),
            )
        };
        assert_eq!(interval(39), Err(NoInterval::FewResamples { resamples: 39 }));
        assert!(interval(40).is_ok());
    }

    #[test]
    fn what_does_not_vary_has_no_interval() {
        let clusters = Clusters::new(&[1, 2, 3, 4, 5, 6, 7]);
        // A mean of 0.1 is not always the same in the last digit.
        for statistic in [&mean(&[0.1; 7]) as &dyn Fn(&[u32]) -> Option<f64>, &|_| Some(0.0), &|_| Some(-1.0)]
        {
            assert_eq!(
                Bootstrap::default().interval("same", &clusters, statistic),
                Err(NoInterval::NoSpread)
            );
        }
    }

    #[test]
    fn one_resample_in_twenty_may_be_undefined() {
        let clusters = Clusters::new(&[1, 2, 3, 4, 5, 6, 7]);
        let undefined = |every: usize, all: usize| {
            let mut calls = 0;
            // Call 0 is the statistic itself.
            Bootstrap { resamples: 400, seed: 1 }.interval("gaps", &clusters, |weights| {
                calls += 1;
                let gap = calls > 1 && (calls - 2) % every == 0 && (calls - 2) / every < all;
                (!gap).then(|| f64::from(weights[0]))
            })
        };
        assert!(undefined(20, 20).is_ok());
        assert_eq!(undefined(10, 21), Err(NoInterval::OftenUndefined { undefined: 21, resamples: 400 }));
    }

    #[test]
    fn what_is_undefined_has_no_interval() {
        let clusters = Clusters::new(&[1, 2, 3, 4, 5, 6, 7]);
        for nothing in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            let interval = Bootstrap::default().interval("nothing", &clusters, |_| nothing);
            assert_eq!(interval, Err(NoInterval::Undefined));
        }
    }

    #[test]
    fn clusters_are_resampled_whole() {
        // Six people with ten equal items each: over items the interval would be far too narrow.
        let values: Vec<f64> = (0..60).map(|item| f64::from(item % 6)).collect();
        let width = |keys: Vec<u32>| {
            let interval = Bootstrap::default().interval("whole", &Clusters::new(&keys), mean(&values));
            interval.map(|interval| interval.high - interval.low).expect("six clusters or more")
        };
        assert!(width((0..60).map(|item| item % 6).collect()) > 2.5 * width((0..60).collect()));
    }

    #[test]
    fn intervals_contain_the_truth_in_about_95_of_100() {
        // 30 people whose own means differ; each item adds one or takes one. The truth is 10.
        let mut noise = 0x9e37_79b9_7f4a_7c15u64;
        let mut coin = |sides: u64| {
            // xorshift64 (Marsaglia, 2003).
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            (noise >> 33) % sides
        };
        let clusters = Clusters::new(&(0..120).map(|item| item % 30).collect::<Vec<_>>());
        let mut covered = 0;
        for seed in 0..200 {
            let own: Vec<u64> = (0..30).map(|_| 4 + coin(11)).collect();
            let values: Vec<f64> = (0..120).map(|item| (own[item % 30] + coin(3)) as f64).collect();
            let interval = Bootstrap { resamples: 500, seed }.interval("truth", &clusters, mean(&values));
            covered +=
                u32::from(interval.is_ok_and(|interval| interval.low <= 10.0 && 10.0 <= interval.high));
        }
        // With 30 units the percentile bootstrap covers P(|t₂₉| < 1.96 √(29/30)) = 93.6 % (Hesterberg, 2015).
        assert!((180..=198).contains(&covered), "{covered} of 200");
    }
}
