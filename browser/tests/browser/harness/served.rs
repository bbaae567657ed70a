//! A running `metier serve`.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::corpus::command;
use super::{Reply, Running, ask};

/// A server over a store and transcripts.
pub struct Served {
    _running: Running,
    pub port: u16,
    pub token: String,
    pub store: PathBuf,
}

impl Served {
    /// Starts one, and waits until it has read what there is.
    pub fn start(store: &Path, transcripts: &Path, more: &[&str]) -> Served {
        let mut command = command(store.parent().unwrap());
        command.args(["serve", "--quiet", "--port", "0", "--no-watch", "--store"]).arg(store);
        command.arg("--transcripts").arg(transcripts).args(more);
        let (running, (port, token)) = Running::start(&mut command, |line| {
            let (port, token) = line.strip_prefix("http://127.0.0.1:")?.split_once("/?token=")?;
            Some((port.parse().ok()?, token.to_owned()))
        });
        let served = Served { _running: running, port, token, store: store.to_owned() };
        served.wait();
        served
    }

    /// Until nothing is going on any more; twice, because between opening a store and looking for transcripts is a moment of rest.
    fn wait(&self) {
        let began = Instant::now();
        let mut idle = 0;
        while idle < 2 {
            assert!(began.elapsed() < Duration::from_secs(90), "it is still reading");
            let news: Value = serde_json::from_slice(&self.get("/news").body).unwrap();
            assert_eq!(news["trouble"], Value::Null);
            let rests = news["now"].is_null() && !news["revision"].is_null();
            idle = if rests { idle + 1 } else { 0 };
            thread::sleep(Duration::from_millis(150));
        }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The header that a browser sends which was let in.
    pub fn cookie(&self) -> String {
        format!("metier-{}={}", self.port, self.token)
    }

    /// A page, as a browser that was let in gets it.
    pub fn get(&self, path: &str) -> Reply {
        ask(self.port, "GET", path, &[("Cookie", &self.cookie())], &[]).unwrap()
    }
}
