//! The life of a service put to work: whether it is served at a moment, and what its callers are
//! told of its end.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::{
    HostPattern, Lifecycle, PathMatch, Route, ServiceIndex, Snapshot, Standing, Successor,
};
use architrave_core::Reason;
use architrave_net::fields::Fields;
use architrave_telemetry::Phase;

use crate::failure::Failure;

/// What is told of a service's life.
#[derive(Debug)]
pub struct LiveLife {
    lifecycle: Lifecycle,
    /// `Deprecation` (RFC 9745): a structured date (RFC 9651).
    deprecation: Option<String>,
    /// `Sunset` (RFC 8594): a date of HTTP.
    sunset: Option<String>,
    /// `Link` (RFC 8288), one value each.
    links: Vec<String>,
    /// Where to go instead.
    successor: Option<String>,
}

/// When whoever meets a service that is suspended may come back, in seconds.
const SUSPENDED_RETRY_AFTER: &[u8] = b"60";

impl LiveLife {
    /// `None` for a service of which no end is known.
    pub(super) fn of(lifecycle: &Lifecycle, snapshot: &Snapshot) -> Option<Self> {
        if *lifecycle == Lifecycle::PUBLISHED {
            return None;
        }
        let successor = match &lifecycle.successor {
            Some(Successor::Link(link)) => Some(link.clone()),
            Some(Successor::Service(service)) => way_to(*service, snapshot),
            None => None,
        };
        let link = |target: &str, rel: &str| format!("<{target}>; rel=\"{rel}\"");
        let notice = lifecycle.notice.as_deref();
        let links = [
            lifecycle.deprecated_at.and(notice).map(|notice| link(notice, "deprecation")),
            lifecycle.sunset_at.and(notice).map(|notice| link(notice, "sunset")),
            successor.as_deref().map(|successor| link(successor, "successor-version")),
        ];
        Some(Self {
            deprecation: lifecycle.deprecated_at.map(|at| format!("@{}", seconds(at))),
            sunset: lifecycle.sunset_at.map(httpdate::fmt_http_date),
            links: links.into_iter().flatten().collect(),
            successor,
            lifecycle: lifecycle.clone(),
        })
    }

    /// Whether the service is served at `now`.
    ///
    /// # Errors
    /// Why not: `suspended`, `retired` or `brownout`.
    pub(crate) fn admit(&self, now: SystemTime) -> Result<(), Failure> {
        let reason = match self.lifecycle.standing(now) {
            Standing::Live | Standing::Deprecated => return Ok(()),
            Standing::Suspended => Reason::Suspended,
            Standing::Retired => Reason::Retired,
            Standing::Brownout => Reason::Brownout,
        };
        Err(Failure::gateway(reason, Phase::Admit, refusal(reason)))
    }

    /// Since when the service is deprecated, or will be.
    pub(crate) const fn deprecated_at(&self) -> Option<SystemTime> {
        self.lifecycle.deprecated_at
    }

    /// Where callers go instead, for those who are told that it has ended.
    pub(crate) fn successor(&self, reason: Reason) -> Option<&str> {
        let is_end = matches!(reason, Reason::Retired | Reason::Brownout);
        self.successor.as_deref().filter(|_| is_end)
    }

    /// When the service retires.
    pub(crate) const fn sunset_at(&self) -> Option<SystemTime> {
        self.lifecycle.sunset_at
    }

    /// Where people read of an end, where no end of the service itself has said it.
    pub(crate) fn notice_unsaid(&self) -> Option<&str> {
        let is_said = self.lifecycle.deprecated_at.is_some();
        self.lifecycle.notice.as_deref().filter(|_| !is_said)
    }

    /// Tells a caller of the service's end. What an endpoint says of its own, which may be about a
    /// part of the service alone, stays as it is.
    pub(crate) fn tell(&self, fields: &mut Fields) {
        let dates = [("Deprecation", &self.deprecation), ("Sunset", &self.sunset)];
        for (name, value) in dates {
            if let Some(value) = value
                && fields.get(name).is_none()
            {
                fields.append(name, value.as_bytes());
            }
        }
        for link in &self.links {
            fields.append("Link", link.as_bytes());
        }
    }
}

/// What a caller is told who is refused by a service's life; nothing for other reasons.
pub(crate) const fn refusal(reason: Reason) -> &'static str {
    match reason {
        Reason::Suspended => "the service is suspended",
        Reason::Retired => "the service has retired",
        Reason::Brownout => "the service is deprecated and will retire; this is a rehearsal of it",
        _ => "",
    }
}

/// When to come back after a refusal by a service's life; nobody comes back to what has retired.
pub(crate) fn retry_after(reason: Reason) -> Option<&'static [u8]> {
    (reason == Reason::Suspended).then_some(SUSPENDED_RETRY_AFTER)
}

/// A reference to where a service is to be had: the first route to it whose path is a text.
fn way_to(service: ServiceIndex, snapshot: &Snapshot) -> Option<String> {
    let leads_there = |route: &&Arc<Route>| route.services.iter().any(|one| one.service == service);
    snapshot.routes.iter().filter(leads_there).find_map(|route| {
        let path = match route.matches.first().map(|first| &first.path) {
            None => "/",
            Some(PathMatch::Prefix(path)) if path.is_empty() => "/",
            Some(PathMatch::Exact(path) | PathMatch::Prefix(path)) => path,
            Some(PathMatch::Regex(_)) => return None,
        };
        let exact = |host: &HostPattern| match host {
            HostPattern::Exact(host) => Some(host.clone()),
            HostPattern::Wildcard(_) => None,
        };
        // Of the same scheme as the request (RFC 3986 §4.2).
        let host = route.hosts.iter().find_map(exact).map(|host| format!("//{host}"));
        Some(host.unwrap_or_default() + path)
    })
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
