//! No text of a transcript rests in what `metier` writes: every eight bytes of planted strings are searched in every
//! file, as it stands and unpacked. `cargo xtask leaks` does the same with real transcripts.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};

/// What people and agents say in several languages, with names, addresses, paths, secrets and branches.
const PLANTED: [&str; 25] = [
    "ask Wilhelmina Ostrowska (w.ostrowska@kestrel-bank.example) whether the vault migrated",
    "Bitte prüfe die Überweisung an Müller & Söhne, bevor Käthe zurückkommt",
    "почему падает расчёт зарплаты для Анны Каренины",
    "请不要告诉任何人客户张伟的账户余额",
    "لماذا لا يعمل حساب الضرائب لفاطمة",
    "パスワードを誰にも教えないでください",
    "the pomegranate ledger is off by seventeen 🦊🦊 crowns",
    "/home/wilhelmina/clients/kestrel-bank/vault-rotation",
    "C:\\Users\\wilhelmina\\Kestrel\\ledger.xlsx",
    "feature/KESTREL-4411-hide-the-deficit",
    "sk-planted-9fQ2xLw7RtY4uZb81kVn",
    "AKIAPLANTEDKEY7QXW2L",
    "postgres://auditor:hunter2hunter2@vault.kestrel.example:5432/ledger",
    "src/deficit/quarterly_reconciliation.rs",
    "grep -rn 'pomegranate' /srv/kestrel/archive",
    "error[E0277]: a Pomegranate cannot stand where a Deficit is wanted",
    "I moved the reconciliation of the deficit into a module of its own.",
    "The person seems to hide something from the auditors of Kestrel.",
    "https://github.com/kestrel-bank/vault/pull/4411",
    "Hide the Kestrel deficit before Friday",
    "No, do it as Wilhelmina said: two ledgers, one of them private",
    "Which ledger shall I burn? The private one, said Käthe",
    "because Wilhelmina was clearly unsure of herself",
    "an answer beyond all questions, about Wilhelmina",
    "ledger-of-kestrel.jsonl and what Käthe wrote into it",
];

/// Sentences where an agent's format has a short name or an id.
const HOSTILE: [&str; 13] = [
    "a session that is called Wilhelmina hides the vault",
    "a record that is called Käthe knows about the vault",
    "a tool that is called tell nobody of the zeppelin",
    "mcp__the zeppelin of Kestrel__launch it on Sunday",
    "/tell-nobody-of-the-zeppelin",
    "--launch the zeppelin on Sunday morning",
    "a licence to launch the zeppelin",
    "an entrypoint into the zeppelin",
    "a kind of record about the zeppelin",
    "a message id of the zeppelin's crew",
    "an airman who flies the zeppelin",
    "a reason to stop the zeppelin",
    "a time at which the zeppelin flies",
];

/// What can stand where a model's name and a version should: the store takes these from transcripts.
const NAMES: [&str; 6] = [
    "Tell nobody that the launch is on Thursday",
    "/home/wilhelmina/models/kestrel-secret.gguf",
    "w.ostrowska@kestrel-bank.example",
    "arn:aws:bedrock:eu-west-1:447711223344:application-inference-profile/kestrelvault",
    "sk-planted-9fQ2xLw7RtY4uZb81kVn",
    "kestrel-bank-deficit-deployment",
];

#[test]
fn no_text_rests_in_a_store() {
    let place = Place::new();
    place.write("a project of Kestrel/1.jsonl", &ordinary());
    place.write(&format!("{}.jsonl", HOSTILE[0]), &hostile());
    assert_eq!(place.run(&["scan", place.corpus(), "--store", "rows"]).0, 0);
    let read = place.rows();
    assert_eq!(read, 2, "both sessions have to be read, or nothing is proven");
    // The labels of somebody else, whose line says more than answers.
    let label = |session: &str, mode: &str| {
        json!({"session": session, "rater": "ada", "work_mode": mode, "expertise": 3,
            "why": PLANTED[22], PLANTED[23]: PLANTED[24]})
    };
    let lines = format!("{}\n{}\n", label("s1", "fixing"), label(HOSTILE[0], PLANTED[23]));
    let file = place.write("labels/ledger.txt", &lines);
    let arguments = ["label", "--import", file.to_str().unwrap(), "--transcripts", place.corpus()];
    let (_, err) = place.run(&[&arguments[..], &["--store", "rows"]].concat());
    assert!(err.contains("2 sessions by 1 rater taken"), "{err}");
    // What went on is read anew, and the files of before are gone.
    place.write("a project of Kestrel/1.jsonl", &(ordinary() + &user("u9", PLANTED[6])));
    assert_eq!(place.run(&["scan", place.corpus(), "--store", "rows"]).0, 0);
    let hits = search(place.home.path(), &[&PLANTED[..], &HOSTILE, &["a project of Kestrel"]].concat());
    assert!(hits.is_empty(), "{hits:#?}");
}

