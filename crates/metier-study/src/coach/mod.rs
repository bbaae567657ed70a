//! The coach: what the owner's sessions of the last months show beside the earlier ones, and three suggestions that follow.
//!
//! `docs/coach.md` defines every number and every rule. It speaks of sessions and habits, never of worth: no score of a person,
//! no rank, nobody else's sessions; others' numbers only as aggregates that were pooled, and only if they are given.

mod compare;
mod habits;
mod keep;
mod numbers;
mod rules;
mod suggest;
mod themes;
mod trial;

use std::collections::BTreeSet;

use metier_session::Id;
use metier_store::{Row, Rows};
use serde::{Serialize, Serializer};

use crate::error::{Error, RowsOfMany};
use crate::finding::{Estimate, Finding, Measure, Unit};
use crate::selection::Selection;
use crate::settings::{By, Settings};
use crate::share::Pooled;
use crate::summary::{LabelsBy, Summary};

pub use compare::{Difference, Verdict};
use numbers::{Key, Numbers, OWN};
pub use suggest::{Kind, Rests, Suggestion};

/// Fewer sessions than this in the last months, and only general advice is given.
pub const FEWEST_SESSIONS: usize = 5;
/// How many suggestions are made.
pub const SUGGESTIONS: usize = 3;
/// How many of the last months with sessions are looked at, if nobody says.
pub const MONTHS: usize = 3;

/// What the coach has to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coach {
    /// All sessions that count, of all months.
    pub summary: Summary,
    /// The last months.
    pub recent: Window,
    /// The months before; `None` if there are no sessions before.
    pub earlier: Option<Window>,
    /// Sessions that tell no time, and so are in neither.
    pub undated: usize,
    /// Always three, from most to least that speaks for them.
    pub suggestions: Vec<Suggestion>,
    /// What the last months show, beside the earlier ones.
    pub themes: Vec<Theme>,
    /// What differs between sessions in trouble that ended verified and those that did not, over all months.
    pub recovery: Recovery,
    /// How many comparisons could be made. Each is held to what so many ask for.
    pub comparisons: usize,
    /// Whom the pooled numbers beside speak of, if any were given.
    pub beside: Option<Beside>,
    /// What the reader has to know: few sessions, several people, unlike labels.
    pub notes: Vec<String>,
}

/// Months, and the sessions in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The months that have sessions, as `2026-01`; none if sessions tell no time.
    pub months: Vec<String>,
    /// The sessions.
    pub sessions: usize,
    /// Their people, counted as in [`Population::people`](crate::Population::people).
    pub people: usize,
}

/// Some numbers that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Theme {
    /// The name in JSON.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What to keep in mind with its numbers.
    pub about: &'static str,
    /// The numbers.
    pub lines: Vec<Line>,
}

/// One number of the last months, beside the earlier ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The finding that has the same number; `None` where only the coach has it.
    pub finding: Option<&'static str>,
    /// The name in JSON, the finding's own where there is one.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What the value counts.
    pub unit: Unit,
    /// Of the last months.
    pub recent: Estimate,
    /// Of the months before, if there are any.
    pub earlier: Option<Estimate>,
    /// Recent less earlier.
    pub difference: Option<Difference>,
    /// The same number of the pooled bundles, where they have it.
    pub pooled: Option<Estimate>,
}

/// Sessions in trouble that ended verified, beside those that did not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recovery {
    /// In trouble, and verified all the same.
    pub recovered: usize,
    /// In trouble, and not verified.
    pub not_recovered: usize,
    /// What was asked about both.
    pub contrasts: Vec<Contrast>,
}

/// One number of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrast {
    /// The name in JSON.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What the value counts.
    pub unit: Unit,
    /// Of those that ended verified.
    pub recovered: Estimate,
    /// Of the others.
    pub not_recovered: Estimate,
    /// The first less the second.
    pub difference: Difference,
}

/// Whom pooled numbers speak of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// How many bundles were added up.
    pub bundles: Option<usize>,
    /// Their sessions; `None` where the bundles do not tell.
    pub sessions: Option<usize>,
    /// Their people.
    pub people: Option<usize>,
    /// Whose labels they rest on.
    pub labels: Option<LabelsBy>,
}

