//! Frames of the gateway's own.

/// A close frame may carry so many bytes of a reason.
const REASON_BYTES_MAX: usize = 123;

/// A message of text, masked where there is a mask.
#[must_use]
pub fn text_frame(text: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    frame(0x81, text, mask)
}

/// The end of the talk, and why.
#[must_use]
pub fn close_frame(code: u16, reason: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(0x88, &payload, mask)
}

/// A question whether a client is there, which it answers.
#[must_use]
pub fn ping_frame() -> Vec<u8> {
    frame(0x89, b"", None)
}

/// A mask of random bits.
#[must_use]
pub const fn mask_of(random: u32) -> [u8; 4] {
    random.to_be_bytes()
}

pub(super) fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    let bit = if mask.is_some() { 0x80 } else { 0 };
    frame.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if short < 126 => frame.push(bit | short),
        (_, Ok(middle)) => {
            frame.push(bit | 126);
            frame.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            frame.push(bit | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    let Some(mask) = mask else {
        frame.extend_from_slice(payload);
        return frame;
    };
    frame.extend_from_slice(&mask);
    let from = frame.len();
    frame.extend_from_slice(payload);
    frame[from..].iter_mut().zip(mask.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    frame
}
