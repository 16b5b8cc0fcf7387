//! Request heads: which are accepted, what is learned from them, which error refuses the others.

use architrave_core::Reason;

use super::*;
use crate::message::{Framing, Version};

#[track_caller]
fn refused(text: &str, expected: ParseError) {
    assert_eq!(request(text.as_bytes()).map(|_| ()), Err(expected), "{text:?}");
}

/// A request to `/` with `Host` and these lines.
fn with(lines: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a.test\r\n{lines}\r\n")
}

#[test]
fn a_plain_request_is_read() {
    let text =
        "GET /a/b?c=d HTTP/1.1\r\nHost: a.test:8080\r\nX-One:  1 \r\naccept: */*\r\n\r\nrest";
    let (head, prelude) = whole_request(text);
    assert_eq!(head.method, Method::Get);
    assert_eq!(head.version, Version::Http11);
    assert_eq!(head.authority, "a.test:8080");
    assert_eq!((head.path(), head.query()), ("/a/b", Some("c=d")));
    let fields: Vec<_> = head.fields.iter().map(|f| (f.name, f.value)).collect();
    assert_eq!(fields, [(&b"X-One"[..], &b"1"[..]), (b"accept", b"*/*")]);
    let expected = RequestPrelude {
        consumed: text.len() - 4,
        framing: Framing::Empty,
        keep_alive: true,
        has_stray_body: false,
        expects_continue: false,
        wants_upgrade: false,
    };
    assert_eq!(prelude, expected);
}

