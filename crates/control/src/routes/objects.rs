//! The objects of the configuration: the same operations for every kind.

use architrave_config::object::{ONLY_NAME, ObjectKind};
use axum::http::{Method, StatusCode};

use super::{TEAM, VALIDATE_ONLY, providers, services};
use crate::admin::services as actions;
use crate::admin::{models, objects, upstreams};
use crate::code::Code;
use crate::operation::{Access, Answered, Form, Operation, Place, Tag, Takes};
use crate::page;
use crate::permission::Permission::{MoveObjects, ReadObjects, WriteObjects};
use crate::usecase::objects::{MOVES, Move};

const OK: StatusCode = StatusCode::OK;

/// What every write of an object may be refused for.
const WRITE: [Code; 10] = [
    Code::ConfigNotPossible,
    Code::NoDatabase,
    Code::ObjectInUse,
    Code::ObjectInvalid,
    Code::PreconditionFailed,
    Code::ReadOnlyObject,
    Code::ReachNotPermitted,
    Code::StoreUnavailable,
    Code::TeamNotFound,
    Code::ValueOutOfRange,
];

pub(super) fn operations() -> Vec<Operation> {
    ObjectKind::ALL.into_iter().flat_map(of_kind).collect()
}

fn of_kind(kind: ObjectKind) -> Vec<Operation> {
    let (list, one) = (format!("/api/v1/{}", kind.plural()), path(kind));
    let (single, many, said) = (kind.singular(), kind.plural(), words(kind));
    let mut all = vec![listing(kind, list.clone()), showing(kind, one.clone())];
    let tests = match kind {
        ObjectKind::Provider => providers::of_providers(&list, &one),
        _ => Vec::new(),
    };
    if !kind.is_only() {
        let create =
            Operation::new(Method::POST, list, format!("create_{single}"), objects::create::run);
        let create = create
            .about(tag(kind), format!("Makes {} that is not there yet.", one_of(kind)))
            .needs(WriteObjects, Place::NewInTeam)
            .takes(Takes::Object)
            .answers(StatusCode::CREATED, "It is there, and live.", Answered::Object)
            .answers(OK, "It would be possible.", Answered::Object)
            .refuses(&[Code::NameTaken]);
        all.push(with_team(kind, create));
    }
    let replace = Operation::new(
        Method::PUT,
        one.clone(),
        format!("replace_{single}"),
        objects::replace::run,
    );
    let replace = replace
        .about(
            tag(kind),
            format!("The {said} is to be as in the body, whether or not it is there."),
        )
        .needs(WriteObjects, Place::Object)
        .takes(Takes::Object)
        .answers(OK, "It is as sent, and live.", Answered::Object)
        .answers(StatusCode::CREATED, "It is there, and live.", Answered::Object)
        .refuses(&[Code::PreconditionRequired]);
    all.push(with_team(kind, replace));
    all.push(
        Operation::new(Method::PATCH, one.clone(), format!("update_{single}"), objects::patch::run)
            .about(tag(kind), format!("Changes parts of the {said}: a JSON Merge Patch."))
            .needs(WriteObjects, Place::Object)
            .takes(Takes::ObjectPatch)
            .answers(OK, "It is changed, and live.", Answered::Object)
            .refuses(&[Code::PreconditionRequired, Code::ObjectNotFound]),
    );
    all.push(
        Operation::new(
            Method::DELETE,
            one.clone(),
            format!("delete_{single}"),
            objects::delete::run,
        )
        .about(tag(kind), format!("Removes the {said}, unless others need it."))
        .needs(WriteObjects, Place::Object)
        .answers(StatusCode::NO_CONTENT, "It is gone.", Answered::Nothing)
        .refuses(&[Code::PreconditionRequired, Code::ObjectNotFound]),
    );
    if may_belong_to_teams(kind) {
        all.push(
            Operation::new(
                Method::POST,
                format!("{one}:move"),
                format!("move_{single}"),
                objects::give::run,
            )
            .about(tag(kind), format!("Gives the {said} to another team, or to none."))
            .needs(MoveObjects, Place::Object)
            .takes_json::<objects::give::NewOwner>()
            .answers(OK, "It belongs there.", Answered::Object)
            .refuses(&[Code::ObjectNotFound]),
        );
    }
    if kind == ObjectKind::Service {
        all.extend(MOVES.iter().map(|step| moving(step, &one)));
        all.extend(services::of_service(&one));
    }
    let mut all: Vec<Operation> = all
        .into_iter()
        .map(|operation| {
            if operation.is_write() {
                let writes = operation.query(&[VALIDATE_ONLY]).refuses(&WRITE);
                match kind {
                    ObjectKind::Service => writes.refuses(&[Code::BreakingChanges]),
                    _ => writes,
                }
            } else {
                operation
            }
        })
        .map(|operation| operation.of_kind(kind))
        .collect();
    // They write nothing.
    all.extend(tests);
    debug_assert!(all.iter().all(|operation| operation.path.contains(many)));
    all.sort_by_key(|operation| operation.split_verb().0.len());
    all
}

