//! A server that speaks the real wire formats over real HTTP and does what a script says: for tests. Counts every call.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// All that the model would read.
    pub fn prompt(&self) -> String {
        user_text(&self.json()).to_owned()
    }
}

/// What the server does with a request.
pub enum Does {
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Waits, then answers.
    Slowly(Duration, Box<Does>),
    /// Tells a length, sends half of the body, and closes.
    HalfOf(Vec<u8>),
    /// Reads the request and closes without a word.
    Close,
}

impl Does {
    pub fn json(body: &Json) -> Does {
        Does::Answer(200, Vec::new(), body.to_string().into_bytes())
    }

    pub fn status(status: u16) -> Does {
        Does::error(status, "some_error", "scripted")
    }

    pub fn error(status: u16, kind: &str, words: &str) -> Does {
        let body = json!({"type": "error", "error": {"type": kind, "message": words}});
        Does::Answer(status, Vec::new(), body.to_string().into_bytes())
    }

    pub fn with(self, name: &'static str, value: &str) -> Does {
        match self {
            Does::Answer(status, mut headers, body) => {
                headers.push((name, value.to_owned()));
                Does::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Script = dyn Fn(usize, &Request) -> Does + Send + Sync;

pub struct Server {
    pub url: String,
    log: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// The script gets the number of the request, from 0, and the request.
    pub fn start(script: impl Fn(usize, &Request) -> Does + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let script: Arc<Script> = Arc::new(script);
        let (kept, ended) = (log.clone(), stop.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (log, script) = (kept.clone(), script.clone());
                thread::spawn(move || {
                    if let Ok(stream) = stream {
                        let _ = serve(&stream, &log, &*script);
                    }
                });
            }
        });
        Server { url, log, stop }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    pub fn calls(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(stream: &TcpStream, log: &Mutex<Vec<Request>>, script: &Script) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request = Request { method, path, headers, body };
        let number = {
            let mut log = log.lock().unwrap();
            log.push(request.clone());
            log.len() - 1
        };
        if !answer(stream, script(number, &request))? {
            return Ok(());
        }
    }
}

/// Whether the connection stays.
fn answer(mut stream: &TcpStream, does: Does) -> std::io::Result<bool> {
    match does {
        Does::Answer(status, headers, body) => {
            let mut out = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                out.push_str(&format!("{name}: {value}\r\n"));
            }
            out.push_str("\r\n");
            let mut bytes = out.into_bytes();
            bytes.extend(body);
            stream.write_all(&bytes)?;
            Ok(true)
        }
        Does::Slowly(wait, then) => {
            thread::sleep(wait);
            answer(stream, *then)
        }
        Does::HalfOf(body) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body[..body.len() / 2])?;
            Ok(false)
        }
        Does::Close => Ok(false),
    }
}

/// Answers that any rater could give, for the questions that the body asks.
pub fn answers(body: &Json) -> Json {
    let schema =
        body.pointer("/tools/0/input_schema").or(body.pointer("/response_format/json_schema/schema"));
    let text = user_text(body);
    let messages = text
        .rsplit_once("The person typed ")
        .map_or(0, |(_, rest)| rest.split_whitespace().next().unwrap().parse::<usize>().unwrap_or(0));
    let mut out = json!({
        "rationale": "The person set the task up well.", "work_mode": "fixing", "expertise": 3, "outcome": "succeeded",
        "success_signal": 4, "failure_signal": 1, "planning_user_share": 0.5, "execution_user_share": null,
        "interaction_pattern": "directed", "occupation": "unclear", "work_occupation": "15", "task_subject": "backend",
        "codebase": "modify", "value_usd": 100, "confidence": {"expertise": 0.7},
        "intents": vec!["confirmation"; messages],
    });
    if let Some(schema) = schema {
        let wanted = schema["properties"].as_object().unwrap();
        out.as_object_mut().unwrap().retain(|name, _| wanted.contains_key(name));
    }
    out
}

fn user_text(body: &Json) -> &str {
    let messages = body["messages"].as_array().unwrap();
    messages.last().unwrap()["content"].as_str().unwrap()
}

