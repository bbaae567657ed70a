//! Every page opens: found, with one heading, without a complaint of the browser, and without asking anybody else.

use crate::harness::{Served, Visit, folder, pages, programs, sample};

#[test]
fn every_page_opens_and_asks_nobody_else() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    assert_eq!(visit.path(), "/", "the token leaves the address");
    let mut wrong = Vec::new();
    for (_, path) in pages(&served) {
        visit.go(&path);
        let status = visit.js("return performance.getEntriesByType('navigation')[0].responseStatus");
        let headings = visit.js("return document.querySelectorAll('h1').length");
        let title = visit.text("return document.title");
        let language = visit.text("return document.documentElement.lang");
        let current = visit.js("return document.querySelectorAll('nav [aria-current=page]').length");
        let whole =
            (status == 200, headings == 1, title.ends_with(" · metier"), language == "en", current == 1);
        if whole != (true, true, true, true, true) {
            wrong.push(format!(
                "{path}: {status}, {headings} h1, title {title:?}, {language:?}, {current} current"
            ));
        }
        let sideways = visit.js("return document.documentElement.scrollWidth > innerWidth");
        if sideways == true {
            wrong.push(format!("{path}: is wider than the window"));
        }
        wrong.extend(visit.complaints().into_iter().map(|complaint| format!("{path}: {complaint}")));
        wrong.extend(visit.elsewhere().into_iter().map(|address| format!("{path}: asks {address}")));
        let ids = "const ids = [...document.querySelectorAll('[id]')].map(one => one.id); \
            return ids.filter((id, at) => ids.indexOf(id) !== at).join(' ')";
        let twice = visit.text(ids);
        if !twice.is_empty() {
            wrong.push(format!("{path}: ids stand twice: {twice}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_there_says_so() {
    let Some(programs) = programs() else { return };
    let home = folder();
    std::fs::create_dir(home.path().join("transcripts")).unwrap();
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    // A store without a session invites to make one, on every page that would show some.
    for path in ["/", "/sessions", "/findings/success"] {
        visit.go(path);
        assert!(
            visit.text("return document.querySelector('main').textContent").contains("No sessions yet"),
            "{path}"
        );
    }
    assert_eq!(visit.complaints(), Vec::<String>::new());
    for (path, status) in [
        ("/nowhere", 404),
        ("/findings/nothing", 404),
        ("/sessions/0123456789abcdef", 404),
        ("/sessions/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
        ("/findings/success?by=shoes", 400),
        ("/findings/success?format=exe", 400),
        ("/findings/success?project=a", 400),
    ] {
        let reply = served.get(path);
        assert_eq!(reply.status, status, "{path}");
        assert!(!reply.text().contains("<script>"), "{path}");
        visit.go(path);
        assert_eq!(visit.js("return document.querySelectorAll('h1').length"), 1, "{path}");
        assert!(visit.js("return document.querySelector('main a[href=\"/\"]') !== null") == true, "{path}");
    }
}

#[test]
fn an_address_that_cannot_be_read_is_refused_in_our_own_frame() {
    let Some(programs) = programs() else { return };
    let home = folder();
    std::fs::create_dir(home.path().join("transcripts")).unwrap();
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    for path in ["/findings/%FF", "/sessions/%FF", "/findings/success?by=month&by=agent", "/sessions?q=a&q=b"]
    {
        let status = served.get(path).status;
        assert!(status == 400 || status == 404, "{path}: {status}");
        visit.go(path);
        assert_eq!(visit.js("return document.querySelectorAll('h1').length"), 1, "{path}");
    }
}
