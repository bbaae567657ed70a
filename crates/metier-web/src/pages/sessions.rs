//! The owner's sessions as a list: searched, sorted, a page at a time.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};
use metier_label::{Derived, rubric};
use metier_report::shown;
use metier_store::Row;
use serde::Deserialize;

use super::filters::encoded;
use super::{aside, empty, framed, owners_only};
use crate::answer::{self, Answer};
use crate::frame::Place;
use crate::held::{App, Held};

/// Sessions on a page.
const ON_A_PAGE: usize = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    sort: String,
    page: String,
}

/// What a list can be sorted by: its name in an address and on the page, and whether the largest stands first.
const COLUMNS: [(&str, &str, bool); 7] = [
    ("time", "When", true),
    ("project", "Project", false),
    ("work", "Work", false),
    ("expertise", "Expertise", true),
    ("outcome", "Outcome", false),
    ("prompts", "Prompts", true),
    ("actions", "Actions", true),
];

pub(super) async fn page(State(app): State<Arc<App>>, answer::Asked(asked): answer::Asked<Asked>) -> Answer {
    let held = app.held().await?;
    owners_only(&held)?;
    let content = aside({
        let held = held.clone();
        move || list(&held, &asked)
    })
    .await?;
    framed(&held, "Sessions", Place::Sessions, &content)
}

fn list(held: &Held, asked: &Asked) -> Result<Markup, crate::answer::Trouble> {
    let rows = held.own()?;
    let words: Vec<String> = asked.q.to_lowercase().split_whitespace().take(8).map(str::to_owned).collect();
    let mut found: Vec<&Row> =
        rows.iter().filter(|row| words.iter().all(|word| says(held, row, word))).collect();
    let (sort, back) = match asked.sort.strip_prefix('-') {
        Some(sort) => (sort, true),
        None => (asked.sort.as_str(), false),
    };
    let (sort, _, falls) = *COLUMNS.iter().find(|column| column.0 == sort).unwrap_or(&COLUMNS[0]);
    let newest = |row: &Row| Reverse(row.facts.first);
    // What is not known stands last, whichever way.
    let turned = |order: Ordering| if back != falls { order.reverse() } else { order };
    fn known<T: Ord>(one: Option<T>, other: Option<T>, turned: impl Fn(Ordering) -> Ordering) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) => turned(one.cmp(&other)),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }
    let level = |row: &Row| row.labels.level(rubric(), "expertise");
    fn choice(row: &Row, question: &str) -> Option<&'static str> {
        row.labels.choice(rubric(), question)
    }
    match sort {
        "project" => found.sort_by(|a, b| known(held.project_name(a), held.project_name(b), turned)),
        "work" => found.sort_by(|a, b| known(choice(a, "work_mode"), choice(b, "work_mode"), turned)),
        "expertise" => {
            found.sort_by(|a, b| known(level(a), level(b), turned).then(newest(a).cmp(&newest(b))))
        }
        "outcome" => found.sort_by(|a, b| known(choice(a, "outcome"), choice(b, "outcome"), turned)),
        "prompts" => found.sort_by(|a, b| turned(a.facts.prompts.cmp(&b.facts.prompts))),
        "actions" => found.sort_by(|a, b| turned(a.facts.actions.cmp(&b.facts.actions))),
        _ => found.sort_by(|a, b| known(a.facts.first, b.facts.first, turned)),
    }
    let pages = found.len().div_ceil(ON_A_PAGE).max(1);
    let page = asked.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let shown_rows = &found[(page - 1) * ON_A_PAGE..(page * ON_A_PAGE).min(found.len())];
    let address = |sort: &str, page: usize| {
        let mut address = format!("/sessions?q={}&sort={sort}", encoded(&asked.q));
        if page > 1 {
            address.push_str(&format!("&page={page}"));
        }
        address
    };
    let count = format!(
        "{} of {} sessions",
        shown::thousands(found.len() as u64),
        shown::thousands(rows.len() as u64)
    );
    Ok(html! {
        h1 { "Sessions" }
        @if rows.is_empty() { (empty()) } @else {
            form.filters action="/sessions" method="get" role="search" aria-label="Search" {
                label.field {
                    "Search project, first prompt, agent, model, kind of work, outcome, month"
                    input type="search" name="q" value=(asked.q) size="40" autocomplete="off";
                }
                input type="hidden" name="sort" value=(asked.sort);
                noscript { button { "Search" } }
            }
            div #result {
                p.sub data-count=(count) { (count) }
                @if found.is_empty() {
                    div.note { p { "No session says all of these words." } }
                } @else {
                    div.wide tabindex="0" role="region" aria-label="Sessions" {
                        table.sessions {
                            thead { tr {
                                @for (name, title, _) in COLUMNS {
                                    @let own = name == sort;
                                    @let next = if own && !back { format!("-{name}") } else { name.to_owned() };
                                    th scope="col" aria-sort=[own.then_some(if back == falls { "ascending" } else { "descending" })] {
                                        a.sort href=(address(&next, 1)) { (title) @if own { (if back == falls { " ↑" } else { " ↓" }) } }
                                    }
                                }
                            } }
                            tbody { @for row in shown_rows { (line(held, row)) } }
                        }
                    }
                    @if pages > 1 {
                        nav.pages aria-label="Pages of the list" {
                            @if page > 1 { a href=(address(&asked.sort, page - 1)) { "← Earlier page" } }
                            span { "Page " (page) " of " (pages) }
                            @if page < pages { a href=(address(&asked.sort, page + 1)) { "Next page →" } }
                        }
                    }
                }
            }
        }
    })
}

