//! What services have beside what all objects have: the description of their API, revisions and
//! versions.

use architrave_config::object::ObjectKind;
use axum::http::{Method, StatusCode};
use serde_json::json;

use super::TEAM;
use crate::admin::services::{
    callers, compare_revisions, create_version, import, lint_api, list_revisions, list_versions,
    point, prepare, put_api, roll_back, show_api, show_revision,
};
use crate::code::Code;
use crate::operation::{Answered, Operation, Parameter, Place, Tag, Takes};
use crate::page;
use crate::permission::Permission::{ReadObjects, ReadUsage, WriteObjects};
use crate::usecase::objects::{Import, Preparation};
use crate::usecase::usage::callers::CallerList;

const OK: StatusCode = StatusCode::OK;

const AGAINST: Parameter = Parameter {
    name: "against",
    about: "The number of the revision that it is compared with, or `current`; by default the one \
            before, and for one that is prepared the current one.",
    schema: || json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "current" }] }),
};

const OVERRIDE: Parameter = Parameter {
    name: "override",
    about: "Whether what breaks callers is published all the same; needs a `reason`.",
    schema: || json!({ "type": "boolean", "default": false }),
};

const DAYS: Parameter = Parameter {
    name: "days",
    about: "How far back it is looked.",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 90, "default": 30 }),
};

const REASON: Parameter = Parameter {
    name: "reason",
    about: "For the audit log and the revision.",
    schema: || json!({ "type": "string", "maxLength": 1000 }),
};

