//! Users: invited by an admin, known by their address, never removed but disabled, so that the
//! audit log stays readable.

mod codes;

use architrave_core::Secret;
use architrave_store::{Change, NewUser, Page, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, Writing, entry, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::{Conditions, etag};
use crate::page::Paging;
use crate::permission::Role;
use crate::platform::password;
use crate::reply::Reply;
use crate::usecase::sessions::attempt;

const EMAIL_BYTES_MAX: usize = 254;
const DISPLAY_NAME_CHARS_MAX: usize = 100;

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserBody {
    id: String,
    email: String,
    display_name: String,
    /// The role in the whole gateway: `admin`, `auditor` or none.
    role: Option<String>,
    /// `invited`, `active` or `disabled`.
    state: String,
    /// Whether a password has been set.
    has_password: bool,
    /// The issuer by whose word they sign in, where there is one.
    issuer: Option<String>,
    /// Until when nobody may sign in as them, after wrong passwords.
    locked_until: Option<String>,
    revision: i64,
    created_at: String,
    updated_at: String,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    users: Vec<UserBody>,
    next_page_token: Option<String>,
}

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserBody {
    email: String,
    display_name: String,
    /// `admin` or `auditor`; none where it is left out.
    #[serde(default)]
    role: Option<String>,
}

/// A user and the code with which they set their password.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserWithCode {
    user: UserBody,
    /// Shown once: to be given to the user, for `:redeem_code`. `null` when nothing was written.
    code: Option<String>,
    /// Until when the code is good.
    code_expires_at: Option<String>,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserPatch {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
    /// `admin` or `auditor`; `null` takes the role away.
    #[serde(default, deserialize_with = "said")]
    role: Option<Option<String>>,
}

/// A new password in place of the present one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The present password.
    current_password: String,
    /// 12 to 256 characters.
    password: String,
}

/// A new password by a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemedCode {
    /// The code of an invitation or of a reset.
    code: String,
    /// 12 to 256 characters.
    password: String,
}

/// A member that is there, be it `null`.
pub(super) fn said<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

pub(crate) fn user_body(user: &User) -> UserBody {
    UserBody {
        id: user.id.clone(),
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        role: user.role.clone(),
        state: user.state.clone(),
        has_password: user.password_hash.is_some(),
        issuer: user.subject.as_ref().map(|subject| subject.issuer.clone()),
        locked_until: user.locked_until.map(time),
        revision: user.revision,
        created_at: time(user.created_at),
        updated_at: time(user.updated_at),
    }
}

fn value(user: &User) -> Option<serde_json::Value> {
    serde_json::to_value(user_body(user)).ok()
}

pub(crate) fn not_found(id: &str) -> ApiError {
    ApiError::new(Code::UserNotFound, format!("no user has the id {id}"))
}

/// An address in lower case. What a mail server would say of it, nobody asks.
pub(crate) fn check_email(text: &str) -> Result<String, ApiError> {
    let email = text.trim().to_lowercase();
    let is_email = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    let is_plain = !email.chars().any(|one| one.is_whitespace() || one.is_control());
    if is_email && is_plain && email.len() <= EMAIL_BYTES_MAX {
        return Ok(email);
    }
    Err(ApiError::value_fault("/email", "this is no e-mail address"))
}

pub(crate) fn check_display_name(text: &str) -> Result<(), ApiError> {
    let is_name = (1..=DISPLAY_NAME_CHARS_MAX).contains(&text.trim().chars().count())
        && !text.chars().any(char::is_control);
    let message = format!("a display name has 1 to {DISPLAY_NAME_CHARS_MAX} characters");
    is_name.then_some(()).ok_or_else(|| ApiError::value_fault("/display_name", message))
}

fn check_role(role: Option<&str>) -> Result<(), ApiError> {
    let is_role = role.is_none_or(|role| Role::of_platform(role).is_some());
    let message = "a role of the platform is admin or auditor";
    is_role.then_some(()).ok_or_else(|| ApiError::value_fault("/role", message))
}

