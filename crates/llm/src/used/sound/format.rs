//! The formats in which sound is sent, as far as their heads tell how long it is.

use memchr::memmem;

/// A format, and what of it is needed.
#[derive(Debug)]
pub(super) enum Format {
    /// So many bytes each second.
    Steady(u64),
    /// So many seconds.
    Told(u64),
    /// Ogg: samples a second, and up to which of them the last page goes.
    Ogg { rate: u64, samples: u64, carried: Vec<u8> },
    /// MPEG 4: the head of the movie may stand anywhere.
    Mpeg4 { seconds: Option<u64>, carried: Vec<u8> },
    /// Nothing that is known here.
    Unknown,
}

/// What the first bytes of a file show.
pub(super) enum Look {
    Known(Format),
    /// So many bytes are notes before the sound.
    Skip(u64),
    /// There must be more of them.
    More,
}

/// What of a page of Ogg, or of a movie's head, is looked at.
const OGG_HEAD: usize = 14;
const MOVIE_HEAD: usize = 40;

impl Format {
    /// What a file is that begins so. `is_enough`: no more of it will be shown.
    pub(super) fn of(head: &[u8], is_enough: bool) -> Look {
        let found = match head {
            [b'I', b'D', b'3', ..] => match id3_bytes(head) {
                Some(count) => return Look::Skip(count),
                None => None,
            },
            [b'R', b'I', b'F', b'F', ..] => wave(head),
            [b'f', b'L', b'a', b'C', ..] => flac(head),
            [b'O', b'g', b'g', b'S', ..] => ogg(head),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
                Some(Self::Mpeg4 { seconds: None, carried: Vec::new() })
            }
            // The first frame may say how many there are, which no bytes show.
            _ if head.len() < 256 && !is_enough => None,
            _ => mpeg_audio(head),
        };
        match found {
            Some(format) => Look::Known(format),
            None if is_enough => Look::Known(Self::Unknown),
            None => Look::More,
        }
    }

    /// Sees the next bytes, those that it was told by included.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        match self {
            Self::Ogg { samples, carried, .. } => {
                carried.extend_from_slice(bytes);
                for at in memmem::find_iter(carried, b"OggS") {
                    let place = carried.get(at + 6..at + OGG_HEAD);
                    let place = place.and_then(|place| place.try_into().ok());
                    // A page on which nothing ends has none: all its bits are set.
                    let told = place.map(i64::from_le_bytes).and_then(|it| u64::try_from(it).ok());
                    *samples = told.unwrap_or(0).max(*samples);
                }
                carried.drain(..carried.len().saturating_sub(OGG_HEAD - 1));
            }
            Self::Mpeg4 { seconds, carried } if seconds.is_none() => {
                carried.extend_from_slice(bytes);
                *seconds = memmem::find_iter(carried, b"mvhd").find_map(|at| movie(&carried[at..]));
                carried.drain(..carried.len().saturating_sub(MOVIE_HEAD - 1));
            }
            Self::Mpeg4 { .. } | Self::Steady(_) | Self::Told(_) | Self::Unknown => {}
        }
    }

    /// How long sound of so many bytes is, of which some have still to come.
    pub(super) fn seconds(&self, bytes: u64, to_come: u64) -> Option<u64> {
        match self {
            Self::Steady(rate) => Some(bytes.div_ceil(*rate)),
            Self::Told(seconds) => Some(*seconds),
            Self::Ogg { rate, samples, .. } => {
                (to_come == 0 && *samples > 0).then(|| samples.div_ceil(*rate))
            }
            Self::Mpeg4 { seconds, .. } => *seconds,
            Self::Unknown => None,
        }
    }
}

