//! Another page in the same browser, on another port of the same machine: the nearest that a hostile one can come, because the
//! browser sends the cookie along.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::harness::{Served, Visit, folder, programs, sample};

/// Serves this page to everybody, until the tests end. A browser opens connections that it asks nothing on, so each has a thread.
fn serve(page: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
        }
    });
    port
}

#[test]
fn another_page_reads_nothing_frames_nothing_and_sends_nothing() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    let origin = served.origin();
    // The page as it is: so the attempts below fail for their origin, and not for something else.
    assert_eq!(visit.js_later("fetch('/news').then(answer => done(answer.status))"), 200);
    let port = serve(format!("<!doctype html><title>other</title><iframe src=\"{origin}/\"></iframe>"));
    for host in ["127.0.0.1", "localhost"] {
        visit.open(&format!("http://{host}:{port}/"));
        assert_eq!(visit.text("return document.title"), "other");
        let frame = visit.frame();
        assert!(!frame.contains("metier") && !frame.starts_with(&origin), "in a frame: {frame}");
        for path in ["/news", "/sessions", "/findings/success?format=json"] {
            let fetched = format!(
                "fetch('{origin}{path}', {{ credentials: 'include' }}).then(answer => done('read ' + answer.status), error => done('refused'))"
            );
            assert_eq!(visit.js_later(&fetched), "refused", "{path} from {host}");
            let blind = format!(
                "fetch('{origin}{path}', {{ credentials: 'include', mode: 'no-cors' }}).then(async answer => done('read ' + (await answer.text()).length), error => done('refused'))"
            );
            assert_eq!(visit.js_later(&blind), "refused", "{path} from {host}, without asking");
        }
        // Nothing can be embedded, from which one could tell that there is something.
        for (tag, attribute, path) in
            [("script", "src", "/script.js"), ("img", "src", "/icon.svg"), ("link", "href", "/style.css")]
        {
            let embedded = format!(
                "const one = document.createElement('{tag}'); if ('{tag}' === 'link') one.rel = 'stylesheet'; \
                one.onload = () => done('loaded'); one.onerror = () => done('refused'); one.{attribute} = '{origin}{path}'; document.head.append(one)"
            );
            assert_eq!(visit.js_later(&embedded), "refused", "{path} from {host}");
        }
        // A form that is sent leads to a refusal.
        visit.js(&format!("const form = document.createElement('form'); form.method = 'post'; form.action = '{origin}/annotate'; document.body.append(form); form.submit()"));
        visit.until("the refusal", "return document.title.startsWith('Not opened')");
    }
    // It still answers its own page.
    visit.go("/");
    assert!(visit.text("return document.title").contains("Overview"));
}

#[test]
fn a_browser_without_the_token_sees_nothing() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::stranger(&programs, &served);
    visit.go("/sessions");
    assert_eq!(visit.js("return performance.getEntriesByType('navigation')[0].responseStatus"), 403);
    let text = visit.text("return document.documentElement.textContent");
    assert!(text.contains("metier serve") && !text.contains("atlas"), "{text}");
    visit.open(&format!("{}/?token={}", served.origin(), served.token));
    assert_eq!(visit.path(), "/");
    assert_eq!(visit.js("return document.cookie"), "", "no script reads it");
    visit.go("/sessions");
    assert!(visit.text("return document.body.textContent").contains("atlas"));
}
