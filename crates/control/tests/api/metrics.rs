//! `/metrics`.

use crate::gateway::Gateway;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[test]
fn a_scrape_shows_the_gateway_and_its_endpoints_in_a_stable_order() {
    let gateway = Gateway::start();
    gateway.upstream("orders").endpoint("127.0.0.1:9001".parse().unwrap()).unwrap().drain();
    let reply = gateway.get("/metrics");
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some(TEXT)));
    assert!(reply.text().contains("\narchitrave_config_generation 0\n"), "{}", reply.text());
    let available: Vec<_> = reply
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("architrave_endpoint_available"))
        .collect();
    assert_eq!(
        available,
        [
            "{upstream=\"billing\",endpoint=\"127.0.0.1:9101\"} 1",
            "{upstream=\"orders\",endpoint=\"127.0.0.1:9001\"} 0",
            "{upstream=\"orders\",endpoint=\"127.0.0.1:9002\"} 1",
            "{upstream=\"orders\",endpoint=\"[::1]:9003\"} 1",
        ]
    );
}

#[test]
fn the_scraper_chooses_the_dialect() {
    let gateway = Gateway::start();
    for (accept, content_type) in [
        ("*/*", TEXT),
        ("text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.1", TEXT),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OPEN),
    ] {
        let reply = gateway.send("GET", "/metrics", &[("accept", accept)], "");
        assert_eq!(reply.header("content-type"), Some(content_type), "{accept}");
        assert_eq!(reply.text().ends_with("# EOF\n"), content_type == OPEN, "{accept}");
    }
}

#[test]
fn what_is_counted_shows_in_the_next_scrape() {
    let gateway = Gateway::start();
    gateway.metrics.gateway().panicked();
    let reply = gateway.get("/metrics");
    assert!(reply.text().contains("\narchitrave_panics_total 1\n"), "{}", reply.text());
}
