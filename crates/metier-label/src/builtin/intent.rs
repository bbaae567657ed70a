//! What the person wants with each message. Knows words, the shape of a sentence and what stands before it, not the
//! session's outcome. Gathers evidence and proposes a kind by rules; weighs nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use metier_session::{ActionKind, Actor, Event, Session, What};

use super::cues::{Cues, cues, ending, normal};
use super::evidence::{Heard, heard};
use crate::message::Origin;

/// Named numbers of one message.
#[derive(Debug, Clone)]
pub struct MessageEvidence {
    /// In the order of [`message_names`].
    pub values: Vec<f64>,
}

/// The names of the numbers of a message.
pub fn message_names() -> Vec<String> {
    let says = cues().person.names().iter().map(|cue| format!("says_{cue}"));
    let wants = wants().names().iter().map(|cue| format!("wants_{cue}"));
    let rules = RULES.iter().map(|kind| format!("rule_{kind}"));
    says.chain(wants).chain(OTHER.map(str::to_owned)).chain(rules).collect()
}

/// Gathers the evidence of each message that the person typed.
pub fn message_evidence(session: &Session) -> Vec<MessageEvidence> {
    let heard = heard(session);
    let mut work = Work::default();
    let mut from = 0;
    let mut all = Vec::with_capacity(heard.len());
    for (at, one) in heard.iter().enumerate() {
        let before = Before::of(&session.events[from..one.message.event], &mut work);
        all.push(of(at == 0, one, &before, &work));
        from = one.message.event;
    }
    all
}

/// The cues of `intent-cues.toml`.
fn wants() -> &'static Cues {
    static CUES: LazyLock<Cues> = LazyLock::new(|| {
        let groups: BTreeMap<String, Vec<String>> =
            toml::from_str(include_str!("../../intent-cues.toml")).expect("a test reads the same text");
        Cues::new(groups)
    });
    &CUES
}

const OTHER: [&str; 79] = [
    // How much, and how it came about.
    "words",
    "short",
    "medium",
    "long",
    "queued",
    "refusal",
    "first",
    // Its shape.
    "question",
    "ends_question",
    "ends_tag",
    "begins_yes",
    "begins_no",
    "begins_and",
    "begins_list",
    "pick",
    "lower",
    "capital_and_stop",
    "sentences",
    "impersonal",
    "impersonal_long",
    "exclaims",
    "slash",
    "not",
    // Its head: the first words that are no filler.
    "asks_you",
    "suggests",
    "wishes",
    "orders",
    "begins_with_how",
    "begins_with_what",
    "begins_with_why",
    "begins_with_where",
    "begins_with_is",
    "begins_with_does",
    "begins_with_may",
    "asks_how",
    "begins_with_verb",
    "states",
    "says_i",
    "says_it",
    // What is in it.
    "pasted",
    "pasted_only",
    "pasted_error",
    "pasted_review",
    "error_shape",
    "place_in_code",
    "exact",
    "identifiers",
    "link",
    "only_git",
    "only_yes",
    "only_go_on",
    "only_feeling",
    // What stands before it.
    "agent_silent",
    "agent_asked",
    "agent_offered",
    "agent_asked_which",
    "agent_listed",
    "after_done",
    "worked",
    "edited",
    "ran",
    "committed",
    "edited_ever",
    "uncommitted",
    "yes_after_offer",
    "pick_after_list",
    "no_after_edit",
    // What only counts together.
    "changes_after_edit",
    "makes_before_edit",
    "suggests_change",
    "suggests_else",
    "tells_when_asked",
    "tells_at_work",
    "rules_without_asking",
    "asks_of_here",
    "asks_of_anything",
    "finds_fault",
    "asks_after_edit",
    "denies",
];

/// The kinds that a rule proposes: those for which a rule is right far more often than not.
const RULES: [&str; 9] = [
    "code_review",
    "confirmation",
    "continuation",
    "documentation",
    "error_persistence",
    "log_paste",
    "sentiment",
    "symptom_description",
    "toolchain_operation",
];

/// What the agent did in the session so far.
#[derive(Default)]
struct Work {
    edited: bool,
    /// Edits that no commit followed.
    uncommitted: bool,
}

