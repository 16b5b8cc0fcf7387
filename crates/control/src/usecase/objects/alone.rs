//! A service that is published alone gets a product of its own name, so that a plan can be made for
//! it without more ado; one that is part of a product already does not.

use architrave_config::object::ObjectKind;
use serde_json::{Value, json};

use super::write::Planned;
use crate::api::Dependencies;

/// The product that is to be made along with the publication of a service, if one is.
pub(super) fn product_of(
    dependencies: &Dependencies,
    service: &str,
    team: Option<String>,
) -> Option<Planned> {
    let objects = dependencies.desired.objects();
    let kind = ObjectKind::Product;
    let is_part = objects.list(kind).iter().any(|held| {
        let services = held.object.body.get("services").and_then(Value::as_array);
        services.is_some_and(|services| services.iter().any(|name| name == service))
    });
    let is_taken = objects.get(kind, service).is_some();
    let body = Some(json!({ "name": service, "services": [service] }));
    let name = service.to_owned();
    (!is_part && !is_taken).then_some(Planned { kind, name, team, before: None, body })
}

/// Whether a service has a product of its own name, with nothing else in it and without a plan.
pub(super) fn has_product(dependencies: &Dependencies, service: &str) -> bool {
    let objects = dependencies.desired.objects();
    let own = objects.get(ObjectKind::Product, service);
    let is_alone =
        own.is_some_and(|held| held.object.body.get("services") == Some(&json!([service])));
    let has_plan = objects
        .list(ObjectKind::Plan)
        .iter()
        .any(|held| held.object.body.get("product").and_then(Value::as_str) == Some(service));
    is_alone && !has_plan
}
