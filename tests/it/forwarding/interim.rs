//! Interim responses: 100 (Continue) when the origin says so, 103 (Early Hints) as it comes.

use architrave_testkit::wait::Gate;
use architrave_testkit::{Client, Config, Gateway, Origin, WireError};

/// A request that waits before it sends its body of three bytes.
const EXPECTING: &str =
    "POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

#[test]
fn continue_lets_the_body_come() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = exchange.read_body();
        exchange.reply(200, &[], body);
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(EXPECTING).unwrap();
    let interim = client.read_head().unwrap().expect("an interim response");
    assert_eq!(interim.status(), 100);
    client.send("abc").unwrap();
    let response = client.read_response("POST").unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, "abc"));
    let again = client.get("a.example", "/", &[]);
    assert_eq!(again.status, 200, "the connection is still in step");
}

#[test]
fn a_refusal_instead_of_continue_reaches_the_client_before_its_body() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(EXPECTING).unwrap();
    let response = client.read_response("POST").unwrap();
    assert_eq!((response.status, response.text().as_str()), (403, "no"));
    assert!(origin.requests()[0].body.is_empty());
}

#[test]
fn a_client_that_does_not_wait_is_served_as_well() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = exchange.read_body();
        exchange.reply(200, &[], body);
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let response = client.ask(format!("{EXPECTING}abc"));
    assert_eq!((response.status, response.text().as_str()), (200, "abc"));
}

#[test]
fn an_origin_that_never_says_continue_still_gets_the_body() {
    let origin = Origin::start(|exchange| {
        let body = exchange.read_body();
        exchange.reply(200, &[], body);
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(EXPECTING).unwrap();
    // A client may send its body after a while without having been told to.
    client.send("abc").unwrap();
    assert_eq!(client.read_response("POST").unwrap().text(), "abc");
}

#[test]
fn early_hints_come_before_the_answer_is_there() {
    let told = Gate::new();
    let wait = told.clone();
    let origin = Origin::start(move |exchange| {
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n");
        wait.pass();
        exchange.reply(200, &[], "page");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").unwrap();
    for file in ["</a.css>; rel=preload", "</b.css>; rel=preload"] {
        let hints = client.read_head().unwrap().expect("an interim response");
        assert_eq!((hints.status(), hints.get("link")), (103, Some(file)));
    }
    told.open();
    let response = client.read_response("GET").unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, "page"));
}

#[test]
fn http_1_0_clients_are_spared_interim_responses() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        exchange.reply(200, &[], "page");
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    let response = client.ask("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n");
    assert_eq!((response.interim.len(), response.status), (0, 200));
}

#[test]
fn endless_interim_responses_are_cut_off() {
    let origin = Origin::start(|exchange| {
        for _ in 0..100_000 {
            exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
        }
        exchange.close();
    });
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    match client.try_ask("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") {
        Ok(response) => {
            assert_eq!(response.status, 502);
            assert!(response.interim.len() < 1_000, "{} were relayed", response.interim.len());
        }
        Err(WireError::Truncated(_) | WireError::Reset) => {}
        Err(other) => panic!("{other:?}"),
    }
}
