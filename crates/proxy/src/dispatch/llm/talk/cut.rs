//! How a talk is ended from here: what the client is told, in the words that it speaks.

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::talk::{self, FrameError, Words};

/// Why a talk is ended.
#[derive(Debug)]
pub(super) struct Cut {
    /// What the client is told.
    pub error: ChatError,
    /// What the close frame says.
    pub code: u16,
    /// For the log.
    pub reason: Reason,
}

impl Cut {
    /// Nothing is left to pay with.
    pub(super) fn unpaid(error: ChatError) -> Self {
        let reason = match error.kind {
            ErrorKind::Overloaded => Reason::Overloaded,
            _ => Reason::RateLimited,
        };
        Self { error, code: talk::CLOSE_POLICY, reason }
    }

    /// What the client says is against the protocol.
    pub(super) fn of_frames(error: FrameError) -> Self {
        let kind = match error {
            FrameError::Malformed(_) => ErrorKind::InvalidRequest,
            FrameError::TooLarge { .. } => ErrorKind::TooLarge,
        };
        let reason = match error {
            FrameError::Malformed(_) => Reason::BadRequest,
            FrameError::TooLarge { .. } => Reason::BodyTooLarge,
        };
        Self { error: ChatError::new(kind, error.to_string()), code: error.close_code(), reason }
    }

    /// A message is not what it should be.
    pub(super) fn invalid(message: &'static str) -> Self {
        let error = ChatError::new(ErrorKind::InvalidRequest, message);
        Self { error, code: talk::CLOSE_CONTENT, reason: Reason::BadRequest }
    }

    /// What is named is not there for whoever names it.
    pub(super) fn nothing_there() -> Self {
        let error = ChatError::new(ErrorKind::NotFound, "there is nothing of that id here");
        Self { error, code: talk::CLOSE_POLICY, reason: Reason::NotFound }
    }

    /// The gateway, or its listener, is going; another one takes the next talk.
    pub(super) fn gone() -> Self {
        let message = "the gateway is shutting down; connect again";
        let error = ChatError::new(ErrorKind::Overloaded, message);
        Self { error, code: talk::CLOSE_AWAY, reason: Reason::ShuttingDown }
    }

    /// The frames that tell the client.
    pub(super) fn frames(&self, words: Words) -> Vec<u8> {
        let mut frames = event(words, &self.error);
        frames.extend(talk::close_frame(self.code, &self.error.message, None));
        frames
    }
}

/// The message that tells a client what was wrong; nothing where its words have none.
pub(super) fn event(words: Words, error: &ChatError) -> Vec<u8> {
    match words {
        Words::Gemini => Vec::new(),
        Words::Openai => {
            let mut body = Vec::with_capacity(256);
            Dialect::OpenaiChat.write_error(error, &mut body);
            // The same object that answers of the API have, with the type that makes it an event.
            let mut text = br#"{"type":"error","event_id":"event_architrave","#.to_vec();
            text.extend_from_slice(body.strip_prefix(b"{").unwrap_or_default());
            talk::text_frame(&text, None)
        }
    }
}
