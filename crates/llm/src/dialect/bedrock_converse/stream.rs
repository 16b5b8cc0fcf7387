//! Streams of Bedrock: AWS's binary events, whose names say what they are.

mod read;
mod write;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::{ServiceClass, Usage};
use crate::json::{Cursor, Kind};

/// What an event, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let (mut usage, mut service) = (None, None);
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("usage", Kind::Object) => super::usage::read(cursor).map(|used| usage = Some(used)),
        ("serviceTier", Kind::Object) => {
            cursor.json().map(|json| service = ServiceClass::asked(json.as_str()))
        }
        _ => cursor.skip(),
    });
    read.ok().and(usage.map(|usage: Usage| Usage { service, ..usage }))
}

#[cfg(test)]
mod tests {
    use crate::chat::ErrorKind;
    use crate::dialect::{Context, Dialect};
    use crate::frame::{FrameWriter, Framing};
    use crate::translate::StreamTranslation;

    fn translation() -> StreamTranslation {
        let from = (Dialect::BedrockConverse, Framing::AwsEvents);
        StreamTranslation::new(from, (Dialect::CohereChat, Framing::Sse), &Context::default())
    }

    #[test]
    fn an_exception_ends_the_stream_as_a_failure() {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        let mut frames = FrameWriter::new(Framing::AwsEvents);
        frames.event(&mut bytes, "messageStart", |w| w.json(r#"{"role":"assistant"}"#));
        frames.exception(&mut bytes, "throttlingException", |w| w.json(r#"{"message":"slow"}"#));
        frames.event(&mut bytes, "metadata", |w| w.json("{}"));
        let mut translation = translation();
        translation.push(&bytes, &mut out);
        translation.end(&mut out);
        let error = translation.error().unwrap();
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, 429));
        assert!(
            String::from_utf8(out).unwrap().contains(r#""error":"slow","finish_reason":"ERROR""#)
        );
    }

    #[test]
    fn a_whole_message_without_usage_is_whole() {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        let mut frames = FrameWriter::new(Framing::AwsEvents);
        frames.event(&mut bytes, "messageStart", |w| w.json(r#"{"role":"assistant"}"#));
        frames.event(&mut bytes, "messageStop", |w| w.json(r#"{"stopReason":"end_turn"}"#));
        let mut translation = translation();
        translation.push(&bytes, &mut out);
        translation.end(&mut out);
        assert_eq!((translation.error(), translation.usage()), (None, None));
    }
}
