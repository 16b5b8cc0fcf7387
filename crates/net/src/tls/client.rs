//! TLS towards endpoints: verified unless the operator says otherwise in so many words.
//!
//! It dials nothing: it is handed a connected stream.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, OnceLock};

use architrave_config::{UpstreamProtocol, UpstreamTls};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::certificate::Certificate;
use super::{ALPN_H2, ALPN_HTTP1, TlsError, files, provider};

/// The TLS of one upstream. Cheap to clone; clones share the sessions that can be resumed.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    must_speak_h2: bool,
}

/// Why a handshake with an endpoint failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name to verify is neither a DNS name nor an IP address.
    #[error("{0} is neither a DNS name nor an IP address")]
    ServerName(String),
    /// The handshake failed, or the connection did in its course.
    #[error("TLS handshake failed: {0}")]
    Handshake(#[from] io::Error),
    /// The upstream is said to speak HTTP/2 and the endpoint did not agree to it.
    #[error("the endpoint does not offer h2 by ALPN")]
    NoH2,
}

/// Why the other side is not trusted, or cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// Nobody who is trusted has signed its certificate.
    Authority,
    /// The certificate has expired, or is not valid yet.
    Time,
    /// The certificate is for other names.
    Name,
    /// The certificate is wrong in another way.
    Other,
    /// What it says is no TLS.
    NoTls,
}

impl ConnectError {
    /// Why the other side was not trusted, where that is what failed.
    #[must_use]
    pub fn distrust(&self) -> Option<Distrust> {
        use rustls::{CertificateError as Fault, Error};
        let Self::Handshake(error) = self else { return None };
        let cause = error.get_ref()?.downcast_ref::<Error>()?;
        Some(match cause {
            Error::InvalidCertificate(Fault::UnknownIssuer) => Distrust::Authority,
            Error::InvalidCertificate(
                Fault::Expired
                | Fault::ExpiredContext { .. }
                | Fault::NotValidYet
                | Fault::NotValidYetContext { .. },
            ) => Distrust::Time,
            Error::InvalidCertificate(
                Fault::NotValidForName | Fault::NotValidForNameContext { .. },
            ) => Distrust::Name,
            Error::InvalidCertificate(_) => Distrust::Other,
            Error::InvalidMessage(_) => Distrust::NoTls,
            _ => return None,
        })
    }
}

impl ClientTls {
    /// Reads every file and makes ready to connect; `protocol` decides what is offered by ALPN:
    /// both versions for `auto`, otherwise only the one.
    ///
    /// # Errors
    /// When a file cannot be read or used (the error names it), or there is no authority to trust.
    pub fn load(settings: &UpstreamTls, protocol: UpstreamProtocol) -> Result<Self, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(verifier(settings)?);
        let mut config = match &settings.client {
            Some(pair) => {
                let certificate = Certificate::load(pair)?;
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(
                    certificate.key,
                )))
            }
            None => builder.with_no_client_auth(),
        };
        let h2 = ALPN_H2.to_vec();
        let http1 = ALPN_HTTP1.to_vec();
        config.alpn_protocols = match protocol {
            UpstreamProtocol::Auto => vec![h2, http1],
            UpstreamProtocol::Http1 => vec![http1],
            UpstreamProtocol::H2 | UpstreamProtocol::H2c => vec![h2],
        };
        let server_name = settings.server_name.as_deref().map(parse_name).transpose();
        let must_speak_h2 = matches!(protocol, UpstreamProtocol::H2 | UpstreamProtocol::H2c);
        Ok(Self {
            config: Arc::new(config),
            server_name: server_name.map_err(|name| TlsError::ServerName { name })?,
            must_speak_h2,
        })
    }

    /// The same trust and identity for a connection that carries no HTTP: nothing is offered by
    /// ALPN. For layer 4.
    #[must_use]
    pub fn without_alpn(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = Vec::new();
        Self { config: Arc::new(config), must_speak_h2: false, ..self.clone() }
    }

    /// The upstream's own `server_name`, when it has one.
    #[must_use]
    pub fn server_name(&self) -> Option<Cow<'_, str>> {
        self.server_name.as_ref().map(ServerName::to_str)
    }

    /// Does the handshake. The upstream's own `server_name` wins over `endpoint_name`, which is
    /// the endpoint's DNS name or its address as text. It has no timeout of its own.
    ///
    /// # Errors
    /// When the name is none, the handshake fails, or HTTP/2 is a must and was not agreed to.
    pub async fn connect<S>(
        &self,
        stream: S,
        endpoint_name: &str,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => parse_name(endpoint_name).map_err(ConnectError::ServerName)?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, stream).await?;
        if self.must_speak_h2 && !speaks_h2(&stream) {
            return Err(ConnectError::NoH2);
        }
        Ok(stream)
    }

    /// Whether the endpoint agreed to HTTP/2.
    #[must_use]
    pub fn speaks_h2<S>(stream: &TlsStream<S>) -> bool {
        speaks_h2(stream)
    }
}

fn speaks_h2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(ALPN_H2)
}

fn parse_name(name: &str) -> Result<ServerName<'static>, String> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    ServerName::try_from(bare.to_owned()).map_err(|_| name.to_owned())
}

fn verifier(settings: &UpstreamTls) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if settings.insecure_skip_verify {
        return Ok(Arc::new(Unverified(provider())));
    }
    let roots = match &settings.ca_file {
        Some(file) => Arc::new(files::authorities(file, &files::read(file)?)?),
        None => system_authorities()?,
    };
    let detail = |error: rustls::client::VerifierBuilderError| match &settings.ca_file {
        Some(file) => TlsError::Authorities { file: file.clone(), detail: error.to_string() },
        None => TlsError::NoSystemAuthorities,
    };
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots, provider()).build().map_err(detail)?;
    Ok(verifier)
}

/// The system's authorities, read once and shared: they are a few hundred, and upstreams can be
/// many. A system without any is asked again the next time.
fn system_authorities() -> Result<Arc<RootCertStore>, TlsError> {
    static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(known) = SYSTEM.get() {
        return Ok(Arc::clone(known));
    }
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold authorities of an odd make; those alone are not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoSystemAuthorities);
    }
    Ok(Arc::clone(SYSTEM.get_or_init(|| Arc::new(roots))))
}

/// Takes any certificate, as `insecure_skip_verify` says. That the endpoint holds the key of the
/// certificate it shows is still checked.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
