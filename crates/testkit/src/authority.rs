//! Certificates made for a test, and the TLS configurations that trust or present them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A certificate authority of a test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The chain as PEM.
    pub pem: String,
    /// The key as PEM (PKCS#8).
    pub key_pem: String,
    /// The leaf as DER.
    pub der: Vec<u8>,
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are valid names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = name("test authority");
        let key = KeyPair::generate().expect("the system has randomness");
        let certificate = params.self_signed(&key).expect("a key signs");
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), pem, der }
    }

    /// Issues a certificate for these names, host names or addresses.
    ///
    /// # Panics
    /// When a name is malformed.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).expect("the names are valid");
        params.distinguished_name = name(names.first().map_or("nobody", String::as_str));
        let key = KeyPair::generate().expect("the system has randomness");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        Certificate {
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            der: certificate.der().to_vec(),
        }
    }

    /// Writes its certificate to a file.
    ///
    /// # Panics
    /// When the disk is full.
    #[must_use]
    pub fn write(&self, dir: &Path) -> PathBuf {
        let file = dir.join("ca.pem");
        std::fs::write(&file, &self.pem).expect("there is room for a file");
        file
    }

    /// A client that trusts it and offers these protocols.
    #[must_use]
    pub fn client(&self, alpn: &[&str]) -> Arc<ClientConfig> {
        self.client_with(alpn, None)
    }

    /// The same, presenting a certificate.
    ///
    /// # Panics
    /// When the certificate is malformed.
    #[must_use]
    pub fn client_with(&self, alpn: &[&str], present: Option<&Certificate>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("the authority's certificate is valid");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider does TLS 1.2 and 1.3")
            .with_root_certificates(roots);
        let mut config = match present {
            None => builder.with_no_client_auth(),
            Some(certificate) => builder
                .with_client_auth_cert(certificate.chain(), certificate.key())
                .expect("the key fits the certificate"),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// A server that presents a certificate, and asks clients for one of this authority's when
    /// `mutual`.
    ///
    /// # Panics
    /// When the certificate is malformed.
    #[must_use]
    pub fn server(
        &self,
        certificate: &Certificate,
        alpn: &[&str],
        mutual: bool,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider does TLS 1.2 and 1.3");
        let builder = if mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.der.clone()).expect("the authority's certificate is valid");
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                provider,
            );
            builder.with_client_cert_verifier(verifier.build().expect("there is a root"))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(certificate.chain(), certificate.key())
            .expect("the key fits the certificate");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// Writes `{stem}.pem` and `{stem}.key`, each in one step.
    ///
    /// # Panics
    /// When the disk is full.
    pub fn write(&self, dir: &Path, stem: &str) -> (PathBuf, PathBuf) {
        let write = |extension: &str, text: &str| {
            let file = dir.join(format!("{stem}.{extension}"));
            let draft = dir.join(format!("{stem}.{extension}.draft"));
            std::fs::write(&draft, text).expect("there is room for a file");
            std::fs::rename(draft, &file).expect("a file can be renamed");
            file
        };
        // The key goes first: whoever watches the certificate then finds both.
        let key = write("key", &self.key_pem);
        (write("pem", &self.pem), key)
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.der.clone())]
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.key_pem.as_bytes());
        key.expect("the key is PKCS#8").into()
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}
