//! Credentials of applications: keys made here, shown once, known by a digest from then on. What is
//! made or revoked is so on every worker when it is answered.

mod file;
mod find;

use architrave_core::units::parse_duration;
use architrave_store::{Application, Credential, NewCredential};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use find::{FoundKeys, WantedKeys, find_keys};

use super::applications::{end, find_to_change};
use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::token::{TokenKind, last4, new_token, sha256};
use crate::code::Code;
use crate::error::ApiError;
use crate::page::Paging;
use crate::reply::Reply;
use crate::time::parse_rfc3339;

const NAME_CHARS_MAX: usize = 100;
/// Keys of one application that have not ended.
const LIVING_MAX: i64 = 50;
/// For how long the old key goes on beside the new one where nothing is said.
const GRACE_DEFAULT: &str = "24h";
/// Longer than this is no rotation.
const GRACE_DAYS_MAX: i64 = 90;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// A key of an application, without what it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialBody {
    id: String,
    name: String,
    /// What it begins with.
    prefix: String,
    /// Its last four characters.
    last4: String,
    /// `database`, or `file`, where alone it can be changed.
    origin: String,
    /// `null` for one of the gateway file.
    created_at: Option<String>,
    /// From when on it is worth nothing; `null` for never.
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

/// A page of credentials.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialPage {
    credentials: Vec<CredentialBody>,
    next_page_token: Option<String>,
}

/// What a new key is to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCredentialBody {
    /// What it is called; `key` where it is left out.
    #[serde(default)]
    name: Option<String>,
    /// RFC 3339; where it is left out, it does not end by itself.
    #[serde(default)]
    expires_at: Option<String>,
}

/// How a key gives way to a new one.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// For how long the old one goes on, such as `24h`, which it is where nothing is said; `0s` ends
    /// it at once. At most 90 days.
    #[serde(default)]
    grace: Option<String>,
    /// When the new one ends, RFC 3339; where it is left out, it does not end by itself.
    #[serde(default)]
    expires_at: Option<String>,
}

/// A new key.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeCredential {
    credential: CredentialBody,
    /// The key itself, shown once. `null` when nothing was written.
    secret: Option<String>,
    /// The key that it takes the place of, and when that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<CredentialBody>,
}

pub(crate) fn body(credential: &Credential) -> CredentialBody {
    CredentialBody {
        id: credential.id.clone(),
        name: credential.name.clone(),
        prefix: credential.prefix.clone(),
        last4: credential.last4.clone(),
        origin: "database".to_owned(),
        created_at: Some(time(credential.created_at)),
        expires_at: credential.expires_at.map(time),
        revoked_at: credential.revoked_at.map(time),
    }
}

pub(crate) fn done(
    action: &str,
    application: &Application,
    before: Option<CredentialBody>,
    after: Option<&Credential>,
) -> Done {
    Done {
        action: action.to_owned(),
        kind: "credential",
        name: application.name.clone(),
        team: application.team.clone(),
        before: before.and_then(|before| serde_json::to_value(before).ok()),
        after: after.and_then(|after| serde_json::to_value(body(after)).ok()),
    }
}

/// What ids of keys of the file begin with, and where they come from.
const FILE: &str = "file";

/// Ids of keys of the file in their order: `file-10` comes after `file-9`.
fn order(id: &str) -> (usize, &str) {
    (id.len(), id)
}

