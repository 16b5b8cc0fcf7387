//! Version 1: one line of text.
//!
//! `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, ended by CRLF and never by LF alone.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{Addresses, Ends, Progress, ProxyHeader, ProxyHeaderError};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line that the protocol allows, CRLF included.
const LINE_BYTES_MAX: usize = 107;

/// Reads a line; `bytes` begin like the signature.
pub(super) fn parse(bytes: &[u8]) -> Result<Progress, ProxyHeaderError> {
    let within = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', within) else {
        let full = within.len() == LINE_BYTES_MAX;
        return if full { Err(ProxyHeaderError::TooLong) } else { Ok(Progress::More) };
    };
    let line = within[..end].strip_suffix(b"\r").ok_or(ProxyHeaderError::Line)?;
    let rest = line.strip_prefix(SIGNATURE).ok_or(ProxyHeaderError::Line)?;
    let addresses = read_line(rest).ok_or(ProxyHeaderError::Line)?;
    Ok(Progress::Done(ProxyHeader { consumed: end + 1, addresses }))
}

/// What follows the signature; the outer `None` is a malformed line.
fn read_line(rest: &[u8]) -> Option<Option<Addresses>> {
    if rest == b"UNKNOWN" || rest.starts_with(b"UNKNOWN ") {
        return Some(None);
    }
    let mut words = std::str::from_utf8(rest).ok()?.split(' ');
    let family = words.next()?;
    let (source, destination) = (words.next()?, words.next()?);
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    if words.next().is_some() {
        return None;
    }
    let end = |ip: &str, port| match family {
        "TCP4" => Some(SocketAddr::from((Ipv4Addr::from_str(ip).ok()?, port))),
        "TCP6" => Some(SocketAddr::from((Ipv6Addr::from_str(ip).ok()?, port))),
        _ => None,
    };
    let addresses = Addresses::new(end(source, source_port)?, end(destination, destination_port)?);
    Some(Some(addresses))
}

/// Digits only and none of them a leading zero, which `u16::from_str` would let pass.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = word.len() > 1 && word.starts_with('0');
    if plain && !leading_zero { word.parse().ok() } else { None }
}

pub(super) fn write(ends: Ends, out: &mut Vec<u8>) {
    let line = match ends {
        Ends::V4([from, to]) => {
            format!("PROXY TCP4 {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port())
        }
        Ends::V6([(from, from_port), (to, to_port)]) => {
            format!("PROXY TCP6 {from} {to} {from_port} {to_port}\r\n")
        }
    };
    out.extend_from_slice(line.as_bytes());
}

pub(super) fn write_unknown(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PROXY UNKNOWN\r\n");
}
