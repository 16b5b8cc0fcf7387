//! What a connection to the admin listener gets when there is no place for it: an answer, and a
//! line in the log that does not grow with their number.

use std::cell::Cell;
use std::time::Duration;

use architrave_core::{Clock, Moment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Refusals under way at once; beyond that, connections are closed without a word.
const REFUSALS_MAX: usize = 64;

/// How long one may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the log says so.
const SAID_EVERY: Duration = Duration::from_secs(60);

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: application/problem+json\r\n\
    Content-Length: 237\r\n\
    Retry-After: 1\r\n\
    Connection: close\r\n\r\n\
    {\"type\":\"urn:architrave:problem:too_many_connections\",\
    \"title\":\"Service Unavailable\",\"status\":503,\"code\":\"too_many_connections\",\
    \"detail\":\"every place at the admin listener is taken\",\
    \"message\":\"every place at the admin listener is taken\"}\n";

/// Refuses connections of one listener.
pub(super) struct Refusals {
    clock: Clock,
    places: Semaphore,
    unsaid: Cell<u64>,
    said_at: Cell<Option<Moment>>,
}

impl Refusals {
    pub(super) fn new(clock: Clock) -> Self {
        let places = Semaphore::new(REFUSALS_MAX);
        Self { clock, places, unsaid: Cell::new(0), said_at: Cell::new(None) }
    }

    /// Notes one; how many to tell of, when it is time to.
    pub(super) fn note(&self) -> Option<u64> {
        let now = self.clock.now();
        self.unsaid.set(self.unsaid.get() + 1);
        if self.said_at.get().is_some_and(|at| now.since(at) < SAID_EVERY) {
            return None;
        }
        self.said_at.set(Some(now));
        Some(self.unsaid.replace(0))
    }

    /// Answers 503 and closes.
    pub(super) async fn refuse(&self, mut stream: TcpStream) {
        let Ok(_place) = self.places.try_acquire() else { return };
        let polite = async {
            stream.write_all(ANSWER).await?;
            stream.shutdown().await?;
            // To close on what is unread would reset the connection, and the answer with it.
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        // Whoever goes first, or never, is refused all the same.
        let _refused = tokio::time::timeout(REFUSAL_TIMEOUT, polite).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_log_hears_of_it_once_a_minute() {
        let clock = Clock::manual();
        let refusals = Refusals::new(clock.clone());
        assert_eq!(refusals.note(), Some(1));
        assert_eq!((refusals.note(), refusals.note()), (None, None));
        clock.advance(SAID_EVERY);
        assert_eq!(refusals.note(), Some(3));
        assert_eq!(refusals.note(), None);
    }

    #[tokio::test]
    async fn who_is_refused_can_read_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let refusals = Refusals::new(Clock::manual());
        let mut answer = String::new();
        let read = async {
            client.read_to_string(&mut answer).await.unwrap();
            drop(client);
        };
        tokio::join!(refusals.refuse(stream), read);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nRetry-After: 1\r\n"));
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{answer}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "too_many_connections");
    }
}
