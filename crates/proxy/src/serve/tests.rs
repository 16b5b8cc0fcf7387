//! A panic in one exchange, on a worker with real sockets: it costs that exchange and no other.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use architrave_config::AccessLogTarget;
use architrave_testkit::Origin;
use architrave_testkit::wait::Gate;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fault;
use crate::testing::{Stage, eventually, on_a_worker};

/// A status, 0 where none came, and whether the response was whole.
type Answer = (u16, bool);

/// Where things can go wrong, the answer that the client gets then, and how the log calls it.
const PLACES: [(&str, Answer, &str); 4] = [
    ("admit", (500, true), "gateway@admit"),
    ("wait", (500, true), "gateway@wait"),
    ("answer", (500, true), "gateway@wait"),
    ("body", (200, false), "gateway@response_body"),
];

/// Exactly what one round has in flight at once: were one place kept, the next round would fail.
const AT_ONCE: usize = 4;

fn start(origin: &Origin, log: &Path) -> Stage {
    let file = format!(
        "version: 1
listeners: [{{ name: web, address: \"127.0.0.1:0\", protocol: http }}]
upstreams:
  - name: origin
    endpoints: [{{ address: \"{}\" }}]
    limits: {{ connections: {AT_ONCE}, requests_per_endpoint: {AT_ONCE} }}
    timeouts: {{ connect: 100ms }}
services: [{{ name: origin, http: {{ upstream: origin }} }}]
routes: [{{ name: all, service: origin, policies: {{ key_auth: {{}} }} }}]
consumers:
  - name: ada
    credentials: [{{ api_key: ada-key-0123456789 }}]
    limits: {{ parallel: {AT_ONCE} }}
",
        origin.addr()
    );
    Stage::start(Ipv4Addr::LOCALHOST, &file, &AccessLogTarget::File(log.to_owned()))
}

fn request(path: &str, place: &str) -> http::Request<()> {
    let request = http::Request::get(format!("http://h{path}"));
    let request = request.header("x-api-key", "ada-key-0123456789").header(fault::FIELD, place);
    request.body(()).unwrap()
}

/// A connection of HTTP/1.1.
struct Http1(RefCell<TcpStream>);

impl Http1 {
    async fn connect(stage: &Stage) -> Self {
        Self(RefCell::new(TcpStream::connect(stage.address).await.unwrap()))
    }

    #[expect(clippy::await_holding_refcell_ref, reason = "nobody else has this connection")]
    async fn ask(&self, path: &str, place: &str) -> Answer {
        let mut stream = self.0.borrow_mut();
        let ask = format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nX-Api-Key: ada-key-0123456789\r\n{}: {place}\r\n\r\n",
            fault::FIELD
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        loop {
            let count = stream.read_buf(&mut text).await.unwrap_or(0);
            let said = String::from_utf8_lossy(&text);
            let status = said.get(9..12).map_or(0, |status| status.parse().unwrap());
            let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let is_whole = length.is_some_and(|length| length.parse() == Ok(body.len()));
            if is_whole || count == 0 {
                assert_eq!(status == 500, said.contains("\"reason\":\"internal\""), "{said}");
                return (status, is_whole);
            }
        }
    }
}

/// A connection of HTTP/2.
struct Http2(h2::client::SendRequest<Bytes>);

impl Http2 {
    async fn connect(stage: &Stage) -> Self {
        let stream = TcpStream::connect(stage.address).await.unwrap();
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        architrave_core::task::spawn_local(async move { connection.await.expect("it lives on") });
        Self(sender)
    }

    async fn ask(&self, path: &str, place: &str) -> Answer {
        let mut sender = self.0.clone().ready().await.unwrap();
        let (answer, _ended) = sender.send_request(request(path, place), true).unwrap();
        let Ok(answer) = answer.await else { return (0, false) };
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        while let Some(piece) = body.data().await {
            let Ok(_piece) = piece else { return (status, false) };
        }
        (status, true)
    }
}

/// Requests that the origin holds back.
fn held(origin: &Origin) -> usize {
    origin.requests().iter().filter(|request| request.target == "/held").count()
}

/// An exchange that is in flight while others go wrong.
async fn is_served(answer: impl Future<Output = Answer>) {
    assert_eq!(answer.await, (200, true));
}

#[test]
fn a_panic_costs_one_exchange() {
    let dir = tempfile::TempDir::new().unwrap();
    let log = dir.path().join("access.log");
    let gate = Arc::new(Mutex::new(Gate::new()));
    let shared = Arc::clone(&gate);
    let origin = Origin::start(move |exchange| {
        if exchange.target() == "/held" {
            let gate = shared.lock().unwrap().clone();
            gate.pass();
        }
        exchange.reply(200, &[], "served");
    });
    on_a_worker(async {
        let stage = start(&origin, &log);
        let (one, other) = (Http1::connect(&stage).await, Http2::connect(&stage).await);
        for (place, expected, _) in PLACES {
            let round = Gate::new();
            *gate.lock().unwrap() = round.clone();
            origin.forget();
            let go_wrong = async {
                eventually(|| held(&origin) == 2).await;
                let own = Http1::connect(&stage).await;
                assert_eq!(own.ask("/x", place).await, expected, "{place} over HTTP/1.1");
                assert_eq!(other.ask("/x", place).await, expected, "{place} over HTTP/2");
                round.open();
            };
            let (plain, streamed) = (one.ask("/held", ""), other.ask("/held", ""));
            tokio::join!(is_served(plain), is_served(streamed), go_wrong);
            is_served(other.ask("/", "")).await;
            is_served(one.ask("/", "")).await;
            eventually(|| stage.endpoint(0).in_flight == 0).await;
        }
        check_what_is_left(&stage, &log).await;
    });
}

async fn check_what_is_left(stage: &Stage, log: &Path) {
    let page = stage.metrics();
    let wrong = 2 * PLACES.len();
    for line in [
        format!("architrave_request_failures_total{{route=\"all\",reason=\"internal\"}} {wrong}"),
        "architrave_listener_exchanges_open{listener=\"web\"} 0".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
    let written = || {
        stage.worker.with_log(architrave_telemetry::WorkerLog::tick);
        std::fs::read_to_string(log).unwrap_or_default()
    };
    eventually(|| written().lines().count() == 2 * wrong + wrong).await;
    for protocol in ["HTTP/1.1", "HTTP/2"] {
        for (_, (status, _), termination) in PLACES {
            let said = format!("\"status\":{status},\"route\":\"all\",");
            let end = format!("\"reason\":\"internal\",\"termination\":\"{termination}\"");
            let is_it = |line: &&str| {
                line.contains(protocol) && line.contains(&said) && line.contains(&end)
            };
            assert!(written().lines().any(|line| is_it(&line)), "{end} in\n{}", written());
        }
    }
}
