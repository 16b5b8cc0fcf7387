//! Who the client is behind trusted proxies, and what endpoints are told about it.

mod elements;

use std::net::{IpAddr, SocketAddr};

use architrave_net::{Fields, Known, KnownSet, is_name};
use ipnet::IpNet;

use crate::connection::{ClientText, Connection, unmapped_ip};
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
    client_behind(&connection.listener.config.trusted_proxies, connection.client, fields)
}

/// What a trusted proxy says of whom it speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The client.
    pub client: IpAddr,
    /// Whether the client came over TLS; `None` where it says nothing of that.
    pub is_secure: Option<bool>,
}

/// Who the client is when `peer` is one of the trusted proxies, and how it came; `None` when it is
/// not one of them.
#[must_use]
pub fn claimed(trusted: &[IpNet], peer: IpAddr, fields: &Fields) -> Option<Claimed> {
    let peer = unmapped_ip(peer);
    is_trusted(trusted, peer).then(|| Claimed {
        client: client_behind(trusted, SocketAddr::new(peer, 0), fields).ip(),
        is_secure: said_scheme(fields),
    })
}

fn client_behind(trusted: &[IpNet], peer: SocketAddr, fields: &Fields) -> SocketAddr {
    let lines: Vec<&[u8]> = fields.all_known(Known::XForwardedFor).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut client = peer;
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
    if !connection.is_trusted {
        fields.remove_all_known(CLAIMS);
        fields.remove_known(Known::ForwardedOther);
    }
}

/// Writes what endpoints are told about the client: `X-Forwarded-For`, `-Proto`, `-Host`,
/// `Forwarded` (RFC 7239), `X-Request-Id` and `traceparent`; `authority` is the host as the client
/// named it. What a trusted peer said of these is continued. To be done before the policies, whose
/// edits win.
pub(crate) fn write(exchange: &mut Exchange<'_>, authority: &str) {
    let (connection, is_secure) = (exchange.connection, exchange.is_secure);
    let fields = &mut exchange.head.fields;
    fields.remove_all_known(NAMES);
    if fields.may_have(CLAIMS) {
        continue_claims(&connection.client_text, authority, is_secure, fields);
    } else {
        let mut told = connection.told.borrow_mut();
        let is_same = told.authority == authority && told.is_secure == is_secure;
        if !is_same || told.fields.is_empty() {
            told.fields.clear();
            continue_claims(&connection.client_text, authority, is_secure, &mut told.fields);
            told.is_secure = is_secure;
            told.authority.clear();
            told.authority.push_str(authority);
        }
        fields.append_all(&told.fields);
    }
    let identity = &exchange.identity;
    fields.append_known(Known::XRequestId, b"X-Request-Id", identity.request_id_bytes());
    fields.append_known(Known::Traceparent, b"traceparent", identity.traceparent());
}

/// Adds this hop to what `fields` say of those before it.
fn continue_claims(client: &ClientText, authority: &str, is_secure: bool, fields: &mut Fields) {
    let [chain, elements] = [Known::XForwardedFor, Known::Forwarded].map(|it| joined(fields, it));
    fields.remove_all_known(LISTS);
    let [chain, elements] = [&chain, &elements].map(|list| list.as_deref().unwrap_or_default());
    let comma = |list: &[u8]| if list.is_empty() { &b""[..] } else { b", " };
    let chain = [chain, comma(chain), client.address.as_bytes()];
    fields.append_parts(Known::XForwardedFor, b"X-Forwarded-For", &chain);
    let scheme = if is_secure { "https" } else { "http" };
    // What is no token is quoted (RFC 7239 §4): a host may hold commas and semicolons, and would
    // else speak for a hop of its own. Nothing in an authority has to be escaped within quotes.
    let (host, quote): (&[u8], &[u8]) = match authority {
        "" => (b"", b""),
        named if is_name(named.as_bytes()) => (b";host=", b""),
        _ => (b";host=", b"\""),
    };
    let elements = [
        elements,
        comma(elements),
        client.forwarded.as_bytes(),
        host,
        quote,
        authority.as_bytes(),
        quote,
        b";proto=",
        scheme.as_bytes(),
    ];
    fields.append_parts(Known::Forwarded, b"Forwarded", &elements);
    if fields.get_known(Known::XForwardedProto).is_none() {
        fields.append_known(Known::XForwardedProto, b"X-Forwarded-Proto", scheme.as_bytes());
    }
    if fields.get_known(Known::XForwardedHost).is_none() && !authority.is_empty() {
        fields.append_known(Known::XForwardedHost, b"X-Forwarded-Host", authority.as_bytes());
    }
}

/// What a proxy says about its client.
const CLAIMS: KnownSet = KnownSet::of(&[
    Known::Forwarded,
    Known::XForwardedFor,
    Known::XForwardedHost,
    Known::XForwardedPort,
    Known::XForwardedProto,
    Known::XRealIp,
]);

/// Lists that each hop adds to.
const LISTS: KnownSet = KnownSet::of(&[Known::Forwarded, Known::XForwardedFor]);

/// What the exchange is called, which is written anew.
const NAMES: KnownSet = KnownSet::of(&[Known::XRequestId, Known::Traceparent]);

/// All values of a list that may come in several lines, as one; `None` when there is none.
fn joined(fields: &Fields, known: Known) -> Option<Vec<u8>> {
    let mut values = fields.all_known(known);
    let mut list = values.next()?.to_vec();
    for value in values {
        list.extend_from_slice(b", ");
        list.extend_from_slice(value);
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_speaks_for_no_other_hop() {
        let client = ClientText::of([192, 0, 2, 1].into());
        for (authority, host) in [
            ("a.test", "a.test"),
            ("a.test:80", "\"a.test:80\""),
            ("x,for=10.0.0.1", "\"x,for=10.0.0.1\""),
            ("a;proto=https", "\"a;proto=https\""),
            ("(x)", "\"(x)\""),
        ] {
            let mut fields = Fields::new();
            continue_claims(&client, authority, false, &mut fields);
            let expected = format!("for=192.0.2.1;host={host};proto=http");
            assert_eq!(fields.get("forwarded"), Some(expected.as_bytes()));
        }
    }

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
