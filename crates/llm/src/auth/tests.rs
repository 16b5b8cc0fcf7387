//! Credentials as providers document them; signatures as AWS publishes them and as botocore makes
//! them; assertions that the public key of an account holds for.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;
use crate::catalog::Catalog;

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

fn request<'a>(target: &'a str) -> SignedParts<'a> {
    SignedParts {
        method: "POST",
        host: "api.example",
        path_and_query: target,
        headers: &[],
        body: SignedBody::Pieces(&[]),
    }
}

/// Headers of a key, as `name: value`, and the query.
fn shown(auth: &Auth, key: &str) -> (Vec<String>, Option<String>) {
    let key = secret(key);
    let applied = apply(auth, &ProviderSecret::Key(&key), &request("/"), UNIX_EPOCH).unwrap();
    assert_eq!(standing(auth, &ProviderSecret::Key(&key)), Ok(Some(applied.clone())));
    let headers = applied.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.expose())).collect();
    (headers, applied.query.map(|query| query.expose().to_owned()))
}

#[test]
fn a_key_stands_where_the_provider_wants_it() {
    for (auth, header) in [
        (Auth::Bearer, "authorization: Bearer sk-1"),
        (Auth::None, "authorization: Bearer sk-1"),
        (Auth::Google, "authorization: Bearer sk-1"),
        (Auth::Word("Key".into()), "authorization: Key sk-1"),
        (Auth::Header("x-api-key".into()), "x-api-key: sk-1"),
    ] {
        assert_eq!(shown(&auth, "sk-1"), (vec![header.to_owned()], None), "{auth}");
    }
    let query = shown(&Auth::Query("key".into()), "a+b&c=d/e?");
    assert_eq!(query, (vec![], Some("key=a%2Bb%26c%3Dd%2Fe%3F".to_owned())));
    let nothing = apply(&Auth::None, &ProviderSecret::None, &request("/"), UNIX_EPOCH);
    assert_eq!(nothing, Ok(Applied::default()));
}

#[test]
fn every_provider_of_the_catalogue_takes_a_credential_of_its_kind() {
    let (key, aws_key) = (secret("sk-1"), secret("wJal"));
    let aws = AwsSecret {
        access_key_id: "AKID",
        secret_access_key: &aws_key,
        session_token: None,
        region: "us-east-1",
    };
    for provider in Catalog::embedded().providers() {
        let (right, wrong) = match provider.auth {
            Auth::SigV4(_) => (ProviderSecret::Aws(aws), ProviderSecret::Key(&key)),
            _ => (ProviderSecret::Key(&key), ProviderSecret::Aws(aws)),
        };
        let apply = |secret| apply(&provider.auth, &secret, &request("/"), UNIX_EPOCH);
        assert!(!apply(right).unwrap().headers.is_empty(), "{}", provider.name);
        assert!(matches!(apply(wrong), Err(AuthError::Kind { .. })), "{}", provider.name);
        let is_open = apply(ProviderSecret::None).is_ok();
        assert_eq!(is_open, provider.auth == Auth::None, "{}", provider.name);
    }
}

#[test]
fn what_cannot_stand_in_a_header_is_refused_and_not_told() {
    for bad in ["sk-1\n", "a\r\nx-evil: 1", "a\0", "a\u{7f}", "é", "\t"] {
        for auth in [Auth::Bearer, Auth::Header("x-api-key".into()), Auth::Query("key".into())] {
            let key = secret(bad);
            let refused = standing(&auth, &ProviderSecret::Key(&key)).unwrap_err();
            assert!(matches!(refused, AuthError::Unprintable { .. }), "{bad:?}");
        }
    }
    let empty = secret("");
    let refused = standing(&Auth::Bearer, &ProviderSecret::Key(&empty)).unwrap_err();
    assert_eq!(refused.to_string(), "the credential is empty");

    let (good, bad) = (secret("wJal"), secret("a\nb"));
    let keys = AwsSecret {
        access_key_id: "AKID",
        secret_access_key: &good,
        session_token: None,
        region: "us-east-1",
    };
    for keys in [
        AwsSecret { access_key_id: "A/B", ..keys },
        AwsSecret { region: "us east", ..keys },
        AwsSecret { region: "", ..keys },
        AwsSecret { secret_access_key: &bad, ..keys },
        AwsSecret { session_token: Some(&bad), ..keys },
    ] {
        let auth = Auth::SigV4("bedrock".into());
        let secret = ProviderSecret::Aws(keys);
        assert!(standing(&auth, &secret).is_err(), "{keys:?}");
        assert!(apply(&auth, &secret, &request("/"), UNIX_EPOCH).is_err(), "{keys:?}");
    }
}

