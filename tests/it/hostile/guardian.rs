//! The cases by which the crate `http_desync_guardian` sorts requests, told in our own words: what
//! it calls severe or ambiguous never reaches an origin as it was sent; what it calls compliant is
//! served.

use architrave_testkit::{Client, SOON};

use super::{Fortress, SMUGGLED};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Refused, and the connection closed.
    Refused,
    /// Served in step, or refused; whatever reaches the origin has one meaning.
    Safe,
    /// Served.
    Served,
}

use Fate::{Refused, Safe, Served};

const CASES: &[(&str, Fate, &str)] = &[
    // Severe: framing that two readers would understand in two ways.
    ("two lengths that differ", Refused, "Content-Length: 3\r\nContent-Length: 30"),
    ("lengths joined by a comma", Refused, "Content-Length: 3,3"),
    ("lengths joined by a space", Refused, "Content-Length: 3 3"),
    ("lengths joined by a point", Refused, "Content-Length: 3.3"),
    ("a length with a control character behind", Refused, "Content-Length: 3\u{11}"),
    ("a length with a control character before", Refused, "Content-Length: \u{1} 3"),
    ("a length of more than 64 bits", Refused, "Content-Length: 100000000000000000000"),
    ("a coding nobody knows", Refused, "Transfer-Encoding: xchunked"),
    ("a coding with a control character behind", Refused, "Transfer-Encoding: chunked\u{11}"),
    ("a coding with a control character before", Refused, "Transfer-Encoding: \u{1}chunked"),
    ("a coding with a NUL before", Refused, "Transfer-Encoding: \0chunked"),
    ("a coding with a parameter of one's own", Refused, "Transfer-Encoding: chunked;custom"),
    ("identity beside a length", Refused, "Transfer-Encoding: identity\r\nContent-Length: 3"),
    ("a NUL at the start of a line", Refused, "\0Transfer-Encoding: chunked"),
    ("a NUL at the start of a value", Refused, "X-A: \0value"),
    ("a NUL at the end of a value", Refused, "X-A: value\0"),
    ("a CR before a coding's name", Refused, "\rTransfer-Encoding: chunked"),
    ("a CR before a length's name", Refused, "\rContent-Length: 3"),
    ("a CR in a name", Refused, "X\rA: b"),
    ("an LF in a name", Refused, "X\nA: b"),
    ("an LF in a value", Refused, "X-A: b\nc"),
    ("a second line by LF and space", Refused, "X-A: b\n c"),
    ("a control character before a coding's name", Refused, "\u{1}Transfer-Encoding: chunked"),
    ("two control characters before a length's name", Refused, "\u{1}\u{1}Content-Length: 3"),
    ("a control character behind a length's name", Refused, "Content-Length\u{1}: 3"),
    ("a control character behind any name", Refused, "X-A\u{1}: b"),
    ("a control character before any value", Refused, "X-A: \u{1}b"),
    // Ambiguous: names that are nearly those of framing.
    ("a space behind a coding's name", Refused, "Transfer-Encoding : chunked"),
    ("a tab behind a coding's name", Refused, "Transfer-Encoding\t: chunked"),
    ("a space within a coding's name", Refused, "Transfer- Encoding: chunked"),
    ("white space before a coding's name", Refused, " Transfer-Encoding: chunked"),
    ("white space before both names", Refused, " Transfer-Encoding: chunked\r\n Content-Length: 3"),
    ("white space behind both names", Refused, "Transfer-Encoding : chunked\r\nContent-Length : 3"),
    ("nothing for a name", Refused, ": value\r\nContent-Length: 3"),
    ("a name that begins with a colon", Refused, ":X-A:Transfer-Encoding: chunked"),
    ("white space for a name", Refused, "  \t : value\r\nContent-Length: 3"),
    ("a long s in a coding's name", Refused, "Tran\u{17f}fer-Encoding: chunked"),
    ("a dotless i in a coding's name", Refused, "Transfer-Encod\u{131}ng: chunked"),
    ("a wide space before a coding's name", Refused, "\u{2003}Transfer-Encoding: chunked"),
    ("a wide space behind a length's name", Refused, "Content-Length\u{2003}: 3"),
    ("a bar for a hyphen", Refused, "Transfer\u{2015}Encoding: chunked"),
    ("an underscore in a coding's name", Safe, "Transfer_Encoding: chunked"),
    ("an underscore in a length's name", Safe, "Content_Length: 3"),
    ("three underscores", Safe, "Transfer___Encoding: chunked"),
    ("three hyphens", Safe, "Transfer---Encoding: chunked"),
    ("the same length twice", Safe, "Content-Length: 0\r\nContent-Length: 0"),
    ("chunked and a length", Refused, "Transfer-Encoding: chunked\r\nContent-Length: 3"),
    (
        "gzip and chunked in two fields",
        Refused,
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ),
    ("chunked in two fields", Refused, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    // Compliant.
    ("no framing at all", Served, "X-A: b"),
    ("a length of nothing", Served, "Content-Length: 0"),
    ("a field in mixed case", Served, "cOnTeNt-LeNgTh: 0"),
    (
        "a large field",
        Served,
        "X-A: 0123456789012345678901234567890123456789012345678901234567890123",
    ),
];

const TARGETS: &[(&str, Fate, &str)] = &[
    ("an encoded tab", Safe, "/a%09b"),
    ("an encoded line feed", Safe, "/a%0Ab"),
    ("an encoded carriage return", Safe, "/a%0Db"),
    ("an encoded space", Served, "/a%20b"),
    ("an encoded NUL", Refused, "/a%00b"),
    ("a space", Refused, "/a b"),
    ("a space that makes a version", Refused, "/a HTTP/1.1 HTTP/1.1"),
    ("a tab", Refused, "/a\tb"),
    ("a line feed", Refused, "/a\nb"),
    ("a carriage return", Refused, "/a\rb"),
    ("a control character", Refused, "/a\u{1}b"),
    ("a NUL at the start", Refused, "\0/a"),
    ("nothing", Refused, ""),
    ("letters of another alphabet", Refused, "/ä"),
    ("a request within the target", Refused, "/a HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled"),
];

#[test]
fn fields_meet_their_fate() {
    let fortress = Fortress::start();
    for (name, fate, lines) in CASES {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            let name = format!("{method} with {name}");
            let bytes = format!("{method} / HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n\r\n");
            check(&fortress, &name, *fate, bytes.as_bytes());
        }
    }
}

