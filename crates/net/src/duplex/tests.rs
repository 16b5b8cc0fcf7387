//! What a pair of streams that are relayed promises: every byte, both ends, the idle limit; over
//! real sockets of the loopback.

use std::io::ErrorKind;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::splice::Splice;

const IDLE: Duration = Duration::from_secs(60);

/// Two connected sockets over loopback.
async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

/// A client, an endpoint, and the relay between them.
async fn stage(idle: Duration) -> (TcpStream, TcpStream, Duplex) {
    let (client, inner) = connected().await;
    let (outer, endpoint) = connected().await;
    (client, endpoint, Duplex::new(inner.into(), outer.into(), idle))
}

/// A relay that broke leaves its ends waiting: that is a failure and not for ever.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("bytes go on moving")
}

fn bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.u8(..)).collect()
}

/// Sends `up` and `down` at the same time; both must come out as they went in.
async fn check(up: usize, down: usize) {
    let (client, endpoint, mut duplex) = stage(IDLE).await;
    let (from_client, from_endpoint) = (bytes(up, 1), bytes(down, 2));
    let side = async |socket: TcpStream, sent: &[u8]| {
        let (mut reader, mut writer) = socket.into_split();
        let mut heard = Vec::new();
        let send = async {
            writer.write_all(sent).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        tokio::join!(send, async { reader.read_to_end(&mut heard).await.unwrap() });
        heard
    };
    let (end, at_client, at_endpoint) =
        tokio::join!(duplex.run(), side(client, &from_client), side(endpoint, &from_endpoint));
    assert_eq!(end, DuplexEnd::Finished);
    assert!(at_endpoint == from_client, "{up} bytes up came out otherwise");
    assert!(at_client == from_endpoint, "{down} bytes down came out otherwise");
    assert_eq!((duplex.up_bytes(), duplex.down_bytes()), (up as u64, down as u64));
}

#[tokio::test]
async fn bytes_come_out_as_they_went_in_copied_and_spliced() {
    let threshold = usize::try_from(lane::SPLICE_FROM_BYTES).unwrap();
    for (up, down) in [(0, 0), (1, 70_000), (threshold, threshold + 1), (3 << 20, 5 << 20)] {
        check(up, down).await;
    }
    // No pipe is to be had: everything is copied.
    let mut held = Vec::new();
    loop {
        let mut splice = Splice::new();
        if !splice.prepare() {
            break;
        }
        held.push(splice);
    }
    check(3 << 20, 5 << 20).await;
}

#[tokio::test]
async fn bytes_put_back_go_first() {
    let (mut client, inner) = connected().await;
    let (outer, mut endpoint) = connected().await;
    let mut inner = Stream::from(inner);
    inner.put_back(b"hello ");
    let mut duplex = Duplex::new(inner, outer.into(), IDLE);
    let exchange = async {
        client.write_all(b"world").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = String::new();
        endpoint.read_to_string(&mut heard).await.unwrap();
        drop(endpoint);
        heard
    };
    let (end, heard) = tokio::join!(duplex.run(), exchange);
    assert_eq!((end, heard.as_str()), (DuplexEnd::Finished, "hello world"));
}

#[tokio::test]
async fn one_who_is_done_speaking_may_go_on_listening() {
    let (mut client, mut endpoint, mut duplex) = stage(IDLE).await;
    let exchange = async {
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut question = String::new();
        endpoint.read_to_string(&mut question).await.unwrap();
        endpoint.write_all(format!("{question} answered").as_bytes()).await.unwrap();
        drop(endpoint);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (end, answer) = tokio::join!(duplex.run(), exchange);
    assert_eq!((end, answer.as_str()), (DuplexEnd::Finished, "question answered"));
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    for client_goes in [true, false] {
        let (client, endpoint, mut duplex) = stage(IDLE).await;
        let (mut goes, mut stays, expected) = if client_goes {
            (client, endpoint, DuplexEnd::ClientFailed)
        } else {
            (endpoint, client, DuplexEnd::EndpointFailed)
        };
        let exchange = async {
            goes.write_all(b"half of it").await.unwrap();
            let mut heard = [0; 10];
            stays.read_exact(&mut heard).await.unwrap();
            SockRef::from(&goes).set_linger(Some(Duration::ZERO)).unwrap();
            drop(goes);
        };
        let (end, ()) = tokio::join!(duplex.run(), exchange);
        assert_eq!(end, expected);
        drop(duplex);
        let error = stays.read(&mut [0; 1]).await.expect_err("a cut stream has no clean end");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn an_answer_before_the_question_is_over_still_arrives() {
    let (mut client, mut endpoint, mut duplex) = stage(IDLE).await;
    let exchange = async {
        client.write_all(&vec![7; 1 << 20]).await.unwrap();
        // The endpoint answers without reading, and its unread bytes make its close a reset.
        endpoint.write_all(b"too large").await.unwrap();
        endpoint.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        drop(endpoint);
        // The client goes on sending; nobody tells it to stop until it is done.
        let _taken_or_refused = client.write_all(&vec![7; 1 << 20]).await;
        drop(client);
        answer
    };
    let (end, answer) = tokio::join!(duplex.run(), exchange);
    assert_eq!(answer, "too large");
    assert!(matches!(end, DuplexEnd::EndpointFailed), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_both_ways_ends_it() {
    let (mut client, mut endpoint, mut duplex) = stage(IDLE).await;
    let began = tokio::time::Instant::now();
    let talk = async {
        for _ in 0..3 {
            tokio::time::sleep(IDLE * 2 / 3).await;
            endpoint.write_all(b"x").await.unwrap();
            client.read_exact(&mut [0; 1]).await.unwrap();
        }
        std::future::pending::<()>().await;
    };
    let end = tokio::select! {
        end = duplex.run() => end,
        () = talk => unreachable!("it waits for ever"),
    };
    assert_eq!(end, DuplexEnd::Idle);
    assert_eq!(began.elapsed().as_secs(), 180, "each byte gives it another minute");
}

#[tokio::test]
async fn a_slow_receiver_holds_its_sender_back() {
    let (mut client, mut endpoint, mut duplex) = stage(IDLE).await;
    for socket in [&client, duplex.client.tcp(), duplex.endpoint.tcp(), &endpoint] {
        SockRef::from(socket).set_recv_buffer_size(64 << 10).unwrap();
        SockRef::from(socket).set_send_buffer_size(64 << 10).unwrap();
    }
    let sent = bytes(3 << 20, 3);
    let send = async {
        let mut taken = 0;
        loop {
            let write = endpoint.write(&sent[taken..]);
            match tokio::time::timeout(Duration::from_millis(200), write).await {
                Ok(count) => taken += count.unwrap(),
                Err(_nothing_moves) => break,
            }
        }
        assert!(taken < sent.len(), "somebody holds {taken} bytes");
        let mut heard = vec![0; sent.len()];
        let rest = async {
            endpoint.write_all(&sent[taken..]).await.unwrap();
            endpoint.shutdown().await.unwrap();
        };
        tokio::join!(rest, async { client.read_exact(&mut heard).await.unwrap() });
        assert!(heard == sent);
        drop(client);
    };
    within(async { tokio::join!(duplex.run(), send) }).await;
}
