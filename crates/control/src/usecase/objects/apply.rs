//! Many things are made so at once, or none of them: objects, and who calls by subscriptions. One
//! transaction, a row of the audit log for each and one for all, live when it is answered.

mod callers;
mod keys;
mod objects;
mod seen;
mod subscriptions;
mod teams;
mod told;
mod wanted;

use architrave_config::object::ObjectKind;

pub(crate) use wanted::Apply;

use super::ahead::Ahead;
use super::gate::Override;
use super::put::{Note, Put, put_all};
use super::write::Wanted;
use crate::api::Dependencies;
use crate::call::Call;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::reply::Reply;
use crate::usecase::{Done, Writing};
use callers::Callers;
use objects::Plan;
use told::Told;

const REASON_CHARS_MAX: usize = 1_000;
const SOURCE_CHARS_MAX: usize = 500;

/// Makes all of it so.
pub(crate) async fn apply(
    dependencies: &Dependencies,
    call: &Call,
    wanted: Apply,
) -> Result<Reply, ApiError> {
    let given = Override { is_given: wanted.r#override, reason: wanted.reason.clone() };
    given.check()?;
    for (pointer, text, max) in [
        ("/reason", &wanted.reason, REASON_CHARS_MAX),
        ("/source", &wanted.source, SOURCE_CHARS_MAX),
    ] {
        if text.as_ref().is_some_and(|text| text.chars().count() > max) {
            return Err(ApiError::value_fault(pointer, format!("up to {max} characters")));
        }
    }
    let conditions = Conditions::default();
    let mut held_ahead = Vec::new();
    for one in &wanted.objects {
        if let Some(kind) = ObjectKind::from_singular(&one.kind) {
            let ahead = Ahead::of_body(dependencies, (kind, &one.name), &one.config).await?;
            held_ahead.extend(ahead);
        }
    }
    // Faults are told with the objects that they are of; this is none of them.
    let all = Wanted {
        dependencies,
        call,
        kind: ObjectKind::Policies,
        name: "",
        conditions: &conditions,
    };
    let Apply { teams, objects, applications, subscriptions, end_subscriptions, reason, .. } =
        wanted;
    let mut writing = Writing::begin(dependencies, call).await?;
    let mut told = Told::default();
    teams::make_all(dependencies, &mut writing, &teams, &mut told).await?;
    let plan = Plan::of(&all, &mut writing, objects, reason.as_deref()).await?;
    let objects = plan.objects(&all);
    let why = reason.as_deref().unwrap_or_default();
    let before = dependencies.directory.snapshot();
    let of_subscription = |at: usize| format!("/subscriptions/{at}");
    let mut callers =
        Callers { dependencies, call, writing: &mut writing, objects: &objects, reason: why };
    // What ends first: a plan may go with the last of its subscriptions.
    for (at, one) in subscriptions.iter().enumerate().filter(|(_, one)| one.is_over()) {
        let done = callers.subscription(one, &before, &mut told).await;
        done.map_err(|refusal| refusal.below(&of_subscription(at)))?;
    }
    for (at, one) in applications.iter().enumerate().filter(|(_, one)| one.gone) {
        let done = callers.remove(one, &mut told).await;
        done.map_err(|refusal| refusal.below(&format!("/applications/{at}")))?;
    }
    callers.end_with_plans(&plan.planned, end_subscriptions, &mut told).await?;
    let note = Note { why: if why.is_empty() { "apply" } else { why }, given: &given };
    let put = match plan.planned.is_empty() {
        true => None,
        false => Some(put_all(&all, &mut writing, &plan.planned, note).await?),
    };
    plan.tell(&mut writing, &mut told).await?;
    let after = put.as_ref().map_or(before, |put| put.staged.snapshot());
    let mut callers =
        Callers { dependencies, call, writing: &mut writing, objects: &objects, reason: why };
    for (at, one) in applications.iter().enumerate().filter(|(_, one)| !one.gone) {
        let done = callers.application(one, &mut told).await;
        done.map_err(|refusal| refusal.below(&format!("/applications/{at}")))?;
    }
    for (at, one) in subscriptions.iter().enumerate().filter(|(_, one)| !one.is_over()) {
        let done = callers.subscription(one, &after, &mut told).await;
        done.map_err(|refusal| refusal.below(&of_subscription(at)))?;
    }
    let (staged, overridden) = match put {
        Some(Put { staged, overridden, .. }) => (Some(staged), overridden),
        None => (None, None),
    };
    let done = Done {
        action: "apply".to_owned(),
        kind: "file",
        name: wanted.source.unwrap_or_default(),
        after: Some(told.row(overridden.as_ref(), reason.as_deref())),
        ..Done::default()
    };
    let is_live = !writing.validates_only();
    let reply = writing.end(done, Reply::ok(&told.answer(overridden.as_ref()))).await?;
    if is_live {
        if let Some(staged) = staged {
            staged.go_live().await;
        }
        // After the plans that they may name.
        dependencies.directory.catch_up().await;
    }
    Ok(reply)
}
