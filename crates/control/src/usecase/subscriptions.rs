//! Subscriptions: an application asks for a plan, the team of the product decides, and every move
//! has a reason and tells those whom it concerns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::{
    Approval, Lifecycle, Plan, Product, ServiceState, Snapshot, Standing, Subscribers,
    SubscriptionState,
};
use architrave_store::{
    Application, NewNotification, NewSubscription, Page, StoreError, Subscription,
    SubscriptionFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::applications::{Belongs, end, find_to_change};
use super::notifications::{approvers, holders};
use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::{Conditions, etag};
use crate::page::Paging;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::objects;

const ANSWER_CHARS_MAX: usize = 2_000;
const REASON_CHARS_MAX: usize = 1_000;
/// More subscriptions of one application are not looked at when it is to go.
const SUSPENDED_MAX: u32 = 1_000;

/// A subscription.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionBody {
    /// `null` for one of the gateway file.
    id: Option<String>,
    /// The name of the application.
    application: String,
    /// The team of the application; `null` for a user's own.
    team: Option<String>,
    plan: String,
    product: String,
    /// `pending`, `active`, `rejected`, `suspended` or `cancelled`.
    state: String,
    /// What was answered to the plan's questions.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    answers: Value,
    /// Why it is where it is, in the words of who moved it last.
    reason: String,
    /// `database`, or `file`, where alone it can be changed.
    origin: String,
    revision: Option<i64>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// A page of subscriptions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionPage {
    subscriptions: Vec<SubscriptionBody>,
    next_page_token: Option<String>,
}

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
    done: &'static str,
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
    fn of(verb: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.verb == verb)
    }
}

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

fn body(subscription: &Subscription) -> SubscriptionBody {
    SubscriptionBody {
        id: Some(subscription.id.clone()),
        application: subscription.application_name.clone(),
        team: subscription.application_team.clone(),
        plan: subscription.plan.clone(),
        product: subscription.product.clone(),
        state: subscription.state.clone(),
        answers: subscription.answers.clone(),
        reason: subscription.reason.clone(),
        origin: "database".to_owned(),
        revision: Some(subscription.revision),
        created_at: Some(time(subscription.created_at)),
        updated_at: Some(time(subscription.updated_at)),
    }
}

/// The subscriptions of the file's applications, of those that are asked for.
fn of_file(snapshot: &Snapshot, filter: &Asked<'_>, caller: &Caller) -> Vec<SubscriptionBody> {
    let bodies = snapshot.subscriptions.iter().map(|subscription| {
        let application = &snapshot.applications[subscription.application.get()];
        let plan = &snapshot.plans[subscription.plan.get()];
        SubscriptionBody {
            id: None,
            application: application.name.as_str().to_owned(),
            team: application.team.as_ref().map(|team| team.as_str().to_owned()),
            plan: plan.name.as_str().to_owned(),
            product: snapshot.products[plan.product.get()].name.as_str().to_owned(),
            state: subscription.state.as_str().to_owned(),
            answers: Value::Object(
                subscription
                    .answers
                    .iter()
                    .map(|(name, answer)| (name.clone(), answer.as_str().into()))
                    .collect(),
            ),
            reason: String::new(),
            origin: "file".to_owned(),
            revision: None,
            created_at: None,
            updated_at: None,
        }
    });
    let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
    bodies
        .filter(|one| {
            fits(filter.state, &one.state)
                && fits(filter.plan, &one.plan)
                && fits(filter.product, &one.product)
                && fits(filter.application, &one.application)
                && caller.may(Permission::ReadApplications, one.team.as_deref())
        })
        .collect()
}

fn shown(subscription: &Subscription) -> Reply {
    let tag = etag(&subscription.id, subscription.revision);
    Reply::ok(&body(subscription)).with_etag(Some(tag))
}

/// Which are asked for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) state: Option<&'a str>,
    pub(crate) plan: Option<&'a str>,
    pub(crate) product: Option<&'a str>,
    /// By name.
    pub(crate) application: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// What the query of a list asks for.
    pub(crate) fn of(call: &'a Call) -> Result<Self, ApiError> {
        let query = &call.query;
        let state = query.get("state");
        if let Some(state) = state
            && SubscriptionState::of(state).is_none()
        {
            let message = "state is pending, active, rejected, suspended or cancelled";
            return Err(ApiError::query_fault(Fault::of_parameter("state", message)));
        }
        let (plan, product) = (query.get("plan"), query.get("product"));
        Ok(Self { state, plan, product, application: query.get("application") })
    }
}

