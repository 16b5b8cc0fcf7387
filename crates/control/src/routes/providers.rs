//! What providers have beside what all objects have: tests.

use architrave_config::object::ObjectKind;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::admin::providers::{ProviderTestBody, test, test_new};
use crate::code::Code;
use crate::operation::{Operation, Parameter, Place, Tag, Takes};
use crate::permission::Permission::WriteObjects;

const MODEL: Parameter = Parameter {
    name: "model",
    about: "A model, by its name at the provider, that is asked for one token of chat; without it \
            the provider is asked which models it has.",
    schema: || json!({ "type": "string", "minLength": 1, "maxLength": 256 }),
};

/// Those of providers, at the path of all and of one.
pub(super) fn of_providers(all: &str, one: &str) -> Vec<Operation> {
    let tag = Tag::Objects(ObjectKind::Provider);
    let tests = vec![
        Operation::new(Method::POST, format!("{all}:test"), "test_new_provider", test_new::run)
            .about(
                tag,
                "Asks a provider, as it would be made by the body, whether it answers and takes \
                 its credentials: by the gateway's rules of egress, within 15 seconds. Nothing is \
                 kept of it.",
            )
            .needs(WriteObjects, Place::NewInTeam)
            .takes(Takes::Object)
            .refuses(&[Code::ObjectInvalid, Code::ReachNotPermitted, Code::ReadOnlyObject]),
        Operation::new(Method::POST, format!("{one}:test"), "test_provider", test::run)
            .about(tag, "Asks a provider that is there the same, by its stored credentials.")
            .needs(WriteObjects, Place::Object)
            .refuses(&[Code::ObjectNotFound]),
    ];
    let finish = |test: Operation| {
        test.query(&[MODEL])
            .answers_json::<ProviderTestBody>(StatusCode::OK, "It was asked: what came of it.")
            .refuses(&[Code::ConfigNotPossible, Code::StoreUnavailable, Code::TooManyTests])
            .refuses(&[Code::ValueOutOfRange])
            .of_kind(ObjectKind::Provider)
    };
    tests.into_iter().map(finish).collect()
}
