//! `ip_filter`: who is let in by address, and whose address that is.

use architrave_testkit::client::{get, request};
use architrave_testkit::{Client, Config, Gateway, Origin};

use super::guarded;

fn status_from(gateway: &Gateway, local: [u8; 4]) -> u16 {
    Client::connect_from(local, gateway.web()).ask(request("GET", "h", "/", &[])).status
}

#[test]
fn denied_wins_and_all_but_the_allowed_are_denied() {
    let origin = Origin::named("a");
    let gateway = guarded(&origin, "ip_filter: { deny: [127.0.0.9/32] }");
    assert_eq!(status_from(&gateway, [127, 0, 0, 1]), 200);
    let response = Client::connect_from([127, 0, 0, 9], gateway.web()).get("h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (403, "forbidden"));

    let gateway = guarded(&origin, "ip_filter: { allow: [127.0.0.8/31] }");
    assert_eq!(status_from(&gateway, [127, 0, 0, 8]), 200);
    assert_eq!(status_from(&gateway, [127, 0, 0, 9]), 200);
    assert_eq!(status_from(&gateway, [127, 0, 0, 10]), 403);

    let policy = "ip_filter: { allow: [127.0.0.0/8], deny: [127.0.0.9/32] }";
    let gateway = guarded(&origin, policy);
    assert_eq!(status_from(&gateway, [127, 0, 0, 8]), 200);
    assert_eq!(status_from(&gateway, [127, 0, 0, 9]), 403);
}

#[test]
fn only_a_trusted_proxy_speaks_for_another() {
    let origin = Origin::named("a");
    let ask = |trusted: &str, forwarded: &str| {
        let config = Config::new()
            .listener("web", &format!("protocol: http\ntrusted_proxies: [{trusted}]"))
            .upstream("origin", &[origin.addr()], "")
            .route("all", "service: origin\npolicies: { ip_filter: { allow: [192.0.2.0/24] } }");
        let field = format!("X-Forwarded-For: {forwarded}");
        get(Gateway::start(config).web(), "h", "/", &[&field]).status
    };
    assert_eq!(ask("", "192.0.2.7"), 403, "a stranger's word");
    assert_eq!(ask("127.0.0.1/32", "192.0.2.7"), 200);
    assert_eq!(ask("127.0.0.1/32", "198.51.100.7"), 403);
    assert_eq!(ask("127.0.0.1/32", "192.0.2.7, 198.51.100.7"), 403, "the last stranger counts");
    assert_eq!(ask("\"127.0.0.1/32\", 198.51.100.0/24", "192.0.2.7, 198.51.100.7"), 200);
    assert_eq!(ask("127.0.0.1/32", "nonsense"), 403);
}
