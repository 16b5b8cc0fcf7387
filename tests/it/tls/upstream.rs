//! TLS to endpoints: who they are is verified unless the file says otherwise.

use std::io::Write as _;

use architrave_testkit::authority::Authority;
use architrave_testkit::client::get;
use architrave_testkit::h2_origin::H2Origin;
use architrave_testkit::{Config, Gateway, Origin, Response};

use super::Trust;

fn origin(trust: &Trust, names: &[&str], mutual: bool) -> Origin {
    let certificate = trust.authority.issue(names);
    let config = trust.authority.server(&certificate, &["http/1.1"], mutual);
    Origin::start_tls(config, |exchange| exchange.reply(200, &[], "secret"))
}

fn ask(origin: &Origin, tls: &str) -> Response {
    let upstream = format!("tls: {{ {tls} }}\nretry: {{ attempts: 0 }}");
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], &upstream));
    get(gateway.web(), "h", "/", &[])
}

#[test]
fn an_endpoint_must_prove_who_it_is() {
    let trust = Trust::new();
    let origin = origin(&trust, &["orders.internal"], false);
    let ca = trust.ca();
    let response = ask(&origin, &format!("server_name: orders.internal, ca_file: \"{ca}\""));
    assert_eq!((response.status, response.text().as_str()), (200, "secret"));
    let refused = |tls: &str| {
        let response = ask(&origin, tls);
        assert_eq!((response.status, response.reason().as_str()), (502, "tls_failed"), "{tls}");
    };
    refused("server_name: orders.internal");
    refused(&format!("server_name: other.internal, ca_file: \"{ca}\""));
    refused(&format!("ca_file: \"{ca}\""));
    let other = Trust::new();
    refused(&format!("server_name: orders.internal, ca_file: \"{}\"", other.ca()));
    assert_eq!(origin.count(), 1, "no request is sent to somebody unknown");
    let response = ask(&origin, "insecure_skip_verify: true");
    assert_eq!(response.text(), "secret");
}

#[test]
fn an_address_is_verified_as_an_address() {
    let trust = Trust::new();
    let origin = origin(&trust, &["127.0.0.1"], false);
    assert_eq!(ask(&origin, &format!("ca_file: \"{}\"", trust.ca())).status, 200);
}

#[test]
fn an_endpoint_that_speaks_no_tls_is_a_502() {
    let trust = Trust::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("the system gives a port");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let upstream = format!("tls: {{ ca_file: \"{}\" }}\nretry: {{ attempts: 0 }}", trust.ca());
    let gateway = Gateway::start(Config::balanced(&[address], &upstream));
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (502, "tls_failed"));
}

#[test]
fn the_gateway_shows_a_certificate_where_it_has_one() {
    let trust = Trust::new();
    let origin = origin(&trust, &["orders.internal"], true);
    let base = format!("server_name: orders.internal, ca_file: \"{}\"", trust.ca());
    assert_eq!(ask(&origin, &base).status, 502);
    let (cert, key) = trust.authority.issue(&["gateway"]).write(trust.path(), "client");
    let shown =
        format!("client_cert_file: \"{}\", client_key_file: \"{}\"", cert.display(), key.display());
    assert_eq!(ask(&origin, &format!("{base}, {shown}")).text(), "secret");
    let (cert, key) = Authority::new().issue(&["gateway"]).write(trust.path(), "stranger");
    let shown =
        format!("client_cert_file: \"{}\", client_key_file: \"{}\"", cert.display(), key.display());
    assert_eq!(ask(&origin, &format!("{base}, {shown}")).status, 502);
}

#[test]
fn http_2_is_spoken_to_endpoints_that_agree() {
    let trust = Trust::new();
    let certificate = trust.authority.issue(&["orders.internal"]);
    let both =
        H2Origin::start_tls(trust.authority.server(&certificate, &["h2", "http/1.1"], false));
    for protocol in ["auto", "h2"] {
        let upstream = format!(
            "protocol: {protocol}\ntls: {{ server_name: orders.internal, ca_file: \"{}\" }}",
            trust.ca()
        );
        let gateway = Gateway::start(Config::balanced(&[both.addr()], &upstream));
        let response = get(gateway.web(), "api.example", "/p", &[]);
        assert_eq!((response.status, response.get("x-path")), (200, Some("/p")), "{protocol}");
    }
    assert_eq!(both.last().head.uri.scheme_str(), Some("https"));
}
