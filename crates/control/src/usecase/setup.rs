//! Setting up: whoever has the code that the first start shows becomes the first admin.

use architrave_core::Secret;
use architrave_store::{Change, NewUser};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::sessions::{self, Opened};
use super::users::{check_display_name, check_email, user_body};
use super::{Done, entry, platform};
use crate::api::Dependencies;
use crate::caller::{Caller, Who};
use crate::code::Code;
use crate::error::ApiError;
use crate::permission::Role;
use crate::platform::{Platform, password};
use crate::setup_code::{SETUP_CODE_EXPIRES_AT, SETUP_CODE_HASH, setup_code_digest};
use crate::usecase::sessions::attempt;

/// Who sets up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// The code that the first start has printed.
    code: String,
    /// With which the first admin signs in.
    email: String,
    /// 12 to 256 characters.
    password: String,
    /// What the first admin is called.
    display_name: String,
}

/// Whether there are users; without a database there never are.
pub(crate) async fn is_set_up(dependencies: &Dependencies) -> bool {
    match &dependencies.platform {
        Some(platform) => platform.is_set_up().await,
        None => false,
    }
}

/// Makes the first admin, signs them in, and uses the code up, all or nothing.
pub(crate) async fn set_up(
    dependencies: &Dependencies,
    caller: &Caller,
    wanted: SetUp,
) -> Result<Opened, ApiError> {
    let platform = platform(dependencies)?;
    attempt(platform, &caller.origin)?;
    let email = check_email(&wanted.email)?;
    check_display_name(&wanted.display_name)?;
    let mut change = platform.change().await?;
    if change.count_users().await? > 0 {
        let message = "this gateway is set up; ask an admin for an invitation";
        return Err(ApiError::new(Code::SetupComplete, message));
    }
    check_code(platform, &mut change, &wanted.code).await?;
    password::check(&wanted.password, &email, "/password")?;
    let hash = platform.passwords().hash(Secret::new(wanted.password)).await?;
    let user = NewUser {
        email,
        display_name: wanted.display_name,
        password_hash: Some(Secret::new(hash)),
        role: Some(Role::Admin.as_str().to_owned()),
        state: "active".to_owned(),
        subject: None,
    };
    let user = change.insert_user(user).await?;
    change.remove_setting(SETUP_CODE_HASH).await?;
    change.remove_setting(SETUP_CODE_EXPIRES_AT).await?;
    let opened = sessions::open(platform, &mut change, &caller.origin, user.clone()).await?;
    let done = Done {
        action: "set_up".to_owned(),
        kind: "user",
        name: user.email.clone(),
        after: serde_json::to_value(user_body(&user)).ok(),
        ..Done::default()
    };
    let mut audit = entry(&Caller { who: Who::Nobody, ..caller.clone() }, done);
    (audit.actor, audit.actor_name) = ("setup".to_owned(), "setup".to_owned());
    change.commit(audit).await?;
    Ok(opened)
}

async fn check_code(platform: &Platform, change: &mut Change, code: &str) -> Result<(), ApiError> {
    let expected = change.setting(SETUP_CODE_HASH).await?.unwrap_or_default();
    let expires_at = change.setting(SETUP_CODE_EXPIRES_AT).await?;
    let expires_at: i64 = expires_at.and_then(|text| text.parse().ok()).unwrap_or_default();
    let given = setup_code_digest(code);
    let is_right: bool = given.as_bytes().ct_eq(expected.as_bytes()).into();
    if is_right && platform.now() < expires_at {
        return Ok(());
    }
    let message =
        "the set-up code is wrong or has expired; `architrave setup-code` makes a new one";
    Err(ApiError::new(Code::SetupCodeWrong, message))
}
