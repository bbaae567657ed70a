//! A corpus of Claude Code transcripts for the benchmarks: copies of real sessions where there are any, each copy sessions of its own, else synthetic ones.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Workspace;
use crate::synthetic::{self, Random};

/// A corpus on disk.
pub struct Corpus {
    /// The agent's home: the transcripts are in `projects` below it.
    pub home: PathBuf,
    /// The files, in the order of their making.
    pub files: Vec<PathBuf>,
    /// Bytes in them.
    pub bytes: u64,
    /// What it was made from, to print.
    pub made_from: String,
}

impl Corpus {
    /// The folder with the transcripts.
    pub fn projects(&self) -> PathBuf {
        self.home.join("projects")
    }

    /// Makes a corpus of at least `bytes` bytes in `home`, or takes the one that an earlier run made there.
    ///
    /// # Errors
    /// If `home` has something else in it, or cannot be written to.
    pub fn make(workspace: &Workspace, home: &Path, bytes: u64) -> Result<Corpus> {
        let originals = match workspace.shared() {
            Some(data) => originals(&data.join("claude-code"))?,
            None => Vec::new(),
        };
        let made_from = if originals.is_empty() {
            "synthetic transcripts".to_owned()
        } else {
            format!("copies of {} real transcripts, every copy with ids of its own", originals.len())
        };
        // Written last: a corpus without it is one whose making was cut short.
        let mark = home.join("corpus.txt");
        let contents = format!("{bytes} bytes or little more: {made_from}\n");
        let mut corpus = Corpus { home: home.to_owned(), files: Vec::new(), bytes: 0, made_from };
        if std::fs::read_to_string(&mark).is_ok_and(|found| found == contents) {
            corpus.files = transcripts(&corpus.projects())?;
            for file in &corpus.files {
                corpus.bytes += std::fs::metadata(file)?.len();
            }
            return Ok(corpus);
        }
        if std::fs::read_dir(home).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("{} holds something else than this corpus: name an empty folder", home.display());
        }
        if originals.is_empty() {
            for session in 0.. {
                if corpus.bytes >= bytes {
                    break;
                }
                let (name, text) = synthetic::session(session);
                corpus.add(Path::new(&name), text.as_bytes())?;
            }
        } else {
            corpus.copy(&originals, bytes)?;
        }
        std::fs::write(&mark, contents).with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(corpus)
    }

    fn copy(&mut self, originals: &[Original], bytes: u64) -> Result<()> {
        for copy in 0.. {
            for original in originals {
                if self.bytes >= bytes {
                    return Ok(());
                }
                let name = format!("{}-{}/{}", original.project, copy + 1, original.name);
                let mut name = name.into_bytes();
                let spans = ids(&name);
                rewrite(&mut name, &spans, copy);
                let mut content = original.content.clone();
                rewrite(&mut content, &original.ids, copy);
                self.add(Path::new(&String::from_utf8_lossy(&name).into_owned()), &content)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &Path, content: &[u8]) -> Result<()> {
        let path = self.projects().join(name);
        let folder = path.parent().context("a transcript lies in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        self.bytes += content.len() as u64;
        self.files.push(path);
        Ok(())
    }
}

/// A real transcript in memory, with the places of the ids in it, which are looked for once.
struct Original {
    project: String,
    name: String,
    content: Vec<u8>,
    ids: Vec<Range<usize>>,
}

fn originals(folder: &Path) -> Result<Vec<Original>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut originals = Vec::new();
    for path in transcripts(folder)? {
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name).context("a transcript lies in a project's folder")?;
            anyhow::Ok(name.to_string_lossy().into_owned())
        };
        let content = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        originals.push(Original {
            project: name(path.parent())?,
            name: name(Some(&path))?,
            ids: ids(&content),
            content,
        });
    }
    Ok(originals)
}

