//! Text borrowed from a transcript, decoded only where somebody reads it, and the count of its words.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A piece of text in a transcript.
///
/// A JSON string stays as it stands in the file until [`Text::read`] decodes it: most of a
/// transcript is tool output that nobody looks at.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// Text as it is.
    Plain(Cow<'a, str>),
    /// A JSON value as it stands in the file; its text is that of all strings in it, in order.
    Json(&'a str),
}

impl Default for Text<'_> {
    fn default() -> Self {
        Text::Plain(Cow::Borrowed(""))
    }
}

impl<'a> From<&'a RawValue> for Text<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Text::Json(raw.get())
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::Plain(Cow::Borrowed(text))
    }
}

impl<'a> Text<'a> {
    /// The decoded text. Of a JSON array or object, all strings in it (keys and binary data left out), one a line.
    pub fn read(&self) -> Cow<'_, str> {
        match self {
            Text::Plain(text) => Cow::Borrowed(text),
            Text::Json(json) => {
                let json = json.trim();
                if json.starts_with('"') {
                    return match serde_json::from_str::<crate::tolerant::Str>(json) {
                        Ok(crate::tolerant::Str(Some(text))) => text,
                        _ => Cow::Borrowed(""),
                    };
                }
                let mut all = String::new();
                for_each_string(json, &mut |string| {
                    if let Ok(crate::tolerant::Str(Some(text))) = serde_json::from_str(string)
                        && !looks_binary(&text)
                    {
                        if !all.is_empty() {
                            all.push('\n');
                        }
                        all.push_str(&text);
                    }
                });
                Cow::Owned(all)
            }
        }
    }

    /// The number of words, without decoding: maximal runs of characters that are not white space
    /// (Unicode `White_Space`), over all strings of a JSON value, keys left out.
    pub fn words(&self) -> u64 {
        match self {
            Text::Plain(text) => text.split_whitespace().count() as u64,
            Text::Json(json) => {
                let mut words = 0;
                for_each_string(json, &mut |string| words += words_of_json_string(string));
                words
            }
        }
    }

    /// Whether nothing is written in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Text::Plain(text) => text.is_empty(),
            Text::Json(json) => matches!(json.trim(), "" | "\"\"" | "null" | "[]" | "{}"),
        }
    }
}

/// Whether a long string is encoded data rather than text: no white space in its first 2,000 bytes.
fn looks_binary(text: &str) -> bool {
    text.len() > 2_000 && !text.as_bytes()[..2_000].iter().any(u8::is_ascii_whitespace)
}

/// Calls `found` with every string literal that is a value (quotes included) of a valid JSON text.
///
/// On a text that is not valid JSON it still ends, and passes on what looks like strings.
pub(crate) fn for_each_string<'a>(json: &'a str, found: &mut dyn FnMut(&'a str)) {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'"', &bytes[at..]).map(|i| at + i) {
        let Some(close) = end_of_string(bytes, open) else {
            return;
        };
        let mut after = close;
        while after < bytes.len() && bytes[after].is_ascii_whitespace() {
            after += 1;
        }
        // A string before a colon is a key.
        if bytes.get(after) != Some(&b':') {
            found(&json[open..close]);
        }
        at = close;
    }
}

/// The index just past the closing quote of the string that opens at `open`.
fn end_of_string(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let next = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[next] == b'"' {
            return Some(next + 1);
        }
        at = next + 2;
    }
}

/// Words in one JSON string literal: the same number as `split_whitespace` finds in its decoded text.
fn words_of_json_string(literal: &str) -> u64 {
    let mut words = 0;
    let mut inside = false;
    let mut chars = literal.chars();
    chars.next();
    let mut chars = chars.as_str();
    chars = chars.strip_suffix('"').unwrap_or(chars);
    let mut chars = chars.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    let code: String = chars.by_ref().take(4).collect();
                    // Surrogate halves are not white space, so any letter stands for them.
                    u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('x')
                }
                Some(_) => 'x',
                None => break,
            }
        } else {
            c
        };
        let space = c.is_whitespace();
        words += u64::from(!space && !inside);
        inside = !space;
    }
    words
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_an_object_are_those_of_its_strings_not_its_keys() {
        let text = Text::Json(r#"{"file path":"a b","n":3,"list":["c\nd","\u0020e\tf",{"k v":"g"}]}"#);
        assert_eq!(text.words(), 7);
        assert_eq!(text.read(), "a b\nc\nd\n e\tf\ng");
    }

    #[test]
    fn encoded_images_are_not_text() {
        let json = format!(r#"[{{"type":"image","data":"{}"}},{{"text":"seen"}}]"#, "A".repeat(5_000));
        assert_eq!(Text::Json(&json).read(), "image\nseen");
    }

    proptest! {
        #[test]
        fn words_are_counted_without_decoding(text in "(\\PC|[ \\t\\n\\u{2003}\\\\\"])*") {
            let json = serde_json::to_string(&text).unwrap();
            let expected = text.split_whitespace().count() as u64;
            prop_assert_eq!(Text::Json(&json).words(), expected);
            let decoded = Text::Json(&json).read().into_owned();
            prop_assert_eq!(&decoded, &text);
            prop_assert_eq!(Text::from(text.as_str()).words(), expected);
        }

        #[test]
        fn any_bytes_end(text in "\\PC*") {
            let _ = Text::Json(&text).words();
            let _ = Text::Json(&text).read();
        }
    }
}
