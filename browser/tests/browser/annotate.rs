//! Judging sessions by keyboard: what is answered is kept at once, by rater, and nobody sees another's answers.

use serde_json::Value;

use crate::harness::{Served, Visit, folder, programs, sample};

/// The questions that have an answer, each with it.
const ANSWERED: &str = "return [...document.querySelectorAll('form.sheet fieldset.question')].flatMap(question => { \
    const chosen = question.querySelector('input[type=radio]:checked'); return chosen ? [[chosen.name, chosen.value]] : []; })";

fn answered(visit: &Visit) -> Vec<(String, String)> {
    serde_json::from_value(visit.js(ANSWERED)).unwrap()
}

/// Answers the current question by its second key, if it has keys; what was answered.
fn answer(visit: &Visit) -> Option<(String, String)> {
    let second = visit.js(
        "const keys = document.querySelectorAll('fieldset.question.current input[type=radio][data-key]'); \
        const one = keys[Math.min(1, keys.length - 1)]; return one ? [one.name, one.value, one.dataset.key] : null",
    );
    let Some((question, value, key)) =
        serde_json::from_value::<Option<(String, String, String)>>(second).unwrap()
    else {
        // A number: leave it out.
        visit.press(thirtyfour::Key::Enter);
        return None;
    };
    visit.press(key);
    let kept = format!(
        "const input = document.querySelector('input[name=\"{question}\"]'); return input.closest('fieldset').classList.contains('answered') \
        && document.querySelector('#kept').textContent !== '' && !document.querySelector('#kept').textContent.includes('keeping')"
    );
    visit.until("that the answer is kept", &kept);
    assert!(!visit.text("return document.querySelector('#kept').textContent").contains("Not kept"));
    Some((question, value))
}

#[test]
fn answers_by_keyboard_outlive_the_server_and_are_the_raters_own() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let (store, transcripts) = (home.path().join("store"), home.path().join("transcripts"));
    let served = Served::start(&store, &transcripts, &[]);
    let visit = Visit::new(&programs, &served);
    visit.go("/annotate");
    visit.click("main form[method=post] button");
    visit.until("the first sheet", "return location.pathname.startsWith('/annotate/') && document.querySelector('form.sheet fieldset.question.current') !== null");
    let path = visit.path();
    assert_eq!(answered(&visit), [], "nothing is answered beforehand");
    is_blind(&visit);
    let mut given = Vec::new();
    for _ in 0..20 {
        given.extend(answer(&visit));
        if given.len() == 3 {
            break;
        }
    }
    assert_eq!(given.len(), 3);
    visit.reload();
    assert_eq!(answered(&visit), given);
    assert_eq!(visit.complaints(), Vec::<String>::new());
    drop(visit);
    // Killed, not ended.
    drop(served);
    let served = Served::start(&store, &transcripts, &[]);
    let visit = Visit::new(&programs, &served);
    visit.go(&path);
    assert_eq!(answered(&visit), given);
    // An answer can be changed.
    visit.js(&format!("document.querySelector('input[name=\"{}\"]').focus()", given[0].0));
    let first = visit.js("const input = document.querySelector('fieldset.question.current input[data-key]'); return [input.value, input.dataset.key]");
    visit.press(first[1].as_str().unwrap());
    visit.until("the change", "return !document.querySelector('#kept').textContent.includes('keeping') && document.querySelector('#kept').textContent !== ''");
    visit.reload();
    assert_eq!(Value::String(answered(&visit)[0].1.clone()), first[0]);
    // The next one is another session.
    visit.press("n");
    visit.until(
        "the next sheet",
        &format!("return location.pathname.startsWith('/annotate') && location.pathname !== '{path}'"),
    );
    drop((visit, served));

    let served = Served::start(&store, &transcripts, &["--rater", "other"]);
    let visit = Visit::new(&programs, &served);
    visit.go(&path);
    if visit.js("return document.querySelector('form.sheet') !== null") == true {
        assert_eq!(answered(&visit), [], "one rater's answers are not another's");
        is_blind(&visit);
    }
}

/// Nothing on the page tells what the labeller answered: no choice looks different from another, and no word of its answers stands
/// outside the choices.
fn is_blind(visit: &Visit) {
    let odd = visit.js(
        "return [...document.querySelectorAll('form.sheet fieldset.question')].flatMap(question => { \
            const shape = label => [label.className, [...label.querySelectorAll('*')].map(one => one.tagName + '.' + one.className + ' ' + \
                one.getAttributeNames().filter(name => !['value', 'data-key', 'id'].includes(name)).join(' ')).join(';')].join('|'); \
            const shapes = new Set([...question.querySelectorAll('label')].map(shape)); \
            return shapes.size > 1 ? [...shapes] : []; })",
    );
    assert_eq!(odd, serde_json::json!([]), "choices differ");
    let page = visit.text("return document.documentElement.outerHTML").to_lowercase();
    for word in
        ["built-in", "builtin", "verified_success", "chip good", "chip warn", "probability", "confidence"]
    {
        assert!(!page.contains(word), "the page says {word:?}");
    }
}
