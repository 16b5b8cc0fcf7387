//! TLS over real loopback sockets, with certificates made on the spot.
//!
//! [`Authority`] also serves the tests of the probes.

use std::fs;
use std::path::{Path, PathBuf};

use architrave_config::{CertificateFiles, ListenerTls, UpstreamProtocol, UpstreamTls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A certificate authority with a folder for what it issues.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let authority =
            Self { issuer: Issuer::new(params, key), pem, folder: tempfile::tempdir().unwrap() };
        fs::write(authority.ca_file(), &authority.pem).unwrap();
        authority
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Issues (again) the certificate `label` for these names.
    pub(crate) fn issue(&self, label: &str, names: &[&str]) -> CertificateFiles {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = CertificateFiles {
            cert_file: self.path(&format!("{label}.pem")),
            key_file: self.path(&format!("{label}.key")),
        };
        fs::write(&files.cert_file, certificate.pem()).unwrap();
        fs::write(&files.key_file, key.serialize_pem()).unwrap();
        files
    }

    pub(crate) fn listener(&self, certificates: &[&CertificateFiles]) -> ListenerTls {
        ListenerTls {
            certificates: certificates.iter().copied().cloned().collect(),
            client_ca_file: None,
        }
    }

    pub(crate) fn trust(&self) -> UpstreamTls {
        UpstreamTls { ca_file: Some(self.ca_file()), ..UpstreamTls::default() }
    }
}

/// What both sides agreed on, as the client saw it.
#[derive(Debug, PartialEq)]
struct Agreed {
    leaf: Vec<u8>,
    alpn: Option<Vec<u8>>,
    resumed: bool,
}

/// One connection, one byte each way.
async fn meet(server: &ServerTls, client: &ClientTls, name: &str) -> Result<Agreed, ConnectError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = server.accept(socket).await?;
        stream.write_all(b"s").await?;
        stream.read_u8().await
    };
    let call = async {
        let socket = TcpStream::connect(address).await.unwrap();
        let mut stream = client.connect(socket, name).await?;
        stream.read_u8().await?;
        stream.write_all(b"c").await?;
        let connection = stream.get_ref().1;
        Ok(Agreed {
            leaf: connection.peer_certificates().unwrap()[0].to_vec(),
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    };
    let (_served, called) = tokio::join!(serve, call);
    called
}

fn leaf_of(files: &CertificateFiles) -> Vec<u8> {
    let pem = fs::read(&files.cert_file).unwrap();
    files::certificates(&files.cert_file, &pem).unwrap()[0].to_vec()
}

#[tokio::test]
async fn the_certificate_is_chosen_by_server_name() {
    let authority = Authority::new();
    let first = authority.issue("first", &["first.example"]);
    let exact = authority.issue("exact", &["Shop.example", "one.wild.example"]);
    let wild = authority.issue("wild", &["*.wild.example"]);
    let server = ServerTls::load(&authority.listener(&[&first, &wild, &exact])).unwrap();
    let client = ClientTls::load(
        &UpstreamTls { insecure_skip_verify: true, ..UpstreamTls::default() },
        UpstreamProtocol::Auto,
    )
    .unwrap();
    for (name, expect) in [
        ("first.example", &first),
        ("shop.example", &exact),
        ("SHOP.example", &exact),
        ("one.wild.example", &exact),
        ("two.wild.example", &wild),
        ("a.two.wild.example", &first),
        ("wild.example", &first),
        ("nobody.example", &first),
        ("127.0.0.1", &first),
    ] {
        let agreed = meet(&server, &client, name).await.unwrap();
        assert_eq!(agreed.leaf, leaf_of(expect), "{name}");
    }
}

#[tokio::test]
async fn endpoints_are_verified_unless_told_otherwise() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example", "127.0.0.1"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let load = |settings: &UpstreamTls| ClientTls::load(settings, UpstreamProtocol::Auto).unwrap();

    let trusting = load(&authority.trust());
    assert!(meet(&server, &trusting, "site.example").await.is_ok());
    assert!(meet(&server, &trusting, "127.0.0.1").await.is_ok());
    assert!(matches!(
        meet(&server, &trusting, "other.example").await,
        Err(ConnectError::Handshake(_))
    ));
    assert!(matches!(
        meet(&server, &trusting, "not a name").await,
        Err(ConnectError::ServerName(_))
    ));

    let named = UpstreamTls { server_name: Some("site.example".into()), ..authority.trust() };
    assert!(meet(&server, &load(&named), "10.0.0.1").await.is_ok());

    let stranger = load(&Authority::new().trust());
    assert!(matches!(
        meet(&server, &stranger, "site.example").await,
        Err(ConnectError::Handshake(_))
    ));

    let careless = UpstreamTls { insecure_skip_verify: true, ..UpstreamTls::default() };
    assert!(meet(&server, &load(&careless), "other.example").await.is_ok());
}

