//! What can be wrong with the input. That a statistic is undefined is no error: it is `None`.

use thiserror::Error;

/// Input that no statistic can be computed from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// A code is not one of the categories.
    #[error("item {item} is rated {code}, but there are {categories} categories, whose codes count from 0")]
    Code {
        /// Which item, from 0.
        item: usize,
        /// The code.
        code: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// A category stands for no number.
    #[error("category {category} has the value {value}; give it a finite number")]
    Value {
        /// Its code.
        category: usize,
        /// Its value.
        value: f64,
    },
    /// A table has not as many rows as there are categories.
    #[error("the table has {rows} rows, but there are {categories} categories; give one row for each")]
    Rows {
        /// How many rows it has.
        rows: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// A row of a table has not as many columns as there are categories.
    #[error("row {row} has {columns} columns, but there are {categories} categories; give one for each")]
    Columns {
        /// Which row, from 0.
        row: usize,
        /// How many columns it has.
        columns: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// A column of a model has not as many values as the outcome.
    #[error("{column} has {values} values, but the outcome has {rows}; give one for each row")]
    Lengths {
        /// Its name.
        column: String,
        /// How many values it has.
        values: usize,
        /// How many the outcome has.
        rows: usize,
    },
    /// A model has no rows, or none that is not alone in a level of a fixed effect.
    #[error("there are no rows to fit{}", if *.alone > 0 { ": each is alone in a level of a fixed effect" } else { "" })]
    NoRows {
        /// How many rows are alone in a level of a fixed effect.
        alone: usize,
    },
    /// A column of a model holds NaN or an infinite value.
    #[error("{column} is {value} in row {row}; leave the row out, or give it a finite number")]
    NotFinite {
        /// The column's name.
        column: String,
        /// Which row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The squares of a column's values cannot be summed.
    #[error("the values of {column} are too large to be squared and summed; give it in a larger unit")]
    TooLarge {
        /// The column's name.
        column: String,
    },
    /// A weight is not above 0.
    #[error("the weight of row {row} is {value}; leave the row out, or give it a weight above 0")]
    Weight {
        /// Which row, from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// The outcome is the same in all rows, or in all rows of each level of the fixed effects.
    #[error("the outcome does not vary{}", if *.within { " within the fixed effects" } else { "" })]
    ConstantOutcome {
        /// Whether it varies between levels of the fixed effects.
        within: bool,
    },
    /// Each regressor is constant, or absorbed by the fixed effects.
    #[error("no regressor varies by itself; all are constant or spanned by fixed effects: {}", .columns.join(", "))]
    AllCollinear {
        /// The regressors' names.
        columns: Vec<String>,
    },
    /// As many parameters as rows, or more.
    #[error(
        "{rows} rows cannot tell {parameters} parameters and the spread around them; there must be more rows"
    )]
    NoDegreesOfFreedom {
        /// How many rows are fitted.
        rows: usize,
        /// How many parameters there are, levels of fixed effects among them.
        parameters: usize,
    },
    /// The model fits every row, so that standard errors are 0 but for rounding.
    #[error("the regressors explain the outcome without a rest, so there is no standard error")]
    PerfectFit,
    /// Standard errors can be clustered by one variable or two.
    #[error("standard errors are clustered by {count} variables; give 1 or 2")]
    ClusterVariables {
        /// How many are given.
        count: usize,
    },
    /// A variable that standard errors are clustered by is the same in all rows.
    #[error("cluster variable {variable} has {clusters} cluster; there must be at least 2")]
    FewClusters {
        /// Which variable, from 1.
        variable: usize,
        /// How many clusters it has.
        clusters: usize,
    },
    /// HC3 divides by one minus the leverage.
    #[error("row {row} fits itself (its leverage is 1), so HC3 is not defined; leave it out, or take HC1")]
    FullLeverage {
        /// Which row, from 0.
        row: usize,
    },
    /// A jackknife leaves out one cluster after another.
    #[error(
        "without one of the clusters a coefficient cannot be estimated, so leaving each out gives no error"
    )]
    Identified,
    /// Leverages are known only of fixed effects that are not iterated.
    #[error("HC3 needs every row's leverage, and the fixed effects have too many levels for that; take HC1")]
    LeverageUnknown,
    /// Two fixed effects with many levels are hardly connected.
    #[error("the fixed effects did not come out in {rounds} rounds; too few rows connect their levels")]
    NotConverged {
        /// How many rounds.
        rounds: usize,
    },
    /// With two cluster variables a variance can come out below 0.
    #[error("the variance of {name} is negative with these two cluster variables; cluster by one")]
    NegativeVariance {
        /// The coefficient's name.
        name: String,
    },
    /// A model has no such coefficient.
    #[error("there is no coefficient {name}; there are: {}", .coefficients.join(", "))]
    UnknownCoefficient {
        /// The name.
        name: String,
        /// The names there are.
        coefficients: Vec<String>,
    },
    /// Coefficients cannot be tested together.
    #[error("these coefficients cannot be tested together: none is named, or their covariance is singular")]
    SingularTest,
    /// A number that is given lies outside what it can be.
    #[error("{name} is {value}; give {wanted}")]
    Argument {
        /// What the number is.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it can be.
        wanted: &'static str,
    },
    /// There are too few of something for an estimate with a standard error.
    #[error("there are {count} {what}; there must be at least {least}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there must be.
        least: usize,
    },
    /// Values that should be yes or no are neither.
    #[error("{column} is {value} in row {row}; give 0 or 1")]
    NotBinary {
        /// Of which column.
        column: String,
        /// Which row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A value is 0 or less where there must be a logarithm.
    #[error(
        "{column} is {value} in row {row}, and has no logarithm; leave the row out, or take another mean"
    )]
    NotPositive {
        /// Of which column.
        column: String,
        /// Which row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The estimate is undefined, or its logarithm is.
    #[error("{what} is {value}, so {estimate} is not defined")]
    Undefined {
        /// What stands in the way.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What cannot be computed.
        estimate: &'static str,
    },
    /// All clusters say the same, which is not certainty.
    #[error("{what} is the same in all clusters, so there is no standard error")]
    NoSpread {
        /// What does not vary.
        what: &'static str,
    },
    /// The logistic model predicts rows perfectly, so that coefficients run off without end.
    #[error("{} predicts the outcome perfectly (separation), so there is no finite estimate; leave it out", .column.as_deref().unwrap_or("a combination of regressors"))]
    Separated {
        /// The column that alone does, if there is one.
        column: Option<String>,
    },
    /// The steps to the largest likelihood did not come to rest.
    #[error(
        "the likelihood has no maximum that {steps} steps could reach; regressors may be nearly collinear"
    )]
    NoMaximum {
        /// How many steps were taken.
        steps: usize,
    },
    /// A column is a combination of earlier ones.
    #[error("{column} is a combination of the columns before it; leave it out")]
    Collinear {
        /// Its name.
        column: String,
    },
    /// Steps to the heterogeneity between studies did not come to rest.
    #[error("the variance between studies did not come out in {steps} steps; take DerSimonian and Laird's")]
    Heterogeneity {
        /// How many steps were taken.
        steps: usize,
    },
    /// There is no column of this number.
    #[error("there is no column {column}; there are {columns}, counted from 0")]
    NoColumn {
        /// The number asked for.
        column: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Parts can be added only if they are sums of the same things.
    #[error("{what} differ: {ours} here, {theirs} there; only sums of the same can be added")]
    Unlike {
        /// Of what the parts are sums.
        what: &'static str,
        /// Those of the one.
        ours: String,
        /// Those of the other.
        theirs: String,
    },
    /// Numbers that are given as sums over people cannot be such.
    #[error("these are no sums over people: {why}")]
    NoSums {
        /// What cannot be.
        why: &'static str,
    },
    /// Regressions that add up are told apart by the names of their terms.
    #[error("{name} is the name of two terms; give each its own")]
    Twice {
        /// The name.
        name: String,
    },
    /// Regressions that add up take no weights.
    #[error("cross-products that add up take no weights; leave them out")]
    Weighted,
    /// A variance is smaller than the rounding of the sums it is computed from.
    #[error(
        "the error of {name} is lost in the rounding of sums; take off the columns a number near their means"
    )]
    Lost {
        /// The coefficient's name.
        name: String,
    },
}
