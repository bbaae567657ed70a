//! What calls cost: estimates before, reservations while they are in flight, and what was spent. Sends nothing.

use std::sync::{Condvar, Mutex};

use super::config::{Api, Endpoint, Prices};
use super::wire::Usage;

/// Characters of a token, for estimates: about right for English and code.
const CHARACTERS: f64 = 3.5;

/// Bytes of a token at worst, for reservations, until the server's own counts say that it is fewer.
const WORST_BYTES: f64 = 2.0;

/// Tokens that a server adds by itself, for tools.
const ADDED: f64 = 600.0;

/// What a million tokens cost after the discount of batches, and how much may be spent.
#[derive(Debug)]
pub(super) struct Purse {
    prices: Option<Prices>,
    /// Writing the rubric into the server's cache costs more than sending it.
    dearest: f64,
    budget: Option<f64>,
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spent: f64,
    reserved: f64,
    in_flight: usize,
    /// The most tokens that a byte turned out to have.
    densest: f64,
    exhausted: bool,
}

/// What is put aside for a call in flight; it has to be settled or released.
#[derive(Debug)]
#[must_use]
pub(super) struct Reserved {
    usd: f64,
    bytes: usize,
}

/// The budget would be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OverBudget;

impl Purse {
    pub(super) fn new(endpoint: &Endpoint, budget: Option<f64>) -> Purse {
        let share = if endpoint.batch { 0.5 } else { 1.0 };
        let prices = endpoint
            .prices
            .map(|prices| Prices { input: prices.input * share, output: prices.output * share });
        let dearest = if endpoint.api == Api::Anthropic { 1.25 } else { 1.0 };
        Purse { prices, dearest, budget, state: Mutex::default(), settled: Condvar::new() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with it")
    }

    /// Puts the worst case of a call aside; waits for calls in flight where that is too much for now.
    pub(super) fn reserve(&self, bytes: usize, max_tokens: u32) -> Result<Reserved, OverBudget> {
        self.put_aside(bytes, max_tokens, true)
    }

    /// The same, without waiting.
    pub(super) fn reserve_now(&self, bytes: usize, max_tokens: u32) -> Result<Reserved, OverBudget> {
        self.put_aside(bytes, max_tokens, false)
    }

    /// What was paid without being put aside: by an earlier run, for a batch that this one found.
    pub(super) fn charge(&self, usage: Option<Usage>) -> f64 {
        let usd = usage.map_or(0.0, |usage| self.cost(usage));
        self.state().spent += usd;
        usd
    }

    fn put_aside(&self, bytes: usize, max_tokens: u32, wait: bool) -> Result<Reserved, OverBudget> {
        let Some(prices) = self.prices else { return Ok(Reserved { usd: 0.0, bytes }) };
        let mut state = self.state();
        loop {
            let tokens = bytes as f64 * state.densest.max(1.0 / WORST_BYTES) + ADDED;
            let usd =
                (tokens * prices.input * self.dearest + f64::from(max_tokens) * prices.output) / 1_000_000.0;
            match self.budget {
                Some(_) if state.exhausted => return Err(OverBudget),
                Some(budget) if state.spent + state.reserved + usd > budget => {
                    if state.in_flight == 0 || !wait {
                        state.exhausted = true;
                        return Err(OverBudget);
                    }
                    state = self.settled.wait(state).expect("no thread panics with it");
                }
                _ => {
                    state.reserved += usd;
                    state.in_flight += 1;
                    return Ok(Reserved { usd, bytes });
                }
            }
        }
    }

    /// The call was answered: what it cost. Without the server's count, the worst case.
    pub(super) fn settle(&self, reserved: Reserved, usage: Option<Usage>) -> f64 {
        let usd = usage.map_or(reserved.usd, |usage| self.cost(usage));
        if let Some(usage) = usage {
            let tokens = (usage.sent() as f64 - ADDED).max(0.0);
            let mut state = self.state();
            state.densest = state.densest.max(tokens / reserved.bytes.max(1) as f64);
        }
        self.done(&reserved, usd);
        usd
    }

    /// The call cost nothing: the server turned it away, or was never reached.
    pub(super) fn release(&self, reserved: Reserved) {
        self.done(&reserved, 0.0);
    }

    /// Nobody knows whether the call was charged: it was cut after it was sent.
    pub(super) fn lose(&self, reserved: Reserved) {
        let usd = reserved.usd;
        self.done(&reserved, usd);
    }

    fn done(&self, reserved: &Reserved, spent: f64) {
        if self.prices.is_none() {
            return;
        }
        let mut state = self.state();
        state.spent += spent;
        state.reserved = (state.reserved - reserved.usd).max(0.0);
        state.in_flight -= 1;
        self.settled.notify_all();
    }

    /// What tokens cost; 0 without prices.
    pub(super) fn cost(&self, usage: Usage) -> f64 {
        let Some(prices) = self.prices else { return 0.0 };
        let input = usage.input as f64 + 1.25 * usage.cache_written as f64 + 0.1 * usage.cache_read as f64;
        (input * prices.input + usage.output as f64 * prices.output) / 1_000_000.0
    }

    pub(super) fn has_prices(&self) -> bool {
        self.prices.is_some()
    }

    /// Spent in this run, in US dollars, with what may have been charged for calls that were cut.
    pub(super) fn spent(&self) -> f64 {
        self.state().spent
    }
}

/// What labelling would take, before anything is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// Calls.
    pub calls: u64,
    /// Tokens sent.
    pub input: u64,
    /// Tokens answered.
    pub output: u64,
    /// US dollars; `None` without prices.
    pub usd: Option<f64>,
}

