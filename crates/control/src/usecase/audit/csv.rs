//! The audit log as CSV (RFC 4180), for spreadsheets.

use super::AuditRowBody;
use crate::usecase::csv::line;

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
    line(fields, out);
}
