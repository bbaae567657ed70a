//! Reads transcripts at the moment they are shown, and keeps nothing of them on the disk.

use std::collections::HashMap;

use metier_session::discover::Candidate;
use metier_session::scan::{self, Group, Scan};
use metier_session::{Facts, Id, Key, Session};

use crate::Site;

/// What a list says of a session besides its row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brief {
    /// The last part of the folder that it ran in.
    pub project: Option<String>,
    /// How the first prompt begins.
    pub begins: String,
    /// What the files looked like when they were read.
    stamp: Vec<(u64, i64)>,
}

/// The files of each session.
pub(crate) fn groups(candidates: Vec<Candidate>, key: &Key, threads: usize) -> HashMap<Id, Group> {
    let (groups, _) = scan::group(candidates, threads);
    groups.into_iter().map(|group| (group.id(key), group)).collect()
}

/// What transcripts say of their sessions; of those that did not change, what was read before.
pub(crate) fn briefs(
    groups: &HashMap<Id, Group>,
    before: &HashMap<Id, Brief>,
    key: &Key,
    threads: usize,
) -> HashMap<Id, Brief> {
    let stamp = |group: &Group| -> Vec<(u64, i64)> {
        group.files.iter().map(|file| (file.bytes, file.stamp)).collect()
    };
    let (mut briefs, mut changed) = (HashMap::with_capacity(groups.len()), Vec::new());
    for (id, group) in groups {
        match before.get(id).filter(|brief| brief.stamp == stamp(group)) {
            Some(brief) => drop(briefs.insert(*id, brief.clone())),
            None => changed.push(group),
        }
    }
    let scan = Scan { key, threads, progress: &|_| {} };
    let take = |session: &Session, _: &Facts| metier_label::timeline::Brief::of(session);
    for measured in scan::measure_all(&changed, &HashMap::new(), &scan, &take).into_iter().flatten() {
        let Some(group) = groups.get(&measured.id) else { continue };
        let metier_label::timeline::Brief { project, first_prompt, .. } = measured.taken;
        let brief = Brief {
            project,
            begins: first_prompt.map(|cut| cut.text).unwrap_or_default(),
            stamp: stamp(group),
        };
        briefs.insert(measured.id, brief);
    }
    briefs
}

/// Takes what is wanted from one session, reading its files now.
pub(crate) fn one<T: Send>(
    site: &Site,
    group: &Group,
    key: &Key,
    take: &(dyn Fn(&Session, &Facts) -> T + Sync),
) -> Option<T> {
    let scan = Scan { key, threads: site.threads, progress: &|_| {} };
    let mut read = scan::measure_all(&[group], &HashMap::new(), &scan, take);
    read.pop()?.ok().map(|measured| measured.taken)
}
