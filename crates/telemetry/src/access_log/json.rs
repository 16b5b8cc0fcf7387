//! The pieces of a JSON line: text escaped strictly, whatever bytes it is made of; numbers.
//!
//! Not a serialiser: a line is flat and its keys are known, so it is printed piece by piece into
//! the worker's buffer without an allocation.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ends text that was cut.
const CUT: &str = "…";

/// Appends `"text"`, cut after `bytes_max` bytes. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn text(out: &mut Vec<u8>, text: &[u8], bytes_max: usize) {
    let (kept, is_cut) = match text.get(..bytes_max) {
        Some(kept) if text.len() > bytes_max => (whole_characters(kept), true),
        _ => (text, false),
    };
    out.push(b'"');
    if kept.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
        out.extend_from_slice(kept);
    } else {
        escape(out, kept);
    }
    if is_cut {
        out.extend_from_slice(CUT.as_bytes());
    }
    out.push(b'"');
}

/// Written so that the compiler can look at many bytes at once.
fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

/// Without the character that a cut has split, if there is one.
fn whole_characters(text: &[u8]) -> &[u8] {
    let tail = text.len().saturating_sub(4);
    let begun = text[tail..].iter().rposition(|byte| *byte >= 0xc0).map(|place| tail + place);
    match begun {
        Some(begun) if std::str::from_utf8(&text[begun..]).is_err() => &text[..begun],
        _ => text,
    }
}

fn escape(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            escape_character(out, character);
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn escape_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        // DEL and U+0080 to U+009F are legal in JSON but steer a terminal that shows the log;
        // U+2028 and U+2029 end a line for some readers.
        control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
            out.extend_from_slice(b"\\u");
            for shift in [12, 8, 4, 0] {
                let digit = (u32::from(control) >> shift) & 0xf;
                let digit = char::from_digit(digit, 16).expect("four bits");
                out.extend_from_slice(digit.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Appends a query as `"a=*&b=*"`: the names as they were sent, each value as one star. What has
/// no `=` may be a secret as a whole, so it is a star too.
pub(super) fn redacted_query(out: &mut Vec<u8>, query: &[u8], bytes_max: usize) {
    let mut shown = Vec::with_capacity(query.len().min(bytes_max) + 1);
    for (index, pair) in query.split(|byte| *byte == b'&').enumerate() {
        if shown.len() > bytes_max {
            break;
        }
        if index > 0 {
            shown.push(b'&');
        }
        if let Some(end) = pair.iter().position(|byte| *byte == b'=') {
            shown.extend_from_slice(&pair[..=end]);
        }
        shown.push(b'*');
    }
    text(out, &shown, bytes_max);
}

/// Appends a whole number.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a duration as milliseconds with three places: `12.034`.
pub(super) fn millis(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    number(out, micros / 1_000);
    out.push(b'.');
    let rest = 1_000 + micros % 1_000;
    out.extend_from_slice(&itoa::Buffer::new().format(rest).as_bytes()[1..]);
}

/// Appends `"192.0.2.1"` or `"2001:db8::1"`.
pub(super) fn ip(out: &mut Vec<u8>, ip: IpAddr) {
    out.push(b'"');
    bare_ip(out, ip);
    out.push(b'"');
}

/// Appends `"192.0.2.1:80"` or `"[2001:db8::1]:80"`.
pub(super) fn address(out: &mut Vec<u8>, address: SocketAddr) {
    let is_bracketed = address.is_ipv6();
    out.extend_from_slice(if is_bracketed { b"\"[" } else { b"\"" });
    bare_ip(out, address.ip());
    out.extend_from_slice(if is_bracketed { b"]:" } else { b":" });
    number(out, address.port().into());
    out.push(b'"');
}

/// The standard library's formatting of an address costs as much as half a line.
fn bare_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            for (index, octet) in ip.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                number(out, octet.into());
            }
        }
        IpAddr::V6(ip) => {
            use std::io::Write as _;
            write!(out, "{ip}").expect("a vector takes every byte");
        }
    }
}

#[cfg(test)]
mod tests;
