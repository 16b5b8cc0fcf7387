//! The description of a service's API by itself: read, judged and put in its place.

use architrave_config::object::{ObjectKind, Objects};
use architrave_store::digest_of;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::ahead::Ahead;
use super::described::{at_hand, compare, findings, listed, read, shown, summary, text_of};
use super::gate::Override;
use super::not_found;
use super::put::{Note, Planned, put_all};
use super::revisions::services_of;
use super::whose::{agreed_team, check_origin, check_reach};
use super::write::{Wanted, finish};
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

/// Takes away what says where the service itself is: servers of paths, operations, callbacks and
/// links, and what makers of gateways write beside them (`x-…`).
fn without_servers(description: &mut Value) {
    let Value::Object(root) = description else { return };
    root.retain(|name, _| !name.starts_with("x-"));
    for name in ["paths", "webhooks"] {
        items_without_servers(root.get_mut(name));
    }
    let Some(Value::Object(components)) = root.get_mut("components") else { return };
    items_without_servers(components.get_mut("pathItems"));
    links_without_servers(components.get_mut("links"));
    for callback in values(components.get_mut("callbacks")) {
        items_without_servers(Some(callback));
    }
    for response in values(components.get_mut("responses")) {
        links_without_servers(response.get_mut("links"));
    }
}

fn values(of: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    of.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
}

/// Of a map of path items.
fn items_without_servers(items: Option<&mut Value>) {
    for item in values(items).filter_map(Value::as_object_mut) {
        item.retain(|name, _| name != "servers" && !name.starts_with("x-"));
        for operation in item.values_mut().filter_map(Value::as_object_mut) {
            operation.retain(|name, _| name != "servers" && !name.starts_with("x-"));
            for callback in values(operation.get_mut("callbacks")) {
                items_without_servers(Some(callback));
            }
            for response in values(operation.get_mut("responses")) {
                links_without_servers(response.get_mut("links"));
            }
        }
    }
}

fn links_without_servers(links: Option<&mut Value>) {
    for link in values(links).filter_map(Value::as_object_mut) {
        link.shift_remove("server");
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
    let held = dependencies.desired.objects();
    let held = held.get(kind, name);
    let is_mock = held.is_some_and(|held| held.object.body.pointer("/http/mock").is_some());
    let _ahead = Ahead::of(dependencies, name, (&text, is_mock)).await?;
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
    let now = super::put::now(&writing);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_says_where_the_service_itself_is() {
        let secret = json!([{ "url": "http://10.9.9.9:8080" }]);
        let integration = json!({ "uri": "http://10.9.9.9:8080/x" });
        let operation = json!({
            "operationId": "get_it",
            "servers": secret,
            "x-amazon-apigateway-integration": integration,
            "responses": { "200": { "description": "d", "links": { "next": { "operationId": "a", "server": secret[0] } } } },
            "callbacks": { "done": { "{$request.body#/url}": { "servers": secret, "post": { "servers": secret } } } },
        });
        let item = json!({ "servers": secret, "get": operation, "x-upstream": "10.9.9.9" });
        let mut description = json!({
            "openapi": "3.1.0",
            "x-backend": "10.9.9.9",
            "paths": { "/it": item },
            "webhooks": { "told": item },
            "components": {
                "pathItems": { "shared": item },
                "callbacks": { "done": { "expression": item } },
                "links": { "next": { "operationId": "a", "server": secret[0] } },
                "schemas": { "Farm": { "properties": { "servers": { "type": "integer" } } } },
            },
        });
        without_servers(&mut description);
        let text = description.to_string();
        assert!(!text.contains("10.9.9.9"), "{text}");
        assert!(
            text.contains("get_it") && text.contains(r#""servers":{"type":"integer"}"#),
            "{text}"
        );
    }
}
