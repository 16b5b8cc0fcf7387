//! Log probabilities as completions have them: a list for each of their facts.

use crate::chat::TokenLogprob;
use crate::json::Writer;

/// Writes those of some tokens; `offset` is how many characters of text came before them.
pub(super) fn write(tokens: &[TokenLogprob<'_>], offset: u64, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("tokens").array(|w| tokens.iter().for_each(|token| w.text(&token.token)));
        w.key("token_logprobs").array(|w| {
            tokens.iter().for_each(|token| w.number(&token.logprob));
        });
        w.key("top_logprobs").array(|w| {
            for token in tokens {
                w.object(|w| {
                    for top in distinct(&token.top) {
                        w.name(&top.token).number(&top.logprob);
                    }
                });
            }
        });
        w.key("text_offset").array(|w| {
            let mut offset = offset;
            for token in tokens {
                w.count(offset);
                offset += characters(&token.token);
            }
        });
    });
}

/// An object cannot have the same text twice; two tokens can be the same text.
fn distinct<'t, 'a>(top: &'t [TokenLogprob<'a>]) -> impl Iterator<Item = &'t TokenLogprob<'a>> {
    top.iter()
        .enumerate()
        .filter(|(place, one)| top[..*place].iter().all(|other| other.token != one.token))
        .map(|(_, one)| one)
}

/// Characters of a text.
pub(super) fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}
