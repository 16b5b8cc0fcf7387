//! The chunked coding (RFC 9112 §7.1), byte by byte, so that it does not matter how it is cut.
//!
//! What other readers of chunks have been seen to take is refused: signs, `0x`, white space around
//! the size, sizes that wrap around, lines that end in a bare LF, data that is longer than its
//! size, a last chunk without its final CRLF. Extensions are skipped, under a limit.

use memchr::memchr;

use super::{BodyStep, HeadLimits, ParseError, trailer};
use crate::fields::Fields;

/// How much may stand in a chunked body beside its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Bytes of extensions on one chunk's line.
    pub line_extension_bytes_max: u32,
    /// Bytes of extensions in the whole body.
    pub extension_bytes_max: u32,
    /// Bytes of the trailer section.
    pub trailer_bytes_max: usize,
    /// Number of trailer fields.
    pub trailers_max: usize,
}

impl Default for ChunkLimits {
    /// Extensions are next to unused: 256 bytes a line and 4 KiB in all leave room for the few
    /// that are. Trailers: 8 KiB and 32 fields, well above what gRPC sends.
    fn default() -> Self {
        Self {
            line_extension_bytes_max: 256,
            extension_bytes_max: 4_096,
            trailer_bytes_max: 8_192,
            trailers_max: 32,
        }
    }
}

impl ChunkLimits {
    /// The defaults, with trailers no larger than heads may be.
    #[must_use]
    pub fn within(head: &HeadLimits) -> Self {
        let default = Self::default();
        Self {
            trailer_bytes_max: default.trailer_bytes_max.min(head.head_bytes_max),
            trailers_max: default.trailers_max.min(head.headers_max),
            ..default
        }
    }
}

/// Most digits of a size: more would not fit 64 bits.
const SIZE_DIGITS_MAX: u8 = 16;

#[derive(Debug)]
pub(super) struct ChunkReader {
    place: Place,
    /// The size as far as it has been read, then the data still to come.
    size: u64,
    digits: u8,
    line_extension_bytes: u32,
    extension_bytes: u32,
    /// The trailer section as received, without the empty line that ends it.
    trailer_bytes: Vec<u8>,
    limits: ChunkLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Size,
    Extension,
    /// Behind the CR of a size's line.
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line of the trailer section.
    TrailerLine,
    /// Within such a line.
    TrailerRest,
    /// Behind the CR that starts the final empty line.
    FinalLf,
}

impl ChunkReader {
    pub(super) fn new(limits: ChunkLimits) -> Self {
        Self {
            place: Place::Size,
            size: 0,
            digits: 0,
            line_extension_bytes: 0,
            extension_bytes: 0,
            trailer_bytes: Vec::new(),
            limits,
        }
    }

    pub(super) const fn data_bytes_ahead(&self) -> u64 {
        if matches!(self.place, Place::Data) { self.size } else { 0 }
    }

    pub(super) fn decode(&mut self, input: &[u8]) -> Result<BodyStep, ParseError> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.place {
                Place::Data => {
                    let ahead = usize::try_from(self.size).unwrap_or(usize::MAX);
                    let len = ahead.min(input.len() - at);
                    self.size -= len as u64;
                    if self.size == 0 {
                        self.place = Place::DataCr;
                    }
                    return Ok(BodyStep::Data { skip: at, len });
                }
                Place::Size => self.size_byte(byte)?,
                Place::Extension => self.extension_byte(byte)?,
                Place::SizeLf => self.end_size(byte)?,
                Place::DataCr => self.expect(byte, b'\r', Place::DataLf, ParseError::ChunkEnd)?,
                Place::DataLf => self.expect(byte, b'\n', Place::Size, ParseError::ChunkEnd)?,
                Place::TrailerLine if byte == b'\r' => self.place = Place::FinalLf,
                Place::TrailerLine | Place::TrailerRest => {
                    at += self.trailer_line(&input[at..])?;
                    continue;
                }
                Place::FinalLf if byte == b'\n' => return Ok(BodyStep::End { skip: at + 1 }),
                Place::FinalLf => return Err(ParseError::LineEnd),
            }
            at += 1;
        }
        Ok(BodyStep::More { skip: at })
    }

    /// The trailer fields; to be asked for once, at the end.
    pub(super) fn take_trailers(&mut self) -> Result<Option<Fields>, ParseError> {
        trailer::parse(std::mem::take(&mut self.trailer_bytes), self.limits.trailers_max)
    }

    fn expect(
        &mut self,
        byte: u8,
        expected: u8,
        next: Place,
        error: ParseError,
    ) -> Result<(), ParseError> {
        if byte != expected {
            return Err(error);
        }
        self.place = next;
        Ok(())
    }

    fn size_byte(&mut self, byte: u8) -> Result<(), ParseError> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\r' if self.digits > 0 => {
                self.place = Place::SizeLf;
                return Ok(());
            }
            b';' if self.digits > 0 => {
                self.place = Place::Extension;
                return self.count_extension();
            }
            _ => return Err(ParseError::ChunkSize),
        };
        if self.digits == SIZE_DIGITS_MAX {
            return Err(ParseError::ChunkSize);
        }
        self.digits += 1;
        self.size = self.size << 4 | u64::from(digit);
        Ok(())
    }

    fn extension_byte(&mut self, byte: u8) -> Result<(), ParseError> {
        match byte {
            b'\r' => {
                self.place = Place::SizeLf;
                Ok(())
            }
            b'\t' | b' '..=b'~' | 0x80..=0xff => self.count_extension(),
            _ => Err(ParseError::ChunkExtension),
        }
    }

    fn count_extension(&mut self) -> Result<(), ParseError> {
        self.line_extension_bytes += 1;
        self.extension_bytes += 1;
        if self.line_extension_bytes > self.limits.line_extension_bytes_max
            || self.extension_bytes > self.limits.extension_bytes_max
        {
            return Err(ParseError::ChunkExtensionTooLong);
        }
        Ok(())
    }

    fn end_size(&mut self, byte: u8) -> Result<(), ParseError> {
        if byte != b'\n' {
            return Err(ParseError::LineEnd);
        }
        if self.size > i64::MAX.unsigned_abs() {
            return Err(ParseError::ChunkSize);
        }
        self.place = if self.size == 0 { Place::TrailerLine } else { Place::Data };
        self.digits = 0;
        self.line_extension_bytes = 0;
        Ok(())
    }

    /// Keeps (a part of) a line of the trailer section and returns how long it is.
    fn trailer_line(&mut self, input: &[u8]) -> Result<usize, ParseError> {
        let end = memchr(b'\n', input);
        let len = end.map_or(input.len(), |end| end + 1);
        if self.trailer_bytes.len() + len > self.limits.trailer_bytes_max {
            return Err(ParseError::TrailersTooLong);
        }
        self.trailer_bytes.extend_from_slice(&input[..len]);
        self.place = Place::TrailerRest;
        if end.is_some() {
            if !self.trailer_bytes.ends_with(b"\r\n") {
                return Err(ParseError::LineEnd);
            }
            self.place = Place::TrailerLine;
        }
        Ok(len)
    }
}
