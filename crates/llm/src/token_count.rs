//! How many tokens a prompt has, told in the words of who asks.
//!
//! Providers that count are asked themselves. For all others the number is this gateway's own
//! estimate, which leans to the high side; whoever sends it says that it is one.

use crate::json::Writer;
use crate::surface::{Family, Surface};

/// The body that tells a number of tokens at a surface that counts them; nothing at others.
#[must_use]
pub fn write(surface: Surface, tokens: u64) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(64);
    let mut w = Writer::new(&mut body);
    let name = match surface {
        Surface::AnthropicTokenCount | Surface::OpenaiTokenCount => "input_tokens",
        Surface::GeminiTokenCount => "totalTokens",
        Surface::BedrockTokenCount => "inputTokens",
        _ => return None,
    };
    w.object(|w| {
        if surface.family() == Family::Openai {
            w.key("object").text("response.input_tokens");
        }
        w.key(name).count(tokens);
    });
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_in_the_words_of_each_family() {
        let told = |surface| write(surface, 7).map(|body| String::from_utf8(body).unwrap());
        for (surface, body) in [
            (Surface::AnthropicTokenCount, r#"{"input_tokens":7}"#),
            (Surface::OpenaiTokenCount, r#"{"object":"response.input_tokens","input_tokens":7}"#),
            (Surface::GeminiTokenCount, r#"{"totalTokens":7}"#),
            (Surface::BedrockTokenCount, r#"{"inputTokens":7}"#),
        ] {
            assert_eq!(told(surface).as_deref(), Some(body));
        }
        assert_eq!(told(Surface::OpenaiChat), None);
    }
}
