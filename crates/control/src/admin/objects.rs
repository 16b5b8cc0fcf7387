//! Objects as the API shows them, all kinds alike; the actions are beside this file.

use architrave_config::object::ObjectKind;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

use architrave_telemetry::stamp::rfc3339;

use crate::call::Call;
use crate::error::ApiError;
use crate::usecase::objects::Shown;

pub(crate) mod apply;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod give;
pub(crate) mod list;
pub(crate) mod patch;
pub(crate) mod replace;
pub(crate) mod show;

/// An object in its envelope.
pub(crate) fn envelope(shown: &Shown) -> Value {
    let row = shown.row.as_ref();
    json!({
        "id": row.map(|row| &row.id),
        "kind": shown.kind.singular(),
        "name": shown.name,
        "team": shown.team,
        "origin": if shown.file.is_some() { "file" } else { "database" },
        "file": shown.file.as_ref().map(|file| file.display().to_string()),
        "revision": row.map(|row| row.revision),
        "created_at": row.map(|row| time(row.created_at)),
        "updated_at": row.map(|row| time(row.updated_at)),
        "config": shown.config,
    })
}

/// How something does, with its envelope beside it; either may be missing.
pub(crate) fn beside(live: Option<impl Serialize>, shown: Option<&Shown>) -> Value {
    let live = live.map(|live| serde_json::to_value(live).expect("our bodies are always JSON"));
    let mut body = shown.map_or_else(|| json!({}), envelope);
    if let (Value::Object(body), Some(Value::Object(live))) = (&mut body, live) {
        body.extend(live);
    }
    body
}

/// Microseconds UTC as RFC 3339.
pub(crate) fn time(micros: i64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default()))
}

/// The name that a path names; the only one of a kind is named in the path itself.
fn name_of(call: &Call, kind: ObjectKind) -> Result<&str, ApiError> {
    let name = call.names.first().map(String::as_str);
    let only = kind.is_only().then_some(architrave_config::object::ONLY_NAME);
    name.or(only).ok_or_else(|| ApiError::internal("a path without a name"))
}
