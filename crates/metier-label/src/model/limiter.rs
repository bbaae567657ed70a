//! When a call may begin: the rate, and the pause that a server asks for. Counts no money and sends nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Shared by all threads that call one endpoint.
#[derive(Debug)]
pub(super) struct Limiter {
    state: Mutex<State>,
    stopped: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Calls a second; `None`: as many as there are threads for.
    rate: Option<f64>,
    /// Whether the user set the rate: then what the server says does not change it.
    fixed: bool,
    /// When the next call may begin by the rate.
    next: Instant,
    /// Nobody begins before this.
    pause: Instant,
    /// Calls that were answered since `since`.
    answered: u32,
    since: Instant,
    /// When the rate was last lowered: calls that were on their way then tell nothing new.
    lowered: Instant,
}

impl Limiter {
    pub(super) fn new(requests_per_minute: Option<u32>) -> Limiter {
        let now = Instant::now();
        let rate = requests_per_minute.map(|rate| f64::from(rate) / 60.0);
        let state = State {
            rate,
            fixed: rate.is_some(),
            next: now,
            pause: now,
            answered: 0,
            since: now,
            lowered: now,
        };
        Limiter { state: Mutex::new(state), stopped: AtomicBool::new(false) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with it")
    }

    /// Waits until a call may begin. `false` if everything was stopped meanwhile.
    pub(super) fn wait(&self) -> bool {
        let mut slot = {
            let mut state = self.state();
            let now = Instant::now();
            let slot = state.next.max(now);
            if let Some(rate) = state.rate {
                // A slot a little in the past may still be taken: threads wake late, and lateness must not add up.
                let grace = Duration::from_millis(20);
                let base = state.next.max(now.checked_sub(grace).unwrap_or(now));
                state.next = base + Duration::from_secs_f64(1.0 / rate);
            }
            slot
        };
        loop {
            if self.is_stopped() {
                return false;
            }
            let pause = self.state().pause;
            slot = slot.max(pause);
            let now = Instant::now();
            if now >= slot {
                return true;
            }
            // In pieces, so that a stop is noticed.
            thread::sleep((slot - now).min(Duration::from_millis(100)));
        }
    }

    /// Sleeps, unless everything is stopped. `false` if it was.
    pub(super) fn sleep(&self, how_long: Duration) -> bool {
        let until = Instant::now() + how_long;
        while !self.is_stopped() {
            let now = Instant::now();
            if now >= until {
                return true;
            }
            thread::sleep((until - now).min(Duration::from_millis(50)));
        }
        false
    }

    /// The server asks everybody to wait this long.
    pub(super) fn pause(&self, how_long: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        // Calls on their way when the pause began say the same again: the longest wait counts.
        state.pause = state.pause.max(now + how_long);
        let rate = state.rate;
        if !state.fixed && now.duration_since(state.lowered) > Duration::from_secs(1) {
            // Nobody told the rate: what got through since the last pause is a good guess of it.
            let seconds = now.duration_since(state.since).as_secs_f64() + how_long.as_secs_f64();
            let seen = f64::from(state.answered.max(1)) / seconds.max(0.1);
            state.rate = Some(rate.map_or(seen, |rate| (rate * 0.9).max(seen.min(rate))));
            (state.answered, state.since, state.lowered) = (0, now, now);
        }
        let pause = state.pause;
        if state.next < pause {
            state.next = pause;
        }
    }

    /// A call was answered: slowly tries more, where the rate is a guess.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.answered += 1;
        if !state.fixed
            && let Some(rate) = state.rate
        {
            // Five per cent more in a second.
            state.rate = Some(rate + 0.05);
        }
    }

    /// The server told the calls that it allows in a minute.
    pub(super) fn told(&self, per_minute: f64) {
        let mut state = self.state();
        if !state.fixed && per_minute >= 1.0 {
            state.rate = Some(per_minute / 60.0);
            state.fixed = true;
        }
    }

    /// No call begins from now on.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// How long to wait before the `attempt`-th try, from 1: doubling, half of it by chance, the chance from a seed.
pub(super) fn backoff(base: Duration, attempt: u32, seed: u64) -> Duration {
    let most = base.saturating_mul(1 << attempt.saturating_sub(1).min(6)).min(Duration::from_secs(60));
    // SplitMix64 (Steele, Lea & Flood 2014).
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let share = (z >> 11) as f64 / (1u64 << 53) as f64;
    most.mul_f64(0.5 + 0.5 * share)
}

/// What `retry-after` says: seconds, or a date. `None` if it says neither.
pub(super) fn retry_after(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (0.0..=1e9).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    let seconds = date.duration_since(now).as_secs_f64();
    Some(Duration::from_secs_f64(seconds.clamp(0.0, 1e9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: jiff::Timestamp = "1994-11-06T08:49:30Z".parse().expect("a time");
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(" 0.5 ", now), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-3", now), None);
    }

    #[test]
    fn backoff_doubles_within_bounds_and_is_the_same_for_a_seed() {
        let base = Duration::from_millis(100);
        for attempt in 1..12 {
            let wait = backoff(base, attempt, 7);
            let most = base * (1 << (attempt - 1).min(6));
            assert!(wait >= most / 2 && wait <= most, "{attempt}: {wait:?}");
            assert_eq!(wait, backoff(base, attempt, 7));
        }
        assert_ne!(backoff(base, 3, 7), backoff(base, 3, 8));
    }

    #[test]
    fn a_stop_ends_all_waiting() {
        let limiter = Limiter::new(None);
        limiter.pause(Duration::from_secs(3600));
        limiter.stop();
        assert!(!limiter.wait());
        assert!(!limiter.sleep(Duration::from_secs(3600)));
    }
}
