//! How many tokens a prompt will be, before anybody has counted: from sizes alone.
//!
//! It is what is reserved, not what is charged, so it leans to the high side, and it must cost
//! nothing: no tokeniser, no second look at the text. The rules:
//!
//! - ASCII text: a token for each 3.5 bytes. English prose is at 4 to 4.5, source code and JSON at
//!   3 to 3.5; escaped `\uXXXX` are six such bytes, which is 1.7 tokens a character.
//! - Other text: a token for each 2.5 bytes. CJK has 3 bytes a character, Cyrillic, Greek, Arabic
//!   and Hebrew 2.
//! - Each message, part and tool: 4 tokens of its frame; each request: 8.
//! - Tools at all: 600 tokens of the prompt that providers put before them. That is Anthropic's;
//!   with 400 nearly all of its recordings were above the estimate. Elsewhere it is too much by
//!   some hundreds, which are given back when the count is known.
//! - Media: a token for each 64 bytes of base64, at least 300 and at most 6,000 an item on average;
//!   images cost 85 to 1,600 tokens whatever their size in bytes, pages of a PDF 1,500 to 3,000.
//!
//! Without tools, the median of estimate by count over recorded exchanges is 1.5 at OpenAI, 1.6 at
//! OpenRouter and 1.7 at Mistral and Anthropic. What no body shows is not in it: documents behind links, results of
//! searches that the provider makes, templates of local models.

use crate::scan::TextSizes;

const REQUEST_TOKENS: u64 = 8;
const ITEM_TOKENS: u64 = 4;
const TOOLS_TOKENS: u64 = 600;
const MEDIA_TOKENS_MIN: u64 = 300;
const MEDIA_TOKENS_MAX: u64 = 6_000;

/// What is reserved for an image, a document or sound of which the body has a link or an id alone:
/// as much as for a large one that is in it.
pub const LINK_TOKENS: u64 = MEDIA_TOKENS_MAX;

/// The tokens that a prompt of these sizes will be.
#[must_use]
pub fn prompt_tokens(sizes: &TextSizes) -> u64 {
    let ascii = sizes.ascii.saturating_mul(2).div_ceil(7);
    let wide = sizes.wide.saturating_mul(2).div_ceil(5);
    let least = sizes.media_items.saturating_mul(MEDIA_TOKENS_MIN);
    let most = sizes.media_items.saturating_mul(MEDIA_TOKENS_MAX);
    let media = (sizes.media / 64).clamp(least, most);
    let items = sizes.items.saturating_mul(ITEM_TOKENS);
    let tools = if sizes.has_tools { TOOLS_TOKENS } else { 0 };
    [ascii, wide, media, items, tools]
        .iter()
        .fold(REQUEST_TOKENS, |sum, part| sum.saturating_add(*part))
}

/// The tokens that what is only linked to may be beyond what a link is taken for in the prompt.
#[must_use]
pub fn linked_tokens(sizes: &TextSizes) -> u64 {
    sizes.links.saturating_mul(LINK_TOKENS - MEDIA_TOKENS_MIN)
}

/// The tokens that an answer of this many bytes of text was, where the provider did not say.
#[must_use]
pub fn answer_tokens(text: &str) -> u64 {
    let mut sizes = TextSizes::default();
    let wide = text.bytes().filter(|byte| !byte.is_ascii()).count() as u64;
    (sizes.wide, sizes.ascii) = (wide, text.len() as u64 - wide);
    prompt_tokens(&sizes) - REQUEST_TOKENS
}

/// The tokens that an answer was of whose length alone is known: its JSON included, so on the high
/// side.
#[must_use]
pub fn tokens_of_bytes(bytes: u64) -> u64 {
    bytes.saturating_mul(2).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_counted_by_its_bytes() {
        assert_eq!(answer_tokens(""), 0);
        assert_eq!(answer_tokens("The quick brown fox jumps over the lazy dog."), 13);
        assert_eq!(answer_tokens("東京は日本の首都です。"), 14);
        assert_eq!(answer_tokens("a東"), 3);
    }

    #[test]
    fn a_link_may_be_as_much_as_a_large_image() {
        let sizes = TextSizes { media: 60, media_items: 2, links: 2, ..TextSizes::default() };
        assert_eq!(prompt_tokens(&sizes) - REQUEST_TOKENS + linked_tokens(&sizes), 12_000);
    }

    #[test]
    fn an_image_is_not_taken_for_text() {
        let sizes = TextSizes { media: 1_400_000, media_items: 1, ..TextSizes::default() };
        assert_eq!(prompt_tokens(&sizes), 6_008);
        let sizes = TextSizes { media: 60, media_items: 1, ..TextSizes::default() };
        assert_eq!(prompt_tokens(&sizes), 308);
    }
}
