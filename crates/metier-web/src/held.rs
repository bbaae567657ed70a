//! What the server holds in memory: the rows of the store as they are now, where their transcripts are, and findings made before.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use metier_label::rubric;
use metier_session::Id;
use metier_session::scan::Group;
use metier_store::{Mode, Row, Rows, Store};
use metier_study::{Finding, Settings, Study, Summary, model_family};
use tokio::sync::watch;

use crate::Site;
use crate::answer::Trouble;
use crate::guard::Guard;
use crate::reading::Brief;

/// Findings that are kept, so that going back costs nothing.
const KEPT: usize = 512;

/// The server.
pub(crate) struct App {
    pub site: Site,
    pub guard: Guard,
    held: watch::Sender<Option<Arc<Held>>>,
    made: Mutex<Made>,
    writing: Mutex<()>,
    /// What is going on, for whoever looks.
    pub work: RwLock<Work>,
}

/// What the watcher is doing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    /// What, in words; nothing if it waits.
    pub now: Option<String>,
    /// How many bytes of how many are read.
    pub bytes: Option<(u64, u64)>,
    /// What went wrong last time.
    pub trouble: Option<String>,
}

/// A store at one moment.
#[derive(Clone)]
pub(crate) struct Held {
    /// Counts up whenever something changed.
    pub revision: u64,
    pub store: Arc<Store>,
    pub rows: Arc<Rows>,
    /// Where in the rows a session is; empty if they are not the owner's.
    pub places: Arc<HashMap<Id, usize>>,
    /// What can be filtered by.
    pub choices: Choices,
    /// The files of each session that are there.
    pub groups: Arc<HashMap<Id, Group>>,
    /// What transcripts say of their sessions, read a moment ago; none in a store of many people.
    pub briefs: Arc<HashMap<Id, Brief>>,
}

/// What can be filtered by, each with its number of sessions where the rows are the owner's.
#[derive(Default, Clone)]
pub(crate) struct Choices {
    pub agents: BTreeMap<String, usize>,
    pub months: BTreeMap<String, usize>,
    pub models: BTreeMap<String, usize>,
    /// Projects by the first digits of their ids, those with most sessions first, with the name of the folder if it was read.
    pub projects: Vec<(String, Option<String>, usize)>,
    /// Work modes, by the rubric.
    pub work_modes: Vec<String>,
}

#[derive(Default)]
struct Made {
    revision: u64,
    findings: HashMap<String, Arc<(Summary, Vec<Finding>)>>,
}

impl App {
    pub(crate) fn new(site: Site, guard: Guard) -> App {
        App {
            site,
            guard,
            held: watch::Sender::new(None),
            made: Mutex::default(),
            writing: Mutex::default(),
            work: RwLock::default(),
        }
    }

    /// Puts another state in the place of the one held.
    pub(crate) fn hold(&self, held: Held) {
        self.held.send_replace(Some(Arc::new(held)));
    }

    /// What is held now.
    pub(crate) fn now(&self) -> Option<Arc<Held>> {
        self.held.borrow().clone()
    }

    /// What is held, as soon as there is something.
    pub(crate) async fn held(&self) -> Result<Arc<Held>, Trouble> {
        let mut seen = self.held.subscribe();
        let held = seen.wait_for(Option::is_some).await.map_err(Trouble::failed)?;
        held.clone().ok_or_else(|| Trouble::Failed("the store went away".to_owned()))
    }

