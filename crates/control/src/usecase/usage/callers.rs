//! Who has called a service of late, and when last: for whoever is about to end it.

use std::collections::HashMap;

use architrave_core::usage::{Amount, Dimension, STEPS};
use architrave_store::{UsageGroup, UsageQuery, UsageSlice};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::asked::refuse;
use super::times::{self, seconds_text};
use super::{Figure, desk, read};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};

/// How far back it is looked where nothing is said, in days.
const DAYS: i64 = 30;

/// The furthest that can be asked for: as long as hours are kept where nothing else is said.
const DAYS_MAX: i64 = 90;

/// Callers that are named; those who have called most.
const CALLERS_MAX: usize = 1_000;

/// Callers that a refusal names.
const NAMED_MAX: usize = 10;

/// Who has called a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallerList {
    service: String,
    from: String,
    to: String,
    /// Those with the most requests first.
    callers: Vec<CallerBody>,
    /// Whether there are more than are shown.
    is_cut: bool,
    /// Requests of which nobody knows whose they were: without a credential, or with a wrong one.
    nameless_requests: i64,
}

/// One who has called.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallerBody {
    /// The name of the consumer or application.
    consumer: String,
    /// The same where it is an application; else `null`.
    application: Option<String>,
    /// The team of the application.
    team: Option<String>,
    requests: i64,
    /// Those of them that were answered with a status of 400 and above, or cut short.
    errors: i64,
    /// To the minute, and to the hour where that is longer ago than minutes are kept.
    last_called_at: String,
}

/// How far back a call asks to look.
pub(crate) fn days(call: &Call) -> Result<i64, ApiError> {
    let Some(text) = call.query.get("days") else { return Ok(DAYS) };
    let days = text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| refuse("days", format!("days is 1 to {DAYS_MAX}")))
}

/// Who has called a service in the last days.
pub(crate) async fn of_service(
    dependencies: &Dependencies,
    service: &str,
    days: i64,
) -> Result<CallerList, ApiError> {
    let desk = desk(dependencies)?;
    let (from, to) = times::last_days(dependencies, days);
    let dimension = |dimension| UsageGroup::Dimension(dimension);
    let query = UsageQuery {
        slices: times::slices(from, to),
        bucket: None,
        amounts: vec![Amount::Requests, Amount::Errors],
        groups: [Dimension::Consumer, Dimension::Application, Dimension::Team]
            .map(dimension)
            .to_vec(),
        filters: vec![(dimension(Dimension::Service), vec![service.to_owned()])],
        scope: None,
    };
    let figures = read(&desk.store, &query, &[]).await?;
    // Of whom minutes are not kept any more, hours still say when.
    let mut last: HashMap<Vec<String>, i64> = HashMap::new();
    for step in [STEPS[0], STEPS[1]] {
        let slices = vec![UsageSlice { step, from: from - from.rem_euclid(step), to }];
        let of_step = UsageQuery { slices, ..query.clone() };
        for (group, at) in desk.store.usage_latest(&of_step).await? {
            let known = last.entry(group).or_insert(at);
            *known = (*known).max(at);
        }
    }
    let mut nameless_requests = 0;
    let mut callers = Vec::new();
    for ((_, group), figure) in figures {
        let requests = figure.sums[Amount::Requests as usize];
        let [consumer, application, team] = &group[..] else { continue };
        if consumer.is_empty() {
            nameless_requests += requests;
            continue;
        }
        let at = last.get(&group).copied().unwrap_or(from);
        callers.push(caller([consumer, application, team], &figure, at));
    }
    callers.sort_by(|one, other| {
        other.requests.cmp(&one.requests).then_with(|| one.consumer.cmp(&other.consumer))
    });
    let is_cut = callers.len() > CALLERS_MAX;
    callers.truncate(CALLERS_MAX);
    Ok(CallerList {
        service: service.to_owned(),
        from: seconds_text(from),
        to: seconds_text(to),
        callers,
        is_cut,
        nameless_requests,
    })
}

fn caller([consumer, application, team]: [&String; 3], figure: &Figure, at: i64) -> CallerBody {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    CallerBody {
        consumer: consumer.clone(),
        application: some(application),
        team: some(team),
        requests: figure.sums[Amount::Requests as usize],
        errors: figure.sums[Amount::Errors as usize],
        last_called_at: seconds_text(at),
    }
}

/// Who has called a service that is about to end; `null` where nobody keeps count.
///
/// With `if_unused`, it is refused where anybody has, or nobody can know.
pub(crate) async fn before_the_end(
    dependencies: &Dependencies,
    service: &str,
    if_unused: bool,
) -> Result<Value, ApiError> {
    let list = match desk(dependencies) {
        Ok(_) => of_service(dependencies, service, DAYS).await,
        Err(_) if !if_unused => return Ok(Value::Null),
        Err(unknown) => return Err(unknown),
    };
    let list = match list {
        Ok(list) => list,
        // The end of a service does not wait for a count that cannot be had.
        Err(error) if !if_unused => {
            tracing::warn!(?error, service, "who called it cannot be told");
            return Ok(Value::Null);
        }
        Err(error) => return Err(error),
    };
    if if_unused && !list.callers.is_empty() {
        return Err(still_called(&list));
    }
    serde_json::to_value(&list).map_err(|error| ApiError::internal(error.to_string()))
}

fn still_called(list: &CallerList) -> ApiError {
    let count = list.callers.len();
    let whom = if count == 1 { "1 caller has".to_owned() } else { format!("{count} callers have") };
    let message = format!("{whom} called {} in the last {DAYS} days", list.service);
    let faults = list.callers.iter().take(NAMED_MAX).map(|caller| {
        let CallerBody { consumer, requests, last_called_at, .. } = caller;
        let times = if *requests == 1 { "request" } else { "requests" };
        Fault::at("/if_unused", format!("{consumer}: {requests} {times}, last {last_called_at}"))
    });
    ApiError::new(Code::StillCalled, message).with_faults(faults.collect())
}