/// Those of one service, at its path.
pub(super) fn of_service(one: &str) -> Vec<Operation> {
    let tag = Tag::Objects(ObjectKind::Service);
    let at = |rest: &str| format!("{one}{rest}");
    vec![
        Operation::new(Method::GET, at("/api"), "get_service_api", show_api::run)
            .about(tag, "The description of its API, as it was sent.")
            .needs(ReadObjects, Place::Object)
            .shared()
            .public()
            .answers(OK, "The description.", Answered::Text(&show_api::TYPES))
            .answers(StatusCode::NOT_MODIFIED, "The caller has it.", Answered::Nothing)
            .refuses(&[Code::ObjectNotFound, Code::DescriptionNotFound, Code::StoreUnavailable]),
        Operation::new(Method::PUT, at("/api"), "put_service_api", put_api::run)
            .about(
                tag,
                "The description of its API is to be the body: OpenAPI 3.0 or 3.1, in YAML or JSON.",
            )
            .needs(WriteObjects, Place::Object)
            .query(&[OVERRIDE, REASON])
            .takes(Takes::Config)
            .answers(OK, "It is as sent, and live: what changed.", Answered::AnyJson)
            .answers(StatusCode::CREATED, "There is one now.", Answered::AnyJson)
            .refuses(&[Code::ObjectNotFound, Code::DescriptionInvalid, Code::PreconditionRequired]),
        Operation::new(Method::GET, at("/callers"), "list_service_callers", callers::run)
            .about(tag, "Who called it of late, how often, and when last.")
            .needs(ReadUsage, Place::Object)
            .query(&[DAYS])
            .answers_json::<CallerList>(OK, "The callers, those with the most requests first.")
            .refuses(&[
                Code::NoDatabase,
                Code::NoUsage,
                Code::ObjectNotFound,
                Code::StoreUnavailable,
            ]),
        Operation::new(Method::GET, at("/lint"), "lint_service_api", lint_api::run)
            .about(tag, "What the rules say of the description of its API.")
            .needs(ReadObjects, Place::Object)
            .answers(OK, "Findings, by line.", Answered::AnyJson)
            .refuses(&[Code::ObjectNotFound, Code::DescriptionNotFound, Code::StoreUnavailable]),
        Operation::new(Method::POST, at(":import"), "import_service", import::run)
            .about(
                tag,
                "Makes the service from a description, or brings it up to date; policies, and what \
                 refers to it, stay. With `validate_only`, what would change, and findings.",
            )
            .needs(WriteObjects, Place::Object)
            .query(&[TEAM])
            .takes_json::<Import>()
            .answers(OK, "It is as described, and live: what changed.", Answered::AnyJson)
            .answers(StatusCode::CREATED, "It is there, and live.", Answered::AnyJson)
            .refuses(&[Code::DescriptionInvalid, Code::NameTaken]),
        Operation::new(
            Method::GET,
            at("/revisions"),
            "list_service_revisions",
            list_revisions::run,
        )
        .about(tag, "What it was like after each change, the latest first.")
        .needs(ReadObjects, Place::Object)
        .query(&page::PARAMETERS)
        .answers(OK, "A page.", Answered::AnyJson)
        .refuses(&READ)
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::GET,
            at("/revisions/{revision}"),
            "get_service_revision",
            show_revision::run,
        )
        .about(tag, "One revision, with all that it says; secrets out.")
        .needs(ReadObjects, Place::Object)
        .answers(OK, "As it was.", Answered::AnyJson)
        .refuses(&READ)
        .refuses(&[Code::RevisionNotFound]),
        Operation::new(
            Method::GET,
            at("/revisions/{revision}/diff"),
            "compare_service_revisions",
            compare_revisions::run,
        )
        .about(tag, "What changed to it, in the configuration and in the API.")
        .needs(ReadObjects, Place::Object)
        .query(&[AGAINST])
        .answers(OK, "The differences.", Answered::AnyJson)
        .refuses(&READ)
        .refuses(&[Code::RevisionNotFound]),
        Operation::new(
            Method::POST,
            at("/revisions"),
            "prepare_service_revision",
            prepare::run,
        )
        .about(
            tag,
            "Prepares a revision: validated whole, with its difference from the current one, and not \
             in force until the service points at it.",
        )
        .needs(WriteObjects, Place::Object)
        .takes_json::<Preparation>()
        .answers(StatusCode::CREATED, "It is prepared.", Answered::AnyJson)
        .answers(OK, "There is one that says the same, or it would be possible.", Answered::AnyJson)
        .refuses(&[Code::ObjectNotFound, Code::DescriptionInvalid]),
        Operation::new(Method::POST, at(":point"), "point_service", point::run)
            .about(
                tag,
                "Points it at a revision, an earlier or a prepared one: it is as that one says, with \
                 its upstream, its routes and its description. Its life stays as it is.",
            )
            .needs(WriteObjects, Place::Object)
            .takes_json::<point::Pointer>()
            .answers(OK, "It is so, and live.", Answered::Object)
            .refuses(&[Code::ObjectNotFound, Code::RevisionNotFound]),
        Operation::new(Method::POST, at(":rollback"), "rollback_service", roll_back::run)
            .about(
                tag,
                "Points it at a revision that was in force before: it is as that one says, with its \
                 upstream, its routes and its description. Its life stays as it is.",
            )
            .needs(WriteObjects, Place::Object)
            .takes_json::<point::Pointer>()
            .answers(OK, "It is so, and live.", Answered::Object)
            .refuses(&[Code::ObjectNotFound, Code::RevisionNotFound]),
        Operation::new(Method::GET, at("/versions"), "list_service_versions", list_versions::run)
            .about(tag, "All versions of it that the caller may see.")
            .needs(ReadObjects, Place::Object)
            .shared()
            .public()
            .answers(OK, "The versions, in order.", Answered::AnyJson)
            .refuses(&[Code::ObjectNotFound, Code::StoreUnavailable]),
        Operation::new(
            Method::POST,
            at("/versions"),
            "create_service_version",
            create_version::run,
        )
        .about(tag, "Makes another version of it: a service that is like it, as a draft.")
        .needs(WriteObjects, Place::Object)
        .takes_json::<create_version::NewVersion>()
        .answers(StatusCode::CREATED, "It is there.", Answered::Object)
        .answers(OK, "It would be possible.", Answered::Object)
        .refuses(&[Code::ObjectNotFound, Code::NameTaken]),
    ]
}

/// What every reading of revisions may be refused for.
const READ: [Code; 3] = [Code::NoDatabase, Code::ObjectNotFound, Code::StoreUnavailable];
