//! Talk over WebSockets, which goes through as it comes.

use architrave_testkit::websocket::{WebSocket, echo_origin};
use architrave_testkit::{Client, Gateway, Origin};
use serde_json::{Value, json};

use super::house::{BOB, keyed, with_ada, with_bob};
use super::{KEY, config, gateway, parsed, post, reply};

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
fn without_a_websocket_or_a_model_it_is_refused() {
    let origin = echo_origin();
    let gateway = gateway(&[&origin], "");
    let plain = Client::connect(gateway.web()).get("h", "/v1/realtime?model=fast", &[]);
    assert_eq!((plain.status, origin.count()), (426, 0), "{}", plain.text());
    let nameless = WebSocket::connect(gateway.web(), "h", "/v1/realtime").err().expect("refused");
    assert_eq!((nameless.status, origin.count()), (400, 0), "{}", nameless.text());
}

#[test]
fn keys_for_a_talk_are_asked_for_by_the_names_and_keys_of_their_own() {
    let origin = Origin::start(|exchange| {
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let said = json!({ "value": "ek_0123456789", "expires_at": 7, "session": asked });
        reply(exchange, 200, &said.to_string());
    });
    let limited = with_ada(keyed(config(&[&origin])), "budgets: [{ tokens: 9000, per: day }]");
    let gateway = Gateway::start(with_bob(limited, ""));
    let session = json!({ "type": "realtime", "model": "fast", "instructions": "be brief" });
    let secret =
        json!({ "session": session, "expires_after": { "anchor": "created_at", "seconds": 60 } });
    for (path, body, model) in [
        ("/v1/realtime/client_secrets", &secret, "/session/model"),
        ("/v1/realtime/sessions", &session, "/model"),
    ] {
        let before = origin.count();
        let answer = post(gateway.web(), path, &[BOB], body);
        assert_eq!((answer.status, &parsed(&answer)["value"]), (200, &json!("ek_0123456789")));
        let got = origin.last();
        assert_eq!((&*got.target, got.get("authorization")), (path, Some("Bearer upstream-key-0")));
        let sent: Value = serde_json::from_slice(&got.body).expect("JSON");
        assert_eq!(sent.pointer(model), Some(&json!("there-0")), "{sent}");
        assert!(sent.to_string().contains("be brief"), "{sent}");
        assert_eq!(origin.count(), before + 1, "{path}");
        // Whoever is held to a budget gets a key that is good here alone.
        let counted = post(gateway.web(), path, &[KEY], body);
        assert_eq!(counted.status, 200, "{}", counted.text());
        assert_ne!(parsed(&counted)["value"], json!("ek_0123456789"));
        let mut nameless = body.clone();
        *nameless.pointer_mut(model).expect("a model") = json!("");
        assert_eq!(post(gateway.web(), path, &[BOB], &nameless).status, 400, "{path}");
        let nameless = json!({ "session": { "type": "realtime" } });
        assert_eq!(post(gateway.web(), path, &[BOB], &nameless).status, 400, "{path}");
        let mut other = body.clone();
        *other.pointer_mut(model).expect("a model") = json!("nobodys");
        assert_eq!(post(gateway.web(), path, &[BOB], &other).status, 404, "{path}");
    }
}
