//! Signatures of other makers on their way through a client of Anthropic or Bedrock: the client
//! keeps what stands in a thought's `signature` and sends it back, so the maker is put before the
//! value.
//!
//! Anthropic's own are base64, in which no colon can be.

use std::borrow::Cow;

use crate::chat::{Maker, Signature, Text};

const MAKERS: [(Maker, &str); 3] =
    [(Maker::Openai, "openai:"), (Maker::Google, "google:"), (Maker::Other, "other:")];

/// The signature that a client sent, given back to its maker.
pub(super) fn read(value: Text<'_>) -> Signature<'_> {
    let known = MAKERS.iter().find(|(_, mark)| value.starts_with(mark));
    let Some((maker, mark)) = known else { return Signature { maker: Maker::Anthropic, value } };
    let value = match value {
        Cow::Borrowed(value) => Cow::Borrowed(&value[mark.len()..]),
        Cow::Owned(value) => Cow::Owned(value[mark.len()..].to_owned()),
    };
    Signature { maker: *maker, value }
}

/// The text of a signature for a client, in two pieces.
pub(super) fn write<'s>(signature: &'s Signature<'_>) -> [&'s str; 2] {
    let known = MAKERS.iter().find(|(maker, _)| *maker == signature.maker);
    [known.map_or("", |(_, mark)| mark), &signature.value]
}
