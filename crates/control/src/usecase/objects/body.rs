//! The body that is to be written: what was sent, with what it says is to be kept.

use architrave_config::object::{NoSuchSecret, ObjectKind, hide_secrets, keep_secrets};
use architrave_store::ObjectRow;
use serde_json::{Map, Value, json};

use super::read::named;
use super::write::{Change, Wanted};
use super::{merge, not_found};
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;

/// A name that can be one of the kind's.
pub(super) fn check_name(kind: ObjectKind, name: &str) -> Result<(), ApiError> {
    if kind.takes_name(name) {
        return Ok(());
    }
    let rule = match kind {
        ObjectKind::Policies => "the only one is named default",
        ObjectKind::Model => "names of models are 1 to 128 of letters, digits and ._:/@+-",
        _ => "names are 1 to 63 of a-z, 0-9 and -",
    };
    Err(ApiError::value_fault("/name", rule))
}

/// What is to be written: what was sent, with what it says is to be kept.
pub(super) fn new_body(
    wanted: &Wanted<'_>,
    before: Option<&ObjectRow>,
    change: Change,
) -> Result<Value, ApiError> {
    let Wanted { kind, name, conditions, .. } = *wanted;
    let current = before.map(|before| etag(&before.id, before.revision));
    let (Change::Create(sent) | Change::Replace(sent) | Change::Patch(sent)) = &change;
    check_plain(sent)?;
    let mut body = match change {
        Change::Create(body) => {
            if before.is_some() {
                let message = format!("{kind} {name} is there already");
                return Err(ApiError::new(Code::NameTaken, message).with_etag(current));
            }
            body
        }
        Change::Replace(body) => {
            conditions.check(current.as_deref())?;
            body
        }
        Change::Patch(patch) => {
            let before = before.ok_or_else(|| not_found(kind, name))?;
            conditions.check(current.as_deref())?;
            // Secrets stand in it as they do in what was shown, so that what follows is the same.
            let mut body = before.body.clone();
            hide_secrets(kind, &mut body);
            if !patch.is_object() {
                return Err(ApiError::body_fault("", "a merge patch of an object is an object"));
            }
            merge(&mut body, patch);
            body
        }
    };
    let Value::Object(members) = &body else {
        return Err(ApiError::body_fault("", "the configuration of an object is an object"));
    };
    check_elsewhere(kind, members)?;
    let is_renamed = members.get("name").is_some_and(|own| own != name) && !kind.is_only();
    if is_renamed {
        return Err(ApiError::value_fault("/name", format!("this is named {name}")));
    }
    keep(kind, before, &mut body)?;
    Ok(named(kind, name, body))
}

/// Puts the secrets in that are to stay as they are stored.
pub(super) fn keep(
    kind: ObjectKind,
    before: Option<&ObjectRow>,
    body: &mut Value,
) -> Result<(), ApiError> {
    let nothing = Value::Null;
    let old = before.map_or(&nothing, |before| &before.body);
    // A secret was given for one place; whoever may change the place has not seen the secret.
    let has_moved = before.is_some() && destination(kind, old) != destination(kind, body);
    let kept = if has_moved { &nothing } else { old };
    let Err(missing) = keep_secrets(kind, body, kept) else { return Ok(()) };
    let moved = "it would be sent to another place than it was given for; send it again";
    let said = |one: &NoSuchSecret| match has_moved {
        true => moved.to_owned(),
        false => one.to_string(),
    };
    let faults: Vec<Fault> =
        missing.iter().map(|one| Fault::at(one.pointer.clone(), said(one))).collect();
    let message = match has_moved {
        true => "the stored secret was given for another place",
        false => "there is no stored secret to keep",
    };
    Err(ApiError::new(Code::ObjectInvalid, message).with_faults(faults))
}

/// What is said elsewhere than in the configuration, where there is a database.
pub(super) fn check_elsewhere(
    kind: ObjectKind,
    members: &Map<String, Value>,
) -> Result<(), ApiError> {
    if members.contains_key("team") && kind.may_belong_to_teams() {
        let message = "whose it is is said by `?team=` when it is made, and changed by :move";
        return Err(ApiError::value_fault("/team", message));
    }
    let api = members.get("api").and_then(Value::as_object);
    if api.is_some_and(|api| api.contains_key("file")) {
        let message = "files are named in gateway files alone: send the text";
        return Err(ApiError::value_fault("/api/file", message));
    }
    Ok(())
}

/// Where the secrets of an object go to, as far as the object says it; `null` for kinds whose secrets
/// go nowhere.
fn destination(kind: ObjectKind, body: &Value) -> Value {
    /// What of a provider leads to a host. Regions and versions stay with whose they are.
    const OF_PROVIDER: [&str; 4] = ["kind", "upstream", "resource", "account"];
    let member = |name: &str| body.get(name).cloned().unwrap_or_default();
    match kind {
        ObjectKind::Provider => {
            let mut parts: Vec<Value> = OF_PROVIDER.into_iter().map(member).collect();
            parts.push(origin_of(&member("base_url")).into());
            parts.into()
        }
        ObjectKind::IdentityProvider => member("issuer"),
        ObjectKind::McpServer => {
            let http = member("http");
            let part = |name: &str| http.get(name).cloned().unwrap_or_default();
            json!([origin_of(&part("url")), part("upstream")])
        }
        _ => Value::Null,
    }
}

/// Scheme, host and port of a URL.
fn origin_of(url: &Value) -> String {
    let (scheme, rest) = url.as_str().unwrap_or_default().split_once("://").unwrap_or_default();
    format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()).to_ascii_lowercase()
}

/// `${env:…}` and `${file:…}` are for files: through the API they would give away what only the
/// machine's owner should know.
pub(super) fn check_plain(sent: &Value) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    find_substitutions(sent, &mut String::new(), &mut faults);
    if faults.is_empty() {
        return Ok(());
    }
    let message = "substitution is for files; send the value itself";
    Err(ApiError::new(Code::ObjectInvalid, message).with_faults(faults))
}

fn find_substitutions(value: &Value, pointer: &mut String, faults: &mut Vec<Fault>) {
    let mut within = |part: &str, value: &Value, pointer: &mut String| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        find_substitutions(value, pointer, faults);
        pointer.truncate(length);
    };
    match value {
        Value::String(text) if text.contains("${env:") || text.contains("${file:") => {
            let message = "`${env:…}` and `${file:…}` are for files; send the value itself";
            faults.push(Fault::at(pointer.clone(), message));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(&index.to_string(), item, pointer);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                within(key, member, pointer);
            }
        }
        _ => {}
    }
}
