//! Which tokens are believed, and whom they name.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NOW: u64 = 1_800_000_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An issuer with one key of each of two kinds.
struct Issuer {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    random: SystemRandom,
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
        let by = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::from_pkcs8(by, ec.as_ref(), &random).unwrap();
        Self { ed, ec, random }
    }

    fn set(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": text(self.ed.public_key().as_ref()) },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig",
              "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "oct", "kid": "shared", "k": "AAAA" },
        ] })
    }

    fn verifier(&self) -> Verifier {
        let jwt = Tokens {
            key_set: KeySet::Text(self.set().to_string()),
            issuer: "house".to_owned(),
            audience: "shop".to_owned(),
            consumer_claim: "sub".to_owned(),
            allow_private: false,
        };
        Verifier { keys: Arc::new(KeyCell::new(&jwt)), scopes: Box::default(), jwt }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            text(header.to_string().as_bytes()),
            text(claims.to_string().as_bytes())
        );
        let signature = match header["alg"].as_str() {
            Some("ES256") => {
                let signed = self.ec.sign(&self.random, message.as_bytes()).unwrap();
                text(signed.as_ref())
            }
            _ => text(self.ed.sign(message.as_bytes()).as_ref()),
        };
        format!("{message}.{signature}")
    }
}

fn claims() -> Value {
    json!({ "iss": "house", "aud": ["other", "shop"], "sub": "tills", "exp": NOW + 60 })
}

fn with(name: &str, value: Value) -> Value {
    let mut all = claims();
    all[name] = value;
    all
}

#[test]
fn a_token_that_is_right_names_an_application() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    for header in [json!({ "alg": "EdDSA", "kid": "ed" }), json!({ "alg": "ES256" })] {
        let token = issuer.token(&header, &claims());
        assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::Names("tills".to_owned()));
    }
}

#[test]
fn what_is_not_ours_is_left_to_others() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let header = json!({ "alg": "EdDSA" });
    for claims in
        [with("iss", json!("elsewhere")), with("aud", json!("other")), with("aud", json!(1))]
    {
        let token = issuer.token(&header, &claims);
        assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::NotOurs, "{claims}");
    }
    for token in ["", "a", "a.b", "a.b.c", "a.b.c.d", "arc_key_0123456789"] {
        assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::NotOurs, "{token}");
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let header = json!({ "alg": "EdDSA" });
    for claims in [
        with("exp", json!(NOW - 61)),
        with("exp", json!("soon")),
        with("exp", Value::Null),
        with("nbf", json!(NOW + 61)),
        with("nbf", json!("now")),
        with("sub", json!("")),
        with("sub", json!(7)),
    ] {
        let token = issuer.token(&header, &claims);
        assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::Wrong, "{claims}");
    }
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "shared" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "EdDSA", "kid": "ec" }),
        json!({ "alg": "EdDSA", "crit": ["b64"] }),
        json!({}),
    ] {
        let token = issuer.token(&header, &claims());
        assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::Wrong, "{header}");
    }
    // Another's signature, and a signature of something else.
    let token = Issuer::new().token(&header, &claims());
    assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::Wrong);
    let (mine, other) =
        (issuer.token(&header, &claims()), issuer.token(&header, &with("x", json!(1))));
    let forged =
        format!("{}.{}", other.rsplit_once('.').unwrap().0, mine.rsplit_once('.').unwrap().1);
    assert_eq!(verifier.verify(forged.as_bytes(), now()), Verified::Wrong);
}

#[test]
fn keys_that_are_not_there_yet_are_asked_for() {
    let issuer = Issuer::new();
    let mut verifier = issuer.verifier();
    verifier.jwt.key_set = KeySet::Url("https://id.example.com/keys".to_owned());
    verifier.keys = Arc::new(KeyCell::new(&verifier.jwt));
    let token = issuer.token(&json!({ "alg": "EdDSA", "kid": "ed" }), &claims());
    assert!(!verifier.keys.take_wanted());
    assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::NoKeys);
    assert!(verifier.keys.take_wanted() && !verifier.keys.take_wanted());
    assert!(verifier.keys.put(b"{}").is_err());
    verifier.keys.put(issuer.set().to_string().as_bytes()).unwrap();
    assert_eq!(verifier.verify(token.as_bytes(), now()), Verified::Names("tills".to_owned()));
    assert!(!verifier.keys.take_wanted());
    // A key that came later.
    let other = issuer.token(&json!({ "alg": "EdDSA", "kid": "new" }), &claims());
    assert_eq!(verifier.verify(other.as_bytes(), now()), Verified::Wrong);
    assert!(verifier.keys.take_wanted());
}
