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
use crate::caller::token::{hex, sha256};
use crate::caller::{Caller, Who};
use crate::code::Code;
use crate::error::ApiError;
use crate::permission::Role;
use crate::platform::{Platform, password};
use crate::usecase::sessions::attempt;

/// Where the code's digest is kept, as hexadecimal digits.
const CODE_HASH: &str = "setup_code_hash";
/// Until when it is good, in microseconds UTC.
const CODE_EXPIRES_AT: &str = "setup_code_expires_at";

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
    change.remove_setting(CODE_HASH).await?;
    change.remove_setting(CODE_EXPIRES_AT).await?;
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
    let expected = change.setting(CODE_HASH).await?.unwrap_or_default();
    let expires_at = change.setting(CODE_EXPIRES_AT).await?;
    let expires_at: i64 = expires_at.and_then(|text| text.parse().ok()).unwrap_or_default();
    let given = hex(&sha256(spelled(code).as_bytes()));
    let is_right: bool = given.as_bytes().ct_eq(expected.as_bytes()).into();
    if is_right && platform.now() < expires_at {
        return Ok(());
    }
    let message =
        "the set-up code is wrong or has expired; `architrave setup-code` makes a new one";
    Err(ApiError::new(Code::SetupCodeWrong, message))
}

/// The code as it was printed, `K7QF-2M9D`, however it was typed in; a code that an operator has
/// chosen is taken as it is.
fn spelled(code: &str) -> String {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_printed_form = letters.len() == 8
        && code.chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one == ' ');
    if is_printed_form {
        let letters = letters.to_ascii_uppercase();
        format!("{}-{}", &letters[..4], &letters[4..])
    } else {
        code.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_however_it_is_typed_in() {
        for typed in ["K7QF-2M9D", "k7qf-2m9d", "k7qf2m9d", " K7QF 2M9D "] {
            assert_eq!(spelled(typed), "K7QF-2M9D", "{typed}");
        }
        assert_eq!(spelled("a code of one's own\n"), "a code of one's own");
    }
}
