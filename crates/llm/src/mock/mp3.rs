//! Sound that is silent, in MP3: to be a tone it would have to be encoded, and nobody listens to a
//! mock. Players take it for what it is, and it is as long as the tone would be.

/// The head of a frame: MPEG-2, layer III, 8,000 bits and 24,000 samples a second, one side.
const HEAD: [u8; 4] = [0xFF, 0xF3, 0x14, 0xC0];
/// What a frame lasts.
const SAMPLES_A_FRAME: usize = 576;
/// How long it is: 72 × 8,000 / 24,000.
const FRAME_BYTES: usize = 24;

/// So many samples of silence, at 24,000 a second.
pub(super) fn silence(samples: usize) -> Vec<u8> {
    // Behind its head all is nought: no bits of any spectral line.
    let mut frame = [0; FRAME_BYTES];
    frame[..HEAD.len()].copy_from_slice(&HEAD);
    frame.repeat(samples.div_ceil(SAMPLES_A_FRAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::used::SoundLength;

    #[test]
    fn silence_is_as_long_as_was_asked_for() {
        let sound = silence(82 * SAMPLES_A_FRAME - 5);
        assert_eq!(sound.len(), 82 * FRAME_BYTES);
        // Whoever charges by the second finds as many frames as there are.
        let frames: Vec<&[u8]> = sound.chunks(FRAME_BYTES).collect();
        assert!(
            frames.iter().all(|frame| frame[..4] == HEAD && frame[4..].iter().all(|it| *it == 0))
        );
        let mut length = SoundLength::of_file("audio/mpeg");
        length.see(&sound);
        assert_eq!(length.seconds(0), 2);
    }
}
