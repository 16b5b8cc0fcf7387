//! What moving bytes by splice promises: not a byte more than asked, the end told, pipes bounded.

use std::future::poll_fn;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

async fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

#[tokio::test]
async fn a_body_of_known_length_is_moved_and_not_a_byte_more() {
    let (mut origin, from) = connected().await;
    let (to, mut client) = connected().await;
    let body: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let send = async {
        origin.write_all(&body).await.unwrap();
        origin.write_all(b"the next head").await.unwrap();
    };
    let relay = async {
        let (mut splice, mut left) = (Splice::new(), body.len());
        assert!(splice.prepare());
        while left > 0 {
            assert!(splice.prepare());
            left -= poll_fn(|context| splice.poll_move(context, &from, &to, left)).await.unwrap();
        }
        assert_eq!(splice.held(), 0);
    };
    let mut heard = vec![0; body.len()];
    tokio::join!(send, relay, async { client.read_exact(&mut heard).await.unwrap() });
    assert!(heard == body);
    let mut next = [0; 13];
    let mut from = from;
    from.read_exact(&mut next).await.unwrap();
    assert_eq!(&next, b"the next head");
}

#[tokio::test]
async fn the_end_of_the_stream_is_told() {
    let (origin, from) = connected().await;
    let (to, _client) = connected().await;
    drop(origin);
    let mut splice = Splice::new();
    assert!(splice.prepare());
    let moved = poll_fn(|context| splice.poll_move(context, &from, &to, 10)).await;
    assert_eq!(moved.unwrap(), 0);
}

#[tokio::test]
async fn pipes_are_bounded_and_come_back() {
    let mut taken: Vec<Splice> = (0..PIPES_MAX).map(|_| Splice::new()).collect();
    assert!(taken.iter_mut().all(Splice::prepare));
    assert!(!Splice::new().prepare(), "one more than there may be");
    taken.clear();
    assert!(Splice::new().prepare());
    assert_eq!(SPARE.with_borrow(Vec::len), PIPES_MAX);
}

#[tokio::test]
async fn a_pipe_with_bytes_in_it_is_never_used_again() {
    let (mut origin, from) = connected().await;
    origin.write_all(b"left over").await.unwrap();
    let mut splice = Splice::new();
    assert!(splice.prepare());
    let taken = poll_fn(|context| splice.poll_take(context, &from, 100)).await.unwrap();
    assert_eq!((taken, splice.held()), (9, 9));
    drop(splice);
    assert_eq!(SPARE.with_borrow(Vec::len), 0);
    assert_eq!(COUNT.get(), 0);
}
