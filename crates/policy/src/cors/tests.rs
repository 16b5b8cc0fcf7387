//! What browsers are told, as tables.

use std::time::Duration;

use architrave_config::PolicySet;
use architrave_config::policy::KeyAuth;
use architrave_core::Reason;

use super::*;
use crate::exercise::{Exchange, chain, lines};

fn shop() -> config::Cors {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    config::Cors {
        origins: texts(&["https://shop.example", "https://*.shop.example", "null"]),
        methods: texts(&["GET", "POST"]),
        headers: texts(&["content-type"]),
        expose: texts(&["x-total"]),
        credentials: true,
        max_age: Duration::from_secs(600),
    }
}

fn anyone() -> config::Cors {
    let any = || vec!["*".to_owned()];
    config::Cors {
        origins: any(),
        methods: any(),
        headers: any(),
        expose: Vec::new(),
        credentials: false,
        max_age: Duration::ZERO,
    }
}

/// A chain with the policy, on a route that also wants a key.
fn chain_with(cors: config::Cors) -> std::sync::Arc<crate::Chain> {
    let key_auth = KeyAuth {
        headers: vec!["authorization".into()],
        query: Vec::new(),
        forward: false,
        places_given: true,
    };
    chain(PolicySet { cors: Some(cors), key_auth: Some(key_auth), ..PolicySet::default() })
}

#[test]
fn a_preflight_is_answered_without_a_credential() {
    let chain = chain_with(shop());
    let fields = [
        ("Origin", "https://shop.example"),
        ("Access-Control-Request-Method", "DELETE"),
        ("Access-Control-Request-Headers", "x-anything"),
    ];
    let mut exchange = Exchange::new("OPTIONS", "/", &fields);
    let reply = exchange.admit(&chain).unwrap();
    assert_eq!((reply.status, reply.reason), (204, None));
    let answer = [
        "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        "access-control-allow-origin: https://shop.example",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: GET, POST",
        "access-control-allow-headers: content-type",
        "access-control-max-age: 600",
    ];
    assert_eq!(lines(&reply.fields), answer);
    let fields: Vec<_> = answer.iter().map(|line| line.split_once(": ").unwrap()).collect();
    assert_eq!(exchange.respond(&chain, &fields), answer, "the answer goes out as it is");
}

#[test]
fn where_anything_is_allowed_what_was_asked_is_repeated() {
    let mut exchange = Exchange::new(
        "OPTIONS",
        "/",
        &[
            ("origin", "https://any.test"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization, x-one"),
        ],
    );
    let reply = exchange.admit(&chain_with(anyone())).unwrap();
    let answer = [
        "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        "access-control-allow-origin: *",
        "access-control-allow-methods: PATCH",
        "access-control-allow-headers: authorization, x-one",
        "access-control-max-age: 0",
    ];
    assert_eq!(lines(&reply.fields), answer);
}

#[test]
fn what_is_no_list_of_names_is_not_repeated() {
    let mut exchange = Exchange::new(
        "OPTIONS",
        "/",
        &[
            ("origin", "https://any.test"),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "x: y<script>"),
        ],
    );
    let reply = exchange.admit(&chain_with(anyone())).unwrap();
    assert_eq!(reply.fields.get("access-control-allow-headers"), Some(&b"*"[..]));
}

#[test]
fn a_strange_origin_is_granted_nothing() {
    let fields = [("origin", "https://evil.test"), ("access-control-request-method", "GET")];
    let mut exchange = Exchange::new("OPTIONS", "/", &fields);
    let reply = exchange.admit(&chain_with(shop())).unwrap();
    assert_eq!(reply.status, 204);
    assert_eq!(reply.fields.len(), 1, "only Vary");
}

#[test]
fn what_is_no_preflight_is_a_request_like_any() {
    let chain = chain_with(shop());
    for fields in
        [&[("origin", "https://shop.example")][..], &[("access-control-request-method", "GET")]]
    {
        let mut exchange = Exchange::new("OPTIONS", "/", fields);
        assert_eq!(exchange.refusal(&chain), Some(Reason::CredentialMissing));
    }
    let fields = [("origin", "https://shop.example"), ("access-control-request-method", "GET")];
    let mut exchange = Exchange::get("/", &fields);
    assert_eq!(exchange.refusal(&chain), Some(Reason::CredentialMissing));
}

#[test]
fn the_gateway_speaks_for_the_service_and_for_itself() {
    let chain = chain_with(shop());
    let upstream = [
        ("Access-Control-Allow-Origin", "*"),
        ("access-control-expose-headers", "x-secret"),
        ("Vary", "Accept-Encoding"),
    ];
    let granted = [
        "Vary: Accept-Encoding",
        "access-control-allow-origin: https://eu.shop.example",
        "access-control-allow-credentials: true",
        "access-control-expose-headers: x-total",
        "vary: Origin",
    ];
    let key = ("authorization", "Bearer key-mobile");
    let mut exchange = Exchange::get("/", &[("origin", "https://eu.shop.example"), key]);
    assert!(exchange.admit(&chain).is_none());
    assert_eq!(exchange.respond(&chain, &upstream), granted);

    let mut refused = Exchange::get("/", &[("origin", "https://eu.shop.example")]);
    assert_eq!(refused.refusal(&chain), Some(Reason::CredentialMissing));
    assert_eq!(refused.respond(&chain, &[]), granted[1..], "a browser can read the 401");

    for fields in [&[key][..], &[key, ("origin", "https://evil.test")]] {
        let mut exchange = Exchange::get("/", fields);
        assert!(exchange.admit(&chain).is_none());
        assert_eq!(exchange.respond(&chain, &upstream), [granted[0], granted[4]]);
    }
}

#[test]
fn any_origin_needs_no_vary() {
    let chain = chain_with(anyone());
    let mut exchange = Exchange::get("/", &[("origin", "https://any.test")]);
    assert_eq!(exchange.refusal(&chain), Some(Reason::CredentialMissing));
    assert_eq!(exchange.respond(&chain, &[]), ["access-control-allow-origin: *"]);
}

#[test]
fn what_varies_already_is_not_said_twice() {
    let chain = chain_with(shop());
    let mut exchange = Exchange::get("/", &[]);
    assert!(exchange.admit(&chain).is_some());
    for vary in ["Accept, ORIGIN", "*"] {
        assert_eq!(exchange.respond(&chain, &[("vary", vary)]), [format!("vary: {vary}")]);
    }
}

#[test]
fn two_origins_are_none() {
    let chain = chain_with(shop());
    let twice = [("origin", "https://shop.example"), ("origin", "https://shop.example")];
    let mut exchange = Exchange::get("/", &twice);
    assert!(exchange.admit(&chain).is_some());
    assert_eq!(exchange.respond(&chain, &[]), ["vary: Origin"]);
}

#[test]
fn origins_match_exactly_or_as_subdomains() {
    let origins = Origins::new(&shop().origins);
    for origin in
        ["https://shop.example", "https://a.shop.example", "https://a.b-c.shop.example", "null"]
    {
        assert!(origins.contains(origin.as_bytes()), "{origin}");
    }
    for origin in [
        "",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.test",
        "https://evilshop.example",
        "https://.shop.example",
        "https://evil.test/.shop.example",
        "https://evil.test@a.shop.example",
        "https://evil.test:80.shop.example",
        "http://a.shop.example",
        "https://a.shop.example:8443",
        "https://SHOP.example",
    ] {
        assert!(!origins.contains(origin.as_bytes()), "{origin}");
    }
}
