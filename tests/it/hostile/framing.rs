//! Where a request ends: every way of saying it twice, wrongly or not quite.

use super::{Fortress, SMUGGLED, post};

#[test]
fn ambiguous_lengths_are_refused() {
    let fortress = Fortress::start();
    let cases: &[(&str, &[u8])] = &[
        ("length, then chunked", b"Content-Length: 5\r\nTransfer-Encoding: chunked"),
        ("chunked, then length", b"Transfer-Encoding: chunked\r\nContent-Length: 5"),
        ("length of nothing and chunked", b"Content-Length: 0\r\nTransfer-Encoding: chunked"),
        ("chunked twice", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        ("chunked twice in a list", b"Transfer-Encoding: chunked, chunked"),
        ("gzip under chunked", b"Transfer-Encoding: gzip, chunked"),
        ("chunked under gzip", b"Transfer-Encoding: chunked, gzip"),
        ("identity", b"Transfer-Encoding: identity"),
        ("identity and chunked", b"Transfer-Encoding: identity, chunked"),
        ("identity beside a length", b"Transfer-Encoding: identity\r\nContent-Length: 5"),
        ("an unknown coding", b"Transfer-Encoding: xchunked"),
        ("a cut-off coding", b"Transfer-Encoding: chunk"),
        ("an empty coding", b"Transfer-Encoding:"),
        ("a coding with a parameter", b"Transfer-Encoding: chunked;q=1"),
        ("a coding in quotes", b"Transfer-Encoding: \"chunked\""),
        ("a comma before the coding", b"Transfer-Encoding: ,chunked"),
        ("a comma behind the coding", b"Transfer-Encoding: chunked,"),
        ("a vertical tab before the coding", b"Transfer-Encoding: \x0bchunked"),
        ("a vertical tab behind the coding", b"Transfer-Encoding: chunked\x0b"),
        ("a no-break space before the coding", b"Transfer-Encoding: \xa0chunked"),
        ("a no-break space behind the coding", b"Transfer-Encoding: chunked\xa0"),
        ("a NUL behind the coding", b"Transfer-Encoding: chunked\x00"),
        ("a folded coding", b"Transfer-Encoding:\r\n chunked"),
        ("a space before the colon of a coding", b"Transfer-Encoding : chunked"),
        ("a tab before the colon of a coding", b"Transfer-Encoding\t: chunked"),
        ("two equal lengths", b"Content-Length: 5\r\nContent-Length: 5"),
        ("two different lengths", b"Content-Length: 5\r\nContent-Length: 6"),
        ("a list of equal lengths", b"Content-Length: 5, 5"),
        ("a list of lengths", b"Content-Length: 5,6"),
        ("a positive length", b"Content-Length: +5"),
        ("a negative length", b"Content-Length: -5"),
        ("a hexadecimal length", b"Content-Length: 0x5"),
        ("a length in hexadecimal digits", b"Content-Length: a"),
        ("a fraction", b"Content-Length: 5.0"),
        ("an exponent", b"Content-Length: 5e0"),
        ("a length with a space", b"Content-Length: 5 5"),
        ("a length with an underscore", b"Content-Length: 1_0"),
        ("an empty length", b"Content-Length:"),
        ("a length in quotes", b"Content-Length: \"5\""),
        ("a length over 64 bits", b"Content-Length: 18446744073709551621"),
        ("a length over 63 bits", b"Content-Length: 9223372036854775813"),
        ("a very long length", b"Content-Length: 99999999999999999999999999999999999"),
        ("a length with a NUL", b"Content-Length: 5\x00"),
        ("a length with a no-break space", b"Content-Length: 5\xa0"),
        ("full-width digits", b"Content-Length: \xef\xbc\x95"),
        ("a folded length", b"Content-Length:\r\n 5"),
        ("a space before the colon of a length", b"Content-Length : 5"),
        ("a chunked body hidden by a bare LF", b"X: y\nTransfer-Encoding: chunked"),
        ("a length hidden by a bare CR", b"X: y\rContent-Length: 5"),
    ];
    for (name, lines) in cases {
        fortress.refuses(name, &post(lines, "0\r\n\r\n"), &[400, 501]);
    }
}

#[test]
fn chunked_bodies_do_not_exist_in_http_1_0() {
    let fortress = Fortress::start();
    let bytes = format!(
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    );
    fortress.refuses("chunked in HTTP/1.0", bytes.as_bytes(), &[400]);
}

#[test]
fn bad_chunks_are_refused_and_the_origin_gets_no_whole_request() {
    let fortress = Fortress::start();
    let cases = [
        ("no size", "\r\nhello\r\n0\r\n\r\n"),
        ("no digits before the extension", ";a=b\r\nhello\r\n0\r\n\r\n"),
        ("not a digit", "g\r\nhello\r\n0\r\n\r\n"),
        ("a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("a plus", "+5\r\nhello\r\n0\r\n\r\n"),
        ("a minus", "-5\r\nhello\r\n0\r\n\r\n"),
        ("a space before", " 5\r\nhello\r\n0\r\n\r\n"),
        ("a space behind", "5 \r\nhello\r\n0\r\n\r\n"),
        ("a tab behind", "5\t\r\nhello\r\n0\r\n\r\n"),
        ("an underscore", "0_5\r\nhello\r\n0\r\n\r\n"),
        ("seventeen digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("a size that wraps around", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("the largest size", "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        ("bare LF behind the size", "5\nhello\r\n0\r\n\r\n"),
        ("bare CR behind the size", "5\rhello\r\n0\r\n\r\n"),
        ("bare LF behind the data", "5\r\nhello\n0\r\n\r\n"),
        ("nothing behind the data", "5\r\nhello0\r\n\r\n"),
        ("data longer than its size", "3\r\nhello\r\n0\r\n\r\n"),
        ("LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        ("CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
        ("NUL in an extension", "5;a\0b\r\nhello\r\n0\r\n\r\n"),
        ("a bad last chunk", "5\r\nhello\r\n0\n\r\n"),
        ("a request instead of the last line", "0\r\n"),
        ("a trailer without a colon", "0\r\nbad\r\n\r\n"),
        ("a trailer with a bare LF", "0\r\nX: y\nZ: 1\r\n\r\n"),
        ("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
        ("a trailer with a space before the colon", "0\r\nX : y\r\n\r\n"),
        ("a trailer with a NUL", "0\r\nX: \0\r\n\r\n"),
    ];
    for (name, body) in cases {
        fortress.refuses(name, &post("Transfer-Encoding: chunked", body), &[400]);
    }
}

#[test]
fn chunk_extensions_and_trailers_are_bounded() {
    let fortress = Fortress::start();
    let long = format!("5;a={}\r\nhello\r\n0\r\n\r\n", "x".repeat(256 << 10));
    fortress.refuses(
        "a long extension",
        &post("Transfer-Encoding: chunked", &long),
        &[400, 413, 431],
    );
    let many =
        format!("{}0\r\n\r\n", "1;a=bcdefghijklmnopqrstuvwxyz0123456789\r\nx\r\n".repeat(50_000));
    fortress.refuses(
        "many extensions",
        &post("Transfer-Encoding: chunked", &many),
        &[400, 413, 431],
    );
    let large = format!("0\r\nX: {}\r\n\r\n", "y".repeat(256 << 10));
    fortress.refuses("a large trailer", &post("Transfer-Encoding: chunked", &large), &[400, 431]);
    let fields = format!("0\r\n{}\r\n", "X: y\r\n".repeat(5_000));
    fortress.refuses("many trailers", &post("Transfer-Encoding: chunked", &fields), &[400, 431]);
}

#[test]
fn what_follows_a_body_is_the_next_request_and_nothing_else() {
    let fortress = Fortress::start();
    let mut client = architrave_testkit::Client::connect(fortress.gateway.web());
    let bytes = format!(
        "POST /one HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n{SMUGGLED}\
         POST /two HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n\
         GET /three HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
        SMUGGLED.len(),
        SMUGGLED.len(),
    );
    client.send(bytes).unwrap();
    for _ in 0..3 {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
    let targets: Vec<_> = fortress.origin.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/one", "/two", "/three"]);
}
