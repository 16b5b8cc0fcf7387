//! How a stream of chat ended that was passed on: as its dialect has it, or with a failure, or with
//! nothing said at all.
//!
//! Only what came last is kept for that, and read once, at the end; what comes before costs a copy.

use memchr::memmem;

use crate::chat::{ChatError, ChatEvent};
use crate::dialect::{Context, Dialect, EventReader};
use crate::frame::{FrameReader, Framing};
use crate::translate::broken;

/// How much of what came last is kept, at least where so much came: a few events.
const LAST_BYTES: usize = 4 * 1024;
/// The same where events cannot be found again in the middle of something: one read's worth.
const LAST_WHOLE_BYTES: usize = 64 * 1024;

/// Watches for the end of a stream.
#[derive(Debug)]
pub(super) struct Ending {
    dialect: Dialect,
    framing: Framing,
    /// What came last, and what came before that.
    last: Vec<u8>,
    before: Vec<u8>,
    /// An event has come that only stands at the end.
    has_ended: bool,
    /// What came last could not be kept.
    is_lost: bool,
}

/// Why a stream is not whole.
#[derive(Debug)]
pub(super) struct Unwhole {
    pub(super) error: ChatError,
    /// The stream says so itself.
    pub(super) is_told: bool,
}

impl Ending {
    pub(super) fn new(dialect: Dialect, framing: Framing) -> Self {
        let (last, before) = (Vec::new(), Vec::new());
        Self { dialect, framing, last, before, has_ended: false, is_lost: false }
    }

    /// Sees the next whole events.
    pub(super) fn see(&mut self, events: &[u8]) {
        if events.is_empty() {
            return;
        }
        let kept = match self.framing {
            Framing::Sse => &events[events.len().saturating_sub(LAST_BYTES)..],
            _ if events.len() <= LAST_WHOLE_BYTES => events,
            _ => &[],
        };
        self.is_lost = kept.is_empty();
        if self.last.len() + kept.len() > LAST_BYTES {
            std::mem::swap(&mut self.last, &mut self.before);
            self.last.clear();
        }
        if kept.len() < events.len() {
            self.before.clear();
        }
        self.last.extend_from_slice(kept);
    }

    /// Sees an event that tells usage: it may be the last, and too long to be kept.
    pub(super) fn see_usage(&mut self, name: &str, data: &str) {
        const STARTS_WITHIN: usize = 256;
        if self.dialect == Dialect::OpenaiResponses {
            let start = &data.as_bytes()[..data.len().min(STARTS_WITHIN)];
            let says =
                |mark: &&str| name == *mark || memmem::find(start, mark.as_bytes()).is_some();
            self.has_ended |= self.dialect.end_marks().iter().any(says);
        }
    }

