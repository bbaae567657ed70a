//! Finds persons: mail addresses, names beside them and in the trailers of commits, user names in paths, and
//! what the caller says of the person whose machine this is.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

use super::{Kind, Span, alone, among};

/// What a word may announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A path below the folder with the homes.
    Home,
    /// A path in one word, as Claude Code names the folders of its transcripts: `-home-NAME-project`.
    FlatHome,
    /// A name after a role.
    Role,
}

/// Words, in lower case, and what they announce.
pub(super) const SIGNS: &[(&str, Sign)] = &[
    ("/home/", Sign::Home),
    ("/users/", Sign::Home),
    ("\\users\\", Sign::Home),
    ("-home-", Sign::FlatHome),
    ("-users-", Sign::FlatHome),
    ("-by:", Sign::Role),
    ("author", Sign::Role),
    ("committer", Sign::Role),
    ("user.name", Sign::Role),
    ("maintainer", Sign::Role),
];

/// Names of accounts that are on many machines, and words that stand for a name. They tell nothing of a
/// person.
const SHARED: &str = "\
    admin administrator agent all anonymous app appuser author azureuser bot build builder circleci ci \
    claude claude-agent cloud codespace codex coder containeradministrator copilot core cursor daemon debian \
    default defaultuser0 demo deploy deployer dev developer docker ec2-user example fedora foo gcp-user git \
    github github-actions gitlab gitpod gopher guest home jenkins jovyan linuxbrew me name nobody node \
    nonroot none null oauth2 openclaw opc opencode operator other pi postgres public redis root runner \
    runneradmin sandbox shared someone somebody ssh system team test testuser test-user token travis ubuntu \
    unknown user user1 user2 username users vagrant vercel-sandbox vscode work worker workspace www-data \
    x-access-token x-oauth-basic you your-name your-user your-username your_name your_user your_username \
    yourname youruser yourusername website webpage about account api assets aur blog browser cache client \
    code components config contact dashboard data docs feed files help images index linux list login logs \
    mac main media news page pages profile project projects sections server settings site src static store \
    styles tmp web";

/// Whether a name stands for no one.
pub(super) fn is_shared_name(name: &str) -> bool {
    name.len() < 2
        || name.bytes().all(|byte| byte.is_ascii_digit())
        || among(SHARED, name.to_ascii_lowercase().as_bytes())
}

/// Adds the person that this word announces.
pub(super) fn read(text: &str, word: Range<usize>, sign: Sign, spans: &mut Vec<Span>) {
    match sign {
        Sign::Home => home(text, word, spans),
        Sign::FlatHome => flat_home(text, word, spans),
        Sign::Role => role(text, word.start, spans),
    }
}

/// `/home/NAME`, `/Users/NAME`, `C:\Users\NAME`, with any number of backslashes.
fn home(text: &str, word: Range<usize>, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let windows = bytes[word.start] == b'\\';
    if !windows && !matches!(&text[word.clone()], "/home/" | "/Users/")
        || !is_top(&text[..word.start], windows)
    {
        return;
    }
    let more = bytes[word.end..].iter().take(4).take_while(|&&byte| byte == b'\\' && windows).count();
    let start = word.end + more;
    let slash = if windows { b'\\' } else { b'/' };
    let mut length = name_length(&text[start..], windows);
    let mut name = text[start..start + length].trim_end_matches(['.', '-', ',']);
    length = name.len();
    let followed = bytes.get(start + length) == Some(&slash);
    // A name with a blank, on Windows, is only sure where the path goes on.
    if !followed && let Some(blank) = name.find(' ') {
        name = &name[..blank];
        length = blank;
    }
    let a_file = !followed && name.rsplit_once('.').is_some_and(|(_, end)| is_file_ending(end));
    let has_letter = name.chars().any(char::is_alphabetic);
    if length >= 2 && has_letter && !a_file && !is_shared_name(name) {
        spans.push(Span::new(start, start + length, Kind::Person));
    }
}

