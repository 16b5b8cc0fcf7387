//! The audit log as CSV (RFC 4180), for spreadsheets; nothing in it is a formula to them.

use super::AuditRowBody;

const COLUMNS: [&str; 13] = [
    "id",
    "at",
    "actor",
    "actor_name",
    "via",
    "action",
    "kind",
    "name",
    "team",
    "before",
    "after",
    "address",
    "request_id",
];

pub(super) fn head() -> String {
    COLUMNS.join(",") + "\r\n"
}

pub(super) fn row(row: &AuditRowBody, out: &mut String) {
    let json = |value: &Option<serde_json::Value>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let fields: [&str; 13] = [
        &row.id.to_string(),
        &row.at,
        &row.actor,
        &row.actor_name,
        &row.via,
        &row.action,
        &row.kind,
        &row.name,
        row.team.as_deref().unwrap_or_default(),
        &json(&row.before),
        &json(&row.after),
        row.address.as_deref().unwrap_or_default(),
        &row.request_id,
    ];
    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    out.push_str(&fields.join(","));
    out.push_str("\r\n");
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
}
