//! One certificate with its key, its names and its date of expiry, as read from two files.
//!
//! It is not verified against any authority: that is for those to whom it is shown.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use architrave_config::CertificateFiles;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::{TlsError, files, not_after, provider};

/// A certificate chain and its key, ready to sign.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The DNS names of the leaf, in lower case, wildcards among them.
    pub(super) names: Vec<String>,
    pub(super) not_after: SystemTime,
    pub(super) cert_file: PathBuf,
}

impl Certificate {
    /// Reads and checks both files.
    pub(super) fn load(pair: &CertificateFiles) -> Result<Self, TlsError> {
        let cert_pem = files::read(&pair.cert_file)?;
        let key_pem = files::read(&pair.key_file)?;
        let chain = files::certificates(&pair.cert_file, &cert_pem)?;
        let key = files::private_key(&pair.key_file, &key_pem)?;
        let names = names_of(&chain[0])
            .map_err(|source| TlsError::Certificate { file: pair.cert_file.clone(), source })?;
        let not_after = not_after::not_after(&chain[0])
            .ok_or_else(|| TlsError::Dates { file: pair.cert_file.clone() })?;
        let key = provider()
            .key_provider
            .load_private_key(key)
            .map_err(|source| TlsError::Key { file: pair.key_file.clone(), source })?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(_) => {
                return Err(TlsError::KeyMismatch {
                    cert_file: pair.cert_file.clone(),
                    key_file: pair.key_file.clone(),
                });
            }
        }
        Ok(Self { key: Arc::new(key), names, not_after, cert_file: pair.cert_file.clone() })
    }
}

fn names_of(leaf: &CertificateDer<'_>) -> Result<Vec<String>, Error> {
    // The error of the TLS library's own reading says more than the raw one.
    rustls::server::ParsedCertificate::try_from(leaf)?;
    let leaf =
        webpki::EndEntityCert::try_from(leaf).map_err(|error| Error::General(error.to_string()))?;
    Ok(leaf.valid_dns_names().map(str::to_ascii_lowercase).collect())
}
