//! The moves of a subscription: which there are, from which state to which, and whom each is told.

use architrave_config::SubscriptionState;
use architrave_store::{Application, Page, Subscription, SubscriptionFilter};

use super::told::tell;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::permission::Permission;
use crate::usecase::Writing;

const REASON_CHARS_MAX: usize = 1_000;
/// More subscriptions of one application are not looked at when it is to go.
const SUSPENDED_MAX: u32 = 1_000;

/// One move of a subscription.
pub(crate) struct Step {
    /// The custom method.
    pub(crate) verb: &'static str,
    /// What it does, for the page.
    pub(crate) about: &'static str,
    /// Whether the team of the product decides it; else whoever may change the application, too.
    pub(crate) is_decided: bool,
    /// Whether it must be said why.
    needs_reason: bool,
    from: &'static [SubscriptionState],
    to: SubscriptionState,
    /// What was done, as in "was …".
    pub(super) done: &'static str,
}

use SubscriptionState::{Active, Cancelled, Pending, Rejected, Suspended};

/// Every move there is.
pub(crate) const STEPS: [Step; 5] = [
    Step {
        verb: "approve",
        about: "Lets the application call by the plan.",
        is_decided: true,
        needs_reason: false,
        from: &[Pending],
        to: Active,
        done: "approved",
    },
    Step {
        verb: "reject",
        about: "Does not let it; the application may ask again.",
        is_decided: true,
        needs_reason: true,
        from: &[Pending],
        to: Rejected,
        done: "rejected",
    },
    Step {
        verb: "suspend",
        about: "Does not let the application call for now.",
        is_decided: true,
        needs_reason: true,
        from: &[Active],
        to: Suspended,
        done: "suspended",
    },
    Step {
        verb: "resume",
        about: "Lets it call again.",
        is_decided: true,
        needs_reason: false,
        from: &[Suspended],
        to: Active,
        done: "resumed",
    },
    Step {
        verb: "cancel",
        about: "Ends it, from either side; one that is suspended is ended by the product's side alone.",
        is_decided: false,
        needs_reason: false,
        from: &[Pending, Active, Suspended],
        to: Cancelled,
        done: "cancelled",
    },
];

impl Step {
    /// The move of a custom method.
    pub(super) fn of(verb: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.verb == verb)
    }

    /// The move that leads from one state to another; where there is none, one that leads there from
    /// elsewhere, to be refused by; to where none leads, nothing.
    pub(crate) fn between(
        from: Option<SubscriptionState>,
        to: SubscriptionState,
    ) -> Option<&'static Self> {
        let mut leading = STEPS.iter().filter(|step| step.to == to);
        let fits = |step: &&Self| from.is_some_and(|from| step.from.contains(&from));
        leading.clone().find(fits).or_else(|| leading.next())
    }

    /// Refuses a move without the reason that it needs, and one that is too long.
    pub(super) fn check_reason(&self, reason: &str) -> Result<(), ApiError> {
        if self.needs_reason && reason.trim().is_empty() {
            return Err(ApiError::value_fault("/reason", "say why: those whom it concerns ask"));
        }
        check_length(reason)
    }

    /// Moves a subscription, once that has been found to fit, and tells whom it concerns.
    pub(crate) async fn make(
        &'static self,
        writing: &mut Writing<'_>,
        call: &Call,
        before: Subscription,
        reason: &str,
    ) -> Result<Subscription, ApiError> {
        self.check_reason(reason)?;
        let state = SubscriptionState::of(&before.state);
        if !state.is_some_and(|state| self.from.contains(&state)) {
            let fitting: Vec<&str> = self.from.iter().map(|state| state.as_str()).collect();
            let fitting = fitting.join(" or ");
            let message =
                format!("it is {}; :{} is for one that is {fitting}", before.state, self.verb);
            return Err(ApiError::new(Code::StateNotFitting, message));
        }
        if state == Some(Suspended) && !self.is_decided {
            let team = before.product_team.as_deref();
            if !call.caller.may(Permission::DecideSubscriptions, team) {
                let message = "it is suspended: only the team of the product ends it";
                return Err(ApiError::new(Code::StateNotFitting, message));
            }
        }
        let moved = (self.to.as_str(), reason);
        let after = writing.change.move_subscription(before, moved).await?;
        tell(writing, call, self, &after).await?;
        Ok(after)
    }
}

/// Refuses a reason that is too long.
pub(super) fn check_length(reason: &str) -> Result<(), ApiError> {
    if reason.chars().count() > REASON_CHARS_MAX {
        let message = format!("up to {REASON_CHARS_MAX} characters");
        return Err(ApiError::value_fault("/reason", message));
    }
    Ok(())
}

/// Cancels a subscription as part of another change, and tells whom it concerns.
pub(crate) async fn cancel(
    writing: &mut Writing<'_>,
    call: &Call,
    subscription: Subscription,
    reason: &str,
) -> Result<Subscription, ApiError> {
    let step = Step::of("cancel").ok_or_else(|| ApiError::internal("there is no such move"))?;
    step.make(writing, call, subscription, reason).await
}

/// Whether whoever has an application is suspended from a product: with it, or with another one of
/// the same team or user.
pub(super) async fn is_suspended(
    writing: &mut Writing<'_>,
    application: &Application,
    product: &str,
) -> Result<bool, ApiError> {
    let mut filter = SubscriptionFilter {
        state: Some(Suspended.as_str().to_owned()),
        product: Some(product.to_owned()),
        ..SubscriptionFilter::default()
    };
    match (&application.team, &application.owner) {
        (Some(team), _) => filter.application_team = Some(team.clone()),
        (None, Some(owner)) => filter.application_owner = Some(owner.clone()),
        (None, None) => filter.application = Some(application.id.clone()),
    }
    let (found, _) = writing.change.subscriptions(&filter, &Page::first(1)).await?;
    Ok(!found.is_empty())
}

/// Refuses to let an application go that is suspended from a product whose team the caller is not
/// of: with it would go that it is.
pub(crate) async fn check_none_suspended(
    writing: &mut Writing<'_>,
    caller: &Caller,
    application: &Application,
) -> Result<(), ApiError> {
    let filter = SubscriptionFilter {
        state: Some(Suspended.as_str().to_owned()),
        application: Some(application.id.clone()),
        ..SubscriptionFilter::default()
    };
    let (found, _) = writing.change.subscriptions(&filter, &Page::first(SUSPENDED_MAX)).await?;
    let kept = found
        .iter()
        .find(|one| !caller.may(Permission::DecideSubscriptions, one.product_team.as_deref()));
    let Some(one) = kept else { return Ok(()) };
    let message = format!(
        "its subscription to the plan {} of {} is suspended: only the team of the product ends it",
        one.plan, one.product
    );
    Err(ApiError::new(Code::ObjectInUse, message))
}