/// What leaves: bundles of a team and of one person, what is printed of them, and the ledger.
#[test]
fn no_text_leaves_with_a_bundle() {
    let place = Place::new();
    for person in 0..12 {
        // Each with a home and records of their own; the same words are said by all.
        let own = ordinary()
            .replace("\"sessionId\":\"s1\"", &format!("\"sessionId\":\"s{person}\""))
            .replace("\"uuid\":\"", &format!("\"uuid\":\"p{person}-"))
            .replace("\"id\":\"", &format!("\"id\":\"p{person}-"))
            .replace("\"tool_use_id\":\"", &format!("\"tool_use_id\":\"p{person}-"))
            .replace("/home/wilhelmina/", &format!("/home/wilhelmina{person}/"));
        place.write(&format!("a project of Kestrel {person}/1.jsonl"), &own);
    }
    let scan = ["scan", place.corpus(), "--quiet", "--store", "rows"];
    assert_eq!(place.run(&[&scan[..], &["--mode", "team"]].concat()).0, 0);
    assert_eq!(place.rows(), 12);
    let mut printed = Vec::new();
    for arguments in [
        &["study", "--store", "rows"][..],
        &["study", "--by", "model", "--store", "rows", "--json"],
        &["share", "--out", "sums.bundle", "--store", "rows"],
        &["ledger", "--store", "rows"],
        &["pool", "sums.bundle", "--json"],
    ] {
        let (status, out) = place.printed(arguments);
        assert_eq!(status, 0, "{arguments:?}: {}", String::from_utf8_lossy(&out));
        printed.extend(out);
    }
    // The first of them by themselves, as one person's.
    let own = place.corpus.path().join("a project of Kestrel 0");
    assert_eq!(place.run(&["scan", own.to_str().unwrap(), "--quiet", "--store", "own"]).0, 0);
    let rows = ["share", "--rows", "--for", "lab", "--yes", "--out", "rows.bundle", "--store", "own"];
    let (status, out) = place.printed(&rows);
    assert_eq!(status, 0, "{}", String::from_utf8_lossy(&out));
    printed.extend(out);
    let home = place.home.path();
    for name in ["rows/ledger.json", "sums.bundle", "rows.bundle"] {
        assert!(fs::metadata(home.join(name)).unwrap().len() > 500, "{name} has to hold something");
    }
    // Those that the sessions have: names of numbers, such as "questions", stand in the others as well.
    let planted = &PLANTED[..22];
    let hits = search(home, &[planted, &["a project of Kestrel"]].concat());
    assert!(hits.is_empty(), "{hits:#?}");
    // What is printed has sentences of its own, which share words with plain ones.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("printed"), printed).unwrap();
    let hits = search(folder.path(), &PLANTED[1..15]);
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn names_of_models_and_versions_hold_no_text() {
    for name in NAMES {
        let place = Place::new();
        place.write("1.jsonl", &(user("u1", "go on") + &assistant("m1", name, name, json!([]))));
        assert_eq!(place.run(&["scan", place.corpus(), "--store", "rows"]).0, 0);
        assert_eq!(place.rows(), 1);
        let hits = search(place.home.path(), &[name]);
        assert!(hits.is_empty(), "{name}: {hits:#?}");
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let found = |name: &str, bytes: &[u8]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        let hits = search(folder.path(), &PLANTED);
        fs::remove_file(folder.path().join(name)).unwrap();
        hits.len()
    };
    for text in PLANTED {
        let start: String = text.chars().take(10).collect();
        assert!(found("raw", format!("\0\0{start}\0\0").as_bytes()) > 0, "{text}");
        assert!(found("upper", text.to_ascii_uppercase().as_bytes()) > 0, "{text}");
        assert!(found("name.json", json!({"a": [{"b": text}]}).to_string().as_bytes()) > 0, "{text}");
        assert!(found("key.json", json!({text: 1}).to_string().as_bytes()) > 0, "{text}");
    }
    assert!(found("squeezed", b"thepomegranateledger") > 0);
    assert!(found("a pomegranate.txt", b"") > 0);
    assert_eq!(found("short", b"Pomegra\0Wilhelm"), 0);
    assert_eq!(search(folder.path(), &PLANTED).len(), 0);
    // Packed so that the raw bytes hold too little of it to be found there.
    let text = "pomegranate pomegrante pomegrnate ".repeat(40);
    let column: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some(text.as_str()), None]));
    let batch = RecordBatch::try_from_iter([("column", column)]).unwrap();
    let path = folder.path().join("rows.parquet");
    for dictionary in [true, false] {
        let packed = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let packed = packed.set_dictionary_enabled(dictionary).build();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(packed)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let hits = search(folder.path(), &PLANTED);
        assert!(hits.iter().any(|hit| hit.place.contains("column column")), "{hits:#?}");
        assert!(hits.iter().any(|hit| hit.place.contains("_PAGE")), "{hits:#?}");
        // The same rows behind the lines of a bundle.
        let rows = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let bundle = [b"metier bundle 1 rows blake3:0\n{\"schema\":1}\n", &rows[..]].concat();
        fs::write(folder.path().join("rows.bundle"), bundle).unwrap();
        let hits = search(folder.path(), &PLANTED);
        assert!(hits.iter().any(|hit| hit.place.contains("column column")), "{hits:#?}");
        fs::remove_file(folder.path().join("rows.bundle")).unwrap();
    }
    // An escape hides it in the raw bytes, not from who reads the JSON.
    let bundle = b"metier bundle 1 aggregates blake3:0\n{\n  \"a\": \"pome\\u0067ranate\"\n}\n";
    assert!(found("sums.bundle", bundle) > 0);
}

