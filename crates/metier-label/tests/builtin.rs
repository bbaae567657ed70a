//! What the built-in labeller owes whatever its weights are: the same answers however files are read, none without evidence, none from plans. Which answers are right is told in `docs/validity.md`, not here.

#![allow(clippy::unwrap_used)]

#[path = "fixtures/transcript.rs"]
mod transcript;

use std::collections::HashMap;
use std::path::Path;

use metier_label::builtin::{self, explain};
use metier_label::{Kind, Labels, Limits, Rater, Value, messages, render, render_messages, rubric};
use metier_session::discover::{self, Found};
use metier_session::scan::{self, Scan};
use metier_session::{Facts, Key, Session};
use proptest::prelude::*;
use serde_json::json;
use transcript::{Transcript, answer, cases, json as bytes_of, label, read};

// Plans and commands.

/// Plans of several kinds, short and very long.
fn plans() -> Vec<String> {
    let expert = "# Take the lock first\n\n## Problem\n\n`Cache::flush` in src/cache.rs reads the epoch before the lock, so \
        that two writers race. I think we should take the lock first, because otherwise a stale epoch drops entries.\n\n\
        ## Constraints\n\n- The public signature must not change; never hold the guard across an await.\n\
        - Reproduce in release mode first, verify with `cargo test --release`, compare against the benchmark.\n\n\
        ## Acceptance\n\nDone when tests/race.rs passes 1000 times; edge case: an empty cache. What about `evict()`? \
        Should we measure?\n";
    let novice = "# Plan\n\nI don't know how this works. Please help me somehow, step by step.\n";
    let german = "# Plan\n\nDer Rechner muss die Steuer nach §19 UStG ohne Rundungsfehler ermitteln; geprüft wird mit den \
        Belegen aus dem Vorjahr.\n";
    let contrary =
        "# Undo\n\nNo, that's wrong. Why did you remove `evict()`? Revert it. You're right, I missed that.\n";
    vec![
        expert.to_owned(),
        novice.to_owned(),
        german.to_owned(),
        contrary.to_owned(),
        "Do it.".to_owned(),
        format!("# Long\n\n{}", expert.repeat(60)),
        format!("{}\n{expert}", "- Check every caller of `parse_args` in src/main.rs.\n".repeat(400)),
        format!(
            "```rust\n{}```\n",
            "fn keep(&self) -> u64 { self.epoch.load(Ordering::Acquire) }\n".repeat(200)
        ),
    ]
}

/// Somebody who says little of their own, before and after what is tried.
fn modest(begin: impl FnOnce(&mut Transcript)) -> Transcript {
    let mut session = Transcript::new("modest");
    session.typed("can you make the list show up on my page please, it is empty").says("I make a plan.");
    begin(&mut session);
    session.says("I begin.");
    session.edits("/home/ada/engine/page.js", &["show(list)"], &["show()"]);
    session.says("The list shows now.").typed("ok nice, and the colours of the list too please");
    session.edits("/home/ada/engine/page.css", &["color: red"], &[]).says("Done.");
    session
}

#[test]
fn an_approved_plan_says_nothing_of_the_person() {
    let without = label(modest(|_| {}));
    let level = answer(&without, "expertise");
    assert_ne!(level, 0);
    let sure = |labels: &Labels| labels.answer(rubric(), "expertise").unwrap().confidence;
    for plan in plans() {
        let with = label(modest(|session| {
            session.plan(&plan);
        }));
        assert_eq!(answer(&with, "expertise"), level, "{} characters: {plan:.80}", plan.len());
        // It is no evidence at all.
        assert_eq!(sure(&with), sure(&without), "{plan:.80}");
        // What the person typed is: the same words, typed.
        assert_eq!(with.intents.len(), without.intents.len());
    }
    let typed = label(modest(|session| {
        session.typed(&plans()[0]);
    }));
    assert_ne!(sure(&typed), sure(&without), "typed words have to count");
    assert!(typed.level(rubric(), "expertise") > without.level(rubric(), "expertise"));
}

#[test]
fn what_a_command_says_says_nothing_of_the_person() {
    let sure = |labels: &Labels| labels.answer(rubric(), "expertise").unwrap();
    let without = label(modest(|_| {}));
    for text in plans() {
        let with = label(modest(|session| {
            session.command("review", &text);
            session.record(json!({"type": "user", "isMeta": true, "message": {"role": "user", "content": [{"type": "text", "text": text}]}}));
        }));
        assert_eq!(sure(&with), sure(&without), "{text:.80}");
        assert_eq!(with.intents.len(), without.intents.len());
    }
}

