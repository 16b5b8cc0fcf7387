//! Texts that come as bytes in base64, as files do that are pasted into a conversation.
//!
//! What such bytes are is not told by what stands beside them, which whoever hides something may
//! write as he likes: what decodes to a text is one.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Both alphabets: Google takes either.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, LENIENT), GeneralPurpose::new(&URL_SAFE, LENIENT)];

/// So much is looked at before all of it is decoded: images and sound are none after a few bytes.
const LOOK_LETTERS: usize = 1_024;

/// Fewer letters are no bytes of anything.
const LETTERS_MIN: usize = 8;

/// A text in base64.
#[derive(Debug, PartialEq)]
pub(super) struct Encoded<'v> {
    /// What stands before it: the rest of a `data:` URL.
    head: &'v str,
    /// The text.
    pub(super) text: String,
    alphabet: usize,
}

impl<'v> Encoded<'v> {
    /// The text that a value stands for, where it is one.
    pub(super) fn read(value: &'v str) -> Option<Self> {
        let length = match value.starts_with("data:") {
            true => value.find(";base64,")? + ";base64,".len(),
            false => 0,
        };
        let (head, letters) = value.split_at(length);
        let letters = without_spaces(letters);
        if letters.len() < LETTERS_MIN {
            return None;
        }
        let alphabet = usize::from(letters.contains(['-', '_']));
        let engine = &ALPHABETS[alphabet];
        let start = letters.as_bytes();
        let start = &start[..start.len().min(LOOK_LETTERS)];
        if !may_be_text(&engine.decode(start).ok()?) {
            return None;
        }
        let text = String::from_utf8(engine.decode(letters.as_bytes()).ok()?).ok()?;
        Some(Self { head, text, alphabet })
    }

    /// The value that stands for another text, told in the same way.
    pub(super) fn with(&self, text: &str) -> String {
        let mut value = self.head.to_owned();
        ALPHABETS[self.alphabet].encode_string(text, &mut value);
        value
    }
}

/// Some break it into lines.
fn without_spaces(letters: &str) -> Cow<'_, str> {
    match letters.contains(|letter: char| letter.is_ascii_whitespace()) {
        true => letters.split_ascii_whitespace().collect::<String>().into(),
        false => letters.into(),
    }
}

/// Whether bytes may be the beginning of a text: UTF-8 as far as it goes, without what no text has.
/// PDF begins like one.
fn may_be_text(start: &[u8]) -> bool {
    let is_binary = |byte: &u8| byte.is_ascii_control() && !b"\t\n\x0c\r\x1b".contains(byte);
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // A letter may be cut at the end.
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 && !start.iter().any(is_binary) && !start.starts_with(b"%PDF-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        ALPHABETS[0].encode(bytes)
    }

    #[test]
    fn what_decodes_to_a_text_is_one_and_goes_back_as_it_came() {
        let text = "Name;Mail\nAnn Müller;ann@example.com\n".repeat(100);
        for head in ["", "data:text/csv;base64,", "data:text/plain;charset=utf-8;base64,"] {
            let value = head.to_owned() + &encoded(text.as_bytes());
            let read = Encoded::read(&value).unwrap();
            assert_eq!(read.text, text);
            assert_eq!(read.with(&read.text), value);
        }
        let lines = encoded(text.as_bytes());
        let lines = lines.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\r\n");
        let lines: String = lines.collect();
        assert_eq!(Encoded::read(&lines).unwrap().text, text);
        let url = ALPHABETS[1].encode("ÿÿ>>?? to nobody");
        assert!(url.contains(['-', '_']), "{url}");
        let read = Encoded::read(&url).unwrap();
        assert_eq!((read.text.as_str(), read.with(&read.text)), ("ÿÿ>>?? to nobody", url.clone()));
    }

    #[test]
    fn what_is_no_text_is_not() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".repeat(80);
        let late = [b"text ".repeat(300).as_slice(), &[0xff, 0xfe]].concat();
        for bytes in [&png[..], b"%PDF-1.7 all of ASCII", b"RIFF\x24\0\0\0WAVEfmt ", &late] {
            assert_eq!(Encoded::read(&encoded(bytes)), None, "{bytes:?}");
        }
        for value in ["", "c2s", "ann@example.com", "data:text/plain,hello%20there", "!!!!!!!!!!"] {
            assert_eq!(Encoded::read(value), None, "{value}");
        }
    }
}
