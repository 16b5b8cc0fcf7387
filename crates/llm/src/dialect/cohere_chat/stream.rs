//! Streams of Cohere's chat: named events in which pieces of a message begin, grow and end.

mod event;
mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What an event, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("usage", Kind::Object) => super::usage::read(cursor).map(|used| usage = Some(used)),
        // The last event has it in its delta.
        ("delta", Kind::Object) => cursor.object(|cursor, name| match name {
            "usage" => cursor.maybe(super::usage::read).map(|used| usage = used),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    });
    read.ok().and(usage)
}

#[cfg(test)]
mod tests {
    use crate::dialect::{Context, Dialect};
    use crate::frame::Framing;
    use crate::translate::StreamTranslation;

    #[test]
    fn an_error_in_the_last_event_is_a_failure() {
        let from = (Dialect::CohereChat, Framing::Sse);
        let to = (Dialect::OpenaiChat, Framing::Sse);
        let mut translation = StreamTranslation::new(from, to, &Context::default());
        let mut out = Vec::new();
        for data in [
            r#"{"type":"message-start","id":"r","delta":{"message":{"role":"assistant"}}}"#,
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"lost",
                "usage":{"tokens":{"input_tokens":7}}}}"#,
        ] {
            let data = data.replace('\n', " ");
            translation.push(format!("data: {data}\n\n").as_bytes(), &mut out);
        }
        translation.end(&mut out);
        assert_eq!(translation.error().unwrap().message, "lost");
        assert_eq!(translation.usage().unwrap().input, 7);
    }
}
