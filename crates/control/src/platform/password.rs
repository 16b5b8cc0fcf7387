//! Passwords: what they must be like, and how they are kept: argon2id with the parameters that
//! OWASP recommends (19 MiB, 2 passes, 1 lane), off the threads that answer.

use std::sync::Arc;

use architrave_core::Secret;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::Semaphore;

use crate::code::Code;
use crate::error::{ApiError, Fault};

/// So many are computed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// So many may wait for that; beyond, callers are told to come back.
const WAITING_MAX: usize = 32;
const SALT_BYTES: usize = 16;

const CHARS_MIN: usize = 12;
const CHARS_MAX: usize = 256;

/// What is long enough and is yet guessed first: the commonest passwords of leaks from 12
/// characters on, and what people make of the words at hand.
const DENIED: [&str; 30] = [
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789123",
    "1234567891234",
    "abcdefghijkl",
    "abcdefghijklmnop",
    "administrator",
    "administrator1",
    "architrave123",
    "architravearchitrave",
    "changemechangeme",
    "changemeplease",
    "correcthorsebatterystaple",
    "iloveyouiloveyou",
    "letmeinletmein",
    "letmeinplease",
    "mynameisadmin",
    "passw0rd1234",
    "passwordpassword",
    "password1234",
    "password12345",
    "password123456",
    "q1w2e3r4t5y6",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "thisismypassword",
    "unbelievable",
];

/// Computes the hashes of passwords, a few at a time.
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// What a password is kept as: a PHC string.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, ApiError> {
        self.apart(move || {
            let mut salt = [0; SALT_BYTES];
            let random = SystemRandom::new().fill(&mut salt);
            random.map_err(|_| ApiError::internal("the system gives no randomness"))?;
            let hash = argon2id().hash_password_with_salt(password.expose().as_bytes(), &salt);
            let hash = hash.map_err(|error| ApiError::internal(error.to_string()))?;
            Ok(hash.to_string())
        })
        .await?
    }

    /// Whether a password is the one that `hash` was made of. Takes the same time when there is
    /// no hash, so that nobody can tell who is a user.
    pub(crate) async fn is_right(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        self.apart(move || {
            let given = password.expose().as_bytes();
            match hash {
                Some(hash) => argon2id().verify_password(given, hash.as_str()).is_ok(),
                None => {
                    let salt = [0; SALT_BYTES];
                    // Computed for the time that it takes.
                    let _nobodys = argon2id().hash_password_with_salt(given, &salt);
                    false
                }
            }
        })
        .await
    }

    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::new(Code::TooBusy, "too many passwords are being checked");
        let _place = self.waiting.try_acquire().map_err(|_full| busy())?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await;
        let turn = turn.map_err(|closed| ApiError::internal(closed.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|panic| ApiError::internal(panic.to_string()))
    }
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the recommended parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Says what is wrong with a new password; `pointer` is where it came.
pub(crate) fn check(password: &str, email: &str, pointer: &str) -> Result<(), ApiError> {
    let lower = password.to_lowercase();
    let chars = password.chars().count();
    let local = email.split('@').next().unwrap_or_default();
    let message = if !(CHARS_MIN..=CHARS_MAX).contains(&chars) {
        format!("a password has {CHARS_MIN} to {CHARS_MAX} characters")
    } else if lower == email.to_lowercase() || lower.replace(local, "").len() < 6 {
        "a password is not the e-mail address".to_owned()
    } else if DENIED.contains(&lower.as_str()) || is_monotonous(&lower) {
        "this password is among those that are guessed first".to_owned()
    } else {
        return Ok(());
    };
    let fault = Fault::at(pointer, message.clone());
    Err(ApiError::new(Code::PasswordTooWeak, message).with_faults(vec![fault]))
}

/// Whether it is a short piece over and over.
fn is_monotonous(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=3)
        .any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(one, other)| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_not_easily_guessed() {
        let is_good = |password: &str| check(password, "ann@example.com", "/password").is_ok();
        for good in
            ["twelve chars", "correct horse battery", "пароль из слов", &"ab1".repeat(4)[..11]]
        {
            assert_eq!(is_good(good), good.chars().count() >= 12, "{good}");
        }
        for bad in [
            "",
            "short",
            "eleven chars"[..11].as_ref(),
            "Password1234",
            "aaaaaaaaaaaaaaa",
            "abababababab",
            "abcabcabcabcabc",
            "ann@example.com",
            "ANN@example.com",
            &"long ".repeat(60),
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new();
        let hash = passwords.hash(Secret::new("a long password")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let is_right =
            |text: &'static str, hash: Option<String>| passwords.is_right(Secret::new(text), hash);
        assert!(is_right("a long password", Some(hash.clone())).await.unwrap());
        assert!(!is_right("a long passwore", Some(hash.clone())).await.unwrap());
        assert!(!is_right("a long password", None).await.unwrap());
        assert_ne!(hash, passwords.hash(Secret::new("a long password")).await.unwrap());
    }
}
