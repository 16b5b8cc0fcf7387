//! What of an answer guardrails can look at: what is read whole, what is seen through event by event,
//! and what has no text in it. The rest is refused.

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::surface::Operation;
use architrave_policy::guardrail::Guards;

use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::read_reply::Reads;
use crate::dispatch::llm::refusal;

/// Which answers are read whole.
pub(super) fn reads(operation: Operation, guards: &Guards) -> Reads {
    match operation {
        _ if !guards.looks_at_replies() => Reads::Json,
        // Answers of batches come as whatever the provider calls them.
        Operation::BatchResults | Operation::FileContent | Operation::ContainerFileContent => {
            Reads::All
        }
        _ => Reads::Texts,
    }
}

/// Whether an answer of that media type, which comes piece by piece, may have texts in it that
/// nobody sees through.
pub(super) fn hides_texts(operation: Operation, media_type: &[u8]) -> bool {
    if !operation.is_inference() {
        return false;
    }
    let is_media = [&b"audio/"[..], b"image/", b"video/", b"application/octet-stream"]
        .iter()
        .any(|prefix| media_type.starts_with(prefix));
    !is_media && !streams_media(operation)
}

/// Whether what it streams is sound or images.
fn streams_media(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Speech
            | Operation::ImageGeneration
            | Operation::ImageEdit
            | Operation::ImageVariation
    )
}

/// That an answer cannot be seen through while it comes.
pub(super) fn not_seen_through() -> Missed {
    let message = "a guardrail looks at what models say, and cannot in a stream of this kind; \
                   ask without `stream`";
    refusal::invalid(ChatError::invalid("stream", message))
}

/// That an answer is larger than what can be looked at.
pub(super) fn too_large_to_see() -> Missed {
    let message = "a guardrail looks at what models say, and this is too large to be looked at";
    Missed::refused(ChatError::new(ErrorKind::Permission, message), Reason::Forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_texts_unless_they_are_sound_or_images() {
        let hides = |operation, media_type: &str| hides_texts(operation, media_type.as_bytes());
        assert!(hides(Operation::Transcription, "text/event-stream"));
        assert!(hides(Operation::Completion, "text/event-stream"));
        assert!(hides(Operation::Invoke, "application/vnd.amazon.eventstream"));
        assert!(!hides(Operation::Speech, "text/event-stream"));
        assert!(!hides(Operation::Speech, "audio/mpeg"));
        assert!(!hides(Operation::ImageEdit, "text/event-stream"));
        assert!(!hides(Operation::FileGet, ""));
    }
}
