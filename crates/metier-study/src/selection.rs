//! Whose sessions count: rows in, the sessions of the population and their groups out. Estimates nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use metier_label::Labels;
use metier_session::{Facts, Id};
use metier_store::Row;

use crate::Second;
use crate::family::model_family;
use crate::finding::{LeftOut, Population};
use crate::gate::{Asked, Gated, Identity};
use crate::judged::Judged;
use crate::model::Control;
use crate::settings::{By, Settings};
use crate::summary::{LabelsBy, Summary};

/// The label of a group whose sessions do not tell their month, model or project.
pub(crate) const UNKNOWN: &str = "unknown";

/// The sessions that count, and their groups.
pub struct Selection<'a> {
    /// Which sessions they are, and which were left out.
    pub population: Population,
    /// What the groups are.
    pub by: By,
    pub(crate) cohorts: Vec<Cohort<'a>>,
    conditions: Vec<String>,
    pub(crate) sessions: Vec<Selected<'a>>,
    /// Which session each is and whose; known where findings have to pass the gate.
    pub(crate) identities: Vec<Identity>,
}

/// A session that counts.
#[derive(Clone, Copy)]
pub(crate) struct Selected<'a> {
    pub(crate) facts: &'a Facts,
    /// What was judged of it, by the rater that the rows carry.
    pub(crate) labels: &'a Labels,
    /// The same, looked up, with what follows from it.
    pub(crate) judged: Judged,
    /// What a second rater answered, if one did.
    pub(crate) second: Option<&'a Labels>,
    /// Who stands for its person.
    person: Person,
    /// Sessions of the same person before this one; `None` where the transcript has no time.
    pub(crate) earlier: Option<usize>,
}

/// Whether a rater answered anything about a session.
pub(crate) fn is_labelled(labels: &Labels) -> bool {
    labels.answers.iter().any(Option::is_some)
}

/// Who stands for the person of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Person {
    Known(Id),
    Project(Id),
    Session(Id),
}

/// The sessions of one group, in an order that does not depend on that of the rows.
pub(crate) struct Cohort<'a> {
    pub(crate) label: String,
    pub(crate) sessions: Vec<Selected<'a>>,
    /// For each session, the index of its person among those of the group.
    pub(crate) person: Vec<u32>,
    /// People of the group.
    pub(crate) people: usize,
    /// What its numbers have to rest on, if they have to pass the gate.
    pub(crate) gated: Option<Gated>,
    /// The codes of each control, made when the first model asks for them.
    codes: [OnceLock<Vec<u32>>; Control::COUNT],
}

impl<'a> Selection<'a> {
    /// Chooses the sessions of the population and groups them.
    ///
    /// Left out are headless sessions, unless the settings include them, and sessions without a
    /// prompt. A session whose transcript does not say whether it was headless counts.
    #[cfg(test)]
    pub(crate) fn new(rows: &'a [Row], settings: &Settings) -> Selection<'a> {
        Selection::choose(rows, settings, |_| None, None)
    }

    /// The same, with what a second rater answered about some of the sessions, and what numbers have to rest on if they have
    /// to pass the gate.
    pub(crate) fn with_second(
        rows: &'a [Row],
        second: &'a Second,
        settings: &Settings,
        gate: Option<Asked>,
    ) -> Selection<'a> {
        Selection::choose(rows, settings, |session| second.get(&session), gate)
    }

