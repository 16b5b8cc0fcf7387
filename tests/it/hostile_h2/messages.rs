//! Header blocks that HTTP/2 forbids, above all those that an HTTP/1 origin would read otherwise.

use architrave_testkit::abuse::{END_HEADERS, END_STREAM, RawH2, Verdict, block, kind};

use super::Siege;

/// The pseudo-fields of a plain GET, with more fields behind.
fn get_with(more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields =
        vec![(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "h")];
    fields.extend_from_slice(more);
    block(&fields)
}

/// One letter longer than HTTP/1 takes it.
const ENDLESS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG";

#[track_caller]
fn refused(siege: &Siege, name: &str, verdict: Verdict) {
    let fine = matches!(
        verdict,
        Verdict::Refused | Verdict::Ended | Verdict::Answered(400 | 421 | 431 | 501)
    );
    assert!(fine, "{name}: {verdict:?}");
    let whole: Vec<_> = siege.origin.requests().into_iter().filter(|r| r.complete).collect();
    assert!(whole.is_empty(), "{name}: reached the origin: {whole:?}");
    assert_eq!(siege.origin.take_violations(), [""; 0], "{name}");
}

#[test]
fn forbidden_fields_are_refused() {
    let siege = Siege::start();
    siege.origin.forget();
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("connection", &[("connection", "close")]),
        ("keep-alive", &[("keep-alive", "timeout=5")]),
        ("proxy-connection", &[("proxy-connection", "close")]),
        ("transfer-encoding", &[("transfer-encoding", "chunked")]),
        ("upgrade", &[("upgrade", "websocket")]),
        ("te other than trailers", &[("te", "gzip")]),
        ("an upper-case name", &[("X-Upper", "1")]),
        ("an empty name", &[("", "1")]),
        ("a space in a name", &[("x y", "1")]),
        ("a colon in a name", &[("x:y", "1")]),
        ("CRLF in a name", &[("x\r\nhost", "evil")]),
        ("a NUL in a name", &[("x\0", "1")]),
        ("CRLF in a value", &[("x", "1\r\nhost: evil")]),
        ("a CR in a value", &[("x", "1\revil")]),
        ("an LF in a value", &[("x", "1\nevil")]),
        ("a NUL in a value", &[("x", "1\0")]),
        ("a request within a value", &[("x", "1\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: h")]),
        ("a pseudo-field after a field", &[("x", "1"), (":path", "/other")]),
        ("a pseudo-field twice", &[(":path", "/other")]),
        ("an unknown pseudo-field", &[(":protocol-x", "1")]),
        ("a status in a request", &[(":status", "200")]),
        ("another host", &[("host", "evil")]),
        ("two hosts", &[("host", "h"), ("host", "evil")]),
        ("a bad length", &[("content-length", "abc")]),
        ("a positive length", &[("content-length", "+0")]),
        ("two lengths", &[("content-length", "0"), ("content-length", "5")]),
        ("a length without a body", &[("content-length", "5")]),
    ];
    for (name, more) in cases {
        let mut raw = RawH2::connect(siege.gateway.web());
        raw.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &get_with(more)).unwrap();
        refused(&siege, name, raw.verdict(1));
    }
    siege.stands("forbidden fields");
}

#[test]
fn bad_pseudo_fields_are_refused() {
    let siege = Siege::start();
    siege.origin.forget();
    let (m, s, p, a) = (":method", ":scheme", ":path", ":authority");
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("no method", &[(s, "http"), (p, "/"), (a, "h")]),
        ("no path", &[(m, "GET"), (s, "http"), (a, "h")]),
        ("no scheme", &[(m, "GET"), (p, "/"), (a, "h")]),
        ("no authority and no host", &[(m, "GET"), (s, "http"), (p, "/")]),
        ("an empty path", &[(m, "GET"), (s, "http"), (p, ""), (a, "h")]),
        ("a relative path", &[(m, "GET"), (s, "http"), (p, "x"), (a, "h")]),
        ("a path with a space", &[(m, "GET"), (s, "http"), (p, "/ HTTP/1.1"), (a, "h")]),
        ("a path with CRLF", &[(m, "GET"), (s, "http"), (p, "/\r\nx: y"), (a, "h")]),
        ("a path with a NUL", &[(m, "GET"), (s, "http"), (p, "/\0"), (a, "h")]),
        ("a path with a backslash", &[(m, "GET"), (s, "http"), (p, "/\\x"), (a, "h")]),
        ("an asterisk for GET", &[(m, "GET"), (s, "http"), (p, "*"), (a, "h")]),
        ("an address for a path", &[(m, "GET"), (s, "http"), (p, "http://evil/"), (a, "h")]),
        ("an empty method", &[(m, ""), (s, "http"), (p, "/"), (a, "h")]),
        ("a method with a space", &[(m, "GET /smuggled"), (s, "http"), (p, "/"), (a, "h")]),
        ("a method with CRLF", &[(m, "GET\r\n"), (s, "http"), (p, "/"), (a, "h")]),
        ("a user in the authority", &[(m, "GET"), (s, "http"), (p, "/"), (a, "u@h")]),
        ("a path in the authority", &[(m, "GET"), (s, "http"), (p, "/"), (a, "h/x")]),
        ("a space in the authority", &[(m, "GET"), (s, "http"), (p, "/"), (a, "h evil")]),
        ("a bad port", &[(m, "GET"), (s, "http"), (p, "/"), (a, "h:99999")]),
        ("CONNECT", &[(m, "CONNECT"), (a, "h:443")]),
        ("connect in lower case", &[(m, "connect"), (s, "http"), (p, "/"), (a, "h")]),
        ("head in lower case", &[(m, "head"), (s, "http"), (p, "/"), (a, "h")]),
        ("an endless method", &[(m, ENDLESS), (s, "http"), (p, "/"), (a, "h")]),
    ];
    for (name, fields) in cases {
        let mut raw = RawH2::connect(siege.gateway.web());
        raw.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &block(fields)).unwrap();
        refused(&siege, name, raw.verdict(1));
    }
    siege.stands("bad pseudo-fields");
}

