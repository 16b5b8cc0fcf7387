//! Reasoning that only its maker can read, as Bedrock has it: bytes in base64.
//!
//! What Claude made goes through as it is. What another made is text, and a client of Bedrock would
//! decode it: it is put in base64 with its maker before it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::{Maker, Signature, Text};
use crate::dialect::signature;

/// The value that stood in `redactedContent`.
pub(super) fn read(base64: Text<'_>) -> Signature<'_> {
    let bytes = STANDARD.decode(base64.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let foreign = text.map(|text| signature::read(text.into()));
    foreign
        .filter(|foreign| foreign.maker != Maker::Anthropic)
        .unwrap_or(Signature { maker: Maker::Anthropic, value: base64 })
}

/// The value for `redactedContent`.
pub(super) fn write<'s>(encrypted: &'s Signature<'_>) -> Text<'s> {
    if encrypted.maker == Maker::Anthropic {
        return Text::Borrowed(&encrypted.value);
    }
    STANDARD.encode(signature::write(encrypted).concat()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_to_their_maker() {
        for maker in [Maker::Anthropic, Maker::Openai, Maker::Google, Maker::Other] {
            let encrypted = Signature { maker, value: "b3BhcXVl".into() };
            let written = write(&encrypted);
            assert!(STANDARD.decode(written.as_bytes()).is_ok(), "{written}");
            assert_eq!(read(written), encrypted);
        }
    }
}
