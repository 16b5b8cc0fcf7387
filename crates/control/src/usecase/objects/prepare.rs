//! A revision that is prepared: what a service is to be, found good with all else that there is, and
//! not in force until somebody points the service at it.

use architrave_config::object::{Object, ObjectChange, ObjectKind, hide_secrets, secret_pointers};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body::{check_name, check_plain};
use super::described::{findings, listed as linted, read};
use super::gate;
use super::history::difference;
use super::life;
use super::not_found;
use super::pointing::plan;
use super::put::{Planned, not_staged, now};
use super::read::named;
use super::revisions::{PREPARED_MAX, content, listed, services_of, upstream_of, with};
use super::warnings;
use super::whose::{agreed_team, check_origin};
use super::write::{REASON_MAX, Wanted, escape};
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::reply::Reply;
use crate::usecase::{Done, Writing};

/// How a service is to be; what is left out is as it is now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preparation {
    /// The configuration of the service, whole; without its life.
    #[serde(default)]
    service: Option<Value>,
    /// The routes to it, each whole with its `name`: others that lead to it alone would go.
    #[serde(default)]
    routes: Option<Vec<Value>>,
    /// The upstream behind it, whole with its `name`.
    #[serde(default)]
    upstreams: Option<Vec<Value>>,
    /// The description of its API, as JSON or a text in YAML or JSON; `null` for none.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Value>)]
    description: Option<Value>,
    /// What it is for, up to 1,000 characters.
    #[serde(default)]
    note: Option<String>,
}

/// Tells `null` from what is left out.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Prepares a revision of a service.
pub(crate) async fn prepare(
    wanted: Wanted<'_>,
    preparation: Preparation,
) -> Result<Reply, ApiError> {
    let Wanted { dependencies, call, kind, name, conditions } = wanted;
    let note = preparation.note.clone().unwrap_or_else(|| "prepared".to_owned());
    if note.chars().count() > REASON_MAX {
        return Err(ApiError::value_fault("/note", format!("up to {REASON_MAX} characters")));
    }
    check_origin(&wanted)?;
    let text = match &preparation.description {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(description) => Some(description.to_string()),
    };
    // Read before it is this one's turn to write.
    if let Some(text) = &text {
        read(text).await?;
    }
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.object(kind.singular(), name).await?;
    let before = before.ok_or_else(|| not_found(kind, name))?;
    let team = agreed_team(&wanted, Some(&before))?;
    if conditions.says_which() {
        conditions.check(Some(&etag(&before.id, before.revision)))?;
    }
    let objects = dependencies.desired.objects();
    let (mut wished, old_text) = content(&objects, name).ok_or_else(|| not_found(kind, name))?;
    let text = match preparation.description {
        None => old_text,
        Some(_) => text,
    };
    place(&preparation, name, &before.body, &mut wished)?;
    let said = (&wished, text.as_deref());
    let planned = plan(&mut writing, &wanted, (&before, &team), said).await?;
    let changes: Vec<ObjectChange> = planned.iter().map(change).collect();
    // Nothing in the body is the service itself, so that faults are told with their objects.
    let of_all = Wanted { name: "", ..wanted };
    let staged = dependencies.desired.stage(changes.clone()).await;
    drop(staged.map_err(|error| not_staged(&of_all, error))?);
    let after = with(&objects, &changes);
    let (content, text) = content(&after, name).ok_or_else(|| not_found(kind, name))?;
    let body = planned.first().and_then(|one| one.body.as_ref()).unwrap_or(&Value::Null);
    let of = gate::Wanted { before: Some(&before), name, team: team.as_deref(), body };
    let breaking = gate::breaking(&mut writing, &after, of).await?;

    let latest = writing.change.latest_revision(&before.id).await?;
    let current = writing.change.current_revision(&before.id).await?;
    let old_text = match current.as_ref().and_then(|current| current.description.as_deref()) {
        Some(digest) => writing.change.description(digest).await?,
        None => None,
    };
    let texts = (old_text.as_deref(), text.as_deref());
    let difference = difference((current.as_ref(), &content), texts, now(&writing)).await?;
    let new = architrave_store::NewRevision {
        service_id: &before.id,
        content: &content,
        description: text.as_deref(),
        actor: call.caller.actor_name(),
        note: &note,
        kept_max: PREPARED_MAX.into(),
        like: None,
    };
    let (revision, is_new) = writing.change.prepare_revision(new).await?;
    let number =
        |revision: Option<&architrave_store::Revision>| revision.map_or(0, |one| one.number);
    let marks = (number(latest.as_ref()).max(revision.number), number(current.as_ref()));
    let mut answer = listed(&revision, marks);
    answer["content"] = content;
    answer["difference"] = difference;
    answer["breaks_callers"] = breaking.iter().map(gate::in_words).collect::<Vec<_>>().into();
    answer["warnings"] = warnings::of_service(&after, name).into();
    if let Some(text) = text.as_deref().filter(|_| preparation.description.is_some()) {
        answer["lint"] = linted(&findings(text).await?);
    }
    if writing.validates_only() {
        // It has no number yet.
        answer["revision"] = Value::Null;
    }
    let reply = if is_new && !writing.validates_only() {
        let service = escape(name);
        let location = format!("/api/v1/services/{service}/revisions/{}", revision.number);
        Reply::created(location, &answer)
    } else {
        Reply::new(StatusCode::OK, &answer)
    };
    if !is_new {
        // There is nothing to write.
        return Ok(reply);
    }
    let done = Done {
        action: format!("prepare_{}", kind.singular()),
        kind: kind.singular(),
        name: name.to_owned(),
        team,
        before: None,
        after: Some(json!({
            "revision": revision.number,
            "based_on": revision.based_on,
            "digest": revision.digest,
            "note": note,
        })),
    };
    writing.end(done, reply).await
}