/// How long the name at the beginning of a text is, in bytes.
fn name_length(text: &str, blanks: bool) -> usize {
    let end = text.char_indices().take(40).find(|&(at, c)| {
        let blank = blanks && c == ' ' && at > 0;
        !(c.is_alphanumeric() || "._-".contains(c) || blank)
    });
    end.map_or_else(|| text.char_indices().nth(40).map_or(text.len(), |(at, _)| at), |(at, _)| at)
}

/// Whether a path begins here, or after what may stand before the homes: a drive, a mount.
fn is_top(before: &str, windows: bool) -> bool {
    const MOUNTS: &[&str] =
        &["/c", "/d", "/mnt/c", "/mnt/d", "/var", "/export", "/host", "/private", "/Volumes/Data"];
    let last = before.chars().next_back();
    if windows {
        return matches!(last, Some(':' | '\\'));
    }
    match last {
        Some(c) if c.is_alphanumeric() || "_.-~}*)$".contains(c) => {
            let escaped = "nrt".contains(c) && before[..before.len() - 1].ends_with('\\');
            let mounted = || {
                MOUNTS.iter().any(|mount| {
                    before.strip_suffix(mount).is_some_and(|rest| {
                        !rest.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_.-/".contains(c))
                    })
                })
            };
            escaped || mounted()
        }
        // `file:///home/…`, but not `https://…//home/…`
        Some('/') => before.ends_with("file://"),
        _ => true,
    }
}

fn flat_home(text: &str, word: Range<usize>, spans: &mut Vec<Span>) {
    let before = text[..word.start].chars().next_back();
    if !matches!(&text[word.clone()], "-home-" | "-Users-")
        || !before.is_none_or(|c| c.is_whitespace() || "/\"'`(\\".contains(c))
    {
        return;
    }
    let rest = &text[word.end..];
    let length = rest.bytes().take(32).take_while(u8::is_ascii_alphanumeric).count();
    let name = &rest[..length];
    if length >= 2 && rest[length..].starts_with('-') && !is_shared_name(name) {
        spans.push(Span::new(word.end, word.end + length, Kind::Person));
    }
}

