//! Text cut into tokens, about as many as a real tokeniser makes: a short word with the blank
//! before it, a piece of a longer one, two characters of a script that has no blanks.

/// How much goes into one token; an ASCII character weighs 1.
const WEIGHT_MAX: usize = 7;
const WIDE_WEIGHT: usize = 3;

/// The length in bytes of the first token of a text.
pub(super) fn first(text: &str) -> usize {
    let (mut weight, mut has_word) = (0, false);
    for (at, character) in text.char_indices() {
        let is_blank = character.is_whitespace();
        weight += if character.is_ascii() { 1 } else { WIDE_WEIGHT };
        if at > 0 && (weight > WEIGHT_MAX || (is_blank && has_word)) {
            return at;
        }
        has_word |= !is_blank;
    }
    text.len()
}

/// The tokens of a text.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, more) = rest.split_at(first(rest));
        rest = more;
        (!token.is_empty()).then_some(token)
    })
}

/// How many tokens a text has.
pub(super) fn count(text: &str) -> u64 {
    split(text).count() as u64
}

/// Cuts a text behind its first `max` tokens; how many it has then, and whether it was cut.
pub(super) fn cut(text: &mut String, max: u64) -> (u64, bool) {
    let (mut at, mut tokens) = (0, 0);
    while at < text.len() {
        if tokens == max {
            text.truncate(at);
            return (tokens, true);
        }
        at += first(&text[at..]);
        tokens += 1;
    }
    (tokens, false)
}
