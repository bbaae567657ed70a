//! `metier label` as a user meets it: the real process against a scripted server, killed and started again.
#![allow(clippy::unwrap_used)]

#[path = "../../metier-label/tests/model/server.rs"]
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};
use server::{Batches, Does, Request, Server, well};

const KEY: &str = "sk-very-secret-0123456789";

/// A home with sessions in `sample`.
fn home(sessions: usize) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let (status, _, err) =
        run(metier(home.path()).args(["sample", "--out", "sample", "--sessions", &sessions.to_string()]));
    assert_eq!(status, 0, "{err}");
    home
}

fn metier(home: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("metier"));
    for name in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "METIER_STORE"] {
        command.env_remove(name);
    }
    for name in ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    {
        command.env_remove(name);
    }
    command.env("HOME", home).env("USERPROFILE", home).env("NO_COLOR", "1").current_dir(home);
    command
}

fn label(home: &Path, api: &str, server: &Server) -> Command {
    label_into(home, "c/labels.sqlite", api, server)
}

fn label_into(home: &Path, cache: &str, api: &str, server: &Server) -> Command {
    let mut command = metier(home);
    command.args(["label", "--transcripts", "sample", "--cache", cache, "--api", api, "--model", "m"]);
    command.args(["--base-url", &server.url, "--first-wait-ms", "5", "--poll-s", "0.02"]);
    command.args(["--input-usd-per-mtok", "1", "--output-usd-per-mtok", "5", "--concurrency", "4", "--json"]);
    command.env("ANTHROPIC_API_KEY", KEY).env("OPENAI_API_KEY", KEY);
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The lines of sessions.
fn lines(out: &str) -> Vec<Json> {
    let lines = out.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines.filter(|line| line.get("totals").is_none()).collect()
}

/// How often each body was sent.
fn bodies(server: &Server) -> BTreeMap<Vec<u8>, usize> {
    let mut counts = BTreeMap::new();
    for request in server.requests() {
        *counts.entry(request.body).or_default() += 1;
    }
    counts
}

/// Kills the process the hard way: nothing of it runs any more.
fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn labels_come_out_as_lines_and_the_sums_at_the_end() {
    let home = home(12);
    let server = Server::start(|_, request| well(request));
    let (status, out, err) = run(&mut label(home.path(), "anthropic", &server));
    assert_eq!(status, 0, "{err}");
    let totals: Json = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    let out = lines(&out);
    assert_eq!((out.len(), server.calls()), (12, 12));
    assert!(out.iter().all(|line| line["rater"] == "anthropic/m" && line["work_mode"] == "fixing"));
    assert_eq!(totals["totals"]["labelled"], 12);
    assert!(err.contains("12 sessions to anthropic/m at 127.0.0.1"), "{err}");
    assert!(
        err.contains("12 sessions labelled, 0 of them from the cache; 0 refused; 0 failed; 12 calls"),
        "{err}"
    );
    let (status, again, err) = run(&mut label(home.path(), "anthropic", &server));
    assert_eq!((status, server.calls()), (0, 12));
    assert!(err.contains("12 of them from the cache"), "{err}");
    assert_eq!(lines(&again)[..12], out[..]);
    assert!(err.contains("no store at"), "{err}");
    // With a store they go there, by the same ids as the rows of a scan.
    let (status, _, err) = run(metier(home.path()).args(["scan", "sample"]));
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = run(&mut label(home.path(), "anthropic", &server));
    assert_eq!((status, server.calls()), (0, 12), "{err}");
    let store = home.path().join(".local/share/metier/store");
    let store = metier_store::Store::open(&store).unwrap().unwrap();
    let labelled: BTreeSet<_> = store.labels().unwrap().into_iter().map(|(id, _)| id).collect();
    let scanned: BTreeSet<_> =
        store.rows().unwrap().into_owners().unwrap().into_iter().map(|row| row.session).collect();
    assert_eq!(labelled.len(), 12);
    assert_eq!(labelled, scanned);
}

#[test]
fn nothing_is_sent_unless_a_model_is_named() {
    let home = home(1);
    let (status, _, err) = run(metier(home.path()).args(["label", "--transcripts", "sample"]));
    assert_eq!(status, 2);
    assert!(err.contains("no model is asked unless you name it"), "{err}");
    let (status, _, err) = run(metier(home.path()).args([
        "label",
        "--transcripts",
        "sample",
        "--api",
        "anthropic",
        "--model",
        "m",
    ]));
    assert_eq!(status, 2);
    assert!(err.contains("ANTHROPIC_API_KEY is not set"), "{err}");
    let (status, _, err) = run(metier(home.path()).args(["label", "--api", "openai", "--model", "m"]));
    assert_eq!(status, 2);
    assert!(err.contains("base_url is missing"), "{err}");
}

#[test]
fn a_labeller_comes_from_the_configuration_and_flags_go_over_it() {
    let home = home(2);
    let server = Server::start(|_, request| well(request));
    let file = home.path().join(".config/metier/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let entry = format!("[labeller.own]\napi = 'openai'\nbase_url = '{}'\nmodel = 'small'\n", server.url);
    std::fs::write(&file, &entry).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let command = |more: &[&str]| {
        let mut command = metier(home.path());
        command
            .args(["label", "--transcripts", "sample", "--labeller", "own", "--json"])
            .args(config)
            .args(more);
        run(&mut command)
    };
    let (status, out, err) = command(&[]);
    assert_eq!(status, 0, "{err}");
    assert!(lines(&out).iter().all(|line| line["rater"] == "openai/small"));
    assert!(err.contains("cost unknown"), "{err}");
    assert!(
        !server.requests()[0].headers.contains_key("authorization"),
        "a server of one's own needs no key"
    );
    let (_, out, _) = command(&["--model", "large", "--limit", "1"]);
    assert_eq!(lines(&out)[0]["rater"], "openai/large");
    std::fs::write(&file, format!("{entry}api_key = 'sk-in-file'\n")).unwrap();
    let (status, _, err) = command(&[]);
    assert!(
        status == 2 && err.contains("keys do not belong into files") && !err.contains("sk-in-file"),
        "{err}"
    );
    std::fs::write(&file, format!("{entry}colour = 'red'\n")).unwrap();
    let (status, _, err) = command(&[]);
    assert!(status == 2 && err.contains("colour"), "{err}");
}

#[test]
fn a_dry_run_is_what_is_sent_later_and_sends_nothing() {
    let home = home(5);
    for (api, more) in [("anthropic", None), ("openai", None), ("openai", Some("--one-question-per-call"))] {
        let server = Server::start(|_, request| well(request));
        let cache = format!("c/{api}{}", more.unwrap_or(""));
        let command = || {
            let mut command = label_into(home.path(), &cache, api, &server);
            command.args(more);
            command
        };
        let mut dry = command();
        dry.env_remove("ANTHROPIC_API_KEY").env_remove("OPENAI_API_KEY").arg("--dry-run");
        let (status, out, err) = run(&mut dry);
        assert_eq!((status, server.calls()), (0, 0), "{err}");
        assert!(!home.path().join(&cache).exists(), "it makes no cache");
        let shown: BTreeSet<Vec<u8>> = out.lines().map(|line| body_of(line).to_vec()).collect();
        assert_eq!(run(&mut command()).0, 0);
        let sent: BTreeSet<Vec<u8>> = bodies(&server).into_keys().collect();
        assert_eq!(shown, sent);
        let line = &lines(&out)[0];
        assert_eq!(line["url"], server.requests()[0].url(&server));
        if api == "anthropic" {
            assert_eq!(line["headers"]["x-api-key"], "$ANTHROPIC_API_KEY");
        }
        let (_, out, _) = run(command().arg("--dry-run"));
        assert_eq!(out, "", "what is answered is not sent");
    }
    let batches = Arc::new(Batches::new(1, |_, _, request| Batches::succeeded(request)));
    let answering = batches.clone();
    let server = Server::start(move |_, request| answering.answer(request));
    let in_batch = || label_into(home.path(), "c/batch", "anthropic", &server);
    let (_, out, _) = run(in_batch().args(["--batch", "--dry-run"]));
    assert_eq!((out.lines().count(), server.calls()), (1, 0));
    assert_eq!(run(in_batch().arg("--batch")).0, 0);
    assert_eq!(body_of(out.trim_end()), server.requests()[0].body);
}

trait Url {
    fn url(&self, server: &Server) -> String;
}

impl Url for Request {
    fn url(&self, server: &Server) -> String {
        format!("{}{}", server.url, self.path)
    }
}

/// The bytes of the body in a line of a dry run.
fn body_of(line: &str) -> &[u8] {
    let at = line.find("\"body\":").unwrap() + "\"body\":".len();
    &line.as_bytes()[at..line.len() - 1]
}

#[test]
fn killed_in_the_middle_and_started_again_it_repeats_no_finished_call() {
    for more in [None, Some("--one-question-per-call")] {
        let home = home(14);
        // The first ten calls are answered; then the server is silent until it may speak again.
        let silent = Arc::new(AtomicBool::new(true));
        let still = silent.clone();
        let answered = if more.is_some() { 80 } else { 10 };
        let server = Server::start(move |number, request| {
            while number >= answered && still.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            well(request)
        });
        let mut child = label(home.path(), "openai", &server)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let before = server_waits(&mut child, &server, answered);
        let mut line = String::new();
        // A line that is out was kept before.
        out.read_line(&mut line).unwrap();
        let told = serde_json::from_str::<Json>(&line).unwrap();
        kill(child);
        silent.store(false, Ordering::Relaxed);
        let (status, out, err) = run(label(home.path(), "openai", &server).args(more));
        assert_eq!(status, 0, "{err}");
        assert_eq!(lines(&out).len(), 14);
        assert_eq!(lines(&out)[0], told);
        // Calls in flight when it was killed were made twice, no other, and none is missing.
        let counts = bodies(&server);
        let twice = counts.values().filter(|count| **count == 2).count();
        assert!(counts.values().all(|count| *count <= 2));
        let calls = counts.len();
        assert!(twice <= before - answered + 4, "{twice} of {calls} calls were made twice");
        let first: Vec<Request> = server.requests().into_iter().take(1).collect();
        assert_eq!(counts[&first[0].body], 1);
        let (_, _, err) = run(label(home.path(), "openai", &server).args(more));
        assert!(err.contains("14 of them from the cache"), "{err}");
        assert_eq!(bodies(&server), counts);
    }
}

/// Waits until the server has got more calls than it answers.
fn server_waits(child: &mut Child, server: &Server, answered: usize) -> usize {
    while server.calls() <= answered {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(100));
    server.calls()
}

#[test]
fn a_batch_is_found_again_after_a_kill_also_if_nobody_noted_its_name() {
    // 0: killed while the server has made the batch and not said so; 1: killed while waiting for its end.
    for moment in [0, 1] {
        let home = home(6);
        let batches = Arc::new(Batches::new(3, |_, number, request| match number {
            5 => json!({"type": "expired"}),
            _ => Batches::succeeded(request),
        }));
        let silent = Arc::new(AtomicBool::new(true));
        let (answering, still) = (batches.clone(), silent.clone());
        let looks = Arc::new(AtomicUsize::new(0));
        let seen = looks.clone();
        let server = Server::start(move |_, request| {
            if moment == 0 {
                let does = answering.answer(request);
                while request.method == "POST" && still.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(5));
                }
                return does;
            }
            if request.method == "GET" {
                seen.fetch_add(1, Ordering::Relaxed);
                while still.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            answering.answer(request)
        });
        let command = || {
            let mut command = label(home.path(), "anthropic", &server);
            command.arg("--batch").stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let mut child = command().spawn().unwrap();
        while batches.count() == 0 || (moment == 1 && looks.load(Ordering::Relaxed) == 0) {
            assert!(child.try_wait().unwrap().is_none(), "it ended early");
            thread::sleep(Duration::from_millis(5));
        }
        kill(child);
        silent.store(false, Ordering::Relaxed);
        let (status, out, err) = run(&mut command());
        // The one that expired went into a second batch, and expired there no more: it was the only one.
        assert_eq!((status, lines(&out).len()), (0, 6), "{err}");
        assert_eq!((batches.count(), batches.custom_ids().len()), (2, 7), "moment {moment}");
    }
}

#[test]
fn two_processes_on_one_cache_do_not_pay_twice() {
    let home = home(30);
    let server = Server::start(|_, request| Does::Slowly(Duration::from_millis(10), Box::new(well(request))));
    let start = || {
        let mut command = label(home.path(), "openai", &server);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start(), start()];
    let mut outs = Vec::new();
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        outs.push(String::from_utf8(output.stdout).unwrap());
    }
    let [one, two, three] = [0, 1, 2].map(|at: usize| lines(&outs[at]));
    assert!(one == two && two == three);
    let counts = bodies(&server);
    assert!(counts.values().all(|count| *count == 1));
    assert_eq!(counts.len(), 30);
}

#[test]
fn the_key_is_in_the_header_and_nowhere_else() {
    let home = home(3);
    for status in [200, 401, 400, 500] {
        let server = Server::start(move |_, request| {
            if status == 200 {
                well(request)
            } else {
                Does::error(status, "bad", &format!("your key {KEY} is bad"))
            }
        });
        let mut all = Vec::new();
        for more in [None, Some("--dry-run"), Some("--batch")] {
            let output = label(home.path(), "anthropic", &server).args(more).output().unwrap();
            all.extend(output.stdout);
            all.extend(output.stderr);
        }
        for entry in std::fs::read_dir(home.path().join("c")).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap_or_default());
        }
        assert!(!String::from_utf8_lossy(&all).contains(KEY), "{status}");
        assert!(server.requests().iter().all(|request| request.headers["x-api-key"] == KEY));
    }
}

