//! The strict reader beside serde_json: what one takes the other takes, but for doubled names.

use proptest::prelude::*;
use serde_json::Value;

use super::{Name, Strict, StrictError, StrictLimits, fold};
use crate::json::Kind;

const LIMITS: StrictLimits = StrictLimits { depth_max: 100, names_max: 1000 };

fn whole(text: &str) -> Result<bool, StrictError> {
    let mut strict = Strict::new(text, LIMITS);
    strict.value()?;
    strict.end()?;
    Ok(strict.has_case_twins())
}

/// The same by the calls that enter what they read.
fn entered(strict: &mut Strict<'_>) -> Result<(), StrictError> {
    match strict.kind() {
        Kind::Object => strict.object(|strict, _: Name<'_>| entered(strict)).map(drop),
        Kind::Array => strict.array(entered),
        _ => strict.value().map(drop),
    }
}

#[test]
fn a_name_that_is_said_twice_is_refused_however_it_is_written() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"[{"x":{"y":[{"b":1,"c":2,"b":3}]}}]"#,
        r#"{"é":1,"\u00e9":2}"#,
    ] {
        assert!(matches!(whole(text), Err(StrictError::DoubledName { .. })), "{text}");
    }
    assert_eq!(whole(r#"{"a":{"a":1},"b":{"a":1}}"#), Ok(false));
}

#[test]
fn names_that_some_take_for_the_same_are_told() {
    for text in [r#"{"name":1,"Name":2}"#, r#"[{"s":1,"ſ":2}]"#, r#"{"task":1,"tasK":2}"#] {
        assert_eq!(whole(text), Ok(true), "{text}");
    }
    assert_eq!(fold("ſKé"), "ské");
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for (text, at) in [
        ("", 0),
        ("{\"a\":1,}", 7),
        ("[1 2]", 3),
        ("\"\u{1}\"", 1),
        (r#""\x""#, 1),
        (r#""ab\ud800c""#, 3),
        (r#""\udc00\ud800""#, 1),
        ("01", 0),
        ("{} x", 3),
        ("{\"a\" 1}", 5),
        ("\"a", 0),
    ] {
        let Err(StrictError::Syntax { at: place, .. }) = whole(text) else { panic!("{text}") };
        assert_eq!(place, at, "{text}");
    }
    assert_eq!(whole(r#""\ud83d\ude00\\ud800""#), Ok(false));
}

#[test]
fn depth_and_names_are_bounded() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(whole(&deep(100)), Ok(false));
    assert_eq!(whole(&deep(101)), Err(StrictError::TooDeep { at: 100, max: 100 }));
    let names = |count: usize| {
        let members: Vec<String> = (0..count).map(|at| format!("\"{at}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(whole(&names(1000)), Ok(false));
    assert!(matches!(whole(&names(1001)), Err(StrictError::TooManyNames { max: 1000, .. })));
    let deep = "[".repeat(100_000);
    assert!(matches!(whole(&deep), Err(StrictError::TooDeep { .. })));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        "[a-zé\"\\\\\n\u{1}]{0,6}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-dA-D\"]{0,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_writes_is_taken(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        prop_assert!(whole(&text).is_ok(), "{text}");
        let mut strict = Strict::new(&text, LIMITS);
        prop_assert!(entered(&mut strict).is_ok() && strict.end().is_ok());
    }

    #[test]
    fn what_serde_refuses_is_refused_and_only_doubled_names_beside_it(
        text in r#"[\[\]{}",:ab0-2eE.\-\\u d8\n]{0,24}"#,
    ) {
        let serde = serde_json::from_str::<Value>(&text).is_ok();
        match whole(&text) {
            // It takes numbers for floats, of which none is that large.
            Ok(_) => prop_assert!(serde || text.contains(['e', 'E']), "{text}"),
            Err(StrictError::DoubledName { .. }) => {}
            Err(error) => prop_assert!(!serde, "{text}: {error}"),
        }
    }

    #[test]
    fn a_value_is_where_it_is_said_to_be(value in any_json(), blank in "[ \n]{0,3}") {
        let json = value.to_string();
        let text = format!("[{blank}{json}{blank}]");
        let mut spans = Vec::new();
        let mut strict = Strict::new(&text, LIMITS);
        strict.array(|strict| { spans.push(strict.value()?); Ok(()) }).unwrap();
        prop_assert_eq!(&text[spans[0].clone()], json);
    }
}