    /// Findings over what is held, made at most once as long as nothing changes.
    ///
    /// # Errors
    /// If they may not be released.
    pub(crate) fn findings(
        &self,
        held: &Held,
        settings: &Settings,
        studies: &[&'static Study],
    ) -> Result<Arc<(Summary, Vec<Finding>)>, Trouble> {
        let names: Vec<&str> = studies.iter().map(|study| study.name).collect();
        let key = format!("{names:?} {settings:?}");
        {
            let mut made = self.made();
            if made.revision != held.revision {
                *made = Made { revision: held.revision, findings: HashMap::new() };
            }
            if let Some(found) = made.findings.get(&key) {
                return Ok(found.clone());
            }
        }
        let found =
            (self.site.released)(&held.store, &held.rows, settings, studies).map_err(Trouble::refused)?;
        let found = Arc::new(found);
        let mut made = self.made();
        if made.revision == held.revision {
            if made.findings.len() >= KEPT {
                made.findings.clear();
            }
            made.findings.insert(key, found.clone());
        }
        Ok(found)
    }

    /// As long as this lives, nobody else here reads labels in order to write them.
    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// A state of the store; what transcripts say is put in by whoever read them.
    pub(crate) fn new(revision: u64, store: Store, rows: Rows) -> Held {
        let own = rows.owners().unwrap_or_default();
        let places = own.iter().enumerate().map(|(at, row)| (row.session, at)).collect();
        let choices = Choices::of(own);
        Held {
            revision,
            store: Arc::new(store),
            rows: Arc::new(rows),
            places: Arc::new(places),
            choices,
            groups: Arc::default(),
            briefs: Arc::default(),
        }
    }

    /// The same with what transcripts say now.
    pub(crate) fn with(&self, groups: Arc<HashMap<Id, Group>>, briefs: Arc<HashMap<Id, Brief>>) -> Held {
        let mut next = Held { groups, briefs, ..self.clone() };
        let mut names: HashMap<String, String> = HashMap::new();
        for (id, brief) in next.briefs.iter() {
            if let (Some(project), Some(name)) = (next.row(*id).and_then(|row| row.project), &brief.project) {
                // The shortest of several is that of the project rather than of a copy of it.
                let name_of =
                    names.entry(project.to_string()[..12].to_owned()).or_insert_with(|| name.clone());
                if (name.len(), name) < (name_of.len(), name_of) {
                    name_of.clone_from(name);
                }
            }
        }
        next.choices.name_projects(&names);
        next
    }

    pub(crate) fn is_pooled(&self) -> bool {
        self.mode().is_pooled()
    }

    pub(crate) fn mode(&self) -> Mode {
        self.rows.mode()
    }

    /// The rows for their owner.
    pub(crate) fn own(&self) -> Result<&[Row], Trouble> {
        self.rows.owners().map_err(Trouble::refused)
    }

    /// The session of this name.
    pub(crate) fn row(&self, id: Id) -> Option<&Row> {
        let at = *self.places.get(&id)?;
        self.rows.owners().ok()?.get(at)
    }

    /// The folder that a project is in, if a transcript told it.
    pub(crate) fn project_name(&self, row: &Row) -> Option<&str> {
        self.briefs.get(&row.session)?.project.as_deref()
    }
}

impl Choices {
    fn of(rows: &[Row]) -> Choices {
        let mut choices = Choices::default();
        let mut projects: HashMap<Id, usize> = HashMap::new();
        let mut months: HashMap<u32, (String, usize)> = HashMap::new();
        let mut models: HashMap<&str, usize> = HashMap::new();
        for row in rows.iter().filter(|row| row.facts.prompts > 0) {
            let facts = &row.facts;
            match choices.agents.get_mut(facts.agent.name()) {
                Some(n) => *n += 1,
                None => drop(choices.agents.insert(facts.agent.name().to_owned(), 1)),
            }
            if let Some((number, time)) = facts.first.and_then(|time| Some((time.months()?, time))) {
                months.entry(number).or_insert_with(|| (time.month(), 0)).1 += 1;
            }
            if let Some(model) = &facts.main_model {
                *models.entry(model).or_default() += 1;
            }
            if let Some(project) = row.project {
                *projects.entry(project).or_default() += 1;
            }
        }
        choices.months = months.into_values().collect();
        for (model, n) in models {
            *choices.models.entry(model_family(model)).or_default() += n;
        }
        let mut projects: Vec<(Id, usize)> = projects.into_iter().collect();
        projects.sort_unstable_by_key(|(id, n)| (usize::MAX - n, *id));
        choices.projects =
            projects.into_iter().map(|(id, n)| (id.to_string()[..12].to_owned(), None, n)).collect();
        choices.work_modes = rubric()
            .question("work_mode")
            .map(|question| question.options().iter().map(|option| option.name.clone()).collect())
            .unwrap_or_default();
        choices
    }

    /// Names projects by the folders that transcripts told.
    pub(crate) fn name_projects(&mut self, names: &HashMap<String, String>) {
        for (id, name, _) in &mut self.projects {
            *name = names.get(id).cloned();
        }
    }
}