#[test]
fn some_failed_is_1_and_a_budget_stops_in_time() {
    let home = home(10);
    let server = Server::start(|_, request| well(request));
    let (status, out, err) = run(label(home.path(), "openai", &server).args(["--budget", "0.05"]));
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("budget)"), "{err}");
    let made = server.calls();
    assert!(made > 0 && made < 10 && lines(&out).len() == made);
    // What was paid is not lost: with more money the rest is asked for.
    let (status, _, err) = run(label(home.path(), "openai", &server).args(["--budget", "5"]));
    assert_eq!((status, server.calls()), (0, 10), "{err}");
    let (status, _, err) = run(label(home.path(), "openai", &server).args(["nosuchsession"]));
    assert!(status == 2 && err.contains("nosuchsession"), "{err}");
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let home = home(20);
    let server = Server::start(|_, request| well(request));
    let some = |more: &[&str]| {
        let (status, out, err) = run(label(home.path(), "openai", &server).args(["--dry-run"]).args(more));
        assert_eq!(status, 0, "{err}");
        lines(&out).iter().map(|line| line["session"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = some(&[]);
    let one = some(&["--sample", "7", "--seed", "3"]);
    assert_eq!(one, some(&["--sample", "7", "--seed", "3"]));
    assert_ne!(one, some(&["--sample", "7", "--seed", "4"]));
    assert_eq!(one.len(), 7);
    assert_eq!(some(&["--limit", "4"]), all[16..]);
    assert_eq!(some(&[&all[2][..20]]), all[2..3]);
}
