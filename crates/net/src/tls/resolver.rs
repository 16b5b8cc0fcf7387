//! Which certificate is shown for which server name.
//!
//! Exact names win over wildcards, a wildcard stands for one label, and who asks for a name that
//! nobody has is shown the first certificate: the 421 rule, not the handshake, refuses wrong hosts.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::Certificate;

/// Certificates by name; where several have a name (RSA and ECDSA), in the order written.
type ByName = HashMap<Box<str>, Vec<Arc<CertifiedKey>>, RandomState>;

/// The certificates of one listener.
#[derive(Debug)]
pub(super) struct Resolver {
    exact: ByName,
    /// Keyed by what stands behind `*.`.
    wildcard: ByName,
    /// The default: the first certificate.
    first: Vec<Arc<CertifiedKey>>,
}

impl Resolver {
    /// Indexes the certificates; there is at least one.
    pub(super) fn new(certificates: &[Certificate]) -> Self {
        let mut exact = ByName::default();
        let mut wildcard = ByName::default();
        for certificate in certificates {
            for name in &certificate.names {
                let (index, name) = match name.strip_prefix("*.") {
                    Some(behind) => (&mut wildcard, behind),
                    None => (&mut exact, name.as_str()),
                };
                index.entry(name.into()).or_default().push(Arc::clone(&certificate.key));
            }
        }
        let first = certificates.iter().take(1).map(|first| Arc::clone(&first.key)).collect();
        Self { exact, wildcard, first }
    }

    /// The certificates that may be shown for a name in lower case; `None` stands for no name.
    pub(super) fn candidates(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        name.and_then(|name| {
            let by_wildcard = || self.wildcard.get(name.split_once('.')?.1);
            self.exact.get(name).or_else(by_wildcard)
        })
        .unwrap_or(&self.first)
    }

    fn choose(&self, name: Option<&str>, offered: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let candidates = self.candidates(name);
        candidates
            .iter()
            .find(|candidate| candidate.key.choose_scheme(offered).is_some())
            .or(candidates.first())
            .cloned()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = client_hello.signature_schemes();
        match client_hello.server_name() {
            Some(name) if name.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.choose(Some(&name.to_ascii_lowercase()), schemes)
            }
            name => self.choose(name, schemes),
        }
    }
}