#[test]
fn targets_in_every_form() {
    let read = |line: &str, host: &str| {
        let (head, _) = whole_request(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        (head.authority, head.target)
    };
    for (line, host, authority, target) in [
        ("GET /", "a", "a", "/"),
        ("GET //b/c", "a", "a", "//b/c"),
        ("OPTIONS *", "a", "a", "*"),
        ("GET http://b.test", "a", "b.test", "/"),
        ("GET HTTP://b.test:81/x?y", "a", "b.test:81", "/x?y"),
        ("GET https://b.test?y/z", "a", "b.test", "/?y/z"),
        ("OPTIONS http://b.test", "a", "b.test", "*"),
        ("OPTIONS http://b.test/", "a", "b.test", "/"),
        ("GET http://[::1]:9/x", "a", "[::1]:9", "/x"),
        ("GET /", "a:", "a", "/"),
        ("GET /", "A.Test:80", "A.Test:80", "/"),
    ] {
        assert_eq!(read(line, host), (authority.into(), target.into()), "{line} {host}");
    }
    for line in [
        "GET *",
        "GET a.test:80",
        "GET a",
        "POST *",
        "GET ftp://a/",
        "GET http:/a",
        "GET /a#b",
        "GET /\u{e4}",
        "GET ?a",
        "GET http//a",
        "GET javascript:x",
    ] {
        refused(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"), ParseError::Target);
    }
    for line in
        ["GET http://", "GET http:///x", "GET http://u@a/", "GET http://a:b/", "GET http://a\\b/"]
    {
        refused(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n"), ParseError::HostMalformed);
    }
    refused("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", ParseError::Connect);
    refused("connect a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", ParseError::Method);
    refused("Head / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::Method);
}

#[test]
fn hosts_that_are_none_are_refused() {
    for host in [
        "",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "u:p@b",
        "a:b",
        "a:80:80",
        "a:-1",
        "a:65536",
        "a:000080",
        "[",
        "[]",
        "[::1",
        "::1",
        "[::g]",
        "[::1]a",
        "[fe80::1%25eth0]",
        "[v1.x]",
        "a%41",
        "a\\b",
        "a, b",
        "\u{e4}.test",
        "a\tb",
        "\"a\"",
        "<a>",
        "a|b",
        "a^b",
        "`a`",
        "{a}",
        ":80",
    ] {
        refused(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), ParseError::HostMalformed);
        refused(
            &format!("GET http://b/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            ParseError::HostMalformed,
        );
    }
    for host in
        ["a", "a_b.c-d", "127.0.0.1", "127.0.0.1:0", "[::ffff:1.2.3.4]:80", "a.", "~a!$&'()*+,;=b"]
    {
        assert_eq!(
            whole_request(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).0.authority,
            host
        );
    }
    refused("GET / HTTP/1.1\r\n\r\n", ParseError::HostMissing);
    refused("GET http://a/ HTTP/1.1\r\n\r\n", ParseError::HostMissing);
    refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", ParseError::HostRepeated);
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", ParseError::HostRepeated);
    assert_eq!(whole_request("GET / HTTP/1.0\r\n\r\n").0.authority, "");
}

#[test]
fn framing_is_never_guessed() {
    let framing = |lines: &str| whole_request(&with(lines)).1.framing;
    assert_eq!(framing(""), Framing::Empty);
    assert_eq!(framing("Content-Length: 0\r\n"), Framing::Empty);
    assert_eq!(framing("content-length: 0042 \r\n"), Framing::Length(42));
    assert_eq!(
        framing("Content-Length: 9223372036854775807\r\n"),
        Framing::Length(i64::MAX as u64)
    );
    assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Framing::Chunked);
    for value in [
        "",
        "+1",
        "-1",
        "1,1",
        "1, 1",
        "1 1",
        "0x1",
        "1_0",
        "1.0",
        "1e3",
        "a",
        "9223372036854775808",
        "00000000000000000001",
        "\u{660}",
    ] {
        refused(&with(&format!("Content-Length: {value}\r\n")), ParseError::ContentLength);
    }
    for value in [
        "",
        "identity",
        "gzip, chunked",
        "chunked, chunked",
        "chunked, identity",
        "chunked;q=1",
        "xchunked",
        "chunke",
        "\"chunked\"",
        ",chunked",
        "chunked,",
        "ch unked",
    ] {
        refused(&with(&format!("Transfer-Encoding: {value}\r\n")), ParseError::TransferEncoding);
    }
    let twice = with("Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n");
    refused(&twice, ParseError::TransferEncoding);
    let equal = with("Content-Length: 1\r\nContent-Length: 1\r\n");
    refused(&equal, ParseError::ContentLengthRepeated);
    for both in [
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ] {
        refused(&with(both), ParseError::LengthAndTransferEncoding);
    }
    let old = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    refused(old, ParseError::TransferEncodingInHttp10);
}

#[test]
fn lines_end_in_crlf_and_nothing_else() {
    for text in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX:\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \nY: b\r\n\r\n",
        "GET / HTTP/1.1\nHost: a",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
    ] {
        refused(text, ParseError::LineEnd);
    }
    refused("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", ParseError::FieldValue);
    refused("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", ParseError::FieldValue);
    refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::EmptyLines);
    let (_, prelude) = whole_request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nX");
    assert_eq!(prelude.consumed, 29);
}

#[test]
fn malformed_lines_are_refused() {
    for line in [
        "GET  / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1",
        "GET /",
        "G@T / HTTP/1.1",
        "/ HTTP/1.1",
        "GET / a HTTP/1.1",
        "GET",
    ] {
        assert!(request(format!("{line}\r\nHost: a\r\n\r\n").as_bytes()).is_err(), "{line}");
    }
    for (version, error) in [
        ("HTTP/1.2", ParseError::VersionNotSupported),
        ("HTTP/2.0", ParseError::VersionNotSupported),
        ("HTTP/0.9", ParseError::VersionNotSupported),
        ("http/1.1", ParseError::Version),
        ("HTTP/1.10", ParseError::LineEnd),
        ("HTTP/11", ParseError::Version),
        ("HTTP/1,1", ParseError::Version),
        ("HTTP /1.1", ParseError::Version),
    ] {
        refused(&format!("GET / {version}\r\nHost: a\r\n\r\n"), error);
    }
    for line in [
        "X : a",
        "X\t: a",
        ": a",
        "X",
        " X: a",
        "\tX: a",
        "X(y): a",
        "X\u{e4}: a",
        "X\0: a",
        "\"X\": a",
        "X y: a",
        "X;: a",
    ] {
        refused(&with(&format!("{line}\r\n")), ParseError::FieldName);
    }
    refused(&with("X: a\r\n folded\r\n"), ParseError::FieldName);
    for value in ["\0", "a\x01b", "\x7f", "a\x0bb", "\x0c", "\x1b"] {
        refused(&with(&format!("X: {value}\r\n")), ParseError::FieldValue);
    }
}

#[test]
fn names_with_underscores_are_never_seen() {
    let lines = "Content_Length: 5\r\nTransfer_Encoding: chunked\r\nX_Forwarded_For: 1.2.3.4\r\n\
                 _: a\r\nX-Forwarded_For: a\r\nX-Kept: a_b\r\n";
    let (head, prelude) = whole_request(&with(lines));
    assert_eq!(head.fields.iter().map(|f| f.name).collect::<Vec<_>>(), [b"X-Kept"]);
    assert_eq!(prelude.framing, Framing::Empty);
}

#[test]
fn names_that_imitate_framing_are_never_seen() {
    let lines = "Content.Length: 5\r\nContentLength: 5\r\n-content-length: 5\r\nTransfer--Encoding: chunked\r\n\
                 transfer-encoding-: chunked\r\nTransfer-Encodings: a\r\nX-Content-Length: 1\r\nContent-Len: a\r\n";
    let (head, prelude) = whole_request(&with(lines));
    let kept: Vec<_> = head.fields.iter().map(|f| String::from_utf8_lossy(f.name)).collect();
    assert_eq!(kept, ["Transfer-Encodings", "X-Content-Length", "Content-Len"]);
    assert_eq!(prelude.framing, Framing::Empty);
}

#[test]
fn a_body_where_none_is_expected_ends_the_connection() {
    for (method, lines, is_stray) in [
        ("GET", "Content-Length: 1\r\n", true),
        ("HEAD", "Transfer-Encoding: chunked\r\n", true),
        ("TRACE", "Content-Length: 1\r\n", true),
        ("GET", "Content-Length: 0\r\n", false),
        ("DELETE", "Content-Length: 1\r\n", false),
        ("POST", "Content-Length: 1\r\n", false),
    ] {
        let (_, prelude) = whole_request(&format!("{method} / HTTP/1.1\r\nHost: a\r\n{lines}\r\n"));
        assert_eq!((prelude.has_stray_body, prelude.keep_alive), (is_stray, !is_stray), "{method}");
    }
}

#[test]
fn persistence_and_wishes() {
    let read = |version: &str, lines: &str| {
        let text = format!("POST / HTTP/{version}\r\nHost: a\r\n{lines}\r\n");
        whole_request(&text).1
    };
    assert!(read("1.1", "").keep_alive && !read("1.0", "").keep_alive);
    assert!(!read("1.1", "Connection: x, Close\r\n").keep_alive);
    assert!(read("1.0", "Connection: Keep-Alive\r\n").keep_alive);
    assert!(!read("1.0", "Connection: keep-alive\r\nConnection: close\r\n").keep_alive);
    let upgrade = "Upgrade: websocket\r\nConnection: keep-alive,Upgrade\r\n";
    assert!(read("1.1", upgrade).wants_upgrade && !read("1.0", upgrade).wants_upgrade);
    assert!(!read("1.1", "Upgrade: websocket\r\n").wants_upgrade);
    assert!(!read("1.1", "Connection: upgrade\r\n").wants_upgrade);
    let expect = "Content-Length: 1\r\nExpect: 100-Continue\r\n";
    assert!(read("1.1", expect).expects_continue && !read("1.0", expect).expects_continue);
    assert!(!read("1.1", "Expect: 100-continue\r\n").expects_continue);
    let many = format!("Connection: {}\r\n", "a,".repeat(32));
    refused(&with(&many), ParseError::TooManyConnectionOptions);
}

#[test]
fn heads_have_limits() {
    let limits = HeadLimits { head_bytes_max: 200, headers_max: 3, uri_bytes_max: 20 };
    let read = |text: &str| {
        let mut head = RequestHead::default();
        HeadParser::new().request(text.as_bytes(), &limits, &mut head).map_err(ParseError::reason)
    };
    let head =
        |target: &str, lines: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    assert!(read(&head(&format!("/{}", "a".repeat(19)), "")).is_ok_and(|read| read.is_some()));
    assert_eq!(read(&head(&format!("/{}", "a".repeat(20)), "")), Err(Reason::UriTooLong));
    assert_eq!(read(&format!("GET /{}", "a".repeat(80))), Err(Reason::UriTooLong));
    assert!(read(&head("/", "A: a\r\nB: b\r\n")).is_ok_and(|read| read.is_some()));
    assert_eq!(read(&head("/", "A: a\r\nB: b\r\nC: c\r\n")), Err(Reason::HeadTooLarge));
    assert_eq!(read(&head("/", &format!("A: {}\r\n", "a".repeat(200)))), Err(Reason::HeadTooLarge));
    let fitting = head("/", &format!("A: {}\r\n", "a".repeat(168)));
    assert_eq!(fitting.len(), 200);
    assert!(read(&fitting).is_ok_and(|read| read.is_some()));
    assert_eq!(read(&head("/", &format!("A: {}\r\n", "a".repeat(169)))), Err(Reason::HeadTooLarge));
    let method = format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(33));
    assert_eq!(read(&method), Err(Reason::NotImplemented));
}

