//! Objects are changed: the new body, its checks, the whole configuration with it, the row and the
//! audit log, and then it is live.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::object::{
    NoSuchSecret, Object, ObjectChange, ObjectFault, ObjectKind, Origin, hide_secrets,
    keep_secrets, secret_pointers,
};
use architrave_config::ports::{StageError, Staged};
use architrave_store::{ObjectRow, ObjectWrite};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::gate::{self, Override};
use super::life::Applied;
use super::reach::{self, Reach};
use super::read::{Shown, hidden, named};
use super::{Move, alone, life, merge, not_found, revisions, warnings};
use crate::admin::{self, objects::envelope};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};
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
    // Who makes one and says that it is published publishes it by that.
    let is_said = body.get("state").is_some();
    let is_new = kind == ObjectKind::Service && before.is_none();
    let is_published = is_new && is_said && life::is_in_use(&body);
    let product = is_published.then(|| alone::product_of(dependencies, name, team.clone()));
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
    if step.needs_reason && reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(ApiError::value_fault("/reason", "say why: those whom it concerns ask"));
    }
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
        planned.extend(alone::product_of(dependencies, name, team));
    }
    let put = put_all(&wanted, &mut writing, &planned, note).await?;
    let told = Told { verb: step.verb, reason, shown: terms.shown };
    end(&wanted, (writing, put), told, Some(&before)).await
}

/// Why something is written.
#[derive(Clone, Copy)]
pub(super) struct Note<'a> {
    /// For whoever looks at revisions.
    pub(super) why: &'a str,
    /// Whether what breaks callers is written all the same.
    pub(super) given: &'a Override,
}

/// One object that is to be so, or to be gone.
pub(super) struct Planned {
    pub(super) kind: ObjectKind,
    pub(super) name: String,
    pub(super) team: Option<String>,
    /// As it is.
    pub(super) before: Option<ObjectRow>,
    /// As it is to be; `None` for gone.
    pub(super) body: Option<Value>,
}

/// What was written, and is not live yet.
pub(super) struct Put {
    staged: Box<dyn Staged>,
    /// Rows in the order of the plan, without those that are gone.
    pub(super) rows: Vec<ObjectRow>,
    /// What breaks callers and was written all the same.
    overridden: Option<Value>,
    /// What is worth telling of the service that was written.
    warnings: Vec<String>,
}

/// Writes several objects as one, once the whole configuration with them has been found good and
/// breaks nobody who calls; with the revisions of the services that it is about.
pub(super) async fn put_all(
    wanted: &Wanted<'_>,
    writing: &mut Writing<'_>,
    planned: &[Planned],
    note: Note<'_>,
) -> Result<Put, ApiError> {
    let changes: Vec<ObjectChange> = planned
        .iter()
        .map(|one| match &one.body {
            None => ObjectChange::Remove { kind: one.kind, name: one.name.clone() },
            Some(body) => {
                let (kind, name) = (one.kind, one.name.clone());
                let object = Object { kind, name, body: body.clone() };
                ObjectChange::Put(object.of_team(one.team.as_deref()))
            }
        })
        .collect();
    let staged = stage(wanted, changes.clone()).await?;
    let before = wanted.dependencies.desired.objects();
    let after = revisions::with(&before, &changes);
    let mut overridden = None;
    for one in planned.iter().filter(|one| one.kind == ObjectKind::Service) {
        let Some(body) = &one.body else { continue };
        let team = one.team.as_deref();
        let of = gate::Wanted { before: one.before.as_ref(), name: &one.name, team, body };
        // Whoever may not publish does not publish what breaks callers by another way.
        let may_override = wanted.call.caller.may(Permission::PublishServices, team);
        let given = (note.given, may_override);
        overridden = gate::check(writing, &after, of, given).await?.or(overridden);
    }
    let mut rows = Vec::with_capacity(planned.len());
    for one in planned {
        rows.extend(write_one(writing, one).await?);
    }
    let actor = wanted.call.caller.actor_name().to_owned();
    revisions::note(writing, (&before, &after), &changes, (&actor, note.why)).await?;
    let warnings = match wanted.kind {
        ObjectKind::Service => warnings::of_service(&after, wanted.name),
        _ => Vec::new(),
    };
    Ok(Put { staged, rows, overridden, warnings })
}

async fn write_one(
    writing: &mut Writing<'_>,
    planned: &Planned,
) -> Result<Option<ObjectRow>, ApiError> {
    let Planned { kind, name, team, before, body } = planned;
    let Some(body) = body else {
        if let Some(before) = before {
            writing.change.remove_object(before).await?;
            if *kind == ObjectKind::Service {
                writing.change.forget_revisions(&before.id).await?;
            }
        }
        return Ok(None);
    };
    let secrets = secret_pointers(*kind, body);
    let team = team.as_deref();
    let write = ObjectWrite { kind: kind.singular(), name, team, body, secrets: &secrets };
    let after = match before {
        None => writing.change.insert_object(bare_prefix(*kind), write).await,
        Some(before) => writing.change.update_object(before, write).await,
    };
    after.map(Some).map_err(|error| teams::missing(error, team))
}