/// What stands between the message before and this one.
#[derive(Default)]
struct Before {
    silent: bool,
    asked: bool,
    /// Asked whether to do what it proposes.
    offered: bool,
    /// Asked to choose.
    which: bool,
    /// Listed things by number or letter.
    listed: bool,
    done: bool,
    worked: bool,
    edited: bool,
    ran: bool,
    committed: bool,
}

impl Before {
    /// The number of bytes at the end of the agent's words that are looked at.
    const TAIL: usize = 600;

    fn of(events: &[Event], work: &mut Work) -> Before {
        let mut before = Before::default();
        let mut said = None;
        for event in events.iter().filter(|event| event.actor == Actor::Main) {
            match &event.what {
                What::Said(text) => said = Some(text),
                What::Action(action) => {
                    before.worked = true;
                    let command = action.command.as_deref().unwrap_or_default();
                    let commits = command.contains("git commit") || command.contains("git push");
                    if action.kind == ActionKind::Edit {
                        before.edited = true;
                        work.edited = true;
                        work.uncommitted = true;
                    }
                    if commits {
                        before.committed = true;
                        work.uncommitted = false;
                    }
                    before.ran |= action.kind == ActionKind::Run;
                }
                _ => {}
            }
        }
        match said {
            None => before.silent = true,
            Some(text) => {
                let text = text.read();
                before.hear(text.trim_end());
            }
        }
        before
    }

    fn hear(&mut self, text: &str) {
        let tail = ending(text, Before::TAIL);
        let agent = &cues().agent;
        let words = normal(tail);
        let counts = agent.count(&words);
        // The question is in the last sentences, wherever the summary before it asked something.
        let end: String = words.split(' ').rev().take(30).collect::<Vec<_>>().into_iter().rev().fold(
            String::from(" "),
            |mut end, word| {
                end.push_str(word);
                end.push(' ');
                end
            },
        );
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| end.contains(phrase));
        self.asked = tail.ends_with('?') || counts[agent.group("ask")] > 0;
        self.done = counts[agent.group("done")] > 0;
        self.offered = self.asked
            && says(&[
                " want me to ",
                " should i ",
                " shall i ",
                " would you like me ",
                " do you want me ",
                " let me know if ",
                " ready to ",
                " look right ",
                " does this ",
                " does that ",
                " sound good ",
                " proceed ",
                " go ahead ",
            ]);
        self.which = self.asked
            && says(&[
                " which ",
                " prefer ",
                " preference ",
                " what would you like ",
                " or should ",
                " or leave ",
                " or would ",
            ]);
        let listed = |line: &str| {
            let line = line.trim_start_matches(['-', '*', ' ', '#', '(', '|']);
            let mut chars = line.chars();
            chars.next().is_some_and(|c| c.is_ascii_digit() || ('A'..='D').contains(&c))
                && chars.next().is_some_and(|c| ".):".contains(c))
                || line.starts_with("Option ")
        };
        self.listed = tail.lines().filter(|line| listed(line)).count() >= 2;
    }
}

/// The kind of sentence that a message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// "Can you …".
    AsksYou,
    /// "Can we …", "should we …", "what about …".
    Suggests,
    /// "I want you to …", "we need to …".
    Wishes,
    /// "Add …", "let's add …".
    Orders,
    How,
    What,
    Why,
    /// "Where", "when", "which", "who".
    Where,
    /// "Is it …".
    Is,
    /// "Does it …".
    Does,
    /// "Will it …", "can it …".
    May,
    States,
}

/// What a verb asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Make,
    Change,
    Run,
    Git,
    Explain,
    Look,
    Review,
    Fix,
    Plan,
    Go,
}

/// The first words of a message that are no filler.
#[derive(Debug, Clone, Copy)]
struct Head {
    yes: bool,
    no: bool,
    and: bool,
    form: Form,
    verb: Option<Verb>,
    says_i: bool,
    says_it: bool,
}

impl Head {
    fn asks(self) -> bool {
        matches!(
            self.form,
            Form::How | Form::What | Form::Why | Form::Where | Form::Is | Form::Does | Form::May
        )
    }

    fn orders(self) -> bool {
        matches!(self.form, Form::Orders | Form::AsksYou | Form::Wishes)
    }

