//! The reader and the writer beside serde_json, which shares nothing with them.

use proptest::prelude::*;
use serde_json::Value;

use super::{Cursor, Writer, is_value, special_at};

fn rewrite(text: &str) -> Option<String> {
    let mut cursor = Cursor::new(text);
    let mut out = Vec::new();
    copy(&mut cursor, &mut Writer::new(&mut out)).ok()?;
    cursor.end().ok()?;
    String::from_utf8(out).ok()
}

fn copy(cursor: &mut Cursor<'_>, writer: &mut Writer<'_>) -> Result<(), super::JsonError> {
    match cursor.kind() {
        super::Kind::Object => {
            let mut result = Ok(());
            writer.object(|writer| {
                result = cursor.object(|cursor, name| {
                    let mut quoted = Vec::new();
                    Writer::new(&mut quoted).text(name);
                    let quoted = String::from_utf8(quoted).unwrap();
                    writer.key(&quoted[1..quoted.len() - 1]);
                    copy(cursor, writer)
                });
            });
            result
        }
        super::Kind::Array => {
            let mut result = Ok(());
            writer.array(|writer| result = cursor.array(|cursor| copy(cursor, writer)));
            result
        }
        super::Kind::Text => cursor.text().map(|text| writer.text(&text)),
        _ => cursor.json().map(|json| writer.json(json.as_str())),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,40}|[\\x00-\\x7f]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_read_and_written_is_the_same(value in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let copied = rewrite(&text.unwrap()).expect("it is JSON");
        prop_assert_eq!(serde_json::from_str::<Value>(&copied).unwrap(), value);
    }

    #[test]
    fn what_serde_takes_is_taken_and_nothing_else(text in "[\\[\\]{},:\"\\\\0-9eE+.\\- a-ftrunls]{0,24}") {
        // Numbers beyond a float are beyond serde_json alone.
        let theirs = serde_json::from_str::<Value>(&text);
        if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
            return Ok(());
        }
        prop_assert_eq!(rewrite(&text).is_some(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn special_bytes_are_found(bytes in prop::collection::vec(any::<u8>(), 0..100), from in 0usize..100) {
        let from = from.min(bytes.len());
        let plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        let slow = bytes[from..].iter().position(|byte| !plain(byte)).map_or(bytes.len(), |at| from + at);
        prop_assert_eq!(special_at(&bytes, from), slow);
    }
}

#[test]
fn numbers_keep_their_text() {
    assert_eq!(rewrite("[1.10,9007199254740993,1E+2]").unwrap(), "[1.10,9007199254740993,1E+2]");
}

#[test]
fn half_a_surrogate_pair_is_replaced() {
    assert_eq!(rewrite(r#""a\ud83db""#).unwrap(), "\"a\u{FFFD}b\"");
    assert_eq!(rewrite(r#""\ud83d\ude00""#).unwrap(), "\"😀\"");
}

#[test]
fn line_ends_between_values_become_blanks() {
    assert_eq!(rewrite("[true,\n {\"a\":\r\n1}]").unwrap(), "[true,{\"a\":1}]");
    let mut out = Vec::new();
    Writer::new(&mut out).json("{\n\"a\": 1\n}");
    assert_eq!(out, b"{ \"a\": 1 }");
}

#[test]
fn mistakes_are_named_by_path() {
    let mut cursor = Cursor::new(r#"{"messages":[{"role":"user"},{"role":7}]}"#);
    let error = cursor.object(|c, _| c.array(|c| c.object(|c, _| c.text().map(drop)))).unwrap_err();
    assert_eq!(error.to_string(), "`messages[1].role` must be a string (byte 37)");
}

#[test]
fn what_is_of_another_kind_is_told_what_it_must_be() {
    fn why<'a, T>(
        value: &'a str,
        read: impl FnOnce(&mut Cursor<'a>) -> Result<T, super::JsonError>,
    ) -> &'static str {
        read(&mut Cursor::new(value)).map(drop).unwrap_err().why
    }
    for value in ["\"hot\"", "[1]", "{}", "null", "true"] {
        assert_eq!(why(value, Cursor::number), "must be a number", "{value}");
        assert_eq!(why(value, Cursor::count), "must be a whole number", "{value}");
    }
    for value in ["\"yes\"", "[true]", "{}", "null", "1"] {
        assert_eq!(why(value, Cursor::truth), "must be true or false", "{value}");
    }
    assert_eq!(why("-1", Cursor::count), "must be a whole number");
    assert_eq!(why("hot", Cursor::number), "is no JSON value");
}

#[test]
fn depth_is_bounded() {
    assert!(is_value(&format!("{}{}", "[".repeat(512), "]".repeat(512))));
    assert!(!is_value(&format!("{}{}", "[".repeat(513), "]".repeat(513))));
}

#[test]
fn nobody_calls_himself_deeper_than_the_bound() {
    fn go<'a>(cursor: &mut Cursor<'a>, by_clone: bool) -> Result<(), super::JsonError> {
        if by_clone {
            go(&mut cursor.clone_at(), false)?;
        }
        match cursor.kind() {
            super::Kind::Array => cursor.array(|cursor| go(cursor, by_clone)),
            super::Kind::Object => cursor.object(|cursor, _| go(cursor, by_clone)),
            _ => cursor.skip(),
        }
    }
    let nested =
        |depth: usize| format!("{}1{}", r#"{"a":["#.repeat(depth / 2), "]}".repeat(depth / 2));
    assert_eq!(go(&mut Cursor::new(&nested(128)), true), Ok(()));
    for depth in [130, 100_000] {
        let error = go(&mut Cursor::new(&nested(depth)), true).unwrap_err();
        assert!(error.is_too_deep(), "{error}");
    }
}
