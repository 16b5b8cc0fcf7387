//! Heads that break the protocol: line ends, names, values, request lines, hosts.

use super::{Fortress, SMUGGLED};

#[test]
fn malformed_lines_are_refused() {
    let fortress = Fortress::start();
    let cases: &[(&str, &[u8])] = &[
        ("bare LF everywhere", b"GET / HTTP/1.1\nHost: a.example\n\n"),
        ("bare LF behind the request line", b"GET / HTTP/1.1\nHost: a.example\r\n\r\n"),
        ("bare LF behind a field", b"GET / HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n"),
        ("bare LF before the end", b"GET / HTTP/1.1\r\nHost: a.example\r\n\n\r\n\r\n"),
        ("bare LF as the last line", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: y\n\r\n\r\n"),
        ("bare CR in a value", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\rb\r\n\r\n"),
        ("bare CR before a name", b"GET / HTTP/1.1\r\nHost: a.example\r\n\rX: a\r\n\r\n"),
        ("two CR", b"GET / HTTP/1.1\r\nHost: a.example\r\r\nX: y\r\n\r\n"),
        ("NUL in a value", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\x00b\r\n\r\n"),
        ("NUL in a name", b"GET / HTTP/1.1\r\nHost: a.example\r\nX\x00Y: a\r\n\r\n"),
        (
            "a control character in a value",
            b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\x01b\r\n\r\n",
        ),
        ("an escape in a value", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\x1bb\r\n\r\n"),
        ("DEL in a value", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\x7fb\r\n\r\n"),
        ("a folded line with a space", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\r\n b\r\n\r\n"),
        ("a folded line with a tab", b"GET / HTTP/1.1\r\nHost: a.example\r\nX: a\r\n\tb\r\n\r\n"),
        ("a first field that is folded", b"GET / HTTP/1.1\r\n X: a\r\nHost: a.example\r\n\r\n"),
        ("a folded host", b"GET / HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n"),
        ("a space before the colon", b"GET / HTTP/1.1\r\nHost: a.example\r\nX : a\r\n\r\n"),
        ("a tab before the colon", b"GET / HTTP/1.1\r\nHost: a.example\r\nX\t: a\r\n\r\n"),
        ("a space in a name", b"GET / HTTP/1.1\r\nHost: a.example\r\nX Y: a\r\n\r\n"),
        ("an empty name", b"GET / HTTP/1.1\r\nHost: a.example\r\n: a\r\n\r\n"),
        ("no colon", b"GET / HTTP/1.1\r\nHost: a.example\r\nnonsense\r\n\r\n"),
        ("a name with brackets", b"GET / HTTP/1.1\r\nHost: a.example\r\nX[]: a\r\n\r\n"),
        ("a name beyond ASCII", b"GET / HTTP/1.1\r\nHost: a.example\r\n\xc3\xa9: a\r\n\r\n"),
        ("a name in quotes", b"GET / HTTP/1.1\r\nHost: a.example\r\n\"X\": a\r\n\r\n"),
    ];
    for (name, bytes) in cases {
        fortress.refuses(name, bytes, &[400]);
    }
}

#[test]
fn malformed_request_lines_are_refused() {
    let fortress = Fortress::start();
    let cases: &[(&str, &str, &[u16])] = &[
        ("two spaces before the target", "GET  / HTTP/1.1", &[400]),
        ("two spaces behind the target", "GET /  HTTP/1.1", &[400]),
        ("a space at the start", " GET / HTTP/1.1", &[400]),
        ("a space at the end", "GET / HTTP/1.1 ", &[400]),
        ("tabs", "GET\t/\tHTTP/1.1", &[400]),
        ("no version", "GET /", &[400, 505]),
        ("no target", "GET HTTP/1.1", &[400]),
        ("no method", "/ HTTP/1.1", &[400]),
        ("a space in the target", "GET /a b HTTP/1.1", &[400]),
        ("a second version", "GET / HTTP/1.1 HTTP/1.1", &[400]),
        ("HTTP/0.9", "GET / HTTP/0.9", &[400, 505]),
        ("HTTP/1.2", "GET / HTTP/1.2", &[400, 505]),
        ("HTTP/2.0", "GET / HTTP/2.0", &[400, 505]),
        ("HTTP/1.10", "GET / HTTP/1.10", &[400, 505]),
        ("HTTP/1", "GET / HTTP/1", &[400, 505]),
        ("lower case", "GET / http/1.1", &[400, 505]),
        ("another protocol", "GET / ICAP/1.0", &[400, 505]),
        ("a version with a sign", "GET / HTTP/+1.1", &[400, 505]),
        ("a method that is no token", "G(T / HTTP/1.1", &[400, 501]),
        ("a method beyond ASCII", "GÉT / HTTP/1.1", &[400, 501]),
        ("a relative target", "GET a/b HTTP/1.1", &[400]),
        ("an asterisk for GET", "GET * HTTP/1.1", &[400]),
        ("a fragment", "GET /a#b HTTP/1.1", &[400]),
        ("a target beyond ASCII", "GET /é HTTP/1.1", &[400]),
        ("a NUL in the target", "GET /a\0b HTTP/1.1", &[400]),
        ("a control character in the target", "GET /a\u{1}b HTTP/1.1", &[400]),
        ("DEL in the target", "GET /a\u{7f}b HTTP/1.1", &[400]),
        ("another scheme", "GET ftp://a.example/ HTTP/1.1", &[400]),
        ("an absolute target with user and password", "GET http://u:p@a.example/ HTTP/1.1", &[400]),
        ("an absolute target without a host", "GET http:///x HTTP/1.1", &[400]),
        ("CONNECT", "CONNECT a.example:443 HTTP/1.1", &[400, 405, 501]),
        ("CONNECT with a path", "CONNECT / HTTP/1.1", &[400, 405, 501]),
    ];
    for (name, line, statuses) in cases {
        let bytes = format!("{line}\r\nHost: a.example\r\n\r\n{SMUGGLED}");
        fortress.refuses(name, bytes.as_bytes(), statuses);
    }
}

#[test]
fn there_is_exactly_one_host_and_it_is_one() {
    let fortress = Fortress::start();
    let cases = [
        ("no host", "X: y"),
        ("two hosts", "Host: a.example\r\nHost: b.example"),
        ("the same host twice", "Host: a.example\r\nHost: a.example"),
        ("two hosts in another case", "Host: a.example\r\nhOST: b.example"),
        ("a list of hosts", "Host: a.example b.example"),
        ("a host with a path", "Host: a.example/b"),
        ("a host with a question mark", "Host: a.example?b"),
        ("a host with a fragment", "Host: a.example#b"),
        ("a user", "Host: user@a.example"),
        ("a scheme", "Host: http://a.example"),
        ("a port that is no number", "Host: a.example:http"),
        ("a port out of range", "Host: a.example:65536"),
        ("a negative port", "Host: a.example:-1"),
        ("two ports", "Host: a.example:1:2"),
        ("a bare IPv6 address", "Host: ::1"),
        ("an unclosed bracket", "Host: [::1"),
        ("a bracket around a name", "Host: [a.example]"),
        ("an IPv6 zone", "Host: [fe80::1%25lo]"),
        ("a backslash", "Host: a.example\\b"),
        ("a percent", "Host: a%2eexample"),
        ("a quote", "Host: \"a.example\""),
        ("a space", "Host: a .example"),
        ("an angle", "Host: <script>"),
        ("beyond ASCII", "Host: é.example"),
    ];
    for (name, lines) in cases {
        let bytes = format!("GET / HTTP/1.1\r\n{lines}\r\n\r\n{SMUGGLED}");
        fortress.refuses(name, bytes.as_bytes(), &[400]);
    }
}

#[test]
fn the_host_of_an_absolute_target_wins_and_is_what_the_origin_sees() {
    let fortress = Fortress::start();
    let mut client = architrave_testkit::Client::connect(fortress.gateway.web());
    let response = client.ask(
        "GET http://a.example:81/x?y HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(response.status, 200);
    let request = fortress.origin.only();
    assert_eq!((request.get("host"), request.target.as_str()), (Some("a.example:81"), "/x?y"));
    assert!(!format!("{:?}", request.head).contains("evil"), "{request:?}");
}

#[test]
fn fields_with_underscores_do_not_reach_the_origin() {
    let fortress = Fortress::start();
    let lines = "X_Forwarded_For: 6.6.6.6\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\
                 X-Forwarded_For: 6.6.6.6\r\nX_Consumer: admin\r\nHost_: evil";
    let bytes =
        format!("GET / HTTP/1.1\r\nHost: a.example\r\n{lines}\r\nConnection: close\r\n\r\n");
    let response = architrave_testkit::Client::connect(fortress.gateway.web()).ask(bytes);
    if response.status == 200 {
        let request = fortress.origin.only();
        let names = request.head.fields.iter().find(|(name, _)| name.contains('_'));
        assert!(names.is_none(), "{names:?}");
    } else {
        assert_eq!(response.status, 400);
        fortress.unharmed("underscores");
    }
}

#[test]
fn rubbish_is_refused_at_once() {
    let fortress = Fortress::start();
    let cases: &[(&str, &[u8])] = &[
        ("a ClientHello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("binary", &[0xff; 600]),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("SMTP", b"EHLO a.example\r\n\r\n"),
        ("a response", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (
            "a PROXY header nobody asked for",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        ("an HTTP/2 preface that goes wrong", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
    ];
    for (name, bytes) in cases {
        let mut client = architrave_testkit::Client::connect(fortress.gateway.web());
        let _ = client.send(bytes);
        match client.read_response("GET") {
            Ok(response) => assert!((400..=505).contains(&response.status), "{name}: {response:?}"),
            // HTTP/2 has an error of its own, in frames.
            Err(_) => {
                assert!(name.contains("HTTP/2") || name.contains("binary"), "{name}: no answer")
            }
        }
        assert!(client.ends_within(architrave_testkit::SOON), "{name}: the connection stays open");
        fortress.unharmed(name);
    }
}
