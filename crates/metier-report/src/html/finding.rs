//! One finding as HTML: its pictures, the numbers in a table, and definition, people and methods one click away.

use maud::{Markup, PreEscaped, html};
use metier_study::{By, Finding, Measure, Summary, Table};

use super::regression;
use crate::notes::Notes;
use crate::number;
use crate::picture::pictures;
use crate::shown;
use crate::terminal::{people, sentences};

/// Whom findings speak of, as paragraphs.
pub fn headline(summary: &Summary) -> Markup {
    let mut sentences = sentences(summary).into_iter();
    html! {
        p.lead { (sentences.next().unwrap_or_default()) }
        @for sentence in sentences { p.sub { (sentence) } }
    }
}

/// A finding as a section whose heading is an `h2`: pictures, a table of its numbers, regressions, and what it all means behind
/// a click. Its element ids begin with the finding's name.
pub fn finding(finding: &Finding) -> Markup {
    with_id(finding, finding.name)
}

/// The same with element ids that begin otherwise.
pub(super) fn with_id(finding: &Finding, id: &str) -> Markup {
    let mut notes = Notes::default();
    let overall = finding.by == By::Overall;
    let measures = || finding.groups.iter().flat_map(|group| &group.measures);
    let has_key = measures().any(|measure| measure.key);
    let short = if overall { list(finding, has_key, &mut notes) } else { grid(finding, has_key, &mut notes) };
    let more = measures().any(|measure| !measure.key) && has_key;
    let notes = notes.paragraphs();
    html! {
        section.finding id=(id) aria-labelledby={ (id) "-title" } {
            header { h2 id={ (id) "-title" } { (finding.title) @if !overall { ", by " (finding.by.name()) } } }
            @if finding.groups.is_empty() || measures().next().is_none() {
                p { "No sessions." }
            } @else {
                (drawn(finding, id))
                (short)
                @for (mark, text) in &notes { p.sub { (mark) (text) } }
                @for (group, table) in tables(finding) {
                    details {
                        summary { (table.title) @if !overall { ", " (group) } }
                        (regression::table(&table.title, &table.regressions))
                    }
                }
                @if more || !overall {
                    details {
                        summary { "All numbers, with people and methods" }
                        (whole(finding))
                    }
                }
            }
            details {
                summary { "Definition" }
                p { (shown::words(finding.definition)) }
                dl.facts {
                    dt { "One observation" } dd { "a " (finding.unit) }
                    dt { "Sessions" } dd { (number::thousands(finding.population.sessions as u64)) }
                    @if finding.population.people > 0 {
                        dt { "People" } dd { (number::thousands(finding.population.people as u64)) }
                    }
                    @for out in &finding.population.left_out {
                        dt { "Left out" } dd { (number::thousands(out.sessions as u64)) " " (out.reason) }
                    }
                    dt { "Name" } dd { code { (finding.name) } }
                }
            }
        }
    }
}

/// The pictures of a finding, in a row.
fn drawn(finding: &Finding, id: &str) -> Markup {
    let pictures = pictures(finding, id);
    html! {
        @if !pictures.is_empty() {
            div.pictures {
                @for picture in &pictures {
                    figure {
                        // The heading says the finding's title already.
                        @let own = picture.title.strip_prefix(finding.title).map_or(picture.title.as_str(), |rest| rest.trim_start_matches([':', ',', ' ']));
                        @if !own.is_empty() { figcaption { (own) } }
                        (PreEscaped(&picture.svg))
                    }
                }
            }
        }
    }
}

/// The tables of regressions that hold a model, with the group that each is of.
fn tables(finding: &Finding) -> Vec<(&str, &Table)> {
    let mut all = Vec::new();
    for group in &finding.groups {
        all.extend(group.tables.iter().map(|table| (group.label.as_str(), table)));
    }
    all.retain(|(_, table)| !table.regressions.models.is_empty());
    all
}

/// The published figure beside a measure, with the mark of its source.
fn published<'a>(measure: &'a Measure, notes: &mut Notes<'a>) -> String {
    measure.published.as_ref().map_or(String::new(), |published| {
        format!("{} {}", number::published(published.value, measure.unit), notes.mark(published))
    })
}

fn n(measure: &Measure) -> String {
    let estimate = &measure.estimate;
    if estimate.n == 0 { String::new() } else { number::count(estimate.n, estimate.n_of) }
}

