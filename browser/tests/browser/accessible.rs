//! For those who do not see well, or use no mouse: axe-core finds nothing, and all that takes the focus can be seen.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::harness::{DESK, PHONE, Served, Visit, folder, pages, programs, said, sample};

#[derive(Deserialize)]
struct Violation {
    rule: String,
    help: String,
    target: String,
    why: String,
}

/// Rules whose answer depends on colours or on the width; all others are asked once a page.
const LOOKS: &str = "{ runOnly: ['color-contrast', 'target-size', 'scrollable-region-focusable', 'link-in-text-block'], \
    rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] }";
const ALL: &str = "{ resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }";

fn violations(visit: &Visit, options: &str) -> Vec<Violation> {
    let script = format!(
        "axe.run(document, {options}).then(found => done(found.violations.flatMap(one => one.nodes.map(node => \
        ({{ rule: one.id, help: one.help, target: node.target.join(' '), why: node.failureSummary }})))), error => done([{{ rule: 'axe', help: String(error), target: '', why: '' }}]))"
    );
    serde_json::from_value(visit.js_later(&script)).unwrap()
}

#[test]
fn axe_finds_nothing() {
    let Some(programs) = programs() else { return };
    let Some(axe) = std::env::var_os("METIER_AXE") else {
        return said(
            "skipped: axe-core, because METIER_AXE does not name its axe.min.js (`cargo xtask test` brings it where npm is)",
        );
    };
    let axe = fs::read_to_string(axe).unwrap();
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    visit.bring(&axe);
    // By rule and place: where, on which pages.
    let mut found: BTreeMap<(String, String), (String, Vec<String>)> = BTreeMap::new();
    let mut look = |path: &str, how: &str, options: &str| {
        for Violation { rule, help, target, why } in violations(&visit, options) {
            let pages =
                &mut found.entry((rule, target)).or_insert_with(|| (format!("{help}: {why}"), Vec::new())).1;
            pages.push(format!("{path} ({how})"));
        }
    };
    for (_, path) in pages(&served).iter() {
        visit.size(DESK);
        visit.prefer("light");
        visit.go(path);
        visit.js("document.querySelectorAll('details').forEach(one => one.open = true)");
        look(path, "light", ALL);
        visit.prefer("dark");
        look(path, "dark", LOOKS);
        visit.size(PHONE);
        look(path, "phone", LOOKS);
    }
    let told: Vec<String> = found
        .iter()
        .map(|((rule, target), (why, pages))| {
            format!(
                "{rule} at {target}\n  {}\n  on {} pages: {}",
                why.replace('\n', "\n  "),
                pages.len(),
                pages[..pages.len().min(4)].join(", ")
            )
        })
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}

/// What takes the focus and cannot be seen then: outside of the window, without a size, or beneath something else.
const HIDDEN: &str = "const name = one => one.outerHTML.slice(0, 120); const wrong = []; \
    for (const one of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex=\"0\"]')) { \
        if (!one.checkVisibility() || one.disabled) continue; \
        one.focus(); \
        if (document.activeElement !== one) { wrong.push('takes no focus: ' + name(one)); continue; } \
        const box = one.getBoundingClientRect(); \
        const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight); \
        if (right - left < 1 || bottom - top < 1) { wrong.push('is outside of the window: ' + name(one)); continue; } \
        const rects = [...one.getClientRects()].filter(rect => rect.width > 0 && rect.bottom > 0 && rect.top < innerHeight); \
        const seen = rects.some(rect => { const there = document.elementFromPoint(Math.min(Math.max(rect.left, 0) + 2, innerWidth - 1), (Math.max(rect.top, 0) + Math.min(rect.bottom, innerHeight)) / 2); \
            return there && (one.contains(there) || there.contains(one) && !there.closest('header.top')); }); \
        if (!seen) wrong.push('is covered: ' + name(one)); \
    } return wrong";

#[test]
fn the_keyboard_reaches_everything_and_one_sees_where_one_is() {
    let Some(programs) = programs() else { return };
    let home = folder();
    sample(home.path());
    let served = Served::start(&home.path().join("store"), &home.path().join("transcripts"), &[]);
    let visit = Visit::new(&programs, &served);
    let mut wrong = Vec::new();
    for (_, path) in pages(&served).iter() {
        visit.size(DESK);
        visit.go(path);
        visit.press(thirtyfour::Key::Tab);
        let skip = visit.js(
            "const one = document.activeElement, box = one.getBoundingClientRect(); \
            return [one.className, box.left >= 0 && box.top >= 0 && box.width > 0, document.querySelector(one.getAttribute('href')) === document.querySelector('main')]",
        );
        if skip != serde_json::json!(["skip", true, true]) {
            wrong.push(format!("{path}: the first Tab reaches {skip}"));
        }
        for size in [DESK, PHONE] {
            visit.size(size);
            let hidden = visit.js(HIDDEN);
            wrong.extend(
                hidden.as_array().unwrap().iter().map(|one| format!("{path} ({} wide): {one}", size.0)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Where the focus goes, a line is drawn round it.
    visit.size(DESK);
    visit.go("/findings/success");
    for _ in 0..25 {
        visit.press(thirtyfour::Key::Tab);
        let ring = visit.js(
            "const one = document.activeElement, style = getComputedStyle(one); \
            return one === document.body || parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none' ? null : one.outerHTML.slice(0, 120)",
        );
        assert_eq!(ring, serde_json::Value::Null, "no ring");
    }
    // And the skip link leads to the content.
    visit.go("/methods");
    visit.press(thirtyfour::Key::Tab);
    visit.press(thirtyfour::Key::Enter);
    visit.until("the content", "return document.activeElement.id === 'content'");
}
