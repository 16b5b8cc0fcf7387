//! Bare samples made a WAV file, which is what a client of OpenAI asks for where its answer comes
//! whole. Gemini gives samples alone.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What Gemini's voices have, where it does not say it.
const RATE: u32 = 24_000;
const BYTES_A_SAMPLE: u16 = 2;

/// The sound with the head of a WAV file before it, where it is samples of 16 bits; else as it is.
pub(super) fn with_head<'s>(media_type: &str, base64: &'s str) -> Cow<'s, str> {
    let (kind, options) = media_type.split_once(';').unwrap_or((media_type, ""));
    let is_bare =
        ["audio/l16", "audio/pcm"].iter().any(|one| kind.trim().eq_ignore_ascii_case(one));
    let samples = if is_bare { STANDARD.decode(base64).ok() } else { None };
    let Some(samples) = samples else { return Cow::Borrowed(base64) };
    let option = |name: &str| {
        let options = options.split(';').filter_map(|option| option.trim().split_once('='));
        options
            .filter(|(one, _)| one.eq_ignore_ascii_case(name))
            .find_map(|(_, it)| it.parse().ok())
    };
    let rate = option("rate").unwrap_or(RATE);
    let sides = option("channels").and_then(|it| u16::try_from(it).ok()).unwrap_or(1);
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend_from_slice(&head(samples.len(), rate, sides.max(1)));
    file.extend_from_slice(&samples);
    Cow::Owned(STANDARD.encode(file))
}

fn head(size: usize, rate: u32, sides: u16) -> [u8; 44] {
    let size = u32::try_from(size).unwrap_or(u32::MAX - 36);
    let frame = sides.saturating_mul(BYTES_A_SAMPLE);
    let mut head = [0; 44];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"RIFF");
    put(4, &size.saturating_add(36).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16_u32.to_le_bytes());
    // Samples as they are.
    put(20, &1_u16.to_le_bytes());
    put(22, &sides.to_le_bytes());
    put(24, &rate.to_le_bytes());
    put(28, &rate.saturating_mul(u32::from(frame)).to_le_bytes());
    put(32, &frame.to_le_bytes());
    put(34, &(8 * BYTES_A_SAMPLE).to_le_bytes());
    put(36, b"data");
    put(40, &size.to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_a_file_and_files_stay() {
        let file = with_head("audio/L16;codec=pcm;rate=16000", "AAECAw==");
        let file = STANDARD.decode(file.as_bytes()).unwrap();
        assert_eq!((file.len(), &file[..4], &file[8..16]), (48, &b"RIFF"[..], &b"WAVEfmt "[..]));
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!((number(4), number(24), number(28), number(40)), (40, 16_000, 32_000, 4));
        assert_eq!(file[44..], [0, 1, 2, 3]);
        let rate =
            |media_type| STANDARD.decode(&*with_head(media_type, "AAE=")).unwrap()[24..26].to_vec();
        assert_eq!(rate("audio/pcm"), 24_000_u16.to_le_bytes());
        for (media_type, sound) in
            [("audio/wav", "AAE="), ("audio/mpeg", "AAE="), ("audio/pcm", "?")]
        {
            assert_eq!(with_head(media_type, sound), sound);
        }
    }
}
