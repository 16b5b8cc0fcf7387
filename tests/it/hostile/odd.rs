//! Legal but odd requests, all accepted in full: refusing everything is no defence.

use architrave_testkit::{Client, Config, Gateway, Origin, Request};

/// A name, a request, and what the origin must have seen of it: target and body.
pub(super) type Case = (&'static str, &'static str, &'static str, &'static str);

pub(super) const CORPUS: &[Case] = &[
    ("an empty line first", "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", ""),
    ("an absolute target", "GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n", "/a?b", ""),
    ("an absolute target in capitals", "GET HTTP://H/a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", ""),
    ("an absolute target without a path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "/", ""),
    (
        "an absolute target with a query only",
        "GET http://h?x HTTP/1.1\r\nHost: h\r\n\r\n",
        "/?x",
        "",
    ),
    ("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*", ""),
    ("HTTP/1.0 without a host", "GET /a HTTP/1.0\r\n\r\n", "/a", ""),
    ("an empty value", "GET /a HTTP/1.1\r\nHost: h\r\nX-Empty:\r\n\r\n", "/a", ""),
    (
        "spaces and tabs around a value",
        "GET /a HTTP/1.1\r\nHost:\t h \t\r\nX:  \t y\t \r\n\r\n",
        "/a",
        "",
    ),
    ("no space behind a colon", "GET /a HTTP/1.1\r\nHost:h\r\nX:y\r\n\r\n", "/a", ""),
    ("a tab within a value", "GET /a HTTP/1.1\r\nHost: h\r\nX: a\tb\r\n\r\n", "/a", ""),
    ("colons in a value", "GET /a HTTP/1.1\r\nHost: h\r\nX: a:b::c:\r\n\r\n", "/a", ""),
    ("letters beyond ASCII in a value", "GET /a HTTP/1.1\r\nHost: h\r\nX: grüße\r\n\r\n", "/a", ""),
    (
        "a name of all token characters",
        "GET /a HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^`|~aZ9: y\r\n\r\n",
        "/a",
        "",
    ),
    ("a method of one's own", "BREW /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", ""),
    ("a method of odd tokens", "M-X.y!z /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", ""),
    ("a host in capitals", "GET /a HTTP/1.1\r\nHost: EXAMPLE.COM\r\n\r\n", "/a", ""),
    ("a host with a port", "GET /a HTTP/1.1\r\nHost: h:65535\r\n\r\n", "/a", ""),
    ("a host with an empty port", "GET /a HTTP/1.1\r\nHost: h:\r\n\r\n", "/a", ""),
    ("an IPv4 address as host", "GET /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", "/a", ""),
    ("an IPv6 address as host", "GET /a HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "/a", ""),
    ("a host with a dot at its end", "GET /a HTTP/1.1\r\nHost: example.com.\r\n\r\n", "/a", ""),
    ("a host with an underscore", "GET /a HTTP/1.1\r\nHost: my_host.example\r\n\r\n", "/a", ""),
    (
        "every mark of a path",
        "GET /-._~!$&'()*+,;=:@ HTTP/1.1\r\nHost: h\r\n\r\n",
        "/-._~!$&'()*+,;=:@",
        "",
    ),
    ("parameters in segments", "GET /a;v=1/b;w HTTP/1.1\r\nHost: h\r\n\r\n", "/a;v=1/b;w", ""),
    (
        "an address in the path",
        "GET /proxy/http://x.example/y HTTP/1.1\r\nHost: h\r\n\r\n",
        "/proxy/http:",
        "",
    ),
    ("three dots", "GET /.../a.. HTTP/1.1\r\nHost: h\r\n\r\n", "/.../a..", ""),
    ("an encoded percent", "GET /100%25 HTTP/1.1\r\nHost: h\r\n\r\n", "/100%25", ""),
    ("an encoded slash", "GET /a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", "/a%2Fb", ""),
    ("an encoded question mark", "GET /a%3Fb HTTP/1.1\r\nHost: h\r\n\r\n", "/a%3Fb", ""),
    ("an empty query", "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n", "/a?", ""),
    ("question marks in a query", "GET /a?b?c?/d HTTP/1.1\r\nHost: h\r\n\r\n", "/a?b?c?/d", ""),
    (
        "brackets in a query",
        "GET /a?b[]=1&b[x]=2 HTTP/1.1\r\nHost: h\r\n\r\n",
        "/a?b[]=1&b[x]=2",
        "",
    ),
    (
        "bars and braces in a query",
        "GET /a?x={y}|z^` HTTP/1.1\r\nHost: h\r\n\r\n",
        "/a?x={y}|z^`",
        "",
    ),
    (
        "percents in a query",
        "GET /a?x=100%&y=%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "/a?x=100%&y=%zz",
        "",
    ),
    ("a GET with a body", "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", "/a", "hi"),
    (
        "a GET with chunks",
        "GET /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "/a",
        "hi",
    ),
    (
        "a DELETE with a body",
        "DELETE /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
        "/a",
        "hi",
    ),
    ("a POST without a body", "POST /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a", ""),
    (
        "a length with zeros",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0002\r\n\r\nhi",
        "/a",
        "hi",
    ),
    (
        "a coding in capitals",
        "POST /a HTTP/1.1\r\nHost: h\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "/a",
        "hi",
    ),
    (
        "chunk sizes with zeros",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n000000002\r\nhi\r\n00\r\n\r\n",
        "/a",
        "hi",
    ),
    (
        "chunk extensions",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a;b=c;d=\"e;f\"\r\nhi\r\n0;z\r\n\r\n",
        "/a",
        "hi",
    ),
    (
        "one byte a chunk",
        "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
        "/a",
        "hi",
    ),
    (
        "a body of line ends",
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
        "/a",
        "\r\n\r\n",
    ),
    (
        "a body sent in spite of an expectation",
        "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "/a",
        "hi",
    ),
    (
        "connection options nobody knows",
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-unknown\r\nConnection: ,\r\n\r\n",
        "/a",
        "",
    ),
    (
        "the same field many times",
        "GET /a HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 2\r\nx: 3\r\n\r\n",
        "/a",
        "",
    ),
    (
        "cookies with quotes and spaces",
        "GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=\"b c\"; d={\"e\":1}; =; f\r\n\r\n",
        "/a",
        "",
    ),
    (
        "two cookie fields",
        "GET /a HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
        "/a",
        "",
    ),
    (
        "acceptance of trailers",
        "GET /a HTTP/1.1\r\nHost: h\r\nTE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n",
        "/a",
        "",
    ),
    (
        "an upgrade nobody must follow",
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "/a",
        "",
    ),
    (
        "a range",
        "GET /a HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0,-1\r\nIf-Range: \"x\"\r\n\r\n",
        "/a",
        "",
    ),
    (
        "a very old client",
        "GET /a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nPragma: no-cache\r\n\r\n",
        "/a",
        "",
    ),
];

#[test]
fn all_of_the_corpus_is_served() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut refused = Vec::new();
    for (name, bytes, target, body) in CORPUS {
        origin.forget();
        let answer = Client::connect(gateway.web()).try_ask(bytes);
        if !answer.as_ref().is_ok_and(|response| response.status == 200) {
            refused.push(format!("{name}: {answer:?}"));
            continue;
        }
        let request: Request = origin.only();
        assert!(request.target.starts_with(target), "{name}: {} at the origin", request.target);
        assert_eq!(request.body, body.as_bytes(), "{name}");
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn all_of_the_corpus_is_served_on_one_connection() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    for (name, bytes, ..) in CORPUS.iter().filter(|case| !case.1.contains("HTTP/1.0")) {
        let response = client.ask(bytes);
        assert_eq!(response.status, 200, "{name}");
        if response.head.says_close() {
            // Bodies where none belong are served with care: nothing may follow them.
            assert!(name.contains("GET with"), "{name}: the connection is given up");
            client = Client::connect(gateway.web());
        }
    }
}

#[test]
fn large_but_lawful_requests_are_served() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let cookie = format!("Cookie: {}", "name=value; ".repeat(1_300));
    let token = format!("Authorization: Bearer {}", "x".repeat(16_000));
    let fields: Vec<String> =
        (0..80).map(|n| format!("X-Field-{n}: {}", "v".repeat(200))).collect();
    let mut all: Vec<&str> = fields.iter().map(String::as_str).collect();
    all.extend([cookie.trim_end(), token.as_str()]);
    let target = format!("/{}", "a".repeat(8_100));
    let response = Client::connect(gateway.web()).get("h", &target, &all);
    assert_eq!(response.status, 200);
    let request = origin.only();
    assert_eq!(request.target.len(), target.len());
    assert_eq!(request.get("x-field-79").map(str::len), Some(200));
}