/// A corpus, and apart from it a home for what metier writes.
struct Place {
    corpus: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { corpus: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() }
    }

    fn corpus(&self) -> &str {
        self.corpus.path().to_str().unwrap()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.corpus.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn rows(&self) -> usize {
        let store = metier_store::Store::open(&self.home.path().join("rows")).unwrap().unwrap();
        store.sessions().unwrap().len()
    }

    /// Exit status and messages.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.output(arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// Exit status and all that is printed.
    fn printed(&self, arguments: &[&str]) -> (i32, Vec<u8>) {
        let output = self.output(arguments);
        (output.status.code().unwrap(), [output.stdout, output.stderr].concat())
    }

    fn output(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::cargo_bin("metier").unwrap();
        for name in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "METIER_STORE"] {
            command.env_remove(name);
        }
        let home = self.home.path();
        command.env("HOME", home).env("USERPROFILE", home).env("NO_COLOR", "1").current_dir(home);
        command.args(arguments).output().unwrap()
    }
}

/// A record with what every record of Claude Code has.
fn record(id: &str, more: Value) -> String {
    let mut record = json!({"uuid": id, "sessionId": "s1", "timestamp": "2026-01-01T10:00:00.000Z", "cwd": PLANTED[7],
        "gitBranch": PLANTED[9], "version": "2.1.70", "userType": "external", "entrypoint": "cli"});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{record}\n")
}

fn user(id: &str, prompt: &str) -> String {
    record(id, json!({"type": "user", "message": {"role": "user", "content": prompt}}))
}

fn assistant(id: &str, model: &str, version: &str, content: Value) -> String {
    let message = json!({"id": id, "role": "assistant", "model": model, "content": content,
        "usage": {"input_tokens": 10, "output_tokens": 20}});
    record(id, json!({"type": "assistant", "version": version, "message": message}))
}

