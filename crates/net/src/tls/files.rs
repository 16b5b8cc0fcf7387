//! Reading PEM files within bounds.
//!
//! What is read is not judged here beyond its form.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// The largest file that is read; a bundle of every public authority is about 250 KiB.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The whole of a file.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(TlsError::TooLarge { file: file.to_owned(), limit: FILE_BYTES_MAX });
    }
    Ok(bytes)
}

/// Every certificate in a PEM text, in order; at least one.
pub(super) fn certificates(
    file: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let broken = || TlsError::Pem { file: file.to_owned(), wanted: "certificate" };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| broken())?;
    if chain.is_empty() { Err(broken()) } else { Ok(chain) }
}

/// The first private key in a PEM text.
pub(super) fn private_key(file: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| TlsError::Pem { file: file.to_owned(), wanted: "private key" })
}

/// The certificates of a PEM text as authorities to trust. One that cannot be used is an error:
/// to trust less than the file says is a surprise that shows only under load.
pub(super) fn authorities(file: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for (place, certificate) in certificates(file, pem)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| TlsError::Authorities {
            file: file.to_owned(),
            detail: format!("certificate {}: {error}", place + 1),
        })?;
    }
    Ok(roots)
}