/// A message of Anthropic's API with these answers; the tokens are one for two bytes sent, and fifty.
pub fn message(body: &Json, input: &Json) -> Json {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "record_answers", "input": input}],
        "stop_reason": "tool_use", "stop_sequence": null,
        "usage": {"input_tokens": body.to_string().len() / 2, "output_tokens": 50}})
}

/// A chat completion with this text.
pub fn completion(body: &Json, text: &str) -> Json {
    json!({"id": "c", "object": "chat.completion", "created": 0, "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": body.to_string().len() / 2, "completion_tokens": 50, "total_tokens": 0}})
}

/// The answer of a server where all is well, in the format of the request.
pub fn well(request: &Request) -> Does {
    let body = request.json();
    if request.path.ends_with("/v1/messages") {
        Does::json(&message(&body, &answers(&body)))
    } else {
        Does::json(&completion(&body, &answers(&body).to_string()))
    }
}

type Ends = dyn Fn(usize, usize, &Json) -> Json + Send + Sync;

/// Message Batches: `ends` says how a request ends, by the number of its batch and its own in it.
pub struct Batches {
    made: Mutex<Vec<(Json, usize)>>,
    looks: usize,
    ends: Box<Ends>,
}

impl Batches {
    /// A batch ends after it was looked at so many times.
    pub fn new(looks: usize, ends: impl Fn(usize, usize, &Json) -> Json + Send + Sync + 'static) -> Batches {
        Batches { made: Mutex::default(), looks, ends: Box::new(ends) }
    }

    pub fn succeeded(request: &Json) -> Json {
        let body = &request["params"];
        json!({"type": "succeeded", "message": message(body, &answers(body))})
    }

    /// Every custom id of every batch.
    pub fn custom_ids(&self) -> Vec<String> {
        let made = self.made.lock().unwrap();
        let requests = made.iter().flat_map(|(body, _)| body["requests"].as_array().unwrap().clone());
        requests.map(|request| request["custom_id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn count(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    pub fn answer(&self, request: &Request) -> Does {
        let mut made = self.made.lock().unwrap();
        let path = request.path.split('?').next().unwrap().trim_start_matches("/v1/messages/batches");
        if request.method == "POST" {
            made.push((request.json(), 0));
            return Does::json(&self.state(&made, made.len() - 1));
        }
        if path.is_empty() {
            let data: Vec<Json> = (0..made.len()).rev().map(|at| self.state(&made, at)).collect();
            return Does::json(&json!({"data": data, "has_more": false, "first_id": null, "last_id": null}));
        }
        let mut parts = path.trim_start_matches("/msgbatch_").split('/');
        let at: usize = parts.next().unwrap().parse().unwrap();
        if parts.next() == Some("results") {
            assert!(made[at].1 >= self.looks, "results were asked for before the end");
            let requests = made[at].0["requests"].as_array().unwrap();
            // Results come in any order.
            let lines = requests.iter().enumerate().rev().map(|(number, request)| {
                json!({"custom_id": request["custom_id"], "result": (self.ends)(at, number, request)})
                    .to_string()
            });
            let body = lines.collect::<Vec<_>>().join("\n");
            return Does::Answer(
                200,
                vec![("content-type", "application/x-jsonl".to_owned())],
                body.into_bytes(),
            );
        }
        made[at].1 += 1;
        Does::json(&self.state(&made, at))
    }

    fn state(&self, made: &[(Json, usize)], at: usize) -> Json {
        let ended = made[at].1 >= self.looks;
        let size = made[at].0["requests"].as_array().unwrap().len();
        let (processing, succeeded) = if ended { (0, size) } else { (size, 0) };
        json!({"id": format!("msgbatch_{at}"), "type": "message_batch",
            "processing_status": if ended { "ended" } else { "in_progress" },
            "request_counts": {"processing": processing, "succeeded": succeeded, "errored": 0, "canceled": 0, "expired": 0},
            "created_at": jiff_now(), "expires_at": jiff_now(),
            "results_url": "http://example.invalid/never/asked"})
    }
}

/// Now, as RFC 3339, without a dependency.
fn jiff_now() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Days to a date: Howard Hinnant, "chrono-compatible low-level date algorithms" (2013).
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}
