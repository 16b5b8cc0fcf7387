//! People and programs: setting up, signing in, users, tokens, service accounts, teams, and the
//! audit log of what they do.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{TEAM, VALIDATE_ONLY};
use crate::admin::setup::show::SetupState;
use crate::admin::{audit, service_accounts, session, sessions, setup, teams, tokens, users};
use crate::code::Code;
use crate::operation::{Access, Answered, Operation, Parameter, Place, Tag};
use crate::page;
use crate::permission::Permission::{
    CreateTeams, ManageServiceAccounts, ManageTeams, ManageUsers, ReadAudit, ReadServiceAccounts,
    ReadTeams, ReadUsers, SetBudgets,
};
use crate::usecase::audit::AuditPage;
use crate::usecase::limits::TeamLimits;
use crate::usecase::service_accounts::{
    NewServiceAccountBody, ServiceAccountBody, ServiceAccountPage, ServiceAccountPatch,
};
use crate::usecase::sessions::{Identity, SessionList, SignIn};
use crate::usecase::setup::SetUp;
use crate::usecase::sign_in::SignInProviders;
use crate::usecase::teams::{
    MemberBody, MemberPage, MemberRole, NewTeamBody, TeamBody, TeamBudgets, TeamPage, TeamPatch,
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
const TEAM_PATH: &str = "/api/v1/teams/{team}";
const MEMBER: &str = "/api/v1/teams/{team}/members/{user}";

/// What changing a thing with a revision may be refused for.
const REVISED: [Code; 3] =
    [Code::HeaderInvalid, Code::PreconditionFailed, Code::PreconditionRequired];

pub(super) fn operations() -> Vec<Operation> {
    let groups =
        [set_up(), signing_in(), users(), tokens(), service_accounts(), teams(), audit_log()];
    groups.into_iter().flatten().map(|one| one.refuses(&[Code::StoreUnavailable])).collect()
}

fn set_up() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/setup", "get_setup", setup::show::run)
            .about(Tag::Session, "Whether somebody has set up.")
            .open()
            .answers_json::<SetupState>(OK, "How far it is.")
            .refuses(&[Code::NoDatabase]),
        Operation::new(Method::POST, "/api/v1/setup", "complete_setup", setup::complete::run)
            .about(
                Tag::Session,
                "Makes the first admin, by the code that the first start shows, and signs them in.",
            )
            .open()
            .takes_json::<SetUp>()
            .answers_json::<Identity>(CREATED, "Signed in; the cookie is the session.")
            .refuses(&[
                Code::NoDatabase,
                Code::PasswordTooWeak,
                Code::SetupCodeWrong,
                Code::SetupComplete,
                Code::TooBusy,
                Code::TooManyAttempts,
                Code::ValueOutOfRange,
            ]),
    ]
}

