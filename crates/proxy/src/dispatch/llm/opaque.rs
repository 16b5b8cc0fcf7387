//! An answer that is no stream of events, on its way to the client: sound, a transcript, a file.
//! What was used is told by nobody; what can be seen of it is how much there is.

use architrave_llm::catalog::Unit;
use architrave_llm::estimate;
use architrave_llm::used::{SoundLength, Used};

use super::batch_used::{BatchUsed, BatchWatch};

/// Watches such an answer.
#[derive(Debug)]
pub(super) struct OpaqueWatch {
    is_text: bool,
    bytes: u64,
    sound: Option<SoundLength>,
    batch: Option<Box<BatchWatch>>,
}

impl OpaqueWatch {
    /// A watch at the start of an answer of that media type.
    pub(super) fn new(media_type: &[u8]) -> Self {
        let media_type = std::str::from_utf8(media_type).unwrap_or_default();
        let is_sound = media_type.starts_with("audio/");
        Self {
            is_text: media_type.starts_with("text/"),
            bytes: 0,
            sound: is_sound.then(|| SoundLength::of_file(media_type)),
            batch: None,
        }
    }

    /// A watch of answers of a batch, which are charged for as they go by.
    pub(super) fn of_batch(batch: BatchWatch) -> Self {
        Self { is_text: false, bytes: 0, sound: None, batch: Some(Box::new(batch)) }
    }

    /// What the answers of a batch used; `is_whole`: all of them have come.
    pub(super) fn take_batch(&mut self, is_whole: bool) -> BatchUsed {
        self.batch.take().map(|batch| batch.into_used(is_whole)).unwrap_or_default()
    }

    /// Sees the next bytes.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(sound) = &mut self.sound {
            sound.see(bytes);
        }
        if let Some(batch) = &mut self.batch {
            batch.see(bytes);
        }
    }

    /// What was used, as far as that shows: how long the sound is of which all has come.
    pub(super) fn used(&self, is_whole: bool) -> Used {
        let mut used = Used::default();
        let told = self.sound.as_ref().and_then(|sound| sound.told(0));
        if let Some(seconds) = told.filter(|_| is_whole) {
            used.add(Unit::SecondOut, seconds);
        }
        used
    }

    /// The tokens that have come, by an estimate; sound has none that anybody could guess.
    pub(super) fn answer_tokens(&self) -> u64 {
        if self.is_text { estimate::tokens_of_bytes(self.bytes) } else { 0 }
    }
}
