//! How much of each coefficient rests on whom.

use super::model::Model;

impl Model {
    /// For each kept coefficient what the rows of each group have of Σ x̃², where x̃ is the regressor without what the other
    /// regressors and the fixed effects explain of it: the coefficient is Σ x̃ y / Σ x̃² (Frisch and Waugh, 1933; Lovell,
    /// 1963), so it rests on those who have a part. `group` has the group of each row of the design, below `groups`; rows
    /// that lack one count for nobody.
    pub fn parts(&self, group: &[u32], groups: usize) -> Vec<Vec<f64>> {
        let size = self.columns.len();
        let mut parts = vec![vec![0.0; groups]; size];
        let kept = self.kept_rows();
        for ((row, weight), at) in self.rows.iter().zip(self.weights.rows()).zip(kept.iter()) {
            let Some(group) = group.get(*at as usize).filter(|group| (**group as usize) < groups) else {
                continue;
            };
            for (coefficient, parts) in parts.iter_mut().enumerate() {
                let bread = &self.bread[coefficient * size..][..size];
                let columns = self.columns.iter().zip(bread);
                let influence: f64 = columns.map(|(column, bread)| bread * row[column / 4][column % 4]).sum();
                let own = influence / bread[coefficient];
                parts[*group as usize] += weight * own * own;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use crate::linear::{Design, FixedEffect, Model, Regressor};

    #[test]
    fn a_regressor_that_one_person_moves_rests_on_that_person() {
        let outcome = [1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 6.0, 8.0];
        let x = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0];
        let z = [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0];
        let effect = FixedEffect { name: "person".into(), codes: vec![0, 0, 1, 1, 2, 2, 3, 3].into() };
        let design = Design {
            outcome: &outcome,
            regressors: vec![
                Regressor { name: "x".into(), values: (&x[..]).into() },
                Regressor { name: "z".into(), values: (&z[..]).into() },
            ],
            fixed_effects: vec![effect],
            weights: None,
        };
        let model = Model::new(&design).expect("it can be fitted");
        let parts = model.parts(&[0, 0, 1, 1, 2, 2, 3, 3], 4);
        // Within people x moves for the last one only; what z explains of it spreads a little over the others.
        let x: f64 = parts[0].iter().sum();
        assert!(parts[0][3] / x > 0.5, "{parts:?}");
        assert!(parts[1][..3].iter().all(|part| *part > 0.0), "{parts:?}");
    }
}
