//! What can be filtered by: from an address to settings, and the form that makes such an address.

use maud::{Markup, html};
use metier_study::{By, Condition, Settings};
use serde::Deserialize;

use crate::answer::Trouble;
use crate::held::Choices;

/// What an address asks for. Unknown names are left alone; empty values ask for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    pub by: String,
    pub agent: String,
    pub month: String,
    pub model: String,
    pub work_mode: String,
    pub project: String,
    pub headless: String,
    /// How to answer: nothing for a page, or json, csv, vega.
    pub format: String,
}

impl Filters {
    /// How the study is done.
    pub(super) fn settings(&self) -> Result<Settings, Trouble> {
        let by = match self.by.as_str() {
            "" => By::Overall,
            name => name.parse().map_err(Trouble::refused)?,
        };
        let conditions = self.conditions();
        let conditions: Result<Vec<Condition>, _> =
            conditions.iter().map(|(name, value)| format!("{name}={value}").parse()).collect();
        Ok(Settings {
            by,
            include_headless: !self.headless.is_empty(),
            conditions: conditions.map_err(Trouble::refused)?,
        })
    }

    fn conditions(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("agent", &self.agent),
            ("month", &self.month),
            ("model", &self.model),
            ("work_mode", &self.work_mode),
            ("project", &self.project),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.as_str()))
            .collect()
    }

    /// The same as the end of an address, beginning with `?` if there is something.
    pub(super) fn query(&self, format: &str) -> String {
        let mut pairs = self.conditions();
        pairs.extend((!self.by.is_empty()).then_some(("by", self.by.as_str())));
        pairs.extend((!self.headless.is_empty()).then_some(("headless", self.headless.as_str())));
        pairs.extend((!format.is_empty()).then_some(("format", format)));
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// The form. Without a script a button sends it.
    pub(super) fn form(&self, action: &str, choices: &Choices, pooled: bool) -> Markup {
        let named = |counts: &std::collections::BTreeMap<String, usize>| -> Vec<(String, String)> {
            counts.iter().map(|(name, n)| (name.clone(), format!("{name} ({n})"))).collect()
        };
        let mut months = named(&choices.months);
        months.reverse();
        let projects: Vec<(String, String)> = (choices.projects.iter())
            .map(|(id, name, n)| (id.clone(), format!("{} ({n})", name.as_deref().unwrap_or(&id[..8]))))
            .take(500)
            .collect();
        let modes: Vec<(String, String)> =
            choices.work_modes.iter().map(|mode| (mode.clone(), mode.replace('_', " "))).collect();
        let bys: Vec<(String, String)> = By::ALL[1..]
            .iter()
            .filter(|by| !(pooled && **by == By::Project))
            .map(|by| (by.name().to_owned(), by.name().to_owned()))
            .collect();
        html! {
            form.filters action=(action) method="get" role="search" aria-label="Filters" {
                (select("by", "Split by", "nothing", &self.by, &bys))
                @if !choices.agents.is_empty() { (select("agent", "Agent", "all", &self.agent, &named(&choices.agents))) }
                @if !months.is_empty() { (select("month", "Month", "all", &self.month, &months)) }
                @if !choices.models.is_empty() { (select("model", "Model", "all", &self.model, &named(&choices.models))) }
                (select("work_mode", "Kind of work", "all", &self.work_mode, &modes))
                @if !projects.is_empty() { (select("project", "Project", "all", &self.project, &projects)) }
                label.field {
                    "Headless"
                    select name="headless" {
                        option value="" { "left out" }
                        option value="yes" selected[!self.headless.is_empty()] { "included" }
                    }
                }
                noscript { button { "Show" } }
            }
        }
    }
}

fn select(name: &str, title: &str, none: &str, chosen: &str, options: &[(String, String)]) -> Markup {
    html! {
        label.field {
            (title)
            select name=(name) {
                option value="" { (none) }
                @for (value, text) in options {
                    option value=(value) selected[value == chosen] { (text) }
                }
                // What is asked for and not there is still what is asked for.
                @if !chosen.is_empty() && !options.iter().any(|(value, _)| value == chosen) {
                    option value=(chosen) selected { (chosen) }
                }
            }
        }
    }
}

/// A value as part of an address.
pub(super) fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b',' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_the_form_asked() {
        let filters = Filters {
            by: "month".into(),
            agent: "codex".into(),
            headless: "yes".into(),
            ..Filters::default()
        };
        assert_eq!(filters.query("json"), "?agent=codex&by=month&headless=yes&format=json");
        assert_eq!(Filters::default().query(""), "");
        let settings = filters.settings().expect("it is valid");
        assert!(settings.by == By::Month && settings.include_headless && settings.conditions.len() == 1);
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for filters in [
            Filters { work_mode: "sleeping".into(), ..Filters::default() },
            Filters { by: "shoe size".into(), ..Filters::default() },
            Filters { project: "a".into(), ..Filters::default() },
        ] {
            assert!(filters.settings().is_err(), "{filters:?}");
        }
    }

    #[test]
    fn values_cannot_leave_their_place() {
        assert_eq!(encoded("a&b=c d\"<é"), "a%26b%3Dc%20d%22%3C%C3%A9");
    }
}