    fn of(words: &[&str]) -> Head {
        const YES: [&str; 16] = [
            "yes", "yep", "yeah", "yup", "ok", "okay", "sure", "great", "good", "nice", "perfect", "cool",
            "exactly", "right", "fine", "agreed",
        ];
        const NO: [&str; 14] = [
            "no", "nope", "nah", "nono", "but", "wait", "hmm", "hm", "actually", "sorry", "really", "ugh",
            "ehh", "umm",
        ];
        const AND: [&str; 6] = ["and", "also", "then", "or", "plus", "next"];
        const FILLERS: [&str; 20] = [
            "so", "now", "please", "pls", "well", "oh", "ah", "just", "question", "q", "hey", "hi", "maybe",
            "perhaps", "emm", "um", "quick", "quickly", "again", "first",
        ];
        let mut head = Head {
            yes: words.first().is_some_and(|word| YES.contains(word)),
            no: words.iter().take(2).any(|word| NO.contains(word)),
            and: words.first().is_some_and(|word| AND.contains(word)),
            form: Form::States,
            verb: None,
            says_i: false,
            says_it: false,
        };
        let filler = |word: &&&str| {
            YES.contains(word) || NO.contains(word) || AND.contains(word) || FILLERS.contains(word)
        };
        let skip = words.iter().take_while(filler).count();
        let rest = &words[skip.min(words.len())..];
        let (form, used) = form(rest);
        let rest = &rest[used.min(rest.len())..];
        let skip = rest.iter().take_while(filler).count();
        head.verb = rest.get(skip).and_then(|word| verb(word));
        // "Fix is in", "run locally it fails": an order begins with its verb and goes on with a thing.
        head.form = if form == Form::States && head.verb.is_some() { Form::Orders } else { form };
        let first = words.iter().find(|word| !filler(word)).copied().unwrap_or_default();
        head.says_i = matches!(first, "i" | "i'm" | "i've" | "im" | "ive" | "i'll" | "my");
        head.says_it =
            matches!(first, "it" | "its" | "it's" | "the" | "this" | "that" | "there" | "these" | "they");
        if !head.orders() && head.form != Form::Suggests {
            head.verb = None;
        }
        head
    }
}

/// The form of a sentence, and how many words tell it.
fn form(words: &[&str]) -> (Form, usize) {
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    match (word(0), word(1), word(2)) {
        ("can" | "could" | "would" | "will", "you" | "u", _) => (Form::AsksYou, 2),
        ("i", "want" | "need" | "would", "you") => (Form::AsksYou, 4),
        ("can" | "could" | "should" | "shall" | "shouldn't" | "can't" | "cant" | "may", "we" | "i", _)
        | ("how" | "what", "about", _)
        | ("what", "if", _)
        | ("why", "not", _) => (Form::Suggests, 2),
        ("let's" | "lets", ..) => (Form::Orders, 1),
        ("let", "us", _) => (Form::Orders, 2),
        ("i", "want" | "need" | "wanna", "to") | ("we" | "i" | "you", "need" | "have" | "want", "to") => {
            (Form::Wishes, 3)
        }
        ("i'd", "like" | "prefer", "to") | ("i", "think", "we") => {
            (Form::Wishes, if word(3) == "should" { 4 } else { 3 })
        }
        ("we" | "you" | "it" | "this", "should" | "must", _) | ("i" | "we", "need" | "want", _) => {
            (Form::Wishes, 2)
        }
        ("how" | "hows", ..) => (Form::How, 1),
        ("what" | "whats" | "what's", ..) => (Form::What, 1),
        ("why" | "how's", ..) => (Form::Why, 1),
        ("where" | "when" | "which" | "who" | "where's", ..) => (Form::Where, 1),
        ("on" | "in" | "for" | "from" | "to" | "at", "which" | "what", _) => (Form::Where, 2),
        ("is" | "are" | "was" | "were" | "isn't" | "aren't" | "wasn't", ..) => (Form::Is, 1),
        (
            "do" | "does" | "did" | "has" | "have" | "had" | "doesn't" | "didn't" | "don't",
            "we" | "i" | "you" | "it" | "the" | "this" | "that" | "they" | "these" | "our" | "any",
            _,
        ) => (Form::Does, 1),
        ("does" | "did" | "has" | "doesn't" | "didn't", ..) => (Form::Does, 1),
        ("can" | "could" | "will" | "would" | "should" | "shall" | "won't" | "wouldn't", ..) => {
            (Form::May, 1)
        }
        _ => (Form::States, 0),
    }
}

