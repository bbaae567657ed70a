//! What a transcript says is text, whatever it says.

use crate::harness::{Served, Visit, folder, hostile, long, programs, session_pages};

/// What text of a transcript must never become.
const MADE: &str = "return [...document.querySelectorAll('main script, main img, main iframe, main style, base, textarea, \
    a[href^=\"javascript:\" i], a[href*=\"hostile.example\"], [onload], [onerror], [onmouseover], [style]')].map(one => one.outerHTML.slice(0, 200))";

#[test]
fn markup_in_a_transcript_stays_text() {
    let Some(programs) = programs() else { return };
    let home = folder();
    hostile(home.path());
    long(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    let sessions = session_pages(&served);
    assert_eq!(sessions.len(), 2);
    let mut paths: Vec<String> = [
        "/sessions",
        "/sessions?q=pwned",
        "/sessions?sort=project",
        "/",
        "/findings/composition?by=model",
        "/findings/success?by=project",
        "/labels",
        "/coach",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(sessions);
    for path in paths.iter() {
        let reply = served.get(path);
        assert_eq!(reply.status, 200, "{path}");
        let text = reply.text();
        assert!(reply.body.len() < 2_000_000, "{path}: {} bytes", reply.body.len());
        assert!(
            std::str::from_utf8(&reply.body).is_ok_and(|text| !text.contains(['\u{0}', '\u{1b}'])),
            "{path}: control characters"
        );
        assert!(!text.contains("<script>window") && !text.contains("<img src=x"), "{path}");
        visit.go(path);
        assert_eq!(visit.js(MADE), serde_json::json!([]), "{path}");
        assert_eq!(visit.js("return typeof window.pwned"), "undefined", "{path}");
        assert_eq!(visit.js("return document.scripts.length"), 1, "{path}");
        assert!(!visit.has_dialog(), "{path}");
        assert_eq!(visit.elsewhere(), Vec::<String>::new(), "{path}");
        assert_eq!(visit.complaints(), Vec::<String>::new(), "{path}");
        if path.starts_with("/sessions") {
            let shown = visit.text("return document.querySelector('main').innerText");
            assert!(
                shown.contains("<script>window.pwned=") || shown.contains("<b>very long</b>"),
                "{path}: it is there, as text"
            );
            // What turns the direction of writing turns nothing beyond its own place.
            let loose = "return [...document.querySelectorAll('main *')].filter(one => [...one.childNodes].some(node => \
                node.nodeType === 3 && /[\\u202a-\\u202e\\u2066-\\u2069]/.test(node.data)) && \
                !one.closest('bdi, [dir=auto]') && getComputedStyle(one).unicodeBidi !== 'isolate' && getComputedStyle(one).unicodeBidi !== 'plaintext').map(one => one.outerHTML.slice(0, 120))";
            assert_eq!(visit.js(loose), serde_json::json!([]), "{path}");
        }
    }
    // Its project can be chosen, under its own name.
    visit.go("/findings/success");
    let names = visit.text("return document.querySelector('[name=project]').textContent");
    assert!(names.contains("\"'><img src=x onerror"), "{names}");
}

#[test]
fn what_is_searched_for_stays_text() {
    let Some(programs) = programs() else { return };
    let home = folder();
    hostile(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    for query in [
        "%22%3E%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E",
        "%00%F0%9F%92%A9",
        "%E2%80%AE",
        "javascript%3Aalert(1)",
    ] {
        for path in [
            format!("/sessions?q={query}"),
            format!("/sessions?sort={query}"),
            format!("/sessions?page={query}"),
            format!("/findings/success?month={query}"),
            format!("/findings/success?model={query}"),
            format!("/findings/{query}"),
        ] {
            visit.go(&path);
            assert_eq!(visit.js(MADE), serde_json::json!([]), "{path}");
            assert_eq!(visit.js("return typeof window.pwned"), "undefined", "{path}");
            assert_eq!(visit.js("return document.querySelectorAll('h1').length"), 1, "{path}");
        }
    }
}
