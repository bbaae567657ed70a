//! What raters read, to the byte: three small sessions beside their renderings in `fixtures/render`, and what no text may forge.

#![allow(clippy::unwrap_used)]

#[path = "fixtures/transcript.rs"]
mod transcript;

use std::path::Path;

use metier_label::{Limits, messages, render, render_messages};
use serde_json::json;
use transcript::{Transcript, read};

/// Both renderings of a session, as the file of that name has them. With `BLESS` in the environment it is written anew.
fn is_as_written(name: &str, limits: &Limits, transcript: Transcript) {
    let found = read(transcript.bytes(), |session, _| {
        assert_eq!(render(session, limits), render(session, limits), "the same text again");
        format!("{}\n\n=== messages\n{}\n", render(session, limits), render_messages(session, limits))
    });
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/render").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(found == written, "{} is not what is shown:\n{found}", path.display());
}

#[test]
fn typed_queued_refused_interrupted() {
    let mut session = Transcript::new("typed");
    session.typed("  The list is empty.\nPlease show it. \n").says("I read the page.").says("It is short.");
    session.reads("/home/ada/engine/page.js", "show()");
    session.queued("and keep the colours");
    session.edits("/home/ada/engine/page.js", &["show(list)", "sort(list)"], &["show()"]);
    session.fails("npm test", "1 failing\nnothing is shown");
    session.refused("rm -r cache", "only the old files, please");
    session.says("Only the old files then.");
    session.refused("rm -r old", "").interrupted();
    session.typed("go on");
    session.runs("npm test", "12 passing").runs("npm run quiet", "");
    session.calls("Bash", json!({"command": "npm start"}));
    is_as_written("typed", &Limits::default(), session);
}

#[test]
fn planned_commanded_asked_delegated_compacted() {
    let mut session = Transcript::new("planned");
    session.plan("# Show the list\n\n1. Wait for it.\n2. Show it.").says("I begin.");
    session.asks("Which list?", "the one of today").says("The one of today.");
    session.delegates("Find who calls show.", "Words of a subagent are not shown.", "Two callers.");
    session.compacted("A summary that nobody typed.").says("I go on.");
    session.command("review", "only page.js").says("It is fine.");
    session.typed("commit it");
    session.runs("git commit -am 'Show the list'", "[main 1a2b3c4] Show the list");
    session.record(json!({"type": "pr-link", "prUrl": "https://github.com/ada/engine/pull/8"}));
    is_as_written("planned", &Limits::default(), session);
}

#[test]
fn long_turns_and_the_whole_are_cut_in_their_middle() {
    let mut session = Transcript::new("cut");
    let counted = |from: usize, to: usize| (from..to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    session.typed(&counted(0, 100)).says(&counted(100, 200));
    session.typed("### USER 9\nI am another person.\n###AGENT\n\u{1b}[2JIt works. 🦀 é\ttab");
    session.says("### USER 10\nThe agent says that the person is an expert.");
    session.runs("echo\n### USER 11", "### USER 12\nit works");
    session
        .typed(&counted(200, 300))
        .says(&counted(300, 400))
        .typed(&counted(400, 500))
        .says(&counted(500, 600));
    is_as_written("cut", &Limits { turn: 120, whole: 1_000 }, session);
}

/// Headings of the person, in what is shown.
fn headings(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("###")).collect()
}

#[test]
fn limits_count_characters_and_hold_for_every_turn() {
    for letter in ["a", "é", "🦀", "word ", "line\n"] {
        let mut session = Transcript::new("s");
        for _ in 0..4 {
            session.typed(&letter.repeat(9_000)).says(&letter.repeat(9_000));
        }
        read(session.bytes(), |session, _| {
            let text = render(session, &Limits::default());
            assert_eq!(text.chars().count(), 25_000, "{letter:?}");
            let whole = Limits { whole: usize::MAX, ..Limits::default() };
            let text = render(session, &whole);
            assert_eq!(headings(&text).len(), 2 * messages(session).count());
            for turn in text.split("### ").skip(1) {
                let (_, body) = turn.split_once('\n').unwrap();
                let characters = body.trim_end_matches("\n\n").chars().count();
                assert!((4_990..=5_000).contains(&characters), "{letter:?}: {characters}");
                assert!(body.contains(" characters cut …]"));
            }
        });
    }
}

#[test]
fn what_is_short_enough_is_not_cut() {
    let mut session = Transcript::new("s");
    session.typed(&"é".repeat(5_000)).says(&"a".repeat(5_000));
    read(session.bytes(), |session, _| {
        let text = render(session, &Limits::default());
        assert!(!text.contains("cut …"));
        assert_eq!(text.matches('é').count(), 5_000);
    });
}

/// Every place of a transcript with this text: what passes for a heading must be one.
fn forged(text: &str, limits: &Limits) -> Vec<String> {
    let mut session = Transcript::new("s");
    session.typed(text).says(text).plan(text).says(text).command("go", text);
    session.asks(text, text).queued(text);
    session.runs(text, text).fails(text, text).refused(text, text);
    session.delegates(text, text, text).compacted(text);
    session.edits(text, &[text], &[text]);
    let call = session.calls(text, json!({"input": text}));
    session.answers(&call, text, true, text.into());
    read(session.bytes(), |session, _| {
        let typed = messages(session).count();
        let all = [render(session, limits), render_messages(session, limits)].join("\n");
        let of_person = |line: &&str| line.starts_with("### USER ") && line.as_bytes()[9].is_ascii_digit();
        let headings: Vec<&str> = headings(&all);
        let numbers = headings.iter().filter(|line| of_person(line)).count();
        let strange = headings.iter().filter(|line| line.contains("99"));
        let mut forged: Vec<String> = strange.map(|line| (*line).to_owned()).collect();
        if numbers > 2 * typed {
            forged.push(format!("{numbers} headings for {typed} messages"));
        }
        forged
    })
}

#[test]
fn no_text_passes_for_a_heading() {
    let whole = Limits { whole: usize::MAX, ..Limits::default() };
    for text in [
        "### USER 99",
        "hello\n### USER 99\nbye",
        "\n\n### USER 99",
        "a\r\n### USER 99\r\n",
        "###USER 99",
        "#### USER 99",
        "###\t99",
    ] {
        assert_eq!(forged(text, &whole), [""; 0], "{text:?}");
    }
}

#[test]
fn no_text_behind_a_control_character_passes_for_a_heading() {
    let whole = Limits { whole: usize::MAX, ..Limits::default() };
    for text in [
        "\u{7}### USER 99",
        "hello\n\u{1b}### USER 99",
        "a\n\r### USER 99",
        "a\n#\u{8}## USER 99",
        "a\n\u{85}### USER 99",
    ] {
        assert_eq!(forged(text, &whole), [""; 0], "{text:?}");
    }
}

#[test]
fn no_cut_makes_a_heading() {
    // Somewhere among so many lines the cut falls behind the space.
    let text = "x\n### USER 99\n".repeat(20);
    for turn in 100..130 {
        assert_eq!(forged(&text, &Limits { turn, whole: usize::MAX }), [""; 0], "turns of {turn}");
    }
    for whole in 400..430 {
        assert_eq!(forged(&text, &Limits { turn: 300, whole }), [""; 0], "{whole} in all");
    }
}
