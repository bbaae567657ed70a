//! Fixed effects as columns of zeros and ones.

use crate::linear::Regressor;

/// A column for each code but the smallest, named `name[code]`: 1 where a row has the code, 0 elsewhere. Columns are in
/// the order of the codes.
///
/// ```
/// # use metier_stats::logit::dummies;
/// let columns = dummies("team", &[7, 3, 9, 7]);
/// assert_eq!((columns[0].name.as_str(), &columns[0].values[..]), ("team[7]", &[1.0, 0.0, 0.0, 1.0][..]));
/// assert_eq!((columns[1].name.as_str(), columns.len()), ("team[9]", 2));
/// ```
pub fn dummies(name: &str, codes: &[u32]) -> Vec<Regressor<'static>> {
    let mut levels = codes.to_vec();
    levels.sort_unstable();
    levels.dedup();
    let column = |level: &u32| Regressor {
        name: format!("{name}[{level}]"),
        values: codes.iter().map(|code| f64::from(u8::from(code == level))).collect::<Vec<f64>>().into(),
    };
    levels.iter().skip(1).map(column).collect()
}
