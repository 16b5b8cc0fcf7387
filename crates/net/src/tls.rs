//! TLS on both sides of the gateway: certificates by server name, mutual TLS, verified upstreams.
//!
//! It decides nothing about routes. Files are read here and nowhere else in the data plane; what
//! could not be read or used is told with the name of the file.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;

mod certificate;
mod client;
mod files;
mod not_after;
mod resolver;
mod server;
#[cfg(test)]
pub(crate) mod tests;

pub use client::{ClientTls, ConnectError, Distrust};
pub use server::{CertificateStatus, ServerTls};

/// The protocol name of HTTP/2 in ALPN.
pub const ALPN_H2: &[u8] = b"h2";

/// The protocol name of HTTP/1.1 in ALPN.
pub const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Why certificates or keys could not be put to use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than any certificate file should be.
    #[error("{} is larger than {limit} bytes", file.display())]
    TooLarge {
        /// Which file.
        file: PathBuf,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// A file holds no PEM block of the kind needed, or a broken one.
    #[error("{} holds no usable {wanted} in PEM form", file.display())]
    Pem {
        /// Which file.
        file: PathBuf,
        /// What was looked for: `certificate` or `private key`.
        wanted: &'static str,
    },
    /// A certificate cannot be used.
    #[error("the certificate in {} cannot be used: {source}", file.display())]
    Certificate {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate's own dates could not be read.
    #[error("the certificate in {} has no readable date of expiry", file.display())]
    Dates {
        /// Which file.
        file: PathBuf,
    },
    /// A private key cannot be used.
    #[error("the private key in {} cannot be used: {source}", file.display())]
    Key {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A private key and a certificate do not belong together.
    #[error("the key in {} does not belong to the certificate in {}", key_file.display(), cert_file.display())]
    KeyMismatch {
        /// The certificate.
        cert_file: PathBuf,
        /// The key.
        key_file: PathBuf,
    },
    /// The file of authorities cannot be used.
    #[error("the authorities in {} cannot be used: {detail}", file.display())]
    Authorities {
        /// Which file.
        file: PathBuf,
        /// Why.
        detail: String,
    },
    /// The system has no authorities and none were given.
    #[error("the system has no certificate authorities: set tls.ca_file")]
    NoSystemAuthorities,
    /// The name to verify is neither a DNS name nor an IP address.
    #[error("{name} is neither a DNS name nor an IP address")]
    ServerName {
        /// The name.
        name: String,
    },
    /// A TLS listener without certificates.
    #[error("a TLS listener needs at least one certificate")]
    NoCertificates,
    /// The cryptography refused to start.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The one set of algorithms that is used, named so that a second one that some dependency may
/// bring in can never make the choice ambiguous.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}
