//! What no change of something else does to a service in use: take away the plans that guard it, so that
//! everybody gets through, or lead callers around what the platform has suspended.

use architrave_config::object::{ObjectKind, Objects};

use super::gate::Override;
use super::life::{is_in_use, is_suspended_by_platform};
use super::put::Planned;
use super::revisions::services_of;
use super::warnings::{is_offered, is_open};
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::permission::Permission;
use crate::usecase::Writing;

/// Refuses a change after which a service in use that plans guarded stands open, or callers of a route
/// to such a service get to an open one. With leave by whoever may publish it: what was opened, for the
/// audit log.
pub(super) fn check_closed(
    caller: &Caller,
    (before, after): (&Objects, &Objects),
    given: &Override,
) -> Result<Vec<String>, ApiError> {
    let mut opened = unguarded(before, after);
    opened.extend(rerouted(before, after));
    opened.sort_unstable();
    opened.dedup();
    if opened.is_empty() {
        return Ok(opened);
    }
    let team_of = |name: &str| {
        let held = after.get(ObjectKind::Service, name)?;
        held.object.body.get("team")?.as_str().map(str::to_owned)
    };
    let may_open =
        |name: &String| caller.may(Permission::PublishServices, team_of(name).as_deref());
    if given.is_given && opened.iter().all(may_open) {
        return Ok(opened);
    }
    let message = "callers without a subscription would get through: no plan would offer the service \
                   any more, and no policy asks who calls. Offer it by another plan first, give it a \
                   policy such as `key_auth`, or `:withdraw` it; `apply` does it with \
                   `\"override\": true` and a reason, for whoever may publish it";
    let faults = opened.iter().map(|name| {
        Fault::at("", "would stand open to all").of_object(Some(format!("services/{name}")))
    });
    Err(ApiError::new(Code::ObjectInUse, message).with_faults(faults.collect()))
}

/// Services in use that a plan offers now and none will.
fn unguarded(before: &Objects, after: &Objects) -> Vec<String> {
    let services = after.list(ObjectKind::Service).iter().map(|held| &held.object);
    let services = services.filter(|service| {
        let name = service.name.as_str();
        let was_guarded = before
            .get(ObjectKind::Service, name)
            .is_some_and(|held| is_in_use(&held.object.body) && is_offered(before, name));
        was_guarded
            && is_in_use(&service.body)
            && !is_offered(after, name)
            && is_open(after, name, &service.body)
    });
    services.map(|service| service.name.clone()).collect()
}

/// Open services in use to which routes will lead that lead to guarded ones alone now.
fn rerouted(before: &Objects, after: &Objects) -> Vec<String> {
    let mut opened = Vec::new();
    for route in after.list(ObjectKind::Route).iter().map(|held| &held.object) {
        let Some(was) = before.get(ObjectKind::Route, &route.name) else { continue };
        let was = &was.object.body;
        let were_guarded = services_of(was).all(|name| is_offered(before, name));
        if services_of(was).next().is_none() || !were_guarded {
            continue;
        }
        let new = services_of(&route.body).filter(|name| services_of(was).all(|old| old != *name));
        opened.extend(new.filter(|name| stands_open(after, name)).map(str::to_owned));
    }
    opened
}

fn stands_open(objects: &Objects, name: &str) -> bool {
    objects.get(ObjectKind::Service, name).is_some_and(|held| {
        let body = &held.object.body;
        is_in_use(body) && !is_offered(objects, name) && is_open(objects, name, body)
    })
}

/// Refuses that a route which leads to what a platform admin has suspended leads elsewhere, unless one
/// says so.
pub(super) fn check_suspended(
    caller: &Caller,
    (before, after): (&Objects, &Objects),
    planned: &[Planned],
) -> Result<(), ApiError> {
    if caller.may(Permission::MoveObjects, None) {
        return Ok(());
    }
    for route in planned.iter().filter(|one| one.kind == ObjectKind::Route) {
        let services = |objects: &Objects| -> Vec<String> {
            let held = objects.get(ObjectKind::Route, &route.name);
            let services = held.into_iter().flat_map(|held| services_of(&held.object.body));
            services.map(str::to_owned).collect()
        };
        let was = services(before);
        let is_suspended = |name: &String| {
            let held = before.get(ObjectKind::Service, name);
            held.is_some_and(|held| is_suspended_by_platform(&held.object.body))
        };
        if services(after) != was && was.iter().any(is_suspended) {
            let message =
                "change where the route leads: a platform admin has suspended its service";
            return Err(ApiError::not_permitted(message));
        }
    }
    Ok(())
}

/// Refuses that a plan with subscriptions that are not over goes to another product: they are to what
/// the plan opened when they were made.
pub(super) async fn check_plans(
    writing: &mut Writing<'_>,
    planned: &[Planned],
) -> Result<(), ApiError> {
    for plan in planned.iter().filter(|one| one.kind == ObjectKind::Plan) {
        let (Some(before), Some(body)) = (&plan.before, &plan.body) else { continue };
        if before.body.get("product") == body.get("product") {
            continue;
        }
        let living = writing.change.living_subscriptions_to(&plan.name).await?;
        if living > 0 {
            let name = &plan.name;
            let message = format!(
                "{living} subscriptions to the plan {name} are not over: they are to its product"
            );
            let fault = Fault::at("/product", message.clone());
            let fault = fault.of_object(Some(format!("plans/{name}")));
            return Err(ApiError::new(Code::ObjectInUse, message).with_faults(vec![fault]));
        }
    }
    Ok(())
}