/// Whether a session says a word, which is in small letters.
fn says(held: &Held, row: &Row, word: &str) -> bool {
    let labels = ["work_mode", "outcome", "interaction_pattern"];
    let brief = held.briefs.get(&row.session);
    row.facts.agent.name().contains(word)
        || row.facts.main_model.as_deref().is_some_and(|model| model.contains(word))
        || labels
            .iter()
            .any(|question| row.labels.choice(rubric(), question).is_some_and(|choice| choice.contains(word)))
        || brief.is_some_and(|brief| {
            brief.begins.to_lowercase().contains(word)
                || brief.project.as_deref().is_some_and(|project| project.to_lowercase().contains(word))
        })
        || row.facts.first.is_some_and(|time| word.starts_with("20") && time.to_string().starts_with(word))
        || (word.len() >= 6 && row.session.to_string().starts_with(word))
}

fn line(held: &Held, row: &Row) -> Markup {
    let facts = &row.facts;
    let when = facts.first.map(|time| time.to_string());
    let brief = held.briefs.get(&row.session);
    let choice =
        |question: &str| row.labels.choice(rubric(), question).map(|choice| choice.replace('_', " "));
    let derived = Derived::of(&row.labels, facts, rubric());
    let id = row.session.to_string();
    html! {
        tr {
            td {
                a href={ "/sessions/" (id) } {
                    @match &when {
                        Some(when) => time datetime=(when) { (when.get(..10).unwrap_or("")) " " (when.get(11..16).unwrap_or("")) },
                        None => "no time",
                    }
                }
                br;
                span.sub { (facts.agent.name()) }
            }
            td {
                bdi { (brief.and_then(|brief| brief.project.as_deref()).unwrap_or("–")) }
                @if let Some(brief) = brief { @if !brief.begins.is_empty() { span.begins { bdi { (brief.begins) } } } }
            }
            td data-what="work:" { (choice("work_mode").as_deref().unwrap_or("–")) }
            td data-what="expertise:" { (level_name(row).unwrap_or("–")) }
            td data-what="outcome:" {
                (choice("outcome").as_deref().unwrap_or("–"))
                @if derived.verified_success == Some(true) { " " span.chip.good { "verified" } }
                @if derived.troubled == Some(true) { " " span.chip.warn { "trouble" } }
                @if facts.headless == Some(true) { " " span.chip { "headless" } }
            }
            td.number data-what="prompts:" { (shown::thousands(facts.prompts)) }
            td.number data-what="actions:" { (shown::thousands(facts.actions)) }
        }
    }
}

/// The level of expertise, by name.
pub(super) fn level_name(row: &Row) -> Option<&'static str> {
    let level = row.labels.level(rubric(), "expertise")?;
    let question = rubric().question("expertise")?;
    Some(question.options().get(usize::from(level))?.name.as_str())
}
