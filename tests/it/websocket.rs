//! WebSocket: the handshake passes, then bytes flow both ways until either side is done.

use std::time::Duration;

use architrave_testkit::python::{self, PythonOrigin};
use architrave_testkit::websocket::{WebSocket, echo_origin};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, Stopwatch, eventually};

#[test]
fn frames_of_every_size_come_back() {
    let origin = echo_origin();
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut socket = WebSocket::connect(gateway.web(), "h", "/chat").expect("switched");
    for length in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        socket.echo(&"x".repeat(length));
    }
    let request = &origin.requests()[0];
    assert_eq!(request.get("upgrade").map(str::to_lowercase).as_deref(), Some("websocket"));
    assert!(request.get("connection").is_some_and(|v| v.to_lowercase().contains("upgrade")));
    assert_eq!(request.get("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn other_peoples_clients_and_servers_are_content() {
    let server = PythonOrigin::start("websocket_server.py", &[]);
    let gateway = Gateway::start(Config::single(server.addr()));
    let said = python::run("websocket_client.py", &[&format!("ws://{}/", gateway.web())]);
    assert_eq!(said.trim(), "ok");
}

#[test]
fn browsers_ask_for_more_than_one_thing_at_once() {
    let origin = echo_origin();
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
               Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
               Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n";
    client.send(ask).unwrap();
    let head = client.read_head().unwrap().expect("an answer");
    assert_eq!(head.status(), 101);
    assert_eq!(head.get("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let request = &origin.requests()[0];
    assert_eq!(request.get("sec-websocket-protocol"), Some("chat, superchat"));
    assert_eq!(request.get("sec-websocket-extensions"), Some("permessage-deflate"));
}

#[test]
fn a_refusal_to_switch_is_an_ordinary_answer() {
    let origin = Origin::start(|exchange| exchange.reply(426, &[("X-Why", "no")], "not here"));
    let gateway = Gateway::start(Config::single(origin.addr()));
    let refused = WebSocket::connect(gateway.web(), "h", "/").err().expect("refused");
    assert_eq!((refused.status, refused.get("x-why")), (426, Some("no")));
}

#[test]
fn policies_and_routes_apply_before_a_switch() {
    let origin = echo_origin();
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "hosts: [chat.example]\nservice: origin\npolicies: { key_auth: {} }")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]");
    let gateway = Gateway::start(config);
    let status = |host| WebSocket::connect(gateway.web(), host, "/").err().expect("refused").status;
    assert_eq!((status("chat.example"), status("other.example")), (401, 404));
    assert_eq!(origin.count(), 0);
}

#[test]
fn when_one_side_ends_the_other_is_told() {
    let origin = Origin::start(|exchange| {
        exchange
            .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
        match exchange.target() {
            "/origin-closes" => exchange.close(),
            "/origin-resets" => exchange.reset(),
            _ => {
                let _ = exchange.is_abandoned_within(SOON);
                exchange.close();
            }
        }
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let switch = |path: &str| {
        let mut client = Client::connect(gateway.web());
        client
            .send(format!(
                "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
            ))
            .unwrap();
        assert_eq!(client.read_head().unwrap().expect("an answer").status(), 101);
        client
    };
    for path in ["/origin-closes", "/origin-resets"] {
        assert!(switch(path).ends_within(SOON), "{path}");
    }
    let mut client = switch("/client-closes");
    client.close();
    eventually("the origin is told", SOON, || (origin.open_connections() == 0).then_some(()));
    let mut client = switch("/client-resets");
    client.reset();
    eventually("the origin is told", SOON, || (origin.open_connections() == 0).then_some(()));
}

#[test]
fn a_tunnel_in_which_nobody_speaks_is_closed_at_last() {
    let origin = echo_origin();
    let config = Config::new()
        .listener("web", "protocol: http\ntimeouts: { idle: 1s, head: 1s }")
        .upstream("origin", &[origin.addr()], "timeouts: { idle: 1s }")
        .route("all", "service: origin\ntimeout: 300ms");
    let gateway = Gateway::start(config);
    let mut socket = WebSocket::connect(gateway.web(), "h", "/").expect("switched");
    // Longer in all than any timeout, never silent for long.
    for _ in 0..8 {
        assert!(socket.client().is_silent_for(Duration::from_millis(250)));
        socket.echo("still here");
    }
    let watch = Stopwatch::start();
    assert!(socket.client().ends_within(SOON));
    assert!(watch.elapsed() > Duration::from_millis(700), "{:?}", watch.elapsed());
}

#[test]
fn many_sockets_stay_open_at_once() {
    let origin = echo_origin();
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut sockets: Vec<_> =
        (0..200).map(|_| WebSocket::connect(gateway.web(), "h", "/").expect("switched")).collect();
    for (place, socket) in sockets.iter_mut().enumerate() {
        socket.echo(&format!("number {place}"));
    }
    drop(sockets);
    eventually("all are closed", SOON, || (origin.open_connections() == 0).then_some(()));
    let answer = Client::connect(gateway.web()).try_ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(matches!(answer, Ok(ref response) if response.status == 426), "{answer:?}");
}

#[test]
fn a_tunnel_is_logged_with_all_it_had_to_do_with() {
    let origin = echo_origin();
    let config = Config::new()
        .web()
        .upstream("chat-origin", &[origin.addr()], "")
        .route("chat", "service: chat-origin\npolicies: { key_auth: {} }")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let mut client = switch(&gateway, "X-Api-Key: ada-key-0123456789").expect("switched");
    client.close();
    let line = |protocol: &str| {
        gateway.stdout().wait_for(&format!("a line about {protocol}"), 0, SOON, |line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("every line is JSON");
            (line["protocol"] == protocol).then_some(line)
        })
    };
    let (exchange, tunnel) = (line("HTTP/1.1"), line("tunnel"));
    assert_eq!((&exchange["status"], &tunnel["status"]), (&101.into(), &serde_json::Value::Null));
    let names = ["listener", "route", "service", "consumer", "upstream", "endpoint", "attempts"];
    for name in names.iter().chain(&["request_id", "trace_id", "client_ip", "client_port"]) {
        assert!(tunnel[*name] == exchange[*name] && !tunnel[*name].is_null(), "{name}: {tunnel}");
    }
    assert_eq!((&tunnel["route"], &tunnel["upstream"]), (&"chat".into(), &"chat-origin".into()));
    assert_eq!(tunnel["endpoint"], origin.addr().to_string());
}

/// Asks for a switch with one more field; the connection when there was one, else the status.
fn switch(gateway: &Gateway, field: &str) -> Result<Client, u16> {
    let mut client = Client::connect(gateway.web());
    let ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
               Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    client.send(format!("{ask}{field}\r\n\r\n")).expect("the request is taken");
    match client.read_head().expect("an answer").expect("a head").status() {
        101 => Ok(client),
        status => Err(status),
    }
}

#[test]
fn a_tunnel_holds_its_consumers_place_until_it_ends() {
    let origin = echo_origin();
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\npolicies: { key_auth: {} }")
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }]\nlimits: { parallel: 1 }");
    let gateway = Gateway::start(config);
    let key = "X-Api-Key: ada-key-0123456789";
    let mut first = switch(&gateway, key).expect("switched");
    assert_eq!(switch(&gateway, key).err(), Some(429));
    first.close();
    eventually("the place is free again", SOON, || switch(&gateway, key).ok());
}