impl Estimate {
    /// Adds a call of so many characters, answered in so many tokens.
    pub(super) fn add(&mut self, characters: usize, output: u32) {
        self.calls += 1;
        self.input += (characters as f64 / CHARACTERS).ceil() as u64;
        self.output += u64::from(output);
    }

    pub(super) fn priced(mut self, purse: &Purse) -> Estimate {
        let usage = Usage { input: self.input, output: self.output, ..Usage::default() };
        self.usd = purse.has_prices().then(|| purse.cost(usage));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Settings;
    use super::*;

    fn purse(budget: f64) -> Purse {
        let settings = Settings {
            api: Some(Api::Anthropic),
            model: Some("m".to_owned()),
            input_usd_per_mtok: Some(1.0),
            output_usd_per_mtok: Some(5.0),
            ..Settings::default()
        };
        Purse::new(&Endpoint::new(settings, "here").expect("it is whole"), Some(budget))
    }

    #[test]
    fn what_is_in_flight_counts_at_its_worst() {
        // 2,000 bytes are at worst 1,000 tokens and 600 added; at 1.25 dollars a million.
        let worst = (1_600.0 * 1.25 + 100.0 * 5.0) / 1e6;
        let purse = purse(worst * 1.5);
        let first = purse.reserve(2_000, 100).expect("there is enough");
        let usage = Usage { input: 600, output: 10, ..Usage::default() };
        let usd = purse.settle(first, Some(usage));
        assert!((usd - 650.0 / 1e6).abs() < 1e-12);
        let second = purse.reserve(2_000, 100).expect("there is enough again");
        purse.lose(second);
        assert_eq!(purse.reserve(2_000, 100).err(), Some(OverBudget));
        assert!(purse.spent() <= worst * 1.5);
    }

    #[test]
    fn who_waits_gets_what_others_did_not_need() {
        let purse = purse(0.003);
        let first = purse.reserve(2_000, 100).expect("there is enough");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| purse.reserve(2_000, 100).map(|reserved| purse.release(reserved)));
            purse.release(first);
            assert_eq!(second.join().expect("it does not panic"), Ok(()));
        });
    }

    #[test]
    fn denser_texts_than_thought_are_reserved_for() {
        let purse = purse(1.0);
        let first = purse.reserve(1_000, 0).expect("there is enough");
        let worst = first.usd;
        purse.settle(first, Some(Usage { input: 2_600, ..Usage::default() }));
        let second = purse.reserve(1_000, 0).expect("there is enough");
        assert!(second.usd > worst * 2.0);
        purse.release(second);
    }
}