/// The subscriptions that the caller may see: of their applications, and to their products.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
    asked: Asked<'_>,
    paging: &Paging,
) -> Result<SubscriptionPage, ApiError> {
    let snapshot = dependencies.directory.snapshot();
    let mut shown = Vec::new();
    if paging.after.is_none() {
        // They have no ids to page by, and are few.
        shown.extend(of_file(&snapshot, &asked, caller));
    }
    let Some(platform) = &dependencies.platform else {
        return Ok(SubscriptionPage { subscriptions: shown, next_page_token: None });
    };
    let store = platform.store();
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mut base = SubscriptionFilter {
        state: owned(asked.state),
        plan: owned(asked.plan),
        product: owned(asked.product),
        ..SubscriptionFilter::default()
    };
    if let Some(name) = asked.application {
        let Some(application) = store.application(name).await? else {
            return Ok(SubscriptionPage { subscriptions: shown, next_page_token: None });
        };
        base.application = Some(application.id);
    }
    let mut filters = Vec::new();
    match caller.teams_for(Permission::ReadApplications) {
        None => filters.push(base),
        Some(teams) => {
            for team in teams {
                let team = || Some(team.to_owned());
                filters.push(SubscriptionFilter { application_team: team(), ..base.clone() });
                filters.push(SubscriptionFilter { product_team: team(), ..base.clone() });
            }
            let application_owner = caller.user_id().map(str::to_owned);
            if application_owner.is_some() {
                filters.push(SubscriptionFilter { application_owner, ..base });
            }
        }
    }
    let mut found = std::collections::BTreeMap::new();
    let mut is_more = false;
    for filter in &filters {
        let (rows, next) = store.subscriptions(filter, &paging.page()).await?;
        is_more |= next.is_some();
        found.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
    }
    let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
    is_more |= found.len() > size;
    let rows: Vec<Subscription> = found.into_values().take(size).collect();
    let last = rows.last().filter(|_| is_more);
    let next_page_token = last.map(|last| paging.token(&last.id));
    shown.extend(rows.iter().map(body));
    Ok(SubscriptionPage { subscriptions: shown, next_page_token })
}

pub(crate) async fn read(dependencies: &Dependencies, id: &str) -> Result<Reply, ApiError> {
    let found = platform(dependencies)?.store().subscription(id).await?;
    Ok(shown(&found.ok_or_else(|| not_found(id))?))
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
    let product = &snapshot.products[plan.product.get()];
    if !objects::sees_plan(dependencies, &call.caller, &wanted.plan).await? {
        return Err(hidden());
    }
    check_answers(plan, &wanted.answers)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, application).await?;
    check_subscriber(plan, &application)?;
    let now = u64::try_from(writing.change.at()).unwrap_or_default();
    check_life(&snapshot, product, UNIX_EPOCH + Duration::from_micros(now))?;
    // Whoever is suspended does not let themselves in by another subscription or application.
    let is_suspended = is_suspended(&mut writing, &application, product.name.as_str()).await?;
    let state = match plan.approval {
        Approval::Automatic if !is_suspended => Active,
        _ => Pending,
    };
    let new = NewSubscription {
        application: application.id.clone(),
        plan: wanted.plan.clone(),
        product: product.name.as_str().to_owned(),
        state: state.as_str().to_owned(),
        answers: Value::Object(wanted.answers),
        requested_by: call.caller.actor().to_owned(),
        since: None,
    };
    let subscription = writing.change.insert_subscription(new).await;
    let subscription = subscription.map_err(|error| match error {
        StoreError::Taken(_) => {
            let message = format!(
                "the application {} has a subscription to {} that is not over",
                application.name, wanted.plan
            );
            ApiError::new(Code::NameTaken, message)
        }
        other => other.into(),
    })?;
    if state == Pending {
        let message = format!(
            "{} asks for the plan {} of {}",
            application.name, subscription.plan, subscription.product
        );
        let told = approvers(&mut writing, subscription.product_team.as_deref()).await?;
        let note = note("subscription_requested", &subscription, message);
        writing.change.notify(&told, &note).await?;
    }
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
    if step.needs_reason && reason.trim().is_empty() {
        return Err(ApiError::value_fault("/reason", "say why: those whom it concerns ask"));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        let message = format!("up to {REASON_CHARS_MAX} characters");
        return Err(ApiError::value_fault("/reason", message));
    }
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.subscription(id).await?.ok_or_else(|| not_found(id))?;
    if conditions.says_which() {
        conditions.check(Some(&etag(&before.id, before.revision)))?;
    }
    let state = SubscriptionState::of(&before.state);
    if !state.is_some_and(|state| step.from.contains(&state)) {
        let fitting: Vec<&str> = step.from.iter().map(|state| state.as_str()).collect();
        let fitting = fitting.join(" or ");
        let message =
            format!("it is {}; :{} is for one that is {fitting}", before.state, step.verb);
        return Err(ApiError::new(Code::StateNotFitting, message));
    }
    if state == Some(Suspended) && !step.is_decided {
        let team = before.product_team.as_deref();
        if !call.caller.may(Permission::DecideSubscriptions, team) {
            let message = "it is suspended: only the team of the product ends it";
            return Err(ApiError::new(Code::StateNotFitting, message));
        }
    }
    let moved = (step.to.as_str(), reason.as_str());
    let after = writing.change.move_subscription(before.clone(), moved).await?;
    tell(&mut writing, call, step, &after).await?;
    let action = format!("{}_subscription", step.verb);
    let done = done(&action, Some(&before), &after, call.team.clone());
    end(dependencies, writing, done, shown(&after)).await
}

