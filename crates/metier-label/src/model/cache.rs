//! Nothing paid twice: every answer rests in one SQLite file before anybody sees it, and a call belongs to one process at a time. Holds no transcript text, and sends nothing.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::answer::Taken;
use super::error::ModelError;

/// Raised when the tables change.
const VERSION: i64 = 1;

/// The key of a call: a hash of all that decides its answer.
pub(super) type CallKey = [u8; 32];

/// Answers and claims, shared by any number of processes.
#[derive(Debug)]
pub struct Cache {
    file: PathBuf,
    connection: Mutex<Connection>,
    owner: String,
    /// Held as long as this process lives: the system lets go of it also after a kill.
    lock: File,
}

/// What a call has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Paid {
    pub(super) sent: u64,
    pub(super) answered: u64,
    pub(super) usd: f64,
}

/// How a call stands.
#[derive(Debug)]
pub(super) enum Claim {
    /// It was answered.
    Done(Taken),
    /// It is this process's to make; with the first answer, where that could not be taken whole.
    Mine(Option<(Taken, Paid)>),
    /// Another process makes it.
    Elsewhere,
    /// It is in a batch.
    Batch(String),
}

/// A batch that was sent, or was about to be.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// Our name of it; every custom id in it begins so.
    pub(super) nonce: String,
    /// The server's name of it; `None` if nobody noted one.
    pub(super) id: Option<String>,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    /// Requests in it.
    pub(super) size: u64,
    pub(super) url: String,
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- stage: 0 no answer, 1 a first answer that could not be taken whole, 2 done.
-- A claim is an owner or a batch.
CREATE TABLE IF NOT EXISTS calls (
    key BLOB PRIMARY KEY, stage INTEGER NOT NULL, owner TEXT, batch TEXT, answers TEXT, problems TEXT, rationale TEXT,
    tokens_sent INTEGER NOT NULL DEFAULT 0, tokens_answered INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0,
    rater TEXT NOT NULL, rubric TEXT NOT NULL, ask TEXT NOT NULL, messages INTEGER NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_owner ON calls (owner) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS calls_batch ON calls (batch) WHERE batch IS NOT NULL;
CREATE TABLE IF NOT EXISTS batches (
    nonce TEXT PRIMARY KEY, id TEXT UNIQUE, owner TEXT NOT NULL, url TEXT NOT NULL, created INTEGER NOT NULL,
    size INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
";

/// Who gave an answer, to what: for people who look into the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) rater: &'a str,
    pub(super) rubric: &'a str,
    pub(super) ask: &'a str,
    pub(super) messages: usize,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Cache {
    /// Opens the cache in this file, and makes it if it is not there: for its owner's eyes only.
    ///
    /// # Errors
    /// If the file or its folder cannot be written, or is of another version.
    pub fn open(file: &Path) -> Result<Cache, ModelError> {
        let failed = |why: String| ModelError::Cache { file: file.to_owned(), why };
        let cannot = |error: io::Error| failed(format!("{error}: name another file with --cache"));
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(cannot)?;
        }
        let mut options = File::options();
        options.create(true).truncate(false).write(true).read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        options.open(file).map_err(cannot)?;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let owner = format!("{}-{nanos:x}", std::process::id());
        let owners = owners(file);
        std::fs::create_dir_all(&owners).map_err(cannot)?;
        let lock = options.open(owners.join(&owner)).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        let connection = open(file).map_err(|error| failed(error.to_string()))?;
        let cache = Cache { file: file.to_owned(), connection: Mutex::new(connection), owner, lock };
        cache.sweep();
        let version: Option<String> = cache.meta("version")?;
        match version {
            None => cache.set_meta("version", &VERSION.to_string())?,
            Some(version) if version == VERSION.to_string() => {}
            Some(version) => {
                return Err(failed(format!(
                    "it has version {version} and not {VERSION}: use the metier that made it, or another file"
                )));
            }
        }
        Ok(cache)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().expect("no thread panics with it")
    }

    fn failed(&self, error: &rusqlite::Error) -> ModelError {
        ModelError::Cache { file: self.file.clone(), why: format!("{error}; what is in it is kept") }
    }

    /// Runs one transaction, which no other process interrupts.
    fn within<T>(&self, work: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> Result<T, ModelError> {
        let mut connection = self.connection();
        let run = || {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|error| self.failed(&error))
    }

    pub(super) fn meta(&self, name: &str) -> Result<Option<String>, ModelError> {
        self.connection()
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(&error))
    }

    pub(super) fn set_meta(&self, name: &str, value: &str) -> Result<(), ModelError> {
        self.within(|within| {
            within.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", [name, value]).map(|_| ())
        })
    }

    /// The answer to a call, if it is there; claims nothing.
    pub(super) fn look(&self, key: &CallKey) -> Result<Option<Taken>, ModelError> {
        let connection = self.connection();
        let row = read(&connection, key).map_err(|error| self.failed(&error))?;
        Ok(row.filter(|row| row.stage == 2).and_then(|row| row.taken).map(|(taken, _)| taken))
    }

    /// How a call stands; if nobody makes it, this process does from now on.
    pub(super) fn claim(&self, key: &CallKey, about: About) -> Result<Claim, ModelError> {
        // Most often it is done: then nobody has to wait for anybody.
        if let Some(taken) = self.look(key)? {
            return Ok(Claim::Done(taken));
        }
        self.within(|within| self.claim_within(within, key, about))
    }

    fn claim_within(&self, within: &Transaction, key: &CallKey, about: About) -> rusqlite::Result<Claim> {
        let Some(row) = read(within, key)? else {
            let sql = "INSERT INTO calls (key, stage, owner, rater, rubric, ask, messages, at) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)";
            let About { rater, rubric, ask, messages } = about;
            let values = params![key, self.owner, rater, rubric, ask, messages as i64, now_ms()];
            within.prepare_cached(sql)?.execute(values)?;
            return Ok(Claim::Mine(None));
        };
        if row.stage == 2
            && let Some((taken, _)) = row.taken
        {
            return Ok(Claim::Done(taken));
        }
        if let Some(batch) = row.batch {
            return Ok(Claim::Batch(batch));
        }
        if row.owner.is_some_and(|owner| owner != self.owner && self.lives(&owner)) {
            return Ok(Claim::Elsewhere);
        }
        within
            .prepare_cached("UPDATE calls SET owner = ?2 WHERE key = ?1")?
            .execute(params![key, self.owner])?;
        Ok(Claim::Mine(row.taken.filter(|_| row.stage == 1)))
    }

    /// Whether a process still runs: it holds its lock as long as it does.
    fn lives(&self, owner: &str) -> bool {
        let path = owners(&self.file).join(owner);
        match File::open(&path).map(|file| file.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => true,
            Ok(Ok(())) => {
                let _ = std::fs::remove_file(&path);
                false
            }
            _ => false,
        }
    }

    /// Removes the locks of processes that are gone. A new one's could still be without its lock: those are left.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(owners(&self.file)) else { return };
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|about| about.modified())
                .map(|at| at.elapsed().unwrap_or_default());
            let name = entry.file_name();
            let old = age.is_ok_and(|age| age > std::time::Duration::from_secs(60));
            if let Some(name) = name.to_str().filter(|name| old && *name != self.owner) {
                self.lives(name);
            }
        }
    }

    /// Keeps a first answer that could not be taken whole: it was paid.
    pub(super) fn keep_first(&self, key: &CallKey, taken: &Taken, paid: Paid) -> Result<(), ModelError> {
        self.within(|within| write(within, key, 1, taken, paid, Some(&self.owner)))
    }

    /// Keeps an answer for good.
    pub(super) fn finish(&self, key: &CallKey, taken: &Taken, paid: Paid) -> Result<(), ModelError> {
        self.within(|within| write(within, key, 2, taken, paid, None))
    }

    /// Gives a call back that was not answered.
    pub(super) fn release(&self, key: &CallKey) -> Result<(), ModelError> {
        self.within(|within| {
            within.execute(
                "DELETE FROM calls WHERE key = ?1 AND stage = 0 AND owner = ?2",
                params![key, self.owner],
            )?;
            let sql = "UPDATE calls SET owner = NULL WHERE key = ?1 AND owner = ?2";
            within.execute(sql, params![key, self.owner]).map(|_| ())
        })
    }

    /// Notes, before it is sent, a batch of calls that this process has claimed.
    pub(super) fn begin_batch(&self, nonce: &str, url: &str, keys: &[CallKey]) -> Result<Batch, ModelError> {
        let created = now_ms();
        let size = keys.len() as u64;
        self.within(|within| {
            let sql = "INSERT INTO batches (nonce, owner, url, created, size) VALUES (?1, ?2, ?3, ?4, ?5)";
            within.execute(sql, params![nonce, self.owner, url, created, size as i64])?;
            let mut statement =
                within.prepare_cached("UPDATE calls SET owner = NULL, batch = ?2 WHERE key = ?1")?;
            for key in keys {
                statement.execute(params![key, nonce])?;
            }
            Ok(())
        })?;
        Ok(Batch { nonce: nonce.to_owned(), id: None, created, size, url: url.to_owned() })
    }

    /// Notes the server's name of a batch.
    pub(super) fn name_batch(&self, nonce: &str, id: &str) -> Result<(), ModelError> {
        self.within(|within| {
            within.execute("UPDATE batches SET id = ?2 WHERE nonce = ?1", [nonce, id]).map(|_| ())
        })
    }

    /// The batch of this name, as it is now.
    pub(super) fn batch(&self, nonce: &str) -> Result<Option<Batch>, ModelError> {
        let sql = "SELECT nonce, id, created, size, url FROM batches WHERE nonce = ?1 AND collected = 0";
        self.connection()
            .query_row(sql, [nonce], |row| {
                let size: i64 = row.get(3)?;
                Ok(Batch {
                    nonce: row.get(0)?,
                    id: row.get(1)?,
                    created: row.get(2)?,
                    size: size.unsigned_abs(),
                    url: row.get(4)?,
                })
            })
            .optional()
            .map_err(|error| self.failed(&error))
    }

    /// Makes this process the one that looks for a batch without a server's name. `false` if another one, alive, does.
    pub(super) fn adopt_batch(&self, nonce: &str) -> Result<bool, ModelError> {
        self.within(|within| {
            let owner: Option<String> = within
                .query_row("SELECT owner FROM batches WHERE nonce = ?1", [nonce], |row| row.get(0))
                .optional()?;
            if owner.is_some_and(|owner| owner != self.owner && self.lives(&owner)) {
                return Ok(false);
            }
            within.execute("UPDATE batches SET owner = ?2 WHERE nonce = ?1", [nonce, &self.owner])?;
            Ok(true)
        })
    }

    /// The servers' names of all batches that are known.
    pub(super) fn known_batches(&self) -> Result<Vec<String>, ModelError> {
        let connection = self.connection();
        let run = || {
            let mut statement = connection.prepare("SELECT id FROM batches WHERE id IS NOT NULL")?;
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        run().map_err(|error| self.failed(&error))
    }

    /// The calls of a batch, each with what it asks and the number of messages.
    pub(super) fn batch_calls(&self, nonce: &str) -> Result<Vec<(CallKey, String, usize)>, ModelError> {
        let connection = self.connection();
        let run = || {
            let mut statement =
                connection.prepare("SELECT key, ask, messages FROM calls WHERE batch = ?1")?;
            let row = |row: &rusqlite::Row| {
                let messages: i64 = row.get(2)?;
                Ok((row.get(0)?, row.get(1)?, usize::try_from(messages).unwrap_or(0)))
            };
            statement.query_map([nonce], row)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        run().map_err(|error| self.failed(&error))
    }

    /// Whether there was ever a batch of this name.
    pub(super) fn had_batch(&self, nonce: &str) -> Result<bool, ModelError> {
        self.connection()
            .query_row("SELECT count(*) FROM batches WHERE nonce = ?1", [nonce], |row| row.get::<_, i64>(0))
            .map(|count| count > 0)
            .map_err(|error| self.failed(&error))
    }

    /// What stood before a call went into a batch: the first answer, if there was one.
    pub(super) fn first(&self, key: &CallKey) -> Result<Option<(Taken, Paid)>, ModelError> {
        let connection = self.connection();
        let row = read(&connection, key).map_err(|error| self.failed(&error))?;
        Ok(row.filter(|row| row.stage == 1).and_then(|row| row.taken))
    }

    /// Keeps what a batch gave, and closes it: answered calls with their stage (1 or 2); the others can be made again.
    pub(super) fn collect_batch(
        &self,
        nonce: &str,
        answered: &[(CallKey, i64, Taken, Paid)],
    ) -> Result<(), ModelError> {
        self.within(|within| {
            let mut open = within.prepare("SELECT collected FROM batches WHERE nonce = ?1")?;
            // Another process may have collected it meanwhile: its answers stand.
            if open.query_row([nonce], |row| row.get::<_, i64>(0)).optional()? != Some(0) {
                return Ok(());
            }
            for (key, stage, taken, paid) in answered {
                write(within, key, *stage, taken, *paid, None)?;
            }
            within.execute("UPDATE calls SET batch = NULL WHERE batch = ?1", [nonce])?;
            within.execute("DELETE FROM calls WHERE stage = 0 AND owner IS NULL AND batch IS NULL", [])?;
            within.execute("UPDATE batches SET collected = 1 WHERE nonce = ?1", [nonce]).map(|_| ())
        })
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // What is left was never answered. If this fails, the lock's end says the same.
        if let Ok(connection) = self.connection.lock() {
            let _ = connection.execute("DELETE FROM calls WHERE stage = 0 AND owner = ?1", [&self.owner]);
            let _ = connection.execute("UPDATE calls SET owner = NULL WHERE owner = ?1", [&self.owner]);
        }
        let _ = std::fs::remove_file(owners(&self.file).join(&self.owner));
        let _ = self.lock.unlock();
    }
}

/// The folder of the locks of all processes that use a cache.
fn owners(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".owners");
    PathBuf::from(name)
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(std::time::Duration::from_secs(60))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An answer is money: it has to survive also a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(TABLES)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

struct Row {
    stage: i64,
    owner: Option<String>,
    batch: Option<String>,
    taken: Option<(Taken, Paid)>,
}

fn read(connection: &Connection, key: &CallKey) -> rusqlite::Result<Option<Row>> {
    let sql = "SELECT stage, owner, batch, answers, problems, rationale, tokens_sent, tokens_answered, usd FROM calls WHERE key = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([key], |row| {
            let (answers, problems): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
            let (sent, answered): (i64, i64) = (row.get(6)?, row.get(7)?);
            let paid =
                Paid { sent: sent.unsigned_abs(), answered: answered.unsigned_abs(), usd: row.get(8)? };
            let rationale: Option<String> = row.get(5)?;
            let taken = answers
                .zip(problems)
                .and_then(|(answers, problems)| Taken::of_cache(&answers, &problems, rationale))
                .map(|taken| (taken, paid));
            Ok(Row { stage: row.get(0)?, owner: row.get(1)?, batch: row.get(2)?, taken })
        })
        .optional()
}

