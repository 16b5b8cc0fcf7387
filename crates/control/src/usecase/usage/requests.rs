//! The request log, as far as the caller may see it, and whose exchanges are all put there.

use std::time::{Duration, UNIX_EPOCH};

use architrave_config::object::ObjectKind;
use architrave_store::{Page, RequestFilter, RequestRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::asked::refuse;
use super::eyes::Eyes;
use super::{Form, csv, desk, moment, scope};
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::page::Paging;
use crate::permission::Permission;
use crate::time::parse_rfc3339;
use crate::usecase::applications;

/// As many rows an export has at most; it is made in memory.
const EXPORT_ROWS_MAX: usize = 50_000;

/// How many are read at once for it.
const ROWS_AT_ONCE: u32 = 1_000;

/// How long a consumer is followed at most.
const FOLLOW_MINUTES_MAX: u64 = 24 * 60;

/// One exchange.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestBody {
    /// `null` where it is not in the request log and only watched.
    id: Option<String>,
    /// When it ended.
    at: String,
    /// What the endpoint was told as `X-Request-Id`.
    request_id: String,
    trace_id: String,
    service: Option<String>,
    route: Option<String>,
    consumer: Option<String>,
    team: Option<String>,
    model: Option<String>,
    method: String,
    /// In the canonical spelling, without a query.
    path: String,
    /// `null` where none was sent.
    status: Option<i64>,
    /// Why the gateway answered for itself, or cut it short.
    reason: Option<String>,
    latency_us: i64,
    /// Every attempt at an endpoint or a model, in order; of more than eight the first and the last.
    /// Only where one exchange is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptBody>>,
    /// What each policy did that had a say, in order. Only where one exchange is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<Vec<PolicyBody>>,
    /// What the access log says of it: phases, attempts, endpoint, tokens and the like; see
    /// logging.md. Only where one exchange is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    facts: Option<Value>,
    /// The beginnings of its bodies, `request` and `response`, where the service asks for them
    /// (`log_bodies`); what looks like a secret is out. Only where one exchange is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    bodies: Option<Value>,
}

/// One attempt.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct AttemptBody {
    /// From the first byte of the request to its beginning, in milliseconds.
    start_ms: f64,
    /// From there to the head of its answer, or to its end without one, in milliseconds.
    duration_ms: f64,
    /// The endpoint that was asked, by its address; not on the portal, and told to those alone who may
    /// read the service's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// The provider and the model's name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    /// The status of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// How it failed; one of the reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why another was tried: `failed`, `status` (its status is one that is retried), `slower` (than
    /// another one beside it), or what it says of a model; see logging.md.
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<String>,
}

/// A policy and what it did.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct PolicyBody {
    /// Its name; also `plan`, `limits` (of a consumer) and `budgets`.
    policy: String,
    /// `passed`, `changed`, `answered` (which is no failure) or `refused`.
    outcome: String,
}

/// A page of the request log, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestPage {
    requests: Vec<RequestBody>,
    next_page_token: Option<String>,
}

/// Whose exchanges are all to be put into the request log.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowBody {
    /// The consumer or application.
    consumer: String,
    /// For how long; 0 ends it, and 60 is what it is where it is left out.
    #[schema(minimum = 0, maximum = 1440)]
    minutes: Option<u64>,
}

/// Somebody whose exchanges are all put into the request log.
#[derive(Serialize, ToSchema)]
pub(crate) struct FollowedBody {
    consumer: String,
    until: String,
}

/// Everybody whose exchanges are all put into the request log.
#[derive(Serialize, ToSchema)]
pub(crate) struct FollowedList {
    followed: Vec<FollowedBody>,
}

/// What of the facts tells how a service is made, and on what; callers are told none of it.
const OF_SERVICE: [&str; 3] = ["endpoint", "upstream", "worker"];
/// What there is beside policies that is about the caller.
const OF_CALLERS: [&str; 3] = ["plan", "limits", "budgets"];
/// What may tell it where an endpoint was asked, and else says what was wrong with the request.
const DETAIL: &str = "detail";

/// An exchange with all that is known of it, as `eyes` may see it.
pub(super) fn told(row: RequestRow, eyes: &Eyes) -> RequestBody {
    let sees_endpoints = eyes.see_endpoints_of(&row.service);
    let mut body = body(row, true);
    if !sees_endpoints {
        hide_service(&mut body);
    }
    body
}

/// Takes out how a service is made.
fn hide_service(body: &mut RequestBody) {
    if let Some(Value::Object(facts)) = &mut body.facts {
        if facts.contains_key("endpoint") || facts.contains_key("connect_ms") {
            facts.shift_remove(DETAIL);
        }
        OF_SERVICE.iter().for_each(|key| drop(facts.shift_remove(*key)));
    }
    if let Some(policies) = &mut body.policies {
        policies.retain(|one| OF_CALLERS.contains(&one.policy.as_str()));
    }
    for attempt in body.attempts.iter_mut().flatten() {
        attempt.endpoint = None;
    }
}