pub(crate) async fn list(
    dependencies: &Dependencies,
    application: &str,
    paging: &Paging,
) -> Result<CredentialPage, ApiError> {
    if let Some(keys) = file::keys(&dependencies.directory.snapshot(), application) {
        let is_next = |key: &CredentialBody| {
            paging.after.as_ref().is_none_or(|after| order(&key.id) > order(after))
        };
        let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
        let mut credentials: Vec<CredentialBody> = keys.into_iter().filter(is_next).collect();
        let is_more = credentials.len() > size;
        credentials.truncate(size);
        let last = credentials.last().filter(|_| is_more);
        let next_page_token = last.map(|last| paging.token(&last.id));
        return Ok(CredentialPage { credentials, next_page_token });
    }
    let store = platform(dependencies)?.store();
    let Some(application) = store.application(application).await? else {
        return Ok(CredentialPage { credentials: Vec::new(), next_page_token: None });
    };
    let (found, next) = store.credentials_of(&application.id, &paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    Ok(CredentialPage { credentials: found.iter().map(body).collect(), next_page_token })
}

pub(crate) async fn make(
    dependencies: &Dependencies,
    call: &Call,
    application: &str,
    wanted: NewCredentialBody,
) -> Result<Reply, ApiError> {
    let name = checked_name(wanted.name)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    let expires_at = checked_end(wanted.expires_at.as_deref(), writing.change.at())?;
    let (credential, secret) = insert(&mut writing, &application, name, expires_at).await?;
    let done = done("create_credential", &application, None, Some(&credential));
    let reply = made(&writing, &credential, secret, None);
    end(dependencies, writing, done, reply).await
}

/// Makes a key that takes the place of another, which goes on for a while.
pub(crate) async fn rotate(
    dependencies: &Dependencies,
    call: &Call,
    (application, id): (&str, &str),
    wanted: Rotation,
) -> Result<Reply, ApiError> {
    let grace = checked_grace(wanted.grace.as_deref().unwrap_or(GRACE_DEFAULT))?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    let mut old = find(&mut writing, &application, id).await?;
    let now = writing.change.at();
    if old.revoked_at.is_some() || old.expires_at.is_some_and(|end| end <= now) {
        let message = "the key has ended; make a new one";
        return Err(ApiError::new(Code::StateNotFitting, message));
    }
    let before = body(&old);
    let expires_at = checked_end(wanted.expires_at.as_deref(), now)?;
    if grace == 0 {
        writing.change.revoke_credential(&mut old).await?;
    } else {
        writing.change.end_credential(&mut old, now + grace).await?;
    }
    let (credential, secret) =
        insert(&mut writing, &application, old.name.clone(), expires_at).await?;
    let done = done("rotate_credential", &application, Some(before), Some(&credential));
    let reply = made(&writing, &credential, secret, Some(body(&old)));
    end(dependencies, writing, done, reply).await
}

/// Revokes a key, at once.
pub(crate) async fn revoke(
    dependencies: &Dependencies,
    call: &Call,
    (application, id): (&str, &str),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    let mut credential = find(&mut writing, &application, id).await?;
    let before = body(&credential);
    writing.change.revoke_credential(&mut credential).await?;
    let done = done("revoke_credential", &application, Some(before), Some(&credential));
    let reply = Reply::ok(&body(&credential));
    end(dependencies, writing, done, reply).await
}

/// One key, without what it is.
pub(crate) async fn read(
    dependencies: &Dependencies,
    (application, id): (&str, &str),
) -> Result<Reply, ApiError> {
    if let Some(keys) = file::keys(&dependencies.directory.snapshot(), application) {
        let found = keys.into_iter().find(|key| key.id == id);
        return Ok(Reply::ok(&found.ok_or_else(|| not_found(application, id))?));
    }
    let store = platform(dependencies)?.store();
    let of = store.application(application).await?;
    let found = store.credential(id).await?;
    let found = found.filter(|found| of.is_some_and(|of| of.id == found.application));
    Ok(Reply::ok(&body(&found.ok_or_else(|| not_found(application, id))?)))
}

/// Removes a key that has ended.
pub(crate) async fn delete(
    dependencies: &Dependencies,
    call: &Call,
    (application, id): (&str, &str),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    let credential = find(&mut writing, &application, id).await?;
    let now = writing.change.at();
    if credential.revoked_at.is_none() && credential.expires_at.is_none_or(|end| end > now) {
        let message = "the key has not ended: revoke it first";
        return Err(ApiError::new(Code::StateNotFitting, message));
    }
    writing.change.remove_credential(&credential).await?;
    let done = done("delete_credential", &application, Some(body(&credential)), None);
    end(dependencies, writing, done, Reply::nothing()).await
}

fn not_found(application: &str, id: &str) -> ApiError {
    let message = format!("application {application} has no credential {id}");
    ApiError::new(Code::CredentialNotFound, message)
}

async fn find(
    writing: &mut Writing<'_>,
    application: &Application,
    id: &str,
) -> Result<Credential, ApiError> {
    let found = writing.change.credential(id).await?;
    let found = found.filter(|credential| credential.application == application.id);
    found.ok_or_else(|| not_found(&application.name, id))
}

async fn insert(
    writing: &mut Writing<'_>,
    application: &Application,
    name: String,
    expires_at: Option<i64>,
) -> Result<(Credential, String), ApiError> {
    let now = writing.change.at();
    check_room(writing.change.living_credentials_of(&application.id, now).await?)?;
    let kind = TokenKind::Application;
    let secret = new_token(kind);
    let secret = secret.map_err(|_| ApiError::internal("the system gives no randomness"))?;
    let new = NewCredential {
        application: application.id.clone(),
        name,
        secret_hash: sha256(secret.as_bytes()),
        prefix: kind.prefix().to_owned(),
        last4: last4(&secret).to_owned(),
        expires_at,
    };
    let credential = writing.change.insert_credential(new).await?;
    Ok((credential, secret))
}

/// Refuses another key where there are as many as there may be.
pub(crate) fn check_room(living: i64) -> Result<(), ApiError> {
    if living >= LIVING_MAX {
        let message = format!("an application has at most {LIVING_MAX} keys that have not ended");
        return Err(ApiError::new(Code::TooMany, message));
    }
    Ok(())
}

fn made(
    writing: &Writing<'_>,
    credential: &Credential,
    secret: String,
    replaces: Option<CredentialBody>,
) -> Reply {
    let is_made = !writing.validates_only();
    let credential = body(credential);
    let answer = MadeCredential { credential, secret: is_made.then_some(secret), replaces };
    if is_made { Reply::new(axum::http::StatusCode::CREATED, &answer) } else { Reply::ok(&answer) }
}

pub(crate) fn checked_name(name: Option<String>) -> Result<String, ApiError> {
    let name = name.unwrap_or_else(|| "key".to_owned());
    let is_name =
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let message = format!("a name has 1 to {NAME_CHARS_MAX} characters");
    if is_name { Ok(name) } else { Err(ApiError::value_fault("/name", message)) }
}

fn checked_end(text: Option<&str>, now: i64) -> Result<Option<i64>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let Some(end) = parse_rfc3339(text) else {
        let message = "expected a time of RFC 3339, such as 2027-01-31T00:00:00Z";
        return Err(ApiError::value_fault("/expires_at", message));
    };
    let message = "a key that has ended already is of no use";
    if end > now { Ok(Some(end)) } else { Err(ApiError::value_fault("/expires_at", message)) }
}

/// Microseconds.
fn checked_grace(text: &str) -> Result<i64, ApiError> {
    let invalid = |message: &str| Err(ApiError::value_fault("/grace", message));
    let Ok(span) = parse_duration(text) else {
        return invalid("expected a duration such as `0s`, `30m` or `24h`");
    };
    match i64::try_from(span.as_micros()) {
        Ok(micros) if micros <= GRACE_DAYS_MAX * DAY => Ok(micros),
        _ => invalid("at most 2160h, 90 days"),
    }
}
