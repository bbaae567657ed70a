//! `cargo xtask leaks`: whether text of transcripts rests in a store, a bundle or anything else that is meant to hold none.
//!
//! Eight bytes are a number, so "every string of eight or more characters" is a set of numbers. Those of the side that
//! should hold nothing are gathered, because it is small; the transcripts stream past them. Letters of both sides are
//! lower case, which finds all that an exact search would. What the side may hold, such as names of columns, stands in
//! [`vocabulary`] and [`excuse`], and is counted wherever it is taken off.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;

/// Text that a store holds by its definition, with the reason. Names of columns and options of the rubric come to it.
const FIXED: &[(&str, &str)] = &[
    ("claude-code", "an agent"),
    ("manifest.json", "a file of every store"),
    ("sessions/month=unknown/", "a folder of every store"),
    (".parquet", "the ending of a store's files"),
    ("scan/state.", "a file of every store"),
    ("scan/records.", "a file of every store"),
    ("generation", "a key of the manifest"),
    ("ARROW:schema", "a key that Parquet writes"),
    ("row_schema", "a name that Parquet writes"),
    ("partition", "a key of the state"),
    ("elsewhere", "a key of the state"),
    ("measured_by", "a key of the state"),
    ("timestamp", "a key of the state"),
    (
        "schema sessions session state records record labels scan size span stamp bytes files bin",
        "keys of the manifest and the state",
    ),
    ("metier rubric and parquet null", "words of the manifest and the state"),
    ("parquet-rs version ", "the writer's name in Parquet"),
    ("metier.schema", "the version of the columns"),
    ("built-in", "the built-in labeller"),
    (
        "JavaScript TypeScript Dockerfile Makefile Markdown Jupyter Notebook Objective-C Protocol Buffer Solidity",
        "languages, from a fixed table",
    ),
];

/// The words that names of models are made of. A stored name counts as one only if it has no other, so that
/// a sentence in the place of a model's name is found.
const MODEL_WORDS: &str = "claude opus sonnet haiku fable gpt codex mini nano max spark oss gemini pro flash lite preview \
    exp latest thinking fast o k m b synthetic glm qwen coder kimi deepseek chat grok llama mistral \
    models";

/// The words that a version may hold beside numbers.
const VERSION_WORDS: &str = "alpha beta rc dev nightly preview v";

/// The keys under which transcripts tell a model or a version; only what looks like one is left out of the search.
const MODEL_KEYS: &[&str] = &["model", "version", "cli_version"];

