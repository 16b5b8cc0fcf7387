//! Lines of CSV (RFC 4180); nothing in them is a formula to a spreadsheet.

use serde_json::Value;

/// One line.
pub(super) fn line<'a>(fields: impl IntoIterator<Item = &'a str>, out: &mut String) {
    let fields: Vec<String> = fields.into_iter().map(quoted).collect();
    out.push_str(&fields.join(","));
    out.push_str("\r\n");
}

/// A value as a field: nothing for `null`, texts without their quotes.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn quoted(field: &str) -> String {
    // Spreadsheets take what begins so for a formula.
    let mark = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let is_plain = !field.contains([',', '"', '\r', '\n']) && mark.is_empty();
    if is_plain { field.to_owned() } else { format!("\"{mark}{}\"", field.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_are_never_formulas() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted(r#"{"a":1,"b":2}"#), r#""{""a"":1,""b"":2}""#);
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
        assert_eq!(quoted("=cmd()"), "\"'=cmd()\"");
    }

    #[test]
    fn values_are_fields_without_quotes() {
        let texts = [Value::Null, "a".into(), 7.into(), 1.5.into()].map(|one| text_of(&one));
        assert_eq!(texts, ["", "a", "7", "1.5"]);
    }
}