#[test]
fn a_body_must_be_as_long_as_it_says() {
    let siege = Siege::start();
    siege.origin.forget();
    for (name, length, body) in [("too short", "10", "short"), ("too long", "2", "too long")] {
        let mut raw = RawH2::connect(siege.gateway.web());
        let mut fields =
            vec![(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")];
        fields.push(("content-length", length));
        raw.send(kind::HEADERS, END_HEADERS, 1, &block(&fields)).unwrap();
        let _ = raw.send(kind::DATA, END_STREAM, 1, body.as_bytes());
        refused(&siege, name, raw.verdict(1));
    }
}

#[test]
fn what_is_tolerated_does_not_reach_the_origin() {
    let siege = Siege::start();
    siege.origin.forget();
    let mut raw = RawH2::connect(siege.gateway.web());
    let post = [(":method", "POST"), (":scheme", "http"), (":path", "/a#b"), (":authority", "h")];
    raw.send(kind::HEADERS, END_HEADERS, 1, &block(&post)).unwrap();
    raw.send(kind::DATA, 0, 1, b"x").unwrap();
    let trailers = block(&[(":path", "/evil"), ("x", "y")]);
    raw.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &trailers).unwrap();
    if raw.verdict(1) == Verdict::Answered(200) {
        let request = siege.origin.only();
        assert_eq!(request.target, "/a");
        assert!(request.trailers.iter().all(|(name, _)| !name.starts_with(':')), "{request:?}");
    }
    assert_eq!(siege.origin.take_violations(), [""; 0]);
    siege.stands("tolerated oddities");
}

#[test]
fn names_that_imitate_framing_do_not_reach_the_origin() {
    let siege = Siege::start();
    siege.origin.forget();
    let mut raw = RawH2::connect(siege.gateway.web());
    let (head, trailers) = (
        [("content.length", "5"), ("transfer--encoding", "chunked"), ("x-a", "1")],
        [("content.length", "5"), ("x-forwarded-for", "6.6.6.6"), ("x-b", "2")],
    );
    raw.send(kind::HEADERS, END_HEADERS, 1, &get_with(&head)).unwrap();
    raw.send(kind::DATA, 0, 1, b"x").unwrap();
    raw.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &block(&trailers)).unwrap();
    assert_eq!(raw.verdict(1), Verdict::Answered(200));
    let request = siege.origin.only();
    assert_eq!(request.get("x-a"), Some("1"));
    assert_eq!((request.get("content.length"), request.get("transfer--encoding")), (None, None));
    assert_eq!(request.trailers, [("x-b".to_owned(), "2".to_owned())]);
}

#[test]
fn underscores_and_claims_do_not_reach_the_origin() {
    let siege = Siege::start();
    siege.origin.forget();
    let mut raw = RawH2::connect(siege.gateway.web());
    let more = [("x_forwarded_for", "6.6.6.6"), ("x-forwarded-for", "6.6.6.6"), ("proxy", "evil")];
    raw.send(kind::HEADERS, END_HEADERS | END_STREAM, 1, &get_with(&more)).unwrap();
    if raw.verdict(1) == Verdict::Answered(200) {
        let request = siege.origin.only();
        assert!(!format!("{:?}", request.head).contains("6.6.6.6"), "{request:?}");
        assert_eq!(request.head.all("proxy"), [""; 0]);
    }
}
