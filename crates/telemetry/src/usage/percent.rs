//! Percent-encoding (RFC 3986 §2.1), as it stands in paths, queries and forms.

use std::borrow::Cow;

/// What stands for itself in a path, beside letters and digits.
pub(super) const IN_PATH: &[u8] = b"-._~!$&'()*+,;=:@/";

/// What stands for itself in the name of a parameter, beside letters and digits.
pub(super) const IN_NAME: &[u8] = b"-._~!$'()*,;:@/?";

/// What is meant by a text; a `%` without two digits behind it is one.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match digits.and_then(|digits| Some(digit(digits[0])? << 4 | digit(digits[1])?)) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// The same meaning with everything encoded but letters, digits and what is `kept`.
pub(super) fn encoded(text: &str, kept: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(byte.into());
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            out.extend(['%', high.into(), low.into()]);
        }
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_encoded_as_it_was() {
        for (text, plain) in
            [("a%20b", "a b"), ("%c3%A4", "ä"), ("100%", "100%"), ("%+1%4", "%+1%4"), ("%", "%")]
        {
            assert_eq!(decoded(text), plain, "{text}");
        }
        assert_eq!(decoded("%ff"), "\u{fffd}");
        assert_eq!(encoded("/a b/ä?%", IN_PATH), "/a%20b/%C3%A4%3F%25");
        assert_eq!(encoded("a=b&c+d", IN_NAME), "a%3Db%26c%2Bd");
    }
}
