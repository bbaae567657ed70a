//! Whether a text looks drawn by chance, as keys are, or chosen, as names, words and placeholders are.

use super::among;

/// Shannon's entropy of the bytes, in bits per byte; 0 for an empty text. (Shannon 1948, "A Mathematical
/// Theory of Communication", section 6.)
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &byte in text {
        counts[byte as usize] += 1;
    }
    let n = text.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / n).map(|p| -p * p.log2()).sum()
}

/// Whether a value of at least `least` bytes looks like a key: letters and digits, or both cases, mixed so
/// that it is not a row of words and numbers.
pub(super) fn random(value: &[u8], least: usize) -> bool {
    let digit = value.iter().any(u8::is_ascii_digit);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let upper = value.iter().any(u8::is_ascii_uppercase);
    value.len() >= least
        && value.iter().all(|byte| byte.is_ascii_graphic())
        && ((digit && (lower || upper)) || (lower && upper && value.len() >= 20))
        && entropy(value) >= if value.len() < 16 { 2.5 } else { 2.8 }
        && !of_words(value)
}

/// Whether a value is a row of words and small numbers, as identifiers, file names and model names are.
/// Chance changes the case, or puts a mark, more often than words do.
pub(super) fn of_words(value: &[u8]) -> bool {
    let (mut humps, mut length) = (0, 0);
    let mut encoded = false;
    for mut part in value.split_inclusive(|byte| !byte.is_ascii_alphanumeric()) {
        let mark = part.last().filter(|byte| !byte.is_ascii_alphanumeric());
        part = &part[..part.len() - usize::from(mark.is_some())];
        // `%20` is a blank.
        if std::mem::replace(&mut encoded, mark == Some(&b'%')) && part.len() >= 2 {
            part = &part[2..];
        }
        if part.is_empty() {
            continue;
        }
        let cases = Humps(part).count();
        let numbers = part
            .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
            .filter(|run| run[0].is_ascii_digit());
        if (cases > 2 && cases * 4 > part.len())
            || (part.len() >= 8 && numbers.count() > 1)
            || !Humps(part).all(is_word)
        {
            return false;
        }
        humps += cases;
        length += part.len();
    }
    humps <= 2 || humps * 3 <= length
}

/// Whether a value is plain words with marks between them: `wrong-secret`, `e2e_test_token`.
pub(super) fn is_phrase(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    of_words(value) && parts.clone().count() > 1 && parts.all(|part| Humps(part).count() == 1)
}

/// Whether a hump of a name is a word, a number of up to eight digits (a date), or both where one of them is
/// short.
fn is_word(hump: &[u8]) -> bool {
    let letters = hump.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = hump[letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (letters, digits, hump.len() - letters - digits) {
        // `4o`, `3d`, `e2e`
        _ if hump.len() <= 3 => true,
        (0, 1..=8, 0) => true,
        (_, 0, 0) => pronounceable(hump),
        (_, 1..=5, 0) => letters <= 2 || pronounceable(&hump[..letters]),
        _ => false,
    }
}

/// Whether letters can be a word: not long, and with vowels about as often as words have them. Abbreviations
/// of up to four letters pass.
fn pronounceable(letters: &[u8]) -> bool {
    let vowels = letters.iter().filter(|byte| b"aeiouyAEIOUY".contains(byte)).count();
    letters.len() <= 4
        || (letters.len() <= 20 && vowels * 6 >= letters.len() && vowels * 4 <= letters.len() * 3)
}

/// The parts of a name in camel case: `apiKey2` is `api`, `Key2`; `HTTPServer` is `HTTP`, `Server`.
pub(super) struct Humps<'t>(pub(super) &'t [u8]);

impl<'t> Iterator for Humps<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let bytes = self.0;
        if bytes.is_empty() {
            return None;
        }
        let upper = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let rest = bytes[upper..].iter().take_while(|byte| !byte.is_ascii_uppercase()).count();
        // The last capital of several begins the next word.
        let end = if upper > 1 && bytes.get(upper).is_some_and(u8::is_ascii_lowercase) {
            upper - 1
        } else {
            upper + rest
        };
        let (hump, rest) = bytes.split_at(end.max(1));
        self.0 = rest;
        Some(hump)
    }
}

/// Words and beginnings that stand where a secret would stand.
const STAND_INS: &str = "\
    your example placeholder changeme change-me change_me replace redacted dummy insert fake sample mock \
    xxxx **** .... •••• todo < > ${ {{ }} $( %( \\u003c foobar not-a- not_a_ …";

/// Values that name a type, an absence or the thing itself.
const WORDS: &str = "\
    admin argon2 argon2id base32 base64 basic bearer boolean buffer bytes card default disabled email empty \
    enabled false github guest hidden iban integer invalid keyword letmein local minioadmin missing mysql \
    never newpassword no_password none null number oauth2 object optional passphrase passwd pbkdf2 password \
    password1 password123 person phone postgres private public required secret secrets sha256 sha512 \
    secret123 string struct supersecret testing text token true undefined unknown unset user username value \
    wrongpassword";

/// Whether a value only stands in for a secret: a variable, a template, dots, `changeme`.
pub(super) fn stands_in(value: &[u8]) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    bare.is_empty()
        || value.starts_with(['$', '%', '{', '[', '(', '#', '@', '!', '&', '='])
        || STAND_INS.split(' ').any(|word| lower.contains(word))
        || among(WORDS, bare.as_bytes())
        || value.bytes().all(|byte| byte == value.as_bytes()[0])
        || "0123456789012345".contains(bare)
        || "abcdefghijklmnopqrstuvwxyz".contains(bare)
}