#[test]
fn a_plan_alone_leaves_expertise_unclear() {
    for plan in plans() {
        let mut session = Transcript::new("s");
        session.plan(&plan).says("I begin.").edits("/home/ada/engine/page.js", &["a"], &[]);
        let labels = label(session);
        assert_eq!(answer(&labels, "expertise"), 0, "{plan:.80}");
        assert!(labels.intents.is_empty());
        assert!(labels.choice(rubric(), "work_mode").is_some());
    }
}

// The same, however it is read.

/// Labels of all sessions under these files, by session and as bytes, in the order of the scan.
fn scanned(files: &[std::path::PathBuf], threads: usize) -> Vec<(String, String)> {
    let mut found = Found::default();
    for file in files {
        discover::find(file, &mut found).unwrap();
    }
    let scan = Scan { key: &Key::public(), threads, progress: &|_| {} };
    let (sessions, unclaimed) = scan::facts(found.candidates, &scan, &builtin::label);
    assert!(unclaimed.is_empty());
    sessions.into_iter().map(|session| (session.session, bytes_of(&session.taken))).collect()
}

/// The cases as files in a folder, some of them in two parts.
fn files(folder: &Path, split: bool) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for (at, (name, bytes)) in cases().into_iter().enumerate() {
        let mut write = |name: String, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).unwrap();
            files.push(path);
        };
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        if split && lines.len() >= 4 {
            // The second part comes first by name in every other case.
            let (first, second) = if at % 2 == 0 { ("a", "b") } else { ("b", "a") };
            let half = lines.len() / 2;
            write(format!("{first}-{name}"), &lines[..half].concat());
            write(format!("{second}-{name}"), &lines[half..].concat());
        } else {
            write(name, &bytes);
        }
    }
    files
}

#[test]
fn labels_do_not_depend_on_threads_or_the_order_of_files_or_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files(folder.path(), false);
    let expected = scanned(&files, 1);
    assert_eq!(expected.len(), cases().len());
    let different: std::collections::BTreeSet<&String> = expected.iter().map(|(_, labels)| labels).collect();
    assert!(different.len() > expected.len() / 2, "labels of different sessions have to differ");
    for threads in [1, 3] {
        assert_eq!(scanned(&files, threads), expected, "again with {threads} threads");
        files.reverse();
        assert_eq!(scanned(&files, threads), expected, "reversed, {threads} threads");
        files.rotate_left(7);
        assert_eq!(scanned(&files, threads), expected, "rotated, {threads} threads");
    }
}

#[test]
fn a_session_in_two_files_has_the_labels_of_one() {
    let (whole, split) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = scanned(&files(whole.path(), false), 1);
    let parts = files(split.path(), true);
    assert!(parts.len() > expected.len() + 20);
    for threads in [1, 3] {
        assert_eq!(scanned(&parts, threads), expected);
    }
}

#[test]
fn labels_do_not_depend_on_the_order_in_which_groups_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Found::default();
    discover::find(files(folder.path(), false)[0].parent().unwrap(), &mut found).unwrap();
    let (groups, _) = scan::group(found.candidates, 1);
    let labels = |groups: &[&scan::Group], threads| -> HashMap<String, String> {
        let scan = Scan { key: &Key::public(), threads, progress: &|_| {} };
        let measured = scan::measure_all(groups, &HashMap::new(), &scan, &builtin::label);
        measured
            .into_iter()
            .map(Result::unwrap)
            .map(|session| (session.session, bytes_of(&session.taken)))
            .collect()
    };
    let mut all: Vec<&scan::Group> = groups.iter().collect();
    let expected = labels(&all, 1);
    assert_eq!(expected.len(), cases().len());
    all.reverse();
    assert_eq!(labels(&all, 1), expected);
    assert_eq!(labels(&all, 3), expected);
    // And nothing of one session is in the labels of another.
    for group in all {
        let alone = labels(&[group], 1);
        assert_eq!(alone[&group.session], expected[&group.session]);
    }
}

// What holds of every session.

