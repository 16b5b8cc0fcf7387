//! The life of services, as callers meet it: told of an end, refused after it, and routed only to
//! what is published.

use architrave_testkit::client::get;
use architrave_testkit::{Config, Gateway, Origin, Reloaded, Response};

/// A gateway with one service `old` that has `life`, and `new` below /v2.
fn gateway(origin: &Origin, life: &str) -> Gateway {
    Gateway::start(
        Config::new()
            .web()
            .upstream("origin", &[origin.addr()], "")
            .service("old", &format!("http: {{ upstream: origin }}\n{life}"))
            .service("new", "http: { upstream: origin }")
            .route("new", "match: [{ path: { prefix: /v2 } }]\nservice: new")
            .route("old", "service: old"),
    )
}

fn ask(gateway: &Gateway, path: &str) -> Response {
    get(gateway.web(), "api.example", path, &[])
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).expect("answers here are text")
}

fn links(response: &Response) -> Vec<String> {
    response.head.all("link").into_iter().map(str::to_owned).collect()
}

#[test]
fn callers_of_a_deprecated_service_are_told_when_and_where_to_go() {
    let origin = Origin::named("a");
    let life = "state: deprecated\ndeprecated_at: 2026-10-01\nsunset_at: 2099-04-01T02:00:00+02:00\n\
                successor: new\nnotice: https://example.com/ends";
    let gateway = gateway(&origin, life);
    let answer = ask(&gateway, "/x");
    assert_eq!((answer.status, text(&answer)), (200, "a"));
    assert_eq!(answer.head.get("deprecation"), Some("@1790812800"));
    assert_eq!(answer.head.get("sunset"), Some("Wed, 01 Apr 2099 00:00:00 GMT"));
    let wanted = [
        "<https://example.com/ends>; rel=\"deprecation\"",
        "<https://example.com/ends>; rel=\"sunset\"",
        "</v2>; rel=\"successor-version\"",
    ];
    assert_eq!(links(&answer), wanted);
    let other = ask(&gateway, "/v2/x");
    assert_eq!((other.status, other.head.get("deprecation"), links(&other).len()), (200, None, 0));
}

#[test]
fn what_an_endpoint_says_of_its_own_end_stays() {
    let origin = Origin::start(|exchange| {
        let fields = [("Deprecation", "@1"), ("Link", "</mine>; rel=\"deprecation\"")];
        exchange.reply(200, &fields, "");
    });
    let gateway = gateway(&origin, "deprecated_at: 2026-10-01\nsuccessor: /v2");
    let answer = ask(&gateway, "/");
    assert_eq!(answer.head.all("deprecation"), ["@1"]);
    let wanted = ["</mine>; rel=\"deprecation\"", "</v2>; rel=\"successor-version\""];
    assert_eq!(links(&answer), wanted);
}

#[test]
fn a_retired_service_is_gone_and_says_what_took_its_place() {
    let origin = Origin::named("a");
    // By its state, and by a date that has come.
    for life in ["state: retired", "deprecated_at: 2020-01-01\nsunset_at: 2021-01-01"] {
        let gateway = gateway(&origin, &format!("{life}\nsuccessor: https://example.com/v2"));
        let answer = ask(&gateway, "/x");
        assert_eq!(answer.status, 410, "{life}");
        assert!(text(&answer).contains("\"reason\":\"retired\""), "{}", text(&answer));
        let successor = "\"successor\":\"https://example.com/v2\"";
        assert!(text(&answer).contains(successor), "{}", text(&answer));
        assert_eq!(links(&answer), ["<https://example.com/v2>; rel=\"successor-version\""]);
        assert_eq!(ask(&gateway, "/v2").status, 200);
    }
    assert!(origin.requests().iter().all(|request| request.target.starts_with("/v2")));
}

#[test]
fn a_window_of_a_brownout_is_answered_as_if_the_service_had_retired() {
    let origin = Origin::named("a");
    let windows = |from: &str| {
        format!("deprecated_at: 2020-01-01\nbrownouts: [{{ from: {from}, until: 2098-01-01 }}]")
    };
    let within = gateway(&origin, &windows("2021-01-01"));
    let answer = ask(&within, "/x");
    assert_eq!(answer.status, 410);
    assert!(text(&answer).contains("\"reason\":\"brownout\""), "{}", text(&answer));
    assert_eq!(answer.head.get("deprecation"), Some("@1577836800"));
    let before = gateway(&origin, &windows("2097-01-01"));
    assert_eq!(ask(&before, "/x").status, 200);
}

#[test]
fn a_suspended_service_is_away_for_a_while() {
    let origin = Origin::named("a");
    let gateway = gateway(&origin, "suspended: true");
    let file = std::fs::read_to_string(gateway.config_file()).unwrap();
    let answer = ask(&gateway, "/x");
    assert_eq!((answer.status, answer.head.get("retry-after")), (503, Some("60")));
    assert!(text(&answer).contains("\"reason\":\"suspended\""), "{}", text(&answer));
    assert_eq!(
        gateway.reload(file.replace("suspended: true", "suspended: false")),
        Reloaded::Taken
    );
    assert_eq!(ask(&gateway, "/x").status, 200);
}

#[test]
fn nobody_is_led_to_what_is_not_published() {
    let (old, new) = (Origin::named("old"), Origin::named("new"));
    for state in ["draft", "in_review", "archived"] {
        let config = Config::new()
            .web()
            .upstream("old", &[old.addr()], "")
            .upstream("new", &[new.addr()], "")
            .service("hidden", &format!("http: {{ upstream: old }}\nstate: {state}"))
            .service("shown", "http: { upstream: new }")
            .route("alone", "match: [{ path: { prefix: /alone } }]\nservice: hidden")
            .route(
                "shared",
                "match: [{ path: { prefix: /shared } }]\nmirror: { service: hidden, percent: 100 }\n\
                 services: [{ name: hidden, weight: 9 }, { name: shown, weight: 1 }]",
            )
            .route("wide", "match: [{ path: { prefix: /alone } }]\nhosts: [\"*.example\"]\nservice: shown");
        let gateway = Gateway::start(config);
        assert_eq!(get(gateway.web(), "other", "/alone", &[]).status, 404);
        assert_eq!(text(&ask(&gateway, "/alone")), "new", "the next one takes it");
        for _ in 0..20 {
            assert_eq!(text(&ask(&gateway, "/shared")), "new");
        }
    }
    assert!(old.requests().is_empty());
}

#[test]
fn a_client_of_models_is_told_in_its_own_words() {
    let config = Config::new()
        .web()
        .service("ai", "llm: { models: [\"*\"] }\nstate: retired\nsuccessor: /new")
        .route("ai", "service: ai\nkeep_prefix: true")
        .and("providers: [{ name: pretend, kind: mock }]\nmodels: [{ name: m, deployments: [{ provider: pretend, model: echo }] }]");
    let gateway = Gateway::start(config);
    let answer = ask(&gateway, "/v1/models");
    assert_eq!((answer.status, answer.head.get("content-type")), (410, Some("application/json")));
    let body: serde_json::Value = serde_json::from_str(text(&answer)).unwrap();
    assert_eq!(body["error"]["message"], "the service has retired");
    assert_eq!(links(&answer), ["</new>; rel=\"successor-version\""]);
}
