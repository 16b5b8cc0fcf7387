//! Subscriptions that are to be so: each begins and moves by the very functions of the API, which
//! refuse what they refuse there and tell whom it concerns.

use architrave_config::{Snapshot, SubscriptionState};
use architrave_store::{Application, Subscription};
use serde_json::Value;

use super::callers::{Callers, read_time};
use super::seen::Seen;
use super::told::Told;
use super::wanted::WantedSubscription;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::usecase::subscriptions::{self, Beginning, Step};

impl Callers<'_, '_> {
    /// Makes a subscription so. `snapshot` has the plan in it.
    pub(super) async fn subscription(
        &mut self,
        wanted: &WantedSubscription,
        snapshot: &Snapshot,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let WantedSubscription { application, plan, state, answers, .. } = wanted;
        let Some(state) = SubscriptionState::of(state) else {
            let message = "state is pending, active, suspended or cancelled";
            return Err(ApiError::value_fault("/state", message));
        };
        if !answers.iter().flat_map(|all| all.values()).all(Value::is_string) {
            return Err(ApiError::value_fault("/answers", "answers are texts"));
        }
        let Some(of) = self.writing.change.application(application).await? else {
            if state.is_over() {
                return Ok(());
            }
            let message = format!("no application is named {application}");
            return Err(ApiError::value_fault("/application", message));
        };
        let living = self.writing.change.living_subscription(&of.id, plan).await?;
        let seen = Seen {
            if_match: wanted.if_match.as_deref(),
            if_none_match: wanted.if_none_match.as_deref(),
        };
        let is = living.as_ref().map(|living| etag(&living.id, living.revision));
        seen.check(&format!("the subscription of {application} to {plan}"), is)?;
        let reason = wanted.reason.as_deref().unwrap_or(self.reason);
        match living {
            None if state.is_over() => Ok(()),
            None => self.begin(&of, wanted, (state, reason), snapshot, told).await,
            Some(living) if state == SubscriptionState::Cancelled => {
                self.end(living, reason, told).await
            }
            Some(living) => {
                let living = self.answer(living, wanted, snapshot, told).await?;
                self.step(living, (state, reason), told).await
            }
        }
    }

    async fn begin(
        &mut self,
        application: &Application,
        wanted: &WantedSubscription,
        (state, reason): (SubscriptionState, &str),
        snapshot: &Snapshot,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let since = wanted.since.as_deref();
        let beginning = Beginning {
            snapshot,
            plan: plan_of(snapshot, &wanted.plan)?,
            application,
            answers: wanted.answers.clone().unwrap_or_default(),
            state: Some(state),
            reason,
            since: since.map(|text| read_time(text, "/since")).transpose()?,
        };
        let made = subscriptions::begin(self.writing, self.call, beginning).await?;
        let team = application.team.clone();
        let done = subscriptions::done("create_subscription", None, &made, team);
        told.add(self.writing, (&in_words(&made), "create"), done).await
    }

    /// Writes other answers of a subscription that is there, where some are said.
    async fn answer(
        &mut self,
        before: Subscription,
        wanted: &WantedSubscription,
        snapshot: &Snapshot,
        told: &mut Told,
    ) -> Result<Subscription, ApiError> {
        let Some(answers) = &wanted.answers else { return Ok(before) };
        let answered = Value::Object(answers.clone());
        if answered == before.answers {
            return Ok(before);
        }
        subscriptions::check_answers(plan_of(snapshot, &wanted.plan)?, answers)?;
        let after = self.writing.change.answer_subscription(before.clone(), answered).await?;
        let team = after.application_team.clone();
        let done = subscriptions::done("update_subscription", Some(&before), &after, team);
        told.add(self.writing, (&in_words(&after), "update"), done).await?;
        Ok(after)
    }

    /// Moves a subscription that is there to another state, where it is in another.
    async fn step(
        &mut self,
        before: Subscription,
        (state, reason): (SubscriptionState, &str),
        told: &mut Told,
    ) -> Result<(), ApiError> {
        if before.state == state.as_str() {
            return Ok(());
        }
        let Some(step) = Step::between(SubscriptionState::of(&before.state), state) else {
            let message =
                format!("it is {}; nothing leads back to {}", before.state, state.as_str());
            let fault = Fault::at("/state", message.clone());
            return Err(ApiError::new(Code::StateNotFitting, message).with_faults(vec![fault]));
        };
        let after = step.make(self.writing, self.call, before.clone(), reason).await?;
        let team = after.application_team.clone();
        let action = format!("{}_subscription", step.verb);
        let done = subscriptions::done(&action, Some(&before), &after, team);
        told.add(self.writing, (&in_words(&after), "update"), done).await
    }
}

fn plan_of<'a>(
    snapshot: &'a Snapshot,
    name: &str,
) -> Result<&'a architrave_config::Plan, ApiError> {
    let found = snapshot.plans.iter().find(|plan| plan.name.as_str() == name);
    found
        .map(|plan| &**plan)
        .ok_or_else(|| ApiError::value_fault("/plan", format!("no plan is named {name}")))
}

fn in_words(subscription: &Subscription) -> String {
    format!("{} to {}", subscription.application_name, subscription.plan)
}
