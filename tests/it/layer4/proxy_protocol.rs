//! The PROXY protocol: believed from those who are trusted, demanded where the file demands it,
//! and written to endpoints that want it.

use std::net::{IpAddr, SocketAddr};

use architrave_testkit::l4::TcpOrigin;
use architrave_testkit::wire::Wire;
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, WireError, eventually};

/// The twelve bytes that version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A version 2 header for an IPv4 connection.
fn v2(source: [u8; 4], source_port: u16, destination: [u8; 4], destination_port: u16) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend_from_slice(&[0x21, 0x11, 0, 12]);
    bytes.extend_from_slice(&source);
    bytes.extend_from_slice(&destination);
    bytes.extend_from_slice(&source_port.to_be_bytes());
    bytes.extend_from_slice(&destination_port.to_be_bytes());
    bytes
}

/// An origin that reads a header of either version and says what it said.
fn reader() -> TcpOrigin {
    TcpOrigin::start(|wire| {
        let said = read_header(wire).unwrap_or_else(|error| format!("{error:?}"));
        let _ = wire.send(format!("{said}\r\n"));
        architrave_testkit::l4::echo(wire);
    })
}

fn read_header(wire: &mut Wire) -> Result<String, WireError> {
    let first = wire.read_exactly(6)?;
    if first == b"PROXY " {
        return Ok(format!("v1 {}", wire.read_line()?));
    }
    let rest = wire.read_exactly(10)?;
    let all = [first, rest].concat();
    assert_eq!(&all[..12], SIGNATURE);
    let length = usize::from(u16::from_be_bytes([all[14], all[15]]));
    let body = wire.read_exactly(length)?;
    if all[12] == 0x20 {
        return Ok("v2 local".to_owned());
    }
    assert_eq!((all[12], all[13]), (0x21, 0x11), "TCP over IPv4");
    let ip = |at: usize| IpAddr::from([body[at], body[at + 1], body[at + 2], body[at + 3]]);
    let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    Ok(format!("v2 {} {} {} {}", ip(0), ip(4), port(8), port(10)))
}

fn relaying(listener: &str, origin: &TcpOrigin, send: &str) -> Gateway {
    let config = Config::new()
        .listener("l4", &format!("protocol: tcp\n{listener}\nforward: [{{ upstream: origin }}]"))
        .upstream("origin", &[origin.addr()], &format!("send_proxy_protocol: {send}"));
    Gateway::start(config)
}

const REQUIRED: &str = "proxy_protocol: required\ntrusted_proxies: [127.0.0.0/8]";

#[test]
fn endpoints_are_told_who_connects() {
    let origin = reader();
    for version in ["v1", "v2"] {
        let gateway = relaying("", &origin, version);
        let address = gateway.addr("l4");
        let mut client = Client::connect(address);
        let local: SocketAddr = client.socket().local_addr().unwrap();
        let said = client.read_line().unwrap();
        let family = if version == "v1" { "v1 TCP4" } else { "v2" };
        let expected = format!("{family} 127.0.0.1 127.0.0.1 {} {}", local.port(), address.port());
        assert_eq!(said, expected);
        client.send("payload").unwrap();
        assert_eq!(client.read_exactly(7).unwrap(), b"payload");
    }
}

#[test]
fn what_a_trusted_proxy_says_is_passed_on() {
    let origin = reader();
    let headers: [Vec<u8>; 2] = [
        b"PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\r\n".to_vec(),
        v2([192, 0, 2, 7], 5000, [198, 51, 100, 1], 443),
    ];
    for header in &headers {
        for (version, family) in [("v1", "v1 TCP4"), ("v2", "v2")] {
            let gateway = relaying(REQUIRED, &origin, version);
            let mut client = Client::connect(gateway.addr("l4"));
            // In two pieces, and with the payload right behind.
            client.send(&header[..9]).unwrap();
            client.send([&header[9..], b"payload"].concat()).unwrap();
            let expected = format!("{family} 192.0.2.7 198.51.100.1 5000 443");
            assert_eq!(client.read_line().unwrap(), expected);
            assert_eq!(client.read_exactly(7).unwrap(), b"payload");
        }
    }
}

#[test]
fn headers_about_nobody_are_taken_for_the_connection_itself() {
    let origin = reader();
    let mut local = SIGNATURE.to_vec();
    local.extend_from_slice(&[0x20, 0, 0, 0]);
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN ff::1 ff::2 1 2\r\n", &local] {
        let gateway = relaying(REQUIRED, &origin, "v1");
        let mut client = Client::connect(gateway.addr("l4"));
        client.send(header).unwrap();
        let said = client.read_line().unwrap();
        assert!(said.starts_with("v1 TCP4 127.0.0.1 ") || said.starts_with("v1 UNKNOWN"), "{said}");
    }
}

