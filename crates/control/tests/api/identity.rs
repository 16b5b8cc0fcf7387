//! An identity provider in memory: what it says of itself, codes for tokens, keys that change. It
//! believes nobody who does not show what they must.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use architrave_config::IdentityProvider;
use architrave_config::ports::{Answer, IdentityPort, WebAnswer, WebError, WebQuestion};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::gateway::FakeDesired;

pub(crate) const ISSUER: &str = "https://id.example";

/// Who is signed in there, and how their token is to be wrong.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) claims: Value,
    /// Claims in place of the right ones.
    pub(crate) lies: Value,
    /// The header of the token, where it is to be another.
    pub(crate) header: Option<Value>,
}

/// The provider, and which are in force.
#[derive(Clone, Default)]
pub(crate) struct FakeIdentity(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    desired: Option<FakeDesired>,
    /// What was asked for, by code: the nonce, the challenge, where it was sent, and of whom.
    codes: HashMap<String, (String, String, String, Person)>,
    /// Which key it signs with.
    key: u8,
    /// Whether it answers nobody.
    is_down: bool,
    asked: Vec<String>,
    now: i64,
    info: Option<Value>,
    /// Who was told of last.
    subject: Value,
}

impl FakeIdentity {
    pub(crate) fn over(desired: FakeDesired, now: i64) -> Self {
        let inner = Inner { desired: Some(desired), key: 1, now, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// What a browser meets there that is sent to `location`: it comes back with a query.
    pub(crate) fn visit(&self, location: &str, person: Person) -> String {
        let (at, query) = location.split_once('?').unwrap();
        assert_eq!(at, "https://id.example/authorize");
        let pairs: HashMap<&str, String> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name, value.replace("%3A", ":").replace("%2F", "/")))
            .collect();
        assert_eq!(pairs["response_type"], "code");
        assert_eq!(pairs["code_challenge_method"], "S256");
        assert_eq!(pairs["client_id"], "architrave");
        assert!(pairs["scope"].starts_with("openid"), "{}", pairs["scope"]);
        let mut inner = self.0.lock().unwrap();
        let code = format!("code-{}", inner.codes.len());
        let asked = (
            pairs["nonce"].clone(),
            pairs["code_challenge"].clone(),
            pairs["redirect_uri"].clone(),
            person,
        );
        inner.codes.insert(code.clone(), asked);
        format!("code={code}&state={}&iss=https%3A%2F%2Fid.example&session_state=x", pairs["state"])
    }

    /// Signs with another key from now on.
    pub(crate) fn rotate(&self) {
        self.0.lock().unwrap().key += 1;
    }

    /// Answers nobody any more, or again.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    /// What it says of somebody beside the token.
    pub(crate) fn tell(&self, info: Value) {
        self.0.lock().unwrap().info = Some(info);
    }

    /// The paths that were asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    pub(crate) fn set_now(&self, now: i64) {
        self.0.lock().unwrap().now = now;
    }
}

impl Inner {
    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[self.key; 32]).unwrap()
    }

    fn answer(&mut self, question: &WebQuestion) -> (u16, Value) {
        let path = question.url.strip_prefix(ISSUER).expect("nobody else is asked").to_owned();
        self.asked.push(path.clone());
        match path.as_str() {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": ISSUER, "authorization_endpoint": "https://id.example/authorize",
                    "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/jwks",
                    "userinfo_endpoint": "https://id.example/me",
                    "authorization_response_iss_parameter_supported": true,
                }),
            ),
            "/jwks" => {
                let x = URL_SAFE_NO_PAD.encode(self.pair().public_key());
                let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid() });
                (200, json!({ "keys": [key] }))
            }
            "/token" => self.redeem(question),
            "/me" => {
                assert_eq!(question.authorization.as_ref().unwrap().expose(), "Bearer access");
                (200, self.info.clone().unwrap_or_else(|| json!({ "sub": self.subject })))
            }
            other => panic!("{other} is asked for"),
        }
    }

    fn kid(&self) -> String {
        format!("key-{}", self.key)
    }

    fn redeem(&mut self, question: &WebQuestion) -> (u16, Value) {
        // `architrave:a secret`
        let proof = question.authorization.as_ref().map(|proof| proof.expose().to_owned());
        assert_eq!(proof.as_deref(), Some("Basic YXJjaGl0cmF2ZTphK3NlY3JldA=="));
        let form = question.form.as_ref().unwrap().expose().to_owned();
        let pairs: HashMap<&str, &str> =
            form.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
        let asked = self.codes.remove(pairs["code"]);
        let Some((nonce, challenge, redirect, person)) = asked else {
            return (400, json!({ "error": "invalid_grant" }));
        };
        let verifier = URL_SAFE_NO_PAD.encode(digest(&SHA256, pairs["code_verifier"].as_bytes()));
        assert_eq!(verifier, challenge, "the verifier is that of the challenge");
        assert_eq!(pairs["redirect_uri"].replace("%3A", ":").replace("%2F", "/"), redirect);
        let mut claims = json!({
            "iss": ISSUER, "aud": "architrave", "nonce": nonce,
            "iat": self.now, "exp": self.now + 300,
        });
        for said in [&person.claims, &person.lies] {
            for (name, value) in said.as_object().unwrap() {
                claims[name] = value.clone();
            }
        }
        self.subject = claims["sub"].clone();
        let header = person.header.unwrap_or_else(|| json!({ "alg": "EdDSA", "kid": self.kid() }));
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair().sign(message.as_bytes()));
        let token = format!("{message}.{signature}");
        (200, json!({ "id_token": token, "access_token": "access", "token_type": "Bearer" }))
    }
}

impl IdentityPort for FakeIdentity {
    fn identity_providers(&self) -> Vec<Arc<IdentityProvider>> {
        match &self.0.lock().unwrap().desired {
            Some(desired) => desired.identity_providers(),
            None => Vec::new(),
        }
    }

    fn ask(&self, question: WebQuestion) -> Answer<'_, Result<WebAnswer, WebError>> {
        Box::pin(async move {
            let mut inner = self.0.lock().unwrap();
            if inner.is_down || !question.url.starts_with(ISSUER) {
                return Err(WebError("nobody is there".to_owned()));
            }
            let (status, body) = inner.answer(&question);
            Ok(WebAnswer { status, body: body.to_string().into_bytes() })
        })
    }
}