/// Everything that must hold of the labels and renderings of any session; what is wrong otherwise.
fn check(session: &Session, facts: &Facts) -> Result<(), String> {
    let holds = |what: bool, why: &str| if what { Ok(()) } else { Err(why.to_owned()) };
    let rubric = rubric();
    let labels = builtin::label(session, facts);
    let (explained_labels, explained) = explain(session, facts);
    holds(labels == explained_labels, "explain answers otherwise than label")?;
    holds(explained.len() == rubric.questions.len(), "an explanation for each question")?;
    for (explained, answer) in explained.iter().zip(&labels.answers) {
        holds(explained.answer == *answer, "an explanation of another answer")?;
        holds(
            explained.reasons.iter().all(|r| r.value.is_finite() && r.adds.is_finite()),
            "reasons are numbers",
        )?;
    }
    let json = labels.to_json(rubric);
    let (mut again, refused) = Labels::from_json(Rater::builtin(), rubric, &json);
    holds(refused.is_empty(), "its own answers are refused")?;
    holds(again.to_json(rubric) == json, "JSON goes in and out")?;
    // Confidences are written in hundredths.
    for (again, answer) in again.answers.iter_mut().zip(&labels.answers) {
        let (Some(again), Some(answer)) = (again.as_mut(), answer) else { continue };
        let (Some(a), Some(b)) = (again.confidence, answer.confidence) else {
            holds(again.confidence == answer.confidence, "a confidence is lost")?;
            continue;
        };
        holds((a - b).abs() <= 0.005_01, "a confidence changes")?;
        again.confidence = answer.confidence;
    }
    holds(again == labels, "labels go out and in")?;
    for (question, answer) in rubric.questions.iter().zip(&labels.answers) {
        let Some(answer) = answer else { continue };
        if let Some(sure) = answer.confidence {
            holds((0.0..=1.0).contains(&sure), &format!("confidence of {}: {sure}", question.name))?;
        }
        let fits = match (answer.value, &question.kind) {
            (Value::Choice(at), Kind::Choice { options, .. }) => usize::from(at) < options.len(),
            (Value::Level(level), Kind::Level { low, high, unclear, .. }) => {
                (*low..=*high).contains(&level) || *unclear == Some(level)
            }
            (Value::Tenths(tenths), Kind::Share) => tenths <= 10,
            (Value::Usd(usd), Kind::Usd) => usd > 0.0 && usd.is_finite(),
            _ => false,
        };
        holds(fits, &format!("the answer to {} fits its question", question.name))?;
    }
    let typed = messages(session).count();
    let something = facts.prompts > 0 || facts.actions > 0 || typed > 0;
    holds(
        something || (labels.answers.iter().all(Option::is_none) && labels.intents.is_empty()),
        "answers from nothing",
    )?;
    holds(!something || labels.answers.iter().all(Option::is_some), "a question without an answer")?;
    holds(labels.intents.len() == if something { typed } else { 0 }, "an intent for each message")?;
    holds(labels.intents.iter().all(Option::is_some), "an intent without an answer")?;
    rendered(session, typed)
}

/// What must hold of a rendering.
fn rendered(session: &Session, typed: usize) -> Result<(), String> {
    let holds = |what: bool, why: String| if what { Ok(()) } else { Err(why) };
    let limits = Limits::default();
    let text = render(session, &limits);
    holds(text == render(session, &limits), "the same text again".to_owned())?;
    holds(text.chars().count() <= 25_000, format!("{} characters in all", text.chars().count()))?;
    for turn in turns(&render(session, &Limits { whole: usize::MAX, ..limits })) {
        let (_, body) = turn.split_once('\n').unwrap_or((turn, ""));
        holds(body.chars().count() <= 5_000, format!("{} characters in a turn", body.chars().count()))?;
    }
    let uncut = render(session, &Limits { turn: usize::MAX, whole: usize::MAX });
    let mut numbers = Vec::new();
    for turn in turns(&uncut) {
        let (heading, _) = turn.split_once('\n').unwrap_or((turn, ""));
        holds(is_heading(heading), "a heading that is none of ours".to_owned())?;
        if let Some(rest) =
            heading.strip_prefix("### USER ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            numbers.push(rest.split(' ').next().unwrap_or("").parse::<usize>().map_err(|e| e.to_string())?);
        }
    }
    holds(numbers.iter().copied().eq(1..=typed), format!("{typed} typed, but headings {numbers:?}"))?;
    holds(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character".to_owned())?;
    let intents = render_messages(session, &limits);
    holds(intents.chars().count() <= 25_000, "messages in 25,000 characters".to_owned())?;
    let uncut = render_messages(session, &Limits { whole: usize::MAX, ..limits });
    let headings = uncut.lines().filter(|line| line.starts_with("### USER ")).count();
    holds(headings == typed, format!("{typed} typed, but {headings} headings of messages"))
}

/// A text cut before every line that begins as headings do.
fn turns(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = std::iter::once(0)
        .filter(|_| text.starts_with("###"))
        .chain(text.match_indices("\n###").map(|(at, _)| at + 1))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| text[*start..end].trim_end_matches('\n')).collect()
}

