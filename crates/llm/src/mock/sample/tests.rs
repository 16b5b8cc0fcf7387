//! Values are held to what their schemas say.

use super::of_schema;
use super::pattern::fitting;

fn check(schema: &str, expected: &str) {
    let value = of_schema(schema, "hi");
    assert!(crate::json::is_value(&value), "{value}");
    assert_eq!(value, expected, "{schema}");
}

#[test]
fn types_are_kept() {
    for (schema, expected) in [
        (r#"{"type":"string"}"#, r#""hi""#),
        (r#"{"type":"integer"}"#, "1"),
        (r#"{"type":"number"}"#, "1"),
        (r#"{"type":"boolean"}"#, "true"),
        (r#"{"type":"null"}"#, "null"),
        (r#"{"type":"array"}"#, r#"["hi"]"#),
        (r#"{"type":"object"}"#, "{}"),
        (r#"{"type":["null","integer"]}"#, "1"),
        (r#"{"type":"STRING"}"#, r#""hi""#),
        (r#"{"properties":{"a":{}}}"#, r#"{"a":"hi"}"#),
        (r#"{"items":{"type":"null"}}"#, "[null]"),
        ("true", r#""hi""#),
        ("{}", r#""hi""#),
    ] {
        check(schema, expected);
    }
}

#[test]
fn values_that_are_listed_are_taken() {
    check(r#"{"enum":["b","a"],"type":"string"}"#, r#""b""#);
    check(r#"{"const":{"a":[1,2.50]}}"#, r#"{"a":[1,2.50]}"#);
    let list = r#"{"type":"array","items":{"enum":[1,2,3]},"minItems":3,"uniqueItems":true}"#;
    check(list, "[1,2,3]");
    check(
        r#"{"type":"array","items":{"type":"string"},"minItems":2,"uniqueItems":true}"#,
        r#"["hi","hi-1"]"#,
    );
}

#[test]
fn numbers_lie_within_their_bounds() {
    for (bounds, expected) in [
        (r#""minimum":5"#, "5"),
        (r#""maximum":-5"#, "-5"),
        (r#""minimum":2.5"#, "3"),
        (r#""exclusiveMinimum":5"#, "6"),
        (r#""minimum":5,"exclusiveMinimum":true"#, "6"),
        (r#""exclusiveMaximum":0"#, "-1"),
        (r#""multipleOf":7"#, "7"),
        (r#""multipleOf":7,"minimum":8,"maximum":20"#, "14"),
        (r#""maximum":0,"multipleOf":10"#, "0"),
    ] {
        check(&format!(r#"{{"type":"integer",{bounds}}}"#), expected);
    }
    for (bounds, expected) in [
        (r#""minimum":0,"maximum":0.5"#, "0.5"),
        (r#""exclusiveMinimum":0,"exclusiveMaximum":1"#, "0.5"),
        (r#""exclusiveMinimum":10"#, "11"),
        (r#""multipleOf":0.1,"minimum":0.25"#, "1.0"),
        (r#""multipleOf":0.1,"minimum":0.25,"maximum":0.35"#, "0.3"),
    ] {
        check(&format!(r#"{{"type":"number",{bounds}}}"#), expected);
    }
}

#[test]
fn texts_have_their_length_format_and_pattern() {
    for (rule, expected) in [
        (r#""maxLength":1"#, "h"),
        (r#""minLength":5"#, "hihih"),
        (r#""format":"date""#, "2026-01-31"),
        (r#""format":"unheard-of""#, "hi"),
        (r#""pattern":"^[A-Z]{3}-\\d+$""#, "AAA-0"),
        (r#""pattern":"^[a-z]+$","minLength":4"#, "aaaa"),
        (r#""pattern":"^(?=x)y$""#, "hi"),
    ] {
        check(&format!(r#"{{"type":"string",{rule}}}"#), &format!("{expected:?}"));
    }
}

#[test]
fn references_and_branches_are_followed() {
    check(
        r##"{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"object","required":["x"],"properties":{"x":{"$ref":"#/$defs/n"}}},"n":{"type":"integer"}}}"##,
        r#"{"x":1}"#,
    );
    check(r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "1");
    check(
        r#"{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}}}]}"#,
        r#"{"a":1,"b":null}"#,
    );
    check(
        r#"{"type":"object","required":["a\"b"],"additionalProperties":{"type":"integer"}}"#,
        r#"{"a\"b":1}"#,
    );
}

#[test]
fn what_no_property_names_is_made_as_well() {
    for (rule, expected) in [
        (
            r#""minProperties":2,"additionalProperties":{"type":"null"}"#,
            r#"{"key0":null,"key1":null}"#,
        ),
        (r#""patternProperties":{"^x":{"type":"integer"}},"required":["x1"]"#, r#"{"x1":1}"#),
    ] {
        check(&format!(r#"{{"type":"object",{rule}}}"#), expected);
    }
    check(r#"{"type":"array","contains":{"const":5},"minItems":2}"#, r#"[5,"hi"]"#);
}

#[test]
fn schemas_without_an_end_end() {
    let tree = r##"{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["next"]}"##;
    let value = of_schema(tree, "hi");
    assert!(value.contains("null") && value.len() < 200, "{value}");
    let endless = r##"{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}},"required":["a","b"]}"##;
    assert!(of_schema(endless, "hi").len() < 1 << 20);
    for circle in [r##"{"$ref":"#"}"##, r##"{"allOf":[{"$ref":"#"},{"$ref":"#"}]}"##] {
        check(circle, r#""hi""#);
    }
    let huge = r#"{"type":"array","minItems":1e300,"items":{"type":"array","minItems":1e300}}"#;
    assert!(of_schema(huge, "hi").len() < 1 << 20);
    check("not json", r#""hi""#);
}

#[test]
fn patterns_have_a_text_that_fits() {
    for (pattern, expected) in [
        ("abc", Some("abc")),
        (r"^\d{4}-\d{2}$", Some("0000-00")),
        ("(cat|dog)s?", Some("cat")),
        ("[^a-z]x*", Some("A")),
        (r"(?<year>\d\d)(?:a|b)+", Some("00a")),
        (r"[\w.-]+@[\w-]{2,}\.com", Some("a@aa.com")),
        (r"\.\*", Some(".*")),
        ("[]a]", Some("]")),
        ("(?!x)", None),
        ("(a", None),
        ("a)", None),
        ("[a", None),
        (r"\p{L}", None),
        ("a{9999999}", None),
    ] {
        assert_eq!(fitting(pattern, 0).as_deref(), expected, "{pattern}");
    }
    assert_eq!(fitting("a*", 3).as_deref(), Some("aaa"));
    assert_eq!(fitting(&"(".repeat(100), 0), None);
}
