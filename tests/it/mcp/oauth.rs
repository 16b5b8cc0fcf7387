//! The gateway as a resource of OAuth: whoever comes without a token is told where to get one.

use architrave_testkit::mcp::{McpServer, PYTHON_CLIENTS, config, drive_python, endpoint};
use architrave_testkit::oidc::{AGENT, OidcProvider};
use architrave_testkit::{Client, Gateway, Reloaded, SOON, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::speaking::{self, INITIALIZE, ask, body, server};

/// The policy for what the gateway is known by; `keys` says where the issuer's are.
fn policy(issuer: &str, keys: &str, resource: &str) -> String {
    format!(
        "policies: {{ jwt: {{ issuer: \"{issuer}\", {keys}, resource: \"{resource}\", \
         scopes: [\"tools:call\"] }} }}\nconsumers: [{{ name: agent }}]\n"
    )
}

#[test]
fn a_real_client_finds_where_its_tokens_come_from() {
    let provider = OidcProvider::start();
    let issuer = provider.issuer();
    let server = McpServer::start(&[]);
    let servers = [("one", &server)];
    let gateway = Gateway::start(config(&servers, "plain", ""));
    let url = endpoint(&gateway, None);
    provider.guard(&url);
    let guarded = policy(&issuer, &format!("jwks_url: \"{issuer}/jwks\""), &url);
    assert_eq!(gateway.reload(config(&servers, "plain", "").and(&guarded)), Reloaded::Taken);
    // Of a token that is read as far as its signature, it is said whether there are keys by now.
    let unsigned = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let claims = json!({ "iss": issuer, "aud": url, "sub": "agent" });
    let unsigned = format!("{}.{}.AAAA", unsigned(json!({ "alg": "RS256" })), unsigned(claims));
    let shown = format!("Authorization: Bearer {unsigned}");
    eventually("the issuer's keys are read", SOON, || {
        (ask(&gateway, &[&shown], INITIALIZE).status == 401).then_some(())
    });
    for (mode, speaks) in PYTHON_CLIENTS {
        let agent = format!("{}:{}", AGENT.0, AGENT.1);
        drive_python(mode, &url, &["--issuer", &issuer, "--agent", &agent, "--speaks", speaks]);
    }
}

#[test]
fn whoever_has_no_token_is_told_where_to_get_one() {
    let origin = server("a");
    let keys = "jwks: { keys: [] }";
    let resource = "https://gateway.example.com/mcp";
    let rest = policy("https://login.example.com", keys, resource);
    let servers = [("a", origin.addr())];
    let gateway = Gateway::start(speaking::config(&servers, "", "naming: plain", &rest));
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    for (fields, error) in [
        (&[][..], ""),
        (&["Authorization: Bearer a.b.c"][..], "error=\"invalid_token\", "),
        (&["Authorization: Basic YTpi"][..], ""),
    ] {
        let refused = ask(&gateway, fields, INITIALIZE);
        assert_eq!(refused.status, 401, "{fields:?}");
        let challenge = format!(
            "Bearer realm=\"architrave\", {error}resource_metadata=\
             \"https://gateway.example.com{metadata}\", scope=\"tools:call\""
        );
        assert_eq!(refused.get("www-authenticate"), Some(&*challenge));
        assert_eq!(body(&refused)["jsonrpc"], "2.0", "in words that an MCP client reads");
    }
    let said = Client::connect(gateway.web()).get("localhost", metadata, &[]);
    assert_eq!((said.status, said.get("content-type")), (200, Some("application/json")));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&said.text()).expect("JSON"),
        json!({
            "resource": resource,
            "authorization_servers": ["https://login.example.com"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["tools:call"],
        })
    );
    // The policy is for every exchange, those of no route among them.
    for elsewhere in ["/.well-known/oauth-protected-resource", "/.well-known/openid-configuration"]
    {
        assert_eq!(Client::connect(gateway.web()).get("localhost", elsewhere, &[]).status, 401);
    }
    assert!(origin.requests().is_empty(), "nothing of it is the server's");
}
