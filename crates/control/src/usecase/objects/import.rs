//! A service from a description: made or brought up to date in one step, with a route to it. What
//! else the service and the route say stays: policies, and whatever refers to them by name.

use std::collections::HashMap;

use architrave_config::object::ObjectKind;
use architrave_openapi::{Description, Difference};
use architrave_store::ObjectRow;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ahead::Ahead;
use super::body::check_name;
use super::describe::{members, with_description};
use super::described::{at_hand, compare, findings, listed, read, shown, summary, text_of};
use super::gate::Override;
use super::life;
use super::put::{Note, Planned, now, put_all};
use super::read::{Shown, named};
use super::whose::{agreed_team, check_origin, check_reach};
use super::write::{Wanted, escape, finish};
use crate::admin::objects::envelope;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::etag;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::Writing;

/// What is made of a description.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// OpenAPI 3.0 or 3.1: as JSON, or a text in YAML or JSON.
    description: Value,
    /// The upstream behind it. Of a new service, without one: a mock.
    #[serde(default)]
    upstream: Option<String>,
    /// Whether it is answered from the description, in place of an upstream.
    #[serde(default)]
    mock: Option<bool>,
    /// Which routes lead to it; where it is left out, routes stay as they are.
    #[serde(default)]
    routes: Option<Routing>,
    /// The path below which it is served; by default that of the first of its servers. Where there is
    /// none, a new route for everything is below the name of the service.
    #[serde(default)]
    prefix: Option<String>,
    /// The hosts at which it is served; by default, as it is, or any.
    #[serde(default)]
    hosts: Option<Vec<String>>,
    /// What this version of it is called; by default, as it is.
    #[serde(default)]
    version: Option<String>,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    r#override: bool,
    /// For the audit log and the revision, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// Which routes lead to a service.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Routing {
    /// One route for everything below the prefix.
    Prefix,
    /// One route for the operations of the description, and for nothing else.
    Operations,
}

/// Makes a service from a description, or brings it up to date.
pub(crate) async fn import(wanted: Wanted<'_>, import: Import) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    let text = match &import.description {
        Value::String(text) => text.clone(),
        description => description.to_string(),
    };
    let given = Override { is_given: import.r#override, reason: import.reason.clone() };
    given.check()?;
    check_name(kind, name)?;
    check_origin(&wanted)?;
    let description = read(&text).await?;
    if description.operations().is_empty() {
        let message = "the description has no operation: nothing would be imported";
        return Err(ApiError::new(Code::DescriptionInvalid, message));
    }
    let is_mock = import.upstream.is_none() && import.mock != Some(false);
    let _ahead = Ahead::of(dependencies, name, (&text, is_mock)).await?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let team = agreed_team(&wanted, before.as_ref())?;
    if conditions.says_which() {
        let current = before.as_ref().map(|before| etag(&before.id, before.revision));
        conditions.check(current.as_deref())?;
    }
    let old = before.as_ref().and_then(|before| text_of(&before.body));
    let _kept = at_hand(old).await?;
    let body = service(&import, name, before.as_ref(), &text)?;
    let may_publish = call.caller.may(Permission::PublishServices, team.as_deref());
    life::check(kind, (before.as_ref().map(|before| &before.body), &body), may_publish)?;
    check_reach(&wanted, team.as_deref(), before.as_ref(), &body).await?;
    let mut planned = vec![Planned {
        kind,
        name: name.to_owned(),
        team: team.clone(),
        before: before.clone(),
        body: Some(body),
    }];
    if let Some(routing) = import.routes {
        let row = writing.change.object(ObjectKind::Route.singular(), name).await?;
        let body = route(&import, routing, (name, row.as_ref()), &description);
        check_free(&wanted, row.as_ref(), &body)?;
        let of = Wanted { dependencies, call, kind: ObjectKind::Route, name, conditions };
        check_origin(&of)?;
        check_reach(&of, team.as_deref(), row.as_ref(), &body).await?;
        let team = row.as_ref().map_or_else(|| team.clone(), |row| row.team.clone());
        if row.as_ref().is_some_and(|row| row.team != call.team) && !is_everywhere(&wanted) {
            return Err(ApiError::new(Code::NameTaken, format!("route {name} is another team's")));
        }
        planned.push(Planned {
            kind: ObjectKind::Route,
            name: name.to_owned(),
            team,
            before: row,
            body: Some(body),
        });
    }
    let note = Note { why: import.reason.as_deref().unwrap_or("import_service"), given: &given };
    let put = put_all(&wanted, &mut writing, &planned, note).await?;
    let difference = match old {
        Some(old) => compare(old, &text, now(&writing)).await?,
        None => Difference {
            added: description
                .operations()
                .iter()
                .map(architrave_openapi::Operation::label)
                .collect(),
            ..Difference::default()
        },
    };
    let mut answer = json!({
        "description": summary(&description, &text),
        "difference": shown(&difference),
    });
    if writing.validates_only() {
        answer["lint"] = listed(&findings(&text).await?);
    }
    for row in &put.rows {
        let kind = ObjectKind::from_singular(&row.kind).unwrap_or(kind);
        let mut shown = Shown::of_row(kind, row);
        if writing.validates_only() {
            shown.row = None;
        }
        answer[row.kind.as_str()] = envelope(&shown);
    }
    let is_new = before.is_none() && !writing.validates_only();
    let reply = match is_new {
        true => Reply::created(format!("/api/v1/services/{}", escape(name)), &answer),
        false => Reply::new(StatusCode::OK, &answer),
    };
    let written = put.rows.first().filter(|_| !writing.validates_only());
    let reply = reply.with_etag(written.map(|row| etag(&row.id, row.revision)));
    let reason = import.reason.as_deref();
    finish(&wanted, (writing, put), ("import", reason), (before.as_ref(), reply)).await
}

