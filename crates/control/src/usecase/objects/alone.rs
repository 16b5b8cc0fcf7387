//! A service that is published alone gets a product of its own name, so that a plan can be made for
//! it without more ado; one that is part of a product already does not.

use architrave_config::object::{ObjectKind, Objects};
use serde_json::{Value, json};

use super::put::Planned;
use crate::api::Dependencies;

/// The product that is to be made along with the publication of a service, if one is.
pub(super) fn product_of(
    objects: &Objects,
    service: &str,
    team: Option<String>,
) -> Option<Planned> {
    let kind = ObjectKind::Product;
    let is_taken = objects.get(kind, service).is_some();
    let body = Some(json!({ "name": service, "services": [service] }));
    let name = service.to_owned();
    let is_alone = !is_part(objects, service) && !is_taken;
    is_alone.then_some(Planned { kind, name, team, before: None, body })
}

/// Whether a service is in no product, and gets none since another has its name.
pub(super) fn has_no_product(objects: &Objects, service: &str) -> bool {
    objects.get(ObjectKind::Product, service).is_some() && !is_part(objects, service)
}

/// Whether a product has a service in it.
pub(super) fn has_service(product: &Value, service: &str) -> bool {
    let services = product.get("services").and_then(Value::as_array);
    services.is_some_and(|services| services.iter().any(|name| name == service))
}

fn is_part(objects: &Objects, service: &str) -> bool {
    let mut products = objects.list(ObjectKind::Product).iter();
    products.any(|held| has_service(&held.object.body, service))
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