fn called(id: &str, tool: &str, input: Value, output: &str) -> String {
    let call = json!([{"type": "tool_use", "id": id, "name": tool, "input": input}]);
    let answer = json!([{"type": "tool_result", "tool_use_id": id, "content": output, "is_error": true}]);
    assistant(&format!("m-{id}"), "claude-opus-4-6", "2.1.70", call)
        + &record(
            &format!("r-{id}"),
            json!({"type": "user", "message": {"role": "user", "content": answer},
                "toolUseResult": {"stdout": output, "stderr": output}}),
        )
}

fn ordinary() -> String {
    let prompts: String =
        PLANTED[..7].iter().enumerate().map(|(at, text)| user(&format!("u{at}"), text)).collect();
    let said = json!([{"type": "thinking", "thinking": PLANTED[17]}, {"type": "text", "text": PLANTED[16]}]);
    let refused = format!(
        "The user doesn't want to proceed with this tool use. To tell you how to proceed, the user said:\n{}",
        PLANTED[20]
    );
    [
        prompts,
        assistant("m1", "claude-opus-4-6", "2.1.70", said),
        called("t1", "Bash", json!({"command": PLANTED[14], "description": PLANTED[19]}), PLANTED[15]),
        called("t2", "Bash", json!({"command": format!("cargo test # {}", PLANTED[11])}), PLANTED[12]),
        called("t3", "Edit", json!({"file_path": PLANTED[13], "old_string": PLANTED[10]}), &refused),
        called("t4", "Read", json!({"file_path": PLANTED[8]}), PLANTED[10]),
        called("t5", "AskUserQuestion", json!({"questions": [{"question": PLANTED[21]}]}), PLANTED[21]),
        record("l1", json!({"type": "pr-link", "prUrl": PLANTED[18], "prRepository": "kestrel-bank/vault"})),
        record("l2", json!({"type": "summary", "summary": PLANTED[19]})),
        record("l3", json!({"type": "custom-title", "customTitle": PLANTED[19]})),
        record("l4", json!({"type": "queue-operation", "operation": "enqueue", "content": PLANTED[20]})),
        format!("{{\"type\":\"user\",\"message\":\"{}\n", PLANTED[0]),
        format!("{}\n", PLANTED[12]),
    ]
    .concat()
}

fn hostile() -> String {
    let command = format!(
        "<command-message>{0}</command-message>\n<command-name>{0}</command-name>\n<command-args>{1}</command-args>",
        HOSTILE[4], HOSTILE[5]
    );
    let mut lines = [
        user("v1", "begin with it"),
        user("v2", &command),
        called("w1", HOSTILE[2], json!({"command": "ls"}), "done"),
        called("w2", HOSTILE[3], json!({HOSTILE[2]: HOSTILE[3]}), "done"),
        called("w3", "Task", json!({"subagent_type": HOSTILE[10], "prompt": HOSTILE[5]}), "done"),
        record("v4", json!({"type": HOSTILE[8], "subtype": HOSTILE[8]})),
        record("v5", json!({"type": "system", "subtype": HOSTILE[8], "level": HOSTILE[11]})),
        record(
            "v6",
            json!({"type": "user", "permissionMode": HOSTILE[6], "entrypoint": HOSTILE[7], "timestamp": HOSTILE[12],
                "message": {"role": "user", "content": "go on"}}),
        ),
        record(
            "v7",
            json!({"type": "assistant", "requestId": HOSTILE[9], "agentId": HOSTILE[10], "isSidechain": true,
                "message": {"id": HOSTILE[9], "role": "assistant", "model": "claude-opus-4-6", "stop_reason": HOSTILE[11],
                    "content": [{"type": HOSTILE[8], "text": "x"}]}}),
        ),
    ]
    .concat();
    lines = lines.replace("\"sessionId\":\"s1\"", &format!("\"sessionId\":{}", json!(HOSTILE[0])));
    lines.replace("\"uuid\":\"v1\"", &format!("\"uuid\":{}", json!(HOSTILE[1])))
}

// ---- The search: for any folder that metier wrote, a store or bundles. ----

/// Eight bytes or more of a planted string that stand where no text should.
#[derive(Debug)]
#[allow(dead_code, reason = "shown where a test fails")]
struct Hit {
    /// The file, and what of it.
    place: String,
    /// What was found, with its surroundings.
    text: String,
    /// The planted string it is of.
    of: String,
}

