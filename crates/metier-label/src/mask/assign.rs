//! Finds values that a name calls secret: `PASSWORD=…`, `"api_key": "…"`, `--token …`,
//! `<password>…</password>`, `Authorization: Bearer …`, in whatever language. A password is believed almost
//! anything; a token must look drawn by chance, for code is full of tokens that are no secret.

use std::ops::Range;

use super::chance::{Humps, of_words, random, stands_in};
use super::{Kind, Span, among};

/// Beginnings and ends of the words that can name a secret. Which names do, [`Class::of`] says.
pub(super) const WORDS: &[&str] = &[
    "passw",
    "passphrase",
    "passcode",
    "_pass",
    "-pass",
    ".pass",
    "dbpass",
    "pwd",
    "secret",
    "token",
    "key",
    "cred",
    "auth",
    "cookie",
    "jwt",
];

/// Longest name and longest value, in bytes.
const LONGEST_NAME: usize = 80;
const LONGEST_VALUE: usize = 4_096;

/// What a name promises of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Chosen by a person, so it may look like anything.
    Password,
    /// Drawn by chance, and hardly anything else has such a name.
    Secret,
    /// Drawn by chance, but the name is also used for things that are no secret.
    Token,
    /// Several pairs of name and value.
    Cookie,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Quoted,
    /// In an environment file, a command line, a query or a header: up to the next blank.
    Verbatim,
    /// After a flag and a blank.
    After,
    /// Bare, where code stands as well.
    Bare,
    /// Bare, but a blank or a line's end follows, as in YAML, in settings and in prose, seldom in code.
    Alone,
    /// In quotes, but compared with the name, or given to a call or a list with it.
    Beside,
}