fn verb(word: &str) -> Option<Verb> {
    Some(match word {
        "add" | "implement" | "create" | "build" | "make" | "write" | "generate" | "develop" | "scaffold"
        | "introduce" | "give" | "port" | "draft" | "unify" | "set" => Verb::Make,
        "change" | "rename" | "replace" | "remove" | "delete" | "move" | "update" | "adjust" | "tweak"
        | "use" | "switch" | "extract" | "split" | "inline" | "drop" | "reduce" | "increase" | "refactor"
        | "simplify" | "clean" | "convert" | "link" | "put" | "keep" | "strip" | "consolidate" | "do"
        | "strengthen" | "mention" | "skip" => Verb::Change,
        "run" | "rerun" | "test" | "retry" | "try" | "start" | "launch" | "execute" | "measure"
        | "benchmark" | "reproduce" => Verb::Run,
        "commit" | "push" | "merge" | "rebase" | "pull" | "branch" | "deploy" | "install" | "release"
        | "publish" | "tag" | "revert" | "checkout" | "stash" | "squash" | "amend" | "bump" | "restart"
        | "configure" | "upgrade" | "cut" | "roll" | "git" | "clear" | "rollback" | "undo" => Verb::Git,
        "explain" | "show" | "tell" | "summarize" | "summarise" | "describe" | "find" | "research"
        | "compare" | "walk" | "trace" | "list" => Verb::Explain,
        "check" | "look" | "see" | "validate" | "verify" | "confirm" | "investigate" | "read" | "analyze"
        | "analyse" | "double" | "inspect" | "examine" | "ensure" => Verb::Look,
        "review" | "audit" | "critique" | "eval" | "evaluate" => Verb::Review,
        "fix" | "debug" | "resolve" | "solve" | "address" | "adress" | "repair" => Verb::Fix,
        "plan" | "brainstorm" | "propose" | "suggest" | "design" | "think" | "consider" | "decide"
        | "discuss" => Verb::Plan,
        "continue" | "proceed" | "resume" | "go" | "finish" | "complete" => Verb::Go,
        _ => return None,
    })
}

/// Whether a message is nothing but words of a list, with at least one of the telling ones.
fn only(words: &[&str], telling: &[&str], beside: &[&str]) -> bool {
    words.iter().any(|word| telling.contains(word))
        && words.iter().all(|word| telling.contains(word) || beside.contains(word) || SMALL.contains(word))
}

/// Words that change no order.
const SMALL: [&str; 34] = [
    "this", "it", "that", "and", "then", "please", "pls", "now", "the", "these", "those", "all", "a",
    "changes", "ok", "okay", "yes", "great", "good", "let's", "lets", "do", "so", "just", "also", "to",
    "with", "again", "first", "my", "your", "you", "can", "them",
];

const GIT: [&str; 16] = [
    "commit", "push", "merge", "rebase", "pull", "pr", "branch", "stash", "squash", "amend", "deploy",
    "release", "tag", "publish", "install", "checkout",
];
const GIT_BESIDE: [&str; 14] = [
    "create",
    "open",
    "draft",
    "new",
    "main",
    "origin",
    "remote",
    "conflicts",
    "fix",
    "make",
    "message",
    "make",
    "complete",
    "up",
];
const YES: [&str; 24] = [
    "yes", "yep", "yeah", "yup", "ok", "okay", "sure", "ahead", "perfect", "great", "good", "exactly",
    "agreed", "correct", "fine", "approved", "lgtm", "proceed", "do", "works", "cool", "nice", "right", "ja",
];
const YES_BESIDE: [&str; 14] = [
    "go", "looks", "sounds", "go", "for", "is", "that's", "thats", "makes", "sense", "option", "1", "2", "3",
];
const GO_ON: [&str; 8] = ["continue", "proceed", "resume", "next", "going", "on", "weiter", "finish"];
const GO_ON_BESIDE: [&str; 8] = ["go", "keep", "carry", "move", "step", "one", "from", "there"];
const FEELING: [&str; 15] = [
    "thanks",
    "thank",
    "thx",
    "cheers",
    "hello",
    "hi",
    "hey",
    "bye",
    "ta",
    "brilliant",
    "awesome",
    "gracias",
    "merci",
    "danke",
    "lol",
];
const FEELING_BESIDE: [&str; 10] =
    ["very", "much", "so", "job", "work", "nice", "there", "for", "everything", "anyway"];

