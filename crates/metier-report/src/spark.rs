//! A course of values as a line of blocks.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A block for each value, from 0 to the highest; a point where there is none.
pub(crate) fn spark(values: &[Option<f64>]) -> String {
    let highest = values.iter().flatten().copied().fold(0.0, f64::max);
    let block = |value: f64| {
        let share = if highest > 0.0 { value.max(0.0) / highest } else { 0.0 };
        BLOCKS[((share * 8.0) as usize).min(7)]
    };
    values.iter().map(|value| value.map_or('·', block)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        assert_eq!(spark(&[Some(0.0), Some(0.5), None, Some(1.0)]), "▁▅·█");
        assert_eq!(spark(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(spark(&[]), "");
    }
}
