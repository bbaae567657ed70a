//! Other people's text made safe to look at: cut to a limit, without control characters, escapes of terminals and marks that turn the
//! direction of writing. Escapes no markup: that is for whoever writes HTML.

use std::borrow::Cow;

use serde::Serialize;

/// A text of a transcript as it may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Plain characters, line feeds and tabs.
    pub text: String,
    /// How many characters of the transcript's text are not in it because of the limit.
    pub left_out: u64,
}

impl Cut {
    /// Whether nothing is written in it and nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.left_out == 0
    }
}

/// The beginning of a text, at most `limit` characters, plain.
///
/// Colours and other control sequences of terminals are dropped. What else is not to be seen is made visible: control characters by
/// their pictures (`␛`), marks of direction and characters without a width by their names (`⟨RLO⟩`). Line ends of all kinds are line feeds.
///
/// ```
/// use metier_label::timeline::plain;
///
/// assert_eq!(plain("\u{1b}[31mred\u{1b}[0m \u{202e}dab", 100).text, "red ⟨RLO⟩dab");
/// assert_eq!(plain("abcdef", 4).left_out, 2);
/// ```
pub fn plain(text: &str, limit: usize) -> Cut {
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(2)).min(1 << 16));
    let mut written = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = control_sequence(rest) {
            at += length;
            continue;
        }
        let next = at + if rest.starts_with("\r\n") { 2 } else { c.len_utf8() };
        let mark = mark(c);
        let width = mark.as_ref().map_or(1, |mark| mark.chars().count());
        if written + width > limit {
            return Cut { text: out, left_out: text[at..].chars().count() as u64 };
        }
        match mark {
            Some(mark) => out.push_str(&mark),
            None => out.push(c),
        }
        written += width;
        at = next;
    }
    Cut { text: out, left_out: 0 }
}

/// The end of a text, at most `limit` characters, plain as [`plain`] makes it: what a command said last tells most.
pub fn plain_end(text: &str, limit: usize) -> Cut {
    // Marks take more characters than what they stand for, sequences take none: a window that is larger than the limit holds enough.
    let window = limit.saturating_mul(4).max(1);
    let from = match text.len() <= window {
        true => 0,
        false => text.char_indices().rev().nth(window - 1).map_or(0, |(at, _)| at),
    };
    let shown = plain(&text[from..], usize::MAX).text;
    let characters = shown.chars().count();
    let skip = characters.saturating_sub(limit);
    let at = shown.char_indices().nth(skip).map_or(shown.len(), |(at, _)| at);
    Cut { text: shown[at..].to_owned(), left_out: (text[..from].chars().count() + skip) as u64 }
}

/// The beginning of a text on one line, at most `limit` characters, plain.
pub fn one_line(text: &str, limit: usize) -> Cut {
    // White space shrinks to single spaces.
    let cut = plain(text, limit.saturating_mul(8));
    let line = cut.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = line.char_indices().nth(limit).map_or(line.len(), |(at, _)| at);
    let left_out = cut.left_out + line[at..].chars().count() as u64;
    Cut { text: line[..at].to_owned(), left_out }
}

/// The bytes of the control sequence that the text begins with: ESC `[`, parameters, a letter (ECMA-48, 5.4). Only of few bytes,
/// and only of this kind: in others text could hide.
fn control_sequence(text: &str) -> Option<usize> {
    const MOST: usize = 32;
    let inside = text.strip_prefix("\u{1b}[")?.as_bytes();
    let parameters = inside.iter().take(MOST).take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    matches!(inside.get(parameters), Some(0x40..=0x7e)).then_some(2 + parameters + 1)
}

