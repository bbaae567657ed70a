//! Findings and the report as HTML: nothing from elsewhere, nothing that runs, every text escaped, the numbers of the findings.

use metier_report::Report;
use metier_report::html::{finding, report};
use metier_store::{Row, Rows};
use metier_study::simulate::{Design, simulate};
use metier_study::{By, FINDINGS, Finding, Settings, Study, Summary, TEAM, find, study, summarised};

fn rows() -> Rows {
    let (rows, _): (Vec<Row>, _) = simulate(&Design::new(400, 60, 1));
    Rows::of_owner(rows)
}

fn made(rows: &Rows, by: By, names: &[&str]) -> (Summary, Vec<Finding>) {
    let studies: Vec<&'static Study> = match names {
        [] => FINDINGS.iter().collect(),
        names => names.iter().map(|name| find(name).expect("it is there")).collect(),
    };
    study(rows, &Settings { by, ..Settings::default() }, &studies).expect("the owner may")
}

fn page(rows: &Rows) -> String {
    let (summary, findings) = made(rows, By::Overall, &[]);
    let (_, months) = made(rows, By::Month, &["composition", "success"]);
    let first: Vec<&'static str> = summarised().iter().map(|study| study.name).collect();
    let made = [("Command", "metier report --html FILE".to_owned())];
    let all = Report {
        summary: &summary,
        findings: &findings,
        months: &months,
        questions: &TEAM,
        first: &first,
        made: &made,
    };
    report(&all, None)
}

#[test]
fn the_report_loads_nothing_runs_nothing_and_is_small() {
    let page = page(&rows());
    assert!(page.len() < 2_000_000, "{}", page.len());
    for forbidden in
        ["<script", "<link", "<iframe", "<img", "javascript:", "@import", "url(", "src=", " style=\""]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // The only addresses are places on the page, and the name of SVG.
    for (at, _) in page.match_indices("href=\"") {
        assert!(page[at + 6..].starts_with('#'), "{}", &page[at..at + 60]);
    }
    let elsewhere: Vec<&str> =
        page.match_indices("http").map(|(at, _)| &page[at..page.len().min(at + 26)]).collect();
    assert!(
        elsewhere
            .iter()
            .all(|text| text.starts_with("http://www.w3.org/2000/svg") || text.starts_with("http-equiv")),
        "{elsewhere:?}"
    );
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_report_has_every_finding_once_and_every_link_a_place() {
    let page = page(&rows());
    for study in &FINDINGS {
        assert_eq!(page.matches(&format!(" id=\"{}\"", study.name)).count(), 1, "{}", study.name);
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ids.sort_unstable();
    let twice: Vec<&[&str]> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.binary_search(&link).is_ok(), "{link}");
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let rows = rows();
    assert_eq!(page(&rows), page(&rows));
}

#[test]
fn names_of_groups_are_text() {
    let (_, mut findings) = made(&rows(), By::Agent, &["success"]);
    findings[0].groups[0].label = "<script>alert(1)</script>\" onload=\"x".to_owned();
    let html = finding(&findings[0]).into_string();
    assert!(!html.contains("<script") && !html.contains("\" onload"));
    assert!(html.contains("&lt;script&gt;"));
}

#[test]
fn nothing_is_said_of_no_sessions() {
    let (_, findings) = made(&Rows::of_owner(Vec::new()), By::Overall, &["success"]);
    let html = finding(&findings[0]).into_string();
    assert!(html.contains("Definition") && !html.contains("NaN"), "{html}");
}
