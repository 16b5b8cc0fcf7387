//! Dates that have come: a service whose sunset is past has retired, for whoever looks at it as for
//! whoever calls. The data plane goes by the date itself and waits for none of this.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use architrave_config::ServiceState;
use architrave_config::object::{ObjectKind, Origin as From};
use architrave_store::{NewNotification, Page, SubscriptionFilter};
use axum::http::Method;
use serde_json::{Value, json};

use super::gate::Override;
use super::life;
use super::put::{Note, Planned, put_all};
use super::write::{Wanted, finish};
use crate::admin::services::step;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::{Caller, Origin, Who};
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::operation::Operation;
use crate::query::Query;
use crate::reply::Reply;
use crate::usecase::Writing;
use crate::usecase::applications::Belongs;
use crate::usecase::notifications::holders;

/// Why, in the audit log and in revisions.
const WHY: &str = "its sunset has come";
/// Subscriptions of one plan whose holders are told.
const TOLD_MAX: u32 = 10_000;

/// Retires every service of the database whose sunset has come.
pub(crate) async fn retire_by_date(dependencies: &Dependencies) -> Result<(), ApiError> {
    if dependencies.platform.is_none() {
        return Ok(());
    }
    for name in over(dependencies, dependencies.clock.wall()) {
        // One that cannot be retired keeps no other from it.
        if let Err(error) = retire(dependencies, &name).await {
            tracing::warn!(
                service = name,
                why = error.message(),
                "a service could not be retired by its date"
            );
        }
    }
    Ok(())
}

/// The services that are in use by their state, and over by their date.
fn over(dependencies: &Dependencies, now: SystemTime) -> Vec<String> {
    let snapshot = dependencies.directory.snapshot();
    let objects = dependencies.desired.objects();
    let is_ours = |name: &str| {
        objects.get(ObjectKind::Service, name).is_some_and(|held| held.origin == From::Database)
    };
    let is_over = |life: &architrave_config::Lifecycle| {
        let is_in_use = matches!(life.state, ServiceState::Published | ServiceState::Deprecated);
        is_in_use && life.sunset_at.is_some_and(|sunset| sunset <= now)
    };
    let names = snapshot.services.iter().filter(|service| is_over(&service.lifecycle));
    names.map(|service| service.name.as_str().to_owned()).filter(|name| is_ours(name)).collect()
}

async fn retire(dependencies: &Dependencies, name: &str) -> Result<(), ApiError> {
    let kind = ObjectKind::Service;
    let call = call(name);
    let conditions = Conditions::default();
    let mut writing = Writing::begin(dependencies, &call).await?;
    // Another gateway of the same database may have been quicker.
    let Some(before) = writing.change.object(kind.singular(), name).await? else { return Ok(()) };
    if !life::is_in_use(&before.body) {
        return Ok(());
    }
    let mut body = before.body.clone();
    body["state"] = json!("retired");
    let wanted = Wanted { dependencies, call: &call, kind, name, conditions: &conditions };
    let planned = Planned {
        kind,
        name: name.to_owned(),
        team: before.team.clone(),
        before: Some(before.clone()),
        body: Some(body),
    };
    let note = Note { why: WHY, given: &Override::default() };
    let put = put_all(&wanted, &mut writing, &[planned], note).await?;
    tell(dependencies, &mut writing, name).await?;
    let written = ("retire", Some(WHY));
    finish(&wanted, (writing, put), written, (Some(&before), Reply::nothing())).await?;
    tracing::info!(service = name, "a service has retired by its date");
    Ok(())
}

/// Tells those who hold subscriptions that opened it.
async fn tell(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    name: &str,
) -> Result<(), ApiError> {
    let objects = dependencies.desired.objects();
    let has_it = |product: &Value| {
        let services = product.get("services").and_then(Value::as_array);
        services.is_some_and(|services| services.iter().any(|one| one == name))
    };
    let products = objects.list(ObjectKind::Product).iter();
    let products = products.filter(|held| has_it(&held.object.body)).map(|held| &held.object.name);
    let mut told: BTreeSet<String> = BTreeSet::new();
    for product in products {
        let filter = SubscriptionFilter {
            product: Some(product.clone()),
            state: Some("active".to_owned()),
            ..SubscriptionFilter::default()
        };
        let (found, _) = writing.change.subscriptions(&filter, &Page::first(TOLD_MAX)).await?;
        for one in found {
            let (team, owner) = (one.application_team, one.application_owner);
            let belongs = Belongs { team, owner, owner_email: None };
            told.extend(holders(writing, &belongs).await?);
        }
    }
    let told: Vec<String> = told.into_iter().collect();
    let note = NewNotification {
        kind: "service_retired".to_owned(),
        subject: name.to_owned(),
        message: format!("the service {name} has retired: {WHY}"),
        details: json!({ "service": name }),
    };
    writing.change.notify(&told, &note).await?;
    Ok(())
}

/// What the gateway asks of itself.
fn call(name: &str) -> Call {
    let path = "/api/v1/services/{name}:retire";
    let origin = Origin {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request_id: Arc::from(""),
        agent: String::new(),
        is_near: true,
        is_over_tls: false,
    };
    Call {
        operation: Arc::new(Operation::new(Method::POST, path, "retire_service", step::run)),
        caller: Caller::admin(Who::System, origin),
        names: vec![name.to_owned()],
        query: Query::default(),
        team: None,
        claim: None,
    }
}
