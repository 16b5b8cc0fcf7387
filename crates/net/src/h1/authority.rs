//! Host and port, as `Host`, an absolute target and HTTP/2's `:authority` write them.
//!
//! RFC 3986 §3.2 without userinfo, without percent-encoding and without IPv6 zones: a host that
//! can be spelled in two ways would be a way around routes that match on it.

use std::net::Ipv6Addr;

use super::ParseError;

/// Whether `text` is `host [":" port]`: a registered name, an IPv4 address or `[IPv6]`, and a
/// port up to 65535.
#[must_use]
pub fn is_authority(text: &[u8]) -> bool {
    read(text).is_ok()
}

/// Checks an authority and returns it, without the colon of an empty port.
pub(super) fn read(text: &[u8]) -> Result<&str, ParseError> {
    split(text).ok_or(ParseError::HostMalformed)
}

/// The longest authority, in bytes: a name of 253 (RFC 1035 §2.3.4, as written), a colon, a port.
const AUTHORITY_BYTES_MAX: usize = 253 + 6;

fn split(text: &[u8]) -> Option<&str> {
    if text.len() > AUTHORITY_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let host_bytes = if text.starts_with('[') {
        let end = text.find(']')?;
        text[1..end].parse::<Ipv6Addr>().ok()?;
        end + 1
    } else {
        text.bytes().take_while(|byte| is_host_byte(*byte)).count()
    };
    if host_bytes == 0 {
        return None;
    }
    match &text.as_bytes()[host_bytes..] {
        [] => Some(text),
        [b':'] => Some(&text[..host_bytes]),
        [b':', port @ ..] => is_port(port).then_some(text),
        _ => None,
    }
}

/// `unreserved` or `sub-delims`.
const fn is_host_byte(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// Up to five digits, up to 65535; an empty port has been seen before.
fn is_port(port: &[u8]) -> bool {
    let is_number = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    is_number && port.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')) <= 65_535
}
