//! What the fields of a head say about framing and persistence; the same rules for both roles.
//!
//! Filled while the fields are copied, so there is no second pass over them.

use super::ParseError;
use crate::fields::Known;
use crate::message::{Framing, Version};

/// More options in `Connection` than this serve no purpose but to make us compare names.
const CONNECTION_OPTIONS_MAX: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Facts {
    length: Option<u64>,
    is_chunked: bool,
    has_close: bool,
    has_keep_alive: bool,
    has_upgrade_option: bool,
    has_upgrade: bool,
    options: usize,
}

impl Facts {
    /// Takes note of a field.
    #[inline]
    pub(super) fn note(&mut self, known: Known, value: &[u8]) -> Result<(), ParseError> {
        match known {
            Known::ContentLength => self.note_length(value),
            Known::TransferEncoding => self.note_encoding(value),
            Known::Connection => self.note_connection(value),
            Known::Upgrade => {
                self.has_upgrade |= !value.is_empty();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), ParseError> {
        if self.length.is_some() {
            return Err(ParseError::ContentLengthRepeated);
        }
        self.length = Some(parse_length(value).ok_or(ParseError::ContentLength)?);
        Ok(())
    }

    fn note_encoding(&mut self, value: &[u8]) -> Result<(), ParseError> {
        if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(ParseError::TransferEncoding);
        }
        self.is_chunked = true;
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) -> Result<(), ParseError> {
        if value == b"keep-alive" {
            self.has_keep_alive = true;
            return Ok(());
        }
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            self.options += 1;
            match option.len() {
                5 => self.has_close |= option.eq_ignore_ascii_case(b"close"),
                7 => self.has_upgrade_option |= option.eq_ignore_ascii_case(b"upgrade"),
                10 => self.has_keep_alive |= option.eq_ignore_ascii_case(b"keep-alive"),
                _ => {}
            }
        }
        if self.options > CONNECTION_OPTIONS_MAX {
            return Err(ParseError::TooManyConnectionOptions);
        }
        Ok(())
    }

    /// The framing that the fields announce; `None` when they announce none.
    pub(super) fn framing(&self, version: Version) -> Result<Option<Framing>, ParseError> {
        match (self.is_chunked, self.length) {
            (false, None) => Ok(None),
            (false, Some(0)) => Ok(Some(Framing::Empty)),
            (false, Some(length)) => Ok(Some(Framing::Length(length))),
            (true, Some(_)) => Err(ParseError::LengthAndTransferEncoding),
            (true, None) if version == Version::Http10 => Err(ParseError::TransferEncodingInHttp10),
            (true, None) => Ok(Some(Framing::Chunked)),
        }
    }

    /// Whether the sender means to go on using the connection.
    pub(super) fn keep_alive(&self, version: Version) -> bool {
        !self.has_close && (version == Version::Http11 || self.has_keep_alive)
    }

    /// Whether `Upgrade` is there and `Connection` names it; HTTP/1.0 does not know it.
    pub(super) fn wants_upgrade(&self, version: Version) -> bool {
        self.has_upgrade && self.has_upgrade_option && version == Version::Http11
    }
}

/// `1*DIGIT`, at most 19 of them and at most 2⁶³−1, so that no reader of it can wrap around.
fn parse_length(value: &[u8]) -> Option<u64> {
    if !(1..=19).contains(&value.len()) {
        return None;
    }
    let length = value.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
    })?;
    (length <= i64::MAX.unsigned_abs()).then_some(length)
}

/// Whether a field of this name is dropped from a request or a trailer section, because some
/// endpoint might take it for another one: names with `_`, which CGI and its heirs cannot tell from
/// those with `-`, and [imitations](imitates_framing). Asked only of names that the gateway does not
/// know.
#[inline]
pub(crate) fn is_deceptive(name: &[u8]) -> bool {
    // All of the name at once: names are short, and a search that stops early is slower.
    name.iter().fold(false, |found, byte| found | (*byte == b'_')) || imitates_framing(name)
}

/// Whether the name has the letters of a framing field and is none, such as `Content.Length` and
/// `Transfer--Encoding`. Responses lose those too, but keep other names with `_`: to a client they
/// vouch for nothing.
#[inline]
pub(crate) fn imitates_framing(name: &[u8]) -> bool {
    if name.len() < b"contentlength".len() {
        return false;
    }
    let letters = || name.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
    letters().eq(*b"contentlength") || letters().eq(*b"transferencoding")
}