    fn choose(
        rows: &'a [Row],
        settings: &Settings,
        second: impl Fn(Id) -> Option<&'a Labels>,
        gate: Option<Asked>,
    ) -> Selection<'a> {
        let mut rows: Vec<&Row> = rows.iter().collect();
        rows.sort_by_key(|row| (row.session, row.person, row.project, row.facts.first));
        let headless = |row: &Row| !settings.include_headless && row.facts.headless == Some(true);
        let (out, rows): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| headless(row));
        let (empty, rows): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.facts.prompts == 0);
        let mut sessions: Vec<Selected> = rows
            .iter()
            .map(|row| Selected {
                facts: &row.facts,
                labels: &row.labels,
                judged: Judged::of(&row.labels, &row.facts),
                second: second(row.session),
                person: Person::of(row),
                earlier: None,
            })
            .collect();
        // Before conditions: a session is somebody's tenth whichever others are looked at.
        count_earlier(&mut sessions);
        let meets: Vec<bool> =
            rows.iter().map(|row| settings.conditions.iter().all(|it| it.holds(row))).collect();
        let unmet = meets.iter().filter(|meets| !**meets).count();
        let kept = |at: usize| meets[at];
        let mut at = 0..;
        sessions.retain(|_| at.next().is_some_and(kept));
        let rows: Vec<&Row> =
            rows.into_iter().zip(&meets).filter(|(_, meets)| **meets).map(|it| it.0).collect();
        let left_out = [("headless", out.len()), ("without a prompt", empty.len()), ("not asked for", unmet)]
            .into_iter()
            .filter(|(_, sessions)| *sessions > 0)
            .map(|(reason, sessions)| LeftOut { reason, sessions })
            .collect();
        let mut groups: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        if settings.by == By::Overall {
            groups.insert("all".to_owned(), Vec::new());
        }
        for (row, place) in rows.iter().zip(0..) {
            groups.entry(label(row, settings.by)).or_default().push(place);
        }
        let identity = |(row, session): (&&Row, &Selected)| Identity::of(row, session.second);
        let identities: Vec<Identity> =
            if gate.is_some() { rows.iter().zip(&sessions).map(identity).collect() } else { Vec::new() };
        let gated = |places: Vec<u32>| Some(Gated::new(gate?, places, &identities));
        let mut cohorts: Vec<Cohort> = groups
            .into_iter()
            .map(|(label, places)| {
                let sessions = places.iter().map(|at| sessions[*at as usize]).collect();
                Cohort { gated: gated(places), ..Cohort::new((label, sessions)) }
            })
            .collect();
        cohorts.sort_by_key(|cohort| {
            let fewer = if settings.by == By::Month { 0 } else { usize::MAX - cohort.sessions.len() };
            (cohort.label == UNKNOWN, fewer)
        });
        let people = number_people(&sessions).1;
        let population = Population { sessions: sessions.len(), people, left_out };
        let conditions = settings.conditions.iter().map(ToString::to_string).collect();
        Selection { population, by: settings.by, conditions, cohorts, sessions, identities }
    }

    /// What the findings over this selection speak of.
    pub fn summary(&self) -> Summary {
        let facts = self.sessions.iter().map(|session| session.facts);
        let labelled = self.sessions.iter().filter(|session| is_labelled(session.labels));
        let first = self.sessions.iter().map(|session| &session.labels.rater).min();
        let second = self.sessions.iter().filter_map(|session| session.second);
        let labels = first.filter(|_| labelled.clone().next().is_some()).map(|rater| LabelsBy {
            rater: rater.name().to_owned(),
            sessions: Some(labelled.count()),
            second: second.clone().map(|labels| &labels.rater).min().map(|rater| rater.name().to_owned()),
        });
        Summary { labels, conditions: self.conditions.clone(), ..Summary::of(self.population.clone(), facts) }
    }
}

impl Person {
    fn of(row: &Row) -> Person {
        let known = row.person.map(Person::Known);
        known.or(row.project.map(Person::Project)).unwrap_or(Person::Session(row.session))
    }
}

impl<'a> Cohort<'a> {
    fn new((label, sessions): (String, Vec<Selected<'a>>)) -> Cohort<'a> {
        let (person, people) = number_people(&sessions);
        Cohort {
            label,
            sessions,
            person,
            people,
            gated: None,
            codes: [const { OnceLock::new() }; Control::COUNT],
        }
    }

    /// A number for each session, the same for those that a control holds equal.
    pub(crate) fn codes(&self, control: Control) -> &[u32] {
        self.codes[control as usize].get_or_init(|| control.codes(self))
    }
}

/// Numbers the people of some sessions by their first session: one index a session, and how many they are.
fn number_people(sessions: &[Selected]) -> (Vec<u32>, usize) {
    let mut numbers: HashMap<Person, u32> = HashMap::with_capacity(sessions.len());
    let mut person = Vec::with_capacity(sessions.len());
    for session in sessions {
        let next = numbers.len() as u32;
        person.push(*numbers.entry(session.person).or_insert(next));
    }
    (person, numbers.len())
}

/// Counts for each session with a time those of the same person that began before it.
fn count_earlier(sessions: &mut [Selected]) {
    let mut order: Vec<usize> =
        (0..sessions.len()).filter(|&at| sessions[at].facts.first.is_some()).collect();
    order.sort_by_key(|&at| sessions[at].facts.first);
    let mut counts: HashMap<Person, usize> = HashMap::with_capacity(sessions.len());
    for at in order {
        let count = counts.entry(sessions[at].person).or_default();
        sessions[at].earlier = Some(*count);
        *count += 1;
    }
}

fn label(row: &Row, by: By) -> String {
    let label = match by {
        By::Overall => Some("all".to_owned()),
        By::Month => row.facts.first.map(|time| time.month()),
        By::Agent => Some(row.facts.agent.name().to_owned()),
        By::Model => row.facts.main_model.as_deref().map(model_family),
        By::Project => row.project.map(|project| project.to_string()[..8].to_owned()),
    };
    label.unwrap_or_else(|| UNKNOWN.to_owned())
}
