//! Pictures of every page for a person to look at, in `target/screenshots`; and that none is wider than a telephone.

use std::fs;
use std::path::Path;

use crate::harness::{DESK, PHONE, Served, Visit, folder, pages, programs, sample};

#[test]
fn every_page_is_pictured_and_none_scrolls_sideways_on_a_telephone() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("screenshots");
    fs::create_dir_all(&pictures).unwrap();
    let mut wrong = Vec::new();
    let mut pages = pages(&served);
    for (name, path) in [
        ("by-month", "/findings/success?by=month"),
        ("by-model", "/findings/depth?by=model"),
        ("nobody", "/findings/success?work_mode=communicating&month=2026-02"),
        ("not-found", "/findings/nothing"),
    ] {
        pages.push((name.to_owned(), path.to_owned()));
    }
    for name in ["table_a1", "returns", "decisions"] {
        pages.push((format!("unfolded-{name}"), format!("/findings/{name}")));
    }
    for (name, path) in pages {
        visit.prefer("light");
        visit.size(DESK);
        visit.go(&path);
        if name.starts_with("unfolded") {
            visit.js("document.querySelectorAll('details').forEach(one => one.open = true)");
        }
        visit.picture(DESK, &pictures.join(format!("{name}.light.png")));
        visit.prefer("dark");
        visit.picture(DESK, &pictures.join(format!("{name}.dark.png")));
        visit.prefer("light");
        visit.size(PHONE);
        visit.picture(PHONE, &pictures.join(format!("{name}.phone.png")));
        // Tables may scroll in their own frame, the page may not.
        let wide = visit.js(
            "const page = document.documentElement; return page.scrollWidth <= innerWidth && innerWidth === 390 ? [] : \
            [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > 391 && !one.closest('.wide')).map(one => one.outerHTML.slice(0, 90))",
        );
        if wide != serde_json::json!([]) {
            wrong.push(format!("{path}: {wide}"));
        }
    }
    assert!(wrong.is_empty(), "wider than a telephone:\n{}", wrong.join("\n"));
}
