//! Finds secrets in blocks: the bodies of private keys in PEM, also where they are cut off, quoted or
//! numbered, and the values of Kubernetes' secrets. The lines around them stay, for they say what was there.

use memchr::memmem;

use super::{Kind, Span};

/// Longest body, in bytes: RSA keys of 16,384 bits have about 13,000.
const LONGEST: usize = 20_000;

/// Adds the bodies of private keys.
pub(super) fn pem(text: &[u8], spans: &mut Vec<Span>) {
    let mut from = 0;
    while let Some(at) = memmem::find(&text[from..], b"-----BEGIN ") {
        let begin = from + at + b"-----BEGIN ".len();
        from = begin;
        let heading = &text[begin..text.len().min(begin + 80)];
        let Some(dashes) = memmem::find(heading, b"-----") else { continue };
        if memmem::find(&heading[..dashes], b"PRIVATE KEY").is_none() {
            continue;
        }
        let body = begin + dashes + 5;
        let rest = &text[body..text.len().min(body + LONGEST)];
        let length = match memmem::find(rest, b"-----END ") {
            // Another beginning before the end belongs to another block.
            Some(end) if memmem::find(&rest[..end], b"-----BEGIN").is_none() => end,
            _ => rest
                .split_inclusive(|&byte| byte == b'\n')
                .take_while(|line| is_of_key(line))
                .map(<[u8]>::len)
                .sum(),
        };
        let start = body + rest[..length].iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
        // An escaped line end before the first line belongs to the frame.
        let start = start + usize::from(start > body && text[start - 1] == b'\\' && text[start] == b'n');
        let end = body + length;
        let mut trimmed = text[..end].trim_ascii_end();
        while let Some(shorter) = trimmed.strip_suffix(b"\\n").or_else(|| trimmed.strip_suffix(b"\\r")) {
            trimmed = shorter.trim_ascii_end();
        }
        let trimmed = trimmed.len();
        if start + 16 <= trimmed && longest_word(&text[start..trimmed]) >= 16 {
            spans.push(Span::new(start, trimmed, Kind::Secret));
        }
        from = from.max(start);
    }
}

/// Whether a line can be one of a key that lost its end: blank, a header, or a long word in base64.
fn is_of_key(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
        || line.starts_with(b"Proc-Type:")
        || line.starts_with(b"DEK-Info:")
        || longest_word(line) >= 40
}

/// Length of the longest word in base64.
fn longest_word(text: &[u8]) -> usize {
    text.split(|byte| !is_base64(byte)).map(<[u8]>::len).max().unwrap_or_default()
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(byte)
}

/// What announces a secret of Kubernetes, in lower case.
pub(super) const KUBERNETES: &str = "kind: secret";

/// Adds the values below `data:` in the manifest around a place that says `kind: Secret`. (Kubernetes API,
/// Secret v1: values under `data` are base64.)
pub(super) fn kubernetes(text: &[u8], at: usize, spans: &mut Vec<Span>) {
    let first = at.saturating_sub(LONGEST);
    let start = memmem::rfind(&text[first..at], b"\n---").map_or(first, |start| first + start + 4);
    let rest = &text[start..text.len().min(at + LONGEST)];
    let rest = &rest[..memmem::find(rest, b"\n---").unwrap_or(rest.len())];
    let mut data = false;
    let mut from = start;
    for line in rest.split_inclusive(|&byte| byte == b'\n') {
        let begin = from;
        from += line.len();
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let key = line[..colon].trim_ascii();
        let quote = line[colon + 1..].iter().take_while(|byte| b" \t\"".contains(byte)).count();
        let value = line[colon + 1 + quote..].iter().take_while(|byte| is_base64(byte)).count();
        let ends = line[colon + 1 + quote + value..].trim_ascii();
        if value == 0 && ends.is_empty() {
            data = key == b"data" || key == b"stringData";
        } else if data && value >= 8 && (ends.is_empty() || ends == b"\"") {
            let start = begin + colon + 1 + quote;
            spans.push(Span::new(start, start + value, Kind::Secret));
        }
    }
}
