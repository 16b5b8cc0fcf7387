//! Texts that come as bytes, in base64 or in a `data:` URL, as files do that are pasted into a
//! conversation.
//!
//! What such bytes are is not told by what stands beside them, which whoever hides something may
//! write as he likes: what decodes to a text is one. A URL that says itself that it is one is held to
//! that: its bytes are read as a text whatever they are.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::charset::{self, Charset};
use super::masker::Found;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Both alphabets: Google takes either.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, LENIENT), GeneralPurpose::new(&URL_SAFE, LENIENT)];

/// So much is looked at before all of it is decoded: images and sound are none after a few bytes.
const LOOK_LETTERS: usize = 1_024;

/// Fewer letters are no bytes of anything.
const LETTERS_MIN: usize = 8;

/// A `data:` URL, up to its comma, is no longer than this.
const HEAD_BYTES_MAX: usize = 1_024;

/// A text that comes as bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Encoded<'v> {
    /// What stands before it: the rest of a `data:` URL.
    head: &'v str,
    /// The text.
    pub(super) text: String,
    form: Form,
    charset: Charset,
}

/// In which form bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Base64, in the alphabet of that place.
    Base64(usize),
    /// Letters, and the others by their numbers, as in any URL.
    Percent,
}

/// What a value is.
struct Parts<'v> {
    head: &'v str,
    rest: &'v str,
    is_base64: bool,
    /// Whether it says itself that it is a text.
    is_said_text: bool,
}

/// Whether a value is a `data:` URL.
pub(super) fn is_data_url(value: &str) -> bool {
    let start = value.trim_start().as_bytes().get(..5);
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"data:"))
}

impl<'v> Encoded<'v> {
    /// The text that a value stands for, where it is one.
    ///
    /// # Errors
    /// That it says it is one and cannot be read.
    pub(super) fn read(value: &'v str) -> Result<Option<Self>, Found> {
        let Parts { head, rest, is_base64, is_said_text } = match is_data_url(value) {
            true => match parts(value) {
                Some(parts) => parts,
                // With more before it than anybody writes, or not one.
                None if value.contains(',') => return Err(UNREADABLE),
                None => return Ok(None),
            },
            false => Parts { head: "", rest: value, is_base64: true, is_said_text: false },
        };
        if !is_base64 {
            let read = charset::read(unescaped(rest).into_owned(), is_said_text);
            let form = Form::Percent;
            return Ok(read.map(|(text, charset)| Self { head, text, form, charset }));
        }
        let rest = match !head.is_empty() && rest.contains('%') {
            true => String::from_utf8(unescaped(rest).into_owned()).map_or(rest.into(), Cow::Owned),
            false => Cow::Borrowed(rest),
        };
        let letters = without_spaces(&rest);
        if letters.len() < LETTERS_MIN && !is_said_text {
            return Ok(None);
        }
        let alphabet = usize::from(letters.contains(['-', '_']));
        let engine = &ALPHABETS[alphabet];
        if !is_said_text {
            let start = letters.as_bytes();
            let start = &start[..start.len().min(LOOK_LETTERS)];
            let is_text = engine.decode(start).is_ok_and(|start| charset::may_be_text(&start));
            if !is_text {
                return Ok(None);
            }
        }
        let bytes = match engine.decode(letters.as_bytes()) {
            Ok(bytes) => bytes,
            // Somebody there may read it all the same.
            Err(_) if is_said_text => return Err(UNREADABLE),
            Err(_) => return Ok(None),
        };
        let form = Form::Base64(alphabet);
        let read = charset::read(bytes, is_said_text);
        Ok(read.map(|(text, charset)| Self { head, text, form, charset }))
    }

    /// The value that stands for another text, told in the same way.
    pub(super) fn with(&self, text: &str) -> String {
        let mut value = self.head.to_owned();
        let bytes = self.charset.write(text);
        match self.form {
            Form::Base64(alphabet) => ALPHABETS[alphabet].encode_string(bytes, &mut value),
            Form::Percent => escape(&bytes, &mut value),
        }
        value
    }
}

const UNREADABLE: Found = Found { what: "a text that cannot be read" };

/// A `data:` URL taken apart; nothing where it is none after all. Its comma is the one behind
/// `base64`, or else the first.
fn parts(value: &str) -> Option<Parts<'_>> {
    let within = &value.as_bytes()[..value.len().min(HEAD_BYTES_MAX)];
    let is_base64_before = |comma: usize| {
        let last = value[..comma].rsplit(';').next().unwrap_or_default();
        value[..comma].contains(';') && last.trim().eq_ignore_ascii_case("base64")
    };
    let commas = || (0..within.len()).filter(|at| within[*at] == b',');
    let base64 = commas().find(|comma| is_base64_before(*comma));
    let comma = base64.or_else(|| commas().next())?;
    let (head, rest) = value.split_at(comma + 1);
    let said = head.trim_start().get(5..)?.split([';', ',']).next()?.trim().to_ascii_lowercase();
    let is_said_text = said.is_empty()
        || said.starts_with("text/")
        || ["json", "xml", "csv", "yaml", "javascript"].iter().any(|kind| said.ends_with(kind));
    Some(Parts { head, rest, is_base64: base64.is_some(), is_said_text })
}

