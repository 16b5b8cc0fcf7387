//! Every operation of the admin API, in one list.
//!
//! Router, permission check, OpenAPI and the tables of docs/admin-api.md are made from it. One file
//! per action under `admin/`.

mod audit;
mod gateway;
mod objects;
mod people;
mod providers;
mod services;
mod signing_in;
mod subscribing;
mod teams;
mod usage;

use serde_json::json;

use crate::code::Code;
use crate::operation::{Operation, Parameter, Surface};

/// All of them, in the order of the page.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = gateway::operations();
    all.extend(usage::operations());
    all.extend(objects::operations());
    all.extend(signing_in::operations());
    all.extend(people::operations());
    all.extend(teams::operations());
    all.extend(audit::operations());
    all.extend(subscribing::operations());
    all
}

/// Those that a listener answers.
pub(crate) fn operations_on(surface: Surface) -> Vec<Operation> {
    let is_there = |one: &Operation| surface == Surface::Admin || one.is_on_portal;
    operations().into_iter().filter(is_there).collect()
}

/// Whether it is what somebody needs who is not known yet, by whatever name they know us.
pub(crate) fn is_signing_in(operation: &Operation) -> bool {
    const IDS: [&str; 7] = [
        "get_setup",
        "complete_setup",
        "sign_in",
        "list_sign_in_providers",
        "begin_sign_in",
        "finish_sign_in",
        "redeem_code",
    ];
    IDS.contains(&operation.id.as_str())
}

/// Whether browsers come there from another site by its nature.
pub(crate) fn is_coming_back(operation: &Operation) -> bool {
    operation.id == "finish_sign_in"
}

/// Taken by every write of the database.
const VALIDATE_ONLY: Parameter = Parameter {
    name: "validate_only",
    about: "Whether to say only if it would be possible, and to write nothing.",
    schema: || json!({ "type": "boolean", "default": false }),
};

/// What changing a thing with a revision may be refused for.
const REVISED: [Code; 3] =
    [Code::HeaderInvalid, Code::PreconditionFailed, Code::PreconditionRequired];

/// Whose something new is to be.
const TEAM: Parameter = Parameter {
    name: "team",
    about: "The team that it is to belong to; the platform where it is left out.",
    schema: || json!({ "type": "string", "pattern": "^[a-z0-9-]{1,63}$" }),
};
