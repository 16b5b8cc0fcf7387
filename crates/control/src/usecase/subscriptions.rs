//! Subscriptions: an application asks for a plan, the team of the product decides, and every move
//! has a reason and tells those whom it concerns.

mod begin;
mod shown;
mod steps;
mod terms;
mod told;

use architrave_store::Subscription;

pub(crate) use begin::{Beginning, NewSubscriptionBody, begin, create};
pub(crate) use shown::{Asked, SubscriptionBody, SubscriptionPage, body, list, read};
pub(crate) use steps::{STEPS, Step, cancel, check_none_suspended};
pub(crate) use terms::check_answers;

use super::applications::{Belongs, end};
use super::{Done, Writing};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::{Conditions, etag};
use crate::reply::Reply;

/// Says that it is not there, whether it is not or may not be seen.
pub(crate) fn not_found(id: &str) -> ApiError {
    ApiError::new(Code::SubscriptionNotFound, format!("there is no subscription {id}"))
}

/// Whose a subscription is, and whose the product is; `None` where it is not there.
pub(crate) async fn belongs_to(
    dependencies: &Dependencies,
    id: &str,
) -> Result<Option<(Belongs, Option<String>)>, ApiError> {
    let Some(platform) = &dependencies.platform else { return Ok(None) };
    let found = platform.store().subscription(id).await?;
    Ok(found.map(|it| {
        let (team, owner) = (it.application_team, it.application_owner);
        let belongs = Belongs { team, owner, owner_email: None };
        (belongs, it.product_team)
    }))
}

/// Moves the subscription that a call names by its custom method.
pub(crate) async fn step(
    dependencies: &Dependencies,
    call: &Call,
    conditions: &Conditions,
    reason: Option<String>,
) -> Result<Reply, ApiError> {
    let id = call.names.first().map(String::as_str).unwrap_or_default();
    let step = call.operation.split_verb().1.and_then(Step::of);
    let step = step.ok_or_else(|| ApiError::internal("a custom method that is no move"))?;
    let reason = reason.unwrap_or_default();
    step.check_reason(&reason)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.subscription(id).await?.ok_or_else(|| not_found(id))?;
    if conditions.says_which() {
        conditions.check(Some(&etag(&before.id, before.revision)))?;
    }
    let after = step.make(&mut writing, call, before.clone(), &reason).await?;
    let action = format!("{}_subscription", step.verb);
    let done = done(&action, Some(&before), &after, call.team.clone());
    end(dependencies, writing, done, shown::shown(&after)).await
}

/// What the audit log has of it.
pub(crate) fn done(
    action: &str,
    before: Option<&Subscription>,
    after: &Subscription,
    team: Option<String>,
) -> Done {
    let value = |subscription: &Subscription| serde_json::to_value(body(subscription)).ok();
    Done {
        action: action.to_owned(),
        kind: "subscription",
        name: after.id.clone(),
        team,
        before: before.and_then(value),
        after: value(after),
    }
}
