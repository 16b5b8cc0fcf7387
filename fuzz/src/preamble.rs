//! Claims about what is read before a connection's own protocol begins, from any bytes at all.

use std::net::SocketAddr;

use architrave_net::client_hello;
use architrave_net::proxy_protocol::{self, Progress};

use crate::net::Entry;

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] =
    &[("proxy_header", proxy_header), ("client_hello", client_hello)];

/// No bytes behind a header have a say in it, every beginning of it wants more, and the addresses
/// in it can be written and read again in both versions.
pub fn proxy_header(bytes: &[u8]) {
    let Ok(Progress::Done(header)) = proxy_protocol::parse(bytes) else { return };
    let own = &bytes[..header.consumed];
    assert_eq!(proxy_protocol::parse(own), Ok(Progress::Done(header)));
    for end in (0..own.len()).rev().take(256) {
        assert_eq!(proxy_protocol::parse(&own[..end]), Ok(Progress::More), "{end}");
    }
    let Some(addresses) = header.addresses else { return };
    let write: [fn(SocketAddr, SocketAddr, &mut Vec<u8>); 2] =
        [proxy_protocol::write_v1, proxy_protocol::write_v2];
    for write in write {
        let mut out = Vec::new();
        write(addresses.source, addresses.destination, &mut out);
        let Ok(Progress::Done(again)) = proxy_protocol::parse(&out) else {
            panic!("what we write is a header: {out:?}");
        };
        assert_eq!((again.consumed, again.addresses), (out.len(), Some(addresses)));
    }
}

/// More bytes never take back what was said of fewer; a name is a host name in lower case; and
/// how the message is cut into records makes no difference.
pub fn client_hello(bytes: &[u8]) {
    let whole = client_hello::parse(bytes);
    let some_ends = [bytes.len() / 2, bytes.len().saturating_sub(1), bytes.len().min(5)];
    for end in some_ends {
        match client_hello::parse(&bytes[..end]) {
            Ok(None) => {}
            decided => assert_eq!(decided, whole, "{end}"),
        }
    }
    let Ok(Some(hello)) = whole else { return };
    if let Some(name) = &hello.server_name {
        assert!(!name.is_empty() && name.len() <= 253 && !name.ends_with('.'));
        assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii_graphic()));
    }
    assert!(hello.alpn.iter().all(|protocol| !protocol.is_empty()));
    let cut = cut_into_records(bytes, 700);
    if cut.len() < client_hello::CLIENT_HELLO_BYTES_MAX {
        assert_eq!(client_hello::parse(&cut), Ok(Some(hello)));
    }
}

/// The content of all whole records, in records of `size` bytes.
fn cut_into_records(mut bytes: &[u8], size: usize) -> Vec<u8> {
    let mut content = Vec::new();
    while let [22, _, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((fragment, rest)) = rest.split_at_checked(length) else { break };
        content.extend_from_slice(fragment);
        bytes = rest;
    }
    let message = content.get(1..4).map_or(0, |length| {
        4 + (usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2]))
    });
    content.truncate(message);
    let mut out = Vec::new();
    for chunk in content.chunks(size) {
        out.extend_from_slice(&[22, 3, 3]);
        out.extend_from_slice(&(chunk.len() as u16).to_be_bytes());
        out.extend_from_slice(chunk);
    }
    out
}
