//! How much of the rate that a server allows a model labeller reaches: a server that counts calls in sliding windows, with latency. Prints ratios; asserts nothing.
//!
//! `cargo run --release -p metier-label --example throughput [SECONDS]`
#![allow(clippy::unwrap_used)]

#[path = "../tests/model/server.rs"]
mod server;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use metier_label::model::{Api, Cache, Endpoint, Job, Labeller, Options, Settings};
use server::{Does, Server, well};

/// How the client learns the rate.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// From the configuration.
    Configured,
    /// From the header of every answer.
    Header,
    /// From nothing but 429 with `retry-after`.
    Refusals,
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(10.0, |seconds| seconds.parse().unwrap());
    println!(
        "| allowed a second | latency ms | rate known from | answered | turned away | reached / allowed |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for told in [Told::Configured, Told::Header, Told::Refusals] {
        for (rate, latency) in [(50, 100..=100), (50, 100..=400), (200, 100..=100), (200, 100..=400)] {
            run(rate, latency, told, seconds);
        }
    }
}

fn run(rate: u32, latency: std::ops::RangeInclusive<u64>, told: Told, seconds: f64) {
    let refused = Arc::new(AtomicU64::new(0));
    let counted = refused.clone();
    let window: Mutex<VecDeque<Instant>> = Mutex::default();
    let (low, high) = (*latency.start(), *latency.end());
    let server = Server::start(move |number, request| {
        // A call is admitted if fewer than `rate` were in the last second.
        let most = rate as usize;
        {
            let mut window = window.lock().unwrap();
            let now = Instant::now();
            while window.front().is_some_and(|first| now - *first > Duration::from_secs(1)) {
                window.pop_front();
            }
            if window.len() >= most {
                counted.fetch_add(1, Ordering::Relaxed);
                let wait = Duration::from_secs(1).saturating_sub(now - window[0]).as_secs_f64();
                return Does::status(429).with("retry-after", &format!("{wait:.3}"));
            }
            window.push_back(now);
        }
        let spread = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let wait = Duration::from_millis(low + spread % (high - low + 1));
        let does = well(request).with("content-type", "application/json");
        let does = if told == Told::Header {
            does.with("anthropic-ratelimit-requests-limit", &(rate * 60).to_string())
        } else {
            does
        };
        Does::Slowly(wait, Box::new(does))
    });
    let settings = Settings {
        api: Some(Api::Anthropic),
        base_url: Some(server.url.clone()),
        model: Some("m".to_owned()),
        concurrency: Some((f64::from(rate) * high as f64 / 1000.0 * 1.5).ceil() as u16 + 4),
        requests_per_minute: (told == Told::Configured).then_some(rate * 60),
        ..Settings::default()
    };
    let endpoint = Endpoint::new(settings, "the benchmark").unwrap();
    let key = endpoint.key(&|_| Some("k".to_owned())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("c")).unwrap();
    let labeller = Labeller::new(endpoint, key, cache, Box::new(str::to_owned), Options::default()).unwrap();
    let jobs = (f64::from(rate) * seconds) as usize;
    let text = "### USER 1\nFix it.\n\n### AGENT\nDone, and the tests pass.\n".repeat(200);
    let jobs = (0..jobs).map(|number| Job {
        session: number.to_string(),
        text: format!("{text}{number}"),
        messages_text: "### USER 1\nFix it.".to_owned(),
        messages: 1,
    });
    let begun = Instant::now();
    let mut answered = 0u32;
    labeller.label(jobs, |_| answered += 1).unwrap();
    // The last calls are on their way when the rate has nothing more to give.
    let took = begun.elapsed().as_secs_f64() - (low + high) as f64 / 2000.0;
    let reached = f64::from(answered) / took;
    let from = match told {
        Told::Configured => "configuration",
        Told::Header => "header",
        Told::Refusals => "429 only",
    };
    let refused = refused.load(Ordering::Relaxed);
    let ratio = reached / f64::from(rate);
    println!("| {rate} | {low}–{high} | {from} | {answered} | {refused} | {ratio:.3} |");
}