#[test]
fn whoever_is_not_trusted_or_not_in_form_is_turned_away() {
    let origin = reader();
    let good = b"PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\r\n".to_vec();
    let strangers =
        relaying("proxy_protocol: required\ntrusted_proxies: [10.0.0.0/8]", &origin, "off");
    let mut client = Client::connect(strangers.addr("l4"));
    let _ = client.send(&good);
    assert!(client.ends_within(SOON), "a stranger is believed");
    eventually("it is told", SOON, || {
        let said = strangers.stderr().lines().join("\n");
        said.contains("none of trusted_proxies").then_some(())
    });

    let gateway = relaying(&format!("{REQUIRED}\ntimeouts: {{ handshake: 1s }}"), &origin, "off");
    let mut unspoken = SIGNATURE.to_vec();
    unspoken.extend_from_slice(&[0x31, 0x11, 0, 12]);
    unspoken.extend_from_slice(&[0; 12]);
    let mut endless = SIGNATURE.to_vec();
    endless.extend_from_slice(&[0x21, 0x11, 0xff, 0xff]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no header", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
        ("nothing at all", Vec::new()),
        ("an unfinished header", b"PROXY TCP4 192.0.2.7".to_vec()),
        ("a header without end", [b"PROXY TCP4 ".to_vec(), vec![b'1'; 300]].concat()),
        ("a bare LF", b"PROXY TCP4 192.0.2.7 198.51.100.1 5000 443\n".to_vec()),
        ("a bad address", b"PROXY TCP4 192.0.2.777 198.51.100.1 5000 443\r\n".to_vec()),
        ("a bad port", b"PROXY TCP4 192.0.2.7 198.51.100.1 99999 443\r\n".to_vec()),
        ("too few words", b"PROXY TCP4 192.0.2.7 198.51.100.1 5000\r\n".to_vec()),
        ("two spaces", b"PROXY  TCP4 192.0.2.7 198.51.100.1 5000 443\r\n".to_vec()),
        ("another family's address", b"PROXY TCP6 192.0.2.7 198.51.100.1 5000 443\r\n".to_vec()),
        ("lower case", b"proxy tcp4 192.0.2.7 198.51.100.1 5000 443\r\n".to_vec()),
        ("another version", unspoken),
        ("a length that never comes", endless),
    ];
    for (name, bytes) in cases {
        let before = origin.count();
        let mut client = Client::connect(gateway.addr("l4"));
        let _ = client.send(bytes);
        assert!(client.ends_within(SOON), "{name}: let in");
        assert_eq!(origin.count(), before, "{name}: reached the origin");
    }
}

#[test]
fn http_takes_the_client_from_the_header() {
    let origin = Origin::named("a");
    let config = Config::new()
        .listener("web", &format!("protocol: http\n{REQUIRED}"))
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin\npolicies: { ip_filter: { deny: [192.0.2.66/32] } }");
    let gateway = Gateway::start(config);
    for (source, status) in [([192, 0, 2, 7], 200), ([192, 0, 2, 66], 403)] {
        let mut client = Client::connect(gateway.web());
        client.send(v2(source, 5000, [198, 51, 100, 1], 80)).unwrap();
        assert_eq!(client.get("h", "/", &[]).status, status);
        assert_eq!(client.get("h", "/", &[]).status, status, "for the whole connection");
    }
    let seen = origin.last();
    let chain = seen.head.all("x-forwarded-for").join(", ");
    assert!(chain.starts_with("192.0.2.7"), "{chain}");
}

#[test]
fn http_endpoints_are_told_by_header_too() {
    let origin = TcpOrigin::start(|wire| {
        let said = read_header(wire).unwrap_or_else(|error| format!("{error:?}"));
        while let Ok(Some(_)) = wire.read_head() {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
            let _ = wire.send(answer);
        }
    });
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], "send_proxy_protocol: v1"));
    let from =
        |last: u8| Client::connect_from([127, 0, 0, last], gateway.web()).get("h", "/", &[]).text();
    // A kept connection speaks for one client only.
    for last in [3, 4, 3, 4] {
        let said = from(last);
        assert!(said.starts_with(&format!("v1 TCP4 127.0.0.{last} ")), "{said}");
    }
}
