//! The description of a service's API by itself: read, judged and put in its place.

use architrave_config::object::{ObjectKind, Objects};
use architrave_store::digest_of;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::described::{at_hand, compare, findings, listed, read, shown, summary, text_of};
use super::gate::Override;
use super::not_found;
use super::revisions::services_of;
use super::write::{
    Note, Planned, Wanted, agreed_team, check_origin, check_reach, finish, put_all,
};
use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::Surface;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::Writing;

/// Places of a service that others are told.
const PLACES_MAX: usize = 20;

/// The text of a service's description for a caller, and its ETag. Others than its team are not told
/// where the service itself is, only where it is served.
pub(crate) async fn description_for(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<(String, String), ApiError> {
    let (text, etag) = description(dependencies, name)?;
    let objects = dependencies.desired.objects();
    let held = objects.get(ObjectKind::Service, name);
    let team = held.and_then(|held| held.object.body.get("team")?.as_str());
    let is_of_team = caller.may(Permission::ReadObjects, team);
    if is_of_team && dependencies.surface == Surface::Admin {
        return Ok((text, etag));
    }
    let read = read(&text).await?;
    let bases = read.base_paths();
    let base = bases.first().map_or("", String::as_str);
    let servers: Vec<Value> =
        places(&objects, name, base).into_iter().map(|url| json!({ "url": url })).collect();
    let mut shown = read.value().clone();
    without_servers(&mut shown);
    shown["servers"] = servers.into();
    let text = shown.to_string();
    let etag = tag(&text);
    Ok((text, etag))
}

/// Where a service is served: the hosts of its routes, with the path below which it finds its own.
fn places(objects: &Objects, name: &str, base: &str) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for held in objects.list(ObjectKind::Route) {
        let body = &held.object.body;
        if !services_of(body).any(|service| service == name) {
            continue;
        }
        let strip = body.pointer("/policies/rewrite/strip_prefix").and_then(Value::as_str);
        let prefix = body.pointer("/match/0/path/prefix").and_then(Value::as_str);
        let path = match (strip, prefix) {
            (Some(strip), _) => strip,
            (None, Some(prefix)) if !base.starts_with(prefix) => prefix,
            _ => base,
        };
        let path = if path.is_empty() { "/" } else { path };
        let hosts = body.get("hosts").and_then(Value::as_array).into_iter().flatten();
        let hosts: Vec<&str> = hosts.filter_map(Value::as_str).collect();
        let named = hosts.iter().filter(|host| !host.contains('*'));
        let of_hosts = named.map(|host| format!("//{host}{path}"));
        let of_any = hosts.is_empty().then(|| path.to_owned());
        for place in of_hosts.chain(of_any) {
            if places.len() < PLACES_MAX && !places.contains(&place) {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        places.push(if base.is_empty() { "/".to_owned() } else { base.to_owned() });
    }
    places
}

/// Takes the servers of paths and operations away, which say where the service itself is.
fn without_servers(description: &mut Value) {
    let Some(Value::Object(paths)) = description.get_mut("paths") else { return };
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        item.shift_remove("servers");
        for operation in item.values_mut().filter_map(Value::as_object_mut) {
            operation.shift_remove("servers");
        }
    }
}

/// The text of a service's description, and its ETag.
fn description(dependencies: &Dependencies, name: &str) -> Result<(String, String), ApiError> {
    let objects = dependencies.desired.objects();
    let held = objects.get(ObjectKind::Service, name);
    let held = held.ok_or_else(|| not_found(ObjectKind::Service, name))?;
    let text = text_of(&held.object.body).ok_or_else(|| {
        let message = match held.object.body.pointer("/api/file") {
            Some(file) => format!("the description of {name} is in the file {file}"),
            None => format!("service {name} has no description of its API"),
        };
        ApiError::new(Code::DescriptionNotFound, message)
    })?;
    Ok((text.to_owned(), tag(text)))
}

/// What the rules say of a service's description.
pub(crate) async fn lint_of(dependencies: &Dependencies, name: &str) -> Result<Reply, ApiError> {
    let (text, _) = description(dependencies, name)?;
    Ok(Reply::ok(&listed(&findings(&text).await?)))
}

/// Puts a description in its place.
pub(crate) async fn put_description(
    wanted: Wanted<'_>,
    text: String,
    given: Override,
) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    given.check()?;
    check_origin(&wanted)?;
    let read = read(&text).await?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    let team = agreed_team(&wanted, Some(&before))?;
    conditions.check(text_of(&before.body).map(tag).as_deref())?;
    let body = with_description(&before.body, &text);
    check_reach(&wanted, team.as_deref(), Some(&before), &body).await?;
    let old = text_of(&before.body).map(str::to_owned);
    let _kept = at_hand(old.as_deref()).await?;
    let planned = Planned {
        kind,
        name: name.to_owned(),
        team,
        before: Some(before.clone()),
        body: Some(body),
    };
    let note = Note { why: given.reason.as_deref().unwrap_or("describe_service"), given: &given };
    let put = put_all(&wanted, &mut writing, &[planned], note).await?;
    let now = super::write::now(&writing);
    let difference = match &old {
        Some(old) => compare(old, &text, now).await?,
        None => architrave_openapi::Difference::default(),
    };
    let mut answer = summary(&read, &text);
    answer["difference"] = shown(&difference);
    let is_new = old.is_none() && !writing.validates_only();
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let reply = Reply::new(status, &answer).with_etag(Some(tag(&text)));
    let reason = given.reason.as_deref();
    finish(&wanted, (writing, put), ("describe", reason), (Some(&before), reply)).await
}

/// A body with another description.
pub(super) fn with_description(body: &Value, text: &str) -> Value {
    let mut body = body.clone();
    if let Value::Object(members) = &mut body {
        members.insert("api".to_owned(), json!({ "text": text }));
    }
    body
}

fn tag(text: &str) -> String {
    format!("\"{}\"", digest_of(text))
}

/// The members of an object that is one.
pub(super) fn members(body: &Value) -> Map<String, Value> {
    body.as_object().cloned().unwrap_or_default()
}
