//! What is served: synthetic transcripts, hostile ones, and a store of many people; all made here, in folders that vanish.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder for one test, where cargo keeps such things.
pub fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The binary, in a home of its own, with nothing of the machine's.
pub fn command(home: &Path) -> Command {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debug/metier");
    let mut command = Command::new(std::env::var_os("METIER").unwrap_or_else(|| built.into()));
    for name in ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "METIER_STORE"] {
        command.env_remove(name);
    }
    command
        .env("HOME", home)
        .env("USERPROFILE", home)
        .env("USER", "ada")
        .env("NO_COLOR", "1")
        .current_dir(home);
    command
}

/// What the binary prints, of a command that must end well.
pub fn metier(home: &Path, arguments: &[&str]) -> String {
    let output = command(home).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Synthetic transcripts in `transcripts`.
pub fn sample(home: &Path) {
    metier(home, &["sample", "--quiet", "--out", "transcripts", "--sessions", "60"]);
}

/// A store of 80 people in `team`, and no transcripts.
pub fn team(home: &Path) {
    let words =
        ["simulate", "--quiet", "--out", "team", "--sessions", "3000", "--people", "80", "--mode", "team"];
    metier(home, &words);
    fs::create_dir(home.join("transcripts")).unwrap();
}

/// A record of a transcript.
fn line(session: &str, number: usize, kind: &str, message: Value) -> Value {
    json!({
        "type": kind,
        "sessionId": session,
        "uuid": format!("{session}-{number}"),
        "parentUuid": number.checked_sub(1).map(|before| format!("{session}-{before}")),
        "timestamp": format!("2026-03-0{}T10:{:02}:00.000Z", 1 + number / 60, number % 60),
        "cwd": "/home/ada/\"'><img src=x onerror=window.pwned=9><script>window.pwned=9",
        "version": "2.1.0",
        "userType": "external",
        "isSidechain": false,
        "message": message,
    })
}

/// What somebody would write who wants a page to run it.
const HOSTILE: &str = "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=2\"><svg onload=window.pwned=3>\
    </textarea></title></bdi><a href=\"javascript:window.pwned=4\">press me</a> [press](javascript:window.pwned=5) \
    <iframe src=\"http://hostile.example/\"></iframe><style>*{display:none}</style><base href=\"http://hostile.example/\"> \
    &lt;script&gt; \u{1b}[31mred\u{1b}[0m\u{1b}]8;;http://hostile.example\u{7}link\u{1b}]8;;\u{7} \u{202e}gnp.exe\u{202c} \
    \u{2066}isolated\u{2069} \" onmouseover=\"window.pwned=6\" data-x='";

const PROJECT: &str = "transcripts/projects/-home-ada-engine";

/// A session that means harm: markup wherever text stands, and bytes that no encoder of ours would write. In `transcripts`.
pub fn hostile(home: &Path) {
    let project = home.join(PROJECT);
    fs::create_dir_all(&project).unwrap();
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    let mut lines = vec![line(id, 0, "user", json!({"role": "user", "content": HOSTILE})).to_string()];
    let model = "claude-opus-4-6<script>window.pwned=7</script>";
    let blocks = [
        json!({"type": "text", "text": HOSTILE}),
        json!({"type": "tool_use", "id": "toolu_1", "name": HOSTILE, "input": {"command": HOSTILE, "file_path": HOSTILE}}),
        json!({"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": format!("echo {HOSTILE}")}}),
    ];
    for (at, block) in blocks.into_iter().enumerate() {
        let message = json!({"id": format!("msg_{at}"), "role": "assistant", "model": model, "content": [block],
            "usage": {"input_tokens": 4, "output_tokens": 20}});
        lines.push(line(id, 1 + at, "assistant", message).to_string());
    }
    let answer =
        json!([{"type": "tool_result", "tool_use_id": "toolu_2", "content": HOSTILE, "is_error": true}]);
    lines.push(line(id, 4, "user", json!({"role": "user", "content": answer})).to_string());
    // What no encoder of ours would write: NUL, halves of a character, and a line that breaks off.
    let odd = line(id, 5, "user", json!({"role": "user", "content": "ODD"})).to_string();
    lines.push(odd.replace("ODD", "nul \\u0000 half \\ud800 other \\udc00 \\ud800\\ud800 end"));
    lines.push("{\"type\":\"user\",\"message\":{\"content\":\"<script>window.pwned=8".to_owned());
    fs::write(project.join(format!("{id}.jsonl")), lines.join("\n")).unwrap();
}

/// A session with a line of 30 megabytes, beside the hostile one.
pub fn long(home: &Path) {
    let id = "aaaaaaaa-0000-4000-8000-000000000002";
    let mut file = fs::File::create(home.join(PROJECT).join(format!("{id}.jsonl"))).unwrap();
    let long = "<b>very long</b> ".repeat(30_000_000 / 17);
    writeln!(file, "{}", line(id, 0, "user", json!({"role": "user", "content": long}))).unwrap();
    writeln!(file, "{}", line(id, 1, "user", json!({"role": "user", "content": "and a short one"}))).unwrap();
}