#[test]
fn no_secret_is_in_what_is_printed() {
    let (key, token) = (secret("hidden-key"), secret("hidden-token"));
    let aws = ProviderSecret::Aws(AwsSecret {
        access_key_id: "AKID",
        secret_access_key: &key,
        session_token: Some(&token),
        region: "us-east-1",
    });
    let bearer = ProviderSecret::Key(&key);
    let sigv4 = Auth::SigV4("bedrock".into());
    let account = ServiceAccount::read(ACCOUNT).unwrap();
    let request_of_token = account.token_request(UNIX_EPOCH).unwrap();
    for text in [
        format!("{aws:?} {bearer:?}"),
        format!("{:?}", apply(&sigv4, &aws, &request("/"), UNIX_EPOCH)),
        format!("{:?}", standing(&Auth::Bearer, &bearer)),
        format!("{:?}", standing(&Auth::Query("key".into()), &bearer)),
        format!("{account:?} {request_of_token:?}"),
    ] {
        assert!(!text.contains("hidden") && !text.contains("Signature="), "{text}");
        assert!(!text.contains("PRIVATE") && !text.contains("assertion"), "{text}");
    }
}

/// A fixture of this crate.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../fixtures/llm/auth/", $name))
    };
}

/// The vectors that AWS publishes: name, method, target, headers or -, body or -, session token
/// or -, which headers are signed, signature.
const VECTORS: &str = fixture!("aws_vectors.txt");

/// 2015-08-30 12:36:00, the time of all of them.
const VECTORS_TIME: Duration = Duration::from_secs(1_440_938_160);

#[test]
fn signatures_are_those_that_aws_publishes() {
    let key = secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for line in VECTORS.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, method, target, headers, body, token, signed, signature] = fields[..] else {
            panic!("a line of eight fields: {line}");
        };
        let headers: Vec<(String, String)> = headers
            .split('|')
            .filter_map(|header| header.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.replace("\\n", "\n")))
            .collect();
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let token = (token != "-").then(|| secret(token));
        let keys = AwsSecret {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: &key,
            session_token: token.as_ref(),
            region: "us-east-1",
        };
        let body: &[&[u8]] = if body == "-" { &[] } else { &[body.as_bytes()] };
        let request = SignedParts {
            method,
            host: "example.amazonaws.com",
            path_and_query: target,
            headers: &headers,
            body: SignedBody::Pieces(body),
        };
        let auth = Auth::SigV4("service".into());
        let secret = ProviderSecret::Aws(keys);
        let applied = apply(&auth, &secret, &request, UNIX_EPOCH + VECTORS_TIME).unwrap();
        let expect = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={signed}, Signature={signature}"
        );
        assert_eq!(applied.headers[0].1.expose(), expect, "{name}");
        assert_eq!(applied.headers[1], ("x-amz-date".into(), Secret::new("20150830T123600Z")));
    }
    assert_eq!(VECTORS.lines().count(), 34);
}

/// What botocore signs for Bedrock; `sign_by_botocore.py` beside it tells the fields.
const BY_BOTOCORE: &str = fixture!("sigv4.txt");

#[test]
fn signatures_for_bedrock_are_those_of_botocore() {
    let key = secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for line in BY_BOTOCORE.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [method, url, host, content_type, body, token, second, region, expect] = fields[..]
        else {
            panic!("a line of nine fields: {line}");
        };
        let (_, target) = url.split_once(host).unwrap();
        let headers = [("content-type", content_type)];
        let headers = if content_type == "-" { &[] } else { &headers[..] };
        let token = (token != "-").then(|| secret(token));
        let keys = AwsSecret {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: &key,
            session_token: token.as_ref(),
            region,
        };
        // A body of several pieces is the same as one of one, and as its hash.
        let (start, end) = body.as_bytes().split_at(body.len() / 2);
        let pieces = [start, b"", end];
        let hash = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
        let hash = SignedBody::Sha256(hash.as_ref().try_into().unwrap());
        let now = UNIX_EPOCH + Duration::from_secs(second.parse().unwrap());
        for body in [SignedBody::Pieces(&pieces), hash] {
            let request = SignedParts { method, host, path_and_query: target, headers, body };
            let auth = Auth::SigV4("bedrock".into());
            let applied = apply(&auth, &ProviderSecret::Aws(keys), &request, now).unwrap();
            assert_eq!(applied.headers[0].1.expose(), expect, "{url}");
            let sent = applied.headers.get(2).map(|(name, value)| (name.as_ref(), value));
            assert_eq!(sent, token.as_ref().map(|token| ("x-amz-security-token", token)));
        }
    }
    assert_eq!(BY_BOTOCORE.lines().count(), 6);
}

