//! What consumers have used of their budgets, and what was used at all, as the API shows it; the
//! actions are beside this file.

use architrave_config::BudgetAmount;
use architrave_config::ports::{BudgetUsage, ConsumerUsage};
use architrave_telemetry::stamp::rfc3339;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::Reply;
use crate::usecase::usage::Form;

pub(crate) mod breakdown;
pub(crate) mod list;
pub(crate) mod series;
pub(crate) mod show;
pub(crate) mod top;

/// What a consumer has used of its budgets.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageBody {
    consumer: String,
    budgets: Vec<BudgetBody>,
}

/// What was used of one budget.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetBody {
    /// `tokens` or `nano_usd`: of what the numbers are.
    unit: &'static str,
    per: &'static str,
    began_at: String,
    ends_at: String,
    limit: u64,
    spent: u64,
    reserved: u64,
    left: u64,
}

/// An answer in the form that is wanted.
fn answer<T: Serialize>(form: Form, body: &T, to_csv: impl Fn(&T) -> String) -> Response {
    match form {
        Form::Json => Reply::ok(body).into_response(),
        Form::Csv => ([(CONTENT_TYPE, "text/csv; charset=utf-8")], to_csv(body)).into_response(),
    }
}

impl From<ConsumerUsage> for UsageBody {
    fn from(usage: ConsumerUsage) -> Self {
        let budgets = usage.budgets.into_iter().map(BudgetBody::from).collect();
        Self { consumer: usage.consumer, budgets }
    }
}

impl From<BudgetUsage> for BudgetBody {
    fn from(usage: BudgetUsage) -> Self {
        let (unit, limit) = match usage.budget.amount {
            BudgetAmount::Tokens(limit) => ("tokens", limit),
            BudgetAmount::NanoUsd(limit) => ("nano_usd", limit),
        };
        Self {
            unit,
            per: usage.budget.per.as_str(),
            began_at: rfc3339(usage.began_at),
            ends_at: rfc3339(usage.ends_at),
            limit,
            spent: usage.spent,
            reserved: usage.reserved,
            left: limit.saturating_sub(usage.spent).saturating_sub(usage.reserved),
        }
    }
}
