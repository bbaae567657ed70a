//! `metier sample`: small synthetic transcripts of our own making, so that somebody without sessions sees the whole thing. Every one says that it is synthetic.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use metier_session::discover::{self, Found};
use metier_session::scan::{self, Scan};
use metier_session::{Key, Time};
use metier_store::{Row, Rows};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::Ended;
use crate::cli::{self, All};
use metier_study::SYNTHETIC_VERSION;

use crate::summary;

pub(crate) fn run(command: &cli::Sample, all: &All) -> Result<Ended> {
    let out = &command.out;
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: name a new or empty folder", out.display());
    }
    write(out, command.sessions, command.seed)?;
    if !all.quiet {
        let (n, out) = (command.sessions, out.display());
        anstream::eprintln!("wrote {n} synthetic sessions to {out}. To see everything on them:");
        anstream::eprintln!("  metier scan {out} --store {out}/store && metier summary --store {out}/store");
    }
    Ok(Ended::Done)
}

/// Shows the summary on synthetic sessions, where there are no real ones.
pub(crate) fn show(all: &All) -> Result<Ended> {
    anstream::eprintln!(
        "No sessions of coding agents on this machine yet. What follows is from 240 SYNTHETIC sessions of\n\
         8 invented people, made up to show what metier prints; they say nothing about anybody.\n\
         Your own: `metier scan PATH`. To keep the synthetic ones: `metier sample --out DIR`.\n"
    );
    let folder = std::env::temp_dir().join(format!("metier-sample-{}", std::process::id()));
    let rows = write(&folder, 240, 1).and_then(|()| measure(&folder, all));
    // The folder is ours, made a moment ago.
    let _ = fs::remove_dir_all(&folder);
    summary::show(None, Rows::of_owner(rows?), &summary::overall(), all)
}

fn measure(folder: &Path, all: &All) -> Result<Vec<Row>> {
    let mut found = Found::default();
    discover::find(folder, &mut found).with_context(|| format!("cannot read {}", folder.display()))?;
    let key = Key::public();
    let scan = Scan { key: &key, threads: all.threads(), progress: &|_| {} };
    Ok(scan::facts(found.candidates, &scan, &metier_label::builtin::label)
        .0
        .into_iter()
        .map(Row::from)
        .collect())
}

fn write(out: &Path, sessions: u32, seed: u64) -> Result<()> {
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed));
    for number in 0..sessions {
        let transcript = Transcript::make(&mut random, number);
        let folder = out.join("projects").join(&transcript.project);
        let cannot = |path: &Path| format!("cannot write {}", path.display());
        fs::create_dir_all(&folder).with_context(|| cannot(&folder))?;
        let path: PathBuf = folder.join(format!("{}.jsonl", transcript.session));
        let mut file = fs::File::create(&path).map(std::io::BufWriter::new).with_context(|| cannot(&path))?;
        for line in &transcript.lines {
            writeln!(file, "{line}").with_context(|| cannot(&path))?;
        }
        file.flush().with_context(|| cannot(&path))?;
    }
    Ok(())
}

/// Random choices that are the same for the same seed.
struct Random(ChaCha8Rng);

impl Random {
    /// A number in `0..n`. The bias of the remainder, below 2⁻⁵⁰ for our small `n`, does no harm here.
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn happens(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }

    fn pick<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.0.next_u64(), self.0.next_u64());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 48 & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }
}

const PROMPTS: [&str; 8] = [
    "Add a flag --since to the export command; dates are ISO 8601, an unknown date is an error with exit code 2.",
    "The import is slow. Why?",
    "fix it",
    "Write a test for the empty file first, then make it pass.",
    "no, keep the old name and deprecate it",
    "Looks right. Commit it.",
    "Explain how the cache is invalidated when a row changes.",
    "Use a BTreeMap there so that the order is stable, and check it with the property test.",
];

const MODELS: [&str; 3] = ["claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"];

/// A transcript that is being made.
struct Transcript {
    session: String,
    project: String,
    directory: String,
    model: String,
    lines: Vec<Value>,
    now: Time,
    parent: Option<String>,
    calls: u64,
}

impl Transcript {
    fn make(random: &mut Random, number: u32) -> Transcript {
        let person = random.below(8) + 1;
        let project = *random.pick(&["ledger", "atlas", "quill"]);
        let start = Time::parse("2026-01-05T08:00:00.000Z").expect("a time").0;
        let day = i64::from(number) * 86_400_000 * 150 / 240 + random.below(36_000_000) as i64;
        let mut transcript = Transcript {
            session: random.uuid(),
            project: format!("-home-sample-{person}-{project}"),
            directory: format!("/home/sample-{person}/{project}"),
            model: (*random.pick(&MODELS)).to_owned(),
            lines: Vec::new(),
            now: Time(start + day),
            parent: None,
            calls: 0,
        };
        // People who set the task up precisely let the agent go further: the pattern that the studies report.
        let skill = person.div_ceil(2);
        let permission = *random.pick(&["default", "acceptEdits", "bypassPermissions"]);
        let prompts = 1 + random.below(3 + skill);
        for prompt in 0..prompts {
            transcript.prompt(random, prompt, permission);
            transcript.work(random, skill);
            if random.happens(6) {
                transcript
                    .user(json!([{"type": "text", "text": "[Request interrupted by user]"}]), json!({}));
            }
        }
        transcript.end(random, skill);
        transcript
    }

    fn wait(&mut self, random: &mut Random, seconds: u64) {
        self.now.0 += 500 + random.below(seconds * 1000) as i64;
    }

