//! Who calls by subscriptions, as it is written: applications, and with them what goes along.

use architrave_config::SubscriptionState;
use architrave_config::object::{ObjectKind, Objects};
use architrave_store::{Application, NewApplication, Page, Subscription, SubscriptionFilter};

use super::seen::Seen;
use super::told::{TOLD_MAX, Told};
use super::wanted::WantedApplication;
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::time::parse_rfc3339;
use crate::usecase::objects::put::Planned;
use crate::usecase::{Writing, applications, subscriptions, teams};

/// Rows that are looked at at once.
const ROWS_AT_ONCE: u32 = 500;

/// Who calls by subscriptions, as it is written.
pub(super) struct Callers<'a, 'w> {
    pub(super) dependencies: &'a Dependencies,
    pub(super) call: &'a Call,
    pub(super) writing: &'a mut Writing<'w>,
    /// As they are to be.
    pub(super) objects: &'a Objects,
    /// Why all of it is done.
    pub(super) reason: &'a str,
}

impl Callers<'_, '_> {
    /// Refuses to let plans go that somebody is subscribed to, and names them; or ends what they
    /// have.
    pub(super) async fn end_with_plans(
        &mut self,
        planned: &[Planned],
        ends: bool,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let (mut faults, mut count) = (Vec::new(), 0_usize);
        let gone = planned.iter().filter(|one| one.kind == ObjectKind::Plan && one.body.is_none());
        for plan in gone {
            let filter = SubscriptionFilter {
                plan: Some(plan.name.clone()),
                ..SubscriptionFilter::default()
            };
            for subscription in self.living(&filter).await? {
                if ends {
                    let reason = match self.reason {
                        "" => format!("the plan {} goes", plan.name),
                        reason => reason.to_owned(),
                    };
                    self.end(subscription, &reason, told).await?;
                    continue;
                }
                count += 1;
                if faults.len() < TOLD_MAX {
                    let Subscription { application_name, state, .. } = &subscription;
                    let message = format!("{application_name} has a subscription that is {state}");
                    let object = Some(format!("plans/{}", plan.name));
                    faults.push(Fault::at("", message).of_object(object));
                }
            }
        }
        if count == 0 {
            return Ok(());
        }
        let subscriptions = if count == 1 { "subscription is" } else { "subscriptions are" };
        let message = format!(
            "{count} {subscriptions} to plans that would go; cancel them first, or send \
             `\"end_subscriptions\": true`"
        );
        Err(ApiError::new(Code::ObjectInUse, message).with_faults(faults))
    }

    /// Cancels a subscription, and tells whom it concerns.
    pub(super) async fn end(
        &mut self,
        before: Subscription,
        reason: &str,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        told.end(&before.application_name, &before.plan);
        let name = format!("{} to {}", before.application_name, before.plan);
        let after = subscriptions::cancel(self.writing, self.call, before.clone(), reason).await?;
        let team = after.application_team.clone();
        let done = subscriptions::done("cancel_subscription", Some(&before), &after, team);
        told.add(self.writing, (&name, "remove"), done).await
    }

    /// Subscriptions that are not over.
    pub(super) async fn living(
        &mut self,
        filter: &SubscriptionFilter,
    ) -> Result<Vec<Subscription>, ApiError> {
        let (mut living, mut page) = (Vec::new(), Page::first(ROWS_AT_ONCE));
        loop {
            let (rows, next) = self.writing.change.subscriptions(filter, &page).await?;
            living.extend(rows.into_iter().filter(|row| {
                SubscriptionState::of(&row.state).is_some_and(|state| !state.is_over())
            }));
            match next {
                Some(after) => page.after = Some(after),
                None => return Ok(living),
            }
        }
    }

    /// Removes an application, with its keys and subscriptions.
    pub(super) async fn remove(
        &mut self,
        wanted: &WantedApplication,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let found = self.writing.change.application(&wanted.name).await?;
        self.check_seen(wanted, found.as_ref())?;
        let Some(application) = found else { return Ok(()) };
        let caller = &self.call.caller;
        subscriptions::check_none_suspended(self.writing, caller, &application).await?;
        let of = SubscriptionFilter {
            application: Some(application.id.clone()),
            ..SubscriptionFilter::default()
        };
        for one in self.living(&of).await? {
            told.end(&one.application_name, &one.plan);
        }
        self.writing.change.remove_application(&application).await?;
        let done = applications::done("delete_application", Some(&application), None);
        told.add(self.writing, (&wanted.name, "remove"), done).await
    }

