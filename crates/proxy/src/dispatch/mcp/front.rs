//! Who may knock at all: hosts and origins, and what HTTP says of a message before it is read.
//!
//! A page that a browser shows can call whatever the browser can reach, by a name that leads there
//! for the moment. So hosts are those that somebody has named, and origins too.

use architrave_config::{HostPattern, McpService};
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_net::{Fields, Known};

use crate::exchange::Exchange;

/// Holds `Host` and `Origin` to who may call.
///
/// # Errors
/// Which of them may not.
pub(super) fn check(exchange: &Exchange<'_>, service: &McpService) -> Result<(), Refusal> {
    let of_route = exchange.matched.map_or(&[][..], |matched| &matched.route.config.hosts);
    let named = if service.hosts.is_empty() { of_route } else { &service.hosts };
    let is_named = |host: &str| named.iter().any(|pattern| fits(pattern, host));
    let is_local = exchange.connection.destination.ip().to_canonical().is_loopback();
    let host = &*exchange.host;
    let may_call = match named {
        [] => !is_local || is_of_machine(host),
        _ => is_named(host),
    };
    if !may_call {
        return Err(Refusal::new(RefusalKind::WrongHost, ""));
    }
    let Some(origin) = exchange.head.fields.get_known(Known::Origin) else { return Ok(()) };
    let origin = String::from_utf8_lossy(origin).to_ascii_lowercase();
    let own = origin.split_once("://").map(|(_, authority)| host_of(authority));
    let is_own = own.is_some_and(|own| is_named(own) || (is_local && is_of_machine(own)));
    let is_let_in = service.origins.iter().any(|one| is_origin(one, &origin));
    match is_own || is_let_in {
        true => Ok(()),
        false => Err(Refusal::new(RefusalKind::WrongOrigin, "")),
    }
}

fn host_of(authority: &str) -> &str {
    architrave_net::message::host_of(authority)
}

fn fits(pattern: &HostPattern, host: &str) -> bool {
    match pattern {
        HostPattern::Exact(own) => own == host,
        HostPattern::Wildcard(parent) => host
            .strip_suffix(parent.as_str())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
    }
}

/// Whether an origin is one that is let in: `*`, itself, or a domain of `https://*.example.com`.
fn is_origin(written: &str, origin: &str) -> bool {
    let Some((scheme, parent)) = written.split_once("*.") else {
        return written == "*" || written == origin;
    };
    let label = origin.strip_prefix(scheme).and_then(|rest| rest.strip_suffix(parent));
    let is_of_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    label.is_some_and(|label| {
        label.len() > 1
            && label.ends_with('.')
            && !label.starts_with('.')
            && label.bytes().all(is_of_label)
    })
}

/// Whether a host is a name of the machine itself.
fn is_of_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Holds a POST to the types of the protocol.
///
/// # Errors
/// Its body is said to be something else, or it does not take what may come.
pub(super) fn takes_messages(fields: &Fields) -> Result<(), Refusal> {
    let said = fields.get("content-type").map(String::from_utf8_lossy).unwrap_or_default();
    let said = said.split(';').next().unwrap_or_default().trim();
    if !said.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(RefusalKind::WrongType, ""));
    }
    match accepts(fields, "application", "json") && accepts(fields, "text", "event-stream") {
        true => Ok(()),
        false => Err(Refusal::new(RefusalKind::NotAcceptable, "")),
    }
}

/// Holds a GET to the type of a stream.
///
/// # Errors
/// It does not take it.
pub(super) fn takes_events(fields: &Fields) -> Result<(), Refusal> {
    match accepts(fields, "text", "event-stream") {
        true => Ok(()),
        false => Err(Refusal::new(RefusalKind::NotAcceptable, "")),
    }
}

/// Whether `Accept` names a type; where it is not there, everything is taken.
fn accepts(fields: &Fields, family: &str, kind: &str) -> bool {
    if !fields.contains("accept") {
        return true;
    }
    fields.all("accept").any(|line| {
        String::from_utf8_lossy(line).split(',').any(|one| {
            let one = one.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let Some((of, own)) = one.split_once('/') else { return false };
            (of == "*" || of == family) && (own == "*" || own == kind)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_takes_names_below_it_alone() {
        let wild = HostPattern::Wildcard("example.com".to_owned());
        for (host, is_right) in [
            ("a.example.com", true),
            ("a.b.example.com", true),
            ("example.com", false),
            (".example.com", false),
            ("badexample.com", false),
        ] {
            assert_eq!(fits(&wild, host), is_right, "{host}");
        }
    }

    #[test]
    fn origins_are_compared_whole() {
        for (written, origin, is_right) in [
            ("*", "null", true),
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://a.example:8443", false),
            ("https://*.example", "https://b.example", true),
            ("https://*.example", "https://example", false),
            ("https://*.example", "https://evil.com/.example", false),
            ("https://*.example", "http://b.example", false),
        ] {
            assert_eq!(is_origin(written, origin), is_right, "{written} {origin}");
        }
    }

    #[test]
    fn the_machine_is_known_by_its_names() {
        for host in ["localhost", "a.localhost", "127.0.0.1", "127.9.0.1", "[::1]"] {
            assert!(is_of_machine(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "example.com", "", "[::2]"] {
            assert!(!is_of_machine(host), "{host}");
        }
    }

    #[test]
    fn both_types_must_be_taken() {
        let fields = |accept: &str| {
            let mut fields = Fields::new();
            fields.append("Content-Type", b"application/json; charset=utf-8");
            fields.append("Accept", accept.as_bytes());
            fields
        };
        for (accept, is_right) in [
            ("application/json, text/event-stream", true),
            ("TEXT/event-stream;q=0.9,application/json", true),
            ("*/*", true),
            ("application/json", false),
            ("text/event-stream", false),
            ("text/*", false),
        ] {
            assert_eq!(takes_messages(&fields(accept)).is_ok(), is_right, "{accept}");
        }
    }
}
