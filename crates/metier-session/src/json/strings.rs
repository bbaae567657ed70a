//! The inside of JSON strings: where they end, and what their escapes stand for.

use std::borrow::Cow;

use super::{Broken, Scan};

/// How far a string is searched word by word before a vectorised search is worth its call.
pub(super) const NEAR: usize = 48;

/// The eight bytes from `at` on.
#[inline]
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// The high bit of the first byte of the word that is `byte`, and perhaps more bits above it
/// (<https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>).
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & (ONES << 7)
}

/// The index of the first byte that [`equal`] found.
#[inline]
pub(super) fn first(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// The index of the quote that closes the string whose text begins at `start`: the first one behind an
/// even number of backslashes.
#[inline]
pub(crate) fn close(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let quote = quote(bytes, at)?;
        let text = bytes.get(start..quote)?;
        let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes.is_multiple_of(2) {
            return Some(quote);
        }
        at = quote + 1;
    }
}

/// The index of the first quote from `at` on.
#[inline]
fn quote(bytes: &[u8], at: usize) -> Option<usize> {
    let mut near = at;
    while near < at + NEAR
        && let Some(word) = word(bytes, near)
    {
        let found = equal(word, b'"');
        if found != 0 {
            return Some(near + first(found));
        }
        near += 8;
    }
    memchr::memchr(b'"', bytes.get(near..)?).map(|found| near + found)
}

/// Decodes the text between the quotes of a string. Half a character, as a text cut at a fixed length
/// leaves it, becomes U+FFFD.
pub(crate) fn unescape(text: &str) -> Scan<Cow<'_, str>> {
    let Some(found) = memchr::memchr(b'\\', text.as_bytes()) else { return Ok(Cow::Borrowed(text)) };
    let mut decoded = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, Some(found));
    while let Some(at) = found {
        let (before, from) = rest.split_at_checked(at).ok_or(Broken)?;
        decoded.push_str(before);
        let (c, length) = escape(from.as_bytes())?;
        decoded.push(c);
        rest = from.get(length..).ok_or(Broken)?;
        found = memchr::memchr(b'\\', rest.as_bytes());
    }
    decoded.push_str(rest);
    Ok(Cow::Owned(decoded))
}

/// The characters of the text between the quotes of a string, decoded as they are asked for; they end at an
/// escape that JSON lacks.
pub(crate) fn characters(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let next = rest.chars().next()?;
        let (c, length) = if next == '\\' { escape(rest.as_bytes()).ok()? } else { (next, next.len_utf8()) };
        rest = rest.get(length..)?;
        Some(c)
    })
}

/// The character that the escape at the beginning of `bytes` stands for, and the escape's length.
#[inline]
pub(super) fn escape(bytes: &[u8]) -> Scan<(char, usize)> {
    let c = match bytes.get(1).ok_or(Broken)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return character(bytes),
        _ => return Err(Broken),
    };
    Ok((c, 2))
}

/// The character of a `\u` escape, or of two that are the halves of one character.
fn character(bytes: &[u8]) -> Scan<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
    };
    let code = unit(0).ok_or(Broken)?;
    if let 0xD800..0xDC00 = code
        && let Some(low @ 0xDC00..0xE000) = unit(6)
    {
        let code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        return Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12));
    }
    Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}
