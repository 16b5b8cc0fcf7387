//! An answer that is kept: the whole of it in the words in which it was given, and told as a stream
//! to who wants one.

use architrave_llm::chat::{ChatReply, Finish, Usage};
use architrave_llm::dialect::{Context, Dialect, EventWriter};
use architrave_llm::field::Losses;
use architrave_llm::frame::{FrameWriter, Framing};
use architrave_llm::json::{Cursor, Kind};
use architrave_llm::translate::replay;

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReply {
    /// The dialect of a chat's answer, which can be told as a stream; of others `None`.
    dialect: Option<Dialect>,
    content_type: Box<str>,
    body: Box<[u8]>,
    usage: Option<Usage>,
}

impl KeptReply {
    /// The whole answer to a chat, as the client gets it; `None` where it is not to be kept.
    ///
    /// Kept is what came to its end: by itself, by a stop text, or by calling tools. Not kept is
    /// what was cut off by a limit or a full context, filtered, refused, paused or failed, or does
    /// not say how it ended: asked again, the model may do better.
    #[must_use]
    pub fn of_chat(dialect: Dialect, body: &[u8], context: &Context) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let (reply, _) = dialect.read_reply(text, context).ok()?;
        has_ended(&reply).then(|| Self::new(Some(dialect), "application/json", body, reply.usage))
    }

    /// The answer to a chat, put together from a stream.
    pub(super) fn of_reply(
        dialect: Dialect,
        reply: &ChatReply<'_>,
        context: &Context,
    ) -> Option<Self> {
        if !has_ended(reply) {
            return None;
        }
        let mut body = Vec::with_capacity(1024);
        dialect.write_reply(reply, context, &mut body);
        Some(Self::new(Some(dialect), "application/json", &body, reply.usage))
    }

    /// A whole answer to something else than chat, with status 200; `None` where it is not to be
    /// kept, be it that it is no JSON, tells of a failure, or breaks off a text.
    #[must_use]
    pub fn of_other(body: &[u8], usage: Option<Usage>) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        is_complete(text).then(|| Self::new(None, "application/json", body, usage))
    }

    fn new(
        dialect: Option<Dialect>,
        content_type: &str,
        body: &[u8],
        usage: Option<Usage>,
    ) -> Self {
        Self { dialect, content_type: content_type.into(), body: body.into(), usage }
    }

    /// The media type of the whole answer.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The whole answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// What it used when it was made. Given again, it uses nothing.
    #[must_use]
    pub const fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Appends the answer told as a stream, from its first event to its end; what of it a stream
    /// cannot tell. Nothing, and nothing appended, where it is no chat.
    pub fn write_stream(
        &self,
        framing: Framing,
        context: &Context,
        out: &mut Vec<u8>,
    ) -> Option<Losses> {
        let dialect = self.dialect?;
        let text = std::str::from_utf8(&self.body).ok()?;
        // It was read before it was kept, so it can be read again.
        let (reply, losses) = dialect.read_reply(text, context).ok()?;
        let mut frames = FrameWriter::new(framing);
        let mut writer = EventWriter::new(dialect, context);
        replay(&reply, &mut |event| writer.write(&event, &mut frames, out));
        frames.end(out);
        Some(losses)
    }

    /// The bytes that it takes.
    pub(super) fn byte_count(&self) -> usize {
        self.body.len() + self.content_type.len()
    }
}

/// Whether an object tells of no failure, and of each text in it that it has come to its end.
fn is_complete(text: &str) -> bool {
    let mut is_complete = true;
    let mut cursor = Cursor::new(text);
    let read = cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("error", Kind::Null) => cursor.skip()?,
            ("error", _) => {
                is_complete = false;
                cursor.skip()?;
            }
            ("choices", Kind::Array) => cursor.array(|choice| {
                let mut finish = None;
                choice.object(|cursor, name| match name {
                    "finish_reason" => {
                        finish = cursor.maybe(Cursor::text)?;
                        Ok(())
                    }
                    _ => cursor.skip(),
                })?;
                is_complete &= finish.is_some_and(|word| word == "stop");
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.is_ok() && cursor.end().is_ok() && is_complete
}

fn has_ended(reply: &ChatReply<'_>) -> bool {
    let is_end = |finish| matches!(finish, Finish::Stop | Finish::StopText | Finish::ToolCalls);
    !reply.choices.is_empty() && reply.choices.iter().all(|one| one.finish.is_some_and(is_end))
}
