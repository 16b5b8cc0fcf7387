//! Objects are changed: the new body, its checks, the whole configuration with it, the row and the
//! audit log, and then it is live.

use architrave_config::object::{Object, ObjectChange, ObjectKind, secret_pointers};
use architrave_store::{ObjectRow, ObjectWrite};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::ahead::Ahead;
use super::body::{check_name, new_body};
use super::gate::Override;
use super::life::Applied;
use super::put::{Note, Planned, Put, put_all, stage};
use super::read::{Shown, hidden};
use super::whose::{agreed_team, check_origin, check_reach, has_team_reach};
use super::{Move, alone, life, not_found, reach};
use crate::admin::{self, objects::envelope};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::{Conditions, etag};
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::{Done, Writing, teams};

/// The longest reason that is kept with a move, in characters.
pub(super) const REASON_MAX: usize = 1_000;

/// What is wanted of an object.
pub(crate) struct Wanted<'a> {
    pub(crate) dependencies: &'a Dependencies,
    pub(crate) call: &'a Call,
    pub(crate) kind: ObjectKind,
    pub(crate) name: &'a str,
    pub(crate) conditions: &'a Conditions,
}

/// How it is to be.
pub(crate) enum Change {
    /// There is to be one, and there is none.
    Create(Value),
    /// It is to be this, whether or not there is one.
    Replace(Value),
    /// This is to be different in the one that there is.
    Patch(Value),
}

/// Writes an object.
pub(crate) async fn write(wanted: Wanted<'_>, change: Change) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, .. } = wanted;
    check_name(kind, name)?;
    check_origin(&wanted)?;
    let (Change::Create(sent) | Change::Replace(sent) | Change::Patch(sent)) = &change;
    let _ahead = Ahead::of_body(dependencies, (kind, name), sent).await?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let team = agreed_team(&wanted, before.as_ref())?;
    let mut body = new_body(&wanted, before.as_ref(), change)?;
    if has_team_reach(&wanted, team.as_deref()) {
        reach::bound(kind, before.as_ref().map(|before| &before.body), &mut body);
    }
    check_reach(&wanted, team.as_deref(), before.as_ref(), &body).await?;
    let may_publish = call.caller.may(Permission::PublishServices, team.as_deref());
    life::check(kind, (before.as_ref().map(|before| &before.body), &body), may_publish)?;
    let verb = if before.is_some() { "update" } else { "create" };
    let note = Note { why: &format!("{verb}_{}", kind.singular()), given: &Override::default() };
    let is_published =
        kind == ObjectKind::Service && before.is_none() && life::is_made_published(&body);
    let product = is_published
        .then(|| alone::product_of(&dependencies.desired.objects(), name, team.clone()));
    let own =
        Planned { kind, name: name.to_owned(), team, before: before.clone(), body: Some(body) };
    let planned: Vec<Planned> = std::iter::once(own).chain(product.flatten()).collect();
    let put = put_all(&wanted, &mut writing, &planned, note).await?;
    let told = Told { verb, reason: None, shown: Map::new() };
    end(&wanted, (writing, put), told, before.as_ref()).await
}

/// On what terms a service's life is moved.
pub(crate) struct Terms {
    /// Members of the configuration; `null` takes one away.
    pub(crate) members: Map<String, Value>,
    /// For the audit log.
    pub(crate) reason: Option<String>,
    /// Whether what breaks callers is published all the same.
    pub(crate) given: Override,
    /// What the answer says beside the service.
    pub(crate) shown: Map<String, Value>,
}