/// The time of a change.
pub(super) fn now(writing: &Writing<'_>) -> SystemTime {
    let micros = u64::try_from(writing.change.at()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(micros)
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

async fn stage(
    wanted: &Wanted<'_>,
    changes: Vec<ObjectChange>,
) -> Result<Box<dyn Staged>, ApiError> {
    let staged = wanted.dependencies.desired.stage(changes).await;
    staged.map_err(|error| not_staged(wanted, error))
}

/// Why a change was not staged, as it is told.
pub(super) fn not_staged(wanted: &Wanted<'_>, error: StageError) -> ApiError {
    match error {
        StageError::Invalid(faults) => invalid(wanted, faults),
        StageError::ReadOnly { kind, name, file } => {
            ApiError::read_only_object(kind.singular(), &name, &file)
        }
        StageError::NotPossible(why) => ApiError::new(Code::ConfigNotPossible, why),
    }
}

/// Faults of the body with pointers into it; of other objects, with their names.
fn invalid(wanted: &Wanted<'_>, faults: Vec<ObjectFault>) -> ApiError {
    let message = match faults.len() {
        1 => "the configuration would have a fault with this".to_owned(),
        count => format!("the configuration would have {count} faults with this"),
    };
    let faults = faults.into_iter().map(|fault| {
        let is_own = fault.kind == wanted.kind && fault.name == wanted.name;
        let object = (!is_own).then(|| format!("{}/{}", fault.kind.plural(), fault.name));
        let said = Fault::at(fault.pointer, fault.message).with_suggestion(fault.suggestion);
        said.of_object(object)
    });
    ApiError::new(Code::ObjectInvalid, message).with_faults(faults.collect())
}

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

/// What the file has is changed there.
pub(super) fn check_origin(wanted: &Wanted<'_>) -> Result<(), ApiError> {
    let Wanted { dependencies, kind, name, .. } = *wanted;
    let objects = dependencies.desired.objects();
    if let Some(Origin::File(file)) = objects.get(kind, name).map(|held| &held.origin) {
        // Where there is nothing but the file, that is what matters.
        if dependencies.platform.is_some() {
            return Err(ApiError::read_only_object(kind.singular(), name, file));
        }
    }
    Ok(())
}

/// Whose it is to be. It was judged for the team in the call; should it have moved since, that
/// judgement is worth nothing.
pub(super) fn agreed_team(
    wanted: &Wanted<'_>,
    before: Option<&ObjectRow>,
) -> Result<Option<String>, ApiError> {
    let call = wanted.call;
    match before {
        Some(before) if before.team != call.team => {
            let message = "it has changed since it was read";
            Err(ApiError::new(Code::PreconditionFailed, message))
        }
        Some(before) => {
            let asked = call.query.get("team");
            let is_same = asked.is_none_or(|asked| before.team.as_deref() == Some(asked));
            let message = "whose it is is changed by :move";
            let fault = Fault::of_parameter("team", message);
            is_same.then(|| before.team.clone()).ok_or_else(|| ApiError::query_fault(fault))
        }
        None => {
            if call.team.is_some() && !wanted.kind.may_belong_to_teams() {
                let message = format!("{} belong to no team", wanted.kind.plural());
                return Err(ApiError::query_fault(Fault::of_parameter("team", message)));
            }
            Ok(call.team.clone())
        }
    }
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
    if kind == ObjectKind::Service {
        check_service(members)?;
    }
    let is_renamed = members.get("name").is_some_and(|own| own != name) && !kind.is_only();
    if is_renamed {
        return Err(ApiError::value_fault("/name", format!("this is named {name}")));
    }
    let nothing = Value::Null;
    let old = before.map_or(&nothing, |before| &before.body);
    // A secret was given for one place; whoever may change the place has not seen the secret.
    let has_moved = before.is_some() && destination(kind, old) != destination(kind, &body);
    let kept = if has_moved { &nothing } else { old };
    if let Err(missing) = keep_secrets(kind, &mut body, kept) {
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
        return Err(ApiError::new(Code::ObjectInvalid, message).with_faults(faults));
    }
    Ok(named(kind, name, body))
}

/// What of a service is said elsewhere than in its configuration, where there is a database.
fn check_service(members: &Map<String, Value>) -> Result<(), ApiError> {
    if members.contains_key("team") {
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
            let url = member("base_url");
            let url = url.as_str().unwrap_or_default();
            let (scheme, rest) = url.split_once("://").unwrap_or_default();
            let host = format!("{scheme}://{}", rest.split('/').next().unwrap_or_default());
            let mut parts: Vec<Value> = OF_PROVIDER.into_iter().map(member).collect();
            parts.push(host.to_ascii_lowercase().into());
            parts.into()
        }
        ObjectKind::IdentityProvider => member("issuer"),
        _ => Value::Null,
    }
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

/// Whether it is written by a role in its team alone.
fn has_team_reach(wanted: &Wanted<'_>, team: Option<&str>) -> bool {
    team.is_some() && !wanted.call.caller.may(Permission::WriteObjects, None)
}

/// Who may write it by a role in its team alone is not let reach beyond the team.
pub(super) async fn check_reach(
    wanted: &Wanted<'_>,
    team: Option<&str>,
    before: Option<&ObjectRow>,
    body: &Value,
) -> Result<(), ApiError> {
    let Wanted { dependencies, kind, .. } = *wanted;
    let Some(team) = team.filter(|_| has_team_reach(wanted, team)) else { return Ok(()) };
    let before = before.map(|before| &before.body);
    reach::check(dependencies, &wanted.call.caller, Reach { kind, team, before, body }).await
}

/// The store puts the `_` in.
fn bare_prefix(kind: ObjectKind) -> &'static str {
    kind.id_prefix().trim_end_matches('_')
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
