//! Text in pictures: escaped, cut and broken, for labels can be other people's.

use super::svg::FONT;

/// Of a font that we do not know, the usual width of a letter by its height.
const LETTER: f64 = 0.56;

/// The most characters of a label in the words of a mark.
const LONGEST: usize = 120;

/// About how wide a text is, in pixels.
pub(super) fn width(text: &str) -> f64 {
    LETTER * FONT * text.chars().count() as f64
}

/// As XML has it; what XML cannot have, or what turns the direction of text, is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if character.is_whitespace() => out.push(' '),
            _ if is_shown(character) => out.push(character),
            _ => {}
        }
    }
    out
}

/// Whether a character stands for itself: not a control, not a mark of direction, not none at all.
fn is_shown(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'))
}

/// The start of a text, with a sign where more follows.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut shown = text.chars().filter(|character| is_shown(*character) || character.is_whitespace());
    let start: String = shown.by_ref().take(most).collect();
    if shown.next().is_none() {
        return start;
    }
    let short: String = start.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", short.trim_end())
}

/// A label as the words of a mark have it.
pub(super) fn named(label: &str) -> String {
    cut(label, LONGEST)
}

/// What fits into so many pixels.
pub(super) fn fit(text: &str, pixels: f64) -> String {
    cut(text, letters(pixels))
}

/// How many letters fit into so many pixels.
fn letters(pixels: f64) -> usize {
    (pixels / (LETTER * FONT)).floor().max(1.0) as usize
}

/// One or two lines that fit into so many pixels, broken between words.
pub(super) fn broken(text: &str, pixels: f64) -> Vec<String> {
    let most = letters(pixels);
    let text = cut(text, 2 * most + 8);
    if text.chars().count() <= most {
        return vec![text];
    }
    let mut end = 0;
    for (at, _) in text.match_indices(' ') {
        if text[..at].chars().count() <= most {
            end = at;
        }
    }
    match end {
        0 => vec![cut(&text, most)],
        _ => vec![text[..end].to_owned(), cut(text[end..].trim_start(), most)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_text() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{0}c\nd\u{7}\u{feff}"), "abc d");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut(&"\u{202e}x".repeat(6), 6), "xxxxxx");
        assert_eq!(cut("", 6), "");
    }

    #[test]
    fn lines_break_between_words() {
        let pixels = 10.5 * LETTER * FONT;
        assert_eq!(broken("one two", pixels), ["one two"]);
        assert_eq!(broken("one two three four", pixels), ["one two", "three four"]);
        assert_eq!(broken("incomprehensibility", pixels), ["incompreh…"]);
        assert_eq!(broken("one two three four five", pixels), ["one two", "three fou…"]);
    }
}
