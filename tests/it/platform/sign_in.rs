//! Signing in at an OpenID provider of somebody else's making, with a browser that goes there and
//! back.

use architrave_testkit::oidc::{Browser, CLIENT, OidcPerson, OidcProvider};
use architrave_testkit::{Config, Gateway, GatewayOptions, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

const BEGIN: &str = "/api/v1/session/providers/corp:begin?return_to=/done";

fn json_of(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).expect("the admin API answers in JSON")
}

fn start(provider: &OidcProvider, folder: &TempDir) -> Gateway {
    let (client_id, secret) = CLIENT;
    let providers = format!(
        "identity_providers:\n  - name: corp\n    title: Example ID\n    issuer: \"{}\"\n    \
         client_id: {client_id}\n    client_secret: \"{secret}\"\n    \
         scopes: [email, profile, groups]\n    domains: [example.com]\n    groups:\n      roles:\n        \
         - {{ group: ops, role: admin }}\n        - {{ group: audit, role: auditor }}\n",
        provider.issuer()
    );
    let options = GatewayOptions::new().data(folder.path());
    options.start(Config::new().and(&providers))
}

fn callback(gateway: &Gateway) -> String {
    format!("http://{}/api/v1/session/callback", gateway.admin())
}

#[test]
fn somebody_signs_in_at_a_real_provider_and_is_what_their_groups_make_of_them() {
    let provider = OidcProvider::start();
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway = start(&provider, &folder);
    let grace = OidcPerson {
        subject: "grace-1",
        email: "grace@example.com",
        groups: "ops,others",
        is_in_token: false,
    };
    provider.sign_in(&callback(&gateway), grace);
    let mut browser = Browser::default();
    let ways = json_of(&browser.get(gateway.admin(), "/api/v1/session/providers"));
    assert_eq!(ways["providers"][0]["title"], "Example ID");
    let back = browser.go(gateway.admin(), BEGIN, "/done");
    assert_eq!(back.status, 303, "{}", back.text());
    assert!(browser.cookie("architrave_session").is_some());
    assert!(browser.cookie("architrave_sign_in").is_none(), "it is used up");
    let identity = json_of(&browser.get(gateway.admin(), "/api/v1/session"));
    assert_eq!(identity["name"], "grace@example.com");
    assert_eq!(identity["role"], "admin", "the groups had to be asked for");
    let id = identity["id"].clone();
    let audit = json_of(&browser.get(gateway.admin(), "/api/v1/audit?page_size=1"));
    assert_eq!(audit["audit"][0]["action"], "sign_in");
    assert_eq!(audit["audit"][0]["after"]["identity_provider"], "corp");
    assert_eq!(audit["audit"][0]["after"]["user"]["display_name"], "Grace Hopper");

    // The provider signs with other keys now, and says all in the token.
    let person = OidcPerson { groups: "audit", is_in_token: true, ..grace };
    provider.sign_in(&callback(&gateway), person);
    let mut browser = Browser::default();
    architrave_testkit::eventually("the new keys are asked for", architrave_testkit::SOON, || {
        let back = browser.go(gateway.admin(), BEGIN, "/done");
        (back.status == 303).then_some(())
    });
    let identity = json_of(&browser.get(gateway.admin(), "/api/v1/session"));
    assert_eq!((&identity["id"], &identity["role"]), (&id, &json!("admin")), "the last one stays");
}

#[test]
fn somebody_from_elsewhere_is_not_let_in() {
    let provider = OidcProvider::start();
    let folder = TempDir::new().expect("there is room for a directory");
    let gateway = start(&provider, &folder);
    let stranger = OidcPerson {
        subject: "eve-1",
        email: "eve@elsewhere.example",
        groups: "ops",
        is_in_token: true,
    };
    provider.sign_in(&callback(&gateway), stranger);
    let mut browser = Browser::default();
    let refused = browser.go(gateway.admin(), BEGIN, "/done");
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("sign_in_not_permitted"), "{}", refused.text());
    assert!(browser.cookie("architrave_session").is_none());
}
