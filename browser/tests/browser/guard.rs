//! Who may ask: requests as no browser of ours sends them, so that this needs none.

use crate::harness::{Served, ask, folder, sample};

#[test]
fn only_who_has_the_token_is_let_in_and_only_under_names_of_this_machine() {
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let (port, cookie, origin) = (served.port, served.cookie(), served.origin());
    let status = |method: &str, path: &str, headers: &[(&str, &str)]| {
        ask(port, method, path, headers, &[]).unwrap().status
    };
    let wrong = format!("metier-{port}={}", "0".repeat(32));
    let other = format!("metier-{}={}", port.wrapping_add(1), served.token);
    let own = format!("127.0.0.1:{port}");
    for path in [
        "/",
        "/news",
        "/sessions",
        "/labels.jsonl",
        "/findings/success?format=json",
        "/style.css",
        "/nowhere",
    ] {
        assert_eq!(status("GET", path, &[]), 403, "{path} without");
        assert_eq!(status("GET", path, &[("Cookie", &wrong)]), 403, "{path} with a wrong one");
        assert_eq!(status("GET", path, &[("Cookie", &other)]), 403, "{path} with another server's");
        for host in [
            "rebound.example",
            "rebound.example:80",
            &format!("rebound.example:{port}"),
            "127.0.0.1",
            "127.0.0.1:1",
            "",
        ] {
            assert_eq!(status("GET", path, &[("Cookie", &cookie), ("Host", host)]), 421, "{path} at {host}");
        }
    }
    assert_eq!(status("GET", "/", &[("Cookie", &cookie), ("Host", &own)]), 200);
    assert_eq!(status("GET", &format!("/?token={}", "0".repeat(32)), &[]), 403);
    assert_eq!(status("GET", &format!("/?token={}", &served.token[..31]), &[]), 403);
    assert_eq!(status("GET", &format!("/?token={}0", served.token), &[]), 403);

    // The token is exchanged for a cookie that no script reads and no other site sends along.
    let first = ask(port, "GET", &format!("/?token={}", served.token), &[], &[]).unwrap();
    assert_eq!((first.status, first.header("location")), (303, Some("/")));
    let set = first.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    assert_eq!(status("GET", &format!("/?token={}", served.token), &[("Host", "rebound.example")]), 421);

    // What changes something has to come from our own page.
    for path in ["/annotate", "/annotate/x", "/adjudicate"] {
        for from in
            ["http://hostile.example", "http://127.0.0.1:1", &format!("https://127.0.0.1:{port}"), "null", ""]
        {
            assert_eq!(
                status("POST", path, &[("Cookie", &cookie), ("Origin", from)]),
                403,
                "{path} from {from}"
            );
        }
        assert_eq!(status("POST", path, &[("Cookie", &cookie)]), 403, "{path} from nobody");
        assert_eq!(status("POST", path, &[("Origin", &origin)]), 403, "{path} without the token");
        assert_eq!(
            status("POST", &format!("{path}?token={}", served.token), &[("Origin", &origin)]),
            403,
            "{path} with it in the address"
        );
        assert_ne!(
            status("POST", path, &[("Cookie", &cookie), ("Origin", &origin)]),
            403,
            "{path} from our own page"
        );
    }
    let long =
        ask(port, "POST", "/annotate/x", &[("Cookie", &cookie), ("Origin", &origin)], &vec![b'a'; 1 << 20]);
    assert!(long.is_err() || long.unwrap().status >= 400, "a long form is not read");

    // Every answer tells the browser what it may do, refusals too.
    for (path, headers) in [
        ("/", &[("Cookie", cookie.as_str())][..]),
        ("/news", &[("Cookie", &cookie)]),
        ("/", &[]),
        ("/nowhere", &[("Cookie", &cookie)]),
    ] {
        let reply = ask(port, "GET", path, headers, &[]).unwrap();
        let policy = reply.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), None);
        assert!(!reply.text().contains(&served.token));
    }
}
