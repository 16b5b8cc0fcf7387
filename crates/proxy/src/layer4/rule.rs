//! Which rule of a listener takes a connection or flow: the first that matches, or none.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use architrave_config::{ForwardRule, Listener, ListenerProtocol};
use architrave_core::Reason;
use architrave_net::client_hello::ClientHello;
use architrave_telemetry::Phase;
use ipnet::IpNet;

use crate::assembly::{Assembly, LiveUpstream};
use crate::connection::Connection;
use crate::failure::Failure;

/// Where a rule leads.
#[derive(Debug)]
pub(super) struct MatchedRule {
    /// The upstream.
    pub(super) upstream: Arc<LiveUpstream>,
    /// How long a flow of datagrams may be silent.
    pub(super) flow_idle: Duration,
}

/// Lets the client in and finds its rule, both of them as the assembly in force has them: rules
/// name upstreams by their place in it.
///
/// # Errors
/// `forbidden` or `no_route`.
pub(super) fn match_rule(
    assembly: &Assembly,
    connection: &Connection,
    hello: Option<&ClientHello>,
) -> Result<MatchedRule, Failure> {
    let listener = assembly.listener_at(connection.listener.slot).ok_or_else(no_rule)?;
    let chain = assembly.routes(&listener).map(|routes| &routes.chain);
    if chain.is_some_and(|chain| !chain.lets_in(connection.client.ip())) {
        let detail = "this address is not let in here";
        return Err(Failure::gateway(Reason::Forbidden, Phase::Accept, detail));
    }
    let rule = rules_of(&listener.config)
        .iter()
        .find(|rule| takes(rule, connection.client, connection.destination, hello))
        .ok_or_else(no_rule)?;
    let upstream = Arc::clone(&assembly.upstreams[rule.upstream.get()]);
    Ok(MatchedRule { upstream, flow_idle: rule.flow_idle })
}

fn no_rule() -> Failure {
    Failure::gateway(Reason::NoRoute, Phase::Admit, "no rule takes this connection")
}

fn rules_of(listener: &Listener) -> &[ForwardRule] {
    match &listener.protocol {
        ListenerProtocol::Tcp(rules)
        | ListenerProtocol::Tls(rules)
        | ListenerProtocol::Udp(rules) => rules,
        ListenerProtocol::Http | ListenerProtocol::Https(_) => &[],
    }
}

/// Whether a rule matches. What it does not ask for matches all.
fn takes(
    rule: &ForwardRule,
    source: SocketAddr,
    destination: SocketAddr,
    hello: Option<&ClientHello>,
) -> bool {
    has_address(&rule.source, source.ip())
        && has_port(&rule.source_ports, source.port())
        && has_address(&rule.destination, destination.ip())
        && has_port(&rule.destination_ports, destination.port())
        && (rule.sni.is_empty() || hello.is_some_and(|hello| has_name(&rule.sni, hello)))
        && (rule.alpn.is_empty() || hello.is_some_and(|hello| has_protocol(&rule.alpn, hello)))
}

fn has_address(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

fn has_port(ranges: &[RangeInclusive<u16>], port: u16) -> bool {
    ranges.is_empty() || ranges.iter().any(|range| range.contains(&port))
}

fn has_name(patterns: &[String], hello: &ClientHello) -> bool {
    let Some(name) = &hello.server_name else { return false };
    patterns.iter().any(|pattern| match pattern.strip_prefix('*') {
        // With the dot, so that `*.example.com` has neither `example.com` nor `myexample.com`.
        Some(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
        None => name == pattern,
    })
}

fn has_protocol(wanted: &[String], hello: &ClientHello) -> bool {
    let offers = |protocol: &String| hello.alpn.iter().any(|offer| offer == protocol.as_bytes());
    wanted.iter().any(offers)
}

#[cfg(test)]
mod tests;