pub(super) fn body(row: RequestRow, has_facts: bool) -> RequestBody {
    let some = |text: String| (!text.is_empty()).then_some(text);
    let of_text =
        |text: &str| has_facts.then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    let (mut facts, bodies) = (of_text(&row.facts), of_text(&row.bodies));
    let attempts = facts.as_mut().and_then(|facts| taken(facts, "tried"));
    let policies = facts.as_mut().and_then(|facts| taken(facts, "policies"));
    RequestBody {
        id: (row.id != 0).then(|| id_text(row.id)),
        at: moment(row.at),
        request_id: row.request_id,
        trace_id: row.trace_id,
        service: some(row.service),
        route: some(row.route),
        consumer: some(row.consumer),
        team: some(row.team),
        model: some(row.model),
        method: row.method,
        path: row.path,
        status: (row.status != 0).then_some(row.status),
        reason: some(row.reason),
        latency_us: row.latency_us,
        attempts,
        policies,
        facts,
        bodies,
    }
}

/// A part of the facts that has a member of its own; what cannot be read is not there.
fn taken<T: for<'de> Deserialize<'de>>(facts: &mut Value, name: &str) -> Option<Vec<T>> {
    let value = facts.as_object_mut()?.shift_remove(name)?;
    serde_json::from_value(value).ok()
}

/// A number as an id: numbers of 64 bits do not survive every JSON reader.
fn id_text(id: i64) -> String {
    format!("rql_{id:x}")
}

fn id_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("rql_")?;
    let is_plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_plain.then(|| i64::from_str_radix(digits, 16).ok())?
}

