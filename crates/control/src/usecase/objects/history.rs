//! The revisions of a service, shown, compared, and gone back to.

use std::time::SystemTime;

use architrave_config::object::{ObjectKind, Origin, keep_secrets};
use architrave_store::{ObjectRow, Revision, Store};
use serde_json::{Value, json};

use super::described::{compare, shown};
use super::gate::Override;
use super::read::{Shown, named};
use super::revisions::{differences, listed, services_of};
use super::write::{
    Note, Planned, Wanted, agreed_team, check_origin, check_reach, finish, put_all,
};
use super::{life, not_found};
use crate::admin::objects::envelope;
use crate::api::Dependencies;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::{Writing, platform};

/// The revisions of a service, the latest first.
pub(crate) async fn list_revisions(
    dependencies: &Dependencies,
    name: &str,
    paging: &Paging,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let latest = store.latest_revision(&row.id).await?.map_or(0, |latest| latest.number);
    let (rows, next) = store.revisions(&row.id, &paging.page()).await?;
    let revisions: Vec<Value> = rows.iter().map(|row| listed(row, latest)).collect();
    let next = next.map(|next| paging.token(&next));
    Ok(Reply::ok(&json!({ "revisions": revisions, "next_page_token": next })))
}

/// One revision, with all that it says.
pub(crate) async fn show_revision(
    dependencies: &Dependencies,
    name: &str,
    number: &str,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let revision = revision(store, &row, number).await?;
    let latest = store.latest_revision(&row.id).await?.map_or(0, |latest| latest.number);
    let mut answer = listed(&revision, latest);
    answer["content"] = revision.content;
    Ok(Reply::ok(&answer))
}

/// What changed from one revision to another, in the configuration and in the API.
pub(crate) async fn compare_revisions(
    dependencies: &Dependencies,
    name: &str,
    number: &str,
    against: Option<&str>,
    now: SystemTime,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let new = revision(store, &row, number).await?;
    let old = match against {
        Some(against) => Some(revision(store, &row, against).await?),
        // Of the first, everything is new.
        None => store.revision(&row.id, new.number - 1).await?,
    };
    let nothing = Value::Null;
    let before = old.as_ref().map_or(&nothing, |old| &old.content);
    let texts = (
        text(store, old.as_ref().and_then(|old| old.description.as_deref())).await?,
        text(store, new.description.as_deref()).await?,
    );
    let api = match &texts {
        (Some(old), Some(new)) => Some(shown(&compare(old, new, now).await?)),
        _ => None,
    };
    Ok(Reply::ok(&json!({
        "revision": new.number,
        "against": old.as_ref().map(|old| old.number),
        "config": differences(before, &new.content),
        "api": api,
    })))
}

async fn text(store: &Store, digest: Option<&str>) -> Result<Option<String>, ApiError> {
    match digest {
        Some(digest) => Ok(store.description(digest).await?),
        None => Ok(None),
    }
}

async fn row(store: &Store, name: &str) -> Result<ObjectRow, ApiError> {
    let kind = ObjectKind::Service;
    store.object(kind.singular(), name).await?.ok_or_else(|| not_found(kind, name))
}

async fn revision(store: &Store, row: &ObjectRow, number: &str) -> Result<Revision, ApiError> {
    let found = match number.parse::<i64>() {
        Ok(number) if number > 0 => store.revision(&row.id, number).await?,
        _ => None,
    };
    found.ok_or_else(|| no_revision(&row.name, number))
}

fn no_revision(name: &str, number: &str) -> ApiError {
    let message = format!("service {name} has no revision {number}, or it is no longer kept");
    ApiError::new(Code::RevisionNotFound, message)
}

