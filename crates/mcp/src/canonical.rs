//! JSON in one spelling, so that two texts that say the same have the same hash: names sorted, no
//! blanks, escapes where they must be (RFC 8785), and numbers by their exact decimal value.
//!
//! RFC 8785 takes numbers for floats; then two different large ones would be the same.

use std::borrow::Cow;

use architrave_wire::json::{Cursor, JsonError, Kind, Writer};

/// Appends a JSON value in its one spelling.
///
/// # Errors
/// Where the text is no JSON, or nested too deeply.
pub fn write(text: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(text);
    value(&mut cursor, out)?;
    cursor.end()
}

fn value(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Object => {
            let mut members: Vec<(String, Vec<u8>)> = Vec::new();
            cursor.object(|cursor, name| {
                let mut inside = Vec::new();
                value(cursor, &mut inside)?;
                members.push((name.to_owned(), inside));
                Ok(())
            })?;
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            out.push(b'{');
            for (index, (name, inside)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                text(name, out);
                out.push(b':');
                out.extend_from_slice(inside);
            }
            out.push(b'}');
        }
        Kind::Array => {
            out.push(b'[');
            let mut is_first = true;
            cursor.array(|cursor| {
                if !std::mem::take(&mut is_first) {
                    out.push(b',');
                }
                value(cursor, out)
            })?;
            out.push(b']');
        }
        Kind::Text => text(&cursor.text()?, out),
        _ => {
            let json = cursor.json()?;
            out.extend_from_slice(number(json.as_str()).as_bytes());
        }
    }
    Ok(())
}

fn text(text: &str, out: &mut Vec<u8>) {
    // The writer escapes what must be; of control bytes RFC 8785 spells two shorter than it does.
    if !text.contains(['\u{8}', '\u{c}']) {
        return Writer::new(out).text(text);
    }
    let mut written = Vec::with_capacity(text.len() + 8);
    Writer::new(&mut written).text(text);
    let written = String::from_utf8(written).unwrap_or_default();
    out.extend_from_slice(written.replace("\\u0008", "\\b").replace("\\u000c", "\\f").as_bytes());
}

/// A number by its digits and the power of ten behind them: `1.50` is `15e-1`.
fn number(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // Whoever writes larger ones writes them alike.
    let Ok(exponent) = exponent.parse::<i64>() else { return Cow::Borrowed(text) };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - kept.len()).unwrap_or_default();
    let behind = i64::try_from(fraction.len()).unwrap_or_default();
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() {
        return Cow::Borrowed("0");
    }
    match exponent.checked_sub(behind).and_then(|exponent| exponent.checked_add(zeros)) {
        Some(0) => Cow::Owned(format!("{sign}{kept}")),
        Some(exponent) => Cow::Owned(format!("{sign}{kept}e{exponent}")),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out).expect(text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_says_the_same_is_spelled_the_same() {
        for (text, spelled) in [
            (r#" { "b" : [1 , 2], "a":{} } "#, r#"{"a":{},"b":[1,2]}"#),
            (r#""\u0061\/\u000a\u0008\f\u00e9""#, r#""a/\n\b\fé""#),
            ("1.0", "1"),
            ("-0", "0"),
            ("0.00", "0"),
            ("1e2", "1e2"),
            ("100", "1e2"),
            ("0.5e1", "5"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("[true,null,false]", "[true,null,false]"),
            (r#"{"\ue000":1,"😀":2}"#, "{\"😀\":2,\"\u{e000}\":1}"),
        ] {
            assert_eq!(canonical(text), spelled, "{text}");
        }
        assert_ne!(canonical("9007199254740993"), canonical("9007199254740992"));
    }

    /// With numbers as floats, which are small here, and in any order.
    fn floats(value: &serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::Number(number) => Value::from(number.as_f64().unwrap()),
            Value::Array(items) => items.iter().map(floats).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), floats(value))).collect()
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn a_spelling_is_one_and_says_what_was_said(
            members in prop::collection::vec(("[a-cé\u{8}😀]{0,3}", -2000_i64..2000, 0_u8..4), 0..5),
        ) {
            let map: serde_json::Map<String, serde_json::Value> = members
                .into_iter()
                .map(|(name, number, kind)| (name.clone(), match kind {
                    0 => number.into(),
                    1 => name.into(),
                    2 => serde_json::json!([number, { "z": 1, "a": name }]),
                    _ => serde_json::json!(number as f64 / 8.0),
                }))
                .collect();
            let value = serde_json::Value::Object(map);
            let one = canonical(&value.to_string());
            prop_assert_eq!(&canonical(&serde_json::to_string_pretty(&value).unwrap()), &one);
            prop_assert_eq!(&canonical(&one), &one);
            let again: serde_json::Value = serde_json::from_str(&one).unwrap();
            prop_assert_eq!(floats(&again), floats(&value));
        }
    }
}
