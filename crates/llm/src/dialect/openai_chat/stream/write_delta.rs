//! Deltas of parts to chunks.

use super::super::reply::{write_annotation, write_image};
use super::super::{reasoning, tool_call};
use super::write::Writer;
use crate::chat::{Delta, ReasoningPart, Source, Text};
use crate::frame::FrameWriter;

pub(super) fn write(
    writer: &mut Writer,
    (choice, part): (u32, u32),
    delta: &Delta<'_>,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
) {
    let answer = writer.answer(choice);
    let call = (0..).zip(&answer.calls).find(|(_, call)| **call == part).map(|(index, _)| index);
    match delta {
        Delta::Text(text) => {
            let name = answer.text_field;
            writer.delta(choice, frames, out, |w| w.text_field(name, Some(text)));
        }
        Delta::Arguments(_) => write_call(writer, (choice, call), delta, frames, out),
        Delta::Signature(_) if call.is_some() => {
            write_call(writer, (choice, call), delta, frames, out);
        }
        Delta::Signature(value) | Delta::Encrypted(value) => {
            let mut detail = ReasoningPart::default();
            let is_signature = matches!(delta, Delta::Signature(_));
            let place = if is_signature { &mut detail.signature } else { &mut detail.encrypted };
            *place = Some(value.clone());
            writer.delta(choice, frames, out, |w| {
                w.key("reasoning_details").array(|w| {
                    reasoning::write_detail(u64::from(part), &detail, w);
                });
            });
        }
        Delta::Citation(citation) if citation.url.is_some() => {
            writer.delta(choice, frames, out, |w| {
                w.key("annotations").array(|w| write_annotation(citation, w));
            });
        }
        // Without a link there is no form for it.
        Delta::Citation(_) => {}
        Delta::Bytes { media_type, base64, transcript } => {
            if let Some((kind, bytes)) = &mut answer.image {
                media_type.iter().for_each(|media_type| media_type.as_ref().clone_into(kind));
                return bytes.push_str(base64);
            }
            writer.delta(choice, frames, out, |w| {
                w.key("audio").object(|w| {
                    w.text_field("data", Some(base64.as_ref()).filter(|data| !data.is_empty()));
                    w.text_field("transcript", transcript.as_deref());
                });
            });
        }
        Delta::Link { kind: _, url, media_type } => {
            // There are no bytes to wait for; of sound there is no form for a link.
            if answer.image.take().is_some() {
                let source = Source::Url { url: url.clone(), media_type: media_type.clone() };
                send_image(writer, choice, &source, frames, out);
            }
        }
    }
}

/// More of a tool call.
fn write_call(
    writer: &mut Writer,
    (choice, call): (u32, Option<u64>),
    delta: &Delta<'_>,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
) {
    writer.delta(choice, frames, out, |w| {
        w.key("tool_calls").array(|w| {
            w.object(|w| {
                w.count_field("index", call);
                match delta {
                    Delta::Arguments(text) => {
                        w.key("function").object(|w| w.text_field("arguments", Some(text)));
                    }
                    // Clients count on a function in every piece of a call.
                    Delta::Signature(signature) => {
                        w.key("function").object(|w| w.text_field("arguments", Some("")));
                        tool_call::write_signature(signature, w);
                    }
                    _ => {}
                }
            });
        });
    });
}

/// The bytes of an image go out together, when its part ends.
pub(super) fn end_image(
    writer: &mut Writer,
    choice: u32,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
) {
    let Some((media_type, base64)) = writer.answer(choice).image.take() else { return };
    let (media_type, base64) = (Text::Owned(media_type), Text::Owned(base64));
    send_image(writer, choice, &Source::Bytes { media_type, base64 }, frames, out);
}

fn send_image(
    writer: &mut Writer,
    choice: u32,
    source: &Source<'_>,
    frames: &mut FrameWriter,
    out: &mut Vec<u8>,
) {
    let answer = writer.answer(choice);
    let index = answer.images;
    answer.images += 1;
    writer.delta(choice, frames, out, |w| {
        w.key("images").array(|w| write_image(index, source, w));
    });
}