/// Every window of eight bytes of the planted strings, and of their letters and digits alone, in every file below the
/// folder: in names, raw bytes, pages and values of Parquet, strings of JSON. Upper and lower case are the same.
fn search(folder: &Path, planted: &[&str]) -> Vec<Hit> {
    let mut wanted: HashMap<Vec<u8>, &str> = HashMap::new();
    for text in planted {
        let squeezed: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        for form in [text, squeezed.as_str()] {
            let form = form.to_ascii_lowercase().into_bytes();
            wanted.extend(form.windows(8).map(|window| (window.to_vec(), *text)));
        }
    }
    let (mut hits, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = open.pop() {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        let mut pieces = vec![("its name".to_owned(), name.clone().into_bytes())];
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            unpack(&path, &mut pieces);
        }
        for (place, bytes) in pieces {
            let bytes = bytes.to_ascii_lowercase();
            // One hit a planted string and piece is enough to fail.
            let mut last = None;
            for (at, window) in bytes.windows(8).enumerate() {
                let Some(of) = wanted.get(window).filter(|of| last != Some(**of)) else { continue };
                last = Some(*of);
                let around = &bytes[at.saturating_sub(8)..bytes.len().min(at + 40)];
                hits.push(Hit {
                    place: format!("{name}: {place} at byte {at}"),
                    text: String::from_utf8_lossy(around).into_owned(),
                    of: (*of).to_owned(),
                });
            }
        }
    }
    hits
}

/// What a file holds: as it stands, and out of its packing.
fn unpack(path: &Path, pieces: &mut Vec<(String, Vec<u8>)>) {
    let bytes = fs::read(path).unwrap();
    if bytes.starts_with(b"metier bundle ") {
        // Its first line tells what it is; behind it stand JSON, or a line of JSON and Parquet.
        let behind_line = |bytes: &[u8]| {
            bytes.iter().position(|byte| *byte == b'\n').map_or(Vec::new(), |end| bytes[end + 1..].to_vec())
        };
        let body = behind_line(&bytes);
        let rows = behind_line(&body);
        let part = tempfile::NamedTempFile::new().unwrap();
        fs::write(part.path(), if rows.starts_with(b"PAR1") { rows } else { body }).unwrap();
        unpack(part.path(), pieces);
    }
    let whole = serde_json::from_slice::<Value>(&bytes).map(|value| vec![value]);
    let lines = || bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    for document in whole.unwrap_or_else(|_| lines().collect()) {
        strings(&document, pieces);
    }
    if bytes.starts_with(b"PAR1") {
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).unwrap();
            for column in 0..group.num_columns() {
                let mut pages = group.get_column_page_reader(column).unwrap();
                while let Some(page) = pages.get_next_page().unwrap() {
                    let name = group.metadata().column(column).column_path().string();
                    pieces.push((format!("{:?} of {name}", page.page_type()), page.buffer().to_vec()));
                }
            }
        }
        let batches =
            ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        for batch in batches {
            let batch = batch.unwrap();
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                values(field.name(), column, pieces);
            }
        }
    }
    pieces.push(("raw".to_owned(), bytes));
}

fn values(name: &str, column: &ArrayRef, pieces: &mut Vec<(String, Vec<u8>)>) {
    if let Some(texts) = column.as_string_opt::<i32>() {
        pieces
            .extend(texts.iter().flatten().map(|text| (format!("column {name}"), text.as_bytes().to_vec())));
    } else if let Some(lists) = column.as_list_opt::<i32>() {
        values(name, lists.values(), pieces);
    }
}

fn strings(document: &Value, pieces: &mut Vec<(String, Vec<u8>)>) {
    match document {
        Value::String(text) => pieces.push(("a string".to_owned(), text.clone().into_bytes())),
        Value::Array(items) => items.iter().for_each(|item| strings(item, pieces)),
        Value::Object(fields) => {
            for (key, value) in fields {
                pieces.push(("a key".to_owned(), key.clone().into_bytes()));
                strings(value, pieces);
            }
        }
        _ => {}
    }
}