/// A session that shows what a suggestion speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its id in the store.
    #[serde(serialize_with = "as_text")]
    pub session: Id,
    /// When it began.
    pub first: Option<metier_session::Time>,
}

fn as_text<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// Looks at the owner's sessions of the last months that have any, so many of them, beside all months before.
///
/// What is `recent` hangs on the sessions and on no clock. Groups of the settings play no part. Pooled bundles, if given,
/// stand beside where they have the same number; they change nothing else.
///
/// # Errors
///
/// If the rows are of many people, as [`study`](crate::study); or if the bundles are of months, agents or models, or of some
/// sessions only, which is nothing to set beside.
pub fn coach(
    rows: &Rows,
    settings: &Settings,
    months: usize,
    pooled: Option<&Pooled>,
) -> Result<Coach, Error> {
    let refused = |error: metier_store::Error| RowsOfMany(error.to_string());
    let (own, second) = (rows.owners().map_err(refused)?, rows.second().map_err(refused)?);
    let settings = Settings { by: By::Overall, ..settings.clone() };
    let of = |settings: &Settings| Selection::with_second(own, second, settings, None);
    let whole = of(&settings);
    let dated: Vec<String> =
        whole.sessions.iter().filter_map(|session| Some(session.facts.first?.month())).collect();
    let undated = whole.sessions.len() - dated.len();
    let dated: BTreeSet<String> = dated.into_iter().collect();
    let mut before: Vec<String> = dated.into_iter().collect();
    let last = before.split_off(before.len().saturating_sub(months.max(1)));
    let in_months = |months: &[String]| -> Result<Settings, Error> {
        let mut settings = settings.clone();
        if !months.is_empty() {
            settings.conditions.push(format!("month={}", months.join(",")).parse()?);
        }
        Ok(settings)
    };
    let of_recent = in_months(&last)?;
    let recent = of(&of_recent);
    let earlier = if before.is_empty() { None } else { Some(of(&in_months(&before)?)) };
    let window = |selection: &Selection, months: Vec<String>| Window {
        months,
        sessions: selection.population.sessions,
        people: selection.population.people,
    };
    let found = Found {
        whole: Numbers::of(&whole),
        recent: Numbers::of(&recent),
        earlier: earlier.as_ref().map(Numbers::of),
        sessions: recent.population.sessions,
    };
    let beside = pooled.map(beside).transpose()?;
    let mut themes = lines(&found, pooled.map(|pooled| pooled.findings.as_slice()).unwrap_or_default());
    let differences =
        themes.iter_mut().flat_map(|theme| &mut theme.lines).filter_map(|line| line.difference.as_mut());
    let mut recovery = recovery(&whole);
    let contrasts = recovery.contrasts.iter_mut().map(|contrast| &mut contrast.difference);
    let comparisons = compare::among_all(differences.chain(contrasts));
    let shown: Vec<&Row> = own
        .iter()
        .filter(|row| row.facts.prompts > 0)
        .filter(|row| settings.include_headless || row.facts.headless != Some(true))
        .filter(|row| of_recent.conditions.iter().all(|condition| condition.holds(row)))
        .collect();
    let suggestions = suggest::three(&found, &themes, &shown);
    let summary = whole.summary();
    let recent = window(&recent, last);
    let earlier = earlier.map(|earlier| window(&earlier, before));
    let notes = notes(&summary, &recent, earlier.as_ref(), undated, beside.as_ref());
    Ok(Coach { summary, recent, earlier, undated, suggestions, themes, recovery, comparisons, beside, notes })
}

/// The numbers of all windows.
struct Found {
    whole: Numbers,
    recent: Numbers,
    earlier: Option<Numbers>,
    /// Of the last months.
    sessions: usize,
}