/// Moves the life of the service that a call names by its custom method.
pub(crate) async fn move_state(
    dependencies: &Dependencies,
    call: &Call,
    conditions: &Conditions,
    terms: Terms,
) -> Result<Reply, ApiError> {
    let kind = ObjectKind::Service;
    let name = call.names.first().map(String::as_str).unwrap_or_default();
    let wanted = Wanted { dependencies, call, kind, name, conditions };
    let step = call.operation.split_verb().1.and_then(Move::of);
    let step = step.ok_or_else(|| ApiError::internal("a custom method that is no move"))?;
    let reason = terms.reason.as_deref();
    step.check_reason(reason)?;
    if reason.is_some_and(|reason| reason.chars().count() > REASON_MAX) {
        let message = format!("up to {REASON_MAX} characters");
        return Err(ApiError::value_fault("/reason", message));
    }
    check_origin(&wanted)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    let team = agreed_team(&wanted, Some(&before))?;
    if conditions.says_which() {
        conditions.check(Some(&etag(&before.id, before.revision)))?;
    }
    let now = admin::objects::time(writing.change.at());
    let by_platform = call.caller.may(Permission::MoveObjects, None);
    life::check_resumed(step, &before.body, by_platform)?;
    let how = Applied { terms: &terms.members, now: &now, by_platform };
    let body = step.apply(&before.body, &how)?;
    check_reach(&wanted, team.as_deref(), Some(&before), &body).await?;
    let note = Note { why: reason.unwrap_or(step.verb), given: &terms.given };
    let mut planned = vec![Planned {
        kind,
        name: name.to_owned(),
        team: team.clone(),
        before: Some(before.clone()),
        body: Some(body),
    }];
    if step.verb == "publish" {
        planned.extend(alone::product_of(&dependencies.desired.objects(), name, team));
    }
    let put = put_all(&wanted, &mut writing, &planned, note).await?;
    let told = Told { verb: step.verb, reason, shown: terms.shown };
    end(&wanted, (writing, put), told, Some(&before)).await
}

/// Gives an object to another team, or to none.
pub(crate) async fn move_to(wanted: Wanted<'_>, team: Option<&str>) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, .. } = wanted;
    check_origin(&wanted)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    let secrets = secret_pointers(kind, &before.body);
    let write =
        ObjectWrite { kind: kind.singular(), name, team, body: &before.body, secrets: &secrets };
    let object = Object { kind, name: name.to_owned(), body: before.body.clone() };
    let staged = stage(&wanted, vec![ObjectChange::Put(object.of_team(team))]).await?;
    let after = writing.change.update_object(&before, write).await;
    let after = after.map_err(|error| teams::missing(error, team))?;
    let reply = Reply::ok(&envelope(&Shown::of_row(kind, &after)));
    let reply = reply.with_etag(Some(etag(&after.id, after.revision)));
    let done = Done {
        action: format!("move_{}", kind.singular()),
        kind: kind.singular(),
        name: name.to_owned(),
        team: team.map(str::to_owned),
        before: Some(serde_json::json!({ "team": before.team })),
        after: Some(serde_json::json!({ "team": after.team })),
    };
    let is_live = !writing.validates_only();
    let reply = writing.end(done, reply).await?;
    if is_live {
        staged.go_live().await;
    }
    Ok(reply)
}

/// Removes an object.
pub(crate) async fn delete(wanted: Wanted<'_>) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    check_origin(&wanted)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    if kind == ObjectKind::Service {
        life::check_removed(&before.body, call.caller.may(Permission::MoveObjects, None))?;
    }
    if kind == ObjectKind::Plan {
        let living = writing.change.living_subscriptions_to(name).await?;
        if living > 0 {
            let message = format!("{living} subscriptions to the plan {name} are not over");
            return Err(ApiError::new(Code::ObjectInUse, message));
        }
    }
    let gone = |kind: ObjectKind, before: ObjectRow| Planned {
        kind,
        name: name.to_owned(),
        team: before.team.clone(),
        before: Some(before),
        body: None,
    };
    let mut planned = vec![gone(kind, before.clone())];
    // What came with its publication goes with it.
    if kind == ObjectKind::Service && alone::has_product(dependencies, name) {
        let product = writing.change.object(ObjectKind::Product.singular(), name).await?;
        let product = product.filter(|product| product.team == before.team);
        planned.extend(product.map(|product| gone(ObjectKind::Product, product)));
    }
    let note = Note { why: &format!("delete_{}", kind.singular()), given: &Override::default() };
    let Put { staged, .. } = put_all(&wanted, &mut writing, &planned, note).await?;
    let done = Done {
        action: format!("delete_{}", kind.singular()),
        kind: kind.singular(),
        name: name.to_owned(),
        team: before.team.clone(),
        before: Some(hidden(kind, name, &before.body)),
        after: None,
    };
    let is_live = !writing.validates_only();
    let reply = writing.end(done, Reply::nothing()).await?;
    if is_live {
        staged.go_live().await;
    }
    Ok(reply)
}