    /// Why the stream is not whole, where it is not: the provider's own words, or that it broke
    /// off. `tells_usage`: usage was told, which OpenAI's servers do at the end.
    pub(super) fn failure(self, tells_usage: bool) -> Option<Unwhole> {
        // All of an array is one piece, in which nothing can be found from behind.
        if self.framing == Framing::JsonArray || self.is_lost {
            return None;
        }
        let bytes = [self.before, self.last].concat();
        let has = |mark: &str| memmem::find(&bytes, mark.as_bytes()).is_some();
        let is_ended = self.has_ended || self.dialect.end_marks().iter().any(|mark| has(mark));
        let may_have_failed = match self.framing {
            Framing::AwsEvents => has("exception"),
            _ => has("\"error\""),
        };
        if is_ended && !may_have_failed {
            return None;
        }
        let mut is_ended = is_ended || (tells_usage && self.dialect == Dialect::OpenaiChat);
        let mut failure = None;
        let mut events = EventReader::new(self.dialect, &Context::default());
        let mut frames = FrameReader::new(self.framing);
        let mut note = |event: ChatEvent<'_>| match event {
            ChatEvent::Error(error) => failure = Some(error),
            ChatEvent::End => is_ended = true,
            _ => {}
        };
        let mut read = |frame: Result<crate::frame::Frame<'_>, _>| {
            let Ok(frame) = frame else { return };
            let _of_half_an_event = events.read(&frame, &mut note);
        };
        frames.push(&bytes, &mut read);
        frames.end(&mut read);
        events.end(&mut note);
        match failure {
            Some(error) => Some(Unwhole { error, is_told: true }),
            None => (!is_ended).then(|| Unwhole { error: broken(), is_told: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ErrorKind;
    use crate::frame::FrameWriter;
    use crate::pass::PassedStream;

    /// What a stream comes to that comes in pieces of so many bytes.
    fn failure(dialect: Dialect, stream: &str, size: usize) -> Option<ErrorKind> {
        let mut passed = PassedStream::new(dialect, Framing::Sse).to_its_end();
        stream.as_bytes().chunks(size).for_each(|piece| passed.see(piece));
        passed.end();
        passed.take_failure().map(|error| error.kind)
    }

    fn check(dialect: Dialect, stream: &str, expected: Option<ErrorKind>) {
        for size in [1, 7, 100, 1 << 20] {
            assert_eq!(failure(dialect, stream, size), expected, "{size}: {stream}");
        }
    }

    /// So much content that what is kept is filled many times.
    fn with_content(event: &str, end: &str) -> String {
        [&event.repeat(400), end].concat()
    }

    #[test]
    fn a_stream_is_whole_only_after_its_dialects_own_end() {
        let delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"lorem \\\"error\\\"\"}}\n\n";
        let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        let overloaded = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        let anthropic = Dialect::AnthropicMessages;
        check(anthropic, &with_content(delta, stop), None);
        check(anthropic, &with_content(delta, ""), Some(ErrorKind::Internal));
        check(anthropic, &with_content(delta, overloaded), Some(ErrorKind::Overloaded));
        check(anthropic, "", Some(ErrorKind::Internal));

        let delta = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lorem\"},\"finish_reason\":null}]}\n\n";
        let finish =
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
        let usage =
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n";
        let failed = "data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n";
        let done = "data: [DONE]\n\n";
        let openai = Dialect::OpenaiChat;
        for end in [done, finish, usage, &[finish, usage, done].concat()] {
            check(openai, &with_content(delta, end), None);
        }
        check(openai, &with_content(delta, ""), Some(ErrorKind::Internal));
        for end in [failed, &[failed, done].concat()] {
            assert!(failure(openai, &with_content(delta, end), 50).is_some(), "{end}");
        }

        let delta = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lorem\"}]}}]}\n\n";
        let finish = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"error\":{}}}}]},\"finishReason\":\"STOP\"}]}\n\n";
        let gemini = Dialect::GeminiGenerateContent;
        check(gemini, &with_content(delta, finish), None);
        check(gemini, &with_content(delta, ""), Some(ErrorKind::Internal));

        let delta = "data: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"a\"}}}}\n\n";
        let end = "data: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n";
        check(Dialect::CohereChat, &with_content(delta, end), None);
        check(Dialect::CohereChat, &with_content(delta, ""), Some(ErrorKind::Internal));
    }

    #[test]
    fn the_end_of_a_response_may_be_as_long_as_it_likes() {
        let delta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"lorem\"}\n\n";
        let long = "x".repeat(3 << 20);
        let end = |word: &str, usage: &str| {
            format!(
                "event: response.{word}\ndata: {{\"type\":\"response.{word}\",\"response\":{{\"id\":\"r\",\"status\":\"{word}\",\"error\":null,\"instructions\":\"{long}\",\"usage\":{usage}}}}}\n\n"
            )
        };
        let usage = "{\"input_tokens\":3,\"output_tokens\":2,\"total_tokens\":5}";
        let responses = Dialect::OpenaiResponses;
        for word in ["completed", "incomplete"] {
            let stream = with_content(delta, &end(word, usage));
            for size in [16 << 10, 8 << 20] {
                assert_eq!(failure(responses, &stream, size), None, "{word}");
            }
            let mut passed = PassedStream::new(responses, Framing::Sse).to_its_end();
            stream.as_bytes().chunks(16 << 10).for_each(|piece| passed.see(piece));
            passed.end();
            assert_eq!(passed.usage().map(|usage| usage.total()), Some(5));
        }
        let failed = with_content(delta, &end("failed", "null"));
        assert!(failure(responses, &failed, 16 << 10).is_some());
    }

    #[test]
    fn exceptions_of_aws_end_a_stream_before_its_end() {
        let event = |name: &str| {
            let mut out = Vec::new();
            let mut frames = FrameWriter::new(Framing::AwsEvents);
            frames.event(&mut out, name, |w| w.object(|w| w.key("contentBlockIndex").count(0)));
            out
        };
        let mut exception = Vec::new();
        FrameWriter::new(Framing::AwsEvents).exception(
            &mut exception,
            "throttlingException",
            |w| w.object(|w| w.key("message").text("slow down")),
        );
        let delta = event("contentBlockDelta").repeat(100);
        let whole = |stream: &[u8]| {
            let mut passed =
                PassedStream::new(Dialect::BedrockConverse, Framing::AwsEvents).to_its_end();
            stream.chunks(33).for_each(|piece| passed.see(piece));
            passed.end();
            passed.take_failure().is_none()
        };
        assert!(whole(&[&*delta, &event("messageStop"), &event("metadata")].concat()));
        assert!(!whole(&delta));
        assert!(!whole(&[&*delta, &exception].concat()));
    }
}
