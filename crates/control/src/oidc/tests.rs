//! Tokens that are believed, and every way in which they are not.

use architrave_core::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};

use architrave_jwt::Keys;

use super::{Claims, Description, Expected, TokenFault, basic, form, with_query};

const ISSUER: &str = "https://id.example";
const NOW: i64 = 1_779_005_350;

const EXPECTED: Expected<'static> =
    Expected { issuer: ISSUER, client_id: "architrave", nonce: "n-0S6_WzA2Mj", now: NOW };

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn ed25519() -> (Ed25519KeyPair, Value) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    (pair, json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "x": x }))
}

fn keys(keys: &[&Value]) -> Keys {
    Keys::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "architrave", "sub": "248289761001", "nonce": EXPECTED.nonce,
        "iat": NOW - 5, "exp": NOW + 300, "email": "ada@example.com", "groups": ["a", "b"],
    })
}

/// A token by the key `ed`.
fn signed_as(header: &Value, claims: &Value) -> String {
    let (pair, _) = ed25519();
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn signed(claims: &Value) -> String {
    signed_as(&json!({ "alg": "EdDSA", "kid": "ed" }), claims)
}

fn verify(token: &str) -> Result<Claims, TokenFault> {
    Claims::verify(token, &keys(&[&ed25519().1]), &EXPECTED)
}

/// What becomes of the token with these claims in place of the right ones; `null` takes one away.
fn with(changes: &Value) -> Option<TokenFault> {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    verify(&signed(&claims)).err()
}

#[test]
fn a_token_that_says_all_it_must_is_believed() {
    let claims = verify(&signed(&claims())).unwrap();
    assert_eq!(claims.subject, "248289761001");
    assert_eq!(claims.text("email"), Some("ada@example.com"));
    assert_eq!(claims.texts("groups"), Some(vec!["a", "b"]));
    assert_eq!(claims.texts("nothing"), None);
    assert!(!claims.is_true("email_verified"));
    assert_eq!(with(&json!({ "aud": ["architrave"] })), None);
    assert_eq!(with(&json!({ "aud": ["other", "architrave"], "azp": "architrave" })), None);
    assert_eq!(with(&json!({ "exp": NOW - 59 })), None, "clocks differ");
    assert_eq!(with(&json!({ "exp": (NOW + 300) as f64 + 0.5 })), None);
}

#[test]
fn a_token_that_says_something_else_is_not_believed() {
    use TokenFault::{Audience, Issuer, Nonce, Subject, Time};
    for (changes, fault) in [
        (json!({ "iss": "https://id.example/" }), Issuer),
        (json!({ "iss": null }), Issuer),
        (json!({ "iss": [ISSUER] }), Issuer),
        (json!({ "aud": "other" }), Audience),
        (json!({ "aud": null }), Audience),
        (json!({ "aud": [] }), Audience),
        (json!({ "aud": ["architrave", "other"] }), Audience),
        (json!({ "azp": "other" }), Audience),
        (json!({ "aud": ["architrave", "other"], "azp": "other" }), Audience),
        (json!({ "exp": NOW - 60 }), Time),
        (json!({ "exp": null }), Time),
        (json!({ "exp": "9999999999" }), Time),
        (json!({ "iat": NOW + 61 }), Time),
        (json!({ "iat": null }), Time),
        (json!({ "nbf": NOW + 61 }), Time),
        (json!({ "nbf": {} }), Time),
        (json!({ "nonce": "another" }), Nonce),
        (json!({ "nonce": null }), Nonce),
        (json!({ "sub": "" }), Subject),
        (json!({ "sub": 7 }), Subject),
        (json!({ "sub": "a\u{0}b" }), Subject),
        (json!({ "sub": "x".repeat(256) }), Subject),
    ] {
        assert_eq!(with(&changes), Some(fault), "{changes}");
    }
}

#[test]
fn what_is_not_signed_as_it_must_be_is_not_believed() {
    let right = signed(&claims());
    let (message, signature) = right.rsplit_once('.').unwrap();
    for alg in ["none", "None", "HS256", "RSA1_5", ""] {
        let header = json!({ "alg": alg, "kid": "ed" });
        for signature in ["", signature] {
            let token = format!("{}.{}.{signature}", encode(&header), encode(&claims()));
            assert_eq!(verify(&token).err(), Some(TokenFault::Algorithm), "{alg}");
        }
    }
    // Another kind of signature than the key's.
    for alg in ["RS256", "ES256", "PS512"] {
        let token = signed_as(&json!({ "alg": alg, "kid": "ed" }), &claims());
        assert_eq!(verify(&token).err(), Some(TokenFault::KeyUnknown), "{alg}");
    }
    let other = signed_as(&json!({ "alg": "EdDSA", "kid": "other" }), &claims());
    assert_eq!(verify(&other).err(), Some(TokenFault::KeyUnknown));
    let critical = signed_as(&json!({ "alg": "EdDSA", "kid": "ed", "crit": ["b64"] }), &claims());
    assert_eq!(verify(&critical).err(), Some(TokenFault::Algorithm));
    let mut forged = claims();
    forged["sub"] = "somebody else".into();
    let (header, _) = message.split_once('.').unwrap();
    let forged = format!("{header}.{}.{signature}", encode(&forged));
    assert_eq!(verify(&forged).err(), Some(TokenFault::Signature));
    assert_eq!(verify(&format!("{message}.")).err(), Some(TokenFault::Signature));
    for token in ["", "a", "a.b", "a.b.c", &format!("{right}.x"), &format!("{right}=")] {
        assert_eq!(verify(token).err(), Some(TokenFault::Malformed), "{token}");
    }
    assert_eq!(verify(&"a".repeat(200_000)).err(), Some(TokenFault::Malformed));
}

#[test]
fn a_token_without_the_name_of_its_key_is_tried_with_those_that_fit() {
    let token = signed_as(&json!({ "alg": "EdDSA" }), &claims());
    assert!(verify(&token).is_ok());
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let x = URL_SAFE_NO_PAD.encode(other.public_key());
    let other = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let both = keys(&[&other, &ed25519().1]);
    assert!(Claims::verify(&token, &both, &EXPECTED).is_ok());
    let fault = Claims::verify(&token, &keys(&[&other]), &EXPECTED).err();
    assert_eq!(fault, Some(TokenFault::Signature));
}

#[test]
fn curves_of_nist_are_checked_as_well() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256", "x": x, "y": y });
    let header = json!({ "alg": "ES256", "kid": "ec" });
    let message = format!("{}.{}", encode(&header), encode(&claims()));
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert!(Claims::verify(&token, &keys(&[&key]), &EXPECTED).is_ok());
}

