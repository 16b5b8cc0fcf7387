//! `basic_auth`: callers prove themselves by name and password (RFC 7617).
//!
//! What stands in `Authorization` under another scheme is not looked at and not touched.

use architrave_config::policy as config;
use architrave_net::{Known, RequestHead};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::authenticate::{Identity, IdentityPolicy};
use crate::consumers::Consumers;
use crate::registry::{Build, Site};
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct BasicAuth {
    forward: bool,
    challenge: Box<[u8]>,
}

/// Bytes of name and password together; longer ones are nobody's.
const CREDENTIAL_BYTES_MAX: usize = 1024;

/// Clients differ in whether they pad, and it changes nothing about what is said.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Build<config::BasicAuth> for BasicAuth {
    fn build(config: &config::BasicAuth, _site: &Site<'_>) -> Self {
        let challenge = format!("Basic realm=\"{}\", charset=\"UTF-8\"", config.realm);
        Self { forward: config.forward, challenge: challenge.into_bytes().into() }
    }
}

impl IdentityPolicy for BasicAuth {
    fn identify(&self, view: &RequestView<'_>, consumers: &Consumers) -> Identity {
        let mut tokens = tokens(view.head);
        let Some(token) = tokens.next() else { return Identity::Missing };
        if tokens.next().is_some() {
            return Identity::Invalid;
        }
        let mut buffer = [0; CREDENTIAL_BYTES_MAX];
        verify(token, &mut buffer, consumers).unwrap_or(Identity::Invalid)
    }

    fn conceal(&self, view: &mut RequestView<'_>, _known: Option<&Consumers>) {
        if !self.forward {
            let fields = &mut view.head.fields;
            fields.retain(|field| {
                field.known != Known::Authorization || basic(field.value).is_none()
            });
        }
    }

    fn challenge(&self) -> &[u8] {
        &self.challenge
    }
}

/// The name ends at the first colon; the password may hold more of them.
fn verify(
    token: &[u8],
    buffer: &mut [u8; CREDENTIAL_BYTES_MAX],
    consumers: &Consumers,
) -> Option<Identity> {
    let length = BASE64.decode_slice(token, buffer).ok()?;
    let pair = &buffer[..length];
    let colon = pair.iter().position(|byte| *byte == b':')?;
    consumers.by_password(&pair[..colon], &pair[colon + 1..]).map(Identity::Verified)
}

fn tokens(head: &RequestHead) -> impl Iterator<Item = &[u8]> {
    head.fields.all_known(Known::Authorization).filter_map(basic)
}

fn basic(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"basic ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
