//! People and programs: users, the tokens of whoever calls, and service accounts.

use axum::http::{Method, StatusCode};

use super::{REVISED, TEAM, VALIDATE_ONLY};
use crate::admin::{service_accounts, tokens, users};
use crate::code::Code;
use crate::operation::{Access, Answered, Operation, Place, Tag};
use crate::page;
use crate::permission::Permission::{
    ManageServiceAccounts, ManageUsers, ReadServiceAccounts, ReadUsers,
};
use crate::usecase::service_accounts::{
    NewServiceAccountBody, ServiceAccountBody, ServiceAccountPage, ServiceAccountPatch,
};
use crate::usecase::tokens::{MadeToken, NewTokenBody, TokenBody, TokenPage};
use crate::usecase::users::{
    NewPassword, NewUserBody, RedeemedCode, UserBody, UserPage, UserPatch, UserWithCode,
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

const USER: &str = "/api/v1/users/{user}";
const ACCOUNT: &str = "/api/v1/service_accounts/{name}";

pub(super) fn operations() -> Vec<Operation> {
    let groups = [users(), tokens(), service_accounts()];
    groups.into_iter().flatten().map(|one| one.refuses(&[Code::StoreUnavailable])).collect()
}

fn users() -> Vec<Operation> {
    let verb = |verb: &str| format!("{USER}:{verb}");
    vec![
        Operation::new(Method::GET, "/api/v1/users", "list_users", users::list::run)
            .about(Tag::Users, "Every user, by e-mail address.")
            .needs(ReadUsers, Place::Platform)
            .query(&page::PARAMETERS)
            .answers_json::<UserPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::POST, "/api/v1/users", "invite_user", users::invite::run)
            .about(
                Tag::Users,
                "Invites a user. The answer shows, once, the code with which they set their \
                 password; it is good for 7 days.",
            )
            .needs(ManageUsers, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .takes_json::<NewUserBody>()
            .answers_json::<UserWithCode>(CREATED, "Invited.")
            .answers_json::<UserWithCode>(OK, "It would be possible.")
            .refuses(&[Code::NameTaken, Code::ValueOutOfRange]),
        Operation::new(Method::GET, USER, "get_user", users::show::run)
            .about(Tag::Users, "One user; oneself always.")
            .needs(ReadUsers, Place::User)
            .answers_json::<UserBody>(OK, "As they are.")
            .unless_known()
            .refuses(&[Code::UserNotFound]),
        Operation::new(Method::PATCH, USER, "update_user", users::update::run)
            .about(Tag::Users, "Changes what a user is called and may do.")
            .needs(ManageUsers, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .takes_json::<UserPatch>()
            .answers_json::<UserBody>(OK, "As they are now.")
            .refuses(&REVISED)
            .refuses(&[
                Code::LastAdmin,
                Code::NameTaken,
                Code::UserNotFound,
                Code::ValueOutOfRange,
            ]),
        Operation::new(Method::POST, verb("disable"), "disable_user", users::disable::run)
            .about(Tag::Users, "Nobody signs in as them any more; sessions and tokens end at once.")
            .needs(ManageUsers, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .answers_json::<UserBody>(OK, "As they are now.")
            .refuses(&[Code::LastAdmin, Code::UserNotFound]),
        Operation::new(Method::POST, verb("enable"), "enable_user", users::enable::run)
            .about(Tag::Users, "They may sign in again, also after too many wrong passwords.")
            .needs(ManageUsers, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .answers_json::<UserBody>(OK, "As they are now.")
            .refuses(&[Code::UserNotFound]),
        Operation::new(
            Method::POST,
            verb("reset_password"),
            "reset_password",
            users::reset_password::run,
        )
        .about(
            Tag::Users,
            "Makes a code for a user who has lost their password, good for a day and shown once.",
        )
        .needs(ManageUsers, Place::Platform)
        .query(&[VALIDATE_ONLY])
        .answers_json::<UserWithCode>(OK, "The code.")
        .refuses(&[Code::StateNotFitting, Code::UserNotFound]),
        Operation::new(
            Method::POST,
            verb("set_password"),
            "set_password",
            users::set_password::run,
        )
        .on_portal()
            .about(Tag::Users, "Sets another password for oneself; every other session is over.")
        .access(Access::OwnInPerson)
        .query(&[VALIDATE_ONLY])
        .takes_json::<NewPassword>()
        .answers(NO_CONTENT, "It is set.", Answered::Nothing)
        .refuses(&[
            Code::NotPermitted,
            Code::PasswordTooWeak,
            Code::PasswordWrong,
            Code::TooBusy,
            Code::TooManyAttempts,
        ]),
        Operation::new(
            Method::POST,
            verb("redeem_code"),
            "redeem_code",
            users::redeem_code::run,
        )
        .on_portal()
            .about(
            Tag::Users,
            "Sets the password of whoever has the code of an invitation or a reset; then they can \
             sign in.",
        )
        .open()
        .takes_json::<RedeemedCode>()
        .answers(NO_CONTENT, "It is set.", Answered::Nothing)
        .refuses(&[
            Code::NoDatabase,
            Code::PasswordTooWeak,
            Code::TooBusy,
            Code::TooManyAttempts,
            Code::UserCodeWrong,
        ]),
    ]
}

fn tokens() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/tokens", "list_tokens", tokens::list::run)
            .on_portal()
            .about(Tag::Tokens, "The caller's tokens, the oldest first.")
            .access(Access::Own)
            .query(&page::PARAMETERS)
            .answers_json::<TokenPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::POST, "/api/v1/tokens", "create_token", tokens::create::run)
            .on_portal()
            .about(
                Tag::Tokens,
                "Makes a personal access token. The answer shows it, once. By a session only: a \
                 token makes no tokens.",
            )
            .access(Access::OwnInPerson)
            .query(&[VALIDATE_ONLY])
            .takes_json::<NewTokenBody>()
            .answers_json::<MadeToken>(CREATED, "The token.")
            .answers_json::<MadeToken>(OK, "It would be possible.")
            .refuses(&[Code::ValueOutOfRange]),
        Operation::new(
            Method::POST,
            "/api/v1/tokens/{token}:revoke",
            "revoke_token",
            tokens::revoke::run,
        )
        .on_portal()
        .about(Tag::Tokens, "A token of the caller's is worth nothing any more, at once.")
        .access(Access::Own)
        .query(&[VALIDATE_ONLY])
        .answers_json::<TokenBody>(OK, "As it is now.")
        .refuses(&[Code::TokenNotFound]),
    ]
}

fn service_accounts() -> Vec<Operation> {
    let tokens = || format!("{ACCOUNT}/tokens");
    vec![
        Operation::new(
            Method::GET,
            "/api/v1/service_accounts",
            "list_service_accounts",
            service_accounts::list::run,
        )
        .about(Tag::ServiceAccounts, "Those that the caller may see, by name.")
        .needs(ReadServiceAccounts, Place::Somewhere)
        .query(&page::PARAMETERS)
        .answers_json::<ServiceAccountPage>(OK, "A page.")
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::POST,
            "/api/v1/service_accounts",
            "create_service_account",
            service_accounts::create::run,
        )
        .about(Tag::ServiceAccounts, "Makes one, of the team in `team` or of the platform.")
        .needs(ManageServiceAccounts, Place::NewInTeam)
        .query(&[TEAM, VALIDATE_ONLY])
        .takes_json::<NewServiceAccountBody>()
        .answers_json::<ServiceAccountBody>(CREATED, "It is there.")
        .answers_json::<ServiceAccountBody>(OK, "It would be possible.")
        .refuses(&[Code::NameTaken, Code::TeamNotFound, Code::ValueOutOfRange]),
        Operation::new(Method::GET, ACCOUNT, "get_service_account", service_accounts::show::run)
            .about(Tag::ServiceAccounts, "One service account.")
            .needs(ReadServiceAccounts, Place::ServiceAccount)
            .answers_json::<ServiceAccountBody>(OK, "As it is.")
            .unless_known(),
        Operation::new(
            Method::PATCH,
            ACCOUNT,
            "update_service_account",
            service_accounts::update::run,
        )
        .about(Tag::ServiceAccounts, "Changes what it is for and may do.")
        .needs(ManageServiceAccounts, Place::ServiceAccount)
        .query(&[VALIDATE_ONLY])
        .takes_json::<ServiceAccountPatch>()
        .answers_json::<ServiceAccountBody>(OK, "As it is now.")
        .refuses(&REVISED)
        .refuses(&[Code::ValueOutOfRange]),
        Operation::new(
            Method::DELETE,
            ACCOUNT,
            "delete_service_account",
            service_accounts::delete::run,
        )
        .about(Tag::ServiceAccounts, "Removes it, with its tokens.")
        .needs(ManageServiceAccounts, Place::ServiceAccount)
        .query(&[VALIDATE_ONLY])
        .answers(NO_CONTENT, "It is gone.", Answered::Nothing)
        .refuses(&REVISED),
        Operation::new(
            Method::GET,
            tokens(),
            "list_service_account_tokens",
            service_accounts::list_tokens::run,
        )
        .about(Tag::ServiceAccounts, "Its tokens, the oldest first.")
        .needs(ReadServiceAccounts, Place::ServiceAccount)
        .query(&page::PARAMETERS)
        .answers_json::<TokenPage>(OK, "A page.")
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::POST,
            tokens(),
            "create_service_account_token",
            service_accounts::create_token::run,
        )
        .about(Tag::ServiceAccounts, "Makes a token for it. The answer shows it, once.")
        .needs(ManageServiceAccounts, Place::ServiceAccount)
        .query(&[VALIDATE_ONLY])
        .takes_json::<NewTokenBody>()
        .answers_json::<MadeToken>(CREATED, "The token.")
        .answers_json::<MadeToken>(OK, "It would be possible.")
        .refuses(&[Code::ValueOutOfRange]),
        Operation::new(
            Method::POST,
            format!("{ACCOUNT}/tokens/{{token}}:revoke"),
            "revoke_service_account_token",
            service_accounts::revoke_token::run,
        )
        .about(Tag::ServiceAccounts, "A token of it is worth nothing any more, at once.")
        .needs(ManageServiceAccounts, Place::ServiceAccount)
        .query(&[VALIDATE_ONLY])
        .answers_json::<TokenBody>(OK, "As it is now.")
        .refuses(&[Code::TokenNotFound]),
    ]
    .into_iter()
    .map(|operation| operation.refuses(&[Code::ServiceAccountNotFound]))
    .collect()
}