fn is_everywhere(wanted: &Wanted<'_>) -> bool {
    wanted.call.caller.may(Permission::WriteObjects, None)
}

/// The service as it is to be.
fn service(
    import: &Import,
    name: &str,
    before: Option<&ObjectRow>,
    text: &str,
) -> Result<Value, ApiError> {
    let is_mock = import.mock.unwrap_or(import.upstream.is_none() && before.is_none());
    if is_mock && import.upstream.is_some() {
        return Err(ApiError::value_fault("/mock", "there is either an upstream or a mock"));
    }
    let mut body = match before {
        Some(before) => members(&before.body),
        None => members(&json!({ "state": "draft" })),
    };
    match &import.upstream {
        Some(upstream) => drop(body.insert("http".to_owned(), json!({ "upstream": upstream }))),
        None if is_mock => drop(body.insert("http".to_owned(), json!({ "mock": {} }))),
        None => {}
    }
    if let Some(version) = &import.version {
        body.insert("version".to_owned(), version.as_str().into());
    }
    Ok(named(ObjectKind::Service, name, with_description(&Value::Object(body), text)))
}

/// The route as it is to be: its conditions from the description, all else as it is.
fn route(
    import: &Import,
    routing: Routing,
    (name, before): (&str, Option<&ObjectRow>),
    description: &Description,
) -> Value {
    let bases = description.base_paths();
    let base = bases.first().map_or("", String::as_str);
    // Nobody takes every path of a host by saying nothing.
    let is_unsaid = import.prefix.is_none() && base.is_empty() && routing == Routing::Prefix;
    let own = format!("/{name}");
    let default = if is_unsaid { own.as_str() } else { base };
    let prefix = import.prefix.as_deref().unwrap_or(default).trim_end_matches('/');
    let mut body = match before {
        Some(before) => members(&before.body),
        None => members(&json!({ "service": name })),
    };
    if let Some(hosts) = &import.hosts {
        body.insert("hosts".to_owned(), json!(hosts));
    }
    let conditions = match routing {
        Routing::Prefix => json!([{ "path": { "prefix": slashed(prefix) } }]),
        Routing::Operations => operations(description, prefix),
    };
    let is_kept = is_unsaid && before.is_some() && body.contains_key("match");
    if !is_kept {
        body.insert("match".to_owned(), conditions);
    }
    // The service knows the paths below its own base alone.
    if before.is_none() && !prefix.is_empty() && prefix != base {
        let policies = json!({ "rewrite": { "strip_prefix": prefix } });
        body.insert("policies".to_owned(), policies);
    }
    named(ObjectKind::Route, name, Value::Object(body))
}

/// Refuses a route that would get exactly what another one gets already: the first of both would take
/// it all.
fn check_free(
    wanted: &Wanted<'_>,
    before: Option<&ObjectRow>,
    body: &Value,
) -> Result<(), ApiError> {
    let claims = |body: &Value| {
        let any = json!([{ "path": { "prefix": "/" } }]);
        let claim = |key: &str| body.get(key).cloned();
        (claim("listeners"), claim("hosts"), claim("match").unwrap_or(any))
    };
    let own = claims(body);
    // One that was so already is as it was.
    if before.is_some_and(|before| claims(&before.body) == own) {
        return Ok(());
    }
    let objects = wanted.dependencies.desired.objects();
    let mut others = objects.list(ObjectKind::Route).iter().map(|held| &held.object);
    let taken = others.find(|other| other.name != wanted.name && claims(&other.body) == own);
    if taken.is_none() {
        return Ok(());
    }
    // Not whose: it may be another team's.
    let message =
        "another route has exactly these paths and hosts: give another `prefix` or `hosts`";
    Err(ApiError::value_fault("/prefix", message))
}

fn slashed(prefix: &str) -> String {
    if prefix.is_empty() { "/".to_owned() } else { prefix.to_owned() }
}

/// One condition for each path, with the methods that it has.
fn operations(description: &Description, prefix: &str) -> Value {
    let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for operation in description.operations() {
        match places.get(operation.path.as_str()) {
            Some(place) => paths[*place].1.push(&operation.method),
            None => {
                places.insert(&operation.path, paths.len());
                paths.push((&operation.path, vec![&operation.method]));
            }
        }
    }
    let conditions = paths.into_iter().map(|(path, mut methods)| {
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        json!({ "path": condition(prefix, path), "methods": methods })
    });
    Value::Array(conditions.collect())
}

/// A path with holes as a condition.
fn condition(prefix: &str, path: &str) -> Value {
    if !path.contains('{') {
        return json!({ "exact": format!("{prefix}{path}") });
    }
    let mut pattern = escaped(prefix);
    let mut rest = path;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        pattern.push_str(&escaped(&rest[..open]));
        pattern.push_str("[^/]+");
        rest = &rest[open + close + 1..];
    }
    pattern.push_str(&escaped(rest));
    json!({ "regex": pattern })
}

/// A text as a pattern that matches it alone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_conditions() {
        assert_eq!(condition("/v1", "/orders"), json!({ "exact": "/v1/orders" }));
        assert_eq!(
            condition("/v1.2", "/orders/{id}/items.{format}"),
            json!({ "regex": r"/v1\.2/orders/[^/]+/items\.[^/]+" })
        );
    }
}
