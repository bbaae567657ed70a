//! What a rater's work on a queue needs besides labels, kept beside the store: how sessions were drawn, and what cannot be judged. Ids and
//! names of questions, no text.

use std::fs;
use std::path::{Path, PathBuf};

use metier_label::annotate::{Person, Sampling, Skips};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// One rater's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kept {
    /// How sessions were drawn; none before the first draw.
    pub sampling: Option<Sampling>,
    /// What the rater cannot judge.
    pub skips: Skips,
}

impl Kept {
    /// What is kept for this person; nothing if nothing was.
    pub(crate) fn read(store: &Path, person: &Person) -> Result<Kept, Failure> {
        match fs::read(path(store, person)) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| format!("{}: {error}", path(store, person).display()).into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps it, whole or not at all.
    pub(crate) fn write(&self, store: &Path, person: &Person) -> Result<(), Failure> {
        let path = path(store, person);
        fs::create_dir_all(path.parent().unwrap_or(store))?;
        metier_store::replace(&path, &serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}

/// A person's name holds letters, digits, dots, hyphens and underscores: it leads nowhere else.
fn path(store: &Path, person: &Person) -> PathBuf {
    store.join("annotation").join(format!("{}.json", person.name()))
}

#[cfg(test)]
mod tests {
    use metier_label::annotate::By;
    use metier_session::Id;

    use super::*;

    #[test]
    fn what_is_kept_comes_back_for_the_same_person() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ada, bo) = (Person::new("ada").expect("a name"), Person::new("bo").expect("a name"));
        let mut kept =
            Kept { sampling: Some(Sampling { seed: 7, wanted: 20, by: By::Random }), ..Kept::default() };
        kept.skips.session(Id(3), true);
        kept.write(folder.path(), &ada).expect("it is written");
        let again = Kept::read(folder.path(), &ada).expect("it is read");
        assert_eq!((again.sampling, again.skips.skips(Id(3))), (kept.sampling, true));
        assert!(Kept::read(folder.path(), &bo).expect("nothing is there").sampling.is_none());
    }

    #[test]
    fn what_is_damaged_is_told_and_not_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let ada = Person::new("ada").expect("a name");
        fs::create_dir(folder.path().join("annotation")).expect("a folder");
        fs::write(folder.path().join("annotation/ada.json"), "{").expect("a file");
        assert!(Kept::read(folder.path(), &ada).is_err());
    }
}
