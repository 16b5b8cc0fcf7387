//! Bytes as texts and back: UTF-8, UTF-16 where its mark stands before it, and else Windows-1252, in
//! which whatever is no UTF-8 is mostly written.

/// How a text is written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8.
    Utf8,
    /// UTF-16 with the lower byte first, or the higher one.
    Utf16 { is_high_first: bool },
    /// Windows-1252.
    Windows1252,
}

/// What Windows-1252 has where Latin-1 has nothing to be read; those that it has nothing for stand for
/// themselves.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Of what nobody says that it is a text, one in so many bytes at most may be one that no text has.
const ODD_PART: usize = 16;

/// The text that bytes are. `is_said_text`: they are one, whatever they look like.
pub(super) fn read(bytes: Vec<u8>, is_said_text: bool) -> Option<(String, Charset)> {
    if !is_said_text && !may_be_text(&bytes) {
        return None;
    }
    for (mark, is_high_first) in [([0xff, 0xfe], false), ([0xfe, 0xff], true)] {
        let Some(units) = bytes.strip_prefix(&mark) else { continue };
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
            if is_high_first { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let units: Vec<u16> = units.chunks(2).map(unit).collect();
        return Some((String::from_utf16_lossy(&units), Charset::Utf16 { is_high_first }));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some((text, Charset::Utf8)),
        Err(error) => {
            let letters = error.as_bytes().iter().map(|byte| match *byte {
                high @ 0x80..=0x9f => HIGH[usize::from(high - 0x80)],
                byte => char::from(byte),
            });
            Some((letters.collect(), Charset::Windows1252))
        }
    }
}

/// Whether bytes may be the beginning of a text: with next to nothing that no text has, and mostly
/// what all have. PDF begins like one.
pub(super) fn may_be_text(start: &[u8]) -> bool {
    if start.starts_with(b"%PDF-") {
        return false;
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        // Sound in MPEG begins so, too, and is not half of zeros or the like.
        let plain = start.chunks_exact(2).filter(|pair| pair.contains(&0)).count();
        return plain * 4 > start.len();
    }
    let is_odd = |byte: &&u8| byte.is_ascii_control() && !b"\t\n\x0c\r\x1b".contains(byte);
    let odd = start.iter().filter(is_odd).count();
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // A letter may be cut at the end.
        Err(error) => error.error_len().is_none(),
    };
    let plain = start.iter().filter(|byte| (0x20..0x7f).contains(*byte)).count();
    odd * ODD_PART <= start.len() && (is_utf8 || plain * 4 >= start.len() * 3)
}

impl Charset {
    /// A text as bytes; what Windows-1252 has no letter for becomes a question mark.
    pub(super) fn write(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16 { is_high_first } => {
                let units = std::iter::once(0xfeff).chain(text.encode_utf16());
                let bytes = |unit: u16| match is_high_first {
                    true => unit.to_be_bytes(),
                    false => unit.to_le_bytes(),
                };
                units.flat_map(bytes).collect()
            }
            Self::Windows1252 => text.chars().map(byte_of).collect(),
        }
    }
}

fn byte_of(letter: char) -> u8 {
    if let Some(place) = (0x80..).zip(HIGH).find(|(_, high)| *high == letter) {
        return place.0;
    }
    u8::try_from(u32::from(letter)).unwrap_or(b'?')
}
