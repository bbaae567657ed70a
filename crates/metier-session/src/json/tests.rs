//! What the scanner takes and refuses, against serde_json.

use proptest::prelude::*;
use serde_json::Value as Tree;
use serde_json::value::RawValue;

use super::*;

/// Steps over the one value that a text is to be.
fn skip(text: &str) -> Scan<Value<'_>> {
    let mut cursor = Cursor::new(text);
    let value = cursor.skip()?;
    cursor.end()?;
    Ok(value)
}

/// Takes everything through the scanner's own methods.
fn tree(cursor: &mut Cursor) -> Scan<Tree> {
    Ok(match cursor.next() {
        Some(b'{') => {
            let mut entries = serde_json::Map::new();
            cursor.object(|value, key| {
                entries.insert(key.to_owned(), tree(value)?);
                Ok(())
            })?;
            Tree::Object(entries)
        }
        Some(b'[') => {
            let mut elements = Vec::new();
            cursor.array(|element| {
                elements.push(tree(element)?);
                Ok(())
            })?;
            Tree::Array(elements)
        }
        Some(b'"') => Tree::String(cursor.string()?.unwrap().into_owned()),
        _ => serde_json::from_str(cursor.skip()?.json()).unwrap(),
    })
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        any::<f64>().prop_map(Tree::from),
        "(\\PC|[\\\\\"\\n\\t\\u{1}\\u{2028}😀]){0,90}".prop_map(Tree::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::from),
            prop::collection::vec(("[a-z\\\\\"é]{0,12}", inner), 0..5)
                .prop_map(|entries| Tree::Object(entries.into_iter().collect())),
        ]
    })
}

#[test]
fn each_kind_of_value_is_taken_and_all_else_is_missing() {
    let line = r#" { "s" : "a\nb\u00e9" ,"n":12.0,"big":18446744073709551615,"minus":-1,"t":true,"f":false,
        "z":null,"list":[1,[],{}],"ke\u0079":"k"}  "#;
    let mut cursor = Cursor::new(line);
    let mut seen = Vec::new();
    let object = cursor.object(|value, key| {
        let (mut string, mut count, mut flag, mut list) =
            (value.clone(), value.clone(), value.clone(), value.clone());
        let mut elements = 0;
        let array = list.array(|element| {
            elements += 1;
            element.skip().map(drop)
        })?;
        seen.push(format!(
            "{key} {:?} {:?} {} {:?}",
            string.string()?,
            count.count()?,
            flag.is_true()?,
            array.then_some(elements)
        ));
        value.skip().map(drop)
    });
    assert_eq!(object, Ok(true));
    assert_eq!(cursor.end(), Ok(()));
    assert_eq!(
        seen,
        [
            "s Some(\"a\\nbé\") None false None",
            "n None Some(12) false None",
            "big None Some(18446744073709551615) false None",
            "minus None None false None",
            "t None None true None",
            "f None None false None",
            "z None None false None",
            "list None None false Some(3)",
            "key Some(\"k\") None false None",
        ]
    );
    assert_eq!(Cursor::new("[1]").object(|_, _| Err(Broken)), Ok(false));
    assert_eq!(Cursor::new("{}").array(|_| Err(Broken)), Ok(false));
}

#[test]
fn counts_are_those_of_the_serde_readers() {
    for (text, count) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("-0.0", Some(0)),
        ("1e3", Some(1000)),
        ("1.5", None),
        ("18446744073709551616", None),
        ("1e999", None),
        ("\"7\"", None),
        ("true", None),
    ] {
        assert_eq!(skip(text).map(Value::count), Ok(count), "{text}");
        if text != "1e999" {
            let other: crate::tolerant::Count = serde_json::from_str(text).unwrap();
            assert_eq!(other.0, count, "{text}");
        }
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        "{",
        "[",
        "\"",
        "\"a\\\"",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{\"a\":[1}",
        "{\"a\":1]",
        "{\"a\":1}}",
        "{\"a\":1}{\"b\":2}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "tru",
        "nulls",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "--1",
        "0x1",
        "NaN",
        "\"a\"b",
        "[\"a\"\"b\"]",
        "\u{c}1",
        "\0",
        "{\"a\":{\"b\":[{\"c\":1]}}",
        "'a'",
    ] {
        assert!(serde_json::from_str::<&RawValue>(text).is_err(), "{text}");
        assert_eq!(skip(text), Err(Broken), "{text}");
    }
}