/// Writes a service again as it was in a revision: with its upstream, its routes and its description.
/// Its life stays as it is.
pub(crate) async fn roll_back(
    wanted: Wanted<'_>,
    number: i64,
    given: Override,
) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    given.check()?;
    check_origin(&wanted)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    let team = agreed_team(&wanted, Some(&before))?;
    if conditions.says_which() {
        conditions.check(Some(&etag(&before.id, before.revision)))?;
    }
    let revision = writing.change.revision(&before.id, number).await?;
    let revision = revision.ok_or_else(|| no_revision(name, &number.to_string()))?;
    let description = match &revision.description {
        Some(digest) => writing.change.description(digest).await?,
        None => None,
    };
    let mut planned = vec![Planned {
        kind,
        name: name.to_owned(),
        team: team.clone(),
        body: Some(service(name, &before.body, &revision.content, description.as_deref())),
        before: Some(before.clone()),
    }];
    for (kind, key) in [(ObjectKind::Upstream, "upstreams"), (ObjectKind::Route, "routes")] {
        for body in revision.content.get(key).and_then(Value::as_array).into_iter().flatten() {
            let Some(object) = body.get("name").and_then(Value::as_str) else { continue };
            let before = writing.change.object(kind.singular(), object).await?;
            let team = before.as_ref().map_or_else(|| team.clone(), |row| row.team.clone());
            let body = kept(kind, body, before.as_ref())?;
            planned.push(Planned { kind, name: object.to_owned(), team, before, body: Some(body) });
        }
    }
    planned.extend(later_routes(&mut writing, &wanted, &team, &planned).await?);
    for one in &planned {
        let of = Wanted { dependencies, call, kind: one.kind, name: &one.name, conditions };
        check_origin(&of)?;
        if let Some(body) = &one.body {
            check_reach(&of, team.as_deref(), one.before.as_ref(), body).await?;
        }
        let is_everywhere = call.caller.may(crate::permission::Permission::WriteObjects, None);
        let is_changed = one.before.as_ref().map(|before| &before.body) != one.body.as_ref();
        if is_changed && one.team != team && !is_everywhere {
            let message = "the revision has an object that is another team's now";
            let object = format!("{}/{}", one.kind.plural(), one.name);
            let fault = Fault::at("", "belongs to another team").of_object(Some(object));
            return Err(ApiError::new(Code::ReachNotPermitted, message).with_faults(vec![fault]));
        }
    }
    // What is as it was is not written again.
    let changed: Vec<Planned> = planned
        .into_iter()
        .enumerate()
        .filter(|(at, one)| {
            *at == 0 || one.before.as_ref().map(|before| &before.body) != one.body.as_ref()
        })
        .map(|(_, one)| one)
        .collect();
    let why = format!("rollback to {number}");
    let why = given.reason.as_ref().map_or(why.clone(), |reason| format!("{why}: {reason}"));
    let put = put_all(&wanted, &mut writing, &changed, Note { why: &why, given: &given }).await?;
    let Some(after) = put.rows.first() else {
        return Err(ApiError::internal("nothing was written"));
    };
    let shown = Shown::of_row(kind, after);
    let tag = shown.etag().filter(|_| !writing.validates_only());
    let reply = Reply::ok(&envelope(&shown)).with_etag(tag);
    finish(&wanted, (writing, put), ("rollback", Some(&why)), (Some(&before), reply)).await
}

/// The service as it was, in the life that it has.
fn service(name: &str, present: &Value, content: &Value, description: Option<&str>) -> Value {
    let mut body = super::describe::members(content.get("service").unwrap_or(&Value::Null));
    for key in life::KEYS {
        if let Some(value) = present.get(key) {
            body.insert(key.to_owned(), value.clone());
        }
    }
    match description {
        Some(text) => drop(body.insert("api".to_owned(), json!({ "text": text }))),
        None => drop(body.remove("api")),
    }
    named(ObjectKind::Service, name, Value::Object(body))
}

/// An object of a revision with the secrets that it has now.
fn kept(kind: ObjectKind, body: &Value, before: Option<&ObjectRow>) -> Result<Value, ApiError> {
    let mut body = body.clone();
    let nothing = Value::Null;
    let old = before.map_or(&nothing, |before| &before.body);
    keep_secrets(kind, &mut body, old).map_err(|missing| {
        let faults = missing.into_iter();
        let faults = faults.map(|one| Fault::at(one.pointer.clone(), one.to_string())).collect();
        let message = "the revision had a secret that is not there any more";
        ApiError::new(Code::ObjectInvalid, message).with_faults(faults)
    })?;
    Ok(body)
}

/// The routes to the service alone, of the same team, that the revision does not have: they came
/// later, and go.
async fn later_routes(
    writing: &mut Writing<'_>,
    wanted: &Wanted<'_>,
    team: &Option<String>,
    planned: &[Planned],
) -> Result<Vec<Planned>, ApiError> {
    let kind = ObjectKind::Route;
    let objects = wanted.dependencies.desired.objects();
    let mut later = Vec::new();
    for held in objects.list(kind).iter().filter(|held| held.origin == Origin::Database) {
        let name = &held.object.name;
        let mut services = services_of(&held.object.body);
        let is_its_own = services.next() == Some(wanted.name) && services.next().is_none();
        let is_known = planned.iter().any(|one| one.kind == kind && one.name == *name);
        if !is_its_own || is_known {
            continue;
        }
        let before = writing.change.object(kind.singular(), name).await?;
        if let Some(row) = before.filter(|row| row.team == *team) {
            let (name, team) = (name.clone(), team.clone());
            later.push(Planned { kind, name, team, before: Some(row), body: None });
        }
    }
    Ok(later)
}
