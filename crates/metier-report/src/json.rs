//! Findings as JSON. Adds no number.

use metier_study::{Finding, Summary};
use serde::Serialize;

/// The version of the JSON's shape; it changes when a field goes or changes its meaning.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    summary: &'a Summary,
    findings: &'a [Finding],
}

/// Findings and what they speak of, as one JSON object over several lines, with a line feed at its end.
///
/// `{"schema": 1, "summary": {…}, "findings": [{"name", …, "groups": [{"label", "n", "people",
/// "measures": [{"name", …, "estimate": {"value", "low", "high", "n", …}, "published"}]}]}]}`; what
/// is missing is `null`. The same findings give the same bytes.
pub fn json(summary: &Summary, findings: &[Finding]) -> String {
    let document = Document { schema: SCHEMA, summary, findings };
    let mut text =
        serde_json::to_string_pretty(&document).expect("findings have text keys and finite numbers");
    text.push('\n');
    text
}
