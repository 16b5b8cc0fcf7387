//! Opaque values as Gemini has them: bytes in base64, which its clients decode and encode again.
//!
//! Google's own go as they are. Those of other makers are put into bytes of ours on their way
//! through a client of Google, with the maker before the value.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::{Maker, Signature, Text};

/// What Google has its interface take for the signature of a call that none of its models made, or
/// whose signature a client could not keep. Without any, newer models refuse the conversation.
pub(super) const STAND_IN: &str = "skip_thought_signature_validator";

/// What a value of another maker begins with, as bytes and in base64: twelve bytes, so that what
/// follows does not change how they are written.
const HEAD: (&str, &str) = ("architrave::", "YXJjaGl0cmF2ZTo6");

/// The words for makers, and whether the value is the thought itself.
const WORDS: [(Maker, bool, &str); 7] = [
    (Maker::Google, true, "google-thought:"),
    (Maker::Anthropic, true, "anthropic-thought:"),
    (Maker::Openai, true, "openai-thought:"),
    (Maker::Other, true, "other-thought:"),
    (Maker::Anthropic, false, "anthropic:"),
    (Maker::Openai, false, "openai:"),
    (Maker::Other, false, "other:"),
];

/// A value that came, and whether it is the thought itself and not only its signature.
pub(super) struct Opaque<'a> {
    pub(super) signature: Signature<'a>,
    pub(super) is_thought: bool,
}

/// The value that came; none for one that only stands in.
pub(super) fn read(value: Text<'_>) -> Option<Opaque<'_>> {
    if value.is_empty() || value == STAND_IN {
        return None;
    }
    if let Some((maker, is_thought, value)) = unwrap(&value) {
        let signature = Signature { maker, value: value.into() };
        return Some(Opaque { signature, is_thought });
    }
    Some(Opaque { signature: Signature { maker: Maker::Google, value }, is_thought: false })
}

fn unwrap(value: &str) -> Option<(Maker, bool, String)> {
    if !value.starts_with(HEAD.1) {
        return None;
    }
    // Clients in Python encode for URLs.
    let value = value.replace('-', "+").replace('_', "/");
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let text = text.strip_prefix(HEAD.0)?;
    WORDS.iter().find_map(|(maker, is_thought, word)| {
        Some((*maker, *is_thought, text.strip_prefix(word)?.to_owned()))
    })
}

/// The text of a value for a client, which will send it back.
pub(super) fn write<'s>(signature: &'s Signature<'_>, is_thought: bool) -> Cow<'s, str> {
    let fits = |word: &&(Maker, bool, &str)| (word.0, word.1) == (signature.maker, is_thought);
    match WORDS.iter().find(fits) {
        None => Cow::Borrowed(&signature.value),
        Some((.., word)) => Cow::Owned(STANDARD.encode([HEAD.0, word, &signature.value].concat())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_makers_go_through_a_client() {
        for maker in [Maker::Google, Maker::Anthropic, Maker::Openai, Maker::Other] {
            for is_thought in [true, false] {
                let signature = Signature { maker, value: "a+/é==".into() };
                let written = write(&signature, is_thought);
                let encoded_anew = written.replace('+', "-").replace('/', "_");
                let client = if maker == Maker::Google { written.into() } else { encoded_anew };
                let read = read(client.into()).unwrap();
                assert_eq!((read.signature, read.is_thought), (signature, is_thought));
            }
        }
        assert!(read(STAND_IN.into()).is_none());
    }
}
