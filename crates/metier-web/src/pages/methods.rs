//! How numbers are made, and which versions made these.

use std::sync::Arc;

use axum::extract::State;
use maud::html;
use metier_report::shown;
use metier_study::FINDINGS;
use metier_study::published::figures;

use super::framed;
use crate::answer::Answer;
use crate::frame::Place;
use crate::held::App;

pub(super) async fn page(State(app): State<Arc<App>>) -> Answer {
    let held = app.held().await?;
    let thresholds = held.rows.thresholds();
    let content = html! {
        h1 { "Methods" }
        div.card {
            h2 { "From a transcript to a number" }
            ol {
                li { "A transcript is read on this machine. Prompts, actions, words, changed lines, test runs and commits are counted by rules: the facts. What a format does not record is missing, never zero." }
                li { "A rater answers the rubric about each session: kind of work, expertise, who decided, outcome, evidence. These labels are measurements, and err. Unless you name another, the rater is the built-in labeller, which works offline from evidence." }
                li { "Findings are shares, means, percentiles and regressions over sessions, each with the number of sessions and people it rests on and a 95 % interval." }
                li { "Published figures stand beside them where there are any: of other people, other months, one agent." }
            }
        }
        div.card {
            h2 { "Intervals" }
            p { "Where five people or more have sessions, people are the units: the estimate is made again without one person after another, with all their sessions (jackknife), and Student's t gives the interval; for shares Wilson's, for percentiles Woodruff's. With fewer people sessions are the units, and the interval speaks of these people only. Regressions have errors clustered by person." }
            p { "Where a number has no interval, its row says why under “All numbers”." }
        }
        @if held.is_pooled() {
            div.card {
                h2 { "What passes the gate" }
                p { "This is a " (held.mode()) " store. No number is shown about fewer than " (thresholds.people) " people or " (thresholds.sessions) " sessions, nor one from which such a number could be worked out together with any other that was ever shown. What is shown is rounded. Every page that you open with new filters is a release, and stands in the ledger." }
            }
        }
        div.card {
            h2 { "Rubric" }
            p { "What a rater is asked about each session." }
            @for question in &metier_label::rubric().questions {
                details {
                    summary { (question.name.replace('_', " ")) }
                    p { (question.ask) }
                    p.sub { (question.rule) }
                    @if !question.options().is_empty() {
                        dl.facts { @for option in question.options() { dt { (option.name) } dd { (option.means) } } }
                    }
                }
            }
        }
        div.card {
            h2 { "Findings and their definitions" }
            @for study in &FINDINGS {
                details {
                    summary { (study.title) }
                    p { (shown::words(study.definition)) }
                    p.sub { "One observation is a " (study.unit) ". " a href={ "/findings/" (study.name) } { "See it" } }
                }
            }
        }
        div.card {
            h2 { "Versions" }
            dl.facts {
                dt { "metier" } dd { (env!("CARGO_PKG_VERSION")) }
                dt { "Facts" } dd { (metier_session::measure::VERSION) }
                dt { "Built-in labeller" } dd { (metier_label::builtin::VERSION) }
                dt { "Rubric" } dd { code { (metier_label::rubric().hash) } }
                dt { "Store" } dd { (held.mode()) }
            }
            p { "The same numbers on the command line: " code { "metier study" } ", and with a reproducibility block " code { "metier report --html FILE" } "." }
            p.sub { "Published: " (figures().study.agentic_coding.title) "." }
        }
    };
    framed(&held, "Methods", Place::Methods, &content)
}
