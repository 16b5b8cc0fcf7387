//! Who the client is behind trusted proxies, and what endpoints are told about it.

use std::net::{IpAddr, SocketAddr};

use architrave_net::{Fields, Known};
use ipnet::IpNet;

use crate::connection::{Connection, unmapped_ip};
use crate::exchange::Exchange;

/// The most addresses of `X-Forwarded-For` that are looked at, from the right.
const HOPS_MAX: usize = 32;

/// The client: the rightmost address of `X-Forwarded-For` that is no trusted proxy, when the
/// peer is one; else the peer.
#[must_use]
pub(crate) fn client_of(connection: &Connection, fields: &Fields) -> SocketAddr {
    if !connection.is_trusted {
        return connection.client;
    }
    let trusted = &connection.listener.config.trusted_proxies;
    let lines: Vec<&[u8]> = fields.all_known(Known::XForwardedFor).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut client = connection.client;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = parse_hop(hop) else {
            return client;
        };
        client = address;
        if !is_trusted(trusted, address.ip()) {
            return client;
        }
    }
    client
}

/// Whether `address` belongs to one of the networks.
#[must_use]
pub(crate) fn is_trusted(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

fn parse_hop(hop: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .map(|ip| SocketAddr::new(ip, 0))
        .or_else(|_not_bare| text.parse::<SocketAddr>())
        .ok()?;
    Some(SocketAddr::new(unmapped_ip(address.ip()), address.port()))
}

/// Writes what endpoints are told about the client: `X-Forwarded-For`, `-Proto`, `-Host`,
/// `Forwarded` (RFC 7239), `X-Request-Id` and `traceparent`. What an untrusted peer said of
/// these is thrown away; behind a trusted one it is continued.
pub(crate) fn write(exchange: &mut Exchange<'_>, host: &str) {
    let connection = &exchange.connection;
    let fields = &mut exchange.head.fields;
    let mut lists = [Vec::new(), Vec::new()];
    if connection.is_trusted {
        lists = [Known::XForwardedFor, Known::Forwarded].map(|known| joined(fields, known));
    }
    let kept: &[Known] = if connection.is_trusted {
        &[Known::XForwardedProto, Known::XForwardedHost, Known::XForwardedPort, Known::XRealIp]
    } else {
        &[]
    };
    fields.retain(|field| !is_ours(field.known) || kept.contains(&field.known));
    let [mut chain, mut elements] = lists;
    append_element(&mut chain, connection.client_text.address.as_bytes());
    fields.append_known(Known::XForwardedFor, b"X-Forwarded-For", &chain);
    let scheme = connection.scheme();
    append_element(&mut elements, connection.client_text.forwarded.as_bytes());
    write_host_and_proto(&mut elements, host, scheme);
    fields.append_known(Known::Forwarded, b"Forwarded", &elements);
    if fields.get_known(Known::XForwardedProto).is_none() {
        fields.append_known(Known::XForwardedProto, b"X-Forwarded-Proto", scheme.as_bytes());
    }
    if fields.get_known(Known::XForwardedHost).is_none() && !host.is_empty() {
        fields.append_known(Known::XForwardedHost, b"X-Forwarded-Host", host.as_bytes());
    }
    let identity = &exchange.identity;
    fields.append_known(Known::XRequestId, b"X-Request-Id", identity.request_id.as_bytes());
    fields.append_known(Known::Traceparent, b"traceparent", identity.traceparent.as_bytes());
}

const fn is_ours(known: Known) -> bool {
    matches!(
        known,
        Known::Forwarded
            | Known::XForwardedFor
            | Known::XForwardedHost
            | Known::XForwardedPort
            | Known::XForwardedProto
            | Known::XRealIp
            | Known::XRequestId
            | Known::Traceparent
    )
}

fn joined(fields: &Fields, known: Known) -> Vec<u8> {
    let values: Vec<&[u8]> = fields.all_known(known).collect();
    values.join(&b", "[..])
}

fn append_element(list: &mut Vec<u8>, element: &[u8]) {
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(element);
}

fn write_host_and_proto(element: &mut Vec<u8>, host: &str, scheme: &str) {
    if !host.is_empty() {
        // An authority holds nothing that would have to be escaped within quotes.
        let quote: &[u8] = if host.contains([':', '[']) { b"\"" } else { b"" };
        for part in [b";host=", quote, host.as_bytes(), quote] {
            element.extend_from_slice(part);
        }
    }
    element.extend_from_slice(b";proto=");
    element.extend_from_slice(scheme.as_bytes());
}