/// All `.jsonl` files below a folder, in the order of their names.
fn transcripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "jsonl") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where ids stand that tell records, messages and calls apart over the whole corpus: UUIDs, and what
/// follows `msg_`, `req_` and `toolu_`.
fn ids(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'-' | b'_')) {
        let mark = at + found;
        at = mark + 1;
        if bytes[mark] == b'-' {
            // The first of a UUID's four hyphens.
            if let Some(start) = mark.checked_sub(8)
                && bytes.get(start..start + 36).is_some_and(is_uuid)
            {
                spans.push(start..start + 36);
                at = start + 36;
            }
        } else if ["msg", "req", "toolu"].iter().any(|kind| bytes[..mark].ends_with(kind.as_bytes())) {
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            // Shorter ones are words of a program's text: `msg_id`.
            if length >= 16 {
                spans.push(at..at + length);
                at += length;
            }
        }
    }
    spans
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    })
}

/// Gives every id its counterpart in this copy: each character is shifted, by its place in the id,
/// within its own kind, so that ids which were equal stay equal and others stay apart. The first copy
/// stays as it is.
fn rewrite(bytes: &mut [u8], ids: &[Range<usize>], copy: u64) {
    if copy == 0 {
        return;
    }
    let mut random = Random::new(copy);
    let shifts: Vec<u8> = (0..64).map(|_| random.below(251) as u8).collect();
    for id in ids {
        let hexadecimal = id.len() == 36;
        for (byte, shift) in bytes[id.clone()].iter_mut().zip(shifts.iter().cycle()) {
            *byte = match *byte {
                digit @ b'0'..=b'9' if hexadecimal => {
                    b"0123456789abcdef"[usize::from(digit - b'0' + shift % 16) % 16]
                }
                letter @ b'a'..=b'f' if hexadecimal => {
                    b"0123456789abcdef"[usize::from(letter - b'a' + 10 + shift % 16) % 16]
                }
                digit @ b'0'..=b'9' => b'0' + (digit - b'0' + shift % 10) % 10,
                letter @ b'a'..=b'z' => b'a' + (letter - b'a' + shift % 26) % 26,
                letter @ b'A'..=b'Z' => b'A' + (letter - b'A' + shift % 26) % 26,
                other => other,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"uuid":"03a2fe8d-6e7a-4f40-a3dc-0edf362f5aa8","id":"msg_01BEEBzcoJuZWv15","to":"toolu_01RcAFcDKfkR4jUY","say":"msg_id well-known"}"#;

    fn copied(text: &str, copy: u64) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let spans = ids(&bytes);
        rewrite(&mut bytes, &spans, copy);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn ids_are_found_and_words_are_not() {
        let found: Vec<_> = ids(RECORD.as_bytes()).into_iter().map(|span| &RECORD[span]).collect();
        let expected = ["03a2fe8d-6e7a-4f40-a3dc-0edf362f5aa8", "01BEEBzcoJuZWv15", "01RcAFcDKfkR4jUY"];
        assert_eq!(found, expected);
    }

    #[test]
    fn every_copy_has_ids_of_its_own_and_the_same_ones_every_time() {
        assert_eq!(copied(RECORD, 0), RECORD);
        assert_eq!(copied(RECORD, 1), copied(RECORD, 1));
        assert_ne!(copied(RECORD, 1), RECORD);
        assert_ne!(copied(RECORD, 1), copied(RECORD, 2));
        assert_eq!(ids(copied(RECORD, 1).as_bytes()), ids(RECORD.as_bytes()));
        assert!(copied(RECORD, 1).ends_with(r#""say":"msg_id well-known"}"#));
    }

    #[test]
    fn different_ids_stay_different() {
        let many: std::collections::HashSet<String> =
            (0..=255).map(|n: u32| copied(&format!("0{n:07x}-6e7a-4f40-a3dc-0edf362f5aa8"), 3)).collect();
        assert_eq!(many.len(), 256);
    }
}