/// A name after a role, as in commits and manifests.
fn role(text: &str, at: usize, spans: &mut Vec<Span>) {
    static ROLES: OnceLock<[Regex; 2]> = OnceLock::new();
    let [beside_mail, by_itself] = ROLES.get_or_init(|| {
        // An apostrophe belongs to a name only before a letter.
        const NAME: &str = r#"((?: [^<>\n\r"'`\\|{}()\[\]=;:$@*\#/] | '[a-z] ){2,60}?)"#;
        const BEFORE: &str = r#"["'*]{0,2} [\ \t]{0,2}"#;
        const AFTER: &str = r#"[\ \t\["'*]{0,6}"#;
        [
            // A trailer or a line of `git log`: whatever stands before the address is the name.
            format!(r#"^(?:-by|author|committer|maintainers?) {BEFORE} [:=] {AFTER} {NAME} [\ \t]?<"#),
            // No address: only where it is a name beyond doubt, which `is_full_name` says.
            format!(
                r#"^(?:-by|authors?|committer|maintainers?|(?:author|committer)_name|user\.name)
                    {BEFORE} [:=]? {AFTER} (?:\{{[\ \t]?"name"[\ \t]?:[\ \t]?")?
                    {NAME} (?:["\n\r|,] | '(?:[^a-z]|$) | \\n | $)"#
            ),
        ]
        .map(|pattern| compile(&pattern))
    });
    let bytes = &text.as_bytes()[at..text.len().min(at + 160)];
    let found = |regex: &Regex| {
        let name = regex.captures(bytes)?.get(1)?;
        // A pattern of bytes may end within a character only where the window does.
        let range = at + name.start()..at + name.end();
        text.get(range.clone()).map(|name| (range, name))
    };
    let sure = found(beside_mail).filter(|(_, name)| is_name(name));
    let found = sure.or_else(|| found(by_itself).filter(|(_, name)| is_full_name(name)));
    if let Some((range, name)) = found {
        let range = range.start + name.len() - name.trim_start().len()..range.start + name.trim_end().len();
        spans.push(Span::new(range.start, range.end, Kind::Person));
    }
}

/// Compiles a pattern of ours: bytes, any case, blanks for the reader only.
fn compile(pattern: &str) -> Regex {
    let regex =
        RegexBuilder::new(pattern).unicode(false).case_insensitive(true).ignore_whitespace(true).build();
    regex.expect("a pattern without input, which a test uses")
}

/// Agents and services that sign commits.
const SERVICES: &str = "\
    claude github copilot codex cursor gemini aider devin dependabot renovate openai anthropic sonnet opus \
    haiku entire noreply authors contributors team project unknown semantic-release gitlab jules amp \
    opencode author copyright example";

/// Whether a text can be a person's name or handle: a few words with letters, and no service.
fn is_name(name: &str) -> bool {
    let name = name.trim();
    let lower = name.to_lowercase();
    // A project may sign with its domain.
    let domain =
        || !name.contains(' ') && name.rsplit_once('.').is_some_and(|(_, top)| (2..=4).contains(&top.len()));
    name.chars().any(char::is_alphabetic)
        && !name.contains(['%', '~', '?', '!', '&'])
        && name.split_whitespace().count() <= 5
        && !lower.split_whitespace().next().is_some_and(|first| among(ROLES, first.as_bytes()))
        && !lower.contains("[bot]")
        && !lower.split([' ', '-', '_']).any(|word| among(SERVICES, word.as_bytes()))
        && !lower.starts_with("your ")
        && !domain()
        && !is_shared_name(name)
}

/// Whether a text is a name even without an address beside it: two to four capitalised words.
fn is_full_name(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    (2..=4).contains(&words.len())
        && is_name(name)
        && words.iter().all(|word| word.chars().all(|c| c.is_alphabetic() || ".'’-".contains(c)))
        && words.iter().all(|word| {
            // `O'Neill`, `Smith-Jones`, `J.` and `McBride` have more capitals than one.
            let mut parts = word.split(['-', '\'', '’', '.']);
            let plain = |part: &str| {
                part.strip_prefix("Mc").unwrap_or(part).chars().skip(1).all(|c| !c.is_uppercase())
            };
            is_capitalised(word) && parts.all(plain) || among(PARTICLES, word.as_bytes())
        })
        && words.iter().any(|word| word.chars().any(char::is_lowercase) || !word.is_ascii())
}

/// First words of names that tests and settings invent.
const ROLES: &str = "\
    test user local global example demo dummy fake mock default human first second original worker service \
    system some another other new old the unknown my";

/// Whether a word begins as names do; scripts without capitals count.
fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase())
}

/// Small words within names.
const PARTICLES: &str = "van von de der den da di dos del bin ibn al la le ten";

/// Adds mail addresses, and the names before those in angle brackets.
pub(super) fn emails(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        email(text, at, 1, spans);
    }
    for at in memmem::find_iter(bytes, b"%40") {
        email(text, at, 3, spans);
    }
}

fn email(text: &str, at: usize, width: usize, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b"._+'-".contains(&byte);
    let local = bytes[at.saturating_sub(64)..at].iter().rev().take_while(|byte| is_local(**byte)).count();
    let mut start = at - local;
    while start < at && !bytes[start].is_ascii_alphanumeric() {
        start += 1;
    }
    if start > 0 && bytes[start - 1] == b'\\' && start < at && b"nrt".contains(&bytes[start]) {
        start += 1;
    }
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let from = at + width;
    let mut end = from + bytes[from..].iter().take(253).take_while(|byte| is_domain(**byte)).count();
    while end > from && !bytes[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    if start >= at
        || end <= from
        || !bytes[at - 1].is_ascii_alphanumeric() && !b"_+-".contains(&bytes[at - 1])
    {
        return;
    }
    let (local, domain) = (&text[start..at], &text[from..end]);
    if !is_mail_domain(domain) || is_service_address(local, domain) || in_url(text, start) {
        return;
    }
    // `git@host:owner/project` is an address of a repository.
    if local == "git" || (bytes.get(end) == Some(&b'/') && local.len() <= 3) {
        return;
    }
    spans.push(Span::new(start, end, Kind::Email));
    if bytes[..start].ends_with(b"<") {
        name_before(text, start - 1, spans);
    }
    field_before(bytes, start, spans);
}

/// Adds the name in the field before an address: `"name": "…", "email": "…"`.
fn field_before(bytes: &[u8], address: usize, spans: &mut Vec<Span>) {
    static FIELDS: OnceLock<Regex> = OnceLock::new();
    let fields = FIELDS.get_or_init(|| {
        const QUOTE: &str = r#"\\?["']"#;
        // Between the two may stand a line end and, where a tool printed it, a line's number and an arrow.
        compile(&format!(
            r#"name (?:{QUOTE})? [\ \t]{{0,2}} [:=] [\ \t]{{0,4}}
                {QUOTE} ([^"'\\\n]{{2,60}}) {QUOTE} ,?
                (?: \\n | \s | \d | \xe2\x86\x92 ){{0,32}}
                (?:{QUOTE})? e-?mail (?:{QUOTE})? [\ \t]{{0,2}} [:=] [\ \t]{{0,4}} (?:{QUOTE})? $"#
        ))
    });
    let from = address.saturating_sub(180);
    let before = &bytes[from..address];
    if !before.trim_ascii_end().ends_with(b"\"") && !before.ends_with(b"'") && !before.ends_with(b" ") {
        return;
    }
    let Some(name) = fields.captures(before).and_then(|found| found.get(1)) else { return };
    if std::str::from_utf8(name.as_bytes()).is_ok_and(is_name) {
        spans.push(Span::new(from + name.start(), from + name.end(), Kind::Person));
    }
}

/// Adds the capitalised words before an address in angle brackets.
fn name_before(text: &str, bracket: usize, spans: &mut Vec<Span>) {
    let line =
        text[..bracket].rfind(['\n', '\r', '"', '<', '>', ':', ';', ',', '(', '[', '|', '\\', '=', '`']);
    let line = line.map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let before = text[line..bracket].trim_end();
    let mut start = before.len();
    for _ in 0..4 {
        let rest = before[..start].trim_end();
        let blank = rest.char_indices().rev().find(|(_, c)| c.is_whitespace());
        let at = blank.map_or(0, |(at, blank)| at + blank.len_utf8());
        if rest.is_empty() || !(is_capitalised(&rest[at..]) || among(PARTICLES, &rest.as_bytes()[at..])) {
            break;
        }
        start = at;
    }
    let name = &before[start..];
    if !name.is_empty() && is_name(name) {
        spans.push(Span::new(line + start, line + before.len(), Kind::Person));
    }
}

/// Domains reserved for examples (RFC 2606), and those that stand in tests as if they were.
const STAND_INS: &str = "\
    example.com example.org example.net example.edu test.com foo.com bar.com domain.com mydomain.com \
    yourdomain.com yourcompany.com";

/// Endings of files that are countries too; a file hardly ever has an `@` in its name.
const MAIL_TOO: &str = "sh rs md py cc ps";

/// Whether a text is a domain that mail can go to: not a file, not a version, not one reserved for examples
/// (RFC 2606, RFC 6761).
fn is_mail_domain(domain: &str) -> bool {
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    let lower = domain.to_ascii_lowercase();
    (2..=18).contains(&top.len())
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (among(MAIL_TOO, top.as_bytes()) || !is_file_ending(top))
        && ![
            "example",
            "test",
            "invalid",
            "localhost",
            "local",
            "internal",
            "setter",
            "getter",
            "deleter",
            "fixture",
            "parametrize",
            "property",
            "mark",
            "skip",
            "latest",
        ]
        .contains(&top.to_ascii_lowercase().as_str())
        && !host.is_empty()
        && domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && !STAND_INS.split(' ').any(|reserved| {
            lower == reserved || lower.strip_suffix(reserved).is_some_and(|sub| sub.ends_with('.'))
        })
}

/// Whether an address is that of a machine.
fn is_service_address(local: &str, domain: &str) -> bool {
    let local = local.to_ascii_lowercase();
    // GitHub puts the number of the account before its name.
    let account = local.split_once('+').map_or(local.as_str(), |(_, account)| account);
    local.contains("noreply")
        || local.contains("no-reply")
        || local.contains("donotreply")
        || local.ends_with("[bot]")
        || (domain.eq_ignore_ascii_case("users.noreply.github.com")
            && (is_shared_name(account) || among(SERVICES, account.as_bytes())))
}

/// Whether a text is part of what stands before the host of a URL.
fn in_url(text: &str, start: usize) -> bool {
    let before = &text.as_bytes()[start.saturating_sub(256)..start];
    let word = before
        .iter()
        .rev()
        .take_while(|byte| !byte.is_ascii_whitespace() && !b"/\"'<>".contains(byte))
        .count();
    before[..before.len() - word].ends_with(b"://")
}

/// Whether letters after a dot are those of a file.
fn is_file_ending(ending: &str) -> bool {
    const ENDINGS: &str = "\
        png jpg jpeg gif svg webp ico pdf js mjs cjs jsx ts mts cts tsx css scss less html htm json jsonl \
        jsonc md mdx yml yaml toml lock py pyi rb rs go java kt kts swift c h cc cpp hpp cs php sh bash zsh \
        fish ps ps1 bat cmd txt xml sql log map vue svelte astro service timer socket mount target env ini \
        cfg conf csv tsv zip gz tgz tar wasm patch diff lua ex exs dart scala gradle tf proto graphql snap \
        woff ttf dist tmpl";
    among(ENDINGS, ending.to_ascii_lowercase().as_bytes())
}

/// What the caller says of the person whose machine this is.
pub(super) struct Own {
    /// Texts in any case.
    whole: Option<AhoCorasick>,
    kinds: Vec<Kind>,
    /// Words of names, as they are written.
    parts: Option<AhoCorasick>,
}

impl Own {
    pub(super) fn new(own: &[String]) -> Self {
        let mut whole: Vec<(String, Kind)> = Vec::new();
        let mut parts: Vec<&str> = Vec::new();
        for text in own.iter().map(|text| text.trim()).filter(|text| text.chars().count() >= 3) {
            if let Some((local, _)) = text.split_once('@') {
                whole.push((text.to_owned(), Kind::Email));
                if local.len() >= 5 && !is_shared_name(local) {
                    whole.push((local.to_owned(), Kind::Person));
                }
            } else if !is_shared_name(text) {
                whole.push((text.to_owned(), Kind::Person));
                let words = text.split_whitespace();
                parts.extend(
                    words.filter(|word| *word != text && word.chars().count() >= 3 && !is_shared_name(word)),
                );
            }
        }
        whole.sort();
        whole.dedup_by(|a, b| a.0 == b.0);
        let (texts, kinds): (Vec<String>, Vec<Kind>) = whole.into_iter().unzip();
        let search = |texts: Vec<&str>, insensitive: bool| {
            (!texts.is_empty()).then(|| {
                let built = AhoCorasick::builder().ascii_case_insensitive(insensitive).build(texts);
                built.expect("a handful of names is far below the automaton's limits")
            })
        };
        Self {
            whole: search(texts.iter().map(String::as_str).collect(), true),
            kinds,
            parts: search(parts, false),
        }
    }

    pub(super) fn find(&self, text: &str, spans: &mut Vec<Span>) {
        let mut add = |range: Range<usize>, kind| {
            if alone(text, range.start, range.end) {
                spans.push(Span::new(range.start, range.end, kind));
            }
        };
        for hit in self.whole.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            add(hit.range(), self.kinds[hit.pattern()]);
        }
        for hit in self.parts.iter().flat_map(|search| search.find_overlapping_iter(text)) {
            add(hit.range(), Kind::Person);
        }
    }
}