/// Whether a message begins with the name of an option: "2", "A.", "option B", "1+2", "do 3".
fn picks(words: &[&str]) -> bool {
    let name = |word: &str| {
        word.len() <= 2 && word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty()
            || matches!(word, "a" | "b" | "c" | "d" | "one" | "first" | "second" | "both")
    };
    let said = words.iter().skip_while(|word| {
        matches!(
            **word,
            "yes"
                | "ok"
                | "okay"
                | "let's"
                | "lets"
                | "do"
                | "go"
                | "with"
                | "the"
                | "i'll"
                | "option"
                | "i"
                | "think"
                | "yeah"
        )
    });
    let mut said = said.copied();
    let Some(first) = said.next() else { return false };
    let second = said.next();
    match first {
        "a" => {
            second.is_none() || matches!(second, Some("is" | "just" | "and" | "please" | "looks" | "against"))
        }
        "one" | "first" | "second" | "both" => words.len() <= 4,
        _ => name(first) && words.len() <= 25 && !matches!(second, Some("of" | "more")),
    }
}

/// The shape of a message, looked at as a text and not as words.
struct Shape {
    question: bool,
    ends_question: bool,
    tag: bool,
    list: bool,
    lower: bool,
    capital_and_stop: bool,
    sentences: usize,
    impersonal: bool,
    error: bool,
    place: bool,
    slash: bool,
    not: bool,
}

impl Shape {
    fn of(heard: &Heard, text: &str, words: &[&str]) -> Shape {
        let written = heard.own.written.trim();
        let first = written.chars().find(|c| c.is_alphabetic());
        let capital = first.is_some_and(char::is_uppercase);
        let ends = written.trim_end_matches(['`', '"', ')']).chars().next_back();
        let ends_question = ends == Some('?');
        let sentences = written
            .split_inclusive(['.', '!', '?', '\n'])
            .filter(|part| part.split_whitespace().count() > 2)
            .count();
        let person = |word: &&str| {
            matches!(
                *word,
                "i" | "we"
                    | "you"
                    | "my"
                    | "our"
                    | "your"
                    | "please"
                    | "pls"
                    | "let's"
                    | "lets"
                    | "me"
                    | "us"
                    | "i'm"
                    | "i've"
                    | "i'd"
                    | "i'll"
                    | "im"
                    | "can"
                    | "u"
                    | "ours"
                    | "hi"
                    | "hey"
                    | "thanks"
            )
        };
        const ERRORS: [&str; 20] = [
            "--- FAIL",
            "Traceback",
            "Error:",
            "error:",
            "ERROR",
            "Exception",
            "exit code",
            "panic:",
            "File \"",
            "FAIL\n",
            "fatal:",
            "Warning:",
            "|DEBU|",
            " DEBUG",
            " WARN",
            "errno",
            "refused",
            "not found;",
            "Aborting",
            "npm ERR",
        ];
        let last = words.last().copied().unwrap_or_default();
        Shape {
            question: heard.question,
            ends_question,
            tag: ends_question
                && matches!(
                    last,
                    "right" | "or" | "yeah" | "yes" | "no" | "huh" | "correct" | "ok" | "then" | "though"
                ),
            list: ["1.", "2.", "3.", "4.", "- ", "* ", "• "].iter().any(|start| written.starts_with(start)),
            lower: first.is_some_and(char::is_lowercase),
            capital_and_stop: capital && ends == Some('.'),
            sentences,
            impersonal: !words.is_empty() && !words.iter().any(person),
            error: ERRORS.iter().any(|sign| text.contains(sign)),
            place: place_in_code(text),
            slash: written.split_whitespace().any(|word| {
                word.len() > 3
                    && word.strip_prefix('/').is_some_and(|rest| {
                        rest.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == ':')
                    })
            }),
            not: words.iter().any(|word| {
                matches!(*word, "not" | "no" | "never" | "don't" | "dont" | "cannot") || word.ends_with("n't")
            }),
        }
    }
}

/// `file.rs:12`, "line 12", "lines 3-7", "at line 4".
fn place_in_code(text: &str) -> bool {
    let mut line = false;
    text.split_whitespace().any(|word| {
        let digits = word.trim_start_matches(['#', 'L', '(']).starts_with(|c: char| c.is_ascii_digit());
        let after = line && digits;
        line = matches!(word.trim_start_matches('('), "line" | "lines" | "Line" | "Lines");
        let place = word.split_once(':').is_some_and(|(file, rest)| {
            file.contains('.') && !file.contains("//") && rest.starts_with(|c: char| c.is_ascii_digit())
        });
        after || place
    })
}

