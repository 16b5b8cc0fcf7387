//! How the API is reached: over TLS, behind a proxy.

use architrave_testkit::authority::Authority;
use architrave_testkit::client::request;
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, SOON, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{CODE, json_of};

fn start(folder: &TempDir, admin: &str) -> Gateway {
    let file = Config::new().web().to_string();
    let plain = "admin: { address: \"127.0.0.1:0\" }";
    assert!(file.contains(plain), "{file}");
    let options = GatewayOptions::new().data(&folder.path().join("data"));
    let admin = format!("admin: {{ address: \"127.0.0.1:0\", {admin} }}");
    options.env("ARCHITRAVE_SETUP_CODE", CODE).start(file.replace(plain, &admin))
}

/// The bytes of setting up, by a host and with more lines in the head.
fn setting_up(host: &str, lines: &[&str]) -> Vec<u8> {
    let body = json!({
        "code": CODE,
        "email": "ada@example.com",
        "password": "a long password",
        "display_name": "Ada",
    })
    .to_string();
    let length = format!("Content-Length: {}", body.len());
    let mut all = vec![length.as_str(), "Content-Type: application/json"];
    all.extend_from_slice(lines);
    let mut bytes = request("POST", host, "/api/v1/setup", &all);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

#[test]
fn with_a_certificate_the_admin_listener_speaks_tls_alone_and_cookies_are_for_it() {
    let folder = TempDir::new().expect("there is room for a directory");
    let authority = Authority::new();
    let write = || {
        let certificate = authority.issue(&["gateway.example"]);
        let files = certificate.write(folder.path(), "admin");
        (certificate, files)
    };
    let (first, (cert, key)) = write();
    let tls = format!(
        "tls: {{ certificates: [{{ cert_file: {}, key_file: {} }}] }}",
        cert.display(),
        key.display()
    );
    let gateway = start(&folder, &tls);
    let connect = || {
        let config = authority.client(&["h2", "http/1.1"]);
        Client::connect_tls(gateway.admin(), "gateway.example", config).expect("a handshake")
    };
    let (mut client, facts) = connect();
    assert_eq!(facts.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(facts.leaf, first.der);
    let host = gateway.admin().to_string();
    let answer = client.ask(setting_up(&host, &[]));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cookie = answer.get("set-cookie").expect("a session");
    assert!(cookie.starts_with("__Host-architrave_session="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.get("strict-transport-security").is_none());
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());
    assert_eq!(client.get(&host, "/api/v1/session", &[&cookie]).status, 200);
    // Who speaks no TLS is not answered.
    let plain = Client::connect(gateway.admin()).try_ask(request("GET", &host, "/healthz", &[]));
    assert!(plain.is_err(), "{plain:?}");
    // Another certificate is presented once its files are there.
    let (second, _) = write();
    eventually("the new certificate is presented", SOON, || {
        (connect().1.leaf == second.der).then_some(())
    });
}

#[test]
fn what_a_trusted_proxy_says_of_its_client_is_believed_and_nobody_elses() {
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway =
        start(&folder, "public_url: \"https://gateway.example\", trusted_proxies: [127.0.0.1]");
    let mut client = Client::connect(gateway.admin());
    let forwarded = ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"];
    let early = client.ask(setting_up("gateway.example", &forwarded));
    assert_eq!(early.status, 403, "from afar nobody sets up: {}", early.text());
    let host = gateway.admin().to_string();
    assert_eq!(client.ask(setting_up(&host, &[])).status, 201);
    let body = json!({ "email": "ada@example.com", "password": "a long password" }).to_string();
    let length = format!("Content-Length: {}", body.len());
    let lines = [&length, "Content-Type: application/json", forwarded[0], forwarded[1]];
    let mut signing_in = request("POST", "gateway.example", "/api/v1/session", &lines);
    signing_in.extend_from_slice(body.as_bytes());
    let answer = client.ask(signing_in);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.get("set-cookie").expect("a session");
    assert!(cookie.starts_with("__Host-") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());
    let lines = [cookie.as_str(), forwarded[0], forwarded[1]];
    let audit = client.get("gateway.example", "/api/v1/audit", &lines);
    assert!(audit.text().contains("\"address\": \"192.0.2.7\""), "{}", audit.text());
}

#[test]
fn who_comes_through_a_proxy_on_this_machine_is_not_taken_for_somebody_here() {
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway = start(&folder, "");
    let host = gateway.admin().to_string();
    let mut client = Client::connect(gateway.admin());
    assert_eq!(client.get(&host, "/api/v1/upstreams", &[]).status, 200, "nobody has set up");
    for line in ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Real-IP: 127.0.0.1"] {
        let answer = client.get(&host, "/api/v1/upstreams", &[line]);
        assert_eq!(answer.status, 401, "{line}: {}", answer.text());
    }
}

#[test]
fn the_portal_has_a_listener_of_its_own_and_nothing_of_admin_is_there() {
    let folder = TempDir::new().expect("there is room for a directory");
    let token = "the-token-of-the-file";
    let file = Config::new().web().to_string();
    let plain = "admin: { address: \"127.0.0.1:0\" }";
    let both = format!(
        "admin: {{ address: \"127.0.0.1:0\", token: {token} }}\n\
         portal: {{ address: \"127.0.0.1:0\", public_url: \"http://127.0.0.1:9081\" }}"
    );
    let options = GatewayOptions::new().data(&folder.path().join("data"));
    let gateway = options.env("ARCHITRAVE_SETUP_CODE", CODE).start(file.replace(plain, &both));
    let portal = gateway.portal();
    assert_ne!(portal, gateway.admin());
    let host = gateway.admin().to_string();
    let answer = Client::connect(gateway.admin()).ask(setting_up(&host, &[]));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cookie = answer.get("set-cookie").expect("a session");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap_or_default());

    let host = portal.to_string();
    let mut client = Client::connect(portal);
    let own: Value = json_of(&client.get(&host, "/openapi.json", &[]));
    let all: Value = gateway_description(&gateway);
    let (mut walked, mut answered) = (0, 0);
    for (path, methods) in all["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let is_own = own["paths"][path][method].is_object();
            let content = &all["paths"][path][method]["responses"]["200"]["content"];
            if is_own && content["text/event-stream"].is_object() {
                // It has no end, and is asked for elsewhere.
                continue;
            }
            let target = path.replace(['{', '}'], "");
            for proof in [&cookie, &format!("Authorization: Bearer {token}")] {
                let lines = [proof.as_str(), "Content-Length: 0"];
                let answer = client.ask(request(&method.to_uppercase(), &host, &target, &lines));
                walked += 1;
                if is_own {
                    answered += usize::from(answer.status != 404);
                    continue;
                }
                let is_refused = answer.status == 404
                    || (answer.status == 401 && proof.starts_with("Authorization"));
                assert!(is_refused, "{method} {path} {proof}: {}", answer.text());
            }
        }
    }
    assert!(walked > 150 && answered > 5, "{walked} {answered}");
    // Ended by a reload, as the admin listener is not.
    let admin = both.lines().next().unwrap_or_default();
    gateway.write_config(file.replace(plain, admin));
    eventually("the portal is closed", SOON, || Client::try_connect(portal).is_err().then_some(()));
}

fn gateway_description(gateway: &Gateway) -> Value {
    let host = gateway.admin().to_string();
    json_of(&Client::connect(gateway.admin()).get(&host, "/openapi.json", &[]))
}
