//! What applications may use, and what is left of it: the numbers that the running gateway holds
//! requests to. They are of this process, as all limits are.

use architrave_config::ports::{
    CountedFor, LimitSort, LimitStanding, LimitUnit, SubscriptionLimits,
};
use architrave_telemetry::stamp::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

use super::{applications, teams};
use crate::api::Dependencies;
use crate::error::ApiError;

/// What an application may use, and what is left of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApplicationLimits {
    application: String,
    /// Its subscriptions that are not over, the oldest first.
    subscriptions: Vec<SubscriptionLimitsBody>,
}

/// What it may use by one subscription.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionLimitsBody {
    plan: String,
    product: String,
    /// Only what is `active` may be used.
    state: &'static str,
    /// All of them hold; none where the plan sets none.
    limits: Vec<LimitBody>,
}

/// A limit, and what is left of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitBody {
    /// `rate_limit` (fills up evenly), `parallel` (requests at once) or `budget` (begins anew with
    /// each period).
    kind: &'static str,
    /// Whose use counts: `application`, that is this one's under this plan; `plan`, that of all
    /// applications of the plan; `team`, that of all applications of the team.
    counted_for: &'static str,
    /// `requests`, `tokens` or `nano_usd`: of what the numbers are.
    unit: &'static str,
    limit: u64,
    /// What was used of it.
    used: u64,
    /// What requests in flight have reserved beside it.
    reserved: u64,
    left: u64,
    /// The time that it is for, in seconds; `null` for `parallel`.
    window_seconds: Option<u64>,
    /// `minute`, `hour`, `day`, `week` or `month`, of the calendar in UTC; `null` but for `budget`.
    per: Option<&'static str>,
    /// When the period began; `null` but for `budget`.
    began_at: Option<String>,
    /// When all of it is there again; `null` for `parallel`.
    renews_at: Option<String>,
}

impl From<LimitStanding> for LimitBody {
    fn from(standing: LimitStanding) -> Self {
        let (kind, window, per, began_at) = match standing.sort {
            LimitSort::RateLimit { window } => ("rate_limit", Some(window), None, None),
            LimitSort::Parallel => ("parallel", None, None, None),
            LimitSort::Budget { per, began_at } => {
                let ends_at = standing.renews_at.unwrap_or(began_at);
                let window = ends_at.duration_since(began_at).unwrap_or_default();
                ("budget", Some(window), Some(per.as_str()), Some(rfc3339(began_at)))
            }
        };
        Self {
            kind,
            counted_for: match standing.counted_for {
                CountedFor::Caller => "application",
                CountedFor::Plan => "plan",
                CountedFor::Team => "team",
            },
            unit: match standing.unit {
                LimitUnit::Requests => "requests",
                LimitUnit::Tokens => "tokens",
                LimitUnit::NanoUsd => "nano_usd",
            },
            limit: standing.limit,
            used: standing.used,
            reserved: standing.reserved,
            left: standing.left(),
            window_seconds: window.map(|window| window.as_secs()),
            per,
            began_at,
            renews_at: standing.renews_at.map(rfc3339),
        }
    }
}

/// What all applications of a team together may use up, and what is left of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamLimits {
    team: String,
    /// All of them hold; none where the team has no budgets.
    limits: Vec<LimitBody>,
}

/// What all applications of a team together may use up, and what is left of it.
pub(crate) async fn of_team(
    dependencies: &Dependencies,
    name: &str,
) -> Result<TeamLimits, ApiError> {
    teams::must_exist(dependencies, name).await?;
    let limits = dependencies.directory.team_limits(name).into_iter();
    Ok(TeamLimits { team: name.to_owned(), limits: limits.map(LimitBody::from).collect() })
}

/// What an application may use, and what is left of it.
pub(crate) async fn of_application(
    dependencies: &Dependencies,
    name: &str,
) -> Result<ApplicationLimits, ApiError> {
    let found = applications::belongs_to(dependencies, name).await?;
    found.ok_or_else(|| applications::not_found(name))?;
    let snapshot = dependencies.directory.snapshot();
    let product_of = |plan: &str| {
        let plan = snapshot.plans.iter().find(|one| one.name.as_str() == plan)?;
        let product = snapshot.products.get(plan.product.get())?;
        Some(product.name.as_str().to_owned())
    };
    let body = |one: SubscriptionLimits| SubscriptionLimitsBody {
        product: product_of(&one.plan).unwrap_or_default(),
        plan: one.plan,
        state: one.state.as_str(),
        limits: one.limits.into_iter().map(LimitBody::from).collect(),
    };
    let subscriptions = dependencies.directory.limits(name).into_iter().map(body).collect();
    Ok(ApplicationLimits { application: name.to_owned(), subscriptions })
}
