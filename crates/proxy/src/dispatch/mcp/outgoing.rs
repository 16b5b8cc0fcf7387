//! A message as a server gets it: what is said beside it, and by whom.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_mcp::arrival::heads_of;
use architrave_mcp::header;
use architrave_mcp::message::{Message, Part};
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::ServerSession;
use architrave_net::{Field, Fields, Method, RequestHead, Version, is_value};

use crate::across::CALLER;
use crate::exchange::Exchange;
use crate::mcp::HttpWay;

/// What is said beside a message: headers of the protocol.
pub(super) type Beside = Vec<(&'static str, String)>;

/// A request to a server.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Its head.
    pub head: RequestHead,
    /// Its body.
    pub body: Vec<u8>,
    /// The endpoint that has made the session.
    pub pinned: Option<SocketAddr>,
    /// How long the head of the answer may take.
    pub limit: Duration,
    /// Whether it may be sent again where nobody knows whether it has been taken.
    pub is_repeatable: bool,
}

/// Fields of a client's that go along, beside those that carry arguments of tools: what belongs to the
/// request and says nothing of who makes it. There is no end of names by which proxies say that, so
/// nothing goes along that is not here.
const ALONG: [&str; 6] =
    ["accept-language", "baggage", "traceparent", "tracestate", "user-agent", "x-request-id"];

/// The head of a request. Servers know the gateway, not its callers: of what the client says beside the
/// message, little goes along.
pub(super) fn head(way: &HttpWay, verb: Method, from: &Fields, beside: &Beside) -> RequestHead {
    let mut head = RequestHead {
        method: verb,
        version: Version::Http11,
        authority: way.authority.as_deref().unwrap_or_default().to_owned(),
        target: way.target.to_string(),
        fields: Fields::roomy(),
    };
    for field in from.iter().filter(|field| goes_along(*field)) {
        head.fields.append_known(field.known, field.name, field.value);
    }
    let fields = &mut head.fields;
    match head.method {
        Method::Get => fields.append("Accept", b"text/event-stream"),
        _ => fields.append("Accept", b"application/json, text/event-stream"),
    }
    if head.method == Method::Post {
        fields.append("Content-Type", b"application/json");
    }
    for (name, value) in beside.iter().filter(|(_, value)| is_value(value.as_bytes())) {
        fields.append(name, value.as_bytes());
    }
    // What the operator says wins.
    for field in way.fields.iter() {
        if let Ok(name) = str::from_utf8(field.name) {
            fields.set(name, field.value);
        }
    }
    head
}

/// Says for whom a request is to who speaks another era for a server, and keeps a session with it for
/// each caller: the consumer, or who is nobody in particular by its address.
pub(super) fn tell_caller(head: &mut RequestHead, way: &HttpWay, exchange: &Exchange<'_>) {
    if !way.is_across {
        return;
    }
    let service = exchange.matched.and_then(|matched| matched.service);
    let service = service.map_or("", |service| service.name.as_str());
    let caller = match exchange.caller_name() {
        Some(consumer) => format!("{service} consumer {consumer}"),
        None => format!("{service} address {}", exchange.client.ip()),
    };
    if is_value(caller.as_bytes()) {
        head.fields.set(CALLER, caller.as_bytes());
    }
}

fn goes_along(field: Field<'_>) -> bool {
    let Ok(name) = str::from_utf8(field.name) else { return false };
    let prefix = header::PARAM_PREFIX.as_bytes();
    let is_param =
        name.len() > prefix.len() && name.as_bytes()[..prefix.len()].eq_ignore_ascii_case(prefix);
    is_param || ALONG.iter().any(|along| name.eq_ignore_ascii_case(along))
}

/// What is said beside a message of a legacy client: the revision, and the session with the server.
pub(super) fn beside_legacy(version: Option<&str>, own: Option<&ServerSession>) -> Beside {
    let mut beside = Beside::new();
    let version = own.map(|own| own.revision.as_str()).or(version);
    if let Some(version) = version {
        beside.push((header::VERSION, version.to_owned()));
    }
    if let Some(id) = own.and_then(|own| own.id.as_deref()) {
        beside.push((header::SESSION, id.to_owned()));
    }
    beside
}

/// What is said beside a message of a modern client, which the server knows by `own` where it is
/// called otherwise there.
pub(super) fn beside_modern(message: &Message, text: &str, own: Option<&str>) -> Beside {
    let mut beside = heads_of(message, text);
    if let Some(version) = message.text(Part::MetaVersion, text) {
        set(&mut beside, header::VERSION, version.into_owned());
    } else {
        set(&mut beside, header::VERSION, Revision::V2026_07_28.as_str().to_owned());
    }
    if let Some(own) = own.filter(|_| beside.iter().any(|(name, _)| *name == header::NAME)) {
        set(&mut beside, header::NAME, header::encode(own).into_owned());
    }
    beside
}

/// What is said beside a message, by the era of who says it.
pub(super) fn beside(
    era: Era,
    (message, text): (&Message, &str),
    own_name: Option<&str>,
    (version, session): (Option<&str>, Option<&ServerSession>),
) -> Beside {
    match era {
        Era::Modern => beside_modern(message, text, own_name),
        Era::Legacy => beside_legacy(version, session),
    }
}

fn set(beside: &mut Beside, name: &'static str, value: String) {
    match beside.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => beside.push((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_along_by_which_a_client_could_say_who_it_is() {
        let goes = |name: &str| {
            let mut fields = Fields::new();
            fields.append(name, b"x");
            fields.iter().all(goes_along)
        };
        for name in ["traceparent", "X-Request-Id", "Mcp-Param-Token", "accept-language"] {
            assert!(goes(name), "{name}");
        }
        for name in [
            "Authorization",
            "cookie",
            "X-Api-Key",
            "x-goog-api-key",
            "Origin",
            "Mcp-Session-Id",
            "Last-Event-ID",
            "Sec-Fetch-Site",
            "x-consumer-name",
            "X-Forwarded-For",
            "Forwarded",
            "Accept-Encoding",
            "X-Remote-User",
            "X-Amzn-Oidc-Identity",
            "X-Client-Cert",
            "X-HTTP-Method-Override",
            "Range",
            "If-None-Match",
            "Mcp-Param-",
            "x-tenant",
        ] {
            assert!(!goes(name), "{name}");
        }
    }
}