fn signing_in() -> Vec<Operation> {
    vec![
        Operation::new(Method::POST, "/api/v1/session", "sign_in", session::sign_in::run)
            .on_portal()
            .about(Tag::Session, "Signs in with e-mail address and password.")
            .open()
            .takes_json::<SignIn>()
            .answers_json::<Identity>(OK, "Signed in; the cookie is the session.")
            .refuses(&[
                Code::CredentialsWrong,
                Code::NoDatabase,
                Code::TooBusy,
                Code::TooManyAttempts,
            ]),
        Operation::new(
            Method::GET,
            "/api/v1/session/providers",
            "list_sign_in_providers",
            session::list_providers::run,
        )
        .on_portal()
        .about(Tag::Session, "The identity providers by whose word people may sign in.")
        .open()
        .answers_json::<SignInProviders>(OK, "Every one, in the order of the configuration.")
        .refuses(&[Code::NoDatabase]),
        Operation::new(
            Method::GET,
            "/api/v1/session/providers/{name}:begin",
            "begin_sign_in",
            session::begin::run,
        )
        .on_portal()
        .about(Tag::Session, "Sends a browser to an identity provider, to sign in there.")
        .open()
        .query(&[Parameter {
            name: "return_to",
            about: "The path to go on to when it is done.",
            schema: || json!({ "type": "string", "pattern": "^/", "default": "/" }),
        }])
        .answers(StatusCode::SEE_OTHER, "`Location` is at the provider.", Answered::Nothing)
        .refuses(&[
            Code::IdentityProviderNotFound,
            Code::IdentityProviderUnavailable,
            Code::NoDatabase,
            Code::TooBusy,
            Code::TooManyAttempts,
        ]),
        Operation::new(
            Method::GET,
            "/api/v1/session/callback",
            "finish_sign_in",
            session::finish::run,
        )
        .on_portal()
        .about(Tag::Session, "Where an identity provider sends a browser back; signs in.")
        .open()
        .leniently()
        .query(&["state", "code", "iss", "error"].map(|name| Parameter {
            name,
            about: "As OpenID Connect has it.",
            schema: || json!({ "type": "string" }),
        }))
        .answers(
            StatusCode::SEE_OTHER,
            "Signed in; the cookie is the session, and `Location` where to go on.",
            Answered::Nothing,
        )
        .refuses(&[
            Code::IdentityNotProven,
            Code::IdentityProviderNotFound,
            Code::IdentityProviderUnavailable,
            Code::NoDatabase,
            Code::SignInNotPermitted,
            Code::SignInOver,
        ]),
        Operation::new(Method::GET, "/api/v1/session", "get_session", session::show::run)
            .on_portal()
            .about(
                Tag::Session,
                "Who calls, with which roles; by a session also the token that its writes need.",
            )
            .access(Access::Own)
            .answers_json::<Identity>(OK, "Who calls."),
        Operation::new(Method::DELETE, "/api/v1/session", "sign_out", session::sign_out::run)
            .on_portal()
            .about(Tag::Session, "Ends the session that the cookie shows.")
            .access(Access::OwnInPerson)
            .query(&[VALIDATE_ONLY])
            .answers(NO_CONTENT, "Signed out.", Answered::Nothing),
        Operation::new(Method::GET, "/api/v1/sessions", "list_sessions", sessions::list::run)
            .on_portal()
            .about(Tag::Session, "Where the caller is signed in.")
            .access(Access::Own)
            .answers_json::<SessionList>(OK, "Every session."),
        Operation::new(
            Method::DELETE,
            "/api/v1/sessions/{session}",
            "end_session",
            sessions::end::run,
        )
        .on_portal()
        .about(Tag::Session, "Signs the caller out elsewhere.")
        .access(Access::OwnInPerson)
        .query(&[VALIDATE_ONLY])
        .answers(NO_CONTENT, "It is over.", Answered::Nothing)
        .refuses(&[Code::SessionNotFound]),
    ]
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

fn teams() -> Vec<Operation> {
    let members = || format!("{TEAM_PATH}/members");
    vec![
        Operation::new(Method::GET, "/api/v1/teams", "list_teams", teams::list::run)
            .about(Tag::Teams, "Those that the caller may see, by name.")
            .on_portal()
            .access(Access::Own)
            .query(&page::PARAMETERS)
            .answers_json::<TeamPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::POST, "/api/v1/teams", "create_team", teams::create::run)
            .about(Tag::Teams, "Makes a team.")
            .needs(CreateTeams, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .takes_json::<NewTeamBody>()
            .answers_json::<TeamBody>(CREATED, "It is there.")
            .answers_json::<TeamBody>(OK, "It would be possible.")
            .refuses(&[Code::NameTaken, Code::ValueOutOfRange]),
        Operation::new(Method::GET, TEAM_PATH, "get_team", teams::show::run)
            .about(Tag::Teams, "One team.")
            .on_portal()
            .needs(ReadTeams, Place::Team)
            .answers_json::<TeamBody>(OK, "As it is.")
            .unless_known()
            .refuses(&[Code::TeamNotFound]),
        Operation::new(Method::PATCH, TEAM_PATH, "update_team", teams::update::run)
            .about(Tag::Teams, "Changes what a team is called and for.")
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .takes_json::<TeamPatch>()
            .answers_json::<TeamBody>(OK, "As it is now.")
            .refuses(&REVISED)
            .refuses(&[Code::TeamNotFound, Code::ValueOutOfRange]),
        Operation::new(
            Method::PUT,
            format!("{TEAM_PATH}/budgets"),
            "set_team_budgets",
            teams::set_budgets::run,
        )
        .about(
            Tag::Teams,
            "Sets what all applications of a team together may use up, beside what their plans \
             say.",
        )
        .needs(SetBudgets, Place::Team)
        .query(&[VALIDATE_ONLY])
        .takes_json::<TeamBudgets>()
        .answers_json::<TeamBody>(OK, "As it is now.")
        .refuses(&REVISED)
        .refuses(&[Code::ReadOnlyObject, Code::TeamNotFound, Code::ValueOutOfRange]),
        Operation::new(
            Method::GET,
            format!("{TEAM_PATH}/limits"),
            "get_team_limits",
            teams::limits::run,
        )
        .about(
            Tag::Teams,
            "What all applications of a team together may use up, and what of it is left now, \
             here.",
        )
        .needs(ReadTeams, Place::Team)
        .on_portal()
        .answers_json::<TeamLimits>(OK, "As it is.")
        .refuses(&[Code::TeamNotFound]),
        Operation::new(Method::DELETE, TEAM_PATH, "delete_team", teams::delete::run)
            .about(Tag::Teams, "Removes a team to which nothing belongs any more.")
            .needs(CreateTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .answers(NO_CONTENT, "It is gone.", Answered::Nothing)
            .refuses(&REVISED)
            .refuses(&[Code::TeamNotEmpty, Code::TeamNotFound]),
        Operation::new(Method::GET, members(), "list_members", teams::list_members::run)
            .about(Tag::Teams, "Who is in a team, and as what.")
            .needs(ReadTeams, Place::Team)
            .query(&page::PARAMETERS)
            .answers_json::<MemberPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid, Code::TeamNotFound]),
        Operation::new(Method::PUT, MEMBER, "put_member", teams::put_member::run)
            .about(
                Tag::Teams,
                "Puts a user, named by id or e-mail address, into a team, or makes them something \
                 else there.",
            )
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .takes_json::<MemberRole>()
            .answers_json::<MemberBody>(OK, "As they are now.")
            .refuses(&[
                Code::LastOwner,
                Code::TeamNotFound,
                Code::UserNotFound,
                Code::ValueOutOfRange,
            ]),
        Operation::new(Method::DELETE, MEMBER, "remove_member", teams::remove_member::run)
            .about(Tag::Teams, "Takes a user, named by id or e-mail address, out of a team.")
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .answers(NO_CONTENT, "They are in it no more.", Answered::Nothing)
            .refuses(&[Code::LastOwner, Code::MemberNotFound, Code::TeamNotFound]),
    ]
}