/// Reads names with their values, in the order of the text.
pub(super) struct Reader<'t> {
    text: &'t [u8],
    /// Where the last name read ends.
    done: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, done: 0 }
    }

    /// Adds the value of the name around this word, if it has one and it is secret.
    pub(super) fn read(&mut self, start: usize, end: usize, spans: &mut Vec<Span>) {
        if start < self.done {
            return;
        }
        let (start, end) = self.name(start, end);
        self.done = end;
        let class = Class::of(&self.text[start..end]).or_else(|| self.class_of_two(start, end));
        let Some(class) = class else { return };
        if class == Class::Cookie {
            self.cookies(end, spans);
            return;
        }
        if let Some((value, written)) = self.value(start, end)
            && class.accepts(&self.text[value.clone()], written)
        {
            spans.push(Span::new(value.start, value.end, Kind::Secret));
        }
    }

    /// What a key promises whose name has a blank in it: `API key: …`
    fn class_of_two(&self, start: usize, end: usize) -> Option<Class> {
        if !self.text[start..end].eq_ignore_ascii_case(b"key") || start == 0 || self.text[start - 1] != b' ' {
            return None;
        }
        let before = &self.text[start.saturating_sub(16)..start - 1];
        let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = before[before.len() - length..].to_ascii_lowercase();
        among(OF_A_SECRET_KEY, &word).then_some(Class::Secret)
    }

    /// The whole name around a word in it.
    fn name(&self, start: usize, end: usize) -> (usize, usize) {
        let text = self.text;
        let before = text[start.saturating_sub(LONGEST_NAME)..start].iter().rev();
        let mut first = start - before.take_while(|byte| is_name(**byte)).count();
        // `\nPASSWORD`: the letter belongs to an escaped line end.
        if first < start && first > 0 && text[first - 1] == b'\\' && b"nrt".contains(&text[first]) {
            first += 1;
        }
        let after = text[end..].iter().take(LONGEST_NAME);
        let mut last = end + after.take_while(|byte| is_name(**byte)).count();
        while last > end && b".-".contains(&text[last - 1]) {
            last -= 1;
        }
        (first, last)
    }

    /// The value after a name: where it is, and how it is written.
    fn value(&self, start: usize, end: usize) -> Option<(Range<usize>, Written)> {
        let text = self.text;
        let flag = text[start] == b'-';
        let opened = start > 0 && is_quote(text[start - 1]);
        let mut at = end;
        let mut closed = false;
        // The end of a quoted name, and of an index: `os.environ["TOKEN"] = …`
        while at < text.len() && at < end + 6 && (is_quote(text[at]) || b"\\])".contains(&text[at])) {
            if text[at] == b'\\' && !text.get(at + 1).is_some_and(|&byte| is_quote(byte) || byte == b'\\') {
                break;
            }
            closed |= is_quote(text[at]);
            at += 1;
        }
        if closed && !opened && text[at - 1] != b']' {
            // A text that ends in the word, rather than a name in quotes.
            return None;
        }
        let blank = blanks(text, at);
        at += blank;
        let rest = &text[at..];
        let env = !opened && !closed && blank == 0;
        let (width, mut written) = match rest {
            // `<add key="Password" value="…" />`
            [b'v', b'a', b'l', b'u', b'e', b'=', ..] if closed => (6, Written::Bare),
            [b'=', b'=', b'=', ..] => (3, Written::Beside),
            [b'=', b'=', ..] => (2, Written::Beside),
            [b'=', b'>', ..] | [b':', b'=', ..] | [b'?' | b'!', b':', ..] => (2, Written::Bare),
            [b':', b':', ..] => return None,
            [b'=', ..] if env && self.is_verbatim(start, end) => (1, Written::Verbatim),
            [b'=' | b':', ..] => (1, Written::Bare),
            [b'>', ..] if start > 0 && text[start - 1] == b'<' => (1, Written::Verbatim),
            [b',', ..] if closed => (1, Written::Beside),
            [b'(', ..] if !closed && blank == 0 => (1, Written::Beside),
            [b'i', b's', b' ', ..] if blank == 1 => (3, Written::Alone),
            [first, ..] if flag && blank > 0 && !b"-|&;<>".contains(first) => (0, Written::After),
            _ => return None,
        };
        at += width;
        if written == Written::Verbatim && width == 1 && blank == 0 && text.get(at) == Some(&b' ') {
            return None;
        }
        at += blanks(text, at);
        if rest[0] == b':' {
            at = after_type(text, at);
        }
        at = after_wrapper(text, at);
        let (value, quoted) = read_value(text, at, matches!(written, Written::Verbatim | Written::After))?;
        let ends = text.get(value.end).is_none_or(|&byte| byte.is_ascii_whitespace() || byte == b'"');
        match (written, quoted) {
            (Written::Beside, false) => return None,
            (Written::Verbatim | Written::After | Written::Bare | Written::Alone, true) => {
                written = Written::Quoted
            }
            (Written::Bare, false) if ends && (rest[0] != b'=' || env && at == end + 1) => {
                written = Written::Alone
            }
            _ => {}
        }
        Some((after_scheme(text, value), written))
    }

    /// Whether `NAME=value` is not code: a variable of an environment, a flag, a query, a connection string.
    fn is_verbatim(&self, start: usize, end: usize) -> bool {
        let name = &self.text[start..end];
        let capitals = !name.iter().any(u8::is_ascii_lowercase);
        let before = start.checked_sub(1).map(|at| self.text[at]);
        name[0] == b'-' || capitals || matches!(before, Some(b'?' | b'&' | b';'))
    }

    /// Adds the values of cookies, up to the end of the line or the text.
    fn cookies(&self, end: usize, spans: &mut Vec<Span>) {
        let line = &self.text[end..self.text.len().min(end + LONGEST_VALUE)];
        let line = &line[..line.iter().take_while(|&&byte| byte != b'\n').count()];
        let mut from = 0;
        while let Some(equals) = memchr::memchr(b'=', &line[from..]) {
            let value = from + equals + 1;
            let length = line[value..].iter().take_while(|byte| is_cookie(**byte)).count();
            if random(&line[value..value + length], 16) && !stands_in(&line[value..value + length]) {
                spans.push(Span::new(end + value, end + value + length, Kind::Secret));
            }
            from = value + length;
        }
    }
}

impl Class {
    /// What a name says of its value; nothing if it does not name a secret.
    fn of(name: &[u8]) -> Option<Self> {
        let mut words: Vec<Vec<u8>> = name
            .split(|byte| !byte.is_ascii_alphanumeric())
            .flat_map(Humps)
            .map(<[u8]>::to_ascii_lowercase)
            .collect();
        while words.len() > 1 && words.last().is_some_and(|word| is_qualifier(word)) {
            words.pop();
        }
        let last = words.pop()?;
        let before = words.last().map_or(&b""[..], Vec::as_slice);
        match last.as_slice() {
            b"pass" if !words.is_empty() && !among(OF_A_TEST, before) => Some(Self::Password),
            b"key" if among(OF_A_SECRET_KEY, before) && !words.iter().any(|word| word == b"public") => {
                Some(Self::Secret)
            }
            b"token" | b"tokens" if among(OF_A_TEXT, before) => None,
            b"token" | b"jwt" | b"auth" | b"authorization" | b"credential" | b"credentials" | b"creds" => {
                Some(Self::Token)
            }
            b"cookie" | b"cookies" => Some(Self::Cookie),
            b"pw" => Some(Self::Password),
            b"secret" => Some(Self::Secret),
            word if PASSWORDS.split(' ').any(|end| word.ends_with(end.as_bytes())) => Some(Self::Password),
            word if SECRETS.split(' ').any(|end| word.ends_with(end.as_bytes())) => Some(Self::Secret),
            word if word.ends_with(b"token") && word.len() > 7 => Some(Self::Token),
            _ => None,
        }
    }

