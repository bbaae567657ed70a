//! How a message begins: the form of its first sentence, the verb of an order, and messages that are nothing but a few
//! words of one kind. Knows no session.

/// The kind of sentence that a message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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
pub(super) enum Verb {
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
pub(super) struct Head {
    pub(super) yes: bool,
    pub(super) no: bool,
    pub(super) and: bool,
    pub(super) form: Form,
    pub(super) verb: Option<Verb>,
    pub(super) says_i: bool,
    pub(super) says_it: bool,
}

impl Head {
    pub(super) fn asks(self) -> bool {
        matches!(
            self.form,
            Form::How | Form::What | Form::Why | Form::Where | Form::Is | Form::Does | Form::May
        )
    }

    pub(super) fn orders(self) -> bool {
        matches!(self.form, Form::Orders | Form::AsksYou | Form::Wishes)
    }

    pub(super) fn of(words: &[&str]) -> Head {
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

/// Nothing but words of git.
pub(super) fn only_git(words: &[&str]) -> bool {
    words.len() <= 9 && only(words, &GIT, &GIT_BESIDE)
}

/// Nothing but agreement.
pub(super) fn only_yes(words: &[&str]) -> bool {
    words.len() <= 6 && only(words, &YES, &YES_BESIDE)
}

/// Nothing but going on.
pub(super) fn only_go_on(words: &[&str]) -> bool {
    words.len() <= 6 && only(words, &GO_ON, &GO_ON_BESIDE)
}

/// Nothing but thanks and greetings.
pub(super) fn only_feeling(words: &[&str]) -> bool {
    words.len() <= 6 && only(words, &FEELING, &FEELING_BESIDE)
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
const GIT_BESIDE: [&str; 13] = [
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
    "complete",
    "up",
];
const YES: [&str; 24] = [
    "yes", "yep", "yeah", "yup", "ok", "okay", "sure", "ahead", "perfect", "great", "good", "exactly",
    "agreed", "correct", "fine", "approved", "lgtm", "proceed", "do", "works", "cool", "nice", "right", "ja",
];
const YES_BESIDE: [&str; 13] =
    ["go", "looks", "sounds", "for", "is", "that's", "thats", "makes", "sense", "option", "1", "2", "3"];
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
pub(super) fn picks(words: &[&str]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
