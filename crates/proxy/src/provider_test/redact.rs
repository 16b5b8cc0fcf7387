//! What a provider says, without what it was shown: some repeat the credential that they refuse.

use architrave_core::Secret;

/// The longest message that is told, in characters.
const CHARS_MAX: usize = 1_000;

/// So many characters in a row of a secret are told by nobody.
const PIECE_CHARS: usize = 6;

/// What stands for what is left out.
const HIDDEN: char = '•';

/// A message as it may be told: bounded, printable, and without any piece of a secret.
pub(super) fn redacted(message: &str, secrets: &[&Secret]) -> String {
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    // What is cut off behind is looked at, too, so that a piece at the edge is found.
    let mut letters: Vec<char> = message.chars().take(2 * CHARS_MAX).map(printable).collect();
    let mut is_hidden = vec![false; letters.len()];
    for secret in secrets {
        let secret: Vec<char> = secret.expose().chars().collect();
        let length = secret.len().min(PIECE_CHARS);
        if length == 0 {
            continue;
        }
        let pieces: std::collections::HashSet<&[char]> = secret.windows(length).collect();
        for (at, window) in letters.windows(length).enumerate() {
            if pieces.contains(window) {
                is_hidden[at..at + length].fill(true);
            }
        }
    }
    for (letter, is_hidden) in letters.iter_mut().zip(is_hidden) {
        if is_hidden {
            *letter = HIDDEN;
        }
    }
    letters.dedup_by(|next, before| *next == HIDDEN && *before == HIDDEN);
    letters.into_iter().take(CHARS_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        let (key, token) = (Secret::new("sk-proj-A1b2C3d4E5"), Secret::new("t0k"));
        assert_eq!(redacted(message, &[&key, &token]), expected);
    }

    #[test]
    fn no_piece_of_a_secret_is_told() {
        check("Incorrect API key: sk-proj-A1b2C3d4E5.", "Incorrect API key: •.");
        check("key sk-proj-**** is wrong", "key •**** is wrong");
        check("ends with C3d4E5", "ends with •");
        check("the token t0k is none", "the token • is none");
        check("sk-p is no piece", "sk-p is no piece");
        check("nothing\u{7}\nof it", "nothing  of it");
        check("", "");
    }

    #[test]
    fn a_long_message_is_cut_and_shows_no_secret_at_its_edge() {
        let long = format!("{}sk-proj-A1b2C3d4E5", "x".repeat(CHARS_MAX - 3));
        let key = Secret::new("sk-proj-A1b2C3d4E5");
        let told = redacted(&long, &[&key]);
        assert!(told.ends_with("x•"), "{told}");
        assert_eq!(redacted(&"y".repeat(5_000), &[&key]).chars().count(), CHARS_MAX);
    }
}