/// A move of a service's life.
fn moving(step: &'static Move, one: &str) -> Operation {
    let (path, id) = (format!("{one}:{}", step.verb), format!("{}_service", step.verb));
    let taking = |form, moving: Operation| moving.takes(Takes::Json { form, is_required: false });
    let moving = if step.takes_terms() {
        let moving = Operation::new(Method::POST, path, id, actions::deprecate::run);
        taking(Form::of::<actions::deprecate::Deprecation>(), moving)
    } else if step.publishes() {
        let moving = Operation::new(Method::POST, path, id, actions::publish::run);
        taking(Form::of::<actions::publish::Publication>(), moving)
            .refuses(&[Code::BreakingChanges])
    } else if step.ends() {
        let moving = Operation::new(Method::POST, path, id, actions::retire::run);
        taking(Form::of::<actions::retire::Retirement>(), moving).refuses(&[Code::StillCalled])
    } else {
        let moving = Operation::new(Method::POST, path, id, actions::step::run);
        taking(Form::of::<actions::step::StateChange>(), moving)
    };
    moving
        .about(tag(ObjectKind::Service), step.about)
        .needs(step.permission, Place::Object)
        .answers(
            OK,
            match step.ends() {
                true => "It is so, and live. `callers` has who called it in the last 30 days.",
                false => "It is so, and live.",
            },
            Answered::Object,
        )
        .refuses(&[Code::ObjectNotFound, Code::StateNotFitting])
}

fn listing(kind: ObjectKind, path: String) -> Operation {
    let (id, summary) = (format!("list_{}", kind.plural()), match kind {
        ObjectKind::Upstream => {
            "Every upstream that the caller may see, by name, with its endpoints by address and how \
             they do. All of them, unless a page is asked for."
                .to_owned()
        }
        ObjectKind::Model => "Every model that is listed, with what serves it and how that does. \
                              All of them, unless a page is asked for."
            .to_owned(),
        kind => {
            let many = kind.plural().replace('_', " ");
            format!("The {many} that the caller may see, by name.")
        }
    });
    let listing = match kind {
        ObjectKind::Upstream => {
            Operation::new(Method::GET, path, id, upstreams::list::run).locally()
        }
        ObjectKind::Model => Operation::new(Method::GET, path, id, models::list::run).locally(),
        _ => Operation::new(Method::GET, path, id, objects::list::run),
    };
    let listing = if kind == ObjectKind::Service { listing.shared() } else { listing };
    let listing = match kind {
        // What is offered to everybody is seen without a role.
        ObjectKind::Product | ObjectKind::Plan => listing.access(Access::Own),
        _ => listing.needs(ReadObjects, Place::Somewhere),
    };
    let listing = if is_on_portal(kind) { listing.public() } else { listing };
    listing
        .about(tag(kind), summary)
        .query(&page::PARAMETERS)
        .answers(OK, "A page.", Answered::Objects)
        .refuses(&[Code::PageTokenInvalid, Code::StoreUnavailable])
}

fn showing(kind: ObjectKind, path: String) -> Operation {
    let id = format!("get_{}", kind.singular());
    let showing = match kind {
        ObjectKind::Upstream => {
            Operation::new(Method::GET, path, id, upstreams::show::run).locally()
        }
        ObjectKind::Model => Operation::new(Method::GET, path, id, models::show::run).locally(),
        _ => Operation::new(Method::GET, path, id, objects::show::run),
    };
    let showing = showing
        .about(tag(kind), format!("One {}.", words(kind)))
        .needs(ReadObjects, Place::Object)
        .answers(OK, "As it is.", Answered::Object)
        .refuses(&[Code::ObjectNotFound, Code::StoreUnavailable]);
    let showing = if kind == ObjectKind::Service { showing.shared() } else { showing };
    let showing = if is_on_portal(kind) { showing.public() } else { showing };
    match kind {
        ObjectKind::Upstream | ObjectKind::Model => showing,
        _ => showing.answers(StatusCode::NOT_MODIFIED, "The caller has it.", Answered::Nothing),
    }
}

/// Whether who subscribes needs to see them.
const fn is_on_portal(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Product | ObjectKind::Plan | ObjectKind::Service)
}

/// Where one is; the only one of a kind has its name in the path.
fn path(kind: ObjectKind) -> String {
    if kind.is_only() {
        format!("/api/v1/{}/{ONLY_NAME}", kind.plural())
    } else {
        format!("/api/v1/{}/{{name}}", kind.plural())
    }
}

/// `a route`, `an upstream`.
fn one_of(kind: ObjectKind) -> String {
    let is_vowel =
        matches!(kind, ObjectKind::Upstream | ObjectKind::IdentityProvider | ObjectKind::McpServer);
    let article = if is_vowel { "an" } else { "a" };
    format!("{article} {}", words(kind))
}

/// A kind as people say it.
fn words(kind: ObjectKind) -> String {
    kind.singular().replace('_', " ")
}

fn tag(kind: ObjectKind) -> Tag {
    Tag::Objects(kind)
}

fn may_belong_to_teams(kind: ObjectKind) -> bool {
    kind.may_belong_to_teams()
}

fn with_team(kind: ObjectKind, operation: Operation) -> Operation {
    if may_belong_to_teams(kind) { operation.query(&[TEAM]) } else { operation }
}
