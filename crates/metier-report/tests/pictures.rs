//! Pictures of simulated stores: well formed, complete, and deaf to hostile labels.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use metier_report::{PICTURE_STYLE, Picture, forest_pictures, pictures};
use metier_store::Rows;
use metier_study::share::{Forest, Part, RandomEffects};
use metier_study::simulate::{Design, simulate};
use metier_study::{By, FINDINGS, Finding, Settings, Study, Unit, study};

/// All findings of 300 made-up sessions, by every grouping.
static FOUND: LazyLock<Vec<Finding>> = LazyLock::new(|| {
    let rows = Rows::of_owner(simulate(&Design::new(300, 40, 7)).0);
    let studies: Vec<&'static Study> = FINDINGS.iter().collect();
    let by = |by| study(&rows, &Settings { by, ..Settings::default() }, &studies).unwrap().1;
    By::ALL.into_iter().flat_map(by).collect()
});

fn found(name: &str, by: By) -> &'static Finding {
    FOUND.iter().find(|finding| finding.name == name && finding.by == by).unwrap()
}

/// Whether an element is well formed: balanced tags, quoted attributes, no character that XML cannot have, no script.
fn check(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(!text.contains('>') && entities(text), "{text:?}");
        let end = start + rest[start..].find('>').expect("every tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<'), "{tag:?}");
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        assert!(["svg", "g", "title", "desc", "path", "rect", "circle", "text"].contains(&name), "{name}");
        let attributes = tag[name.len()..].trim_end_matches('/');
        assert_eq!(attributes.matches('"').count() % 2, 0, "{tag}");
        assert!(!attributes.contains("style=") && !attributes.contains(" on"), "{tag}");
        assert!(!attributes.contains("NaN") && !attributes.contains("inf"), "{tag}");
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!svg.contains(|one: char| one.is_control() && one != '\n'));
    assert!(!svg.contains(
        |one| matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
    ));
}

/// Whether every ampersand begins an entity.
fn entities(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
    text.split('&').skip(1).all(|after| known.iter().any(|entity| after.starts_with(entity)))
}

fn all(pictures: &[Picture]) -> String {
    pictures.iter().map(|picture| picture.svg.as_str()).collect()
}

#[test]
fn every_picture_is_well_formed_and_small() {
    let mut bytes = 0;
    for finding in FOUND.iter() {
        for picture in pictures(finding, "x") {
            check(&picture.svg);
            assert!(!picture.title.is_empty());
            assert!(picture.svg.len() < 120_000, "{}: {}", picture.title, picture.svg.len());
            if finding.by == By::Overall {
                bytes += picture.svg.len();
                assert!(picture.svg.len() < 30_000, "{}: {}", picture.title, picture.svg.len());
            }
        }
    }
    assert!((100_000..1_000_000).contains(&bytes), "{bytes}");
}

#[test]
fn published_figures_have_marks() {
    let svg = all(&pictures(found("success", By::Overall), "x"));
    for figure in ["verified success, expert: published 33 % (", "at least partial, novice: published 77 % ("]
    {
        assert!(svg.contains(figure), "{figure}");
    }
    assert!(svg.contains("<path class=\"published line\""));
}

#[test]
fn ids_are_apart() {
    let finding = found("success", By::Overall);
    let svg = all(&pictures(finding, "a")) + &all(&pictures(finding, "b"));
    let ids: Vec<&str> = svg.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let mut apart = ids.clone();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!((ids.len(), ids.len()), (apart.len(), 8));
    // What cannot stand in an attribute is left out of the prefix.
    check(&all(&pictures(finding, "\"><script>")));
}

#[test]
fn hostile_labels_are_text() {
    let labels = [
        "<script>alert(1)</script>".to_owned(),
        "\" onload=\"x' & ]]> -->".to_owned(),
        "\u{202e}gnp.exe\u{2066}\u{0}\u{1b}[31m\u{feff}\n".to_owned(),
        "w".repeat(10_000),
        String::new(),
    ];
    for name in ["success", "depth", "composition", "expertise", "turn_length"] {
        for by in [By::Month, By::Agent, By::Project] {
            let mut finding = found(name, by).clone();
            let first = finding.groups[0].clone();
            finding.groups = labels
                .iter()
                .map(|label| metier_study::Group { label: label.clone(), ..first.clone() })
                .collect();
            let drawn = pictures(&finding, "x");
            assert!(!drawn.is_empty());
            for picture in drawn {
                check(&picture.svg);
                assert!(!picture.svg.contains(&"w".repeat(130)));
            }
        }
    }
}

