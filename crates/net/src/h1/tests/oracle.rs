//! hyper as a second reader: what it refuses we refuse, and what we take it reads as we do.
//!
//! hyper is the more lenient of the two, by intent, so there is no claim the other way round. What
//! it refuses and we take, knowingly, is in [`hyper_is_too_strict`].

use std::cell::RefCell;
use std::convert::Infallible;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::io::AsyncWriteExt;

use super::bodies::read;
use super::table::cases;
use super::*;
use crate::h1::BodyDecoder;

/// A request as read: method, path and query, body.
type Seen = (String, String, Vec<u8>);

/// The first request, if we take it whole.
fn ours(bytes: &[u8]) -> Option<Seen> {
    let (head, prelude) = request(bytes).ok()??;
    let body = &bytes[prelude.consumed..];
    let body = read(&mut BodyDecoder::new(prelude.framing), &[body]).ok()?;
    body.is_ended.then(|| (head.method.as_str().to_owned(), head.target, body.data))
}

/// The requests that hyper takes whole, up to the first that it does not.
fn hypers(bytes: &[u8]) -> Vec<Seen> {
    let seen = RefCell::new(Vec::new());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let seen = &seen;
        async move {
            let method = request.method().to_string();
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            // It leaves out the path of `http://a?b`, which is `/`.
            let target = format!("{}{target}", if target.starts_with('?') { "/" } else { "" });
            if let Ok(body) = request.into_body().collect().await {
                seen.borrow_mut().push((method, target, body.to_bytes().to_vec()));
            }
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        client.write_all(bytes).await.expect("there is room");
        client.shutdown().await.expect("it is open");
        let connection = http1::Builder::new()
            .half_close(true)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(server), service);
        // A request that it refuses ends the connection with an error, which says nothing more.
        drop(connection.await);
    });
    seen.into_inner()
}

/// Requests that are legal, or that we take though they are not quite, and that hyper refuses.
fn hyper_is_too_strict(seen: &Seen) -> bool {
    // Its type for targets knows fewer characters than clients send in queries, and it has no
    // place for an asterisk or an authority with the less usual characters of a name.
    !seen
        .1
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/?&=%-._~:;@!$'()*+,".contains(&byte))
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Some(ours) = ours(bytes) else { return Ok(()) };
    let hypers = hypers(bytes);
    if hypers.is_empty() && hyper_is_too_strict(&ours) {
        return Ok(());
    }
    prop_assert_eq!(hypers.first(), Some(&ours), "{:?}", String::from_utf8_lossy(bytes));
    Ok(())
}

#[test]
fn hyper_reads_what_we_take_of_the_table_as_we_do() {
    let cases = cases();
    for case in &cases {
        check(&case.bytes).expect("two readers agree");
    }
    // What is refused proves nothing here, nor does what hyper is too strict for.
    let compared =
        cases.iter().filter_map(|case| ours(&case.bytes)).filter(|o| !hyper_is_too_strict(o));
    assert!(compared.count() > 30);
}

#[derive(Debug, Clone)]
enum Change {
    Replace(u8),
    Insert(&'static str),
    Delete(usize),
    Repeat(usize),
}

fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let bytes = prop::sample::select(b"\r\n\t \0:;,0123abcxA/%?#\"\x7f\x80\xff+-_.".to_vec());
    let strings = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        ":",
        ",",
        ";",
        "chunked",
        "0",
        "1",
        "-",
        "+",
        "0x",
        "\0",
        "\x0b",
        "_",
        "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: b\r\n",
        "0\r\n\r\n",
        "\r\n\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "GET / HTTP/1.1\r\n",
        "HTTP/1.0",
        "http://b",
    ]);
    let change = prop_oneof![
        bytes.prop_map(Change::Replace),
        strings.prop_map(Change::Insert),
        (1_usize..6).prop_map(Change::Delete),
        (1_usize..30).prop_map(Change::Repeat),
    ];
    prop::collection::vec((any::<Index>(), change), 0..4)
}

fn apply(bytes: &mut Vec<u8>, changes: Vec<(Index, Change)>) {
    for (index, change) in changes {
        let at = index.index(bytes.len().max(1)).min(bytes.len());
        let until = |len: usize| (at + len).min(bytes.len());
        match change {
            Change::Replace(byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            Change::Insert(text) => drop(bytes.splice(at..at, text.bytes())),
            Change::Delete(len) => drop(bytes.drain(at..until(len))),
            Change::Repeat(len) => {
                let again = bytes[at..until(len)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn hyper_reads_what_we_take_as_we_do(case in any::<Index>(), changes in changes()) {
        let cases = cases();
        let mut bytes = case.get(&cases).bytes.clone();
        apply(&mut bytes, changes);
        check(&bytes)?;
    }
}
