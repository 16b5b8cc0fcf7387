//! How much was said in a talk, by an estimate: text and sound apart, as they have prices of their own.

use crate::chat::Usage;
use crate::estimate::tokens_of_bytes;

/// Tokens of text and of sound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    pub text: u64,
    pub audio: u64,
}

impl Amount {
    pub(super) fn add(&mut self, other: Self) {
        self.text = self.text.saturating_add(other.text);
        self.audio = self.audio.saturating_add(other.audio);
    }

    pub(super) const fn less(self, other: Self) -> Self {
        let text = self.text.saturating_sub(other.text);
        Self { text, audio: self.audio.saturating_sub(other.audio) }
    }

    pub(super) fn or_more(self, other: Self) -> Self {
        Self { text: self.text.max(other.text), audio: self.audio.max(other.audio) }
    }

    pub(super) const fn total(self) -> u64 {
        self.text.saturating_add(self.audio)
    }

    pub(super) fn of_text(bytes: u64) -> Self {
        Self { text: tokens_of_bytes(bytes), audio: 0 }
    }

    pub(super) fn of_sound(bytes: u64, bytes_a_token: u64) -> Self {
        Self { text: 0, audio: bytes.div_ceil(bytes_a_token) }
    }

    /// All that an answer was made of and says.
    pub(super) fn of_usage(usage: &Usage) -> Self {
        let audio = usage.input_audio.saturating_add(usage.cache_read_audio);
        let audio = audio.saturating_add(usage.output_audio);
        Self { text: usage.total().saturating_sub(audio), audio }
    }
}