#[test]
fn targets_meet_their_fate() {
    let fortress = Fortress::start();
    for (name, fate, target) in TARGETS {
        if target.contains("\r\n") {
            // What follows the line end is a request of its own, and may be refused as that only.
            continue;
        }
        let bytes = format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n");
        check(&fortress, name, *fate, bytes.as_bytes());
    }
}

#[track_caller]
fn check(fortress: &Fortress, name: &str, fate: Fate, bytes: &[u8]) {
    let followed = [bytes, SMUGGLED.as_bytes()].concat();
    match fate {
        Refused => fortress.refuses(name, &followed, &[400, 431, 501, 505]),
        Served | Safe => {
            let mut client = Client::connect(fortress.gateway.web());
            let _ = client.send(&followed);
            let method = if name.starts_with("HEAD") { "HEAD" } else { "GET" };
            let answer = client.read_response(method).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            if answer.status == 400 {
                assert_eq!(fate, Safe, "{name}: {}", answer.text());
                assert!(client.ends_within(SOON), "{name}: the connection stays open");
                return fortress.unharmed(name);
            }
            assert_eq!(answer.status, 200, "{name}");
            // One request in, one out: the next on the connection is exactly the next.
            assert_eq!(client.read_response("GET").map(|r| r.status), Ok(200), "{name}");
            let targets: Vec<_> =
                fortress.origin.requests().into_iter().map(|r| r.target).collect();
            assert_eq!(targets.last().map(String::as_str), Some("/smuggled"), "{name}");
            assert_eq!(targets.len(), 2, "{name}: {targets:?}");
            assert_eq!(fortress.origin.take_violations(), [""; 0], "{name}");
            fortress.origin.forget();
        }
    }
}
