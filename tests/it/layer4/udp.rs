//! UDP: flows that stay with their endpoint until they are silent.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use architrave_testkit::l4::UdpOrigin;
use architrave_testkit::process::Ending;
use architrave_testkit::wait::throughout;
use architrave_testkit::{Config, Gateway, Reloaded, SOON, eventually};

fn file(endpoints: &[SocketAddr], rule: &str, upstream: &str) -> Config {
    Config::new()
        .listener("l4", &format!("protocol: udp\nforward: [{{ upstream: origin{rule} }}]"))
        .upstream("origin", endpoints, upstream)
}

fn client(gateway: &Gateway) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the system gives a port");
    socket.connect(gateway.addr("l4")).expect("a datagram socket connects");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
    socket
}

#[track_caller]
fn ask(socket: &UdpSocket, text: &[u8]) -> Vec<u8> {
    socket.send(text).expect("a datagram can be sent");
    let mut space = vec![0; 1 << 16];
    let count = socket.recv(&mut space).expect("an answer comes");
    space.truncate(count);
    space
}

#[test]
fn datagrams_pass_both_ways_whole() {
    let origin = UdpOrigin::start("a");
    let gateway = Gateway::start(file(&[origin.addr()], "", ""));
    let socket = client(&gateway);
    for length in [0, 1, 512, 1_472, 9_000, 60_000] {
        let text = vec![b'x'; length];
        assert_eq!(ask(&socket, &text), [b"a:".to_vec(), text].concat(), "{length} bytes");
    }
    assert_eq!(origin.flows(), 1);
}

#[test]
fn the_longest_datagrams_pass_over_ipv6_as_well() {
    let origin = UdpOrigin::start_on(Ipv6Addr::LOCALHOST.into(), "a");
    let forward = "protocol: udp\nforward: [{ upstream: origin }]";
    let config = Config::new().listener_at("l4", "[::1]:0", forward);
    let gateway = Gateway::start(config.upstream("origin", &[origin.addr()], ""));
    let socket = UdpSocket::bind("[::1]:0").expect("the system gives a port");
    socket.connect(gateway.addr("l4")).expect("a datagram socket connects");
    socket.set_read_timeout(Some(SOON)).expect("a timeout can be set");
    // More than the gateway sends one by one before it works in batches; the answer is two longer.
    for round in 0..100 {
        let text = vec![b'x'; 65_507 - 2];
        assert_eq!(ask(&socket, &text).len(), 65_507, "round {round}");
    }
}

#[test]
fn each_client_has_a_flow_of_its_own_and_keeps_its_endpoint() {
    let (one, two) = (UdpOrigin::start("one"), UdpOrigin::start("two"));
    let gateway = Gateway::start(file(&[one.addr(), two.addr()], "", "balance: round_robin"));
    let sockets: Vec<_> = (0..20).map(|_| client(&gateway)).collect();
    let places: Vec<_> = sockets.iter().map(|socket| ask(socket, b"0")).collect();
    for round in 1..5_u8 {
        for (socket, first) in sockets.iter().zip(&places) {
            let again = ask(socket, &[round]);
            assert_eq!(again[..4], first[..4], "a flow moved");
        }
    }
    let ones = places.iter().filter(|place| place.starts_with(b"one")).count();
    assert_eq!(ones, 10, "{places:?}");
    assert_eq!((one.flows(), two.flows()), (10, 10));
}

#[test]
fn a_flow_ends_when_it_is_silent() {
    let origin = UdpOrigin::start("a");
    let gateway = Gateway::start(file(&[origin.addr()], ", flow_idle: 500ms", ""));
    let socket = client(&gateway);
    let open =
        || gateway.metrics().sum("architrave_listener_connections_open", &[("listener", "l4")]);
    for _ in 0..6 {
        ask(&socket, b"x");
        throughout("the flow is kept", Duration::from_millis(200), || open() == 1.0);
    }
    assert_eq!(origin.flows(), 1);
    eventually("the flow ends", SOON, || (open() == 0.0).then_some(()));
    ask(&socket, b"x");
    assert_eq!(origin.flows(), 2);
}

#[test]
fn answers_come_from_the_address_that_was_asked() {
    let origin = UdpOrigin::start("a");
    let gateway = Gateway::start(file(&[origin.addr()], "", ""));
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the system gives a port");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout can be set");
    socket.send_to(b"x", gateway.addr("l4")).expect("a datagram can be sent");
    let (_, from) = socket.recv_from(&mut [0; 100]).expect("an answer comes");
    assert_eq!(from, gateway.addr("l4"));
}

#[test]
fn an_endpoint_that_is_gone_harms_nobody_else() {
    let gone = UdpOrigin::start("gone");
    let address = gone.addr();
    drop(gone);
    let here = UdpOrigin::start("here");
    let gateway = Gateway::start(file(&[address, here.addr()], "", "balance: round_robin"));
    let answered = (0..10)
        .filter(|_| {
            let socket = client(&gateway);
            socket
                .set_read_timeout(Some(Duration::from_millis(300)))
                .expect("a timeout can be set");
            let _ = socket.send(b"x");
            socket.recv(&mut [0; 100]).is_ok()
        })
        .count();
    assert!(answered >= 5, "{answered} of 10");
    assert_eq!(gateway.admin_get("/healthz").status, 200);
}

#[test]
fn many_flows_are_told_apart() {
    let origin = UdpOrigin::start("a");
    let gateway = Gateway::start(file(&[origin.addr()], "", ""));
    let sockets: Vec<_> = (0..300).map(|_| client(&gateway)).collect();
    for (number, socket) in sockets.iter().enumerate() {
        let text = number.to_string();
        assert_eq!(ask(socket, text.as_bytes()), format!("a:{number}").into_bytes());
    }
    assert_eq!(origin.flows(), 300);
}

#[test]
fn flows_outlive_a_reload_and_the_end_is_clean() {
    let (one, two) = (UdpOrigin::start("one"), UdpOrigin::start("two"));
    let gateway = Gateway::start(file(&[one.addr()], "", ""));
    let old = client(&gateway);
    assert_eq!(ask(&old, b"x"), b"one:x");
    assert_eq!(gateway.reload(file(&[two.addr()], "", "")), Reloaded::Taken);
    assert_eq!(ask(&client(&gateway), b"x"), b"two:x");
    assert_eq!(ask(&old, b"x"), b"one:x", "the flow keeps its endpoint");
    drop(old);
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn a_flow_for_which_there_is_no_place_is_logged_with_its_upstream() {
    let origin = UdpOrigin::start("a");
    let config = file(&[origin.addr()], "", "limits: { connections: 1 }");
    let gateway = Gateway::start(config.access_log("{ stdout: {} }"));
    let first = client(&gateway);
    assert_eq!(ask(&first, b"x"), b"a:x");
    client(&gateway).send(b"x").expect("a datagram can be sent");
    let line = gateway.stdout().wait_for("a line about the second flow", 0, SOON, |line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("every line is JSON");
        (line["reason"] == "queue_full").then_some(line)
    });
    assert_eq!((&line["protocol"], &line["upstream"]), (&"udp".into(), &"origin".into()), "{line}");
}
