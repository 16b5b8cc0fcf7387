//! The description of a service's API by itself: read, judged and put in its place.

use architrave_config::object::ObjectKind;
use architrave_store::digest_of;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::described::{at_hand, compare, findings, listed, read, shown, summary, text_of};
use super::gate::Override;
use super::not_found;
use super::write::{
    Note, Planned, Wanted, agreed_team, check_origin, check_reach, finish, put_all,
};
use crate::api::Dependencies;
use crate::code::Code;
use crate::error::ApiError;
use crate::reply::Reply;
use crate::usecase::Writing;

/// The text of a service's description, and its ETag.
pub(crate) fn description(
    dependencies: &Dependencies,
    name: &str,
) -> Result<(String, String), ApiError> {
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