fn lines(found: &Found, pooled: &[Finding]) -> Vec<Theme> {
    let line = |key: &Key| {
        let Measure { name, title, unit, estimate, .. } = found.recent.measure(*key);
        let earlier = found.earlier.as_ref().map(|earlier| earlier.get(*key).clone());
        Line {
            finding: Some(key.0).filter(|finding| *finding != OWN),
            name,
            title,
            unit: *unit,
            recent: estimate.clone(),
            difference: earlier.as_ref().map(|earlier| Difference::of(estimate, earlier)),
            earlier,
            pooled: of_pool(pooled, *key),
        }
    };
    let theme = |about: &themes::About| Theme {
        name: about.name,
        title: about.title,
        about: about.about,
        lines: about.keys.iter().map(line).collect(),
    };
    themes::THEMES.iter().map(theme).collect()
}

/// The same number in the pooled findings.
fn of_pool(pooled: &[Finding], (finding, name): Key) -> Option<Estimate> {
    let finding = pooled.iter().find(|one| one.name == finding)?;
    let measure = finding.groups.first()?.measures.iter().find(|measure| measure.name == name)?;
    Some(measure.estimate.clone()).filter(|estimate| estimate.value.is_some())
}

fn beside(pooled: &Pooled) -> Result<Beside, Error> {
    let refused = |why: &str| Error::Refused { why: why.to_owned() };
    if pooled.findings.iter().any(|finding| finding.by != By::Overall) {
        return Err(refused(
            "the bundles are split into groups; it takes bundles without --by to set beside",
        ));
    }
    let Summary { population, labels, conditions, bundles, .. } = &pooled.summary;
    if !conditions.is_empty() {
        return Err(refused(
            "the bundles are of some sessions only; it takes bundles without --where to set beside",
        ));
    }
    Ok(Beside {
        bundles: *bundles,
        sessions: Some(population.sessions).filter(|n| *n > 0),
        people: Some(population.people).filter(|n| *n > 0),
        labels: labels.clone(),
    })
}

fn recovery(whole: &Selection) -> Recovery {
    let count = |recovered| {
        let of = |session: &&crate::selection::Selected| session.judged.derived.recovered == Some(recovered);
        whole.sessions.iter().filter(of).count()
    };
    let mut contrasts = Vec::new();
    for cohort in &whole.cohorts {
        let [yes, no] = [true, false].map(|recovered| numbers::of_troubled(cohort, recovered));
        contrasts.extend(yes.into_iter().zip(no).map(|(yes, no)| Contrast {
            name: yes.name,
            title: yes.title,
            unit: yes.unit,
            difference: Difference::of(&yes.estimate, &no.estimate),
            recovered: yes.estimate,
            not_recovered: no.estimate,
        }));
    }
    Recovery { recovered: count(true), not_recovered: count(false), contrasts }
}

fn notes(
    summary: &Summary,
    recent: &Window,
    earlier: Option<&Window>,
    undated: usize,
    beside: Option<&Beside>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let sessions = |n: usize| if n == 1 { "1 session".to_owned() } else { format!("{n} sessions") };
    if recent.sessions < FEWEST_SESSIONS {
        notes.push(format!(
            "{} in these months: too few to see a habit in. It takes {FEWEST_SESSIONS} for an interval, and most \
             suggestions ask for {}.",
            sessions(recent.sessions),
            rules::SESSIONS
        ));
    }
    let people = summary.population.people;
    if people > 1 {
        notes.push(format!(
            "The store has sessions of {people} people. All of this is about them taken together, and about nobody in \
             particular; where it says \"you\", it is not one person."
        ));
    }
    if earlier.is_none() && recent.sessions > 0 {
        notes.push("There are no sessions before these months, so nothing to compare with.".to_owned());
    }
    if undated > 0 {
        let also = if recent.months.is_empty() { "they are taken as recent" } else { "they are in no month" };
        notes.push(format!("{} without a time: {also}.", sessions(undated)));
    }
    match &summary.labels {
        None => notes.push("No session is labelled, so only what is counted can be told.".to_owned()),
        Some(labels) => {
            let others = beside.and_then(|beside| beside.labels.as_ref());
            if let Some(others) = others.filter(|others| others.rater != labels.rater) {
                notes.push(format!(
                    "Your labels are by {}, the pooled ones by {}: numbers that rest on labels may differ for that alone.",
                    labels.rater, others.rater
                ));
            }
        }
    }
    notes
}