pub(crate) async fn list(
    dependencies: &Dependencies,
    paging: &Paging,
) -> Result<UserPage, ApiError> {
    let (users, next) = platform(dependencies)?.store().users(&paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    Ok(UserPage { users: users.iter().map(user_body).collect(), next_page_token })
}

pub(crate) async fn read(dependencies: &Dependencies, id: &str) -> Result<Reply, ApiError> {
    let user = platform(dependencies)?.store().user(id).await?;
    let user = user.ok_or_else(|| not_found(id))?;
    Ok(shown(&user))
}

fn shown(user: &User) -> Reply {
    Reply::ok(&user_body(user)).with_etag(Some(etag(&user.id, user.revision)))
}

/// Invites somebody.
pub(crate) async fn invite(
    dependencies: &Dependencies,
    call: &Call,
    wanted: NewUserBody,
) -> Result<Reply, ApiError> {
    let email = check_email(&wanted.email)?;
    check_display_name(&wanted.display_name)?;
    check_role(wanted.role.as_deref())?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let user = NewUser {
        email,
        display_name: wanted.display_name,
        password_hash: None,
        role: wanted.role,
        state: "invited".to_owned(),
        subject: None,
    };
    let user = writing.change.insert_user(user).await?;
    let code = codes::make(&mut writing.change, &user.id, codes::INVITATION).await?;
    let body = with_code(&writing, &user, &code);
    let reply = if writing.validates_only() {
        Reply::ok(&body)
    } else {
        let location = format!("/api/v1/users/{}", user.id);
        Reply::created(location, &body).with_etag(Some(etag(&user.id, user.revision)))
    };
    let done = Done {
        action: "invite_user".to_owned(),
        kind: "user",
        name: user.email.clone(),
        after: value(&user),
        ..Done::default()
    };
    writing.end(done, reply).await
}

fn with_code(writing: &Writing<'_>, user: &User, code: &codes::UserCode) -> UserWithCode {
    let is_shown = !writing.validates_only();
    UserWithCode {
        user: user_body(user),
        code: is_shown.then(|| code.text.clone()),
        code_expires_at: is_shown.then(|| time(code.expires_at)),
    }
}

/// Changes what somebody is called and may do.
pub(crate) async fn update(
    dependencies: &Dependencies,
    call: &Call,
    (id, conditions): (&str, &Conditions),
    wanted: UserPatch,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.user(id).await?.ok_or_else(|| not_found(id))?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    let mut user = before.clone();
    if let Some(email) = &wanted.email {
        user.email = check_email(email)?;
    }
    if let Some(name) = wanted.display_name {
        check_display_name(&name)?;
        user.display_name = name;
    }
    if let Some(role) = wanted.role {
        check_role(role.as_deref())?;
        user.role = role;
    }
    keep_an_admin(&mut writing.change, &before, &user).await?;
    let user = writing.change.update_user(user).await?;
    end(writing, "update_user", &before, &user).await
}

/// Lets nobody sign in as them, at once, or lets them again.
pub(crate) async fn set_state(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
    is_enabled: bool,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.user(id).await?.ok_or_else(|| not_found(id))?;
    let mut user = before.clone();
    let has_proof = before.password_hash.is_some() || before.subject.is_some();
    user.state = match (is_enabled, has_proof) {
        (false, _) => "disabled",
        (true, true) => "active",
        (true, false) => "invited",
    }
    .to_owned();
    keep_an_admin(&mut writing.change, &before, &user).await?;
    let user = writing.change.update_user(user).await?;
    if is_enabled {
        writing.change.set_sign_in_standing(id, 0, None).await?;
    } else {
        writing.change.remove_sessions_of(id, None).await?;
        codes::remove(&mut writing.change, id).await?;
    }
    let action = if is_enabled { "enable_user" } else { "disable_user" };
    end(writing, action, &before, &user).await
}

async fn end(
    writing: Writing<'_>,
    action: &str,
    before: &User,
    after: &User,
) -> Result<Reply, ApiError> {
    let done = Done {
        action: action.to_owned(),
        kind: "user",
        name: after.email.clone(),
        before: value(before),
        after: value(after),
        ..Done::default()
    };
    writing.end(done, shown(after)).await
}

/// Makes a code with which somebody who has lost their password sets a new one.
pub(crate) async fn reset_password(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let user = writing.change.user(id).await?.ok_or_else(|| not_found(id))?;
    if user.state == "disabled" {
        let message = "the user is disabled; enable them first";
        return Err(ApiError::new(Code::StateNotFitting, message));
    }
    let life = if user.password_hash.is_some() { codes::RESET } else { codes::INVITATION };
    let code = codes::make(&mut writing.change, id, life).await?;
    let reply = Reply::ok(&with_code(&writing, &user, &code));
    let done = Done {
        action: "reset_password".to_owned(),
        kind: "user",
        name: user.email.clone(),
        ..Done::default()
    };
    writing.end(done, reply).await
}

/// Sets the password of the caller, who knows the present one. Other sessions are over.
pub(crate) async fn set_password(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
    wanted: NewPassword,
) -> Result<Reply, ApiError> {
    let platform = platform(dependencies)?;
    attempt(platform, &call.caller.origin)?;
    let user = platform.store().user(id).await?.ok_or_else(|| not_found(id))?;
    let hash = user.password_hash.as_ref().map(|hash| hash.expose().to_owned());
    let current = Secret::new(wanted.current_password);
    if !platform.passwords().is_right(current, hash).await? {
        let message = "the present password is another one";
        return Err(ApiError::new(Code::PasswordWrong, message));
    }
    password::check(&wanted.password, &user.email, "/password")?;
    let hash = platform.passwords().hash(Secret::new(wanted.password)).await?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let mut user = writing.change.user(id).await?.ok_or_else(|| not_found(id))?;
    user.password_hash = Some(Secret::new(hash));
    let user = writing.change.update_user(user).await?;
    let own = call.caller.session().map(|session| session.id_hash());
    writing.change.remove_sessions_of(id, own.as_ref()).await?;
    codes::remove(&mut writing.change, id).await?;
    let done = Done {
        action: "set_password".to_owned(),
        kind: "user",
        name: user.email,
        ..Done::default()
    };
    writing.end(done, Reply::nothing()).await
}

/// Sets the password of whoever has the code, and uses the code up.
pub(crate) async fn redeem_code(
    dependencies: &Dependencies,
    caller: &Caller,
    id: &str,
    wanted: RedeemedCode,
) -> Result<Reply, ApiError> {
    let platform = platform(dependencies)?;
    attempt(platform, &caller.origin)?;
    let wrong = || {
        let message = "the code is wrong, used or has expired; ask an admin for a new one";
        ApiError::new(Code::UserCodeWrong, message)
    };
    let mut change = platform.change().await?;
    if !codes::is_right(&mut change, id, &wanted.code).await? {
        return Err(wrong());
    }
    let mut user = change.user(id).await?.ok_or_else(wrong)?;
    if user.state == "disabled" {
        return Err(wrong());
    }
    password::check(&wanted.password, &user.email, "/password")?;
    let hash = platform.passwords().hash(Secret::new(wanted.password)).await?;
    user.password_hash = Some(Secret::new(hash));
    user.state = "active".to_owned();
    let user = change.update_user(user).await?;
    change.set_sign_in_standing(id, 0, None).await?;
    change.remove_sessions_of(id, None).await?;
    codes::remove(&mut change, id).await?;
    let done = Done {
        action: "redeem_code".to_owned(),
        kind: "user",
        name: user.email.clone(),
        ..Done::default()
    };
    let mut audit = entry(caller, done);
    (audit.actor, audit.actor_name) = (user.id, user.email);
    change.commit(audit).await?;
    Ok(Reply::nothing())
}

/// Somebody must be able to manage users.
pub(super) async fn keep_an_admin(
    change: &mut Change,
    before: &User,
    after: &User,
) -> Result<(), ApiError> {
    let is_admin = |user: &User| user.role.as_deref() == Some("admin") && user.state == "active";
    if !is_admin(before) || is_admin(after) {
        return Ok(());
    }
    let mut page = Page::first(200);
    loop {
        let (users, next) = change.users(&page).await?;
        if users.iter().any(|user| user.id != before.id && is_admin(user)) {
            return Ok(());
        }
        if next.is_none() {
            let message = "nobody else is an admin who can sign in";
            return Err(ApiError::new(Code::LastAdmin, message));
        }
        page.after = next;
    }
}