#[test]
fn a_slow_head_is_not_read_again_for_each_byte() {
    let lines: String = (0..90).map(|n| format!("X-{n}: {}\r\n", "v".repeat(600))).collect();
    let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    let (mut parser, mut head) = (HeadParser::new(), RequestHead::default());
    let mut looks = 0;
    for end in 1..=text.len() {
        let tried = parser.tried;
        let found = parser.request(&text.as_bytes()[..end], &HeadLimits::default(), &mut head);
        looks += usize::from(parser.tried != tried);
        assert_eq!(found.expect("it is a good head").is_some(), end == text.len());
    }
    assert!(looks < 20, "{looks} full looks at {} bytes", text.len());
    assert_eq!(head.fields.len(), 90);
}

#[test]
fn rubbish_that_trickles_in_is_refused_before_its_line_ends() {
    let text = format!("G@T /{}", "a".repeat(100));
    let (mut parser, mut head) = (HeadParser::new(), RequestHead::default());
    let read = |end| parser.request(&text.as_bytes()[..end], &HeadLimits::default(), &mut head);
    let refused_at = (1..=text.len()).map(read).position(|found| found.is_err());
    assert!(refused_at.is_some_and(|at| at < 10), "{refused_at:?}");
}

#[test]
fn a_parser_is_ready_for_the_next_head() {
    let long = format!("GET /first HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "v".repeat(200));
    let short = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
    let (mut parser, mut head) = (HeadParser::new(), RequestHead::default());
    let limits = HeadLimits::default();
    for _ in 0..2 {
        assert_eq!(parser.request(&long.as_bytes()[..50], &limits, &mut head), Ok(None));
        let found = parser.request(long.as_bytes(), &limits, &mut head);
        assert!(found.is_ok_and(|found| found.is_some()));
        assert_eq!(parser.tried, 0);
        let found = parser.request(short.as_bytes(), &limits, &mut head);
        assert!(found.is_ok_and(|found| found.is_some()) && head.authority == "b");
    }
    let (long, short) = ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 204\r\n\r\n");
    let (mut parser, mut head) = (HeadParser::new(), ResponseHead::default());
    for text in [long, short, long] {
        assert_eq!(
            parser.response(&text.as_bytes()[..10], &limits, &Method::Get, &mut head),
            Ok(None)
        );
        let found = parser.response(text.as_bytes(), &limits, &Method::Get, &mut head);
        assert!(found.is_ok_and(|found| found.is_some()));
        assert_eq!(parser.tried, 0);
    }
}

#[test]
fn a_version_that_is_not_spoken_is_known_when_all_of_it_is_there() {
    let text = b"GET / HTTP/2.0\r\nHost: a\r\n\r\n";
    let (mut parser, mut head) = (HeadParser::new(), RequestHead::default());
    for end in [12, 13, 14, 15] {
        let found = parser.request(&text[..end], &HeadLimits::default(), &mut head);
        assert_eq!(found, Ok(None), "{end}");
        parser.reset();
    }
    let found = parser.request(text, &HeadLimits::default(), &mut head);
    assert_eq!(found, Err(ParseError::VersionNotSupported));
}

#[test]
fn a_limit_may_be_above_what_fits_the_stack() {
    let lines: String = (0..300).map(|n| format!("X-{n}: a\r\n")).collect();
    let limits = HeadLimits { headers_max: 301, ..HeadLimits::default() };
    let mut head = RequestHead::default();
    let mut read = |text: &str| HeadParser::new().request(text.as_bytes(), &limits, &mut head);
    assert!(read(&with(&lines)).is_ok_and(|found| found.is_some()));
    assert_eq!(read(&with(&format!("{lines}Y: b\r\n"))), Err(ParseError::TooManyFields));
}

#[test]
fn an_authority_is_no_longer_than_names_are() {
    let name = "a".repeat(253);
    assert!(crate::h1::is_authority(format!("{name}:65535").as_bytes()));
    assert!(!crate::h1::is_authority(format!("{name}a:65535").as_bytes()));
}
