//! Talk over WebSockets, which goes through as it comes.

use architrave_testkit::websocket::{WebSocket, echo_origin};
use architrave_testkit::{Client, Gateway};

use super::house::{BOB, keyed, with_ada, with_bob};
use super::{KEY, config, gateway, parsed};

#[test]
fn both_sides_talk_by_the_names_and_keys_of_their_own() {
    let origin = echo_origin();
    let gateway = gateway(&[&origin], "");
    let mut socket =
        WebSocket::connect(gateway.web(), "h", "/v1/realtime?model=fast").expect("switched");
    socket.echo("hello");
    let got = &origin.requests()[0];
    assert_eq!(got.target, "/v1/realtime?model=there-0");
    assert_eq!(got.get("authorization"), Some("Bearer upstream-key-0"));
}

#[test]
fn keys_of_browsers_stay_here() {
    let origin = echo_origin();
    let gateway = gateway(&[&origin], "");
    let ask = "GET /v1/realtime?model=fast HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
               Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
               Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
               Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-0123456789\r\n\r\n";
    let mut client = Client::connect(gateway.web());
    client.send(ask).expect("sent");
    assert_eq!(client.read_head().expect("a head").expect("a head").status(), 101);
    assert_eq!(origin.requests()[0].get("sec-websocket-protocol"), Some("realtime"));
}

#[test]
fn a_key_of_a_browser_says_who_calls() {
    let origin = echo_origin();
    let gateway = Gateway::start(with_ada(keyed(config(&[&origin])), ""));
    let shake = |key: &str| {
        let ask = format!(
            "GET /v1/realtime?model=fast HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{key}\r\n\r\n"
        );
        let mut client = Client::connect(gateway.web());
        client.send(ask).expect("sent");
        client.read_head().expect("a head").expect("a head").status()
    };
    assert_eq!(shake("nobodys-key-0123456789"), 401);
    assert_eq!(origin.count(), 0);
    assert_eq!(shake("ada-key-0123456789"), 101);
    let got = &origin.requests()[0];
    assert_eq!(got.get("sec-websocket-protocol"), Some("realtime"));
    assert_eq!(got.get("authorization"), Some("Bearer upstream-key-0"));
}

#[test]
fn without_a_websocket_and_for_whom_it_could_not_be_counted_it_is_refused() {
    let origin = echo_origin();
    let config = with_ada(keyed(config(&[&origin])), "budgets: [{ tokens: 9000, per: day }]");
    let gateway = Gateway::start(with_bob(config, ""));
    let path = "/v1/realtime?model=fast";
    let plain = Client::connect(gateway.web()).get("h", path, &[BOB]);
    assert_eq!(plain.status, 426, "{}", plain.text());
    let fields = [
        KEY,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let counted = Client::connect(gateway.web()).get("h", path, &fields);
    assert_eq!((counted.status, origin.count()), (403, 0), "{}", counted.text());
    assert!(parsed(&counted)["error"]["message"].as_str().is_some_and(|it| it.contains("budget")));
}