/// An account that nobody has, its key made for this.
const ACCOUNT: &str = fixture!("service_account.json");
const ACCOUNT_PUBLIC_KEY: &str = fixture!("service_account.pub");

#[test]
fn an_assertion_is_signed_by_the_account() {
    let account = ServiceAccount::read(ACCOUNT).unwrap();
    assert_eq!(account.token_uri().to_string(), "https://oauth2.googleapis.com/token");
    assert_eq!(account.project(), Some("example-project"));
    assert_eq!(account.email(), "robot@example-project.iam.gserviceaccount.com");
    let body = account.token_request(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    let (grant, assertion) = body.expose().split_once("&assertion=").unwrap();
    assert_eq!(grant, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");

    let parts: Vec<&str> = assertion.split('.').collect();
    let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(text(parts[0]), r#"{"alg":"RS256","typ":"JWT","kid":"0123456789abcdef"}"#);
    assert_eq!(
        text(parts[1]),
        r#"{"iss":"robot@example-project.iam.gserviceaccount.com","scope":"https://www.googleapis.com/auth/cloud-platform","aud":"https://oauth2.googleapis.com/token","iat":1700000000,"exp":1700003600}"#
    );
    let key = STANDARD.decode(ACCOUNT_PUBLIC_KEY.trim()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert_eq!(key.verify(signed.as_bytes(), &signature), Ok(()));
    assert!(key.verify(b"another text", &signature).is_err());
}

#[test]
fn a_file_that_is_no_service_account_says_what_is_wrong() {
    let without = |field: &str| ACCOUNT.replace(&format!("\"{field}\""), "\"other\"");
    for (json, said) in [
        ("{}".to_owned(), "`type` is missing"),
        (
            r#"{"type":"authorized_user"}"#.to_owned(),
            "type is `authorized_user`, and must be `service_account`",
        ),
        (without("client_email"), "`client_email` is missing"),
        (without("private_key"), "`private_key` is missing"),
        (ACCOUNT.replace("MII", "MIJ"), PKCS8),
        (ACCOUNT.replace("PRIVATE KEY", "RSA PRIVATE KEY"), PKCS8),
        (
            ACCOUNT.replace("https://oauth2.googleapis.com", "http://metadata.google.internal"),
            "`token_uri` must be an https URL, or an http one of this machine",
        ),
        ("[]".to_owned(), "the body must be an object (byte 0)"),
    ] {
        assert_eq!(ServiceAccount::read(&json).unwrap_err().to_string(), said);
    }
    let silent = ServiceAccount::read(&without("token_uri")).unwrap();
    assert_eq!(silent.token_uri().host(), "oauth2.googleapis.com");
}

const PKCS8: &str = "`private_key` must be an RSA key of 2,048 to 4,096 bits as PEM of PKCS#8";

#[test]
fn answers_to_an_assertion_are_read() {
    let token = AccessToken::read(
        r#"{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer","scope":["a"]}"#,
    );
    let expect = AccessToken { token: secret("ya29.x"), lives_for: Duration::from_secs(3599) };
    assert_eq!(token, Ok(expect));
    let lives = |body: &str| AccessToken::read(body).map(|token| token.lives_for.as_secs());
    assert_eq!(lives(r#"{"access_token":"t"}"#), Ok(300));
    assert_eq!(lives(r#"{"access_token":"t","expires_in":86400}"#), Ok(3600));
    assert_eq!(lives(r#"{"expires_in":1}"#), Err(ServiceAccountError::Token));
    assert_eq!(lives(r#"{"access_token":"a\nb"}"#), Err(ServiceAccountError::Token));
    assert_eq!(
        lives(r#"{"error":"invalid_grant","error_description":"Invalid JWT\nSignature."}"#),
        Err(ServiceAccountError::Refused("invalid_grant: Invalid JWTSignature.".into()))
    );
    assert!(matches!(lives("<html>"), Err(ServiceAccountError::Json(_))));
}