fn big(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(count)?)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn little(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(count)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// How many bytes the notes before an MP3 have; their length is written in seven bits a byte.
fn id3_bytes(head: &[u8]) -> Option<u64> {
    let length = head.get(6..10)?.iter().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
    Some(10 + length)
}

fn wave(head: &[u8]) -> Option<Format> {
    let mut at = 12;
    while head.get(at..at + 4)? != b"fmt " {
        at += 8 + usize::try_from(little(head, at + 4, 4)?).ok()?;
    }
    let samples = little(head, at + 12, 4)?;
    let sample_bits = little(head, at + 10, 2)? * little(head, at + 22, 2)?;
    // What is compressed has no bits a sample.
    let rate = match samples.saturating_mul(sample_bits) / 8 {
        0 => little(head, at + 16, 4)?,
        rate => rate,
    };
    Some(if rate > 0 { Format::Steady(rate) } else { Format::Unknown })
}

fn flac(head: &[u8]) -> Option<Format> {
    let (rate, samples) = (big(head, 18, 3)? >> 4, big(head, 21, 5)? & 0xf_ffff_ffff);
    let is_told = rate > 0 && samples > 0;
    Some(if is_told { Format::Told(samples.div_ceil(rate)) } else { Format::Unknown })
}

fn ogg(head: &[u8]) -> Option<Format> {
    let page = head.get(..64)?;
    let vorbis = memmem::find(page, b"\x01vorbis").and_then(|at| little(head, at + 12, 4));
    let opus = memmem::find(page, b"OpusHead").map(|_| 48_000);
    Some(match vorbis.or(opus) {
        Some(rate) if rate > 0 => Format::Ogg { rate, samples: 0, carried: Vec::new() },
        _ => Format::Unknown,
    })
}

/// The head of a movie: how many parts a second has, and how many of them there are.
fn movie(head: &[u8]) -> Option<u64> {
    let (at, count) = match head.get(4)? {
        0 => (16, 4),
        _ => (24, 8),
    };
    let (parts, length) = (big(head, at, 4)?, big(head, at + 4, count)?);
    (parts > 0 && length > 0).then(|| length.div_ceil(parts))
}

/// MP3 and its elder kin, by the first frame.
fn mpeg_audio(head: &[u8]) -> Option<Format> {
    let &[0xff, second, third, ..] = head else { return Some(Format::Unknown) };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let (bits, rate) = (usize::from(third >> 4), usize::from(third >> 2 & 3));
    if second & 0xe0 != 0xe0 || version == 1 || layer == 0 || matches!(bits, 0 | 15) || rate == 3 {
        return Some(Format::Unknown);
    }
    let is_first = version == 3;
    let kilobits = match (is_first, layer) {
        (true, 3) => KILOBITS[0][bits],
        (true, 2) => KILOBITS[1][bits],
        (true, _) => KILOBITS[2][bits],
        (false, 3) => KILOBITS[3][bits],
        (false, _) => KILOBITS[4][bits],
    };
    let samples_a_second = [44_100, 48_000, 32_000][rate] >> [2, 0, 1, 0][usize::from(version)];
    let samples_a_frame = match layer {
        3 => 384,
        1 if !is_first => 576,
        _ => 1_152,
    };
    let first = &head[..head.len().min(256)];
    let marks: [(&[u8], usize); 3] = [(b"Xing", 8), (b"Info", 8), (b"VBRI", 14)];
    let frames = marks.iter().find_map(|(mark, at)| {
        let place = memmem::find(first, mark)?;
        // The first bit says that their number is told; the last of the marks always tells it.
        let is_told = *at == 14 || big(first, place + 4, 4)? & 1 == 1;
        big(first, place + at, 4).filter(|_| is_told)
    });
    Some(match frames.filter(|count| *count > 0) {
        Some(frames) => Format::Told((frames * samples_a_frame).div_ceil(samples_a_second)),
        None => Format::Steady(kilobits * 125),
    })
}

/// Kilobits a second, by the number in a frame: layers 1 to 3 of version 1, layer 1 and the others
/// of version 2.
const KILOBITS: [[u64; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