    /// Makes an application so, with its keys.
    pub(super) async fn application(
        &mut self,
        wanted: &WantedApplication,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let WantedApplication { name, description, team, owner, .. } = wanted;
        if !architrave_core::name::check(name) {
            let message = "names are 1 to 63 of a-z, 0-9 and -";
            return Err(ApiError::value_fault("/name", message));
        }
        applications::check_description(description)?;
        if team.is_some() && owner.is_some() {
            return Err(ApiError::value_fault("/owner", "it belongs to a team or to a user"));
        }
        let before = self.writing.change.application(name).await?;
        self.check_seen(wanted, before.as_ref())?;
        let owner = self.user(owner.as_deref()).await?;
        let Some(before) = before else {
            let made = self.make(wanted, owner).await?;
            let done = applications::done("create_application", None, Some(&made));
            told.add(self.writing, (name, "create"), done).await?;
            return self.keys(&made, &wanted.keys, told).await;
        };
        // Who has its keys would otherwise go on with what is another's.
        let is_said = team.is_some() || owner.is_some();
        if is_said && (before.team != *team || before.owner != owner) {
            let key = if team.is_some() { "/team" } else { "/owner" };
            let message = format!(
                "the application {name} is there and belongs to another; whose it is is not \
                 changed"
            );
            return Err(ApiError::value_fault(key, message));
        }
        let mut application = before.clone();
        if before.description != *description {
            application.description.clone_from(description);
            application = self.writing.change.update_application(application).await?;
            let done = applications::done("update_application", Some(&before), Some(&application));
            told.add(self.writing, (name, "update"), done).await?;
        }
        self.keys(&application, &wanted.keys, told).await
    }

    async fn make(
        &mut self,
        wanted: &WantedApplication,
        owner: Option<String>,
    ) -> Result<Application, ApiError> {
        self.check_free(&wanted.name)?;
        if let Some(owner) = &owner {
            applications::check_room(self.writing, owner).await?;
        }
        let team = wanted.team.clone();
        let (name, description) = (wanted.name.clone(), wanted.description.clone());
        let new = NewApplication { name, description, team: team.clone(), owner };
        let made = self.writing.change.insert_application(new).await;
        made.map_err(|error| teams::missing(error, team.as_deref()))
    }

    fn check_seen(
        &self,
        wanted: &WantedApplication,
        is: Option<&Application>,
    ) -> Result<(), ApiError> {
        let (if_match, if_none_match) =
            (wanted.if_match.as_deref(), wanted.if_none_match.as_deref());
        let is = is.map(|is| etag(&is.id, is.revision));
        Seen { if_match, if_none_match }.check(&format!("application {}", wanted.name), is)
    }

    /// To services and in logs both are known by their names alone.
    fn check_free(&self, name: &str) -> Result<(), ApiError> {
        let snapshot = self.dependencies.directory.snapshot();
        let is_of_file = snapshot.applications.iter().any(|it| it.name.as_str() == name);
        let taken = if self.objects.get(ObjectKind::Consumer, name).is_some() {
            format!("a consumer is named {name}")
        } else if is_of_file {
            format!("an application of the gateway file is named {name}")
        } else {
            return Ok(());
        };
        Err(ApiError::new(Code::NameTaken, taken.clone())
            .with_faults(vec![Fault::at("/name", taken)]))
    }

    async fn user(&mut self, email: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(email) = email else { return Ok(None) };
        let user = self.writing.change.user_by_email(&email.to_ascii_lowercase()).await?;
        let message = || format!("nobody signs in as {email} here: invite them first");
        let user = user.ok_or_else(|| ApiError::value_fault("/owner", message()))?;
        Ok(Some(user.id))
    }
}

/// A time, in microseconds UTC.
pub(super) fn read_time(text: &str, pointer: &str) -> Result<i64, ApiError> {
    let message = "expected a time of RFC 3339, such as 2027-01-31T00:00:00Z";
    parse_rfc3339(text).ok_or_else(|| ApiError::value_fault(pointer, message))
}