fn of(first: bool, heard: &Heard, before: &Before, work: &Work) -> MessageEvidence {
    let bit = |so: bool| f64::from(u8::from(so));
    let text = heard.message.text.read();
    let words_text = normal(&heard.own.written);
    let words: Vec<&str> = words_text.split_whitespace().collect();
    let wanted = wants().count(&words_text);
    let head = Head::of(&words);
    let shape = Shape::of(heard, &text, &words);
    let pick = picks(&words);
    let only_git = words.len() <= 9 && only(&words, &GIT, &GIT_BESIDE);
    let only_yes = words.len() <= 6 && only(&words, &YES, &YES_BESIDE);
    let only_go_on = words.len() <= 6 && only(&words, &GO_ON, &GO_ON_BESIDE);
    let only_feeling = words.len() <= 6 && only(&words, &FEELING, &FEELING_BESIDE);
    let refusal = heard.message.origin == Origin::Refusal;
    let sight = Sight {
        words: words.len(),
        pasted: heard.own.pasted_words,
        pasted_error: heard.own.pasted_error,
        pasted_review: heard.own.pasted_review,
        exact: heard.exact.paths + heard.exact.identifiers + heard.exact.quoted > 0,
        only_git,
        only_yes,
        only_go_on,
        only_feeling,
        pick,
        head,
        shape: &shape,
        before,
        wanted: &wanted,
    };
    let rule = sight.rule();
    let form = |form: Form| bit(head.form == form);
    let mut values: Vec<f64> = heard.cues.iter().map(|count| bit(*count > 0)).collect();
    values.extend(wanted.iter().map(|count| f64::from(*count).ln_1p().min(1.5)));
    values.extend([
        (heard.words as f64).ln_1p(),
        bit(heard.words <= 3),
        bit((5..=15).contains(&words.len())),
        bit(heard.words >= 40),
        bit(heard.message.origin == Origin::Queued),
        bit(refusal),
        bit(first),
        bit(shape.question),
        bit(shape.ends_question),
        bit(shape.tag),
        bit(head.yes),
        bit(head.no),
        bit(head.and),
        bit(shape.list),
        bit(pick),
        bit(shape.lower),
        bit(shape.capital_and_stop),
        (shape.sentences as f64).ln_1p(),
        bit(shape.impersonal),
        bit(shape.impersonal && words.len() >= 18),
        bit(heard.own.written.contains('!')),
        bit(shape.slash),
        bit(shape.not),
    ]);
    values.extend([
        form(Form::AsksYou),
        form(Form::Suggests),
        form(Form::Wishes),
        form(Form::Orders),
        form(Form::How),
        form(Form::What),
        form(Form::Why),
        form(Form::Where),
        form(Form::Is),
        form(Form::Does),
        form(Form::May),
        bit(matches!(head.form, Form::How | Form::What | Form::Why | Form::Where)),
        bit(head.verb.is_some()),
        form(Form::States),
        bit(head.says_i),
        bit(head.says_it),
    ]);
    values.extend([
        bit(heard.own.pasted_words > 0),
        bit(heard.own.pasted_words > 0 && heard.words <= 3),
        bit(heard.own.pasted_error),
        bit(heard.own.pasted_review),
        bit(shape.error),
        bit(shape.place),
        bit(sight.exact),
        bit(heard.exact.identifiers > 0),
        bit(heard.exact.links > 0),
        bit(only_git),
        bit(only_yes),
        bit(only_go_on),
        bit(only_feeling),
        bit(before.silent),
        bit(before.asked),
        bit(before.offered),
        bit(before.which),
        bit(before.listed),
        bit(before.done),
        bit(before.worked),
        bit(before.edited),
        bit(before.ran),
        bit(before.committed),
        bit(work.edited),
        bit(work.uncommitted),
        bit(before.offered && (head.yes || only_yes)),
        bit(before.listed && pick),
        bit(before.edited && head.no),
    ]);
    let asks = head.asks();
    let orders = head.orders();
    let edits = matches!(head.verb, Some(Verb::Make | Verb::Change));
    let suggests = head.form == Form::Suggests;
    let says = |group: &str| wanted[wants().group(group)] > 0;
    let here = sight.exact || says("ours");
    let states = head.form == Form::States && !shape.question;
    values.extend([
        bit((orders || suggests) && edits && work.edited),
        bit(orders && head.verb == Some(Verb::Make) && !work.edited),
        bit(suggests && edits),
        bit(suggests && !edits),
        bit(states && before.asked && !head.yes),
        bit(states && !before.asked && (refusal || heard.message.origin == Origin::Queued)),
        bit(says("behavior_specification") && !shape.question && !before.offered && !head.yes),
        bit(asks && here),
        bit(asks && !here),
        bit(says("symptom_description") && !shape.question && !orders),
        bit(asks && before.edited),
        bit(states && shape.not && before.worked),
    ]);
    values.extend(RULES.iter().map(|kind| bit(rule == Some(*kind))));
    MessageEvidence { values }
}

