//! ClientHellos that come whole, in pieces, and never.

use std::net::Ipv4Addr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A handshake message with nothing in it but a protocol offer of `h2`.
fn message() -> Vec<u8> {
    let extensions = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 2, 0x13, 1, 1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
    body.extend_from_slice(&extensions);
    let mut message = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
    message.extend_from_slice(&body);
    message
}

fn record(fragment: &[u8]) -> Vec<u8> {
    let mut record = vec![22, 3, 1, 0, u8::try_from(fragment.len()).unwrap()];
    record.extend_from_slice(fragment);
    record
}

/// What is read when a client sends `pieces`, one after the other has been read, and stays.
async fn given(pieces: &[&[u8]]) -> Result<Read, HelloError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    let (mut client, (server, _)) = (dialled.unwrap(), accepted.unwrap());
    client.set_nodelay(true).unwrap();
    let send = async {
        for piece in pieces {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        read = read(&server, LIMIT) => read,
        () = send => unreachable!("it stays"),
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_read_in_one_piece_and_in_many() {
    let whole = record(&message());
    let many: Vec<Vec<u8>> = message().chunks(7).map(record).collect();
    let cut: Vec<&[u8]> = whole.chunks(1).collect();
    let in_records: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    for pieces in [vec![whole.as_slice()], cut, vec![&many.concat()], in_records] {
        let read = given(&pieces).await.unwrap();
        assert_eq!(read.hello.alpn, [b"h2"]);
        assert_eq!(read.bytes.data(), pieces.concat());
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_behind_it_is_kept() {
    let early = [record(&message()), vec![23, 3, 3, 0, 1, 0]].concat();
    assert_eq!(given(&[&early]).await.unwrap().bytes.data(), early);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_half_of_it_runs_out_of_time() {
    let whole = record(&message());
    let error = given(&[&whole[..20]]).await.expect_err("half a message");
    assert!(matches!(error, HelloError::Timeout), "{error}");
    assert_eq!(error.alert(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_none_is_refused_at_once() {
    let error = given(&[b"GET / HTTP/1.1\r\n"]).await.expect_err("no TLS");
    assert_eq!(error.alert(), None, "who speaks no TLS is told nothing in TLS");
    let mut broken = record(&message());
    broken[43] = 200;
    let error = given(&[&broken]).await.expect_err("a length that does not add up");
    assert_eq!(error.alert(), Some(Alert::DecodeError));
}

#[test]
fn it_is_parsed_when_a_record_is_whole_and_not_before() {
    assert_eq!(end_of_records(&[22]), 5);
    assert_eq!(end_of_records(&[22, 3, 1, 0, 9]), 14);
    assert_eq!(end_of_records(&[22, 3, 1, 0, 1, 1, 22]), 11);
    assert_eq!(end_of_records(&[22, 3, 1, 0x40, 0]), CLIENT_HELLO_BYTES_MAX);
}
