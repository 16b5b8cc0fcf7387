//! Whom a subscription concerns, and what they are told of it.

use architrave_store::{NewNotification, Subscription};
use serde_json::json;

use super::steps::Step;
use crate::call::Call;
use crate::error::ApiError;
use crate::usecase::Writing;
use crate::usecase::applications::Belongs;
use crate::usecase::notifications::{approvers, holders};

/// Tells those who decide over it that a subscription waits for them.
pub(super) async fn tell_asked(
    writing: &mut Writing<'_>,
    subscription: &Subscription,
) -> Result<(), ApiError> {
    let message = format!(
        "{} asks for the plan {} of {}",
        subscription.application_name, subscription.plan, subscription.product
    );
    let told = approvers(writing, subscription.product_team.as_deref()).await?;
    let note = note("subscription_requested", subscription, message);
    writing.change.notify(&told, &note).await?;
    Ok(())
}

/// Tells those whose application it is, and of what they have cancelled, those whose product.
pub(super) async fn tell(
    writing: &mut Writing<'_>,
    call: &Call,
    step: &Step,
    after: &Subscription,
) -> Result<(), ApiError> {
    let belongs = Belongs {
        team: after.application_team.clone(),
        owner: after.application_owner.clone(),
        owner_email: None,
    };
    let mut told = holders(writing, &belongs).await?;
    if !step.is_decided {
        told.extend(approvers(writing, after.product_team.as_deref()).await?);
    }
    told.sort_unstable();
    told.dedup();
    // Whoever did it knows.
    told.retain(|user| Some(user.as_str()) != call.caller.user_id());
    let mut message = format!(
        "the subscription of {} to the plan {} of {} was {}",
        after.application_name, after.plan, after.product, step.done
    );
    if !after.reason.is_empty() {
        message.push_str(": ");
        message.push_str(&after.reason);
    }
    let note = note(&format!("subscription_{}", step.done), after, message);
    writing.change.notify(&told, &note).await?;
    Ok(())
}

fn note(kind: &str, subscription: &Subscription, message: String) -> NewNotification {
    NewNotification {
        kind: kind.to_owned(),
        subject: subscription.id.clone(),
        message,
        details: json!({
            "application": subscription.application_name,
            "plan": subscription.plan,
            "product": subscription.product,
            "state": subscription.state,
            "reason": subscription.reason,
        }),
    }
}