    fn accepts(self, value: &[u8], written: Written) -> bool {
        if value.len() < 6
            || stands_in(value)
            || value.iter().any(u8::is_ascii_whitespace)
            || value.windows(3).any(|three| three == b"://")
            || is_constant(value)
            || (written == Written::Bare && (is_code(value) || is_identifier(value)))
            || (written == Written::Alone && is_code(value))
        {
            return false;
        }
        match self {
            Self::Password if matches!(written, Written::Bare | Written::Alone) => {
                value.iter().any(u8::is_ascii_digit) && !is_path(value)
            }
            Self::Password if written == Written::Beside => random(value, 8),
            // `--password options` is said of a program.
            Self::Password if written == Written::After && value.iter().all(u8::is_ascii_lowercase) => false,
            // A label, or the name of a field.
            Self::Password if value.to_ascii_lowercase().ends_with(b"password") => false,
            Self::Password => !is_path(value),
            Self::Secret => random(value, 8),
            Self::Token | Self::Cookie => random(value, 16),
        }
    }
}

/// Words after the one that counts: `PASSWORD_PROD`, `apiKeyValue`.
fn is_qualifier(word: &[u8]) -> bool {
    const QUALIFIERS: &str = "\
        value val raw plain plaintext base64 b64 hex str string dev prod production staging stage test local \
        live sandbox default env new old current admin root main primary secondary backup";
    among(QUALIFIERS, word) || word.iter().all(u8::is_ascii_digit)
}

const PASSWORDS: &str = "password passwd passwort passphrase passcode pwd dbpass userpass smtppass";
const SECRETS: &str = "\
    secret apikey secretkey accesskey privatekey authkey signingkey encryptionkey accountkey masterkey \
    appkey servicekey apitoken";
/// Words before `key` that make it a secret one.
const OF_A_SECRET_KEY: &str = "\
    api access secret private auth encryption decryption signing master account shared storage service \
    client app application deploy license licence webhook admin root jwt hmac aes crypto consumer role write \
    ingest integration subscription functions host openai anthropic sendgrid stripe datadog";
/// Words before `token` that make it a part of a text, of a list or of a computation.
const OF_A_TEXT: &str = "\
    page next prev previous continuation cancellation cancel eos bos pad sep unk mask special stop max min \
    per first last current sync design";
/// Words before `pass` that are about steps and tests.
const OF_A_TEST: &str = "\
    first second two one by multi test tests must should all no to will render single last can did compiler \
    final checks each";

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

fn is_quote(byte: u8) -> bool {
    b"\"'`".contains(&byte)
}

fn is_cookie(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"%._~+/:|!*-".contains(&byte)
}

/// Number of blanks here, at most as many as a table is wide.
fn blanks(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(40).take_while(|byte| b" \t".contains(byte)).count()
}

/// After the type of a declaration, if there is one: `: &str = "…"`.
fn after_type(text: &[u8], at: usize) -> usize {
    let line = &text[at..text.len().min(at + 40)];
    let is_type = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_&<>[]|?:' .".contains(byte);
    let length = line.iter().take_while(is_type).count();
    match &line[length..] {
        [b'=', b'=' | b'>', ..] => at,
        [b'=', ..] if length > 0 && line[length - 1] == b' ' => {
            at + length + 1 + blanks(text, at + length + 1)
        }
        _ => at,
    }
}

/// After what may stand before a text: `Some("…")`, `String::from("…")`, `b"…"`.
fn after_wrapper(text: &[u8], at: usize) -> usize {
    let line = &text[at..text.len().min(at + 48)];
    let length =
        line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_:.&".contains(byte)).count();
    // Others, such as `env(…)`, are given the name of a secret.
    const WRAPPERS: &[&[u8]] =
        &[b"Some", b"Ok", b"from", b"new", b"String", b"str", b"Secret", b"SecretStr", b"bytes"];
    let last = line[..length].rsplit(|byte| b":.&".contains(byte)).next().unwrap_or_default();
    match &line[length..] {
        [b'(', quote, ..] if WRAPPERS.contains(&last) && is_quote(*quote) => at + length + 1,
        [quote, ..] if (1..=2).contains(&length) && is_quote(*quote) => at + length,
        _ => at,
    }
}

