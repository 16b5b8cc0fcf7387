//! TLS on both sides: certificates by name and by change, mutual TLS, ALPN, and who is believed.

mod certificates;
mod mutual;
mod upstream;

use std::path::Path;

use architrave_testkit::authority::{Authority, Certificate};
use architrave_testkit::{Config, Origin};
use tempfile::TempDir;

/// An authority and a directory for what it issues.
struct Trust {
    authority: Authority,
    dir: TempDir,
}

impl Trust {
    fn new() -> Self {
        Self { authority: Authority::new(), dir: TempDir::new().expect("there is room") }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Issues a certificate, writes it as `{stem}.pem` and gives its entry in the file.
    fn entry(&self, stem: &str, names: &[&str]) -> (String, Certificate) {
        let certificate = self.authority.issue(names);
        let (cert, key) = certificate.write(self.path(), stem);
        let entry =
            format!("{{ cert_file: \"{}\", key_file: \"{}\" }}", cert.display(), key.display());
        (entry, certificate)
    }

    /// The path of the authority's own certificate.
    fn ca(&self) -> String {
        self.authority.write(self.path()).display().to_string()
    }
}

/// A gateway file with the https listener `web`.
fn https(certificates: &[&str], more: &str, origin: &Origin) -> Config {
    let tls =
        format!("protocol: https\ntls: {{ certificates: [{}]{more} }}", certificates.join(", "));
    Config::new()
        .listener("web", &tls)
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin")
}
