//! What an endpoint is asked in its silence, and when it is given up; in time that is only told.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::h1::HeadLimits;
use crate::http2;

const LIMITS: HeadLimits = HeadLimits { head_bytes_max: 1024, headers_max: 10, uri_bytes_max: 0 };
const MINUTE: Duration = Duration::from_secs(60);

/// What a fake endpoint does, and what it saw.
#[derive(Default)]
struct Endpoint {
    answers_pings: bool,
    answers_requests: Cell<bool>,
    pinged_at: Cell<Vec<Instant>>,
}

impl Endpoint {
    fn pings(&self) -> Vec<Instant> {
        let pings = self.pinged_at.take();
        self.pinged_at.set(pings.clone());
        pings
    }

    /// Reads frame by frame, and answers those that it is to answer.
    async fn serve(&self, mut io: DuplexStream) {
        io.read_exact(&mut [0; 24]).await.unwrap();
        io.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        let mut head = [0; 9];
        while io.read_exact(&mut head).await.is_ok() {
            let [a, b, c, kind, flags, id @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            io.read_exact(&mut payload).await.unwrap();
            match (kind, flags) {
                (1, _) if self.answers_requests.get() => {
                    let [i, j, k, l] = id;
                    io.write_all(&[0, 0, 1, 1, 5, i, j, k, l, 0x88]).await.unwrap();
                }
                (4, 0) => io.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await.unwrap(),
                (6, 0) => {
                    let mut pings = self.pings();
                    pings.push(Instant::now());
                    self.pinged_at.set(pings);
                    if self.answers_pings {
                        io.write_all(&[0, 0, 8, 6, 1, 0, 0, 0, 0]).await.unwrap();
                        io.write_all(&payload).await.unwrap();
                    }
                }
                _ => {}
            }
        }
    }
}

/// Our side of a connection.
struct Holder {
    sender: h2::client::SendRequest<Bytes>,
    traffic: Rc<Traffic>,
}

impl Holder {
    fn begin(&mut self) -> (h2::client::ResponseFuture, OpenStream) {
        let request = http::Request::get("http://h/").body(()).unwrap();
        let (response, _ended) = self.sender.send_request(request, true).unwrap();
        (response, self.traffic.begin())
    }
}

/// Runs a connection to `endpoint` while `work` is done with it; how it ended, if it did.
async fn with<T>(
    endpoint: &Endpoint,
    work: impl AsyncFnOnce(Holder) -> T,
) -> (Option<End>, Option<T>) {
    let (ours, theirs) = duplex(64 << 10);
    let stream = Heard::new(ours);
    let (heard, traffic) = (stream.flag(), Rc::<Traffic>::default());
    let (sender, connection) = http2::client(&LIMITS).handshake(stream).await.unwrap();
    let running = run(connection, heard, Rc::downgrade(&traffic));
    let (mut end, mut done) = (None, None);
    let all = async {
        tokio::join!(
            async { end = Some(running.await) },
            async { done = Some(work(Holder { sender, traffic }).await) },
            endpoint.serve(theirs),
        )
    };
    let _not_to_its_end = timeout(120 * MINUTE, all).await;
    (end, done)
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_says_nothing_any_more_is_given_up() {
    let began = Instant::now();
    let endpoint = Endpoint::default();
    let (end, answer) = with(&endpoint, async |mut holder: Holder| {
        let (response, _open) = holder.begin();
        response.await.map(drop)
    })
    .await;
    assert_eq!(end, Some(End::Dead));
    assert!(answer.expect("every stream is told").is_err());
    let took = began.elapsed();
    assert!(took >= PING_AFTER + PING_TIMEOUT && took <= PING_AFTER + PING_TIMEOUT + 3 * LOOK);
    assert_eq!(endpoint.pings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_only_slow_is_kept_and_not_pestered() {
    let endpoint = Endpoint { answers_pings: true, ..Endpoint::default() };
    with(&endpoint, async |mut holder: Holder| {
        let (response, _open) = holder.begin();
        assert!(timeout(60 * MINUTE, response).await.is_err(), "it is still waited for");
    })
    .await;
    let pings = endpoint.pings();
    assert!((10..=12).contains(&pings.len()), "{}", pings.len());
    assert!(pings.windows(2).all(|two| two[1] - two[0] >= 5 * MINUTE));
}

#[tokio::test(start_paused = true)]
async fn what_is_begun_in_a_silence_asks_again_as_often_as_servers_of_grpc_forgive() {
    let endpoint = Endpoint { answers_pings: true, ..Endpoint::default() };
    with(&endpoint, async |mut holder: Holder| {
        let mut held = Vec::new();
        for _ in 0..90 {
            held.push(holder.begin());
            sleep(MINUTE / 3).await;
        }
    })
    .await;
    let pings = endpoint.pings();
    let close = pings.windows(2).filter(|two| two[1] - two[0] < 5 * MINUTE).count();
    assert_eq!(close, PINGS_FORGIVEN as usize, "{pings:?}");
    assert!(pings[2] - pings[0] < MINUTE, "at first each is asked about");
}

#[tokio::test(start_paused = true)]
async fn answers_make_up_for_pings() {
    let endpoint = Endpoint { answers_pings: true, ..Endpoint::default() };
    with(&endpoint, async |mut holder: Holder| {
        let _slow = holder.begin();
        endpoint.answers_requests.set(true);
        for _ in 0..30 {
            sleep(MINUTE / 3).await;
            let (response, open) = holder.begin();
            assert_eq!(response.await.unwrap().status(), 200);
            open.answered();
        }
    })
    .await;
    assert!(endpoint.pings().len() >= 25, "{}", endpoint.pings().len());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_who_owes_nothing() {
    let endpoint = Endpoint::default();
    with(&endpoint, async |_holder: Holder| sleep(60 * MINUTE).await).await;
    assert!(endpoint.pings().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_silent_for_long_is_asked_about_when_it_is_used_again() {
    let endpoint = Endpoint::default();
    let (end, took) = with(&endpoint, async |mut holder: Holder| {
        sleep(10 * MINUTE).await;
        let began = Instant::now();
        let (response, _open) = holder.begin();
        assert!(response.await.is_err());
        began.elapsed()
    })
    .await;
    assert_eq!(end, Some(End::Dead));
    assert!(took.expect("it is told") <= PING_TIMEOUT + 3 * LOOK);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_holds_ends_also_when_nobody_listens() {
    let endpoint = Endpoint::default();
    let (end, _) = with(&endpoint, async |holder: Holder| drop(holder)).await;
    assert_eq!(end, Some(End::Closed));
    // Less room than our first words need.
    let (ours, _theirs) = duplex(1 << 10);
    let stream = Heard::new(ours);
    let (heard, traffic) = (stream.flag(), Rc::<Traffic>::default());
    let (mut sender, connection) = http2::client(&LIMITS).handshake(stream).await.unwrap();
    let request = http::Request::post("http://h/").body(()).unwrap();
    let (_response, mut body) = sender.send_request(request, false).unwrap();
    body.send_data(Bytes::from(vec![0; 32 << 10]), true).unwrap();
    drop((sender, body));
    let running = run(connection, heard, Rc::downgrade(&traffic));
    drop(traffic);
    assert_eq!(timeout(MINUTE, running).await, Ok(End::Dead));
}
