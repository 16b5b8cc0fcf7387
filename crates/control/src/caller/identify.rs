//! From what a request shows to who calls.

use architrave_store::{Session, Token, User};
use axum::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::token::{is_token, sha256};
use super::{By, Caller, Origin, SessionCookie, Who};
use crate::api::Dependencies;
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::Surface;
use crate::permission::Role;
use crate::platform::Platform;
use crate::usecase::sessions;

/// Says who calls. Nobody is an answer, too; an error is for what was shown and is worth nothing.
pub(crate) async fn identify(
    dependencies: &Dependencies,
    headers: &HeaderMap,
    origin: Origin,
) -> Result<Caller, ApiError> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        return by_token(dependencies, authorization, origin).await;
    }
    let cookie = SessionCookie::of(headers, origin.is_over_tls);
    if let (Some(cookie), Some(platform)) = (cookie, &dependencies.platform) {
        return by_session(platform, cookie, origin).await;
    }
    let is_open_here = dependencies.surface == Surface::Admin;
    if is_open_here && dependencies.admin.token.is_none() && origin.is_near {
        let has_no_database = dependencies.platform.is_none();
        if !is_set_up(dependencies).await {
            return Ok(Caller::admin(Who::Local { has_no_database }, origin));
        }
    }
    Ok(Caller::nobody(origin))
}

async fn is_set_up(dependencies: &Dependencies) -> bool {
    match &dependencies.platform {
        Some(platform) => platform.is_set_up().await,
        None => false,
    }
}

async fn by_token(
    dependencies: &Dependencies,
    authorization: &HeaderValue,
    origin: Origin,
) -> Result<Caller, ApiError> {
    let Some((scheme, shown)) = split_scheme(authorization) else {
        return unasked(dependencies, origin).await.ok_or_else(ApiError::token_missing);
    };
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer");
    let own = dependencies.admin.token.as_ref().filter(|_| is_bearer);
    if own.is_some_and(|token| token.matches(shown)) {
        return Ok(Caller::admin(Who::AdminToken, origin));
    }
    let shown = std::str::from_utf8(shown).ok().filter(|shown| is_bearer && is_token(shown));
    let (Some(shown), Some(platform)) = (shown, &dependencies.platform) else {
        return unasked(dependencies, origin).await.ok_or_else(ApiError::token_invalid);
    };
    let token = living_token(platform, &sha256(shown.as_bytes())).await?;
    let caller = owner(platform, &token, origin).await?;
    if let Err(error) = platform.store().touch_token(&token).await {
        // It says when it was last used; that is not worth a refusal.
        tracing::warn!(%error, "the use of a token could not be noted");
    }
    Ok(caller)
}

async fn living_token(platform: &Platform, hash: &[u8; 32]) -> Result<Token, ApiError> {
    let token = platform.store().token_by_hash(hash).await?;
    let now = platform.now();
    let is_alive =
        |token: &Token| token.revoked_at.is_none() && token.expires_at.is_none_or(|end| end > now);
    token.filter(is_alive).ok_or_else(|| {
        let message = "the token is not known, has expired or was revoked";
        ApiError::new(Code::TokenInvalid, message)
    })
}

/// Who has called, as they are now: for what goes on after its answer has begun. Watching is no use of
/// a session or token.
///
/// # Errors
/// When what they have shown is worth nothing any more.
pub(crate) async fn again(
    dependencies: &Dependencies,
    caller: &Caller,
) -> Result<Caller, ApiError> {
    let Some(platform) = &dependencies.platform else { return Ok(caller.clone()) };
    let origin = caller.origin.clone();
    if let Some(hash) = &caller.token {
        return owner(platform, &living_token(platform, hash).await?, origin).await;
    }
    match caller.session() {
        Some(cookie) => Ok(of_session(platform, cookie.clone(), origin).await?.0),
        None => Ok(caller.clone()),
    }
}

/// Where no token is asked for, what comes without need is passed over, as it was before there
/// were users.
async fn unasked(dependencies: &Dependencies, origin: Origin) -> Option<Caller> {
    let has_no_database = dependencies.platform.is_none();
    let is_asked_for = dependencies.admin.token.is_some()
        || !origin.is_near
        || dependencies.surface == Surface::Portal;
    if is_asked_for || is_set_up(dependencies).await {
        return None;
    }
    Some(Caller::admin(Who::Local { has_no_database }, origin))
}

async fn owner(platform: &Platform, token: &Token, origin: Origin) -> Result<Caller, ApiError> {
    let gone = || ApiError::new(Code::TokenInvalid, "the token's owner may not sign in any more");
    let scopes = Some(token.scopes.clone());
    if token.owner.starts_with("sva_") {
        let account = platform.store().service_account(&token.owner).await?;
        let account = account.ok_or_else(gone)?;
        let mut caller = Caller::nobody(origin);
        match account.team {
            None => caller.platform = Role::of_platform(&account.role),
            Some(team) => {
                caller.teams.extend(Role::in_team(&account.role).map(|role| (team, role)));
            }
        }
        caller.who = Who::ServiceAccount { id: account.id, name: account.name };
        return Ok(Caller { scopes, token: Some(token.secret_hash), ..caller });
    }
    let user = platform.store().user(&token.owner).await?;
    let user = user.filter(|user| user.state == "active").ok_or_else(gone)?;
    let caller = person(platform, user, By::Token, origin).await?;
    Ok(Caller { scopes, token: Some(token.secret_hash), ..caller })
}

async fn by_session(
    platform: &Platform,
    cookie: SessionCookie,
    origin: Origin,
) -> Result<Caller, ApiError> {
    let (caller, session) = of_session(platform, cookie, origin).await?;
    if let Err(error) = platform.store().touch_session(&session).await {
        tracing::warn!(%error, "a session's use could not be noted");
    }
    Ok(caller)
}

async fn of_session(
    platform: &Platform,
    cookie: SessionCookie,
    origin: Origin,
) -> Result<(Caller, Session), ApiError> {
    let over = || ApiError::new(Code::SessionInvalid, "the session is over; sign in again");
    let session = platform.store().session(&cookie.id_hash()).await?;
    let session = session.filter(|session| sessions::is_alive(session, platform.now()));
    let session = session.ok_or_else(over)?;
    let user = platform.store().user(&session.user).await?;
    let user = user.filter(|user| user.state == "active").ok_or_else(over)?;
    Ok((person(platform, user, By::Session(cookie), origin).await?, session))
}

async fn person(
    platform: &Platform,
    user: User,
    by: By,
    origin: Origin,
) -> Result<Caller, ApiError> {
    let memberships = platform.store().memberships_of(&user.id).await?;
    let teams = memberships.into_iter();
    let teams = teams.filter_map(|one| Some((one.team, Role::in_team(&one.role)?)));
    Ok(Caller {
        platform: user.role.as_deref().and_then(Role::of_platform),
        teams: teams.collect(),
        who: Who::User { id: user.id, email: user.email, by },
        ..Caller::nobody(origin)
    })
}

fn split_scheme(value: &HeaderValue) -> Option<(&[u8], &[u8])> {
    let value = value.as_bytes();
    let space = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..space], value[space..].trim_ascii()))
}