fn main() -> ExitCode {
    match Asked::read(std::env::args().skip(1)).and_then(|asked| search(&asked)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("leaks: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    corpus: Vec<PathBuf>,
    inside: Vec<PathBuf>,
    verbose: bool,
}

impl Asked {
    fn read(words: impl Iterator<Item = String>) -> Result<Asked> {
        let (mut asked, mut corpus) = (Asked::default(), None);
        for word in words {
            match (word.as_str(), corpus) {
                ("--corpus", _) => corpus = Some(true),
                ("--in", _) => corpus = Some(false),
                ("--verbose", _) => asked.verbose = true,
                (_, Some(true)) => asked.corpus.push(word.into()),
                (_, Some(false)) => asked.inside.push(word.into()),
                (_, None) => bail!("`{word}` stands behind neither --corpus nor --in"),
            }
        }
        Ok(asked)
    }
}

/// Searches, tells, and says whether nothing was found.
fn search(asked: &Asked) -> Result<bool> {
    let mut pieces = Vec::new();
    let inside = files(&asked.inside)?;
    for (root, path) in &inside {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        pieces.push(Piece { place: format!("{name}: its name"), bytes: name.clone().into(), raw: false });
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        open(&name, path, bytes, &mut pieces)?;
    }
    let mut windows = Windows::of(&pieces);
    let told = Told { files: inside.len(), bytes: pieces.iter().map(|piece| piece.bytes.len()).sum() };
    println!("searched in: {told} (raw and decoded), {} windows of 8 bytes", windows.words.len());
    let mut corpus =
        Corpus { windows: &mut windows, told: Told::default(), searched: 0, sources: Vec::new() };
    corpus.own_names();
    for (root, path) in &files(&asked.corpus)? {
        let named = format!("{} {}", path.display(), path.strip_prefix(root).unwrap_or(path).display());
        corpus.text(named.as_bytes(), &|| format!("{}: its name", path.display()));
        corpus.file(path)?;
    }
    println!("searched for: {}, {} windows of their text", corpus.told, corpus.searched);
    if told.bytes == 0 || corpus.searched == 0 || corpus.told.files == 0 {
        bail!("one side is empty: that proves nothing");
    }
    let sources = corpus.sources;
    Ok(tell(&pieces, &windows, &sources, &vocabulary(&pieces), asked.verbose))
}

/// How much was read.
#[derive(Default)]
struct Told {
    files: usize,
    bytes: usize,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files, {} bytes", self.files, self.bytes)
    }
}

/// All files below these paths, each with the path it was found under; what git keeps packed is no file here.
fn files(roots: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = Vec::new();
    for root in roots {
        let root = root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?;
        let mut open = vec![root.clone()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries =
                    fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
                for entry in entries {
                    let entry = entry?;
                    if entry.file_name() != ".git" && !entry.file_type()?.is_symlink() {
                        open.push(entry.path());
                    }
                }
            } else {
                let base =
                    if path == root { path.parent().unwrap_or(&root).to_owned() } else { root.clone() };
                found.push((base, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A stretch of bytes in which text could rest, and where it is.
struct Piece {
    place: String,
    bytes: Vec<u8>,
    /// As it stands in the file, not decoded.
    raw: bool,
}

/// The bytes of a file, and what they hold if they are packed in a way that we know.
fn open(name: &str, path: &Path, bytes: Vec<u8>, pieces: &mut Vec<Piece>) -> Result<()> {
    let within = |error: anyhow::Error| error.context(format!("cannot open {name}"));
    match packing(&bytes) {
        Packing::Parquet => parquet(name, path, pieces).map_err(within)?,
        Packing::Zstd => {
            let inner = unzstd(&bytes).map_err(within)?;
            if !matches!(packing(&inner), Packing::None) {
                bail!("{name} is packed twice: unpack it first");
            }
            open(&format!("{name} unpacked"), path, inner, pieces)?;
        }
        Packing::Sqlite => cells(path, &mut |place, cell| {
            pieces.push(Piece { place: format!("{name}: {place}"), bytes: cell.to_vec(), raw: false });
        })
        .map_err(within)?,
        Packing::Unknown(kind) => bail!("{name} is {kind}, which nothing here unpacks: unpack it first"),
        Packing::None => {
            for document in json(&bytes).into_iter().flat_map(|(_, _, document)| document.ok()) {
                strings(&document, "", &mut |key, text| {
                    let place = format!("{name}: {key}");
                    pieces.push(Piece { place, bytes: text.as_bytes().to_vec(), raw: false });
                });
            }
        }
    }
    pieces.push(Piece { place: name.to_owned(), bytes, raw: true });
    Ok(())
}

enum Packing {
    None,
    Parquet,
    Zstd,
    Sqlite,
    Unknown(&'static str),
}

fn packing(bytes: &[u8]) -> Packing {
    match bytes {
        [b'P', b'A', b'R', b'1', ..] if bytes.len() > 8 => Packing::Parquet,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Packing::Zstd,
        [0x1F, 0x8B, ..] => Packing::Unknown("a gzip file"),
        [b'P', b'K', 3, 4, ..] => Packing::Unknown("a zip file"),
        [0xFD, b'7', b'z', b'X', b'Z', ..] => Packing::Unknown("an xz file"),
        _ if bytes.starts_with(b"SQLite format 3\0") => Packing::Sqlite,
        _ => Packing::None,
    }
}

fn unzstd(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut inner = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|error| anyhow!("{error}"))?;
    decoder.read_to_end(&mut inner)?;
    Ok(inner)
}

/// Every page of every column unpacked, dictionaries among them; every text that the columns hold; what the file
/// tells of itself. Statistics and the page index stand unpacked in the raw bytes.
fn parquet(name: &str, path: &Path, pieces: &mut Vec<Piece>) -> Result<()> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let mut piece = |place: &str, bytes: &[u8]| {
        pieces.push(Piece { place: format!("{name}: {place}"), bytes: bytes.to_vec(), raw: false });
    };
    let file = reader.metadata().file_metadata();
    for pair in file.key_value_metadata().into_iter().flatten() {
        piece("metadata", pair.key.as_bytes());
        piece(&format!("metadata {}", pair.key), pair.value.as_deref().unwrap_or_default().as_bytes());
    }
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        for column in 0..group.num_columns() {
            let about = group.metadata().column(column);
            let path = about.column_path().string();
            for bound in about.statistics().into_iter().flat_map(|s| [s.min_bytes_opt(), s.max_bytes_opt()]) {
                piece(&format!("statistics of {path}"), bound.unwrap_or_default());
            }
            let mut pages = group.get_column_page_reader(column)?;
            while let Some(page) = pages.get_next_page()? {
                piece(&format!("a {:?} of {path}", page.page_type()), page.buffer());
            }
        }
    }
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            values(column, &mut |text| piece(&format!("column {}", field.name()), text));
        }
    }
    Ok(())
}

/// Every text and every binary value of a column, also within lists.
fn values(column: &ArrayRef, take: &mut dyn FnMut(&[u8])) {
    if let Some(texts) = column.as_string_opt::<i32>() {
        texts.iter().flatten().for_each(|text| take(text.as_bytes()));
    } else if let Some(binary) = column.as_binary_opt::<i32>() {
        binary.iter().flatten().for_each(take);
    } else if let Some(lists) = column.as_list_opt::<i32>() {
        values(lists.values(), take);
    }
}

/// Every text and blob of a SQLite file, and the words that made its tables.
fn cells(path: &Path, take: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
    // Immutable: to look at a database must leave nothing beside it. Its log is a file of its own.
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let base = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?;
    let mut list = base.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names: Vec<String> = list.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in names.iter().map(String::as_str).chain(["sqlite_master"]) {
        let mut all = base.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
        let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            for (index, column) in columns.iter().enumerate() {
                if let ValueRef::Text(cell) | ValueRef::Blob(cell) = row.get_ref(index)? {
                    take(&format!("{table}.{column}"), cell);
                }
            }
        }
    }
    Ok(())
}

/// The JSON documents of a file, each with its line and its bytes: the file as a whole, or each of its lines.
fn json(bytes: &[u8]) -> Vec<(usize, &[u8], Result<Json, ()>)> {
    if let Ok(whole @ (Json::Object(_) | Json::Array(_))) = serde_json::from_slice(bytes) {
        return vec![(1, bytes, Ok(whole))];
    }
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.map(|(at, line)| (at + 1, line, serde_json::from_slice(line).map_err(|_| ()))).collect()
}

/// Every string of a document with the key it stands under, and every key.
fn strings(document: &Json, key: &str, take: &mut dyn FnMut(&str, &str)) {
    match document {
        Json::String(text) => take(key, text),
        Json::Array(items) => items.iter().for_each(|item| strings(item, key, take)),
        Json::Object(fields) => {
            for (name, value) in fields {
                take("a key", name);
                strings(value, name, take);
            }
        }
        _ => {}
    }
}

/// The windows of the side that should hold no text, in order, and for each where it was seen in a transcript.
struct Windows {
    words: Vec<u64>,
    /// A bit for each of the hashes of `words`: most windows of a transcript end here.
    filter: Vec<u64>,
    /// One more than the place in the corpus' sources; 0 for none.
    seen: Vec<u32>,
}

/// The windows of a text, each with where it begins.
fn windows(text: &[u8]) -> impl Iterator<Item = (usize, u64)> + '_ {
    let mut window = 0;
    text.iter().enumerate().filter_map(move |(at, byte)| {
        window = window << 8 | u64::from(byte.to_ascii_lowercase());
        (at >= 7).then(|| (at - 7, window))
    })
}