/// What is shown in place of a character; `None` for the character itself.
fn mark(c: char) -> Option<Cow<'static, str>> {
    let named = match c {
        '\n' | '\t' | ' '..='~' => return None,
        '\r' | '\u{2028}' | '\u{2029}' => return Some("\n".into()),
        '\u{7f}' => return Some("␡".into()),
        '\0'..='\u{1f}' => return char::from_u32(0x2400 + u32::from(c)).map(|c| c.to_string().into()),
        '\u{061c}' => "ALM",
        '\u{200b}' => "ZWSP",
        '\u{200e}' => "LRM",
        '\u{200f}' => "RLM",
        '\u{202a}' => "LRE",
        '\u{202b}' => "RLE",
        '\u{202c}' => "PDF",
        '\u{202d}' => "LRO",
        '\u{202e}' => "RLO",
        '\u{2060}' => "WJ",
        '\u{2066}' => "LRI",
        '\u{2067}' => "RLI",
        '\u{2068}' => "FSI",
        '\u{2069}' => "PDI",
        '\u{feff}' => "BOM",
        // The rest of the control characters; old format characters; annotations; tags, in which whole sentences can stand unseen.
        '\u{80}'..='\u{9f}'
        | '\u{180e}'
        | '\u{206a}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => return Some(format!("⟨U+{:04X}⟩", u32::from(c)).into()),
        _ => return None,
    };
    Some(format!("⟨{named}⟩").into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hostile(c: char) -> bool {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}')
    }

    fn text() -> impl Strategy<Value = String> {
        let odd = prop_oneof![
            any::<char>(),
            (0u32..0xa0).prop_map(|c| char::from_u32(c).expect("below the surrogates")),
            (0x2000u32..0x2070).prop_map(|c| char::from_u32(c).expect("below the surrogates")),
        ];
        let piece = prop_oneof![
            odd.prop_map(String::from),
            Just("\u{1b}[1;31m".to_owned()),
            Just("\u{1b}]0;title\u{7}".to_owned()),
            Just("\r\n".to_owned()),
            "[a-zé🦀 ]{0,6}",
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_hostile_is_left_and_no_more_than_allowed(text in text(), limit in 0usize..120) {
            for cut in [plain(&text, limit), plain_end(&text, limit), one_line(&text, limit)] {
                prop_assert!(!cut.text.chars().any(hostile), "{:?}", cut.text);
                prop_assert!(cut.text.chars().count() <= limit);
            }
            prop_assert!(plain(&text, usize::MAX).left_out == 0);
        }

        #[test]
        fn plain_text_stays_and_what_is_cut_is_counted(text in "[a-zé🦀\n\t ]{0,90}", limit in 0usize..100) {
            let all = text.chars().count();
            let (head, tail) = (plain(&text, limit), plain_end(&text, limit));
            prop_assert_eq!(head.text.chars().count() as u64 + head.left_out, all as u64);
            prop_assert_eq!(tail.text.chars().count() as u64 + tail.left_out, all as u64);
            prop_assert!(text.starts_with(&head.text) && text.ends_with(&tail.text));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let shown = |text: &str| plain(text, 1_000).text;
        assert_eq!(shown("a\u{1b}[2J\u{1b}[1;1Hb"), "ab");
        assert_eq!(shown("\u{1b}]8;;https://x.y\u{7}link"), "␛]8;;https://x.y␇link");
        assert_eq!(shown("\u{1b}[ unfinished"), "nfinished", "a space is a parameter and u a letter");
        assert_eq!(shown(&format!("\u{1b}[{}m", "9".repeat(60))), format!("␛[{}m", "9".repeat(60)));
        assert_eq!(shown("a\0b\u{8}c\u{7f}\u{9b}d"), "a␀b␈c␡⟨U+009B⟩d");
        assert_eq!(shown("x\r\ny\rz\u{2028}"), "x\ny\nz\n");
        assert_eq!(shown("\u{2066}\u{202a}\u{200b}"), "⟨LRI⟩⟨LRE⟩⟨ZWSP⟩");
        assert_eq!(shown("hidden\u{e0041}\u{e0042}"), "hidden⟨U+E0041⟩⟨U+E0042⟩");
        assert_eq!(shown("<b>&amp;</b> 👩‍👩‍👧 מילה"), "<b>&amp;</b> 👩‍👩‍👧 מילה");
    }

    #[test]
    fn a_mark_is_not_cut_in_two() {
        let cut = plain("ab\u{202e}cd", 5);
        assert_eq!((cut.text.as_str(), cut.left_out), ("ab", 3));
    }

    #[test]
    fn a_line_has_no_line_feed() {
        let cut = one_line("  fix\n\tthe   list, please  ", 12);
        assert_eq!((cut.text.as_str(), cut.left_out), ("fix the list", 8));
    }
}
