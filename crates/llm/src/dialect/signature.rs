//! Signatures of other makers on their way through a client of Anthropic or Bedrock: the client
//! keeps what stands in a thought's `signature` and sends it back, so the maker is put before the
//! value.
//!
//! Anthropic's own are base64, in which no colon can be.
//!
//! Calls have no signatures there. What another maker signed a call with comes as a thought behind
//! the call that only its maker can read.

use std::borrow::Cow;

use crate::chat::{Content, Maker, Part, ReasoningPart, Signature, Text};

const MAKERS: [(Maker, &str); 3] =
    [(Maker::Openai, "openai:"), (Maker::Google, "google:"), (Maker::Other, "other:")];

/// The signature that a client sent, given back to its maker.
pub(super) fn read(value: Text<'_>) -> Signature<'_> {
    let known = MAKERS.iter().find(|(_, mark)| value.starts_with(mark));
    let Some((maker, mark)) = known else { return Signature { maker: Maker::Anthropic, value } };
    Signature { maker: *maker, value: without(mark, &value) }
}

/// A text without what it begins with.
fn without<'a>(mark: &str, text: &Text<'a>) -> Text<'a> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[mark.len()..]),
        Cow::Owned(text) => Cow::Owned(text[mark.len()..].to_owned()),
    }
}

/// What stands before the value of a call's signature.
const CALL: &str = "call:";

/// The thought that brings the signature of a call.
pub(super) fn of_call(signature: &Signature<'_>) -> Signature<'static> {
    let value = Cow::Owned([CALL, &signature.value].concat());
    Signature { maker: signature.maker, value }
}

/// The signature of a call, where a thought brings one.
pub(super) fn to_call<'a>(thought: &ReasoningPart<'a>) -> Option<Signature<'a>> {
    let Signature { maker, value } = thought.encrypted.as_ref()?;
    let is_of_call = *maker != Maker::Anthropic && value.starts_with(CALL);
    is_of_call.then(|| Signature { maker: *maker, value: without(CALL, value) })
}

/// The parts, each call with the signature that came behind it.
pub(super) fn settle(parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    let mut settled: Vec<Part<'_>> = Vec::with_capacity(parts.len());
    for part in parts {
        let signature = match &part.content {
            Content::Reasoning(thought) => to_call(thought),
            _ => None,
        };
        match (signature, settled.last_mut().map(|last| &mut last.content)) {
            (Some(signature), Some(Content::ToolCall(call))) => call.signature = Some(signature),
            // A client has put it where it is nobody's.
            (Some(_), _) => {}
            (None, _) => settled.push(part),
        }
    }
    settled
}

/// The text of a signature for a client, in two pieces.
pub(super) fn write<'s>(signature: &'s Signature<'_>) -> [&'s str; 2] {
    let known = MAKERS.iter().find(|(maker, _)| *maker == signature.maker);
    [known.map_or("", |(_, mark)| mark), &signature.value]
}