    fn record(&mut self, random_id: String, mut record: Value) {
        record["uuid"] = random_id.clone().into();
        record["parentUuid"] = self.parent.replace(random_id).into();
        record["sessionId"] = self.session.clone().into();
        record["timestamp"] = self.now.to_string().into();
        record["cwd"] = self.directory.clone().into();
        record["version"] = SYNTHETIC_VERSION.into();
        record["isSidechain"] = false.into();
        record["userType"] = "external".into();
        record["entrypoint"] = "cli".into();
        self.lines.push(record);
    }

    /// Ids within a transcript count up: they need not be random to be unique.
    fn id(&mut self) -> String {
        self.calls += 1;
        format!("{}-{:012x}", &self.session[..23], self.calls)
    }

    fn user(&mut self, content: Value, extra: Value) {
        let id = self.id();
        let mut record = json!({"type": "user", "message": {"role": "user", "content": content}});
        if let (Some(record), Some(extra)) = (record.as_object_mut(), extra.as_object()) {
            record.extend(extra.clone());
        }
        self.record(id, record);
    }

    fn prompt(&mut self, random: &mut Random, number: u64, permission: &str) {
        self.wait(random, 600);
        let text = match random.below(20) {
            0 if number == 0 => "Implement the following plan:\n\n# Plan\n\n1. Read the code.\n2. Change it.".to_owned(),
            1 => "<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args></command-args>".to_owned(),
            _ => (*random.pick(&PROMPTS)).to_owned(),
        };
        self.user(text.into(), json!({"permissionMode": permission}));
    }

    fn agent(&mut self, random: &mut Random, block: Value) {
        self.wait(random, 20);
        let (message, output) = (self.id(), 20 + random.below(600));
        let usage = json!({"input_tokens": 4, "output_tokens": output, "cache_read_input_tokens": 9000 + random.below(40_000), "cache_creation_input_tokens": random.below(3000)});
        let message = json!({"id": format!("msg_{message}"), "role": "assistant", "model": self.model, "content": [block], "usage": usage});
        let id = self.id();
        self.record(id, json!({"type": "assistant", "message": message}));
    }

    /// A tool call and its answer.
    fn call(
        &mut self,
        random: &mut Random,
        tool: &str,
        input: Value,
        answer: &str,
        error: bool,
        result: Value,
    ) {
        let id = format!("toolu_{}", self.id());
        self.agent(random, json!({"type": "tool_use", "id": id, "name": tool, "input": input}));
        self.wait(random, 10);
        let block = json!({"type": "tool_result", "tool_use_id": id, "content": answer, "is_error": error});
        self.user(json!([block]), json!({"toolUseResult": result}));
    }

    fn run(&mut self, random: &mut Random, command: &str, answer: &str, error: bool) {
        let result =
            if error { json!(answer) } else { json!({"stdout": answer, "stderr": "", "interrupted": false}) };
        self.call(random, "Bash", json!({"command": command}), answer, error, result);
    }

    fn edit(&mut self, random: &mut Random) {
        let path = format!("{}/src/{}.rs", self.directory, random.pick(&["main", "export", "cache", "rows"]));
        let added = 1 + random.below(30);
        let mut lines = vec!["-    old();".to_owned()];
        lines.extend((0..added).map(|i| format!("+    step_{i}();")));
        let patch = json!([{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": added, "lines": lines}]);
        let result = json!({"filePath": path, "structuredPatch": patch, "userModified": random.happens(2)});
        let input = json!({"file_path": path, "old_string": "    old();", "new_string": "    step_0();"});
        self.call(random, "Edit", input, "The file has been updated.", false, result);
    }

    fn work(&mut self, random: &mut Random, skill: u64) {
        let steps = 2 + random.below(4 + 4 * skill);
        for _ in 0..steps {
            match random.below(10) {
                0..=3 => {
                    let path = format!("{}/src/main.rs", self.directory);
                    self.call(
                        random,
                        "Read",
                        json!({"file_path": path}),
                        "1\tfn main() {}",
                        false,
                        json!({"type": "text"}),
                    );
                }
                4 | 5 => self.call(
                    random,
                    "Grep",
                    json!({"pattern": "old"}),
                    "src/main.rs:1",
                    false,
                    json!({"numFiles": 1}),
                ),
                6..=8 => self.edit(random),
                _ if random.happens(25) => self.reject(random),
                _ => self.run(
                    random,
                    "cargo build",
                    "Exit code 101\nerror[E0425]: cannot find value `rows`",
                    true,
                ),
            }
        }
        let summary = "Done: the flag is parsed, checked and documented, and the test covers the empty file.";
        self.agent(random, json!({"type": "text", "text": summary}));
    }

    fn reject(&mut self, random: &mut Random) {
        let said = "The user doesn't want to proceed with this tool use. The tool use was rejected. To tell you how to proceed, the user said:\nuse the helper in rows.rs";
        self.call(random, "Edit", json!({"file_path": "src/rows.rs"}), said, true, json!("rejected"));
    }

    fn end(&mut self, random: &mut Random, skill: u64) {
        if random.happens(30 + 12 * skill) {
            let passed = random.happens(55 + 10 * skill);
            let answer = if passed {
                "test result: ok. 12 passed; 0 failed"
            } else {
                "Exit code 101\ntest result: FAILED. 11 passed; 1 failed"
            };
            self.run(random, "cargo test", answer, !passed);
        }
        if random.happens(15 + 8 * skill) {
            let answer = "[main 1a2b3c4] Add --since to export\n 2 files changed, 31 insertions(+)";
            self.run(random, "git add -A && git commit -m 'Add --since to export'", answer, false);
        }
    }
}
