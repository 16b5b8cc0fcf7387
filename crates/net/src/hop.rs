//! Takes out of a head what speaks to the hop it came from and to nobody behind it.
//!
//! To be done on what was received, before the gateway adds fields of its own: a sender that names
//! `X-Forwarded-For` or `Authorization` in `Connection` would otherwise have ours removed, and the
//! next hop would take the request for one that never passed here.

use crate::fields::{self, Field, Fields, Known, KnownSet};

/// The fields of which [`Known::is_hop_by_hop`] says so.
pub const HOP_BY_HOP: KnownSet = fields::HOP_BY_HOP;

/// What never passes, whether `Connection` names it or not.
const OF_THIS_HOP: KnownSet = HOP_BY_HOP.without(KnownSet::of(&[Known::ContentLength]));

/// Removes hop-by-hop fields ([`Known::is_hop_by_hop`]) and those that `Connection` names.
///
/// `Content-Length` stays: it says the length of a response to HEAD, which is end to end; the
/// HTTP/1.1 encoder never copies it as framing. Naming a protected field in `Connection` has no
/// effect: every field that the gateway knows, and those that say who asks, for what, or how the
/// answer may be kept. Read `Upgrade` and `TE` before, if they matter.
pub fn strip_hop_by_hop(fields: &mut Fields) {
    if !fields.may_have(OF_THIS_HOP) {
        return;
    }
    let mut named = Vec::new();
    for value in fields.all_known(Known::Connection) {
        // Most say `keep-alive`, `close` or `upgrade`, and then no name need be kept.
        if value == b"keep-alive" || value == b"close" {
            continue;
        }
        for name in options(value).filter(|name| names_a_field(name)) {
            named.extend_from_slice(name);
            named.push(b',');
        }
    }
    if named.is_empty() {
        return fields.remove_all_known(OF_THIS_HOP);
    }
    fields.retain(|field| {
        !OF_THIS_HOP.has(field.known)
            && (is_protected(field) || !options(&named).any(|n| n.eq_ignore_ascii_case(field.name)))
    });
}

fn options(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

/// Whether a connection option may be the name of a field that is not removed anyway.
fn names_a_field(option: &[u8]) -> bool {
    !option.eq_ignore_ascii_case(b"close") && Known::of(option) == Known::Other
}

/// Whether `Connection` must not be able to remove the field.
fn is_protected(field: Field<'_>) -> bool {
    let starts = |start: &&str| {
        let name = field.name.get(..start.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(start.as_bytes()))
    };
    field.known != Known::Other
        || PROTECTED_STARTS.iter().any(starts)
        || PROTECTED.iter().any(|name| field.name.eq_ignore_ascii_case(name.as_bytes()))
}

const PROTECTED_STARTS: [&str; 7] =
    ["x-forwarded-", "x-consumer-", "x-client-", "content-", "if-", "access-control-", "sec-"];

const PROTECTED: [&str; 16] = [
    "accept-encoding",
    "age",
    "cache-control",
    "etag",
    "expires",
    "location",
    "pragma",
    "range",
    "retry-after",
    "strict-transport-security",
    "tracestate",
    "vary",
    "www-authenticate",
    "x-api-key",
    "x-frame-options",
    "idempotency-key",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &[(&str, &str)], kept: &[&str]) {
        let mut fields = Fields::new();
        for (name, value) in given {
            fields.append(name, value.as_bytes());
        }
        strip_hop_by_hop(&mut fields);
        let names: Vec<_> = fields.iter().map(|f| String::from_utf8_lossy(f.name)).collect();
        assert_eq!(names, kept);
    }

    #[test]
    fn hop_by_hop_fields_go_and_the_rest_stays() {
        check(
            &[
                ("Connection", "keep-alive, Upgrade"),
                ("Keep-Alive", "timeout=5"),
                ("Proxy-Connection", "keep-alive"),
                ("Proxy", "http://evil.test"),
                ("TE", "trailers"),
                ("Trailer", "X"),
                ("Transfer-Encoding", "chunked"),
                ("Upgrade", "websocket"),
                ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
                ("Proxy-Authorization", "Basic eDp5"),
                ("Content-Length", "3"),
                ("X-Kept", "1"),
            ],
            &["Content-Length", "X-Kept"],
        );
        check(&[("Accept", "*/*")], &["Accept"]);
    }

    #[test]
    fn connection_names_fields_of_this_hop() {
        let given = [
            ("X-Private", "1"),
            ("Connection", "close, x-private ,, X-OTHER"),
            ("x-other", "2"),
            ("X-Private", "3"),
            ("X-Private-2", "4"),
            ("Connection", "x-last"),
            ("X-Last", "5"),
        ];
        check(&given, &["X-Private-2"]);
    }

    #[test]
    fn connection_cannot_name_what_is_protected() {
        for name in [
            "Host",
            "X-Forwarded-For",
            "x-forwarded-client-cert",
            "Forwarded",
            "Authorization",
            "Cookie",
            "Set-Cookie",
            "Content-Length",
            "Content-Type",
            "X-Request-Id",
            "Traceparent",
            "TraceState",
            "X-Real-IP",
            "X-Consumer-Name",
            "X-API-Key",
            "Cache-Control",
            "Origin",
            "Via",
            "Date",
            "If-Match",
            "Access-Control-Allow-Origin",
            "Sec-WebSocket-Key",
        ] {
            let named = format!("close, {}", name.to_lowercase());
            check(&[("Connection", &named), (name, "1"), ("X", "2")], &[name, "X"]);
        }
    }
}
