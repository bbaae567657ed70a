//! What every page has: head, navigation, foot. No page's content.

use maud::{DOCTYPE, Markup, html};

/// The pages of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Findings,
    Sessions,
    Coach,
    Annotate,
    Labels,
    Methods,
}

impl Place {
    const ALL: [Place; 7] = [
        Place::Overview,
        Place::Findings,
        Place::Sessions,
        Place::Coach,
        Place::Annotate,
        Place::Labels,
        Place::Methods,
    ];

    fn path(self) -> &'static str {
        match self {
            Place::Overview => "/",
            Place::Findings => "/findings",
            Place::Sessions => "/sessions",
            Place::Coach => "/coach",
            Place::Annotate => "/annotate",
            Place::Labels => "/labels",
            Place::Methods => "/methods",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Place::Overview => "Overview",
            Place::Findings => "Findings",
            Place::Sessions => "Sessions",
            Place::Coach => "Coach",
            Place::Annotate => "Annotate",
            Place::Labels => "Labels",
            Place::Methods => "Methods",
        }
    }

    /// Whether it shows single sessions, so that a store of many people has no such page.
    pub(crate) fn is_owners(self) -> bool {
        matches!(self, Place::Sessions | Place::Coach | Place::Annotate | Place::Labels)
    }
}

/// A page in its frame. `pooled` leaves out what a store of many people does not show.
pub(crate) fn page(title: &str, place: Option<Place>, pooled: bool, content: &Markup) -> Markup {
    html! { (DOCTYPE) html lang="en" {
        (head(title))
        body {
            a.skip href="#content" { "To the content" }
            header.top { div.bar {
                a.name href="/" { "metier" }
                nav aria-label="Pages" {
                    @for other in Place::ALL.into_iter().filter(|other| !(pooled && other.is_owners())) {
                        a href=(other.path()) aria-current=[(Some(other) == place).then_some("page")] { (other.name()) }
                    }
                }
                button.quiet #theme type="button" hidden { "Dark or light" }
            } }
            div #news role="status" aria-live="polite" {}
            main id="content" tabindex="-1" { (content) }
            footer {
                p { "metier " (env!("CARGO_PKG_VERSION")) " · on this machine alone: nothing you see here left it." }
            }
        }
    } }
}

/// A page without navigation, for those who may not come in.
pub(crate) fn bare(title: &str, text: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · metier" }
            }
            body { main { h1 { (title) } p { (text) } } }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en";
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) " · metier" }
            link rel="icon" href="/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href="/style.css";
            script src="/script.js" defer {}
        }
    }
}