impl Windows {
    fn of(pieces: &[Piece]) -> Windows {
        let mut words: Vec<u64> =
            pieces.iter().flat_map(|piece| windows(&piece.bytes)).map(|(_, window)| window).collect();
        words.sort_unstable();
        words.dedup();
        let size = (words.len() * 64).next_power_of_two().clamp(64, 1 << 30);
        let (mut filter, seen) = (vec![0; size / 64], vec![0; words.len()]);
        for word in &words {
            let bit = hash(*word) as usize & (size - 1);
            filter[bit / 64] |= 1 << (bit % 64);
        }
        Windows { words, filter, seen }
    }

    fn find(&self, window: u64) -> Option<usize> {
        let bit = hash(window) as usize & (self.filter.len() * 64 - 1);
        if self.filter[bit / 64] & 1 << (bit % 64) == 0 {
            return None;
        }
        self.words.binary_search(&window).ok()
    }
}

fn hash(window: u64) -> u64 {
    window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20
}

/// The transcripts, as they stream past.
struct Corpus<'w> {
    windows: &'w mut Windows,
    told: Told,
    searched: usize,
    sources: Vec<String>,
}

impl Corpus<'_> {
    fn text(&mut self, text: &[u8], source: &dyn Fn() -> String) {
        let mut first = true;
        for (_, window) in windows(text) {
            self.searched += 1;
            let Some(at) = self.windows.find(window) else { continue };
            if self.windows.seen[at] == 0 {
                if std::mem::take(&mut first) {
                    self.sources.push(source());
                }
                self.windows.seen[at] = self.sources.len() as u32;
            }
        }
    }

    /// Who works here: what `metier` could have asked the machine for.
    fn own_names(&mut self) {
        for name in ["USER", "LOGNAME", "USERNAME", "HOME", "USERPROFILE", "HOSTNAME"] {
            let value = std::env::var(name).unwrap_or_default();
            self.text(value.as_bytes(), &|| format!("${name}"));
        }
        if let Ok(told) = Command::new("git").args(["config", "--get-regexp", "^user\\."]).output() {
            self.text(&told.stdout, &|| "git config".to_owned());
        }
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let mut bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.told.files += 1;
        self.told.bytes += bytes.len();
        match packing(&bytes) {
            Packing::Unknown(kind) => bail!("{} is {kind}: unpack it first", path.display()),
            Packing::Sqlite => {
                return cells(path, &mut |place, cell| {
                    self.documents(cell, &|| format!("{}: {place}", path.display()));
                });
            }
            Packing::Zstd => bytes = unzstd(&bytes)?,
            Packing::Parquet | Packing::None => {}
        }
        self.documents(&bytes, &|| path.display().to_string());
        Ok(())
    }

    fn documents(&mut self, bytes: &[u8], place: &dyn Fn() -> String) {
        for (line, bytes, document) in json(bytes) {
            let Ok(document) = document else {
                self.text(bytes, &|| format!("{}:{line}", place()));
                continue;
            };
            strings(&document, "", &mut |key, text| {
                if MODEL_KEYS.contains(&key) && (is_model(text) || is_version(text)) {
                    return;
                }
                let source = || format!("{}:{line} {key}", place());
                self.text(text.as_bytes(), &source);
                if !text.is_ascii() {
                    self.text(escaped(text).as_bytes(), &source);
                }
            });
        }
    }
}