/// What is told of what was written.
struct Told<'a> {
    /// To the audit log: what was done.
    verb: &'a str,
    /// To the audit log: why.
    reason: Option<&'a str>,
    /// To the caller, beside the object.
    shown: Map<String, Value>,
}

async fn end(
    wanted: &Wanted<'_>,
    (writing, put): (Writing<'_>, Put),
    told: Told<'_>,
    before: Option<&ObjectRow>,
) -> Result<Reply, ApiError> {
    let Wanted { kind, name, .. } = *wanted;
    let Some(after) = put.rows.first() else {
        return Err(ApiError::internal("nothing was written"));
    };
    let mut shown = Shown::of_row(kind, after);
    let is_live = !writing.validates_only();
    if !is_live && before.is_none() {
        // It has no life yet.
        shown.row = None;
    }
    let location = format!("/api/v1/{}/{}", kind.plural(), escape(name));
    let mut body = admin::objects::beside(Some(told.shown), Some(&shown));
    if !put.warnings.is_empty() {
        body["warnings"] = put.warnings.clone().into();
    }
    let reply = match before {
        None if is_live => Reply::created(location, &body),
        _ => Reply::new(StatusCode::OK, &body),
    };
    let reply = reply.with_etag(shown.etag().filter(|_| is_live));
    finish(wanted, (writing, put), (told.verb, told.reason), (before, reply)).await
}

/// Makes what was written last, with its row of the audit log, and puts it in force.
pub(super) async fn finish(
    wanted: &Wanted<'_>,
    (writing, put): (Writing<'_>, Put),
    (verb, reason): (&str, Option<&str>),
    (before, reply): (Option<&ObjectRow>, Reply),
) -> Result<Reply, ApiError> {
    let Wanted { kind, name, .. } = *wanted;
    let Put { staged, rows, overridden, warnings: _ } = put;
    let after = rows.first();
    let mut written = after.map(|after| hidden(kind, name, &after.body));
    if let Some(Value::Object(written)) = &mut written {
        if let Some(reason) = reason {
            written.insert("reason".to_owned(), reason.into());
        }
        if let Some(overridden) = overridden {
            written.insert("override".to_owned(), overridden);
        }
        // What else was written with it.
        let beside: Vec<String> =
            rows.iter().skip(1).map(|row| format!("{}/{}", row.kind, row.name)).collect();
        if !beside.is_empty() {
            written.insert("with".to_owned(), beside.into());
        }
    }
    let team = after.or(before).and_then(|row| row.team.clone());
    let done = Done {
        action: format!("{verb}_{}", kind.singular()),
        kind: kind.singular(),
        name: name.to_owned(),
        team,
        before: before.map(|before| hidden(kind, name, &before.body)),
        after: written,
    };
    let is_live = !writing.validates_only();
    let reply = writing.end(done, reply).await?;
    if is_live {
        staged.go_live().await;
    }
    Ok(reply)
}

/// A name as it stands in a path.
pub(super) fn escape(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@+".contains(&byte);
    let escaped = name.bytes().map(|byte| match byte {
        byte if is_plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    escaped.collect()
}
