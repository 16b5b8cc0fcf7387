//! Clients that must show a certificate.

use architrave_testkit::authority::{Authority, Certificate};
use architrave_testkit::{Client, Gateway, Origin, Response, WireError};

use super::{Trust, https};

fn ask(
    gateway: &Gateway,
    trust: &Trust,
    shown: Option<&Certificate>,
) -> Result<Response, WireError> {
    let config = trust.authority.client_with(&[], shown);
    let connected = Client::connect_tls(gateway.web(), "one.example", config);
    // With TLS 1.3 a client learns only with the first answer that it was refused.
    let (mut client, _) = connected.map_err(|_| WireError::Reset)?;
    client.try_ask("GET / HTTP/1.1\r\nHost: one.example\r\n\r\n")
}

#[test]
fn only_certificates_of_the_authority_get_in() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example"]);
    let gateway =
        Gateway::start(https(&[&one], &format!(", client_ca_file: \"{}\"", trust.ca()), &origin));
    let stranger = Authority::new().issue(&["client.example"]);
    assert!(ask(&gateway, &trust, None).is_err(), "nobody gets in without a certificate");
    assert!(ask(&gateway, &trust, Some(&stranger)).is_err(), "nor with somebody else's");
    assert_eq!(origin.count(), 0);
    let known = trust.authority.issue(&["client.example"]);
    assert_eq!(ask(&gateway, &trust, Some(&known)).expect("an answer").text(), "a");
    assert_eq!(origin.count(), 1);
}

#[test]
fn without_an_authority_nobody_is_asked() {
    let trust = Trust::new();
    let origin = Origin::named("a");
    let (one, _) = trust.entry("one", &["one.example"]);
    let gateway = Gateway::start(https(&[&one], "", &origin));
    assert_eq!(ask(&gateway, &trust, None).expect("an answer").status, 200);
}
