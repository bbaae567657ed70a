//! Axes: from which value to which, where the ticks are, and what is written at them.

use std::ops::Range;

use metier_study::Unit;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// One axis of a plot.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis for values and their intervals. Counts that span more than two decades have a logarithmic one.
    pub(super) fn of(unit: Unit, values: &[f64], ends: &[(f64, f64)], ticks: usize) -> Axis {
        let (mut low, mut high) = range(values).unwrap_or((0.0, 1.0));
        let every: Vec<f64> = ends.iter().flat_map(|(low, high)| [*low, *high]).collect();
        let (least, most) =
            range(&every).map_or((low, high), |(least, most)| (least.min(low), most.max(high)));
        let usual = usual_width(ends);
        let signed = matches!(unit, Unit::Points | Unit::LogPoints);
        let counts = !signed && !matches!(unit, Unit::Share | Unit::Plain);
        let positive = every.iter().copied().filter(|end| *end > 0.0).fold(low, f64::min);
        if counts && low > 0.0 && high / low > 100.0 {
            return Axis::logarithmic(unit, positive.max(low / 10.0), high.max(most));
        }
        if signed || unit == Unit::Share || (counts && low >= 0.0) {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        // An interval can be so wide that nothing else is seen: then it goes to the edge.
        if values.len() > 1 {
            let span = 3.0 * (high - low).max(usual).max(1e-6);
            (low, high) = (low.min(least.max(low - span)), high.max(most.min(high + span)));
        } else {
            (low, high) = (low.min(least), high.max(most));
        }
        let size = high.abs().max(low.abs());
        if size == 0.0 {
            high = if unit == Unit::Share { 0.1 } else { 1.0 };
        } else if high - low <= 0.1 * size {
            (low, high) = (low - 0.1 * size, high + 0.1 * size);
        }
        let pad = 0.05 * (high - low).max(1e-9 * high.abs()).max(1e-9);
        let (floor, ceiling) = match unit {
            Unit::Share => (0.0, 1.0),
            _ if counts && low >= 0.0 => (0.0, f64::INFINITY),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        (low, high) = ((low - pad).max(floor), (high + pad).min(ceiling));
        let step = step((high - low) / ticks as f64);
        let first = (low / step - 1e-9).ceil();
        let count = ((high - low) / step + 1e-9).floor() as usize + 1;
        let ticks =
            (0..count.min(20)).map(|at| (first + at as f64) * step).filter(|tick| *tick <= high * 1.000_001);
        Axis { low, high, logarithmic: false, ticks: ticks.map(|tick| (tick, written(tick, unit))).collect() }
    }

    fn logarithmic(unit: Unit, low: f64, high: f64) -> Axis {
        let (low, high) = (low / 1.2, high * 1.2);
        let decades = (low.log10().ceil() as i32)..=(high.log10().floor() as i32);
        let ticks =
            decades.map(|decade| 10f64.powi(decade)).map(|tick| (tick, written(tick, unit))).collect();
        Axis { low, high, logarithmic: true, ticks }
    }

    /// So many rows, the first on top. Nothing is written.
    pub(super) fn rows(count: usize) -> Axis {
        Axis { low: count.max(1) as f64, high: 0.0, logarithmic: false, ticks: Vec::new() }
    }

    /// So many columns with names, of which as many are written as fit.
    pub(super) fn columns(names: &[String], most: usize) -> Axis {
        let every = names.len().div_ceil(most.max(1)).max(1);
        let ticks = names.iter().enumerate().step_by(every).map(|(at, name)| (at as f64 + 0.5, name.clone()));
        Axis { low: 0.0, high: names.len().max(1) as f64, logarithmic: false, ticks: ticks.collect() }
    }

    /// Whether a value is within.
    pub(super) fn has(&self, value: f64) -> bool {
        (self.low.min(self.high)..=self.low.max(self.high)).contains(&value)
    }

    /// The ends.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// The widest of what is written at the ticks.
    pub(super) fn widest(&self) -> f64 {
        self.ticks.iter().map(|(_, text)| super::text::width(text)).fold(0.0, f64::max)
    }
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The median width of intervals.
fn usual_width(ends: &[(f64, f64)]) -> f64 {
    let mut widths: Vec<f64> = ends.iter().map(|(low, high)| (high - low).abs()).collect();
    widths.sort_by(f64::total_cmp);
    widths.get(widths.len() / 2).copied().filter(|width| width.is_finite()).unwrap_or(0.0)
}

/// 1, 2 or 5 times a power of ten, at least so large.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|times| times * power)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

/// What stands at a tick: the value with no more digits than it needs.
pub(super) fn written(tick: f64, unit: Unit) -> String {
    let (value, after) = match unit {
        Unit::Share => (100.0 * tick, " %"),
        Unit::Points => (100.0 * tick, " pp"),
        _ => (tick, ""),
    };
    let text = match value.abs() {
        size if size >= 1e6 => format!("{} M", plain(size / 1e6)),
        size if size >= 1e4 => format!("{} k", plain(size / 1e3)),
        size => plain(size),
    };
    let sign = match unit {
        _ if value < -1e-12 => "−",
        Unit::Points | Unit::LogPoints if value > 1e-12 => "+",
        _ => "",
    };
    let currency = if unit == Unit::Dollars { "$" } else { "" };
    format!("{sign}{currency}{text}{after}")
}

fn plain(size: f64) -> String {
    let text = format!("{size:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.parse::<u64>() {
        Ok(whole) => crate::number::thousands(whole),
        Err(_) => text.to_owned(),
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let (low, high, value) = match self.logarithmic {
            true => (self.low.ln(), self.high.ln(), value.max(f64::MIN_POSITIVE).ln()),
            false => (self.low, self.high, *value),
        };
        // What lies outside stands at the edge.
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        from + (f64::from(to - from) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(tick, _)| *tick).take(hint.max_num_points()).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == value).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            texts(&Axis::of(Unit::Share, &[0.13, 0.33], &[(0.09, 0.2), (0.3, 0.39)], 4)),
            ["0 %", "20 %", "40 %"]
        );
        let points = Axis::of(Unit::Points, &[0.02, 0.05], &[(-0.01, 0.03), (0.01, 0.09)], 4);
        assert_eq!(texts(&points), ["0 pp", "+5 pp"]);
        assert_eq!(
            texts(&Axis::of(Unit::Words, &[8.0, 9000.0], &[(7.0, 9.0)], 4)),
            ["10", "100", "1,000", "10 k"]
        );
    }

    #[test]
    fn no_value_is_too_strange() {
        for values in [&[][..], &[f64::NAN], &[1e300, -1e300], &[1e15, 1e15], &[0.0], &[f64::INFINITY, 1.0]] {
            for unit in [Unit::Share, Unit::Words, Unit::Points, Unit::Plain] {
                let ends: Vec<(f64, f64)> = values.iter().map(|value| (*value, -value)).collect();
                let axis = Axis::of(unit, values, &ends, 5);
                assert!(axis.ticks.len() <= 20 && axis.low < axis.high, "{values:?} {axis:?}");
                assert!((0..=100).contains(&axis.map(&values.first().copied().unwrap_or(0.0), (0, 100))));
            }
        }
    }

    #[test]
    fn one_wide_interval_does_not_hide_the_rest() {
        let ends = [(0.0, 0.2), (0.1, 0.3), (-50.0, 50.0)];
        let axis = Axis::of(Unit::LogPoints, &[0.1, 0.2, 0.1], &ends, 5);
        assert!(axis.high < 1.0 && axis.low > -1.0, "{axis:?}");
    }
}