#[tokio::test]
async fn alpn_follows_the_protocol_of_the_upstream() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    for (protocol, expect) in [
        (UpstreamProtocol::Auto, ALPN_H2),
        (UpstreamProtocol::Http1, ALPN_HTTP1),
        (UpstreamProtocol::H2, ALPN_H2),
    ] {
        let client = ClientTls::load(&authority.trust(), protocol).unwrap();
        let agreed = meet(&server, &client, "site.example").await.unwrap();
        assert_eq!(agreed.alpn.as_deref(), Some(expect));
        let agreed = meet(&server, &client.without_alpn(), "site.example").await.unwrap();
        assert_eq!(agreed.alpn, None);
    }
}

#[tokio::test]
async fn an_endpoint_without_h2_is_refused_where_h2_is_a_must() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let mut config = rustls::ServerConfig::clone(&server.server_config());
    config.alpn_protocols.clear();
    let client = ClientTls::load(&authority.trust(), UpstreamProtocol::H2).unwrap();
    let (near, far) = tokio::io::duplex(1 << 16);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (_served, called) =
        tokio::join!(acceptor.accept(far), client.connect(near, "site.example"));
    assert!(matches!(called, Err(ConnectError::NoH2)));
}

#[tokio::test]
async fn sessions_are_resumed_also_after_a_reload() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let client = ClientTls::load(&authority.trust(), UpstreamProtocol::Auto).unwrap();
    assert!(!meet(&server, &client, "site.example").await.unwrap().resumed);
    assert!(meet(&server, &client, "site.example").await.unwrap().resumed);
    authority.issue("site", &["site.example"]);
    assert!(server.reload_if_changed().unwrap());
    assert!(meet(&server, &client, "site.example").await.unwrap().resumed);
}

#[tokio::test]
async fn client_certificates_are_asked_for_and_verified() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let client_ca = Authority::new();
    let mut settings = authority.listener(&[&files]);
    settings.client_ca_file = Some(client_ca.ca_file());
    let server = ServerTls::load(&settings).unwrap();
    let with = |client| {
        let settings = UpstreamTls { client, ..authority.trust() };
        ClientTls::load(&settings, UpstreamProtocol::Auto).unwrap()
    };
    let good = with(Some(client_ca.issue("mobile", &["mobile"])));
    assert!(meet(&server, &good, "site.example").await.is_ok());
    assert!(meet(&server, &with(None), "site.example").await.is_err());
    let forged = with(Some(authority.issue("forged", &["mobile"])));
    assert!(meet(&server, &forged, "site.example").await.is_err());

    // A ticket must not outlive the authority under which it was earned.
    fs::write(client_ca.ca_file(), &authority.pem).unwrap();
    assert!(server.reload_if_changed().unwrap());
    assert!(meet(&server, &good, "site.example").await.is_err());
}

