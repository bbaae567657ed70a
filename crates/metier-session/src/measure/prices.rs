//! What tokens cost at the vendors' list prices, from the dated table in `prices.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::session::Tokens;
use crate::time::Time;

/// The price of a model from a day on, in US dollars for a million tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    model: String,
    from: String,
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: Option<f64>,
    cache_write_hour: Option<f64>,
}

#[derive(Deserialize)]
struct Table {
    price: Vec<Price>,
}

fn table() -> &'static [Price] {
    static TABLE: OnceLock<Vec<Price>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table: Table = toml::from_str(include_str!("prices.toml")).expect("a test reads the table");
        table.price
    })
}

/// The price of `model` on the day of `time`, `None` where the table has none.
///
/// The entry with the longest name that the model's begins with, whole words only (`gpt-5` is not
/// `gpt-5.9`), and of those the last one in force; before its first day, the first.
pub(super) fn price(model: &str, time: Option<Time>) -> Option<&'static Price> {
    // Gateways put the vendor before the name: `anthropic/claude-…`, `us.anthropic.claude-…`.
    let model = model.rsplit('/').next()?;
    let model = model.rsplit_once("anthropic.").map_or(model, |(_, name)| name);
    let fits = |price: &&Price| {
        model.strip_prefix(price.model.as_str()).is_some_and(|rest| rest.is_empty() || variant(rest))
    };
    let longest = table().iter().filter(fits).map(|price| price.model.len()).max()?;
    let entries = || table().iter().filter(fits).filter(|price| price.model.len() == longest);
    let day = time.map(|time| time.to_string());
    let in_force = |price: &&Price| day.as_deref().is_none_or(|day| price.from.as_str() <= day);
    entries()
        .filter(in_force)
        .max_by(|a, b| a.from.cmp(&b.from))
        .or_else(|| entries().min_by(|a, b| a.from.cmp(&b.from)))
}

/// Whether what follows a name makes no other model of it: a date, `-latest`, `-preview`, `-codex` … A
/// lone number is a version of its own (`claude-opus-4-7`), with a price of its own.
fn variant(rest: &str) -> bool {
    const SAME: [&str; 14] = [
        "latest", "preview", "codex", "max", "thinking", "chat", "exp", "v1:0", "high", "low", "medium",
        "v1", "0", "001",
    ];
    let Some(rest) = rest.strip_prefix(['-', '@', ':']) else { return false };
    let is_number = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    let words = || rest.split(['-', '@']).filter(|part| !SAME.contains(part));
    let digits: usize = words().filter(is_number).map(str::len).sum();
    words().all(|part| is_number(&part)) && matches!(digits, 0 | 4 | 8)
}

impl Price {
    /// What these tokens cost, in US dollars.
    pub(super) fn of(&self, tokens: Tokens) -> f64 {
        let write = self.cache_write.unwrap_or(self.input);
        let millionths = tokens.input as f64 * self.input
            + tokens.output as f64 * self.output
            + tokens.cache_read as f64 * self.cache_read
            + tokens.cache_write as f64 * write
            + tokens.cache_write_hour as f64 * self.cache_write_hour.unwrap_or(write);
        millionths / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(model: &str) -> Option<f64> {
        price(model, Time::parse("2026-03-01T00:00:00Z")).map(|price| price.output)
    }

    #[test]
    fn the_longest_name_that_fits_gives_the_price() {
        assert_eq!(output("claude-opus-4-5-20251101"), Some(25.0));
        assert_eq!(output("claude-opus-4-1-20250805"), Some(75.0));
        assert_eq!(output("claude-sonnet-4-6"), Some(15.0));
        assert_eq!(output("us.anthropic.claude-haiku-4-5-20251001-v1:0"), Some(5.0));
        assert_eq!(output("gpt-5-codex"), Some(10.0));
        assert_eq!(output("gemini-2.5-pro-preview-05-06"), Some(10.0));
        assert_eq!(output("gpt-5.2-codex"), Some(14.0));
    }

    #[test]
    fn a_model_without_a_price_has_none() {
        for model in [
            "gpt-5.9",
            "gpt-5-giant",
            "claude-opus-4-7",
            "claude-opus-4-7-20260601",
            "claude-fable-5",
            "unknown",
            "",
        ] {
            assert_eq!(output(model), None, "{model}");
        }
    }

    #[test]
    fn tokens_cost_by_how_they_are_billed() {
        let price = price("claude-opus-4-6", None).expect("in the table");
        let million = 1_000_000;
        let tokens = Tokens {
            input: million,
            output: million,
            cache_read: million,
            cache_write: million,
            cache_write_hour: million,
        };
        assert_eq!(price.of(tokens), 5.0 + 25.0 + 0.5 + 6.25 + 10.0);
    }
}
