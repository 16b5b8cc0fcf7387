//! How long sound is that goes by: what is charged by the second, where nobody tells the seconds.
//!
//! Only what stands in the head of a file is read, or is met on the way; nothing is decoded. What
//! cannot be told so is estimated by its size, to the high side.

mod format;

use memchr::memmem;

use format::{Format, Look};

/// Bytes of a second of sound of which nothing is known: those of speech that is much compressed.
const BYTES_A_SECOND: u64 = 4_000;

/// No sound has more bytes a second, whatever its head says.
const BYTES_A_SECOND_MAX: u64 = 1_000_000;

/// Bytes a second of sound without a head, as OpenAI has it: 24,000 samples of two bytes.
const RAW_BYTES_A_SECOND: u64 = 48_000;

/// What of a form may be needed again: the head of a part.
const PART_HEAD_MAX: usize = 8 * 1024;

/// Within so much of a file its format must show.
const FILE_HEAD_MAX: usize = 4 * 1024;

/// Sees sound go by, piece by piece, and tells how long it is.
#[derive(Debug)]
pub struct SoundLength {
    /// Whether the file of the form is still to come.
    is_before: bool,
    /// What came and is not understood yet.
    held: Vec<u8>,
    format: Option<Format>,
    /// Bytes of sound that came.
    bytes: u64,
    /// Bytes that are no sound and are still to come.
    skipped: u64,
}

impl SoundLength {
    /// At the start of a form that has a file of sound.
    #[must_use]
    pub fn of_form() -> Self {
        Self { is_before: true, held: Vec::new(), format: None, bytes: 0, skipped: 0 }
    }

    /// At the start of sound of that media type.
    #[must_use]
    pub fn of_file(media_type: &str) -> Self {
        let is_raw = media_type.starts_with("audio/pcm") || media_type.starts_with("audio/L16");
        let format = is_raw.then_some(Format::Steady(RAW_BYTES_A_SECOND));
        Self { is_before: false, format, ..Self::of_form() }
    }

    /// Sees the next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        if !self.is_before {
            return self.sound(bytes);
        }
        self.held.extend_from_slice(bytes);
        if let Some(start) = file_at(&self.held) {
            self.is_before = false;
            let mut form = std::mem::take(&mut self.held);
            self.sound(&form.split_off(start));
        } else if self.held.len() > PART_HEAD_MAX {
            self.held.drain(..self.held.len() - PART_HEAD_MAX);
        }
    }

    /// How many seconds it has, rounded up, when so many bytes have still to come; by its size
    /// where nothing tells it.
    #[must_use]
    pub fn seconds(&self, to_come: u64) -> u64 {
        let bytes = self.bytes.saturating_add(to_come);
        self.told(to_come).unwrap_or_else(|| bytes.div_ceil(BYTES_A_SECOND))
    }

    /// The same, where it is told.
    #[must_use]
    pub fn told(&self, to_come: u64) -> Option<u64> {
        let bytes = self.bytes.saturating_add(to_come);
        let told = match &self.format {
            Some(format) => format.seconds(bytes, to_come),
            // It may be all that there is.
            None => match Format::of(&self.held, true) {
                Look::Known(format) => format.seconds(bytes, to_come),
                Look::Skip(_) | Look::More => None,
            },
        };
        told.map(|seconds| seconds.max(bytes / BYTES_A_SECOND_MAX))
    }

    fn sound(&mut self, bytes: &[u8]) {
        let skipped = self.skipped.min(bytes.len() as u64);
        self.skipped -= skipped;
        let bytes = &bytes[skipped as usize..];
        self.bytes += bytes.len() as u64;
        if let Some(format) = &mut self.format {
            return format.see(bytes);
        }
        self.held.extend_from_slice(bytes);
        loop {
            match Format::of(&self.held, self.held.len() > FILE_HEAD_MAX) {
                Look::More => return,
                Look::Skip(count) => {
                    let here = count.min(self.held.len() as u64);
                    self.held.drain(..here as usize);
                    self.bytes -= here;
                    self.skipped = count - here;
                    if self.skipped > 0 {
                        return;
                    }
                }
                Look::Known(mut format) => {
                    format.see(&std::mem::take(&mut self.held));
                    self.format = Some(format);
                    return;
                }
            }
        }
    }
}

/// Where in a form the content of its first file starts.
fn file_at(form: &[u8]) -> Option<usize> {
    let named = memmem::find(form, b"filename")?;
    memmem::find(&form[named..], b"\r\n\r\n").map(|end| named + end + 4)
}

#[cfg(test)]
mod tests;
