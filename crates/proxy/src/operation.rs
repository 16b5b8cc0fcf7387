//! Which operation of a service's API a request asks for, and what its caller is told of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::ApiOperation;
use architrave_net::fields::Fields;

use crate::assembly::LiveLife;
use crate::exchange::{Exchange, MatchedRoute};

/// The operation that is asked for, where the service has a description that knows it.
///
/// It is looked for by the path that the service will see, since that is the one which its
/// description is about; the policies that run before do not change which one it is.
pub(crate) fn asked_for<'p>(
    exchange: &Exchange<'_>,
    matched: &MatchedRoute<'p>,
) -> Option<&'p ApiOperation> {
    let api = matched.service?.api.as_ref()?;
    let path = matched.chain.rewritten(&exchange.path);
    api.0.find(exchange.head.method.as_str(), &path)
}

/// Tells a caller of the end of the service, of the operation, or of both: the earliest dates. What
/// an endpoint says of its own stays as it is.
pub(crate) fn tell(life: Option<&LiveLife>, operation: Option<&ApiOperation>, fields: &mut Fields) {
    let ending = operation.filter(|operation| operation.deprecated_at.is_some());
    let Some(operation) = ending else {
        if let Some(life) = life {
            life.tell(fields);
        }
        return;
    };
    // A description need not say since when. Whoever has a date says it better.
    let own = operation.deprecated_at.filter(|at| *at > UNIX_EPOCH);
    let service = life.and_then(LiveLife::deprecated_at);
    let deprecated = earliest(own, service).unwrap_or(UNIX_EPOCH);
    if !fields.contains("Deprecation") {
        fields.append("Deprecation", format!("@{}", seconds(deprecated)).as_bytes());
    }
    let sunset = earliest(operation.sunset_at, life.and_then(LiveLife::sunset_at));
    if let Some(sunset) = sunset.filter(|_| !fields.contains("Sunset")) {
        fields.append("Sunset", httpdate::fmt_http_date(sunset).as_bytes());
    }
    let notice = operation.notice.as_deref();
    let notice = notice.or_else(|| life.and_then(LiveLife::notice_unsaid));
    if let Some(notice) = notice {
        fields.append("Link", format!("<{notice}>; rel=\"deprecation\"").as_bytes());
        if operation.sunset_at.is_some() {
            fields.append("Link", format!("<{notice}>; rel=\"sunset\"").as_bytes());
        }
    }
    // Its dates are told already; its links are beside ours.
    if let Some(life) = life {
        life.tell(fields);
    }
}

fn earliest(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
