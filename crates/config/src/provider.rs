//! A provider: where models come from, and the credentials that are presented there.
//!
//! Not what a provider speaks: that is the catalogue's, which stands behind [`ProviderKinds`].

mod credential;
mod kind;
mod links;
mod mock;
mod written;

use std::time::Duration;

use architrave_core::name::ProviderName;

pub use credential::{CredentialSecret, ProviderCredential};
pub use kind::{CredentialForm, KindFacts, NoKinds, ProviderKind, ProviderKinds};
pub use links::ProviderLinks;
pub use mock::{Mock, MockReply};
pub(crate) use written::ProviderWritten;

use crate::read::{Span, empty, record};
use crate::snapshot::UpstreamIndex;

/// Where models come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// What it is.
    pub kind: ProviderKind,
    /// Where it is, in place of what the catalogue says: `http` or `https`, host, port and path,
    /// without a slash at its end.
    pub base_url: Option<String>,
    /// Or the upstream whose endpoints it is; never together with a base URL.
    pub upstream: Option<UpstreamIndex>,
    /// What is presented there; requests are spread over them by weight.
    pub credentials: Vec<ProviderCredential>,
    /// Values of the catalogue's placeholders as written on the provider, by name. Credentials may
    /// have their own: see [`Provider::filled`].
    pub fill: Vec<(&'static str, String)>,
    /// Whether its name may resolve to an address that is not of the public internet.
    pub allow_private: bool,
    /// Bounds on how long it may take.
    pub timeouts: ProviderTimeouts,
    /// What it may be given links to beside the open web.
    pub links: ProviderLinks,
}

impl Provider {
    /// What stands for a placeholder of the catalogue's where `credential` is presented: its own
    /// value, else the provider's.
    #[must_use]
    pub fn filled<'p>(
        &'p self,
        credential: Option<&'p ProviderCredential>,
        placeholder: &str,
    ) -> Option<&'p str> {
        let own = credential.and_then(|credential| credential.secret.fill(placeholder));
        let shared = || self.fill.iter().find(|(name, _)| *name == placeholder);
        own.or_else(|| shared().map(|(_, value)| value.as_str()))
    }
}

/// A connect across an ocean takes half a second with its handshake; one lost packet costs more.
const CONNECT: Duration = Duration::from_secs(5);
/// Reasoning models think before the first token; what takes longer is better asked elsewhere.
const FIRST_TOKEN: Duration = Duration::from_secs(60);
/// Providers send a sign of life every quarter of a minute when they have nothing to say.
const STALL: Duration = Duration::from_secs(60);

record! {
    /// Bounds on how long a provider may take.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ProviderTimeouts {
        /// TCP connect and TLS handshake.
        "connect": Span = CONNECT => pub connect: Duration,
        /// From the request sent to the first token of a streamed answer, for a short prompt; long
        /// ones are given longer. An answer that comes whole has ten minutes, or the `timeout` of
        /// the route.
        "first_token": Span = FIRST_TOKEN => pub first_token: Duration,
        /// No byte arriving in the middle of an answer.
        "stall": Span = STALL => pub stall: Duration,
    }
}

impl Default for ProviderTimeouts {
    fn default() -> Self {
        empty::<Self>()
    }
}
