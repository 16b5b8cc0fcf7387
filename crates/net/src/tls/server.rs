//! TLS towards clients: what a listener loads, serves and reloads.
//!
//! It accepts no connection by itself: a worker hands its socket to [`ServerTls::accept`], or takes
//! [`ServerTls::server_config`] and does so with its own means.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use architrave_config::ListenerTls;
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{
    NoServerSessionStorage, ParsedCertificate, ProducesTickets, WebPkiClientVerifier,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::certificate::Certificate;
use super::resolver::Resolver;
use super::{ALPN_H2, ALPN_HTTP1, TlsError, files, provider};
use crate::file_stamp::FileStamp;

/// The TLS of one listener. Shared by all workers.
#[derive(Debug)]
pub struct ServerTls {
    settings: ListenerTls,
    speaks: Speaks,
    loaded: ArcSwap<Loaded>,
    /// The files as they were when last looked at, whether they could be used or not, so that one
    /// bad change is reported once and not with every poll. Held by the control runtime alone.
    seen: Mutex<Vec<FileStamp>>,
}

/// What is offered in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    /// HTTP/2, else HTTP/1.1.
    Both,
    /// HTTP/1.1 alone.
    Http1,
}

/// One state of the files, frozen.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    certificates: Vec<Certificate>,
    client_ca_pem: Option<Vec<u8>>,
}

/// What is known of one certificate, for metrics and the admin API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The file of the chain.
    pub cert_file: PathBuf,
    /// The DNS names it is valid for, lower case, wildcards among them.
    pub names: Vec<String>,
    /// When it expires.
    pub not_after: SystemTime,
}

impl ServerTls {
    /// Reads every file and makes ready to accept.
    ///
    /// # Errors
    /// When a file cannot be read or used; the error names it.
    pub fn load(settings: &ListenerTls) -> Result<Self, TlsError> {
        Self::load_speaking(settings, Speaks::Both)
    }

    /// The same for who speaks HTTP/1.1 alone.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub fn load_http1(settings: &ListenerTls) -> Result<Self, TlsError> {
        Self::load_speaking(settings, Speaks::Http1)
    }

    fn load_speaking(settings: &ListenerTls, speaks: Speaks) -> Result<Self, TlsError> {
        let seen = stamps(settings);
        let loaded = Loaded::read(settings, speaks, None)?;
        Ok(Self {
            settings: settings.clone(),
            speaks,
            loaded: ArcSwap::from_pointee(loaded),
            seen: Mutex::new(seen),
        })
    }

    /// The settings of the next connection. Costs a pointer and a reference count.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.loaded.load().config)
    }

    /// Does the handshake on an accepted connection. It has no timeout of its own.
    ///
    /// # Errors
    /// Whatever the socket or the handshake says.
    pub async fn accept<S>(&self, stream: S) -> std::io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.server_config()).accept(stream).await
    }

    /// Looks whether a file has changed and, if so, takes all of them anew; says whether anything
    /// did change. Reads files, so it belongs on the control runtime.
    ///
    /// # Errors
    /// When the files changed and cannot be used as they are now: what was loaded before stays,
    /// and the error is not repeated until they change again.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let now = stamps(&self.settings);
        // Poison means that a reload panicked half-way; the stamps are whole all the same.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        let before = self.loaded.load_full();
        let after = Loaded::read(&self.settings, self.speaks, Some(&before))?;
        if after.is_same(&before) {
            return Ok(false);
        }
        self.loaded.store(Arc::new(after));
        Ok(true)
    }

    /// Whether a request for `host` (no port, lower case) may be answered on a connection that
    /// asked for `server_name` (lower case; empty when it asked for none). When not, the answer is
    /// 421 and the client makes a connection of its own for that host.
    ///
    /// Without client certificates a connection may carry every host that the certificate it was
    /// shown is valid for (RFC 9113 §9.1.1). With them the names must be the same, so that what
    /// was proved for one host is not taken as proof for another. A connection that asked for no
    /// name contradicts none; with client certificates it may carry address literals only, which
    /// cannot be asked for by name.
    #[must_use]
    pub fn covers(&self, server_name: &str, host: &str) -> bool {
        if server_name == host {
            return true;
        }
        if self.settings.client_ca_file.is_some() {
            return server_name.is_empty() && address_of(host).is_some();
        }
        server_name.is_empty() || self.loaded.load().is_valid_for(server_name, host)
    }

    /// Whether clients must present a certificate.
    #[must_use]
    pub fn asks_for_client_certificate(&self) -> bool {
        self.settings.client_ca_file.is_some()
    }

    /// The settings that it was loaded by.
    #[must_use]
    pub const fn settings(&self) -> &ListenerTls {
        &self.settings
    }

    /// What is loaded now, in the order written.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateStatus> {
        let status = |certificate: &Certificate| CertificateStatus {
            cert_file: certificate.cert_file.clone(),
            names: certificate.names.clone(),
            not_after: certificate.not_after,
        };
        self.loaded.load().certificates.iter().map(status).collect()
    }
}