/// Text as many writers of JSON have it: so it stood in the file, whoever copies bytes copies that.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

fn is_model(name: &str) -> bool {
    name.len() <= 60 && made_of(name, MODEL_WORDS)
}

fn is_version(name: &str) -> bool {
    name.len() <= 30 && name.contains(|c: char| c.is_ascii_digit()) && made_of(name, VERSION_WORDS)
}

fn made_of(name: &str, words: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-._:/@+<>".contains(c));
    let mut parts = name.split(|c: char| !c.is_ascii_alphabetic()).filter(|part| !part.is_empty());
    plain && parts.all(|part| words.split(' ').any(|word| word.eq_ignore_ascii_case(part)))
}

/// The windows that may be there, each with the reason, and the words of them.
fn vocabulary(pieces: &[Piece]) -> (HashMap<u64, String>, HashSet<Vec<u8>>) {
    let (mut known, mut words) = (HashMap::new(), HashSet::new());
    let mut add = |text: &str, reason: &str| {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.extend(parts.map(|part| part.to_ascii_lowercase().into_bytes()));
        for (_, window) in windows(text.as_bytes()) {
            known.entry(window).or_insert_with(|| format!("{text}: {reason}"));
        }
    };
    FIXED.iter().for_each(|(text, reason)| add(text, reason));
    for schema in [metier_store::schema(), metier_store::labels_schema()] {
        schema.fields().iter().for_each(|field| add(field.name(), "a column"));
    }
    let rubric = metier_label::rubric();
    for question in rubric.questions.iter().chain([&rubric.intent]) {
        question.options().iter().for_each(|option| add(&option.name, "an option of the rubric"));
    }
    for piece in pieces.iter().filter(|piece| !piece.raw) {
        let of = |names: &[&str]| names.iter().any(|name| piece.place.ends_with(&format!(": column {name}")));
        let Ok(text) = std::str::from_utf8(&piece.bytes) else { continue };
        if of(&["models", "main_model"]) && is_model(text) {
            add(text, "a model");
        } else if of(&["agent_version"]) && is_version(text) {
            add(text, "a version");
        }
    }
    (known, words)
}

