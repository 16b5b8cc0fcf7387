//! TLS that is not decrypted: where it goes is read from the ClientHello, and the endpoint's own
//! certificate is what the client sees.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use architrave_testkit::authority::Authority;
use architrave_testkit::h2_client::H2Client;
use architrave_testkit::{Client, Config, Gateway, Origin, SOON};

struct Behind {
    authority: Authority,
    one: Origin,
    two: Origin,
    h2: architrave_testkit::h2_origin::H2Origin,
    gateway: Gateway,
}

/// `one.example` and anything under `two.example` by name, `h2.example` by name and protocol.
fn start() -> Behind {
    let authority = Authority::new();
    let named = |name: &'static str, names: &[&str]| {
        let certificate = authority.issue(names);
        let config = authority.server(&certificate, &["http/1.1"], false);
        Origin::start_tls(config, move |exchange| exchange.reply(200, &[], name))
    };
    let one = named("one", &["one.example"]);
    let two = named("two", &["*.two.example", "two.example"]);
    let certificate = authority.issue(&["one.example"]);
    let h2 = architrave_testkit::h2_origin::H2Origin::start_tls(authority.server(
        &certificate,
        &["h2"],
        false,
    ));
    let config = Config::new()
        .listener(
            "l4",
            "
            protocol: tls
            timeouts: { handshake: 1s }
            forward:
              - { sni: [one.example], alpn: [h2], upstream: h2 }
              - { sni: [one.example], upstream: one }
              - { sni: [\"*.two.example\"], upstream: two }
            ",
        )
        .upstream("one", &[one.addr()], "")
        .upstream("two", &[two.addr()], "")
        .upstream("h2", &[h2.addr()], "");
    let gateway = Gateway::start(config);
    Behind { authority, one, two, h2, gateway }
}

impl Behind {
    fn ask(&self, name: &str) -> std::io::Result<String> {
        let config = self.authority.client(&["http/1.1"]);
        let (mut client, _) = Client::connect_tls(self.gateway.addr("l4"), name, config)?;
        let answer = client.try_ask(format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n"));
        answer
            .map(|response| response.text())
            .map_err(|error| std::io::Error::other(format!("{error:?}")))
    }
}

#[test]
fn the_name_decides() {
    let behind = start();
    assert_eq!(behind.ask("one.example").unwrap(), "one");
    assert_eq!(behind.ask("ONE.example").unwrap(), "one");
    assert_eq!(behind.ask("a.two.example").unwrap(), "two");
    assert!(behind.ask("two.example").is_err(), "the wildcard is for names under it");
    assert!(behind.ask("three.example").is_err(), "no rule, no connection");
    assert!(behind.ask("127.0.0.1").is_err(), "no name, no rule");
    assert_eq!((behind.one.count(), behind.two.count()), (2, 1));
}

#[test]
fn the_protocol_decides() {
    let behind = start();
    let config = behind.authority.client(&["h2", "http/1.1"]);
    let address = behind.gateway.addr("l4");
    let client = H2Client::connect_tls(address, "one.example", config).unwrap();
    assert_eq!(client.get("https://one.example/p").get("x-path"), Some("/p"));
    assert_eq!(behind.h2.requests().len(), 1);
    assert_eq!(behind.ask("one.example").unwrap(), "one");
}

#[test]
fn a_client_hello_may_come_in_pieces() {
    let behind = start();
    let hello = client_hello(&behind, "one.example");
    // Byte by byte.
    let mut socket = TcpStream::connect(behind.gateway.addr("l4")).unwrap();
    socket.set_nodelay(true).unwrap();
    for byte in &hello {
        socket.write_all(&[*byte]).unwrap();
    }
    assert!(answers(&mut socket), "byte by byte");
    // And in several TLS records.
    let mut socket = TcpStream::connect(behind.gateway.addr("l4")).unwrap();
    let mut records = Vec::new();
    for part in hello[5..].chunks(50) {
        records.extend_from_slice(&[0x16, 3, 1, 0, u8::try_from(part.len()).unwrap()]);
        records.extend_from_slice(part);
    }
    socket.write_all(&records).unwrap();
    assert!(answers(&mut socket), "in several records");
}

#[test]
fn what_is_no_client_hello_is_turned_away() {
    let behind = start();
    let hello = client_hello(&behind, "one.example");
    let mut long = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff];
    long.extend(std::iter::repeat_n(0, 70_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n".to_vec()),
        ("half of it", hello[..hello.len() / 2].to_vec()),
        ("rubbish", vec![0xff; 2_000]),
        ("SSL 2", vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10]),
        ("a length without end", long),
        ("another kind of record", [vec![0x17], hello[1..].to_vec()].concat()),
        ("another handshake message", {
            let mut bytes = hello.clone();
            bytes[5] = 2;
            bytes
        }),
    ];
    for (name, bytes) in cases {
        let mut client = Client::connect(behind.gateway.addr("l4"));
        let _ = client.send(bytes);
        assert!(client.ends_within(Duration::from_secs(8)), "{name}: stays open");
    }
    assert_eq!(behind.one.connections(), 0);
    assert_eq!(behind.ask("one.example").unwrap(), "one");
}

/// The first flight of a client that asks for a name.
fn client_hello(behind: &Behind, name: &str) -> Vec<u8> {
    let config: Arc<_> = behind.authority.client(&["http/1.1"]);
    architrave_testkit::client::first_flight(name, config)
}

/// Whether a handshake message comes back.
fn answers(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(SOON)).expect("a timeout can be set");
    let mut first = [0; 1];
    std::io::Read::read_exact(socket, &mut first).is_ok() && first[0] == 0x16
}