/// Cancels a subscription as part of another change, and tells whom it concerns.
pub(crate) async fn cancel(
    writing: &mut Writing<'_>,
    call: &Call,
    subscription: Subscription,
    reason: &str,
) -> Result<(), ApiError> {
    let step = Step::of("cancel").ok_or_else(|| ApiError::internal("there is no such move"))?;
    let moved = (step.to.as_str(), reason);
    let after = writing.change.move_subscription(subscription, moved).await?;
    tell(writing, call, step, &after).await
}

/// Whether whoever has an application is suspended from a product: with it, or with another one of
/// the same team or user.
async fn is_suspended(
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

/// Tells those whose application it is, and of what they have cancelled, those whose product.
async fn tell(
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

fn done(
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

/// Answers are to questions of the plan, and those that must be answered are.
fn check_answers(plan: &Plan, answers: &Map<String, Value>) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    for (name, answer) in answers {
        let pointer = format!("/answers/{}", name.replace('~', "~0").replace('/', "~1"));
        let is_asked = plan.questions.iter().any(|question| question.name == *name);
        match answer.as_str() {
            _ if !is_asked => faults.push(Fault::at(pointer, "the plan does not ask this")),
            None => faults.push(Fault::at(pointer, "an answer is a text")),
            Some(text) if text.chars().count() > ANSWER_CHARS_MAX => {
                let message = format!("up to {ANSWER_CHARS_MAX} characters");
                faults.push(Fault::at(pointer, message));
            }
            Some(_) => {}
        }
    }
    for question in plan.questions.iter().filter(|question| question.required) {
        let answer = answers.get(&question.name).and_then(Value::as_str).unwrap_or_default();
        if answer.trim().is_empty() {
            let message = format!("{}: must be answered ({})", question.name, question.label);
            faults.push(Fault::at("/answers", message));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the plan has questions";
    Err(ApiError::new(Code::ValueOutOfRange, message).with_faults(faults))
}

fn check_subscriber(plan: &Plan, application: &Application) -> Result<(), ApiError> {
    let Subscribers::Teams(teams) = &plan.subscribers else { return Ok(()) };
    let is_one = teams.iter().any(|team| Some(team.as_str()) == application.team.as_deref());
    let message = "the plan is for applications of other teams";
    if is_one { Ok(()) } else { Err(ApiError::new(Code::PlanNotOpen, message)) }
}

/// Nobody begins with what ends: at least one service of the product is in use, and not deprecated.
fn check_life(snapshot: &Snapshot, product: &Product, now: SystemTime) -> Result<(), ApiError> {
    let services = product.services.iter().map(|service| &snapshot.services[service.get()]);
    let mut services = services.map(|service| (&service.name, &service.lifecycle)).peekable();
    if services.peek().is_none() {
        let message = format!("the product {} has no service yet", product.name);
        return Err(ApiError::new(Code::PlanNotOpen, message));
    }
    let mut why = String::new();
    for (name, life) in services {
        match closed(life, now) {
            None => return Ok(()),
            Some(word) => why = format!("the service {name} is {word} and takes nobody new"),
        }
    }
    Err(ApiError::new(Code::PlanNotOpen, why))
}

/// Why a service takes nobody new.
fn closed(life: &Lifecycle, now: SystemTime) -> Option<&'static str> {
    match life.state {
        ServiceState::Draft | ServiceState::InReview => return Some("not published"),
        ServiceState::Archived => return Some("archived"),
        _ => {}
    }
    let standing = Lifecycle { is_suspended: false, ..life.clone() }.standing(now);
    match standing {
        Standing::Live | Standing::Suspended => None,
        Standing::Deprecated | Standing::Brownout => Some("deprecated"),
        Standing::Retired => Some("retired"),
    }
}
