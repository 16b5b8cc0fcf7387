//! Who the client is behind trusted proxies, and what endpoints are told about it.

mod elements;

use std::net::{IpAddr, SocketAddr};

use architrave_net::{Fields, Known};
use ipnet::IpNet;

use crate::connection::{Connection, unmapped_ip};
use crate::exchange::Exchange;

pub(crate) use elements::adopt;

/// The most addresses of `X-Forwarded-For` or `Forwarded` that are looked at, from the right.
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

/// Whether the client came over TLS: what `X-Forwarded-Proto` says, when the peer is a trusted
/// proxy; else what the connection is.
#[must_use]
pub(crate) fn is_secure(connection: &Connection, fields: &Fields) -> bool {
    let said = if connection.is_trusted { said_scheme(fields) } else { None };
    said.unwrap_or(connection.tls.is_some())
}

/// The last scheme of `X-Forwarded-Proto`, the one that the peer itself vouches for.
fn said_scheme(fields: &Fields) -> Option<bool> {
    let line = fields.all_known(Known::XForwardedProto).last()?;
    let scheme = line.rsplit(|byte| *byte == b',').next()?.trim_ascii();
    let is = |name: &[u8]| scheme.eq_ignore_ascii_case(name);
    match () {
        () if is(b"https") || is(b"wss") => Some(true),
        () if is(b"http") || is(b"ws") => Some(false),
        () => None,
    }
}

/// Throws away what an untrusted peer says about whom it speaks for, before anything (routes,
/// policies) can look at it.
pub(crate) fn discard_claims(connection: &Connection, fields: &mut Fields) {
    if !connection.is_trusted && fields.iter().any(|field| is_claim(field.known)) {
        fields.retain(|field| !is_claim(field.known));
    }
}

/// Writes what endpoints are told about the client: `X-Forwarded-For`, `-Proto`, `-Host`,
/// `Forwarded` (RFC 7239), `X-Request-Id` and `traceparent`; `authority` is the host as the client
/// named it. What a trusted peer said of these is continued. To be done before the policies, whose
/// edits win.
pub(crate) fn write(exchange: &mut Exchange<'_>, authority: &str) {
    let connection = &exchange.connection;
    let fields = &mut exchange.head.fields;
    let [mut chain, mut elements] =
        [Known::XForwardedFor, Known::Forwarded].map(|known| joined(fields, known));
    fields.retain(|field| !is_rewritten(field.known));
    append_element(&mut chain, connection.client_text.address.as_bytes());
    fields.append_known(Known::XForwardedFor, b"X-Forwarded-For", &chain);
    let scheme = if exchange.is_secure { "https" } else { "http" };
    append_element(&mut elements, connection.client_text.forwarded.as_bytes());
    write_host_and_proto(&mut elements, authority, scheme);
    fields.append_known(Known::Forwarded, b"Forwarded", &elements);
    if fields.get_known(Known::XForwardedProto).is_none() {
        fields.append_known(Known::XForwardedProto, b"X-Forwarded-Proto", scheme.as_bytes());
    }
    if fields.get_known(Known::XForwardedHost).is_none() && !authority.is_empty() {
        fields.append_known(Known::XForwardedHost, b"X-Forwarded-Host", authority.as_bytes());
    }
    let identity = &exchange.identity;
    fields.append_known(Known::XRequestId, b"X-Request-Id", identity.request_id.as_bytes());
    fields.append_known(Known::Traceparent, b"traceparent", identity.traceparent.as_bytes());
}

/// What a proxy says about its client.
const fn is_claim(known: Known) -> bool {
    matches!(
        known,
        Known::Forwarded
            | Known::XForwardedFor
            | Known::XForwardedHost
            | Known::XForwardedPort
            | Known::XForwardedProto
            | Known::XRealIp
    )
}

/// What is taken out to be written anew.
const fn is_rewritten(known: Known) -> bool {
    matches!(
        known,
        Known::Forwarded | Known::XForwardedFor | Known::XRequestId | Known::Traceparent
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_scheme_is_what_the_peer_vouches_for() {
        for (lines, said) in [
            (&["https"][..], Some(true)),
            (&["HTTP"], Some(false)),
            (&["http, https "], Some(true)),
            (&["https", "http"], Some(false)),
            (&["gopher"], None),
            (&[], None),
        ] {
            let mut fields = Fields::new();
            for line in lines {
                fields.append("X-Forwarded-Proto", line.as_bytes());
            }
            assert_eq!(said_scheme(&fields), said, "{lines:?}");
        }
    }
}