#[tokio::test]
async fn changed_files_are_taken_and_bad_ones_are_not() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let client = ClientTls::load(&authority.trust(), UpstreamProtocol::Auto).unwrap();
    assert!(!server.reload_if_changed().unwrap());
    let before = leaf_of(&files);

    let key = fs::read(&files.key_file).unwrap();
    fs::write(&files.key_file, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(server.reload_if_changed(), Err(TlsError::KeyMismatch { .. })));
    assert!(!server.reload_if_changed().unwrap(), "one bad change is one error");
    assert_eq!(meet(&server, &client, "site.example").await.unwrap().leaf, before);

    fs::remove_file(&files.key_file).unwrap();
    let error = server.reload_if_changed().unwrap_err().to_string();
    assert!(error.contains("site.key"), "{error}");

    fs::write(&files.key_file, key).unwrap();
    assert!(!server.reload_if_changed().unwrap(), "the same files again are no change");

    authority.issue("site", &["site.example", "new.example"]);
    assert!(server.reload_if_changed().unwrap());
    let agreed = meet(&server, &client, "new.example").await.unwrap();
    assert_eq!(agreed.leaf, leaf_of(&files));
    assert_eq!(server.certificates()[0].names, ["site.example", "new.example"]);
}

#[test]
fn errors_name_the_file() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let swapped =
        CertificateFiles { cert_file: files.key_file.clone(), key_file: files.cert_file.clone() };
    let missing = CertificateFiles {
        cert_file: authority.path("missing.pem"),
        key_file: files.key_file.clone(),
    };
    for (pair, expect) in
        [(&swapped, "site.key holds no usable certificate"), (&missing, "missing.pem")]
    {
        let error = ServerTls::load(&authority.listener(&[pair])).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }
    let no_key =
        CertificateFiles { key_file: files.cert_file.clone(), cert_file: files.cert_file.clone() };
    let error = ServerTls::load(&authority.listener(&[&no_key])).unwrap_err().to_string();
    assert!(error.contains("site.pem holds no usable private key"), "{error}");
    assert!(matches!(ServerTls::load(&authority.listener(&[])), Err(TlsError::NoCertificates)));
    let trust = UpstreamTls { ca_file: Some(files.key_file.clone()), ..UpstreamTls::default() };
    let error = ClientTls::load(&trust, UpstreamProtocol::Auto).unwrap_err().to_string();
    assert!(error.contains("site.key"), "{error}");
    let huge = authority.path("huge.pem");
    fs::write(&huge, vec![b'\n'; (4 << 20) + 1]).unwrap();
    assert!(matches!(files::read(Path::new(&huge)), Err(TlsError::TooLarge { .. })));
}

#[test]
fn a_connection_carries_only_hosts_of_its_certificate() {
    let authority = Authority::new();
    let first = authority.issue("first", &["first.example", "both.example"]);
    let wild = authority.issue("wild", &["*.wild.example", "192.0.2.1", "2001:db8::1"]);
    let mut settings = authority.listener(&[&first, &wild]);
    let server = ServerTls::load(&settings).unwrap();
    for (server_name, host, expect) in [
        ("first.example", "first.example", true),
        ("first.example", "both.example", true),
        ("first.example", "a.wild.example", false),
        ("a.wild.example", "b.wild.example", true),
        ("a.wild.example", "first.example", false),
        ("a.wild.example", "a.b.wild.example", false),
        ("a.wild.example", "192.0.2.1", true),
        ("a.wild.example", "[2001:db8::1]", true),
        ("a.wild.example", "192.0.2.2", false),
        ("first.example", "not a host", false),
        ("nobody.example", "nobody.example", true),
        ("nobody.example", "both.example", true),
        ("", "anything.example", true),
    ] {
        assert_eq!(server.covers(server_name, host), expect, "{server_name} {host}");
    }
    settings.client_ca_file = Some(authority.ca_file());
    let mutual = ServerTls::load(&settings).unwrap();
    assert!(mutual.asks_for_client_certificate());
    for (server_name, host, expect) in [
        ("first.example", "first.example", true),
        ("first.example", "both.example", false),
        ("", "first.example", false),
        ("", "127.0.0.1", true),
    ] {
        assert_eq!(mutual.covers(server_name, host), expect, "{server_name} {host}");
    }
}

#[test]
fn the_dates_of_certificates_are_told() {
    let authority = Authority::new();
    let files = authority.issue("site", &["site.example"]);
    let server = ServerTls::load(&authority.listener(&[&files])).unwrap();
    let status = server.certificates();
    let seconds = status[0].not_after.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(seconds.as_secs(), 2_208_988_800);
    assert_eq!(status[0].cert_file, files.cert_file);
}
