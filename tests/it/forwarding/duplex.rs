//! A request whose body is still on its way while its response already is.

use std::time::Duration;

use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};

const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

fn gateway(origin: &Origin) -> Gateway {
    let config = Config::new()
        .listener("web", "protocol: http\ntimeouts: { body_stall: 300ms }")
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    Gateway::start(config)
}

#[test]
fn a_client_may_listen_for_long_before_it_speaks_again() {
    let origin = Origin::start(|exchange| {
        exchange.send(HEAD);
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(100));
            exchange.send_chunk("tick");
        }
        let body = exchange.read_body();
        exchange.send_chunk(body);
        exchange.send_chunk("");
    });
    let gateway = gateway(&origin);
    let mut client = Client::connect(gateway.web());
    client.send(POST).expect("the head is taken");
    client.read_head().expect("an answer").expect("a head");
    for _ in 0..8 {
        assert_eq!(client.read_chunk().expect("it goes on"), b"tick");
    }
    client.send("4\r\nlate\r\n0\r\n\r\n").expect("the rest is taken");
    assert_eq!(client.read_chunk().expect("it is heard"), b"late");
}

#[test]
fn an_endpoint_does_not_wait_for_a_body_that_broke() {
    let origin = Origin::start(|exchange| {
        exchange.send(HEAD);
        exchange.send_chunk("first");
        exchange.read_body();
    });
    let gateway = gateway(&origin);
    let mut client = Client::connect(gateway.web());
    client.send(POST).expect("the head is taken");
    client.read_head().expect("an answer").expect("a head");
    assert_eq!(client.read_chunk().expect("it has begun"), b"first");
    client.send("no chunk\r\n").expect("it is taken");
    let is_let_go = || (origin.open_connections() == 0).then_some(());
    eventually("the origin is let go", SOON, is_let_go);
    assert!(client.ends_within(SOON));
}