impl Loaded {
    fn read(
        settings: &ListenerTls,
        speaks: Speaks,
        before: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let certificates: Vec<_> =
            settings.certificates.iter().map(Certificate::load).collect::<Result<_, _>>()?;
        if certificates.is_empty() {
            return Err(TlsError::NoCertificates);
        }
        let client_ca_pem = settings.client_ca_file.as_deref().map(files::read).transpose()?;
        let resolver = Arc::new(Resolver::new(&certificates));
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let builder = match (&settings.client_ca_file, &client_ca_pem) {
            (Some(file), Some(pem)) => {
                let roots = Arc::new(files::authorities(file, pem)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                    .build()
                    .map_err(|error| TlsError::Authorities {
                        file: file.clone(),
                        detail: error.to_string(),
                    })?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&resolver) as _);
        config.alpn_protocols = match speaks {
            Speaks::Both => vec![ALPN_H2.to_vec(), ALPN_HTTP1.to_vec()],
            Speaks::Http1 => vec![ALPN_HTTP1.to_vec()],
        };
        config.ticketer = ticketer(before, client_ca_pem.as_deref())?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), resolver, certificates, client_ca_pem })
    }

    fn is_same(&self, other: &Self) -> bool {
        let chain_and_key = |certificate: &Certificate| {
            (certificate.key.cert.clone(), certificate.key.key.public_key().map(|key| key.to_vec()))
        };
        self.client_ca_pem == other.client_ca_pem
            && self
                .certificates
                .iter()
                .map(chain_and_key)
                .eq(other.certificates.iter().map(chain_and_key))
    }

    fn is_valid_for(&self, server_name: &str, host: &str) -> bool {
        let name = match address_of(host) {
            Some(address) => ServerName::IpAddress(address.into()),
            None => match ServerName::try_from(host) {
                Ok(name) => name,
                Err(_) => return false,
            },
        };
        // Where several certificates have the name (RSA and ECDSA), it is not known here which one
        // was shown, so each of them must be valid for the host.
        self.resolver.candidates(Some(server_name)).iter().all(|shown| {
            shown
                .end_entity_cert()
                .and_then(ParsedCertificate::try_from)
                .is_ok_and(|leaf| verify_server_name(&leaf, &name).is_ok())
        })
    }
}

/// Tickets whose keys live in memory only, change every six hours and are never shared between
/// listeners. They outlive a reload, unless the authorities for client certificates changed: a
/// ticket carries what was proved under the old ones.
fn ticketer(
    before: Option<&Loaded>,
    client_ca_pem: Option<&[u8]>,
) -> Result<Arc<dyn ProducesTickets>, TlsError> {
    match before {
        Some(before) if before.client_ca_pem.as_deref() == client_ca_pem => {
            Ok(Arc::clone(&before.config.ticketer))
        }
        _ => Ok(rustls::crypto::ring::Ticketer::new()?),
    }
}

/// The address that a host is, with or without the brackets of an IPv6 literal.
fn address_of(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

fn stamps(settings: &ListenerTls) -> Vec<FileStamp> {
    let pairs = settings.certificates.iter();
    let files = pairs.flat_map(|pair| [pair.cert_file.as_path(), pair.key_file.as_path()]);
    let files = files.chain(settings.client_ca_file.as_deref().map(Path::new));
    files.map(FileStamp::of).collect()
}
