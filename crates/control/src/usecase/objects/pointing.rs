//! A service is made to point at one of its revisions, an earlier or a prepared one: it is written as it
//! says, with its upstream, its routes and its description.

use architrave_config::object::{ObjectKind, Origin, keep_secrets};
use architrave_store::{ObjectRow, Revision};
use serde_json::{Value, json};

use super::gate::Override;
use super::history::no_revision;
use super::put::{Note, Planned, put_all};
use super::read::{Shown, named};
use super::revisions::services_of;
use super::whose::{agreed_team, check_origin, check_reach};
use super::write::{Wanted, finish};
use super::{life, not_found};
use crate::admin::objects::envelope;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::Writing;

/// At which revision a service is to point.
pub(crate) struct Pointing {
    /// Its number.
    pub(crate) revision: i64,
    /// The number of the one that it points at now, where the caller says it.
    pub(crate) current: Option<i64>,
    /// Whether what breaks callers is put in use all the same, and why.
    pub(crate) given: Override,
}

/// Goes back to a revision that was in force.
pub(crate) async fn roll_back(wanted: Wanted<'_>, pointing: Pointing) -> Result<Reply, ApiError> {
    point(wanted, pointing, "rollback").await
}

/// Points at any revision, an earlier one or one that is prepared.
pub(crate) async fn point_at(wanted: Wanted<'_>, pointing: Pointing) -> Result<Reply, ApiError> {
    point(wanted, pointing, "point").await
}

async fn point(wanted: Wanted<'_>, pointing: Pointing, verb: &str) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    let Pointing { revision: number, current, given } = pointing;
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
    if verb == "rollback" && revision.current_at.is_none() {
        let message = "it was prepared and never in force: `:point` at it";
        return Err(ApiError::value_fault("/revision", message));
    }
    if let Some(expected) = current {
        let now = writing.change.current_revision(&before.id).await?;
        check_current(expected, now.as_ref())?;
    }
    let description = match &revision.description {
        Some(digest) => writing.change.description(digest).await?,
        None => None,
    };
    let said = (&revision.content, description.as_deref());
    let planned = plan(&mut writing, &wanted, (&before, &team), said).await?;
    writing.point_at(name, number);
    let why = format!("{verb} to {number}");
    let why = given.reason.as_ref().map_or(why.clone(), |reason| format!("{why}: {reason}"));
    let put = put_all(&wanted, &mut writing, &planned, Note { why: &why, given: &given }).await?;
    let Some(after) = put.rows.first() else {
        return Err(ApiError::internal("nothing was written"));
    };
    let shown = Shown::of_row(kind, after);
    let tag = shown.etag().filter(|_| !writing.validates_only());
    let reply = Reply::ok(&envelope(&shown)).with_etag(tag);
    finish(&wanted, (writing, put), (verb, Some(&why)), (Some(&before), reply)).await
}

fn check_current(expected: i64, now: Option<&Revision>) -> Result<(), ApiError> {
    let number = now.map(|now| now.number);
    if number == Some(expected) {
        return Ok(());
    }
    let points = number.map_or("no revision".to_owned(), |number| format!("revision {number}"));
    let message = format!("the service points at {points} now");
    let fault = Fault::at("/current", message.clone());
    Err(ApiError::new(Code::PreconditionFailed, message).with_faults(vec![fault]))
}

/// What is written so that a service is as a revision says, the service first. What is so already is
/// not written again.
pub(super) async fn plan(
    writing: &mut Writing<'_>,
    wanted: &Wanted<'_>,
    (before, team): (&ObjectRow, &Option<String>),
    (content, description): (&Value, Option<&str>),
) -> Result<Vec<Planned>, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = *wanted;
    let own = service(name, &before.body, content, description);
    let mut planned = vec![Planned {
        kind,
        name: name.to_owned(),
        team: team.clone(),
        body: Some(kept((kind, name), &own, Some(before))?),
        before: Some(before.clone()),
    }];
    for (kind, key) in [(ObjectKind::Upstream, "upstreams"), (ObjectKind::Route, "routes")] {
        for body in content.get(key).and_then(Value::as_array).into_iter().flatten() {
            let Some(object) = body.get("name").and_then(Value::as_str) else { continue };
            let before = writing.change.object(kind.singular(), object).await?;
            let team = before.as_ref().map_or_else(|| team.clone(), |row| row.team.clone());
            let body = kept((kind, object), body, before.as_ref())?;
            planned.push(Planned { kind, name: object.to_owned(), team, before, body: Some(body) });
        }
    }
    planned.extend(later_routes(writing, wanted, team, &planned).await?);
    for one in &planned {
        let of = Wanted { dependencies, call, kind: one.kind, name: &one.name, conditions };
        check_origin(&of)?;
        if let Some(body) = &one.body {
            check_reach(&of, team.as_deref(), one.before.as_ref(), body).await?;
        }
        let is_everywhere = call.caller.may(Permission::WriteObjects, None);
        if is_changed(one) && one.team != *team && !is_everywhere {
            let message = "the revision has an object that is another team's now";
            let object = format!("{}/{}", one.kind.plural(), one.name);
            let fault = Fault::at("", "belongs to another team").of_object(Some(object));
            return Err(ApiError::new(Code::ReachNotPermitted, message).with_faults(vec![fault]));
        }
    }
    let all = planned.into_iter().enumerate();
    Ok(all.filter(|(at, one)| *at == 0 || is_changed(one)).map(|(_, one)| one).collect())
}

fn is_changed(planned: &Planned) -> bool {
    planned.before.as_ref().map(|before| &before.body) != planned.body.as_ref()
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
fn kept(
    (kind, name): (ObjectKind, &str),
    body: &Value,
    before: Option<&ObjectRow>,
) -> Result<Value, ApiError> {
    let mut body = body.clone();
    let nothing = Value::Null;
    let old = before.map_or(&nothing, |before| &before.body);
    keep_secrets(kind, &mut body, old).map_err(|missing| {
        let faults = missing.into_iter();
        let faults = faults.map(|one| Fault::at(one.pointer.clone(), one.to_string())).collect();
        let message = "the revision has a secret that is not there";
        let refusal = ApiError::new(Code::ObjectInvalid, message).with_faults(faults);
        refusal.of_object(&format!("{}/{name}", kind.plural()))
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
