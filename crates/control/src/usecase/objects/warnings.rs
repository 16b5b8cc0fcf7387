//! What is worth telling whoever puts a service in use or offers a product: it goes on all the same.

use architrave_config::object::{ObjectKind, Objects};
use serde_json::Value;

use super::alone;
use super::life::is_in_use;
use super::revisions::services_of;

/// What is to be told of a service as it is to be, with all that will be there.
pub(super) fn of_service(objects: &Objects, name: &str) -> Vec<String> {
    let Some(held) = objects.get(ObjectKind::Service, name) else { return Vec::new() };
    let body = &held.object.body;
    if !is_in_use(body) {
        return Vec::new();
    }
    let mut told = Vec::new();
    if alone::has_no_product(objects, name) {
        told.push(format!(
            "the service is in no product, and a product named {name} is there already: put the \
             service into a product to offer it by plans"
        ));
    }
    let is_private = body.get("visibility").is_none_or(|visibility| visibility == "private");
    if is_private && !is_offered(objects, name) && is_open(objects, name, body) {
        told.push(
            "the service is private and yet open to all: no plan offers it, and no policy asks who \
             calls, such as `key_auth`"
                .to_owned(),
        );
    }
    told
}

/// What is to be told of a product as it is to be: services of it that fewer see than the product.
pub(super) fn of_product(objects: &Objects, name: &str) -> Vec<String> {
    let Some(held) = objects.get(ObjectKind::Product, name) else { return Vec::new() };
    let product = &held.object.body;
    let services = product.get("services").and_then(Value::as_array).into_iter().flatten();
    let named = services.filter_map(Value::as_str);
    let held = named.filter_map(|name| objects.get(ObjectKind::Service, name));
    let hidden = held.filter(|held| !is_as_visible(product, &held.object.body));
    let told = hidden.map(|held| {
        format!(
            "not all who see the product see its service {}, which is {}: to them it is no part of it",
            held.object.name,
            visibility(&held.object.body)
        )
    });
    told.collect()
}

fn visibility(body: &Value) -> &str {
    body.get("visibility").and_then(Value::as_str).unwrap_or("private")
}

/// Whether all who see a product beside its team see a service.
fn is_as_visible(product: &Value, service: &Value) -> bool {
    let teams = |body: &Value| -> Vec<String> {
        let teams = body.get("shared_with").and_then(Value::as_array).into_iter().flatten();
        teams.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    match (visibility(product), visibility(service)) {
        ("private", _) | (_, "signed_in" | "public") => true,
        ("teams", "teams") => {
            let seeing = teams(service);
            teams(product).iter().all(|team| seeing.contains(team))
        }
        _ => false,
    }
}

/// Whether a plan opens it, to subscribers alone.
pub(super) fn is_offered(objects: &Objects, name: &str) -> bool {
    objects.list(ObjectKind::Plan).iter().any(|plan| {
        let product = plan.object.body.get("product").and_then(Value::as_str);
        let product = product.and_then(|name| objects.get(ObjectKind::Product, name));
        product.is_some_and(|held| alone::has_service(&held.object.body, name))
    })
}

/// Whether a route leads to it on which nothing asks who calls.
pub(super) fn is_open(objects: &Objects, name: &str, body: &Value) -> bool {
    let of_all = objects.get(ObjectKind::Policies, architrave_config::object::ONLY_NAME);
    if of_all.is_some_and(|held| asks(&held.object.body)) || has_guard(body) {
        return false;
    }
    let routes = objects.list(ObjectKind::Route).iter().map(|held| &held.object.body);
    let mut leading = routes.filter(|route| services_of(route).any(|service| service == name));
    leading.any(|route| !has_guard(route) && has_open_listener(objects, route))
}

fn has_open_listener(objects: &Objects, route: &Value) -> bool {
    let named = route.get("listeners").and_then(Value::as_array);
    let is_of_route =
        |name: &str| named.is_none_or(|named| named.iter().any(|one| one.as_str() == Some(name)));
    let listeners = objects.list(ObjectKind::Listener).iter().map(|held| &held.object);
    let mut open = listeners.filter(|listener| is_of_route(&listener.name));
    open.any(|listener| !has_guard(&listener.body))
}

fn has_guard(body: &Value) -> bool {
    body.get("policies").is_some_and(asks)
}

/// Whether policies say who may come.
fn asks(policies: &Value) -> bool {
    let allowed = policies.pointer("/ip_filter/allow").and_then(Value::as_array);
    policies.get("key_auth").is_some()
        || policies.get("basic_auth").is_some()
        || policies.get("jwt").is_some()
        || allowed.is_some_and(|allowed| !allowed.is_empty())
}
