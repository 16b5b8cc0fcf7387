//! Subscriptions as they are shown: one, and pages of those that a caller may see.

use architrave_config::{Snapshot, SubscriptionState};
use architrave_store::{Subscription, SubscriptionFilter};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::not_found;
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::page::Paging;
use crate::permission::Permission;
use crate::reply::Reply;
use crate::usecase::platform;

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

pub(crate) fn body(subscription: &Subscription) -> SubscriptionBody {
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
            reason: subscription.reason.clone().unwrap_or_default(),
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

pub(super) fn shown(subscription: &Subscription) -> Reply {
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