#[test]
fn keys_for_other_purposes_are_passed_over() {
    let (_, key) = ed25519();
    for (name, value) in [("use", "enc"), ("alg", "ES256"), ("alg", "HS256"), ("crv", "X25519")] {
        let mut key = key.clone();
        key[name] = value.into();
        let fault = Claims::verify(&signed(&claims()), &keys(&[&key]), &EXPECTED).err();
        assert_eq!(fault, Some(TokenFault::KeyUnknown), "{name} {value}");
    }
    // A shared secret that is shown is none.
    let shared = json!({ "kty": "oct", "kid": "ed", "k": "c2VjcmV0" });
    assert!(Claims::verify(&signed(&claims()), &keys(&[&shared, &key]), &EXPECTED).is_ok());
    assert!(Keys::read(b"[]").is_err());
}

#[test]
fn what_is_told_elsewhere_completes_and_does_not_replace() {
    let mut claims = verify(&signed(&claims())).unwrap();
    let more = |value: Value| value.as_object().unwrap().clone();
    let other = more(json!({ "sub": "somebody else", "name": "Ada" }));
    assert_eq!(claims.complete(other), Err(TokenFault::Subject));
    let own = json!({ "sub": "248289761001", "email": "eve@example.com", "email_verified": true });
    claims.complete(more(own)).unwrap();
    assert_eq!(claims.text("email"), Some("ada@example.com"));
    assert!(claims.is_true("email_verified"));
}

#[test]
fn a_description_is_of_its_issuer_and_leads_to_nothing_in_the_open() {
    let right = json!({
        "issuer": ISSUER, "authorization_endpoint": "https://id.example/auth?a=b",
        "token_endpoint": "https://id.example/token", "jwks_uri": "https://keys.example/jwks",
    });
    let read = |value: &Value| Description::read(value.to_string().as_bytes(), ISSUER);
    let description = read(&right).unwrap();
    assert!(!description.takes_secret_in_form() && !description.names_itself());
    for (name, value) in [
        ("issuer", json!("https://id.example/")),
        ("token_endpoint", json!("http://id.example/token")),
        ("userinfo_endpoint", json!("http://id.example/me")),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("authorization_endpoint", json!("https://id.example/a b")),
        ("authorization_endpoint", Value::Null),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        assert!(read(&wrong).is_err(), "{wrong}");
    }
    let mut posts = right;
    posts["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    posts["authorization_response_iss_parameter_supported"] = true.into();
    let description = read(&posts).unwrap();
    assert!(description.takes_secret_in_form() && description.names_itself());
    let url = "https://id.example/.well-known/openid-configuration";
    assert_eq!(Description::url("https://id.example"), url);
    assert_eq!(Description::url("https://id.example/"), url);
}

#[test]
fn what_goes_into_addresses_and_forms_is_escaped() {
    let url = with_query("https://id.example/auth?a=b", &[("scope", "openid e&mail")]);
    assert_eq!(url, "https://id.example/auth?a=b&scope=openid%20e%26mail");
    assert_eq!(form(&[("a", "ä+"), ("b", "")]), "a=%C3%A4%2B&b=");
    assert_eq!(basic("a b", &Secret::new("c:d")).expose(), "Basic YStiOmMlM0Fk");
}
