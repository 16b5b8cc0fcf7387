//! Signing in and out: who is let in by a password, and for how long.

use architrave_core::Secret;
use architrave_store::{Change, Session, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, Writing, entry, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::token::hex;
use crate::caller::{By, Caller, Origin, SessionCookie, Who};
use crate::code::Code;
use crate::error::ApiError;
use crate::permission::Role;
use crate::platform::Platform;
use crate::reply::Reply;

const MINUTE: i64 = 60 * 1_000_000;
const HOUR: i64 = 60 * MINUTE;

/// Without a request for so long, a session is over.
const IDLE: i64 = 12 * HOUR;
/// After so long it is over whatever happens.
const LIFE: i64 = 7 * 24 * HOUR;
/// That a session was seen is noted to this.
const SEEN_EVERY: i64 = MINUTE;
/// After so many wrong passwords nobody may sign in as the user…
const FAILURES_MAX: i64 = 10;
/// …for so long.
const LOCKED: i64 = 15 * MINUTE;

/// How long the browser keeps the cookie, in seconds.
pub(crate) const COOKIE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// In any case.
    email: String,
    /// Their password.
    password: String,
}

/// A session that has begun.
pub(crate) struct Opened {
    pub(crate) caller: Caller,
    pub(crate) cookie: SessionCookie,
    pub(crate) body: Identity,
}

/// Who calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct Identity {
    /// `user`, `service_account`, `admin_token` or `loopback`.
    kind: &'static str,
    /// The user's or service account's id.
    id: Option<String>,
    /// The user's address, or the service account's name.
    name: String,
    /// The role in the whole gateway: `admin` or `auditor`.
    role: Option<&'static str>,
    /// The roles in teams.
    teams: Vec<TeamRole>,
    /// What the token is for; `null` for everything that the roles allow.
    scopes: Option<Vec<String>>,
    /// What every write by this session must bring in `x-csrf-token`; `null` without a session.
    csrf_token: Option<String>,
}

/// A role in a team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamRole {
    /// The team's name.
    team: String,
    /// `owner`, `maintainer` or `developer`.
    role: &'static str,
}

/// One session of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    id: String,
    /// Whether it is the one that asks.
    is_current: bool,
    /// From where it was begun.
    address: Option<String>,
    /// What the client said it is.
    agent: Option<String>,
    created_at: String,
    /// To a minute.
    seen_at: String,
    /// When it is over at the latest.
    expires_at: String,
}

/// The sessions of the caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionBody>,
}

/// Whether a session is good at `now`.
pub(crate) fn is_alive(session: &Session, now: i64) -> bool {
    now < session.expires_at && now - session.seen_at < IDLE + SEEN_EVERY
}

/// Who calls, in a body.
pub(crate) fn identity(caller: &Caller) -> Identity {
    let (kind, id) = match &caller.who {
        Who::User { id, .. } => ("user", Some(id.clone())),
        Who::ServiceAccount { id, .. } => ("service_account", Some(id.clone())),
        Who::AdminToken | Who::Command => ("admin_token", None),
        Who::Local { .. } | Who::System | Who::Nobody => ("loopback", None),
    };
    let teams = caller.teams.iter();
    Identity {
        kind,
        id,
        name: caller.actor_name().to_owned(),
        role: caller.platform.map(Role::as_str),
        teams: teams
            .map(|(team, role)| TeamRole { team: team.clone(), role: role.as_str() })
            .collect(),
        scopes: caller.scopes.clone(),
        csrf_token: caller.session().map(SessionCookie::csrf_token),
    }
}

/// Takes one attempt of an address to get in by a secret that can be guessed.
pub(crate) fn attempt(platform: &Platform, origin: &Origin) -> Result<(), ApiError> {
    platform.attempts().take(origin.address).map_err(|wait| {
        let message = "too many attempts from this address; wait a little";
        ApiError::new(Code::TooManyAttempts, message).with_retry_after(wait)
    })
}

/// Lets somebody in who knows their password.
pub(crate) async fn sign_in(
    dependencies: &Dependencies,
    caller: &Caller,
    wanted: SignIn,
) -> Result<Opened, ApiError> {
    let platform = platform(dependencies)?;
    attempt(platform, &caller.origin)?;
    let user = match wanted.email.contains('\0') {
        true => None,
        false => platform.store().user_by_email(wanted.email.trim()).await?,
    };
    let may_try = user.as_ref().filter(|user| {
        user.state == "active" && user.locked_until.is_none_or(|end| end <= platform.now())
    });
    let hash = may_try.and_then(|user| user.password_hash.as_ref());
    let hash = hash.map(|hash| hash.expose().to_owned());
    let is_right = platform.passwords().is_right(Secret::new(wanted.password), hash).await?;
    match user {
        Some(user) if is_right => let_in(platform, &caller.origin, user).await,
        user => Err(keep_out(platform, caller, user).await?),
    }
}