/// Why a hit that is in no vocabulary can be no text of anybody, if there is a reason.
fn excuse(piece: &Piece, from: usize, to: usize, words: &HashSet<Vec<u8>>) -> Option<&'static str> {
    let bytes = &piece.bytes;
    let hit = &bytes[from..to];
    if hit.iter().all(|byte| *byte == hit[0]) {
        return Some("one character over and over");
    }
    let packed = piece.raw && bytes.starts_with(b"PAR1");
    let of_schema = piece.place.ends_with("ARROW:schema") || packed;
    let zeros = hit.iter().filter(|byte| **byte == b'A').count();
    if of_schema && hit.len() < 24 && zeros * 2 > hit.len() && !hit.contains(&b' ') {
        return Some("zeros of the schema in base64");
    }
    // The words that it touches, whole.
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..);
    let before = bytes[..from].iter().rev().take_while(|byte| is_word(&hit[0]) && is_word(byte)).count();
    let last = hit[hit.len() - 1];
    let after = bytes[to..].iter().take_while(|byte| is_word(&last) && is_word(byte)).count();
    let whole = bytes[from - before..to + after].to_ascii_lowercase();
    let (mut hashes, mut known) = (false, 0);
    for word in whole.split(|byte| !is_word(byte)).filter(|word| !word.is_empty()) {
        if word.len() == 1 || word.iter().all(|byte| matches!(byte, b'0'..=b'9' | b't' | b'z')) {
            continue;
        }
        if matches!(word.len(), 16 | 32) && word.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            hashes = true;
        } else if words.contains(word) || packed && hit.len() < 16 && part_of(word, words) {
            known += 1;
        } else {
            return None;
        }
    }
    match (hashes, known) {
        // A store holds thousands of random hexadecimal digits, and transcripts millions: eight of them meet by chance.
        (true, 0) if hit.len() < 12 => Some("a few digits of a keyed hash, by chance"),
        (true, 1) if hit.len() < 24 => Some("a key beside the first digits of a keyed hash"),
        (false, 0) => Some("digits and punctuation: numbers and times"),
        // More of them in a row could be a sentence that is made of nothing else.
        (false, 1..=3) => Some("up to three known words and punctuation"),
        _ => None,
    }
}

/// Snappy cuts words in pieces: in the raw bytes of Parquet, whose pages are searched unpacked too, a part stands for all.
fn part_of(part: &[u8], words: &HashSet<Vec<u8>>) -> bool {
    words.iter().any(|word| word.starts_with(part) || word.ends_with(part))
}

