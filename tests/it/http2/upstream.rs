//! Origins that speak HTTP/2 by prior knowledge.

use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::h2_origin::H2Origin;

use architrave_testkit::{Client, Config, Framing, Gateway, GatewayOptions, SOON, eventually};
use http::{HeaderMap, HeaderValue};

fn start(origin: &H2Origin) -> Gateway {
    let config = Config::balanced(&[origin.addr()], "protocol: h2c");
    GatewayOptions::new().workers(1).start(config)
}

#[test]
fn http_1_goes_in_and_http_2_comes_out() {
    let origin = H2Origin::start();
    let gateway = start(&origin);
    let mut client = Client::connect(gateway.web());
    let response = client.ask(
        "POST /a?b=c HTTP/1.1\r\nHost: api.example\r\nX-A: 1\r\nConnection: x-b\r\nX-B: 2\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Up: 1\r\n\r\n",
    );
    assert_eq!((response.status, response.text().as_str()), (200, "abc"));
    assert_eq!(response.framing, Framing::Chunked);
    assert!(response.trailers.contains(&("x-echoed".to_owned(), "3".to_owned())), "{response:?}");
    let seen = origin.last();
    assert_eq!(seen.head.uri.path_and_query().map(|p| p.as_str()), Some("/a?b=c"));
    assert_eq!(seen.head.uri.authority().map(|a| a.as_str()), Some("api.example"));
    assert_eq!(seen.head.headers["x-a"], "1");
    assert_eq!(seen.head.headers["x-forwarded-for"], "127.0.0.1");
    for gone in ["connection", "x-b", "transfer-encoding", "host"] {
        assert!(!seen.head.headers.contains_key(gone), "{gone}: {:?}", seen.head.headers);
    }
    assert_eq!(seen.trailers.expect("trailers")["x-up"], "1");
    assert_eq!(client.get("api.example", "/next", &[]).get("x-path"), Some("/next"));
}

#[test]
fn http_2_passes_from_end_to_end() {
    let origin = H2Origin::start();
    let gateway = start(&origin);
    let client = H2Client::connect(gateway.web());
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    let body = vec![b'x'; 4 << 20];
    let request = H2Request::new("POST", "http://api.example/p", &[("te", "trailers")])
        .data(body.clone())
        .trailers(trailers);
    let response = client.ask(request).unwrap();
    assert!(response.body == body);
    let trailers = response.trailers.expect("trailers");
    assert_eq!(
        (&trailers["x-sum"], &trailers["x-echoed"]),
        (&"7".parse().unwrap(), &"4194304".parse().unwrap())
    );
}

#[test]
fn many_requests_share_few_connections() {
    let origin = H2Origin::start();
    let gateway = start(&origin);
    let client = H2Client::connect(gateway.web());
    for _ in 0..5 {
        let requests = (0..90).map(|n| H2Request::get(&format!("http://h/{n}"))).collect();
        for (n, response) in client.ask_all(requests).into_iter().enumerate() {
            assert_eq!(response.unwrap().get("x-path"), Some(format!("/{n}").as_str()));
        }
    }
    assert!(origin.connections() <= 4, "{} connections for 450 requests", origin.connections());
}

#[test]
fn an_origin_that_goes_away_between_requests_costs_none() {
    let origin = H2Origin::start();
    let gateway = start(&origin);
    let mut client = Client::connect(gateway.web());
    for round in 0..3 {
        assert_eq!(client.get("h", "/", &[]).status, 200, "round {round}");
    }
    drop(origin);
    eventually("a dead origin is a 502", SOON, || {
        let response = client.get("h", "/", &[]);
        (response.status == 502).then_some(())
    });
}
