//! Bodies that are read to where they belong.

use std::future::poll_fn;
use std::rc::Rc;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::h1::{H1Reader, HeadLimits};
use crate::message::RequestHead;
use crate::stream::SharedStream;
use crate::wire_error::WireError;

const LIMITS: HeadLimits =
    HeadLimits { head_bytes_max: 4096, headers_max: 16, uri_bytes_max: 1024 };

async fn pair() -> (TcpStream, H1Reader) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (served, _) = listener.accept().await.unwrap();
    (client, H1Reader::new(Rc::new(SharedStream::new(served.into()))))
}

async fn head(reader: &mut H1Reader) -> RequestHead {
    let mut head = RequestHead::default();
    poll_fn(|context| reader.poll_request(context, &LIMITS, &mut head)).await.unwrap();
    head
}

async fn take(reader: &mut H1Reader, into: &mut Vec<u8>, most: usize) -> Result<usize, WireError> {
    poll_fn(|context| reader.poll_take(context, into, most)).await
}

#[tokio::test]
async fn a_body_comes_whole_from_buffer_and_socket_and_the_next_request_is_left() {
    let (mut client, mut reader) = pair().await;
    let body: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let first = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    client.write_all(first.as_bytes()).await.unwrap();
    client.write_all(&body[..10]).await.unwrap();
    head(&mut reader).await;
    let mut read = Vec::new();
    while read.len() < 10 {
        assert!(take(&mut reader, &mut read, 7).await.unwrap() <= 7);
    }
    let rest = [&body[10..], b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    let sent = architrave_core::task::spawn(async move {
        client.write_all(&rest).await.unwrap();
        client
    });
    while take(&mut reader, &mut read, 4096).await.unwrap() > 0 {}
    assert!(read == body, "{} bytes came", read.len());
    assert!(reader.is_ended());
    assert_eq!(head(&mut reader).await.target.as_bytes(), b"/next");
    drop(sent.await.unwrap());
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_told_so() {
    let (mut client, mut reader) = pair().await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc").await.unwrap();
    head(&mut reader).await;
    drop(client);
    let mut read = Vec::new();
    let end = loop {
        match take(&mut reader, &mut read, 64).await {
            Ok(count) => assert!(count > 0, "an end in the middle of a body is none"),
            Err(error) => break error,
        }
    };
    assert!(matches!(end, WireError::Closed), "{end:?}");
    assert_eq!(read, b"abc");
}
