//! ClientHellos as rustls makes them, and as they should not be.
//!
//! The hand-made ones are built from their parts, so that one length at a time can be wrong.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::*;

/// The first bytes that a rustls client sends.
fn rustls_hello(server_name: &str, alpn: &[&[u8]], with_name: bool) -> Vec<u8> {
    let mut config = ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.enable_sni = with_name;
    let name = ServerName::try_from(server_name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    bytes
}

/// The same handshake message in records of `size` bytes.
fn refragment(bytes: &[u8], size: usize) -> Vec<u8> {
    let message = &bytes[RECORD_HEADER_BYTES..];
    message.chunks(size).flat_map(|chunk| record(RECORD_HANDSHAKE, chunk)).collect()
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 1], &length[..], content].concat()
}

fn block(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).unwrap().to_be_bytes()[..], content].concat()
}

fn short_block(content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(content.len()).unwrap()], content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block(content)].concat()
}

fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &block(&[&[0], &block(name)[..]].concat()))
}

/// A message of TLS 1.2 with these extensions; `None` leaves out even their length.
fn message_with(extensions: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend(short_block(&[]));
    body.extend(block(&[0x0a, 0x0a, 0xc0, 0x2f]));
    body.extend(short_block(&[0]));
    if let Some(extensions) = extensions {
        body.extend(block(extensions));
    }
    message_of(&body)
}

fn message_of(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[MESSAGE_CLIENT_HELLO], &length[1..], body].concat()
}

fn hello_with(extensions: &[u8]) -> Vec<u8> {
    record(RECORD_HANDSHAKE, &message_with(Some(extensions)))
}

fn expect(server_name: Option<&str>, alpn: &[&[u8]]) -> ClientHello {
    ClientHello {
        server_name: server_name.map(str::to_owned),
        alpn: alpn.iter().map(|name| name.to_vec()).collect(),
    }
}

#[test]
fn what_rustls_sends_is_read_in_any_fragments_and_not_before_its_end() {
    let many: Vec<_> = (0..200).map(|n| format!("protocol/{n}").into_bytes()).collect();
    let many: Vec<_> = many.iter().map(Vec::as_slice).collect();
    for (name, alpn, with_name, expect) in [
        ("Shop.Example", &[&b"h2"[..], b"http/1.1"][..], true, Some("shop.example")),
        ("shop.example", &[], true, Some("shop.example")),
        ("shop.example", &[b"h2"], false, None),
        ("127.0.0.1", &[b"h2"], true, None),
        ("shop.example", &many, true, Some("shop.example")),
    ] {
        let bytes = rustls_hello(name, alpn, with_name);
        let expect = self::expect(expect, alpn);
        for size in [1, 2, 3, 100, 1000, RECORD_BYTES_MAX] {
            let mut bytes = refragment(&bytes, size);
            if bytes.len() > CLIENT_HELLO_BYTES_MAX {
                assert_eq!(parse(&bytes[..CLIENT_HELLO_BYTES_MAX]), Err(ClientHelloError::TooLong));
                continue;
            }
            for end in (0..bytes.len()).step_by(if size < 100 { 97 } else { 1 }) {
                assert_eq!(parse(&bytes[..end]), Ok(None), "{end} of {}", bytes.len());
            }
            assert_eq!(parse(&bytes[..bytes.len() - 1]), Ok(None));
            assert_eq!(parse(&bytes), Ok(Some(expect.clone())));
            // Early data and the like follow in records of their own.
            bytes.extend(record(23, b"early"));
            assert_eq!(parse(&bytes), Ok(Some(expect.clone())));
        }
    }
}

#[test]
fn old_clients_and_grease_are_read() {
    let bare = record(RECORD_HANDSHAKE, &message_with(None));
    assert_eq!(parse(&bare), Ok(Some(ClientHello::default())));
    assert_eq!(parse(&hello_with(&[])), Ok(Some(ClientHello::default())));
    let alpn = [short_block(&[0x5a, 0x5a]), short_block(b"h2")].concat();
    let extensions = [
        extension(0x0a0a, &[]),
        server_name(b"a.example"),
        extension(0x1a1a, &[0]),
        extension(16, &block(&alpn)),
        extension(0x002b, &[2, 0x7a, 0x7a]),
    ]
    .concat();
    let expect = expect(Some("a.example"), &[&[0x5a, 0x5a], b"h2"]);
    assert_eq!(parse(&hello_with(&extensions)), Ok(Some(expect)));
}