fn audit_log() -> Vec<Operation> {
    let csv = &["application/x-ndjson", "text/csv"];
    vec![
        Operation::new(Method::GET, "/api/v1/audit", "list_audit", audit::list::run)
            .about(
                Tag::Audit,
                "Every write and sign-in, the latest first. Owners of teams see their team's.",
            )
            .needs(ReadAudit, Place::Somewhere)
            .query(&page::PARAMETERS)
            .query(&FILTERS)
            .answers_json::<AuditPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid, Code::TeamNotFound]),
        Operation::new(Method::GET, "/api/v1/audit:export", "export_audit", audit::export::run)
            .about(
                Tag::Audit,
                "The same as a file, of 100,000 rows at most; `audit-truncated: true` says that \
                 there are more.",
            )
            .needs(ReadAudit, Place::Somewhere)
            .query(&[FORMAT])
            .query(&FILTERS)
            .answers(OK, "A JSON object in each line, or CSV.", Answered::Text(csv))
            .refuses(&[Code::TeamNotFound]),
    ]
}

const FORMAT: Parameter = Parameter {
    name: "format",
    about: "`json` (a JSON object in each line) or `csv`.",
    schema: || json!({ "type": "string", "enum": ["json", "csv"], "default": "json" }),
};

const FILTERS: [Parameter; 8] = [
    Parameter { name: "actor", about: "The id of who did it.", schema: text },
    Parameter { name: "via", about: "`console`, `api`, `cli` or `system`.", schema: text },
    Parameter { name: "action", about: "What was done.", schema: text },
    Parameter { name: "kind", about: "To what kind of thing.", schema: text },
    Parameter { name: "name", about: "To which.", schema: text },
    Parameter { name: "team", about: "Whose.", schema: text },
    Parameter { name: "since", about: "Not before this time.", schema: moment },
    Parameter { name: "until", about: "Before this time.", schema: moment },
];

fn text() -> serde_json::Value {
    json!({ "type": "string", "maxLength": 512 })
}

fn moment() -> serde_json::Value {
    json!({ "type": "string", "format": "date-time" })
}
