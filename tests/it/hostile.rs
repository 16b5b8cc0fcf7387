//! What attackers send: refused where it is ambiguous, bounded where it is large or slow, and
//! never passed on. And what odd but honest clients send: accepted in full.

mod framing;
mod guardian;
mod heads;
mod limits;
mod mutations;
mod odd;
mod paths;
mod responses;
mod slow;
mod unread;

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, WireError};

/// What an attack tries to get past the gateway as a request of its own.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n";

/// A gateway and the origin it protects.
struct Fortress {
    gateway: Gateway,
    origin: Origin,
}

impl Fortress {
    fn start() -> Self {
        let origin = Origin::named("a");
        let gateway = Gateway::start(Config::single(origin.addr()));
        Self { gateway, origin }
    }

    /// Wants bytes to be refused with one of the statuses, the connection to be closed, and no
    /// whole request to have reached the origin.
    #[track_caller]
    fn refuses(&self, name: &str, bytes: &[u8], statuses: &[u16]) {
        let mut client = Client::connect(self.gateway.web());
        // The gateway may close before it has taken everything.
        let _ = client.send(bytes);
        let response = match client.read_response("GET") {
            Ok(response) => response,
            Err(error) => panic!("{name}: no answer: {error:?}"),
        };
        assert!(
            statuses.contains(&response.status),
            "{name}: {} {}",
            response.status,
            response.text()
        );
        assert_eq!(response.get("connection"), Some("close"), "{name}: the answer does not say so");
        assert!(client.ends_within(SOON), "{name}: the connection stays open");
        self.unharmed(name);
    }

    /// Wants nothing whole to have reached the origin, and others to be served.
    #[track_caller]
    fn unharmed(&self, name: &str) {
        let requests = self.origin.requests();
        let whole = requests.iter().find(|request| request.complete);
        assert!(whole.is_none(), "{name}: reached the origin: {whole:?}");
        assert_eq!(self.origin.take_violations(), [""; 0], "{name}");
        let other = get(self.gateway.web(), "other.example", "/", &[]);
        assert_eq!(other.status, 200, "{name}: others are not served");
        self.origin.forget();
    }
}

/// A `POST` with these lines in its head, a body, and an attempt to smuggle behind it.
fn post(lines: impl AsRef<[u8]>, body: &str) -> Vec<u8> {
    let mut bytes = b"POST / HTTP/1.1\r\nHost: a.example\r\n".to_vec();
    bytes.extend_from_slice(lines.as_ref());
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body.as_bytes());
    bytes.extend_from_slice(SMUGGLED.as_bytes());
    bytes
}

/// Wants the connection to have ended without a whole response.
fn is_cut(answer: &Result<architrave_testkit::Response, WireError>) -> bool {
    matches!(answer, Err(WireError::Truncated(_) | WireError::Reset))
}
