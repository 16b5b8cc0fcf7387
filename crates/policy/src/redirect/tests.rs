//! Where requests are sent, as a table.

use architrave_config::PolicySet;

use super::*;
use crate::exercise::{Exchange, chain};

fn policy(scheme: &str, host: &str, port: u16, path: &str) -> config::Redirect {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    config::Redirect {
        scheme: given(scheme),
        host: given(host),
        port: (port > 0).then_some(port),
        path: given(path),
        status: 308,
    }
}

/// `url` is where the request came to; `expected` the location, or empty when it goes on.
#[track_caller]
fn check(redirect: config::Redirect, url: &str, expected: &str) {
    let chain = chain(PolicySet { redirect: Some(redirect), ..PolicySet::default() });
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, target) = rest.split_at(rest.find('/').unwrap());
    let mut exchange = Exchange::get(target, &[]);
    exchange.head.authority = authority.into();
    exchange.is_tls = scheme == "https";
    let reply = exchange.admit(&chain);
    let location = reply.as_ref().and_then(|reply| reply.fields.get("location")).unwrap_or(b"");
    assert_eq!(String::from_utf8_lossy(location), expected, "{url}");
    if let Some(reply) = reply.filter(|_| !expected.is_empty()) {
        assert_eq!((reply.status, reply.reason), (308, None));
    }
}

#[test]
fn what_is_not_given_stays() {
    check(policy("", "b.test", 0, ""), "http://a.test/x?y=1&y=2", "http://b.test/x?y=1&y=2");
    check(policy("", "b.test", 0, ""), "http://a.test:8080/x?", "http://b.test:8080/x?");
    check(policy("", "", 0, "/new"), "https://a.test/x?q", "https://a.test/new?q");
    check(policy("", "", 81, ""), "http://a.test/x", "http://a.test:81/x");
    check(policy("", "", 81, ""), "http://[::1]:8080/", "http://[::1]:81/");
}

#[test]
fn another_scheme_brings_its_own_port() {
    check(policy("https", "", 0, ""), "http://a.test/x", "https://a.test/x");
    check(policy("https", "", 0, ""), "http://a.test:8080/x", "https://a.test/x");
    check(policy("https", "", 8443, ""), "http://a.test:8080/x", "https://a.test:8443/x");
    check(policy("http", "", 443, ""), "https://a.test/x", "http://a.test:443/x");
}

#[test]
fn a_request_that_is_already_there_goes_on() {
    check(policy("https", "", 0, ""), "https://a.test/x?y", "");
    check(policy("https", "A.test", 0, ""), "https://a.test:443/x", "");
    check(policy("", "", 0, "/x"), "http://a.test/x", "");
}

#[test]
fn a_path_never_becomes_a_host() {
    check(policy("https", "", 0, ""), "http://a.test//evil.test/x", "https://a.test/evil.test/x");
}

#[test]
fn a_host_that_is_none_is_not_repeated() {
    for authority in ["", "a@evil.test", "a test", "a\\b", "[::1", "[x]"] {
        let redirect = Some(policy("https", "", 0, ""));
        let chain = chain(PolicySet { redirect, ..PolicySet::default() });
        let mut exchange = Exchange::get("/", &[]);
        exchange.head.authority = authority.into();
        assert_eq!(exchange.refusal(&chain), Some(Reason::BadRequest), "{authority:?}");
    }
}
