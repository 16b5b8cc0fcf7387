//! The pieces of a JSON line: text escaped strictly, whatever bytes it is made of; numbers.
//!
//! Not a serialiser: a line is flat and its keys are known, so it is printed piece by piece into
//! the worker's buffer without an allocation.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ends text that was cut.
const CUT: &str = "…";

/// Appends `text"`, cut after `bytes_max` bytes; the opening quote stands already. Bytes that are
/// not UTF-8 become U+FFFD.
pub(super) fn text(out: &mut Vec<u8>, text: &[u8], bytes_max: usize) {
    if text.len() <= bytes_max {
        escaped(out, text);
    } else {
        escaped(out, whole_characters(&text[..bytes_max]));
        out.extend_from_slice(CUT.as_bytes());
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        escape(out, text);
    }
}

/// Whether every byte stands for itself. Nearly every text is, and most are short: eight bytes
/// are looked at together, which a loop over bytes is not compiled to for the short ones.
pub(super) fn is_plain(text: &[u8]) -> bool {
    match text.last_chunk() {
        // The last eight may overlap with those before them: looking twice does no harm.
        Some(last) => {
            let (words, _rest) = text.as_chunks();
            words.iter().chain([last]).all(|word| is_plain_word(u64::from_le_bytes(*word)))
        }
        None => {
            let mut word = [b' '; 8];
            word.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            is_plain_word(u64::from_le_bytes(word))
        }
    }
}

/// Eight bytes at once. A byte's top bit is set where the byte is below 0x20, is `"` or `\`, is
/// 0x7f, or is not ASCII; a borrow can only set one too many, above one that is rightly set.
const fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let below_space = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let delete = (word ^ (ONES * 0x7f)).wrapping_sub(ONES);
    (below_space | quote | backslash | delete | word) & TOPS == 0
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
        // U+2028 and U+2029 end a line for some readers; those that turn the direction of a text
        // show it as another.
        control if control.is_control() || steers(control) => {
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

const fn steers(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// Appends `a=*&b=*"`, the opening quote standing already: the names as they were sent, each value
/// as one star. What has no `=` may be a secret as a whole, so it is a star too. What lies beyond
/// `bytes_max` bytes is cut.
pub(super) fn redacted_query(out: &mut Vec<u8>, query: &[u8], bytes_max: usize) {
    let kept = &query[..query.len().min(bytes_max)];
    for (index, pair) in kept.split(|byte| *byte == b'&').enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        if let Some(end) = pair.iter().position(|byte| *byte == b'=') {
            escaped(out, &pair[..=end]);
        }
        out.push(b'*');
    }
    if kept.len() < query.len() {
        out.extend_from_slice(CUT.as_bytes());
    }
    out.push(b'"');
}

/// Appends a whole number.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a duration as milliseconds with three places: `12.034`.
pub(super) fn millis(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let mut buffer = itoa::Buffer::new();
    // The thousand keeps the zeros that a number below it would not show.
    let is_short = micros < 1_000;
    let digits = buffer.format(if is_short { micros + 1_000 } else { micros }).as_bytes();
    let (whole, places) = digits.split_at(digits.len() - 3);
    out.extend_from_slice(if is_short { b"0" } else { whole });
    out.push(b'.');
    out.extend_from_slice(places);
}

/// Appends `192.0.2.1"` or `2001:db8::1"`; the opening quote stands already.
pub(super) fn ip(out: &mut Vec<u8>, ip: IpAddr) {
    bare_ip(out, ip);
    out.push(b'"');
}

/// Appends `192.0.2.1:80"` or `[2001:db8::1]:80"`; the opening quote stands already.
pub(super) fn address(out: &mut Vec<u8>, address: SocketAddr) {
    if address.is_ipv6() {
        out.push(b'[');
        bare_ip(out, address.ip());
        out.push(b']');
    } else {
        bare_ip(out, address.ip());
    }
    out.push(b':');
    number(out, address.port().into());
    out.push(b'"');
}

/// The standard library's formatting of an address costs as much as half a line.
fn bare_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let mut text = [0; 15];
            let mut length = 0;
            for (index, octet) in ip.octets().into_iter().enumerate() {
                if index > 0 {
                    text[length] = b'.';
                    length += 1;
                }
                if octet >= 100 {
                    text[length] = b'0' + octet / 100;
                    length += 1;
                }
                if octet >= 10 {
                    text[length] = b'0' + octet / 10 % 10;
                    length += 1;
                }
                text[length] = b'0' + octet % 10;
                length += 1;
            }
            out.extend_from_slice(&text[..length]);
        }
        IpAddr::V6(ip) => {
            use std::io::Write as _;
            write!(out, "{ip}").expect("a vector takes every byte");
        }
    }
}

#[cfg(test)]
mod tests;