/// A line a measure, of a finding with one group.
fn list<'a>(finding: &'a Finding, only_key: bool, notes: &mut Notes<'a>) -> Markup {
    let measures = finding.groups.iter().flat_map(|group| &group.measures);
    let mut lines = Vec::new();
    let mut above = "";
    for measure in measures.filter(|measure| measure.key || !only_key) {
        notes.shown(measure);
        // "verified success, expert" stands under "verified success" without saying it again.
        let under = measure.title.strip_prefix(above).and_then(|rest| rest.strip_prefix(", "));
        above = measure.title.split(", ").next().unwrap_or_default();
        lines.push((measure, under, published(measure, notes)));
    }
    let beside = lines.iter().any(|(_, _, published)| !published.is_empty());
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Numbers: " (finding.title) } {
            table {
                thead { tr {
                    th scope="col" { "Measure" }
                    th.number scope="col" { "Value" }
                    th.number scope="col" { "95 % interval" }
                    th.number scope="col" { "n" }
                    @if beside { th.number scope="col" { "Published" } }
                } }
                tbody {
                    @for (measure, under, published) in &lines {
                        tr.under[under.is_some()] data-measure=(measure.name) {
                            th scope="row" { (under.unwrap_or(measure.title)) }
                            td.number { (number::shown(&measure.estimate, measure.unit)) }
                            td.number.interval { (number::interval(&measure.estimate, measure.unit)) }
                            td.number.interval { (n(measure)) }
                            @if beside { td.number { (published) } }
                        }
                    }
                }
            }
        }
    }
}

/// A line a group, a column a measure.
fn grid<'a>(finding: &'a Finding, only_key: bool, notes: &mut Notes<'a>) -> Markup {
    let Some(first) = finding.groups.first() else { return html! {} };
    let shown: Vec<usize> =
        (0..first.measures.len()).filter(|at| first.measures[*at].key || !only_key).collect();
    let mut figures = vec![Vec::new(); first.measures.len()];
    for group in &finding.groups {
        for at in &shown {
            notes.shown(&group.measures[*at]);
            let figure = published(&group.measures[*at], notes);
            if !figure.is_empty() && !figures[*at].contains(&figure) {
                figures[*at].push(figure);
            }
        }
    }
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Numbers: " (finding.title) } {
            table {
                thead { tr {
                    th scope="col" { (finding.by.name()) }
                    th.number scope="col" { "sessions" }
                    @for at in &shown { th.number scope="col" { (first.measures[*at].title) } }
                } }
                tbody {
                    @for group in &finding.groups {
                        tr {
                            th scope="row" { (group.label) }
                            td.number { (group.n.map_or(number::WITHHELD.to_owned(), |n| number::thousands(n as u64))) }
                            @for at in &shown {
                                @let measure = &group.measures[*at];
                                td.number data-measure=(measure.name) {
                                    (number::shown(&measure.estimate, measure.unit))
                                    span.interval { (number::interval(&measure.estimate, measure.unit)) }
                                }
                            }
                        }
                    }
                    @if figures.iter().any(|figures| !figures.is_empty()) {
                        tr {
                            th scope="row" { "published" }
                            td {}
                            @for at in &shown { td.number { (figures[*at].join(" / ")) } }
                        }
                    }
                }
            }
        }
    }
}

/// Every measure of every group, with people and method.
fn whole(finding: &Finding) -> Markup {
    let overall = finding.by == By::Overall;
    html! {
        div.wide tabindex="0" role="region" aria-label={ "All numbers: " (finding.title) } {
            table {
                thead { tr {
                    th scope="col" { "Measure" }
                    th.number scope="col" { "Value" }
                    th.number scope="col" { "95 % interval" }
                    th.number scope="col" { "n" }
                    th.number scope="col" { "People" }
                    th scope="col" { "Interval by" }
                } }
                @for group in &finding.groups {
                    tbody.block {
                        @if !overall { tr { th colspan="6" scope="rowgroup" { strong { (group.label) } } } }
                        @for measure in &group.measures {
                            tr {
                                th scope="row" { (measure.title) }
                                td.number { (number::shown(&measure.estimate, measure.unit)) }
                                td.number.interval { (number::interval(&measure.estimate, measure.unit)) }
                                td.number.interval { (n(measure)) }
                                td.number.interval { (people(&measure.estimate)) }
                                td.interval { (measure.estimate.method) }
                            }
                        }
                    }
                }
            }
        }
    }
}
