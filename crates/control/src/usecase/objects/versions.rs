//! The versions of a service: each a service of its own, all of which name the same one.

use std::cmp::Ordering;

use architrave_config::object::ObjectKind;
use serde_json::{Value, json};

use super::body::check_name;
use super::describe::members;
use super::gate::Override;
use super::put::{Note, Planned, put_all};
use super::read::{Shown, all_seen, named};
use super::whose::{agreed_team, check_origin, check_reach};
use super::write::{Wanted, escape, finish};
use super::{life, not_found};
use crate::admin::objects::envelope;
use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::etag;
use crate::reply::Reply;
use crate::usecase::Writing;

/// Makes another version of a service, as a draft that is like it.
pub(crate) async fn make_version(
    wanted: Wanted<'_>,
    new: &str,
    version: &str,
) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    check_name(kind, new)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let base = writing.change.object(kind.singular(), name).await?;
    let base = base.ok_or_else(|| not_found(kind, name))?;
    let team = agreed_team(&wanted, Some(&base))?;
    let of = Wanted { dependencies, call, kind, name: new, conditions };
    check_origin(&of)?;
    if let Some(there) = writing.change.object(kind.singular(), new).await? {
        let message = format!("service {new} is there already");
        let tag = etag(&there.id, there.revision);
        return Err(ApiError::new(Code::NameTaken, message).with_etag(Some(tag)));
    }
    let body = copy(&base.body, (name, new), version);
    check_reach(&of, team.as_deref(), Some(&base), &body).await?;
    let planned = Planned { kind, name: new.to_owned(), team, before: None, body: Some(body) };
    let why = format!("version {version} of {name}");
    let note = Note { why: &why, given: &Override::default() };
    let put = put_all(&of, &mut writing, &[planned], note).await?;
    let Some(after) = put.rows.first() else {
        return Err(ApiError::internal("nothing was written"));
    };
    let mut shown = Shown::of_row(kind, after);
    let reply = if writing.validates_only() {
        shown.row = None;
        Reply::ok(&envelope(&shown))
    } else {
        let location = format!("/api/v1/services/{}", escape(new));
        Reply::created(location, &envelope(&shown)).with_etag(shown.etag())
    };
    finish(&of, (writing, put), ("create", Some(&why)), (None, reply)).await
}

/// The body of another version: a draft, with nothing of the first one's life but that the platform has
/// suspended it.
fn copy(base: &Value, (name, new): (&str, &str), version: &str) -> Value {
    let mut body = members(base);
    body.retain(|key, _| !life::KEYS.contains(&key.as_str()));
    let root = base.get("version_of").and_then(Value::as_str).unwrap_or(name);
    body.insert("version_of".to_owned(), root.into());
    body.insert("version".to_owned(), version.into());
    body.insert("state".to_owned(), "draft".into());
    life::suspend_like(base, &mut body);
    named(ObjectKind::Service, new, Value::Object(body))
}

/// All versions of a service that the caller may see, in the order of their labels.
pub(crate) async fn list_versions(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<Reply, ApiError> {
    let objects = dependencies.desired.objects();
    let of = |name: &str| {
        let held = objects.get(ObjectKind::Service, name)?;
        held.object.body.get("version_of")?.as_str().map(str::to_owned)
    };
    let root = of(name).unwrap_or_else(|| name.to_owned());
    let names: Vec<&str> = objects
        .list(ObjectKind::Service)
        .iter()
        .map(|held| held.object.name.as_str())
        .filter(|one| *one == root || of(one).as_deref() == Some(root.as_str()))
        .collect();
    let mut shown = all_seen(dependencies, caller, ObjectKind::Service, &names).await?;
    shown.sort_by(|one, other| in_order(&label(one), &label(other)));
    let versions: Vec<Value> = shown.iter().map(envelope).collect();
    Ok(Reply::ok(&json!({ "versions": versions })))
}

fn label(shown: &Shown) -> String {
    match shown.config.get("version") {
        Some(Value::String(label)) => label.clone(),
        Some(label) => label.to_string(),
        None => String::new(),
    }
}

fn in_order(one: &str, other: &str) -> Ordering {
    let numbers = |label: &str| -> Vec<u64> {
        label
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|it| it.parse().ok())
            .collect()
    };
    numbers(one).cmp(&numbers(other)).then_with(|| one.cmp(other))
}
