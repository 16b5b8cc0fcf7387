//! Steps 3 and 4: the canonical path, the route, and the policies that stand before it.

use architrave_core::Reason;
use architrave_net::path;
use architrave_policy::{RequestView, Verdict};
use architrave_telemetry::Phase;

use crate::assembly::{Lead, Leads, ListenerRoutes, LiveRoute};
use crate::bodies;
use crate::dispatch::llm;
use crate::exchange::{Exchange, MatchedRoute};
use crate::failure::Failure;
use crate::forwarded;
use crate::identity::Identity;
use crate::operation;
use crate::route::RequestFacts;
use crate::serve;
use crate::worker::Worker;

/// Finds the route, the one canonical path and the service.
///
/// # Errors
/// `bad_request`, `misdirected` or `no_route`.
pub(crate) fn match_route(worker: &Worker, exchange: &mut Exchange<'_>) -> Result<(), Failure> {
    exchange.identity = worker.with_random(|random| Identity::of(&exchange.head.fields, random));
    forwarded::adopt(exchange.connection, &mut exchange.head.fields);
    exchange.client = forwarded::client_of(exchange.connection, &exchange.head.fields);
    exchange.is_secure = forwarded::is_secure(exchange.connection, &exchange.head.fields);
    forwarded::discard_claims(exchange.connection, &mut exchange.head.fields);
    read_host(exchange);
    canonical_path(exchange)
        .map_err(|error| Failure::client(Reason::BadRequest, Phase::Head, error.to_string()))?;
    check_server_name(exchange)?;
    let matched = find(worker, exchange)?;
    exchange.operation = operation::asked_for(exchange, &matched);
    bodies::begin(worker, exchange, &matched);
    exchange.matched = Some(matched);
    Ok(())
}

fn canonical_path(exchange: &mut Exchange<'_>) -> Result<(), path::PathError> {
    if exchange.head.target == "*" {
        // OPTIONS for the server as a whole: it goes where its root goes.
        exchange.path.push('/');
        return Ok(());
    }
    path::canonicalize(exchange.head.path(), &mut exchange.path)
}

fn read_host(exchange: &mut Exchange<'_>) {
    let host = exchange.head.host();
    let host = host.strip_suffix('.').unwrap_or(host);
    exchange.host.push_str(host);
    exchange.host.make_ascii_lowercase();
}

/// A request for one host on a TLS connection made for another would pass by the certificate, and
/// the client certificate, that were agreed on (RFC 9110 §15.5.20).
fn check_server_name(exchange: &Exchange<'_>) -> Result<(), Failure> {
    let connection = &exchange.connection;
    let name = connection.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
    match (name, &connection.listener.tls) {
        (Some(name), Some(tls)) if !tls.covers(name, &exchange.host) => Err(Failure::client(
            Reason::Misdirected,
            Phase::Head,
            "the host is not covered by the certificate of this connection",
        )),
        _ => Ok(()),
    }
}

fn find<'p>(worker: &Worker, exchange: &Exchange<'p>) -> Result<MatchedRoute<'p>, Failure> {
    let routes = routes_of(exchange)?;
    let facts = RequestFacts::new(exchange.head, &exchange.host, &exchange.path);
    let route = routes.tables.find(&facts).ok_or_else(no_route)?;
    if let Some(only) = &exchange.connection.only
        && !route.leads_to(only)
    {
        return Err(no_route());
    }
    let lead = choose_lead(worker, route);
    Ok(MatchedRoute {
        route,
        service: lead.service.as_ref(),
        chain: &lead.chain,
        place: &lead.place,
    })
}

fn routes_of<'p>(exchange: &Exchange<'p>) -> Result<&'p ListenerRoutes, Failure> {
    exchange.assembly.routes(&exchange.connection.listener).ok_or_else(no_route)
}

fn no_route() -> Failure {
    Failure::gateway(Reason::NoRoute, Phase::Admit, "no route takes this request")
}

fn choose_lead<'p>(worker: &Worker, route: &'p LiveRoute) -> &'p Lead {
    let several = match &route.leads {
        Leads::One(lead) => return lead,
        Leads::Several(several) => several,
    };
    let total: u32 = several.iter().map(|(weight, _)| weight).sum();
    let mut drawn = worker.with_random(|random| random.u32(0..total.max(1)));
    for (weight, lead) in several {
        if drawn < *weight {
            return lead;
        }
        drawn -= weight;
    }
    &several[0].1
}

/// Runs the policies that stand before the service; also for requests that no route takes, with
/// the chain of their listener. What endpoints are told about the client is in the head by then, so
/// that operators can change it.
///
/// # Errors
/// Nothing of its own: what a policy answers is in the verdict.
pub(crate) fn admit(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    facts: &serve::RequestFacts,
) -> Verdict {
    let chain = match exchange.matched {
        Some(matched) => matched.chain,
        None => match routes_of(exchange) {
            Ok(routes) => &*routes.chain,
            Err(_gone) => return Verdict::Continue,
        },
    };
    architrave_net::hop::strip_hop_by_hop(&mut exchange.head.fields);
    forwarded::write(exchange, &facts.authority);
    llm::vouch(worker, exchange);
    llm::talk::keys::vouch(worker, exchange);
    chain.admit(&mut RequestView {
        head: exchange.head,
        path: &mut exchange.path,
        operation: exchange.operation.map(|operation| &*operation.label),
        client: exchange.client.ip(),
        is_tls: exchange.is_secure,
        framing: facts.framing,
        // The head is just read: the clock need not be read again.
        now: exchange.began,
        admission: &mut exchange.admission,
    })
}