/// The bytes that a URL writes, some by their numbers.
fn unescaped(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return text.as_bytes().into();
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let number = digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2)));
        match number.filter(|_| *byte == b'%') {
            Some((high, low)) => {
                out.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out.into()
}

fn escape(bytes: &[u8], to: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            to.push(char::from(*byte));
        } else {
            let digit = |of: u8| char::from(DIGITS[usize::from(of & 15)]);
            to.extend(['%', digit(byte >> 4), digit(*byte)]);
        }
    }
}

/// Some break it into lines.
fn without_spaces(letters: &str) -> Cow<'_, str> {
    match letters.contains(|letter: char| letter.is_ascii_whitespace()) {
        true => letters.split_ascii_whitespace().collect::<String>().into(),
        false => letters.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        ALPHABETS[0].encode(bytes)
    }

    fn read(value: &str) -> Option<Encoded<'_>> {
        Encoded::read(value).unwrap_or_else(|found| panic!("{value}: {found}"))
    }

    #[test]
    fn what_decodes_to_a_text_is_one_and_goes_back_as_it_came() {
        let text = "Name;Mail\nAnn Müller;ann@example.com\n".repeat(100);
        for head in [
            "",
            "data:text/csv;base64,",
            "data:text/plain;charset=utf-8;base64,",
            "DATA:TEXT/PLAIN;BASE64,",
            "data:text/plain;name=\"a,b\";base64,",
            "data:application/pdf;base64,",
        ] {
            let value = head.to_owned() + &encoded(text.as_bytes());
            let read = read(&value).unwrap();
            assert_eq!(read.text, text);
            assert_eq!(read.with(&read.text), value);
        }
        let lines = encoded(text.as_bytes());
        let lines = lines.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\r\n");
        let lines: String = lines.collect();
        assert_eq!(read(&lines).unwrap().text, text);
        let url = ALPHABETS[1].encode("ÿÿ>>?? to nobody");
        assert!(url.contains(['-', '_']), "{url}");
        let there = read(&url).unwrap();
        assert_eq!(
            (there.text.as_str(), there.with(&there.text)),
            ("ÿÿ>>?? to nobody", url.clone())
        );
    }

    #[test]
    fn a_url_may_write_its_text_by_numbers() {
        let value = "data:text/plain,say%20n%C3%B6thing%2";
        let there = read(value).unwrap();
        assert_eq!(there.text, "say nöthing%2");
        assert_eq!(there.with("nö!"), "data:text/plain,n%C3%B6%21");
        let value = format!("data:;base64,{}", encoded(b"??>>??").replace('/', "%2F"));
        assert_eq!(read(&value).unwrap().text, "??>>??");
    }

    #[test]
    fn other_charsets_are_read_and_written() {
        let utf16: Vec<u8> = "\u{feff}é to ann".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, text) in [
            (&b"caf\xe9 \x80 5"[..], "café € 5"),
            (&b"nothing of this is\0 here"[..], "nothing of this is\0 here"),
            (&utf16[..], "é to ann"),
        ] {
            for head in ["", "data:text/plain;base64,"] {
                let value = head.to_owned() + &encoded(bytes);
                let there = read(&value).unwrap_or_else(|| panic!("{text} {head}"));
                assert_eq!((there.text.as_str(), there.with(&there.text)), (text, value.clone()));
            }
        }
        // What says that it is a text is read as one.
        let value = format!("data:text/csv;base64,{}", encoded(b"\x01\x02\x03\x04\xff\xfea@b.cd"));
        assert!(read(&value).unwrap().text.contains("a@b.cd"));
        assert_eq!(Encoded::read("data:text/csv;base64,!!!!"), Err(UNREADABLE));
    }

    #[test]
    fn what_is_no_text_is_not() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".repeat(80);
        let sound: Vec<u8> = (0..4_000u32).map(|at| (at * at % 251) as u8).collect();
        for bytes in [&png[..], b"%PDF-1.7 all of ASCII", b"RIFF\x24\0\0\0WAVEfmt ", &sound] {
            assert_eq!(read(&encoded(bytes)), None, "{bytes:?}");
        }
        let image = format!("data:image/png;base64,{}", encoded(&png));
        assert_eq!(read(&image), None);
        for value in ["", "c2s", "ann@example.com", "!!!!!!!!!!"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
