//! What the portal listener answers: the operations that are marked for it, and nothing of admin,
//! whoever asks.

use std::collections::BTreeSet;

use architrave_control::{Api, Surface};
use serde_json::{Value, json};

use crate::home::{ADMIN, FILE_TOKEN, PASSWORD, Proof, each_database, session};

/// Method and path of every operation of a listener.
fn operations(surface: Surface) -> BTreeSet<(String, String)> {
    let document = Api::openapi(surface);
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// A path with something in its braces.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('{') {
        filled += part.split_once('}').map_or(part, |(_, rest)| rest);
        filled += if path.ends_with(part) { "" } else { "x" };
    }
    filled
}

#[test]
fn nothing_of_admin_is_on_the_portal_whoever_asks() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        let token = home.token(&admin, &["read", "write"]).await;
        home.turn_to_portal();
        let on_portal = operations(Surface::Portal);
        let elsewhere: Vec<_> =
            operations(Surface::Admin).difference(&on_portal).cloned().collect();
        assert!(elsewhere.len() > 60, "{}", elsewhere.len());
        let file = Proof::Token(FILE_TOKEN.to_owned());
        for (method, path) in elsewhere {
            for proof in [&Proof::Nothing, &admin, &token, &file] {
                let reply = home.send(proof, &method, &filled(&path), &Value::Null).await;
                // The token of the file is none here.
                let is_none = reply.status() == 401 && matches!(proof, Proof::Token(_));
                assert!(
                    reply.status() == 404 || is_none,
                    "{method} {path} as {proof:?}: {}",
                    reply.summary()
                );
            }
        }
    });
}

#[test]
fn somebody_signs_in_on_the_portal_and_has_what_is_their_own() {
    each_database(async |mut home| {
        let admin = home.set_up().await;
        let (_, id) = home.person(&admin, "dev@example.com", None).await;
        home.turn_to_portal();
        let body = json!({ "email": "dev@example.com", "password": PASSWORD });
        let reply = home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let dev = session(&reply);
        for path in ["/api/v1/session", "/api/v1/sessions", "/api/v1/tokens", "/healthz"] {
            assert_eq!(home.get(&dev, path).await.status(), 200, "{path}");
        }
        let token = home.token(&dev, &["read"]).await;
        assert_eq!(home.get(&token, "/api/v1/session").await.json()["name"], "dev@example.com");
        let path = format!("/api/v1/users/{id}:set_password");
        let body = json!({ "current_password": PASSWORD, "password": "another long password" });
        let reply = home.send(&dev, "POST", &path, &body).await;
        assert_eq!(reply.status(), 204, "{}", reply.summary());
        let described = home.get(&Proof::Nothing, "/openapi.json").await.json();
        assert!(described["paths"]["/api/v1/users"].is_null());
        assert!(described["paths"]["/api/v1/session"].is_object());
        assert_eq!(home.send(&dev, "DELETE", "/api/v1/session", &Value::Null).await.status(), 204);
    });
}

#[test]
fn before_anybody_has_set_up_nobody_is_somebody_on_the_portal() {
    each_database(async |mut home| {
        home.print_code().await;
        home.turn_to_portal();
        for path in ["/api/v1/session", "/api/v1/tokens"] {
            assert_eq!(home.get(&Proof::Nothing, path).await.code(), "token_missing", "{path}");
        }
        for path in ["/api/v1/upstreams", "/metrics", "/readyz", "/api/v1/setup", "/api/v1/config"]
        {
            assert_eq!(home.get(&Proof::Nothing, path).await.code(), "route_not_found", "{path}");
        }
        let body = json!({ "email": ADMIN, "password": PASSWORD });
        let reply = home.send(&Proof::Nothing, "POST", "/api/v1/session", &body).await;
        assert_eq!(reply.code(), "credentials_wrong");
    });
}