/// After the word that says how an `Authorization` is meant.
fn after_scheme(text: &[u8], value: Range<usize>) -> Range<usize> {
    const SCHEMES: &[&[u8]] =
        &[b"bearer", b"basic", b"token", b"apikey", b"api-key", b"digest", b"negotiate"];
    let found = &text[value.clone()];
    for scheme in SCHEMES {
        if found.len() >= scheme.len() && found[..scheme.len()].eq_ignore_ascii_case(scheme) {
            let after = value.start + scheme.len();
            let blank = blanks(text, after);
            if after == value.end && blank > 0 {
                // A bare value ended at the blank.
                let start = after + blank;
                let length =
                    text[start..].iter().take(LONGEST_VALUE).take_while(|byte| !ends_bare(**byte)).count();
                return start..start + length;
            }
            if blank > 0 && after + blank < value.end {
                return after + blank..value.end;
            }
        }
    }
    value
}

/// The value that begins here, and whether it is in quotes.
fn read_value(text: &[u8], at: usize, verbatim: bool) -> Option<(Range<usize>, bool)> {
    let escapes = text[at..].iter().take(3).take_while(|&&byte| byte == b'\\').count();
    if let Some(&quote) = text.get(at + escapes).filter(|&&byte| is_quote(byte)) {
        let start = at + escapes + 1;
        let rest = &text[start..text.len().min(start + LONGEST_VALUE)];
        // A text quoted within a text ends where as many backslashes stand before the quote.
        let end = memchr::memchr2_iter(quote, b'\n', rest).find(|&end| {
            rest[end] == b'\n'
                || rest[..end].iter().rev().take_while(|&&byte| byte == b'\\').count() <= escapes
        });
        return match end {
            Some(end) if rest[end] == quote => {
                let escapes = rest[..end].iter().rev().take_while(|&&byte| byte == b'\\').count();
                Some((start..start + end - escapes, true))
            }
            // Cut off before its end.
            _ => Some((start..start + rest.iter().take_while(|byte| !ends_bare(**byte)).count(), true)),
        };
    }
    let rest = &text[at..text.len().min(at + LONGEST_VALUE)];
    let ends = |byte: &u8| if verbatim { ends_verbatim(*byte) } else { ends_bare(*byte) };
    let mut length = rest.iter().take_while(|byte| !ends(byte)).count();
    while length > 0 && b";,)]}&.:?".contains(&rest[length - 1]) {
        length -= 1;
    }
    (length > 0).then(|| (at..at + length, false))
}

fn ends_verbatim(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'`<>|\\&;".contains(&byte)
}

fn ends_bare(byte: u8) -> bool {
    ends_verbatim(byte) || b",)]}".contains(&byte)
}

/// Whether a value is the name of a constant or a variable of an environment: `DB_PASSWORD`.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_')
        && value.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && of_words(value)
}

/// Whether a bare value is an expression rather than a text.
fn is_code(value: &[u8]) -> bool {
    is_number(value)
        || value.iter().all(|byte| byte.is_ascii_alphabetic() || b"_.-".contains(byte))
        || value.iter().any(|byte| b"([{".contains(byte))
        || value.windows(2).any(|two| two == b"::" || two == b"->" || two == b"=>" || two == b"()")
}

/// Whether a value can be a variable, a field or a constant: words joined by `_`, `.` or case.
fn is_identifier(value: &[u8]) -> bool {
    !value[0].is_ascii_digit()
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$?!".contains(byte))
        && of_words(value)
}

/// Whether a value is a number of a programming language: `-12`, `0x1F_u32`, `2.5e3`.
fn is_number(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let hex = value.strip_prefix(b"0x").is_some();
    let digits = value.iter().skip(if hex { 2 } else { 0 });
    let length = digits
        .take_while(|byte| byte.is_ascii_digit() || b"_.".contains(byte) || hex && byte.is_ascii_hexdigit());
    let rest = &value[length.count() + if hex { 2 } else { 0 }..];
    value.first().is_some_and(u8::is_ascii_digit)
        && (rest.len() <= 2
            || (rest.len() <= 5
                && b"uif".contains(&rest[0])
                && rest[1..].iter().all(u8::is_ascii_alphanumeric)))
}

/// Whether a value is where a secret lies rather than the secret.
fn is_path(value: &[u8]) -> bool {
    [&b"/"[..], b"./", b"../", b"~/", b"C:\\"].iter().any(|start| value.starts_with(start))
}
