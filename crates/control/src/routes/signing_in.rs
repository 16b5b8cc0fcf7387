//! How somebody comes to be known: setting up, signing in and out, and sessions.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::VALIDATE_ONLY;
use crate::admin::setup::show::SetupState;
use crate::admin::{session, sessions, setup};
use crate::code::Code;
use crate::operation::{Access, Answered, Operation, Parameter, Tag};
use crate::usecase::sessions::{Identity, SessionList, SignIn};
use crate::usecase::setup::SetUp;
use crate::usecase::sign_in::SignInProviders;

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

pub(super) fn operations() -> Vec<Operation> {
    let groups = [set_up(), signing_in()];
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