fn is_heading(line: &str) -> bool {
    const FIXED: [&str; 8] = [
        "### AGENT",
        "### COMMAND started by the person",
        "### PLAN written by the agent, approved by the person",
        "### USER interrupts the agent",
        "### USER refuses what the agent proposed",
        "### USER answers the agent's question",
        "### A pull request was made",
        "### The context was compacted",
    ];
    let typed = line.strip_prefix("### USER ").is_some_and(|rest| {
        let (number, how) = rest.split_once(' ').unwrap_or((rest, ""));
        number.bytes().all(|byte| byte.is_ascii_digit())
            && ["", "(with a picture)", "(while the agent works)", "(refusing what the agent proposed)"]
                .contains(&how)
    });
    FIXED.contains(&line) || typed
}

#[test]
fn every_case_is_read_rendered_and_labelled() {
    for (name, bytes) in cases() {
        read(bytes, |session, facts| {
            assert_eq!(session.problems.malformed + session.problems.unreadable, 0, "{name}");
            assert!(session.problems.unknown.is_empty(), "{name}: {:?}", session.problems.unknown);
            assert!(messages(session).count() > 0, "{name}: nobody said anything");
            check(session, facts).unwrap_or_else(|why| panic!("{name}: {why}"));
            let text = render(session, &Limits::default());
            assert!(text.starts_with("### "), "{name}");
        });
    }
}

/// Texts as nobody types them, and some as people do. Headings forged by what is left out of a line or by a cut have
/// tests of their own in `render.rs`.
fn text() -> impl Strategy<Value = String> {
    let texts = prop_oneof![
        4 => "[a-zA-Z0-9 ,.?!'`/_-]{0,60}",
        2 => any::<String>(),
        2 => "(### USER [0-9]|###|### AGENT| ###|\n|\r|\r\n|\u{7}|\u{1b}\\[2J|\u{0}|🦀|👩‍💻|\u{202e}|\u{200b}|\u{2028}|\u{feff}|é|no, that's wrong|it works|```|> |Traceback \\(most recent call last\\):|error: x|git commit -m| ){0,12}",
        1 => ("[a-z ]{1,12}|\\PC{1,4}|\n", 1usize..9_000).prop_map(|(piece, times)| piece.repeat(times)),
        1 => (any::<char>(), 4_900usize..30_000).prop_map(|(c, times)| c.to_string().repeat(times)),
        1 => Just("word ".repeat(6_000)),
        1 => (0usize..12).prop_map(|at| plans()[at % 8].clone()),
    ];
    texts.prop_map(|text| {
        if text.chars().count() > 900 {
            text.replace('#', "+")
        } else if text.contains('#') {
            text.replace(|c: char| c.is_control() && c != '\n', " ")
        } else {
            text
        }
    })
}

#[derive(Debug, Clone)]
enum Step {
    Typed(String),
    Queued(String),
    Command(String, String),
    Plan(String),
    Says(String),
    Runs(String, String, bool),
    Reads(String, String),
    Edits(String, Vec<String>, Vec<String>),
    Refused(String),
    Interrupted,
    Asks(String, String),
    Delegates(String, String),
    Compacted(String),
    Calls(String, String),
    Answers(String, bool),
    Pictures(String, usize),
    PullRequest(String),
}

fn step() -> impl Strategy<Value = Step> {
    let few = || proptest::collection::vec("[a-z ()=;#]{0,20}|\\PC{0,6}", 0..4);
    prop_oneof![
        4 => text().prop_map(Step::Typed),
        1 => text().prop_map(Step::Queued),
        1 => ("[a-z]{1,8}", text()).prop_map(|(name, args)| Step::Command(name, args)),
        1 => text().prop_map(Step::Plan),
        3 => text().prop_map(Step::Says),
        3 => (prop_oneof!["cargo test", "git commit -m '[a-z ]{0,9}'", "make", "gh pr create", text()], text(), any::<bool>())
            .prop_map(|(command, output, failed)| Step::Runs(command, output, failed)),
        1 => (text(), text()).prop_map(|(path, content)| Step::Reads(path, content)),
        2 => ("(/[a-z]{1,6}){1,3}\\.(rs|md|py|json)|\\PC{0,20}", few(), few())
            .prop_map(|(path, added, removed)| Step::Edits(path, added, removed)),
        1 => text().prop_map(Step::Refused),
        1 => Just(Step::Interrupted),
        1 => (text(), text()).prop_map(|(question, answer)| Step::Asks(question, answer)),
        1 => (text(), text()).prop_map(|(task, says)| Step::Delegates(task, says)),
        1 => text().prop_map(Step::Compacted),
        1 => (text(), text()).prop_map(|(tool, input)| Step::Calls(tool, input)),
        1 => (text(), any::<bool>()).prop_map(|(output, failed)| Step::Answers(output, failed)),
        1 => (text(), 1usize..3).prop_map(|(text, images)| Step::Pictures(text, images)),
        1 => text().prop_map(Step::PullRequest),
    ]
}