/// What the rules look at.
struct Sight<'a> {
    words: usize,
    pasted: usize,
    pasted_error: bool,
    pasted_review: bool,
    exact: bool,
    only_git: bool,
    only_yes: bool,
    only_go_on: bool,
    only_feeling: bool,
    pick: bool,
    head: Head,
    shape: &'a Shape,
    before: &'a Before,
    wanted: &'a [u32],
}

impl Sight<'_> {
    /// The kind that the first fitting rule proposes. The surest rules stand first.
    fn rule(&self) -> Option<&'static str> {
        let says = |group: &str| self.wanted[wants().group(group)];
        let any = |group: &str| says(group) > 0;
        let head = self.head;
        let shape = self.shape;
        let orders = head.orders();
        if self.words <= 3 && self.pasted > 3 {
            return Some(if self.pasted_review { "code_review" } else { "log_paste" });
        }
        if self.only_git {
            return Some("toolchain_operation");
        }
        if self.only_go_on && !self.before.offered {
            return Some("continuation");
        }
        if self.only_feeling {
            return Some("sentiment");
        }
        if self.only_yes {
            return Some("confirmation");
        }
        if self.pasted_review || (says("review_finding") >= 3 && shape.impersonal && self.words >= 15) {
            return Some("code_review");
        }
        if (self.pasted_error || shape.error) && self.pasted.max(self.words) > 10 {
            return Some("log_paste");
        }
        if head.verb == Some(Verb::Review) {
            return Some("code_review");
        }
        if head.verb == Some(Verb::Git) {
            return Some("toolchain_operation");
        }
        if head.yes && self.before.asked && self.words <= 10 && !shape.question {
            return Some("confirmation");
        }
        if self.pick && self.before.asked && self.words <= 8 {
            return Some("confirmation");
        }
        if any("error_persistence") && any("symptom_description") && !orders {
            return Some("error_persistence");
        }
        if orders
            && any("documentation")
            && matches!(head.verb, Some(Verb::Make | Verb::Change | Verb::Explain))
        {
            return Some("documentation");
        }
        if orders && any("toolchain_operation") && head.verb == Some(Verb::Fix) && !shape.question {
            return Some("toolchain_operation");
        }
        (any("symptom_description") && head.form == Form::States && !shape.question)
            .then_some("symptom_description")
    }
}

#[cfg(test)]
mod tests {
    use metier_session::{Agent, Place, Prompt, PromptKind, Recorded};

    use super::*;

    /// The evidence of the last of some messages, each with what the agent said before it.
    fn evidence(said: &[(&str, &str)]) -> BTreeMap<String, f64> {
        let recorded = Recorded {
            lines: true,
            rejections: true,
            user_modified: true,
            tokens: true,
            cache_writes: true,
            permission: true,
            queued: true,
        };
        let mut session = Session::new(Agent::ClaudeCode, "s", recorded);
        let mut push = |what| {
            let place = Place { source: 0, line: 1 };
            session.events.push(Event { time: None, place, actor: Actor::Main, what });
        };
        for (agent, person) in said {
            if !agent.is_empty() {
                push(What::Said((*agent).into()));
            }
            let text = (*person).into();
            push(What::Prompt(Prompt { kind: PromptKind::Typed, text, images: 0, permission: None }));
        }
        let last = message_evidence(&session).pop().expect("somebody said something");
        message_names().into_iter().zip(last.values).collect()
    }

    /// The kind that the rules propose.
    fn rule(agent: &str, person: &str) -> Option<String> {
        let evidence = evidence(&[("", "let us see"), (agent, person)]);
        let fired = evidence.iter().find(|(name, value)| name.starts_with("rule_") && **value > 0.0);
        fired.map(|(name, _)| name.trim_start_matches("rule_").to_owned())
    }

