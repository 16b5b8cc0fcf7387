//! A subscription begins: on the terms of its plan, in the state that these lead to or that somebody
//! who decides has said, and those who decide are told where it waits for them.

use std::time::{Duration, UNIX_EPOCH};

use architrave_config::{Approval, Plan, Snapshot, SubscriptionState};
use architrave_store::{Application, NewSubscription, StoreError, Subscription};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::steps::{Step, check_length, is_suspended};
use super::told::{tell, tell_asked};
use super::{body, done, terms};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::etag;
use crate::reply::Reply;
use crate::usecase::applications::{end, find_to_change};
use crate::usecase::{Writing, objects};

/// What an application asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscriptionBody {
    /// The name of the plan.
    plan: String,
    /// Answers to the plan's questions, by the name of each.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    answers: Map<String, Value>,
}

/// A subscription that is to begin.
pub(crate) struct Beginning<'a> {
    /// With the plan in it.
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) plan: &'a Plan,
    pub(crate) application: &'a Application,
    pub(crate) answers: Map<String, Value>,
    /// As somebody who decides has said; `None` for what the plan leads to.
    pub(crate) state: Option<SubscriptionState>,
    /// Why it is in that state.
    pub(crate) reason: &'a str,
    /// When it began, in microseconds UTC, where that was before and elsewhere.
    pub(crate) since: Option<i64>,
}

/// Begins a subscription within a change.
pub(crate) async fn begin(
    writing: &mut Writing<'_>,
    call: &Call,
    wanted: Beginning<'_>,
) -> Result<Subscription, ApiError> {
    let Beginning { snapshot, plan, application, answers, state, reason, since } = wanted;
    let product = &snapshot.products[plan.product.get()];
    terms::check_answers(plan, &answers)?;
    terms::check_subscriber(plan, application)?;
    // Whoever was there before it was deprecated goes on.
    let at = writing.change.at();
    let began = u64::try_from(since.map_or(at, |since| since.min(at))).unwrap_or_default();
    let begun = terms::Begun {
        at: UNIX_EPOCH + Duration::from_micros(began),
        is_past: since.is_some_and(|since| since < at),
    };
    terms::check_life(snapshot, product, begun)?;
    let state = match state {
        Some(state) => state,
        // Whoever is suspended does not let themselves in by another subscription or application.
        None if plan.approval == Approval::Automatic
            && !is_suspended(writing, application, product.name.as_str()).await? =>
        {
            SubscriptionState::Active
        }
        None => SubscriptionState::Pending,
    };
    let is_suspended = state == SubscriptionState::Suspended;
    let suspend = Step::of("suspend").filter(|_| is_suspended);
    match suspend {
        Some(step) => step.check_reason(reason)?,
        None => check_length(reason)?,
    }
    let new = NewSubscription {
        application: application.id.clone(),
        plan: plan.name.as_str().to_owned(),
        product: product.name.as_str().to_owned(),
        state: state.as_str().to_owned(),
        answers: Value::Object(answers),
        reason: reason.to_owned(),
        requested_by: call.caller.actor().to_owned(),
        since,
    };
    let subscription = writing.change.insert_subscription(new).await;
    let subscription = subscription.map_err(|error| match error {
        StoreError::Taken(_) => {
            let message = format!(
                "the application {} has a subscription to {} that is not over",
                application.name,
                plan.name.as_str()
            );
            ApiError::new(Code::NameTaken, message)
        }
        other => other.into(),
    })?;
    match (state, suspend) {
        (SubscriptionState::Pending, _) => tell_asked(writing, &subscription).await?,
        // What was so before and elsewhere is no news.
        (_, Some(step)) if since.is_none() => tell(writing, call, step, &subscription).await?,
        _ => {}
    }
    Ok(subscription)
}

/// An application asks for a plan.
pub(crate) async fn create(
    dependencies: &Dependencies,
    call: &Call,
    application: &str,
    wanted: NewSubscriptionBody,
) -> Result<Reply, ApiError> {
    let snapshot = dependencies.directory.snapshot();
    let plan = snapshot.plans.iter().find(|plan| plan.name.as_str() == wanted.plan);
    let hidden = || {
        let message = format!("no plan is named {}", wanted.plan);
        ApiError::value_fault("/plan", message)
    };
    let plan = plan.ok_or_else(hidden)?;
    if !objects::sees_plan(dependencies, &call.caller, &wanted.plan).await? {
        return Err(hidden());
    }
    terms::check_answers(plan, &wanted.answers)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    let beginning = Beginning {
        snapshot: &snapshot,
        plan,
        application: &application,
        answers: wanted.answers,
        state: None,
        reason: "",
        since: None,
    };
    let subscription = begin(&mut writing, call, beginning).await?;
    let done = done("create_subscription", None, &subscription, application.team);
    let reply = if writing.validates_only() {
        Reply::ok(&body(&subscription))
    } else {
        let location = format!("/api/v1/subscriptions/{}", subscription.id);
        let tag = etag(&subscription.id, subscription.revision);
        Reply::created(location, &body(&subscription)).with_etag(Some(tag))
    };
    end(dependencies, writing, done, reply).await
}