/// One page of what the caller may see.
pub(crate) async fn list(
    dependencies: &Dependencies,
    call: &Call,
    paging: &Paging,
) -> Result<RequestPage, ApiError> {
    let filter = filter(dependencies, call).await?;
    let (rows, next) = desk(dependencies)?.store.requests(&filter, &paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    let requests = rows.into_iter().map(|row| body(row, false)).collect();
    Ok(RequestPage { requests, next_page_token })
}

/// All of what the caller may see, as text, and whether there is more.
pub(crate) async fn export(
    dependencies: &Dependencies,
    call: &Call,
    form: Form,
) -> Result<(String, bool), ApiError> {
    let filter = filter(dependencies, call).await?;
    let store = &desk(dependencies)?.store;
    let eyes = Eyes::of(dependencies, call);
    let mut text = String::new();
    if form == Form::Csv {
        csv::requests_head(&mut text);
    }
    let mut page = Page::first(ROWS_AT_ONCE);
    let mut count = 0;
    loop {
        let (rows, next) = store.requests(&filter, &page).await?;
        for row in rows {
            if count == EXPORT_ROWS_MAX {
                return Ok((text, true));
            }
            count += 1;
            let body = match form {
                Form::Csv => body(row, false),
                Form::Json => told(row, &eyes),
            };
            match form {
                Form::Csv => csv::request(&body, &mut text),
                Form::Json => {
                    let line = serde_json::to_string(&body);
                    text += &line.map_err(|error| ApiError::internal(error.to_string()))?;
                    text.push('\n');
                }
            }
        }
        match next {
            None => return Ok((text, false)),
            next => page.after = next,
        }
    }
}

/// One exchange, with everything that is known of it.
pub(crate) async fn show(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
) -> Result<RequestBody, ApiError> {
    let scope = scope(dependencies, call).await?;
    let store = &desk(dependencies)?.store;
    let found = match id_of(id) {
        Some(id) => store.request(id, scope.as_ref()).await?,
        None => None,
    };
    let missing = || ApiError::new(Code::RequestNotFound, format!("there is no exchange {id}"));
    found.map(|row| told(row, &Eyes::of(dependencies, call))).ok_or_else(missing)
}

/// Has every exchange of a consumer or application put into the request log for a while.
pub(crate) async fn follow(
    dependencies: &Dependencies,
    call: &Call,
    wanted: &FollowBody,
) -> Result<FollowedList, ApiError> {
    let desk = desk(dependencies)?;
    let minutes = wanted.minutes.unwrap_or(60);
    if minutes > FOLLOW_MINUTES_MAX {
        let message = format!("minutes is at most {FOLLOW_MINUTES_MAX}");
        let faults = vec![Fault::at("/minutes", message.clone())];
        return Err(ApiError::new(Code::ValueOutOfRange, message).with_faults(faults));
    }
    check_followed(dependencies, &call.caller, &wanted.consumer).await?;
    let until = dependencies.clock.wall() + Duration::from_secs(minutes * 60);
    if !desk.port.follow(&wanted.consumer, until) {
        let message = "too many are followed; end one of them first";
        return Err(ApiError::new(Code::TooManyFollowed, message));
    }
    followed(dependencies, &call.caller).await
}

/// Lets those be followed whom the caller may follow: all of them who operate the gateway, and an
/// application those who may change it.
async fn check_followed(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<(), ApiError> {
    let nobody = || {
        let message = format!("there is no consumer or application {name}");
        let faults = vec![Fault::at("/consumer", message.clone())];
        ApiError::new(Code::ValueOutOfRange, message).with_faults(faults)
    };
    let is_operator = caller.may(Permission::OperateGateway, None);
    if is_operator && dependencies.desired.objects().get(ObjectKind::Consumer, name).is_some() {
        return Ok(());
    }
    // Whoever may not see it is not told that it is there.
    let belongs = applications::belongs_to(dependencies, name).await?.ok_or_else(nobody)?;
    if is_operator || belongs.lets(caller, Permission::WriteApplications) {
        return Ok(());
    }
    match belongs.lets(caller, Permission::ReadApplications) {
        true => Err(ApiError::not_permitted(Permission::WriteApplications.about())),
        false => Err(nobody()),
    }
}

/// Whose exchanges are all put into the request log, of those whom the caller may see.
pub(crate) async fn followed(
    dependencies: &Dependencies,
    caller: &Caller,
) -> Result<FollowedList, ApiError> {
    let mut followed = Vec::new();
    for (consumer, until) in desk(dependencies)?.port.followed() {
        let is_seen = caller.may(Permission::ReadGateway, None) || {
            let belongs = applications::belongs_to(dependencies, &consumer).await?;
            belongs.is_some_and(|belongs| belongs.lets(caller, Permission::ReadApplications))
        };
        if is_seen {
            let since = until.duration_since(UNIX_EPOCH).unwrap_or_default();
            let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
            followed.push(FollowedBody { consumer, until: moment(micros) });
        }
    }
    Ok(FollowedList { followed })
}

pub(super) async fn filter(
    dependencies: &Dependencies,
    call: &Call,
) -> Result<RequestFilter, ApiError> {
    let text = |name: &str| call.query.get(name).map(str::to_owned);
    let time = |name: &str| {
        let Some(text) = call.query.get(name) else { return Ok(None) };
        let message = || format!("{name} is a time such as 2026-05-17T08:09:10Z");
        parse_rfc3339(text).map(Some).ok_or_else(|| refuse(name, message()))
    };
    let number = |name: &str| {
        let Some(text) = call.query.get(name) else { return Ok(None) };
        let found = text.parse::<u32>().ok().map(i64::from);
        found.map(Some).ok_or_else(|| refuse(name, format!("{name} is a whole number")))
    };
    Ok(RequestFilter {
        since: time("from")?,
        until: time("to")?,
        service: text("service"),
        route: text("route"),
        consumer: text("consumer"),
        model: text("model"),
        method: text("method"),
        status_min: number("status_min")?,
        status_max: number("status_max")?,
        reason: text("reason"),
        latency_us_min: number("latency_us_min")?,
        called: text("request_id"),
        scope: scope(dependencies, call).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_told_what_became_of_their_request_and_not_how_the_service_is_made() {
        let facts = |more: Value| {
            let mut facts = serde_json::json!({
                "listener": "web", "upstream": "up", "worker": 1, "attempts": 0,
                "policies": [
                    { "policy": "ip_filter", "outcome": "passed" },
                    { "policy": "plan", "outcome": "refused" },
                ],
            });
            if let (Value::Object(facts), Value::Object(more)) = (&mut facts, more) {
                facts.extend(more);
            }
            let row = RequestRow { facts: facts.to_string(), ..RequestRow::default() };
            let mut body = body(row, true);
            hide_service(&mut body);
            let policies = body.policies.iter().flatten().map(|one| one.policy.clone());
            assert_eq!(policies.collect::<Vec<_>>(), ["plan"]);
            body.facts.unwrap_or_default()
        };
        let refused = facts(serde_json::json!({ "detail": "the plan does not open this" }));
        let expected = serde_json::json!({
            "listener": "web", "attempts": 0, "detail": "the plan does not open this",
        });
        assert_eq!(refused, expected);
        let asked =
            facts(serde_json::json!({ "endpoint": "10.0.0.7:80", "detail": "no 10.0.0.7" }));
        assert_eq!(asked, serde_json::json!({ "listener": "web", "attempts": 0 }));
    }

    #[test]
    fn ids_are_read_back_and_nothing_else_is() {
        for id in [0, 1, 7 << 32 | 9, i64::MAX] {
            assert_eq!(id_of(&id_text(id)), Some(id));
        }
        for text in ["", "1", "rql_", "rql_-1", "rql_+1", "rql_ffffffffffffffffff", "rql_G"] {
            assert_eq!(id_of(text), None, "{text}");
        }
    }
}