async fn let_in(platform: &Platform, origin: &Origin, user: User) -> Result<Opened, ApiError> {
    let mut change = platform.change().await?;
    if user.failures > 0 || user.locked_until.is_some() {
        change.set_sign_in_standing(&user.id, 0, None).await?;
    }
    // What was looked up before may have changed while the password was checked.
    let user = change
        .user(&user.id)
        .await?
        .filter(|now| now.state == "active" && now.password_hash == user.password_hash);
    let user = user.ok_or_else(wrong)?;
    let opened = open(platform, &mut change, origin, user).await?;
    let done = Done {
        action: "sign_in".to_owned(),
        kind: "session",
        name: opened.caller.actor_name().to_owned(),
        ..Done::default()
    };
    change.commit(entry(&opened.caller, done)).await?;
    Ok(opened)
}

/// Counts the failure, where there is somebody whose it is, and says the same to everybody.
async fn keep_out(
    platform: &Platform,
    caller: &Caller,
    user: Option<User>,
) -> Result<ApiError, ApiError> {
    let mut change = platform.change().await?;
    let mut name = String::new();
    if let Some(user) = user {
        // Read again: of many at once, each counts.
        let now = change.user(&user.id).await?.unwrap_or(user);
        let is_locked = now.locked_until.is_some_and(|end| end > change.at());
        if !is_locked {
            let failures = now.failures + 1;
            let locked_until = (failures >= FAILURES_MAX).then(|| change.at() + LOCKED);
            let failures = if locked_until.is_some() { 0 } else { failures };
            change.set_sign_in_standing(&now.id, failures, locked_until).await?;
        }
        name = now.email;
    }
    // What was typed in where there is no such user may be a password, and is nowhere kept.
    let done =
        Done { action: "sign_in_failed".to_owned(), kind: "session", name, ..Done::default() };
    change.commit(entry(caller, done)).await?;
    Ok(wrong())
}

fn wrong() -> ApiError {
    let message = "e-mail or password is wrong, or this account may not sign in now; after \
                   several wrong passwords that takes 15 minutes";
    ApiError::new(Code::CredentialsWrong, message)
}

/// Begins a session of a user.
pub(crate) async fn open(
    platform: &Platform,
    change: &mut Change,
    origin: &Origin,
    user: User,
) -> Result<Opened, ApiError> {
    let cookie = SessionCookie::new();
    let cookie = cookie.map_err(|_| ApiError::internal("the system gives no randomness"))?;
    let now = platform.now();
    let session = Session {
        id_hash: cookie.id_hash(),
        user: user.id.clone(),
        csrf_hash: cookie.csrf_hash(),
        address: Some(origin.address.to_canonical().to_string()),
        agent: Some(origin.agent.clone()),
        created_at: now,
        expires_at: now + LIFE,
        seen_at: now,
    };
    change.insert_session(&session).await?;
    let teams = change.memberships_of(&user.id).await?.into_iter();
    let teams = teams.filter_map(|one| Some((one.team, Role::in_team(&one.role)?)));
    let caller = Caller {
        platform: user.role.as_deref().and_then(Role::of_platform),
        teams: teams.collect(),
        who: Who::User { id: user.id, email: user.email, by: By::Session(cookie.clone()) },
        ..Caller::nobody(origin.clone())
    };
    let body = identity(&caller);
    Ok(Opened { caller, cookie, body })
}

/// The sessions of the caller that are good.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
) -> Result<SessionList, ApiError> {
    let platform = platform(dependencies)?;
    let Some(user) = caller.user_id() else { return Ok(SessionList { sessions: Vec::new() }) };
    let current = caller.session().map(SessionCookie::id_hash);
    let sessions = platform.store().sessions_of(user).await?;
    let alive = sessions.iter().filter(|session| is_alive(session, platform.now()));
    let bodies = alive.map(|session| SessionBody {
        id: public_id(&session.id_hash),
        is_current: current == Some(session.id_hash),
        address: session.address.clone(),
        agent: session.agent.clone(),
        created_at: time(session.created_at),
        seen_at: time(session.seen_at),
        expires_at: time(session.expires_at),
    });
    Ok(SessionList { sessions: bodies.collect() })
}

/// Ends one of the caller's sessions.
pub(crate) async fn end(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let not_found = || ApiError::new(Code::SessionNotFound, "you have no such session");
    let user = call.caller.user_id().ok_or_else(not_found)?;
    let sessions = writing.change.sessions_of(user).await?;
    let session = sessions.iter().find(|session| public_id(&session.id_hash) == id);
    let session = session.ok_or_else(not_found)?;
    writing.change.remove_session(&session.id_hash).await?;
    let done = Done {
        action: "end_session".to_owned(),
        kind: "session",
        name: call.caller.actor_name().to_owned(),
        ..Done::default()
    };
    writing.end(done, Reply::nothing()).await
}

/// Ends the session that the caller shows.
pub(crate) async fn sign_out(dependencies: &Dependencies, call: &Call) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    if let Some(session) = call.caller.session() {
        writing.change.remove_session(&session.id_hash()).await?;
    }
    let done = Done {
        action: "sign_out".to_owned(),
        kind: "session",
        name: call.caller.actor_name().to_owned(),
        ..Done::default()
    };
    writing.end(done, Reply::nothing()).await
}

/// What a session is called: a part of what the database knows it by, which nobody can use.
fn public_id(id_hash: &[u8; 32]) -> String {
    format!("ses_{}", hex(&id_hash[..12]))
}