#[test]
fn strange_numbers_do_no_harm() {
    let strange = [f64::NAN, f64::INFINITY, -1e300, 1e15, 1e-300, -0.0];
    for name in ["success", "depth", "composition", "returns", "expertise"] {
        for by in [By::Overall, By::Month, By::Agent] {
            let mut finding = found(name, by).clone();
            let measures = finding.groups.iter_mut().flat_map(|group| &mut group.measures);
            for (at, measure) in measures.enumerate() {
                let at = |more: usize| Some(strange[(at + more) % strange.len()]);
                (measure.estimate.value, measure.estimate.low, measure.estimate.high) = (at(0), at(1), at(2));
            }
            pictures(&finding, "x").iter().for_each(|picture| check(&picture.svg));
        }
    }
}

#[test]
fn a_number_that_is_missing_has_a_word_in_its_place() {
    let mut finding = found("success", By::Overall).clone();
    let expert =
        finding.groups[0].measures.iter_mut().find(|measure| measure.name == "verified_expert").unwrap();
    (expert.estimate.value, expert.estimate.low, expert.estimate.high, expert.published) =
        (None, None, None, None);
    expert.estimate.method = metier_study::Method::Withheld { people: 5, sessions: 20 };
    let drawn = pictures(&finding, "x");
    let svg = &drawn[0].svg;
    assert!(svg.contains(">withheld</text>") && svg.contains("; 1 withheld."), "{svg}");
    assert!(!svg.contains("verified success, expert:"));
}

#[test]
fn nothing_is_no_picture() {
    let none = study(&Rows::default(), &Settings::default(), &FINDINGS.iter().collect::<Vec<_>>()).unwrap().1;
    for finding in &none {
        pictures(finding, "x").iter().for_each(|picture| check(&picture.svg));
    }
    assert!(forest_pictures(&[], "x").is_empty());
}

#[test]
fn every_class_has_a_style() {
    for finding in FOUND.iter() {
        for classes in all(&pictures(finding, "x")).split("class=\"").skip(1) {
            for class in classes.split('"').next().unwrap().split(' ') {
                assert!(PICTURE_STYLE.contains(&format!(".{class}")), "{class}");
            }
        }
    }
    assert!(!PICTURE_STYLE.contains("url(") && !PICTURE_STYLE.contains("@import"));
}

fn forest() -> Forest {
    let part = |bundle, value: f64, weight| Part {
        bundle,
        value,
        low: Some(value - 0.08),
        high: Some(value + 0.08),
        sessions: 400,
        people: 31,
        weight: Some(weight),
    };
    Forest {
        finding: "success",
        group: "all".to_owned(),
        measure: "verified",
        title: "verified success",
        unit: Unit::Share,
        key: true,
        parts: vec![part(1, 0.24, 0.6), part(2, 0.31, 0.4)],
        together: Some((0.26, Some(0.21), Some(0.32))),
        random_effects: Some(RandomEffects {
            value: 0.27,
            low: 0.12,
            high: 0.42,
            tau_squared: 0.01,
            i_squared: 0.4,
            q_p: 0.2,
            prediction: None,
        }),
    }
}

#[test]
fn forests_have_a_mark_for_each_bundle() {
    let drawn = forest_pictures(&[forest()], "pool");
    check(&drawn[0].svg);
    assert!(drawn[0].svg.contains("bundle 2: 31 % (23 % to 39 %), 400 sessions of 31 people, weight 40 %"));
    assert!(drawn[0].svg.contains("mean of stores: 27 % (12 % to 42 %)"));
    insta::assert_snapshot!("forest", drawn[0].svg);
}

/// One small picture of each kind, as it is written.
#[test]
fn one_of_each_kind() {
    let first = |name: &str, by: By| {
        let mut finding = found(name, by).clone();
        finding.groups.truncate(2);
        pictures(&finding, name).remove(0).svg
    };
    insta::assert_snapshot!("dots", first("codebase", By::Overall));
    insta::assert_snapshot!("boxes", first("depth", By::Overall));
    insta::assert_snapshot!("lines", first("outcome", By::Month));
    insta::assert_snapshot!("heat", first("expertise", By::Month));
    insta::assert_snapshot!("grid", first("evidence", By::Project));
    let returns = pictures(found("returns", By::Overall), "returns");
    insta::assert_snapshot!("coefficients", returns.last().unwrap().svg);
}
