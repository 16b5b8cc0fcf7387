//! Origins that speak HTTP/2 by prior knowledge.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::h2_origin::H2Origin;
use architrave_testkit::{
    Client, Config, Framing, Gateway, GatewayOptions, SOON, Stopwatch, eventually,
};
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

#[test]
fn a_connection_without_requests_is_closed_after_its_idle_time() {
    let origin = H2Origin::start();
    let config = Config::balanced(&[origin.addr()], "protocol: h2c\ntimeouts: { idle: 1s }");
    let gateway = GatewayOptions::new().workers(1).start(config);
    let mut client = Client::connect(gateway.web());
    for round in 1..=2 {
        for _ in 0..3 {
            assert_eq!(client.get("h", "/", &[]).status, 200);
        }
        assert_eq!((origin.connections(), origin.open_connections()), (round, 1));
        eventually("it is closed", SOON, || (origin.open_connections() == 0).then_some(()));
    }
}

/// A way to an origin on which all connections that there are can go dead without a word: they
/// stay open, and nothing comes through any more.
struct Way {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    dead: Arc<AtomicUsize>,
}

impl Way {
    fn to(origin: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the system gives a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (connections, dead) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (count, until) = (Arc::clone(&connections), Arc::clone(&dead));
        thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                let number = count.fetch_add(1, Ordering::AcqRel);
                let far = TcpStream::connect(origin).expect("the origin listens");
                let clone = |stream: &TcpStream| stream.try_clone().expect("sockets can be cloned");
                for (from, to) in [(clone(&near), clone(&far)), (far, near)] {
                    let until = Arc::clone(&until);
                    thread::spawn(move || {
                        pass(from, to, || number < until.load(Ordering::Acquire))
                    });
                }
            }
        });
        Self { address, connections, dead }
    }

    fn go_dead(&self) {
        self.dead.store(self.connections.load(Ordering::Acquire), Ordering::Release);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_dead: impl Fn() -> bool) {
    let mut space = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut space) {
        if !is_dead() && to.write_all(&space[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_connection_that_goes_dead_in_silence_costs_time_and_no_request() {
    let origin = H2Origin::start();
    let way = Way::to(origin.addr());
    let config = Config::balanced(&[way.address], "protocol: h2c");
    let gateway = GatewayOptions::new().workers(1).start(config);
    let mut client = Client::connect(gateway.web());
    client.get("h", "/", &[]);
    way.go_dead();
    // Longer than an endpoint that owes answers is let be silent, and then asked.
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = Client::connect(gateway.web());
            client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").expect("a request is taken");
            client
        })
        .collect();
    for mut client in clients {
        client.patience(Duration::from_secs(60));
        assert_eq!(client.read_response("GET").expect("an answer").status, 200);
    }
    assert!(watch.elapsed() < Duration::from_secs(40), "{:?}", watch.elapsed());
    assert_eq!(way.connections.load(Ordering::Acquire), 2);
}