#[test]
fn only_strings_stepped_over_may_hide_an_escape_that_json_lacks() {
    for text in [r#""a\x""#, r#""\u12g4""#, r#"{"a":["\u12"]}"#, r#""\ ""#] {
        assert!(skip(text).is_ok(), "{text}");
        assert_eq!(Cursor::new(text).checked(), Err(Broken), "{text}");
        assert_eq!(tree(&mut Cursor::new(text)), Err(Broken), "{text}");
        assert_eq!(skip(text).unwrap().string(), None, "{text}");
    }
    assert!(Cursor::new(r#"["\\x","\"\/\b\f\n\r\t\u0041"]"#).checked().is_ok());
}

#[test]
fn half_characters_are_replaced() {
    let decoded = unescape(r"\ud83d\ude00 \ud83d x \ude00 \\ud83d \ud83d\ud83d\ude00\ud83d");
    assert_eq!(decoded.unwrap(), "😀 \u{fffd} x \u{fffd} \\ud83d \u{fffd}😀\u{fffd}");
    assert_eq!(unescape(r"\ud83"), Err(Broken));
}

#[test]
fn depth_costs_no_stack() {
    for depth in [63, 64, 65, 128, 129, 200_000] {
        let text = format!("{}1{}", r#"[{"a":"#.repeat(depth), "}]".repeat(depth));
        assert_eq!(skip(&text).map(Value::json), Ok(&*text));
        assert_eq!(skip(&text[..text.len() - 1]), Err(Broken));
        let crossed = format!("{}1{}", r#"[{"a":"#.repeat(depth), "]}".repeat(depth));
        assert_eq!(skip(&crossed), Err(Broken));
    }
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_the_same(tree_in in any_tree(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&tree_in) } else { serde_json::to_string(&tree_in) };
        let text = text.unwrap();
        let mut cursor = Cursor::new(&text);
        // Both sides from the text: a float may change by a bit on its way through it.
        prop_assert_eq!(tree(&mut cursor), Ok(serde_json::from_str(&text).unwrap()));
        prop_assert_eq!(cursor.end(), Ok(()));
        prop_assert_eq!(skip(&text).map(Value::json), Ok(&*text));
        prop_assert!(Cursor::new(&text).checked().is_ok());
        // Cut short or glued, it is refused as serde_json refuses it.
        let cut: String = text.chars().take(text.chars().count() / 2).collect();
        prop_assert_eq!(skip(&cut).is_err(), serde_json::from_str::<&RawValue>(&cut).is_err());
        let glued = format!("{text}{text}");
        prop_assert_eq!(skip(&glued).is_err(), serde_json::from_str::<&RawValue>(&glued).is_err());
    }

    #[test]
    fn of_any_text_it_takes_what_serde_takes(text in "([{}\\[\\]:,\"0-9eE.+ -]|true|null|\"a\"|\"\\\\\\\\\"|\"\\\\\"\"|\"k\":){0,14}") {
        prop_assert_eq!(skip(&text).is_ok(), serde_json::from_str::<&RawValue>(&text).is_ok());
    }

    #[test]
    fn any_text_ends(text in "(\\PC|[\\\\\"{}]){0,40}") {
        let _ = skip(&text);
        let decoded: String = characters(&text).collect();
        if let Ok(whole) = unescape(&text) {
            prop_assert_eq!(decoded, whole);
        }
        let _ = tree_or_broken(&text);
    }
}

fn tree_or_broken(text: &str) -> Scan<()> {
    let mut cursor = Cursor::new(text);
    cursor.object(|value, _| value.checked().map(drop))?;
    cursor.array(|value| value.string().map(drop))?;
    Ok(())
}
