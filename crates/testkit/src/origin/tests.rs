//! The testkit's own two sides, talking to each other without a gateway.

use std::time::Duration;

use super::*;
use crate::client::{Client, get};
use crate::load::LoadPlan;
use crate::message::Framing;
use crate::wire::WireError;

#[test]
fn a_chunked_body_with_trailers_arrives_whole() {
    let origin = Origin::named("a");
    let response = Client::connect(origin.addr()).ask(
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
    );
    assert_eq!((response.status, response.text().as_str()), (200, "a"));
    let request = origin.only();
    assert_eq!(request.body, b"abcde");
    assert_eq!(request.framing, Framing::Chunked);
    assert_eq!(request.trailers, [("X-Sum".to_owned(), "5".to_owned())]);
}

#[test]
fn bad_bytes_are_violations() {
    let cases = [
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for case in cases {
        let origin = Origin::named("a");
        assert_eq!(Client::connect(origin.addr()).ask(case).status, 400, "{case:?}");
        assert_eq!(origin.take_violations().len(), 1, "{case:?}");
        assert_eq!(origin.count(), 0, "{case:?}");
    }
}

#[test]
fn bad_responses_are_noticed() {
    let cases: [&'static str; 5] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "nonsense\r\n\r\n",
    ];
    for case in cases {
        let origin = Origin::start(move |exchange| {
            exchange.send(case);
            exchange.close();
        });
        let answer = Client::connect(origin.addr()).try_ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(
            matches!(answer, Err(WireError::Truncated(_) | WireError::Violation(_))),
            "{case:?}: {answer:?}"
        );
    }
}

#[test]
fn a_reset_is_told_from_a_close() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/reset" => exchange.reset(),
        _ => exchange.close(),
    });
    let ask = |path: &str| {
        Client::connect(origin.addr()).try_ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
    };
    assert_eq!(ask("/reset").unwrap_err(), WireError::Reset);
    assert_eq!(ask("/close").unwrap_err(), WireError::Truncated(Vec::new()));
}

#[test]
fn the_load_counts_lost_requests_and_forgives_announced_closes() {
    let origin = Origin::start(|exchange| match exchange.request().connection % 2 {
        0 => {
            exchange.reply(200, &[("Connection", "close")], "fine");
            exchange.close();
        }
        _ => exchange.reply(200, &[], "fine"),
    });
    let load = LoadPlan::new(origin.addr()).connections(4).per_connection(5).start();
    load.wait_for(50);
    load.stop().assert_clean();

    let losing = Origin::start(|exchange| exchange.close());
    let load = LoadPlan::new(losing.addr()).connections(1).start();
    load.wait_for(3);
    let report = load.stop();
    assert_eq!(report.ok, 0);
    assert!(report.failed >= 3);
}

#[test]
fn an_address_can_refuse_or_not_answer() {
    let (refused, _guard) = refusing();
    let error = Client::try_connect(refused).err().map(|error| error.kind());
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionRefused));
    let (silent, _guards) = unanswering();
    let error = TcpStream::connect_timeout(&silent, Duration::from_millis(300)).err();
    assert_eq!(error.map(|error| error.kind()), Some(std::io::ErrorKind::TimedOut));
}

#[test]
fn an_origin_can_come_back_at_its_address() {
    let origin = Origin::named("before");
    let address = origin.addr();
    assert_eq!(get(address, "a", "/", &[]).text(), "before");
    drop(origin);
    let again = Origin::start_at(address, |exchange| exchange.reply(200, &[], "after"));
    assert_eq!(get(again.addr(), "a", "/", &[]).text(), "after");
}
