//! The report as one HTML file without scripts and without anything from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use metier_study::Finding;

use super::{finding, headline, style};
use crate::number;
use crate::report::Report;
use crate::spark::spark;

/// The findings that the tables of a researcher begin with.
const TABLES: [&str; 2] = ["table_a1", "table_a2"];

/// One page with sections for a person, somebody who leads a team and a researcher. `further` stands behind what a person looks
/// at first: the coach, if it is their own store.
pub fn report(report: &Report, further: Option<&Markup>) -> String {
    let first = report.named(report.first);
    let asked: Vec<&'static str> =
        report.questions.iter().flat_map(|question| question.findings).copied().collect();
    let is = |names: &[&'static str], finding: &Finding| names.contains(&finding.name);
    let team: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|one| is(&asked, one) && !is(report.first, one) && !is(&TABLES, one))
        .collect();
    let mut rest = report.named(&TABLES);
    rest.extend(
        report.findings.iter().filter(|one| !is(&asked, one) && !is(report.first, one) && !is(&TABLES, one)),
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is loaded and nothing runs, whatever stands in the page.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="referrer" content="no-referrer";
                title { "metier report" }
                style { (PreEscaped(style())) }
            }
            body {
                a.skip href="#content" { "To the content" }
                header.top { div.bar {
                    a.name href="#content" { "metier" }
                    nav aria-label="Sections" {
                        a href="#sessions" { "Sessions" }
                        @if !report.months.is_empty() { a href="#months" { "Months" } }
                        @if further.is_some() { a href="#coach" { "Coach" } }
                        a href="#team" { "Questions of a team" }
                        a href="#research" { "Research" }
                        a href="#methods" { "Methods" }
                    }
                } }
                main id="content" {
                    h1 { "How people and agents work here" }
                    (headline(report.summary))
                    @if report.summary.synthetic {
                        div.note.warn { p { "These sessions are made up. They show what a report looks like and say nothing about anybody." } }
                    }
                    h2 id="sessions" { "At a first look" }
                    @for one in &first { (finding(one)) }
                    @if !report.months.is_empty() { (months(report)) }
                    @if let Some(further) = further { h2 id="coach" { "Coach" } (further) }
                    h2 id="team" { "Five questions of somebody who leads a team" }
                    (questions(report))
                    @for one in &team { (finding(one)) }
                    h2 id="research" { "For a researcher" }
                    p { "The remaining findings, each beside the published figure where there is one. Every interval is a 95 % interval; how it was made stands with the numbers." }
                    @for one in &rest { (finding(one)) }
                    h2 id="methods" { "Methods, and how to make this report again" }
                    (methods(report))
                }
                footer { p { "Made by metier on this machine. It holds numbers about groups of sessions, no text of any session." } }
            }
        }
    };
    page.into_string()
}

fn months(report: &Report) -> Markup {
    let courses = report.courses();
    html! {
        h2 id="months" { "From month to month" }
        @if !courses.is_empty() {
            div.wide tabindex="0" role="region" aria-label="From month to month" {
                table {
                    thead { tr {
                        th scope="col" { "Measure" } th scope="col" { "Course" }
                        th.number scope="col" { "First month" } th.number scope="col" { "Last month" }
                    } }
                    tbody { @for course in &courses {
                        tr {
                            th scope="row" { (course.measure.title) }
                            td { span.spark aria-hidden="true" { (spark(&course.values)) } }
                            @for (month, measure) in [course.first, course.last] {
                                td.number {
                                    (number::shown(&measure.estimate, measure.unit))
                                    span.interval { (month) }
                                }
                            }
                        }
                    } }
                }
            }
        }
        @for one in report.months { (month(one)) }
    }
}

/// A finding by month: its ids must not be those of the same finding over all sessions.
fn month(one: &Finding) -> Markup {
    finding::with_id(one, &format!("{}-by-{}", one.name, one.by))
}

fn questions(report: &Report) -> Markup {
    html! {
        ol.questions {
            @for question in report.questions {
                li {
                    h3 { (question.asks) }
                    p {
                        "The answer: "
                        @for (at, one) in report.named(question.findings).iter().enumerate() {
                            @if at > 0 { ", " }
                            a href={ "#" (one.name) } { (one.title) }
                        }
                        "."
                    }
                    p.sub { "It cannot say: " (question.cannot_say) }
                }
            }
        }
    }
}

fn methods(report: &Report) -> Markup {
    html! {
        ul {
            li { "Sessions are measured from transcripts by rules: prompts, actions, words, changed lines, test runs, commits. What a format does not record is missing and never zero." }
            li { "Labels such as expertise and outcome are measurements with error, by the rater named above. " code { "metier agree" } " tells how well two raters agree." }
            li { "Intervals are 95 % intervals. People, not sessions, are the units where there are five or more: estimates that leave out one person after another. With fewer people they speak of these people only, and say so." }
            li { "Published figures are of other people, other months and one agent. They stand beside ours for comparison, not as a norm." }
        }
        table {
            caption { "It takes this to make the same report again" }
            tbody { @for (name, what) in report.made {
                tr { th scope="row" { (name) } td { code { (what) } } }
            } }
        }
    }
}