fn change(planned: &Planned) -> ObjectChange {
    let (kind, name) = (planned.kind, planned.name.clone());
    match &planned.body {
        None => ObjectChange::Remove { kind, name },
        Some(body) => {
            let object = Object { kind, name, body: body.clone() };
            ObjectChange::Put(object.of_team(planned.team.as_deref()))
        }
    }
}

/// Puts what is wished for in the place of what there is.
fn place(
    preparation: &Preparation,
    name: &str,
    present: &Value,
    content: &mut Value,
) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    if let Some(service) = &preparation.service {
        check_service(name, service, present, &mut faults)?;
        content["service"] = named(ObjectKind::Service, name, service.clone());
    }
    let upstream = upstream_of(&content["service"]).map(str::to_owned);
    for (kind, key, sent) in [
        (ObjectKind::Route, "routes", &preparation.routes),
        (ObjectKind::Upstream, "upstreams", &preparation.upstreams),
    ] {
        let Some(sent) = sent else { continue };
        for (at, body) in sent.iter().enumerate() {
            let at = format!("/{key}/{at}");
            check_sent(kind, body, &at, &mut faults)?;
            let own = body.get("name").and_then(Value::as_str);
            let belongs = match kind {
                ObjectKind::Route => services_of(body).any(|service| service == name),
                _ => own == upstream.as_deref(),
            };
            if own.is_none() {
                faults.push(Fault::at(format!("{at}/name"), "say what it is named"));
            } else if !belongs && kind == ObjectKind::Route {
                faults.push(Fault::at(at, format!("this does not lead to the service {name}")));
            } else if !belongs {
                faults.push(Fault::at(at, format!("this is not the upstream behind {name}")));
            }
        }
        content[key] = sent.clone().into();
    }
    // What is behind it now is no part of what it is to be.
    if let Some(upstreams) = content.get_mut("upstreams").and_then(Value::as_array_mut)
        && preparation.upstreams.is_none()
    {
        upstreams.retain(|one| one.get("name").and_then(Value::as_str) == upstream.as_deref());
    }
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the revision cannot be like this";
    Err(ApiError::new(Code::ObjectInvalid, message).with_faults(faults))
}

fn check_service(
    name: &str,
    service: &Value,
    present: &Value,
    faults: &mut Vec<Fault>,
) -> Result<(), ApiError> {
    let at = "/service";
    check_sent(ObjectKind::Service, service, at, faults)?;
    if service.get("name").is_some_and(|own| own != name) {
        faults.push(Fault::at(format!("{at}/name"), format!("this is named {name}")));
    }
    if service.get("team").is_some() {
        let message = "whose it is is no part of a revision";
        faults.push(Fault::at(format!("{at}/team"), message));
    }
    for key in life::KEYS {
        if service.get(key).is_some_and(|said| Some(said) != present.get(key)) {
            let message = "its life is no part of a revision: it is moved by its own methods";
            faults.push(Fault::at(format!("{at}/{key}"), message));
        }
    }
    if let Some(api) = service.get("api") {
        let mut shown = json!({ "api": { "text": "" } });
        hide_secrets(ObjectKind::Service, &mut shown);
        if *api != shown["api"] {
            let message = "the description is said by `description`, beside the service";
            faults.push(Fault::at(format!("{at}/api"), message));
        }
    }
    Ok(())
}

/// One object as it is sent: plain, and without secrets of its own.
fn check_sent(
    kind: ObjectKind,
    body: &Value,
    at: &str,
    faults: &mut Vec<Fault>,
) -> Result<(), ApiError> {
    if !body.is_object() {
        faults.push(Fault::at(at, "the configuration of an object is an object"));
        return Ok(());
    }
    check_plain(body)?;
    if let Some(name) = body.get("name").and_then(Value::as_str) {
        check_name(kind, name)?;
    }
    for pointer in secret_pointers(kind, body) {
        if body.pointer(&pointer).is_some_and(Value::is_string) {
            let message = "a revision holds no secrets: set it by a change of the object, and send \
                           `{\"has_value\": true}` here";
            faults.push(Fault::at(format!("{at}{pointer}"), message));
        }
    }
    Ok(())
}
