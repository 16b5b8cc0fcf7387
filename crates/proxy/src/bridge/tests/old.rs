//! A server of the transport of 2024-11-05, as Streamable HTTP.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use architrave_config::{UpstreamProtocol, UpstreamTls};
use architrave_net::dns::Resolver;
use architrave_net::tls::ClientTls;
use architrave_testkit::eventually;

use super::super::server::SessionLimits;
use super::*;

/// A server that answers each message by saying what it was, after it has told that it works on it.
struct Old {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// The streams, to be cut.
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Old {
    /// `endpoint` is what the first event says.
    fn start(endpoint: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, streams) = (Arc::<Mutex<Vec<String>>>::default(), Arc::default());
        let (noted, kept) = (Arc::clone(&requests), Arc::clone(&streams));
        std::thread::spawn(move || serve_old(&listener, endpoint, &noted, &kept));
        Self { address, requests, streams }
    }

    fn stand(&self) -> Stand {
        self.stand_within(SessionLimits::default())
    }

    fn stand_within(&self, limits: SessionLimits) -> Stand {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let authority = self.address.to_string();
        let url = OldUrl {
            is_encrypted: false,
            host: "127.0.0.1",
            port: self.address.port(),
            authority: &authority,
            target: "/v1/sse?key=k",
            fields: vec![("x-token".to_owned(), Secret::new("t0ken"))],
            allow_private: false,
            limits,
        };
        let tls = ClientTls::load(&UpstreamTls::default(), UpstreamProtocol::Http1).unwrap();
        let names =
            Names { resolver: Arc::new(Resolver::system()), runtime: runtime.handle().clone() };
        let place = OldPlace::new(url, names, tls);
        let bridged = Bridge::start().unwrap().announce("old", What::Line(Far::Old(place)));
        Stand { bridged, launcher: None, _runtime: runtime }
    }
}

fn serve_old(
    listener: &TcpListener,
    endpoint: &str,
    noted: &Mutex<Vec<String>>,
    streams: &Mutex<Vec<TcpStream>>,
) {
    for socket in listener.incoming() {
        let mut socket = socket.unwrap();
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        noted.lock().unwrap().push(format!("{head}\n{body}"));
        if head.starts_with("GET") {
            let begin = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: endpoint\ndata: {endpoint}\n\n: ping\n\n"
            );
            socket.write_all(begin.as_bytes()).unwrap();
            streams.lock().unwrap().push(socket);
            continue;
        }
        socket.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 8\r\n\r\nAccepted").unwrap();
        let id = body.split("\"id\":").nth(1).and_then(|rest| rest.split(',').next());
        let Some(id) = id.filter(|_| body.contains("\"method\"")) else { continue };
        let version = r#""protocolVersion":"2024-11-05","capabilities":{},"serverInfo":{"name":"o","version":"1"}"#;
        let said = format!(
            "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{\"level\":\"info\",\"data\":1}}}}\n\nevent: message\r\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{{version},\"of\":\"2025-11-25\"}}}}\r\n\r\n"
        );
        if let Some(stream) = streams.lock().unwrap().last_mut() {
            // It may have been cut.
            let _cut = stream.write_all(said.as_bytes());
        }
    }
}

#[test]
fn messages_go_where_the_server_says_and_answers_come_on_its_stream() {
    let old = Old::start("messages?session=1");
    let stand = old.stand();
    let opening = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let answer = stand.post(None, opening);
    let session = answer.session.clone().expect("a session");
    let said = answer.all();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("\"id\":\"i\""), "{said:?}");
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(stand.post(Some(&session), told).status, 202);
    let requests = old.requests.lock().unwrap().clone();
    assert!(requests[0].starts_with("GET /v1/sse?key=k HTTP/1.1\r\n"), "{requests:?}");
    assert!(requests[1].starts_with("POST /v1/messages?session=1 HTTP/1.1\r\n"), "{requests:?}");
    assert!(requests.iter().all(|request| request.to_lowercase().contains("x-token: t0ken\r\n")));
    assert!(requests[2].ends_with(told), "{requests:?}");
    // The stream is the session.
    old.streams.lock().unwrap().drain(..).for_each(|stream| {
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    });
    eventually("the session is over", SOON, || {
        (stand.post(Some(&session), told).status == 404).then_some(())
    });
    assert_eq!(stand.post(None, opening).status, 200, "and another one begins");
}

#[test]
fn nothing_is_said_to_another_origin() {
    for endpoint in ["http://127.0.0.1:1/messages", "//evil.example/m", "https://127.0.0.1/m"] {
        let old = Old::start(endpoint);
        let stand = old.stand();
        let opening = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{}}}"#;
        assert_eq!(stand.post(None, opening).status, 502, "{endpoint}");
        assert_eq!(old.requests.lock().unwrap().len(), 1, "nothing but the stream was asked for");
    }
}

const OPENING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{}}}"#;

#[test]
fn sessions_end_when_nobody_wants_anything_of_them() {
    let old = Old::start("messages");
    let limits = SessionLimits { idle: Duration::from_millis(200), ..SessionLimits::default() };
    let stand = old.stand_within(limits);
    let session = stand.post(None, OPENING).session.expect("a session");
    let mut stream = old.streams.lock().unwrap().pop().expect("its stream was opened");
    stream.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed");
    eventually("the session is over", SOON, || {
        let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        (stand.post(Some(&session), told).status == 404).then_some(())
    });
}

#[test]
fn there_are_no_more_sessions_than_may_be() {
    let old = Old::start("messages");
    let stand = old.stand_within(SessionLimits { sessions_max: 2, ..SessionLimits::default() });
    let first = stand.post(None, OPENING).session.expect("a session");
    assert_eq!(stand.post(None, OPENING).status, 200);
    assert_eq!(stand.post(None, OPENING).status, 503, "those that are there were just used");
    assert_eq!(stand.send("DELETE", &[("mcp-session-id", &first)], "").status, 200);
    assert_eq!(stand.post(None, OPENING).status, 200);
}
