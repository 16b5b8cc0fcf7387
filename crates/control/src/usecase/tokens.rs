//! Tokens: made by people for themselves and for service accounts, shown once, revoked at once.

use architrave_store::{NewToken, Token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::token::{TokenKind, last4, new_token, sha256};
use crate::caller::{Caller, Who, scopes};
use crate::code::Code;
use crate::error::ApiError;
use crate::page::Paging;
use crate::reply::Reply;

const NAME_CHARS_MAX: usize = 100;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// For how long a token is good where nothing is said.
const DAYS_DEFAULT: u32 = 90;
const DAYS_MAX: u32 = 3_650;

/// A token, without what it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenBody {
    id: String,
    name: String,
    /// What it begins with.
    prefix: String,
    /// Its last four characters.
    last4: String,
    /// `read`, `write`, or names of groups of operations.
    scopes: Vec<String>,
    created_at: String,
    expires_at: Option<String>,
    /// To a minute.
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenPage {
    tokens: Vec<TokenBody>,
    next_page_token: Option<String>,
}

/// What a new token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenBody {
    /// What it is called.
    name: String,
    /// `read`: everything that changes nothing; `write`: everything; or names of groups of
    /// operations, as the API description tags them.
    scopes: Vec<String>,
    /// For how many days it is good.
    #[serde(default = "days_default")]
    #[schema(minimum = 1, maximum = 3650, default = 90)]
    expires_in_days: u32,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    token: TokenBody,
    /// The token itself, shown once. `null` when nothing was written.
    secret: Option<String>,
}

const fn days_default() -> u32 {
    DAYS_DEFAULT
}

fn body(token: &Token) -> TokenBody {
    TokenBody {
        id: token.id.clone(),
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        last4: token.last4.clone(),
        scopes: token.scopes.clone(),
        created_at: time(token.created_at),
        expires_at: token.expires_at.map(time),
        last_used_at: token.last_used_at.map(time),
        revoked_at: token.revoked_at.map(time),
    }
}

/// Whose tokens are meant.
pub(crate) struct Owner<'a> {
    pub(crate) id: &'a str,
    /// What the audit log calls them.
    pub(crate) name: &'a str,
    pub(crate) team: Option<&'a str>,
    pub(crate) kind: TokenKind,
}

impl<'a> Owner<'a> {
    /// The caller; `None` when it is nobody who can have tokens.
    pub(crate) fn of(caller: &'a Caller) -> Option<Self> {
        let (id, kind) = match &caller.who {
            Who::User { id, .. } => (id, TokenKind::Personal),
            Who::ServiceAccount { id, .. } => (id, TokenKind::ServiceAccount),
            _ => return None,
        };
        Some(Self { id, name: caller.actor_name(), team: None, kind })
    }
}

pub(crate) async fn list(
    dependencies: &Dependencies,
    owner: Option<Owner<'_>>,
    paging: &Paging,
) -> Result<TokenPage, ApiError> {
    let platform = platform(dependencies)?;
    let Some(owner) = owner else {
        return Ok(TokenPage { tokens: Vec::new(), next_page_token: None });
    };
    let (tokens, next) = platform.store().tokens_of(owner.id, &paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    Ok(TokenPage { tokens: tokens.iter().map(body).collect(), next_page_token })
}

/// Makes a token.
pub(crate) async fn make(
    dependencies: &Dependencies,
    call: &Call,
    owner: Owner<'_>,
    wanted: NewTokenBody,
) -> Result<Reply, ApiError> {
    check(&call.caller, &wanted)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let secret = new_token(owner.kind);
    let secret = secret.map_err(|_| ApiError::internal("the system gives no randomness"))?;
    let token = NewToken {
        owner: owner.id.to_owned(),
        name: wanted.name,
        secret_hash: sha256(secret.as_bytes()),
        prefix: owner.kind.prefix().to_owned(),
        last4: last4(&secret).to_owned(),
        scopes: wanted.scopes,
        expires_at: Some(writing.change.at() + i64::from(wanted.expires_in_days) * DAY),
    };
    let token = writing.change.insert_token(token).await?;
    let is_made = !writing.validates_only();
    let answer = MadeToken { token: body(&token), secret: is_made.then_some(secret) };
    let reply = if is_made {
        Reply::new(axum::http::StatusCode::CREATED, &answer)
    } else {
        Reply::ok(&answer)
    };
    let done = done("create_token", &owner, None, Some(&token));
    writing.end(done, reply).await
}

/// Revokes a token, at once.
pub(crate) async fn revoke(
    dependencies: &Dependencies,
    call: &Call,
    owner: Option<Owner<'_>>,
    id: &str,
) -> Result<Reply, ApiError> {
    let not_found = || ApiError::new(Code::TokenNotFound, format!("there is no token {id}"));
    let mut writing = Writing::begin(dependencies, call).await?;
    let owner = owner.ok_or_else(not_found)?;
    let before = writing.change.token(id).await?.filter(|token| token.owner == owner.id);
    let before = before.ok_or_else(not_found)?;
    writing.change.revoke_token(id).await?;
    let after = writing.change.token(id).await?.ok_or_else(not_found)?;
    let done = done("revoke_token", &owner, Some(&before), Some(&after));
    writing.end(done, Reply::ok(&body(&after))).await
}

fn done(action: &str, owner: &Owner<'_>, before: Option<&Token>, after: Option<&Token>) -> Done {
    let value = |token: &Token| serde_json::to_value(body(token)).ok();
    let name = after.or(before).map(|token| token.name.clone()).unwrap_or_default();
    Done {
        action: action.to_owned(),
        kind: "token",
        name: format!("{}/{name}", owner.name),
        team: owner.team.map(str::to_owned),
        before: before.and_then(value),
        after: after.and_then(value),
    }
}

fn check(caller: &Caller, wanted: &NewTokenBody) -> Result<(), ApiError> {
    let name = wanted.name.trim().chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&name) || wanted.name.chars().any(char::is_control) {
        let message = format!("a token's name has 1 to {NAME_CHARS_MAX} characters");
        return Err(ApiError::value_fault("/name", message));
    }
    if !(1..=DAYS_MAX).contains(&wanted.expires_in_days) {
        let message = format!("a token is good for 1 to {DAYS_MAX} days");
        return Err(ApiError::value_fault("/expires_in_days", message));
    }
    if wanted.scopes.is_empty() {
        let message = "a token needs a scope: read, write or a group of operations";
        return Err(ApiError::value_fault("/scopes", message));
    }
    let known = scopes();
    for (index, scope) in wanted.scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        if wanted.scopes[..index].contains(scope) {
            return Err(ApiError::value_fault(&pointer, "the scope comes twice"));
        }
        if !known.contains(&scope.as_str()) {
            let message = format!("there is no scope {scope}; there are {}", known.join(", "));
            return Err(ApiError::value_fault(&pointer, message));
        }
        // Nobody gets by a new token what the present one was kept from.
        if !has_scope(caller, scope) {
            let message = "a token cannot make another that is for more";
            return Err(ApiError::new(Code::ScopeNotPermitted, message));
        }
    }
    Ok(())
}

fn has_scope(caller: &Caller, scope: &str) -> bool {
    let Some(own) = &caller.scopes else { return true };
    own.iter().any(|one| one == "write" || one == scope)
}
