//! Response heads: how their bodies are framed, and that they are read as strictly as requests.

use super::*;
use crate::fields::Known;
use crate::message::{Framing, Version};

#[test]
fn responses_lose_what_imitates_framing() {
    let lines = "X_Kept: 1\r\nContent_Length: 3\r\nTransfer--Encoding: chunked\r\n";
    let (head, prelude) = whole_response(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), &Method::Get);
    assert_eq!(head.fields.iter().map(|f| f.name).collect::<Vec<_>>(), [b"X_Kept"]);
    assert_eq!(prelude.framing, Framing::UntilClose);
}

#[test]
fn responses_are_framed_by_the_rules() {
    use Framing::{Chunked, Empty, Length, UntilClose};
    let read = |status: &str, lines: &str, method: Method| {
        let text = format!("HTTP/1.1 {status}\r\n{lines}\r\n");
        let (_, prelude) = whole_response(&text, &method);
        (prelude.framing, prelude.keep_alive)
    };
    let five = "Content-Length: 5\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (status, lines, method, expected) in [
        ("200 OK", five, Method::Get, (Length(5), true)),
        ("200 OK", "Content-Length: 0\r\n", Method::Get, (Empty, true)),
        ("200 OK", chunked, Method::Get, (Chunked, true)),
        ("200 OK", "", Method::Get, (UntilClose, false)),
        ("200 OK", "Content-Length: 5\r\nConnection: close\r\n", Method::Get, (Length(5), false)),
        ("200 OK", five, Method::Head, (Empty, true)),
        ("200 OK", "", Method::Head, (Empty, true)),
        ("304 Not Modified", chunked, Method::Get, (Empty, true)),
        ("204 No Content", "", Method::Get, (Empty, true)),
        ("204 No Content", "Content-Length: 0\r\n", Method::Get, (Empty, true)),
        ("204 No Content", chunked, Method::Get, (Empty, false)),
        ("204 No Content", five, Method::Get, (Empty, false)),
        ("100 Continue", "", Method::Post, (Empty, true)),
        ("103 Early Hints", "Link: </a>\r\n", Method::Get, (Empty, true)),
        ("101 Switching Protocols", "", Method::Get, (Empty, false)),
        ("200", five, Method::Get, (Length(5), true)),
        ("299 ", five, Method::Get, (Length(5), true)),
        ("999 \u{e4}\t", five, Method::Get, (Length(5), true)),
    ] {
        assert_eq!(read(status, lines, method.clone()), expected, "{status} {lines:?} {method:?}");
    }
    let (head, prelude) =
        whole_response("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", &Method::Get);
    assert_eq!((head.version, prelude.keep_alive), (Version::Http10, false));
}

#[test]
fn responses_are_refused_as_strictly() {
    for (text, error) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            ParseError::LengthAndTransferEncoding,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            ParseError::ContentLengthRepeated,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n", ParseError::ContentLength),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            ParseError::TransferEncoding,
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            ParseError::TransferEncodingInHttp10,
        ),
        ("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n", ParseError::InterimWithBody),
        (
            "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
            ParseError::InterimWithBody,
        ),
        ("HTTP/1.1 099 No\r\n\r\n", ParseError::StatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", ParseError::StatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", ParseError::StatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", ParseError::StatusLine),
        ("HTTP/1.1 200 O\0K\r\n\r\n", ParseError::StatusLine),
        ("HTTP/1.1 200 O\rK\r\n\r\n", ParseError::StatusLine),
        ("HTTP/2.0 200 OK\r\n\r\n", ParseError::Version),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", ParseError::EmptyLines),
        ("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", ParseError::LineEnd),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n", ParseError::LineEnd),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n", ParseError::LineEnd),
        ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", ParseError::FieldName),
        ("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", ParseError::FieldName),
    ] {
        let found = response(text.as_bytes(), &Method::Get).map(|_| ());
        assert_eq!(found, Err(error), "{text:?}");
    }
}

#[test]
fn received_framing_fields_stay_in_the_head() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: x\r\n\r\n";
    let (head, _) = whole_response(text, &Method::Head);
    assert_eq!(head.fields.get_known(Known::ContentLength), Some(&b"7"[..]));
    assert_eq!(head.fields.get_known(Known::Connection), Some(&b"x"[..]));
}
