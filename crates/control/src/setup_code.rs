//! The code by which the first admin is made: where it is kept, and how it is spelled. Who makes one
//! and who checks one do so alike.

use crate::caller::token::{hex, sha256};

/// The setting that has the code's digest, as hexadecimal digits.
pub const SETUP_CODE_HASH: &str = "setup_code_hash";
/// The setting that says until when it is good, in microseconds UTC.
pub const SETUP_CODE_EXPIRES_AT: &str = "setup_code_expires_at";

/// The letters of a code that is made by chance.
pub const SETUP_CODE_LETTERS: usize = 8;

/// What is kept of a code, however it was typed in: its SHA-256, in hexadecimal digits.
#[must_use]
pub fn setup_code_digest(code: &str) -> String {
    hex(&sha256(spelled(code).as_bytes()))
}

/// A code of eight letters as it is printed, `K7QF-2M9D`; one that an operator has chosen as it is.
fn spelled(code: &str) -> String {
    let is_typed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == ' ';
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    if letters.len() != SETUP_CODE_LETTERS || !code.chars().all(is_typed) {
        return code.trim().to_owned();
    }
    let letters = letters.to_ascii_uppercase();
    let (first, second) = letters.split_at(SETUP_CODE_LETTERS / 2);
    format!("{first}-{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_however_it_is_typed_in() {
        for typed in ["K7QF-2M9D", "k7qf-2m9d", "k7qf2m9d", " K7QF 2M9D "] {
            assert_eq!(spelled(typed), "K7QF-2M9D", "{typed}");
        }
        assert_eq!(spelled("a code of one's own\n"), "a code of one's own");
        assert_eq!(setup_code_digest("k7qf2m9d"), setup_code_digest("K7QF-2M9D"));
    }
}
