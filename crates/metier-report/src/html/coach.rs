//! What the coach has to say, as HTML. Adds no number and no advice.

use maud::{Markup, html};
use metier_study::coach::{Coach, Contrast, Kind, Suggestion, Theme};

use crate::coach::{closing, told, windows};
use crate::number;

/// The coach: three suggestions, then the numbers they come from. `address` makes a link to a session of one's own, where there are
/// such pages.
pub fn coach(coach: &Coach, address: Option<&dyn Fn(&str) -> String>) -> Markup {
    let recovery = &coach.recovery;
    html! {
        p.lead { (windows(coach)) }
        @for note in &coach.notes { div.note { p { (note) } } }
        h2 { "Three suggestions" }
        ol.suggestions {
            @for suggestion in &coach.suggestions { li.card { (suggested(suggestion, address)) } }
        }
        @for theme in &coach.themes {
            section.card {
                h2 { (theme.title) }
                p.sub { (theme.about) }
                (lines(theme, coach.earlier.is_some(), coach.beside.is_some()))
            }
        }
        @if recovery.recovered > 0 && recovery.not_recovered > 0 {
            section.card {
                h2 { "What differs between sessions in trouble that recovered and those that did not" }
                p.sub {
                    "Over all months: " (number::count(recovery.recovered as u64, "sessions")) " in trouble ended with verified success, "
                    (number::thousands(recovery.not_recovered as u64)) " did not. Tests that pass are themselves a part of what counts as verified. What goes together here is no cause."
                }
                (contrasts(&recovery.contrasts))
            }
        }
        @if let Some(beside) = &coach.beside {
            p.sub {
                "Pooled: "
                @if let Some(n) = beside.bundles { (number::count(n as u64, "bundles")) }
                @if let Some(n) = beside.sessions { ", " (number::count(n as u64, "sessions")) }
                @if let Some(n) = beside.people { ", " (number::thousands(n as u64)) " people" }
                ". They do other work than you: a difference says that the sessions differ, and not that one is better."
            }
        }
        p.sub { (closing(coach)) }
    }
}

fn suggested(suggestion: &Suggestion, address: Option<&dyn Fn(&str) -> String>) -> Markup {
    html! {
        h3 {
            (suggestion.title)
            @match suggestion.kind {
                Kind::OwnEvidence => "",
                Kind::KeepDoing => { " " span.chip.good { "going well" } },
                Kind::General => { " " span.chip { "general advice, not from your sessions" } },
            }
        }
        @if let Some(evidence) = &suggestion.evidence { p { (evidence) } }
        p { strong { "Next time: " } (suggestion.try_next) }
        p.sub { "Studies: " (suggestion.found) " [" (suggestion.source) "]" }
        @if !suggestion.examples.is_empty() {
            p.sub {
                "See "
                @for (at, example) in suggestion.examples.iter().enumerate() {
                    @let id = example.session.to_string();
                    @let name = example.first.map_or_else(|| id[..8].to_owned(), |time| time.to_string()[..16].replace('T', " "));
                    @if at > 0 { ", " }
                    @match address {
                        Some(address) => a href=(address(&id)) { (name) },
                        None => (name),
                    }
                }
                "."
            }
        }
    }
}

fn lines(theme: &Theme, compared: bool, beside: bool) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Numbers: " (theme.title) } {
            table {
                thead { tr {
                    th scope="col" { "Measure" }
                    th.number scope="col" { "Recent" }
                    th.number scope="col" { "95 % interval" }
                    th.number scope="col" { "n" }
                    @if compared { th.number scope="col" { "Earlier" } th scope="col" { "Recent less earlier" } }
                    @if beside { th.number scope="col" { "Pooled" } }
                } }
                tbody { @for line in &theme.lines {
                    tr data-measure=(line.name) {
                        th scope="row" { (line.title) }
                        td.number { (number::shown(&line.recent, line.unit)) }
                        td.number.interval { (number::interval(&line.recent, line.unit)) }
                        td.number.interval { (number::thousands(line.recent.n)) }
                        @if compared {
                            @let earlier = line.earlier.as_ref();
                            td.number { (number::value(earlier.and_then(|it| it.value), line.unit)) }
                            td.interval {
                                @if line.recent.n == 0 || earlier.is_some_and(|earlier| earlier.n == 0) { "nothing to compare" }
                                @else if let Some(difference) = &line.difference { (told(difference, line.unit)) }
                            }
                        }
                        @if beside {
                            td.number { @if let Some(pooled) = &line.pooled {
                                (number::shown(pooled, line.unit)) span.interval { (number::interval(pooled, line.unit)) }
                            } }
                        }
                    }
                } }
            }
        }
    }
}

fn contrasts(contrasts: &[Contrast]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Recovered and not" {
            table {
                thead { tr {
                    th scope="col" { "Measure" }
                    th.number scope="col" { "Recovered" }
                    th.number scope="col" { "Not" }
                    th scope="col" { "Difference" }
                } }
                tbody { @for one in contrasts {
                    tr {
                        th scope="row" { (one.title) }
                        td.number { (number::shown(&one.recovered, one.unit)) span.interval { (number::interval(&one.recovered, one.unit)) } }
                        td.number { (number::shown(&one.not_recovered, one.unit)) span.interval { (number::interval(&one.not_recovered, one.unit)) } }
                        td.interval { (told(&one.difference, one.unit)) }
                    }
                } }
            }
        }
    }
}