    #[test]
    fn every_value_has_one_name() {
        let mut session = Session::new(
            Agent::ClaudeCode,
            "s",
            Recorded {
                lines: true,
                rejections: true,
                user_modified: true,
                tokens: true,
                cache_writes: true,
                permission: true,
                queued: true,
            },
        );
        let text = "rename it, please".into();
        let what = What::Prompt(Prompt { kind: PromptKind::Typed, text, images: 0, permission: None });
        let place = Place { source: 0, line: 1 };
        session.events.push(Event { time: None, place, actor: Actor::Main, what });
        let names = message_names();
        assert_eq!(message_evidence(&session)[0].values.len(), names.len());
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn every_kind_has_cues() {
        let intent = &crate::rubric().intent;
        for option in intent.options() {
            let group = option.name.replace(' ', "_");
            assert!(wants().names().contains(&group), "{group}");
        }
    }

    #[test]
    fn bare_orders_are_told_by_their_words() {
        assert_eq!(rule("Done.", "commit and push pls").as_deref(), Some("toolchain_operation"));
        assert_eq!(rule("Done.", "keep going").as_deref(), Some("continuation"));
        assert_eq!(rule("Done.", "thanks!").as_deref(), Some("sentiment"));
        assert_eq!(rule("Shall I add the index?", "yes").as_deref(), Some("confirmation"));
        assert_eq!(rule("1. cache\n2. queue\nWhich one?", "2").as_deref(), Some("confirmation"));
    }

    #[test]
    fn pasted_things_are_told_from_each_other() {
        let trace = "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nKeyError: 'x'";
        assert_eq!(rule("", trace).as_deref(), Some("log_paste"));
        let finding = "The comment of parse is misleading: the function silently drops an incorrect row, \
                       which could be a potential leak. Consider a test of the edge cases.";
        assert_eq!(rule("", finding).as_deref(), Some("code_review"));
    }

    #[test]
    fn orders_are_told_by_verb_and_thing() {
        assert_eq!(rule("", "could you review the retry loop").as_deref(), Some("code_review"));
        assert_eq!(rule("", "please update the readme as well").as_deref(), Some("documentation"));
        assert_eq!(rule("", "it says ok but the list is empty").as_deref(), Some("symptom_description"));
        assert_eq!(rule("", "it still crashes, same error").as_deref(), Some("error_persistence"));
        assert_eq!(rule("", "blue"), None);
    }

    #[test]
    fn a_sentence_is_told_by_its_head() {
        let form = |text: &str| Head::of(&text.split(' ').collect::<Vec<_>>()).form;
        assert_eq!(form("ok so can you also rename it"), Form::AsksYou);
        assert_eq!(form("hmm should we cache it"), Form::Suggests);
        assert_eq!(form("and where is it set"), Form::Where);
        assert_eq!(form("does it retry"), Form::Does);
        assert_eq!(form("now drop the old column"), Form::Orders);
        assert_eq!(form("it prints twice"), Form::States);
    }

    #[test]
    fn options_are_picked_by_name() {
        let picks = |text: &str| picks(&text.split(' ').collect::<Vec<_>>());
        assert!(picks("2") && picks("b") && picks("option 3 please") && picks("let's do 1"));
        assert!(!picks("a new page") && !picks("why 2") && !picks(""));
    }

    #[test]
    fn what_the_agent_asked_stands_beside_the_answer() {
        let after = evidence(&[("", "speed it up"), ("1. Cache\n2. Queue\nWhich do you prefer?", "1")]);
        let held = ["agent_asked", "agent_asked_which", "agent_listed", "pick", "pick_after_list"];
        assert!(held.iter().all(|name| after[*name] > 0.0), "{after:?}");
        assert_eq!(after["first"], 0.0);
        let silent = evidence(&[("", "speed it up")]);
        assert_eq!((silent["agent_silent"], silent["first"], silent["agent_asked"]), (1.0, 1.0, 0.0));
    }

    #[test]
    fn places_in_code_are_seen() {
        assert!(place_in_code("see src/a.rs:12 again") && place_in_code("at line 40"));
        assert!(!place_in_code("the line is long") && !place_in_code("http://localhost:3000 at 10:30"));
    }
}