fn write(steps: &[Step]) -> Transcript {
    let mut session = Transcript::new("random");
    let mut open = "nobody asked".to_owned();
    for step in steps {
        match step {
            Step::Typed(text) => session.typed(text),
            Step::Queued(text) => session.queued(text),
            Step::Command(name, args) => session.command(name, args),
            Step::Plan(text) => session.plan(text),
            Step::Says(text) => session.says(text),
            Step::Runs(command, output, false) => session.runs(command, output),
            Step::Runs(command, output, true) => session.fails(command, output),
            Step::Reads(path, content) => session.reads(path, content),
            Step::Edits(path, added, removed) => {
                let lines =
                    |lines: &'_ [String]| lines.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                session.edits(path, &[&lines(added)], &[&lines(removed)])
            }
            Step::Refused(words) => session.refused("make", words),
            Step::Interrupted => session.interrupted(),
            Step::Asks(question, answer) => session.asks(question, answer),
            Step::Delegates(task, says) => session.delegates(task, says, says),
            Step::Compacted(summary) => session.compacted(summary),
            Step::Calls(tool, input) => {
                open = session.calls(tool, json!({"input": input}));
                &mut session
            }
            Step::Answers(output, failed) => session.answers(&open, output, *failed, json!({"any": output})),
            Step::Pictures(text, images) => {
                let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}});
                let mut content = vec![json!({"type": "text", "text": text})];
                content.extend(std::iter::repeat_n(picture, *images));
                session.record(json!({"type": "user", "message": {"role": "user", "content": content}}));
                &mut session
            }
            Step::PullRequest(url) => {
                session.record(json!({"type": "pr-link", "prUrl": url}));
                &mut session
            }
        };
    }
    session
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_session_is_rendered_and_labelled(steps in proptest::collection::vec(step(), 0..14)) {
        let checked = read(write(&steps).bytes(), check);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    #[test]
    fn damaged_bytes_are_labelled_too(steps in proptest::collection::vec(step(), 1..8), at: proptest::sample::Index, byte: u8, cut: bool) {
        let mut bytes = write(&steps).bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        let checked = read(bytes, check);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    #[test]
    fn fewer_than_eight_words_of_the_person_tell_nothing_of_expertise(words in proptest::collection::vec("[a-z`./]{1,12}", 0..12), parts in 1usize..4) {
        let mut session = Transcript::new("s");
        let words: Vec<String> = words.into_iter().map(|word| format!("x{word}")).collect();
        for part in words.chunks(words.len().div_ceil(parts).max(1)) {
            session.typed(&part.join(" ")).says("I do it.").runs("make", "done");
        }
        session.runs("git commit -m wip", "[main 1a2b3c4] wip");
        let labels = label(session);
        prop_assert_eq!(answer(&labels, "expertise") == 0, words.len() < 8, "{} words", words.len());
    }
}

// What may be called strong, and what tells nothing.

/// A session that looks as good as can be, without anything hard in it; what `with` adds comes before the person's last words.
fn praised(with: impl FnOnce(&mut Transcript), last: &str) -> Transcript {
    let mut session = Transcript::new("praised");
    session.typed(
        "add a button to the page in src/page.js that empties the list, and keep the colours as they are",
    );
    session.says("I add the button.");
    for number in 0..6 {
        session.reads(&format!("/home/ada/engine/src/{number}.js"), "export {}");
        session.edits(
            &format!("/home/ada/engine/src/{number}.js"),
            &["let a = 1;", "let b = 2;", "let c = 3;"],
            &["let a = 0;"],
        );
    }
    with(&mut session);
    session.says("All tests pass, everything works correctly: implemented, completed, committed and pushed successfully. Done.");
    session.typed(last);
    session
}

#[test]
fn success_is_strong_only_where_something_hard_is_recorded() {
    let success = |transcript| label(transcript).level(rubric(), "success_signal").unwrap();
    // Praise is not proof, and neither is what the agent says of itself.
    for last in
        ["great", "commit it", "thank you so much", "perfect, go on with the next one", "does it work now?"]
    {
        assert!(success(praised(|_| {}, last)) <= 3, "{last}");
    }
    // Nor is much work, with tests of which nobody saw the end: weighed alone, it would be strong.
    let busy = praised(
        |session| {
            for number in 0..40 {
                let path = format!("/home/ada/engine/src/part{number}.js");
                session.reads(&path, "export {}").edits(&path, &["let a = 1;"; 30], &["let a = 0;"]);
                session.runs("npm test 2>&1 | tail -1", "");
                if number % 4 == 0 {
                    session.says("Done, all tests pass.").typed("fix the next one too, and merge the branch");
                }
            }
        },
        "push the branch and merge it",
    );
    let (level, rule) = read(busy.bytes(), |session, facts| {
        assert!(!facts.hard_evidence());
        let (labels, explained) = explain(session, facts);
        (
            labels.level(rubric(), "success_signal"),
            explained.iter().find(|e| e.question == "success_signal").unwrap().rule,
        )
    });
    assert!(level <= Some(3), "{level:?}");
    assert!(rule.is_some());
    // Commands that show texts of success are no checks.
    let shown = praised(
        |session| {
            session.runs("cat old.log", "test result: ok. 42 passed; 0 failed\n[main 1a2b3c4] wip");
            session.reads("/home/ada/engine/out.txt", "12 passing\nhttps://github.com/ada/engine/pull/7");
            session.fails("npm test", "3 failing");
            session.fails("git commit -am wip", "error: gpg failed to sign the data");
        },
        "great",
    );
    assert!(success(shown) <= 3);
    // The same with what is hard.
    let strong = praised(
        |session| {
            session.runs("npm test", "12 passing (80ms)");
            session.runs("npm run lint", "");
            session.runs(
                "git commit -am 'Add a button'",
                "[main 1a2b3c4] Add a button\n 1 file changed, 2 insertions(+)",
            );
            session.runs("git push", "   1a2b3c4..5d6e7f8  main -> main");
        },
        "great, it works now, I tested it",
    );
    assert!(success(strong) >= 4);
}

#[test]
fn no_case_has_a_strong_signal_without_a_rule_that_allows_it() {
    let mut strong = 0;
    for (name, bytes) in cases() {
        read(bytes, |session, facts| {
            let (labels, explained) = explain(session, facts);
            let hard = facts.commits > 0
                || facts.pull_requests > 0
                || facts.pushes > 0
                || [facts.last_test_passed, facts.last_build_passed, facts.last_lint_passed]
                    .contains(&Some(true));
            let level = labels.level(rubric(), "success_signal").unwrap_or(0);
            let capped = explained.iter().any(|e| e.question == "success_signal" && e.rule.is_some());
            strong += u32::from(level >= 4);
            // The person's word is hard too, and then only the labeller can tell.
            assert!(level < 4 || !capped, "{name}: {level} although a rule holds it at 3");
            assert!(
                !(hard && capped),
                "{name}: something hard is recorded, and the rule says that nothing is"
            );
        });
    }
    assert!(strong > 0, "no case is strong: this cannot fail");
}

#[test]
fn from_nothing_there_are_no_answers() {
    let mut housekeeping = Transcript::new("s");
    housekeeping.record(json!({"type": "file-history-snapshot", "snapshot": {}}));
    let mut meta = Transcript::new("s");
    meta.record(json!({"type": "user", "isMeta": true, "message": {"role": "user", "content": "not typed"}}));
    let mut said = Transcript::new("s");
    said.says("Welcome. All tests pass. Committed.");
    for session in [Transcript::new("s"), housekeeping, meta, said] {
        let labels = label(session);
        assert!(labels.answers.iter().all(Option::is_none), "{}", bytes_of(&labels));
        assert!(labels.intents.is_empty());
    }
    let mut something = Transcript::new("s");
    something.typed("hello");
    let labels = label(something);
    assert!(labels.answers.iter().all(Option::is_some), "{}", bytes_of(&labels));
    assert_eq!(labels.choice(rubric(), "outcome"), Some("no_clear_goal"));
    assert_eq!(labels.intents.len(), 1);
}