/// Tells what was found; whether that is nothing.
fn tell(
    pieces: &[Piece],
    windows_in: &Windows,
    sources: &[String],
    (known, words): &(HashMap<u64, String>, HashSet<Vec<u8>>),
    verbose: bool,
) -> bool {
    let mut found: BTreeMap<String, (usize, Vec<String>, &str)> = BTreeMap::new();
    let mut excused: BTreeMap<String, usize> = BTreeMap::new();
    for piece in pieces {
        // From, to, whether a window of it is outside of the vocabulary, and where that was seen.
        let mut run: Option<(usize, usize, u32)> = None;
        let mut runs = Vec::new();
        for (at, window) in windows(&piece.bytes) {
            let seen = windows_in.find(window).map_or(0, |index| windows_in.seen[index]);
            if seen == 0 {
                runs.extend(run.take());
                continue;
            }
            let reason = known.get(&window);
            if let Some(reason) = reason {
                *excused.entry(reason.clone()).or_default() += 1;
            }
            let source = if reason.is_some() { 0 } else { seen };
            run = Some(match run {
                Some((from, _, first)) => (from, at + 8, if first == 0 { source } else { first }),
                None => (at, at + 8, source),
            });
        }
        runs.extend(run);
        for (from, to, source) in runs.into_iter().filter(|(_, _, source)| *source > 0) {
            if let Some(why) = excuse(piece, from, to, words) {
                *excused.entry(why.to_owned()).or_default() += to - from - 7;
                continue;
            }
            let text = match std::str::from_utf8(&piece.bytes[from..to]) {
                Ok(text) => format!("{text:?}"),
                Err(_) => piece.bytes[from..to].escape_ascii().to_string(),
            };
            let source = sources.get(source as usize - 1).map_or("", String::as_str);
            let entry = found.entry(text).or_insert_with(|| (0, Vec::new(), source));
            entry.0 += 1;
            entry.1.push(format!("{} at byte {from}", piece.place));
        }
    }
    let taken: usize = excused.values().sum();
    println!("taken off: {taken} windows for {} reasons{}", excused.len(), if verbose { ":" } else { "" });
    if verbose {
        excused.iter().for_each(|(reason, count)| println!("  {count:>7}  {reason}"));
    }
    for (text, (count, places, source)) in &found {
        println!("FOUND {count} times: {text}\n    as in {source}");
        let shown = if verbose { places.len() } else { 3 };
        places.iter().take(shown).for_each(|place| println!("    {place}"));
    }
    println!("found: {}", if found.is_empty() { "nothing".to_owned() } else { found.len().to_string() });
    found.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(corpus: &str, inside: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("corpus"), folder.path().join("in"));
        [&from, &to].into_iter().for_each(|path| fs::create_dir(path).unwrap());
        fs::write(from.join("s.jsonl"), corpus).unwrap();
        fs::write(to.join("m.json"), inside).unwrap();
        !search(&Asked { corpus: vec![from], inside: vec![to], verbose: true }).unwrap()
    }

    #[test]
    fn eight_characters_are_found_and_fewer_are_not() {
        let corpus = r#"{"message":{"content":"the pomegranate of Käthe"},"a question?":1}"#;
        for (inside, leak) in [
            (r#"{"x":"POMEGRAN"}"#, true),
            (r#"{"x":"pomegra"}"#, false),
            (r#"{"x":"of K\u00e4the"}"#, true),
            (r#"{"x":"a question"}"#, true),
            ("no JSON: megranat", true),
        ] {
            assert_eq!(found(corpus, inside), leak, "{inside}");
        }
    }

    #[test]
    fn what_a_store_holds_by_definition_is_no_leak_and_sentences_of_it_are() {
        let said = "planning_user_share in 2026-01-05T10:00:00Z; new building failed documentation again";
        let corpus = format!(r#"{{"content":"{said}"}}"#);
        assert!(!found(&corpus, r#"{"x":"planning_user_share","y":"2026-01-05T10:00:00Z"}"#));
        assert!(found(&corpus, r#"{"x":"building failed documentation again"}"#));
    }

    #[test]
    fn names_of_models_are_made_of_known_words() {
        assert!(is_model("claude-opus-4-5-20251101") && is_model("gpt-5.3-codex-spark"));
        assert!(!is_model("claude-tell-nobody") && !is_model("claude opus") && !is_model("a@b.example"));
        assert!(is_version("2.1.70-beta.1") && !is_version("Thursday") && !is_version("beta"));
    }

    #[test]
    fn an_empty_side_proves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let empty = vec![folder.path().to_owned()];
        assert!(search(&Asked { corpus: empty.clone(), inside: empty, verbose: false }).is_err());
    }
}
