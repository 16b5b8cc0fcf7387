//! A service account of Google's: the assertion that an access token is asked with, and the answer.
//!
//! It asks nobody; whoever does sends [`ServiceAccount::token_request`] to
//! [`ServiceAccount::token_uri`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_core::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use thiserror::Error;

use super::{TokenUri, percent, printable};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// What tokens are asked for: everything that the account may do, which is said in its roles.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long an assertion may be used; the most that is taken.
const ASSERTION_LIFE: Duration = Duration::from_secs(3600);

/// How long a token is used whose answer does not say.
const TOKEN_LIFE_UNSAID: Duration = Duration::from_secs(5 * 60);

/// Where tokens are given out, when the file does not say.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// How much of what an endpoint says about a refusal is told.
const DETAIL_CHARACTERS_MAX: usize = 200;

/// A service account, as its JSON file tells it.
pub struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: KeyPair,
    token_uri: TokenUri,
    project: Option<String>,
}

/// A token, and how long it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// How long it is valid from when it was given.
    pub lives_for: Duration,
}

/// What is wrong with a service account or an answer to it. None of it tells a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceAccountError {
    /// It is not JSON of the form.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// It is the file of another kind of credential.
    #[error("type is `{0}`, and must be `service_account`")]
    Type(String),
    /// A field is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// The key is none.
    #[error("`private_key` must be an RSA key of 2,048 to 4,096 bits as PEM of PKCS#8")]
    Key,
    /// The place for tokens is none.
    #[error("`token_uri` must be an https URL, or an http one of this machine")]
    TokenUri,
    /// The endpoint said no.
    #[error("refused: {0}")]
    Refused(String),
    /// The answer has a token that cannot be sent.
    #[error("the answer has no usable token")]
    Token,
}

impl ServiceAccount {
    /// Reads the JSON that Google gives out for an account.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(json: &str) -> Result<Self, ServiceAccountError> {
        let mut fields: [(&str, Option<String>); 6] =
            ["type", "client_email", "private_key_id", "private_key", "token_uri", "project_id"]
                .map(|name| (name, None));
        Cursor::new(json).object(|cursor, name| {
            match fields.iter_mut().find(|(field, _)| *field == name) {
                Some((_, value)) => {
                    *value = cursor.maybe(Cursor::text)?.map(|text| text.into_owned());
                    Ok(())
                }
                None => cursor.skip(),
            }
        })?;
        let [kind, email, key_id, key, token_uri, project] = fields.map(|(_, value)| value);
        let missing = ServiceAccountError::Missing;
        let kind = kind.ok_or(missing("type"))?;
        if kind != "service_account" {
            return Err(ServiceAccountError::Type(detail(&kind)));
        }
        let token_uri = token_uri.as_deref().unwrap_or(TOKEN_URI);
        Ok(Self {
            email: email.ok_or(missing("client_email"))?,
            key_id,
            key: private_key(&key.ok_or(missing("private_key"))?)
                .ok_or(ServiceAccountError::Key)?,
            token_uri: TokenUri::parse(token_uri).ok_or(ServiceAccountError::TokenUri)?,
            project,
        })
    }

    /// Where tokens are asked for.
    #[must_use]
    pub const fn token_uri(&self) -> &TokenUri {
        &self.token_uri
    }

    /// The project that the account belongs to, where the file says.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// Who it is.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The body that asks for a token, `application/x-www-form-urlencoded`, to be sent by POST.
    ///
    /// # Errors
    /// Where the system has no randomness, or the key cannot sign.
    pub fn token_request(&self, now: SystemTime) -> Result<Secret, ServiceAccountError> {
        let assertion = self.assertion(now)?;
        Ok(Secret::new(format!(
            "grant_type={}&assertion={assertion}",
            percent::encoded("urn:ietf:params:oauth:grant-type:jwt-bearer"),
        )))
    }

    /// A JSON Web Token that says who asks, signed.
    fn assertion(&self, now: SystemTime) -> Result<String, ServiceAccountError> {
        let from = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (mut head, mut claims) = (Vec::new(), Vec::new());
        Writer::new(&mut head).object(|head| {
            head.text_field("alg", Some("RS256"));
            head.text_field("typ", Some("JWT"));
            head.text_field("kid", self.key_id.as_deref());
        });
        Writer::new(&mut claims).object(|claims| {
            claims.text_field("iss", Some(&self.email));
            claims.text_field("scope", Some(SCOPE));
            claims.text_field("aud", Some(&self.token_uri.to_string()));
            claims.count_field("iat", Some(from));
            claims.count_field("exp", Some(from + ASSERTION_LIFE.as_secs()));
        });
        let mut token = URL_SAFE_NO_PAD.encode(head);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_unspecified| ServiceAccountError::Key)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .field("token_uri", &self.token_uri)
            .finish_non_exhaustive()
    }
}

impl AccessToken {
    /// Reads the answer of the place for tokens, whatever its status was.
    ///
    /// # Errors
    /// Where it is a refusal, or nothing that can be used.
    pub fn read(body: &str) -> Result<Self, ServiceAccountError> {
        let (mut token, mut life, mut refusal) = (None, None, Vec::new());
        Cursor::new(body).object(|cursor, name| {
            match name {
                "access_token" => token = cursor.maybe(Cursor::text)?,
                "expires_in" => life = cursor.maybe(Cursor::count)?,
                "error" | "error_description" if cursor.kind() == Kind::Text => {
                    refusal.push(cursor.text()?);
                }
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        if !refusal.is_empty() {
            return Err(ServiceAccountError::Refused(detail(&refusal.join(": "))));
        }
        let token = token.ok_or(ServiceAccountError::Token)?;
        let token = printable("the token", &token).map_err(|_| ServiceAccountError::Token)?;
        // However long it says, it is asked for anew within the hour: roles may have changed.
        let life = life.map_or(TOKEN_LIFE_UNSAID, Duration::from_secs).min(ASSERTION_LIFE);
        Ok(Self { token: Secret::new(token), lives_for: life })
    }
}

/// The beginning of a text of somebody else, fit for one line of a log.
fn detail(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(DETAIL_CHARACTERS_MAX).collect()
}

/// The key of a PEM block.
fn private_key(pem: &str) -> Option<KeyPair> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (block, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let block: String = block.split_ascii_whitespace().collect();
    KeyPair::from_pkcs8(&STANDARD.decode(block).ok()?).ok()
}