fn write(
    within: &Transaction,
    key: &CallKey,
    stage: i64,
    taken: &Taken,
    paid: Paid,
    owner: Option<&str>,
) -> rusqlite::Result<()> {
    let answers = serde_json::to_string(&taken.answers).expect("answers are plain data");
    let sql = "UPDATE calls SET stage = ?2, owner = ?3, answers = ?4, problems = ?5, rationale = ?6, tokens_sent = ?7, tokens_answered = ?8, usd = ?9, at = ?10 WHERE key = ?1 AND stage < 2";
    within.prepare_cached(sql)?.execute(params![
        key,
        stage,
        owner,
        answers,
        taken.problems_json(),
        taken.rationale,
        i64::try_from(paid.sent).unwrap_or(i64::MAX),
        i64::try_from(paid.answered).unwrap_or(i64::MAX),
        paid.usd,
        now_ms()
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About = About { rater: "a/b", rubric: "r", ask: "whole", messages: 1 };

    fn cache(folder: &tempfile::TempDir) -> Cache {
        Cache::open(&folder.path().join("some").join("labels.sqlite")).expect("the folder can be written")
    }

    #[test]
    fn a_call_belongs_to_one_process_until_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (cache(&folder), cache(&folder));
        let key = [7; 32];
        assert!(matches!(one.claim(&key, ABOUT), Ok(Claim::Mine(None))));
        assert!(matches!(two.claim(&key, ABOUT), Ok(Claim::Elsewhere)));
        drop(one);
        assert!(matches!(two.claim(&key, ABOUT), Ok(Claim::Mine(None))));
        let paid = Paid { sent: 5, answered: 2, usd: 0.25 };
        two.keep_first(&key, &Taken::default(), paid).expect("it is written");
        drop(two);
        let three = cache(&folder);
        assert!(matches!(three.claim(&key, ABOUT), Ok(Claim::Mine(Some((_, kept)))) if kept == paid));
        three.finish(&key, &Taken::default(), paid).expect("it is written");
        assert!(matches!(three.claim(&key, ABOUT), Ok(Claim::Done(_))));
        assert!(matches!(cache(&folder).claim(&key, ABOUT), Ok(Claim::Done(_))));
    }

    #[test]
    fn a_batch_keeps_its_calls_until_it_is_collected() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let keys = [[1; 32], [2; 32]];
        for key in &keys {
            assert!(matches!(cache.claim(key, ABOUT), Ok(Claim::Mine(None))));
        }
        cache.begin_batch("n", "u", &keys).expect("it is written");
        assert!(matches!(cache.claim(&keys[0], ABOUT), Ok(Claim::Batch(nonce)) if nonce == "n"));
        let calls = cache.batch_calls("n").expect("it is read");
        assert_eq!(calls, keys.map(|key| (key, "whole".to_owned(), 1)));
        cache.name_batch("n", "msgbatch_1").expect("it is written");
        let answered = [(keys[0], 2, Taken::default(), Paid::default())];
        cache.collect_batch("n", &answered).expect("it is written");
        assert!(matches!(cache.claim(&keys[0], ABOUT), Ok(Claim::Done(_))));
        assert!(matches!(cache.claim(&keys[1], ABOUT), Ok(Claim::Mine(None))));
        assert!(cache.batch("n").expect("it is read").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let mode = std::fs::metadata(&cache.file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_version_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = cache(&folder);
        old.set_meta("version", "99").expect("it is written");
        let error = Cache::open(&old.file).expect_err("it is newer").to_string();
        assert!(error.contains("version 99"), "{error}");
    }
}
