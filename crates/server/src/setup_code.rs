//! The set-up code: by it the first user proves that the machine is theirs. It is shown once, on
//! standard error, and only its digest is kept; there is no password to begin with.

use std::path::Path;

use anyhow::{Context, ensure};
use architrave_control::{
    SETUP_CODE_EXPIRES_AT, SETUP_CODE_HASH, SETUP_CODE_LETTERS, setup_code_digest,
};
use architrave_store::Store;
use ring::rand::{SecureRandom, SystemRandom};

use crate::database::by_system;

/// Letters and digits that nobody takes for one another, read aloud or printed small.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Forty bits: more than can be tried in half an hour where wrong ones are limited.
const LETTERS: usize = SETUP_CODE_LETTERS;

/// Long enough to open a browser.
const LIFE_MICROS: i64 = 30 * 60 * 1_000_000;

/// A code that somebody gives is at least as long as one of ours.
const GIVEN_CHARS_MIN: usize = 8;

/// A code that was made, for people.
#[derive(Debug)]
pub(crate) struct SetupCode(String);

impl SetupCode {
    /// The code as it is to be typed, such as `K7QF-2M9D`.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn by_chance() -> anyhow::Result<Self> {
        let mut chance = [0; LETTERS];
        SystemRandom::new().fill(&mut chance).ok().context("no randomness from the system")?;
        // 256 is a multiple of the letters there are: each is as likely.
        let letters = chance.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        let (first, second) = letters.split_at(LETTERS / 2);
        Ok(Self(first.iter().chain(&['-']).chain(second).collect()))
    }
}

/// Makes a code, or takes the one that was given in a file or in the environment, where nobody has
/// set the gateway up yet. A code that was given is not returned: whoever gave it knows it.
///
/// # Errors
/// When the file cannot be read, the code is too short, or the database fails.
pub(crate) async fn renew(store: &Store, file: Option<&Path>) -> anyhow::Result<Option<SetupCode>> {
    match given(file)? {
        None => make(store).await,
        Some(_) if store.count_users().await? > 0 => Ok(None),
        Some(code) => keep(store, &code).await.map(|()| None),
    }
}

/// Makes a code where nobody has set the gateway up yet; none where somebody has.
///
/// # Errors
/// When the database fails.
pub(crate) async fn make(store: &Store) -> anyhow::Result<Option<SetupCode>> {
    if store.count_users().await? > 0 {
        return Ok(None);
    }
    let code = SetupCode::by_chance()?;
    keep(store, code.as_str()).await?;
    Ok(Some(code))
}

async fn keep(store: &Store, code: &str) -> anyhow::Result<()> {
    let mut change = store.change().await?;
    let expires_at = change.at().saturating_add(LIFE_MICROS);
    change.set_setting(SETUP_CODE_HASH, &setup_code_digest(code)).await?;
    change.set_setting(SETUP_CODE_EXPIRES_AT, &expires_at.to_string()).await?;
    change.commit(by_system("create_setup_code", "setup", "")).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
fn given(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let text = match file {
        Some(file) => {
            let read = std::fs::read_to_string(file);
            Some(read.with_context(|| format!("set-up code file {}", file.display()))?)
        }
        None => std::env::var("ARCHITRAVE_SETUP_CODE").ok(),
    };
    let Some(text) = text else { return Ok(None) };
    let code = text.trim();
    ensure!(
        code.chars().count() >= GIVEN_CHARS_MIN,
        "a set-up code has at least {GIVEN_CHARS_MIN} characters"
    );
    Ok(Some(code.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_of_letters_that_are_told_apart() {
        let code = SetupCode::by_chance().unwrap();
        let letters: Vec<char> = code.as_str().chars().collect();
        assert_eq!(letters.len(), 9, "{code:?}");
        assert_eq!(letters[4], '-');
        let known = |letter: &char| *letter == '-' || ALPHABET.contains(&(*letter as u8));
        assert!(letters.iter().all(known), "{code:?}");
        assert_ne!(code.as_str(), SetupCode::by_chance().unwrap().as_str());
        let typed = code.as_str().to_lowercase().replace('-', "");
        assert_eq!(setup_code_digest(&typed), setup_code_digest(code.as_str()));
        for letter in "01IO".bytes() {
            assert!(!ALPHABET.contains(&letter));
        }
    }
}
