//! Who asked, as the origin is told: X-Forwarded-*, Forwarded, X-Request-Id, traceparent.

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin, Request};

/// What a liar says about where a request comes from.
const CLAIMS: [&str; 9] = [
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: bank.example",
    "Forwarded: for=203.0.113.7;proto=https;host=bank.example",
    "X-Real-IP: 203.0.113.7",
    "X-Forwarded-Prefix: /bank.example",
    "x-forwarded-ssl: bank.example",
    "X-Forwarded-User: bank.example",
    "Front-End-Https: bank.example",
];

fn ask(listener: &str, fields: &[&str]) -> Request {
    let origin = Origin::named("a");
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{listener}"))
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    let gateway = Gateway::start(config);
    assert_eq!(get(gateway.web(), "shop.example", "/", fields).status, 200);
    origin.only()
}

#[test]
fn the_origin_is_told_who_asked() {
    let request = ask("", &[]);
    assert_eq!(request.get("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.get("x-forwarded-proto"), Some("http"));
    assert_eq!(request.get("x-forwarded-host"), Some("shop.example"));
    let forwarded = request.get("forwarded").expect("Forwarded is written").to_lowercase();
    assert!(forwarded.contains("for=127.0.0.1"), "{forwarded}");
    assert!(forwarded.contains("proto=http"), "{forwarded}");
    assert!(forwarded.contains("shop.example"), "{forwarded}");
}

#[test]
fn a_stranger_is_not_believed() {
    let request = ask("", &CLAIMS);
    assert_eq!(request.get("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.get("x-forwarded-proto"), Some("http"));
    assert_eq!(request.get("x-forwarded-host"), Some("shop.example"));
    let all = format!("{:?}", request.head.fields);
    assert!(!all.contains("203.0.113.7") && !all.contains("bank.example"), "{all}");
}

#[test]
fn several_fields_of_a_stranger_are_all_replaced() {
    let fields = [
        "X-Forwarded-For: 203.0.113.7",
        "X-Forwarded-For: 203.0.113.8",
        "x-forwarded-for: 9.9.9.9",
    ];
    assert_eq!(ask("", &fields).head.all("x-forwarded-for"), ["127.0.0.1"]);
}

#[test]
fn a_trusted_proxy_is_believed_and_added() {
    let request = ask("trusted_proxies: [127.0.0.0/8]", &CLAIMS);
    let chain = request.head.all("x-forwarded-for").join(", ");
    assert_eq!(chain, "203.0.113.7, 127.0.0.1");
    assert_eq!(request.get("x-forwarded-proto"), Some("https"));
    assert_eq!(request.get("x-forwarded-host"), Some("bank.example"));
    assert_eq!(request.get("x-forwarded-prefix"), Some("/bank.example"));
    let forwarded = request.head.all("forwarded").join(", ").to_lowercase();
    assert!(forwarded.starts_with("for=203.0.113.7"), "{forwarded}");
    assert!(forwarded.contains("for=127.0.0.1"), "{forwarded}");
}

#[test]
fn only_the_networks_named_are_trusted() {
    let request = ask("trusted_proxies: [10.0.0.0/8, \"::1/128\"]", &CLAIMS);
    assert_eq!(request.get("x-forwarded-for"), Some("127.0.0.1"));
}

#[test]
fn a_client_cannot_strip_what_the_gateway_adds() {
    let fields = ["Connection: close, X-Forwarded-For, Forwarded, X-Request-Id, traceparent, Host"];
    let request = ask("", &fields);
    assert_eq!(request.get("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.get("host"), Some("shop.example"));
    assert!(request.get("forwarded").is_some());
    assert!(request.get("x-request-id").is_some());
    assert!(request.get("traceparent").is_some());
}

#[test]
fn every_request_gets_an_id_of_its_own() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    for _ in 0..100 {
        client.get("shop.example", "/", &[]);
    }
    let requests = origin.requests();
    let mut ids: Vec<_> = requests.iter().map(|request| request.get("x-request-id")).collect();
    assert!(ids.iter().all(|id| id.is_some_and(|id| id.len() >= 16)), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_trace_is_made_where_there_is_none() {
    let request = ask("", &[]);
    let (version, trace, parent, _) = parts(&request);
    assert_eq!(version, "00");
    assert!(trace.len() == 32 && trace.bytes().any(|b| b != b'0'), "{trace}");
    assert!(parent.len() == 16 && parent.bytes().any(|b| b != b'0'), "{parent}");
}

#[test]
fn a_trace_is_continued_under_a_span_of_our_own() {
    let given = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = ask("", &[given, "tracestate: a=1,b=2"]);
    let (_, trace, parent, flags) = parts(&request);
    assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_ne!(parent, "00f067aa0ba902b7");
    assert_eq!(flags, "01");
    assert_eq!(request.get("tracestate"), Some("a=1,b=2"));
}

#[test]
fn a_malformed_trace_is_begun_anew() {
    for bad in [
        "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "traceparent: 00-4bf92f3577b34da6-00f067aa0ba902b7-01",
        "traceparent: nonsense",
    ] {
        let (_, trace, ..) = parts(&ask("", &[bad]));
        assert_eq!(trace.len(), 32, "{bad}");
        assert_ne!(trace.to_lowercase(), "4bf92f3577b34da6a3ce929d0e0e4736", "{bad}");
    }
}

fn parts(request: &Request) -> (String, String, String, String) {
    let value = request.get("traceparent").expect("traceparent is written");
    let parts: Vec<_> = value.split('-').map(str::to_owned).collect();
    let parts: [String; 4] = parts.try_into().expect("traceparent has four parts");
    let [version, trace, parent, flags] = parts;
    (version, trace, parent, flags)
}