#[test]
fn server_names_are_host_names_in_lower_case() {
    let long_label = "a".repeat(63);
    let longest = [long_label.as_str(); 3].join(".") + "." + &"b".repeat(61);
    for (name, expect) in [
        ("A_b-9.Example", Some("a_b-9.example")),
        ("a.example.", Some("a.example")),
        ("localhost", Some("localhost")),
        (&*longest, Some(&*longest)),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
    ] {
        let hello = parse(&hello_with(&server_name(name.as_bytes()))).unwrap().unwrap();
        assert_eq!(hello.server_name.as_deref(), expect);
    }
    let too_long = longest.clone() + "b";
    let long_label = "a".repeat(64);
    for name in [
        "",
        ".",
        "a..b",
        ".a",
        "a..",
        "a b",
        "a/b",
        "a:443",
        "*.a",
        "[::1]",
        "a\0",
        "ä.example",
        &too_long,
        &long_label,
    ] {
        let parsed = parse(&hello_with(&server_name(name.as_bytes())));
        assert_eq!(parsed, Err(ClientHelloError::ServerName), "{name:?}");
    }
    let parsed = parse(&hello_with(&server_name(b"\xff")));
    assert_eq!(parsed, Err(ClientHelloError::ServerName));
}

#[test]
fn lengths_that_do_not_add_up_are_refused() {
    let host = block(b"a.example");
    let named = [&[0], &host[..]].concat();
    let alpn = |content: &[u8]| extension(16, content);
    for extensions in [
        // An extension cut short, or with a length beyond the list.
        vec![0],
        vec![0, 0, 0],
        vec![0x2a, 0x2a, 0, 1],
        // Server names: no list, an empty list, a list longer or shorter than the extension, two
        // names, a name beyond the list.
        extension(0, &[]),
        extension(0, &block(&[])),
        extension(0, &[0, 99, 0, 0, 1, b'a']),
        extension(0, &[block(&named), vec![0]].concat()),
        extension(0, &block(&[&named[..], &named[..]].concat())),
        extension(0, &block(&[0, 0, 9, b'a'])),
        // Protocols: the same, and an empty one.
        alpn(&[]),
        alpn(&block(&[])),
        alpn(&block(&[0])),
        alpn(&block(&[3, b'h', b'2'])),
        alpn(&[&block(&[2, b'h', b'2'])[..], &[0]].concat()),
        // Twice.
        [server_name(b"a.example"), server_name(b"a.example")].concat(),
        [alpn(&block(&[1, b'a'])), alpn(&block(&[1, b'a']))].concat(),
    ] {
        let parsed = parse(&hello_with(&extensions));
        assert_eq!(parsed, Err(ClientHelloError::Malformed), "{extensions:02x?}");
    }
}

#[test]
fn messages_that_are_no_client_hello_are_refused() {
    use ClientHelloError::{Malformed, NotClientHello, NotTls, TooLong};
    let whole = message_with(Some(&[]));
    let handshake = |content: &[u8]| record(RECORD_HANDSHAKE, content);
    let mut without_compression = message_with(None);
    without_compression.truncate(without_compression.len() - 2);
    without_compression[3] -= 2;
    let mut odd_suites = vec![3, 3];
    odd_suites.extend([7; 32]);
    odd_suites.extend([0, 0, 3, 1, 2, 3, 1, 0]);
    let mut long_session = vec![3, 3];
    long_session.extend([7; 32]);
    long_session.extend(short_block(&[1; 33]));
    long_session.extend([0, 2, 1, 2, 1, 0]);
    for (bytes, error) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), NotTls),
        (b"\x16\x02".to_vec(), NotTls),
        (b"\x80\x2e\x01\x03\x01".to_vec(), NotTls),
        (b"\x17".to_vec(), NotTls),
        ([&handshake(&whole[..9])[..], &[21]].concat(), NotTls),
        (handshake(&[2, 0, 0, 0]), NotClientHello),
        (handshake(&[]), Malformed),
        (vec![22, 3, 1, 0x40, 1], Malformed),
        (handshake(&[&whole[..], &[0]].concat()), Malformed),
        (handshake(&[&message_with(None)[..], &whole[..]].concat()), Malformed),
        (handshake(&without_compression), Malformed),
        (handshake(&message_of(&[])), Malformed),
        (handshake(&message_of(&odd_suites)), Malformed),
        (handshake(&message_of(&long_session)), Malformed),
        (handshake(&[1, 0, 0x3f, 0xf8]), TooLong),
        (handshake(&[1, 1, 0, 0]), TooLong),
    ] {
        assert_eq!(parse(&bytes), Err(error), "{bytes:02x?}");
    }
    assert_eq!(parse(&handshake(&[1, 0, 0x3f, 0xf7])), Ok(None));
}

proptest! {
    #[test]
    fn no_bytes_confuse_the_reader(
        change in prop::collection::vec((0..400_usize, any::<u8>()), 0..6),
        size in 1..300_usize,
        end in 0..600_usize,
    ) {
        let mut bytes = refragment(&rustls_hello("shop.example", &[b"h2"], true), size);
        for (place, value) in change {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = value;
            }
        }
        let whole = parse(&bytes);
        // More bytes may complete a hello or spoil it, but never take back what was said.
        match parse(&bytes[..end.min(bytes.len())]) {
            Ok(None) => {}
            decided => prop_assert_eq!(decided, whole),
        }
    }
}
