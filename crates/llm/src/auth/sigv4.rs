//! Signature version 4 of AWS, in headers.
//!
//! Path and query are signed as they go out: percent-encoded once more where the path is
//! concerned, which every service wants but S3.

use std::collections::BTreeMap;
use std::time::SystemTime;

use architrave_core::Secret;
use ring::digest::{Context, SHA256};
use ring::hmac::{self, HMAC_SHA256, Key};

use super::amz_date::{DATE, amz_date};
use super::percent::{decoded, encode_to};
use super::{Applied, AwsSecret, SignedBody, SignedParts};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The headers of a signed request. The keys have been checked.
pub(super) fn sign(
    service: &str,
    keys: &AwsSecret<'_>,
    request: &SignedParts<'_>,
    now: SystemTime,
) -> Applied {
    let time = amz_date(now);
    let token = keys.session_token.map(Secret::expose);
    let headers = signed_headers(request, &time, token);
    let names: Vec<&str> = headers.keys().copied().collect();
    let names = names.join(";");
    let canonical = canonical_request(request, &headers, &names);

    let date = &time[..DATE];
    let scope = format!("{date}/{}/{service}/aws4_request", keys.region);
    let hash = hex(ring::digest::digest(&SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{hash}");
    let signature = hex(hmac(signing_key(keys, date, service), &to_sign).as_ref());

    let id = keys.access_key_id;
    let authorization = format!(
        "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    let mut applied = vec![
        ("authorization".into(), Secret::new(authorization)),
        ("x-amz-date".into(), Secret::new(time)),
    ];
    applied.extend(token.map(|token| ("x-amz-security-token".into(), Secret::new(token))));
    Applied { headers: applied, query: None }
}

/// Headers in order, each value as it is signed; several of a name with commas between them.
fn signed_headers<'a>(
    request: &SignedParts<'a>,
    time: &'a str,
    token: Option<&'a str>,
) -> BTreeMap<&'a str, String> {
    let own = [("host", request.host), ("x-amz-date", time)];
    let token = token.map(|token| ("x-amz-security-token", token));
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in own.into_iter().chain(token).chain(request.headers.iter().copied()) {
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let value = words.join(" ");
        headers
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    headers
}

fn canonical_request(
    request: &SignedParts<'_>,
    headers: &BTreeMap<&str, String>,
    names: &str,
) -> String {
    let target = request.path_and_query;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut text = format!("{}\n", request.method);
    write_path(path, &mut text);
    text.push('\n');
    write_query(query, &mut text);
    text.push('\n');
    for (name, value) in headers {
        text.push_str(name);
        text.push(':');
        text.push_str(value);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(names);
    text.push('\n');
    text.push_str(&hex(&hash(request.body)));
    text
}

/// The path without empty and dot segments, what is left of each encoded.
fn write_path(path: &str, text: &mut String) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        text.push('/');
        encode_to(segment.as_bytes(), text);
    }
    if segments.is_empty() || path.ends_with('/') {
        text.push('/');
    }
}

/// The parameters in order, each with an equals sign, encoded once.
fn write_query(query: &str, text: &mut String) {
    let once = |part: &str| {
        let mut out = String::with_capacity(part.len());
        encode_to(&decoded(part), &mut out);
        out
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (once(name), once(value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    text.push_str(&pairs.join("&"));
}

fn hash(body: SignedBody<'_>) -> [u8; 32] {
    let mut hash = [0; 32];
    match body {
        SignedBody::Sha256(known) => hash = known,
        SignedBody::Pieces(pieces) => {
            let mut context = Context::new(&SHA256);
            pieces.iter().for_each(|piece| context.update(piece));
            hash.copy_from_slice(context.finish().as_ref());
        }
    }
    hash
}

/// The key of a day, a region and a service.
fn signing_key(keys: &AwsSecret<'_>, date: &str, service: &str) -> Key {
    let first = format!("AWS4{}", keys.secret_access_key.expose());
    let first = Key::new(HMAC_SHA256, first.as_bytes());
    [date, keys.region, service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| Key::new(HMAC_SHA256, hmac(key, part).as_ref()))
}

fn hmac(key: Key, text: &str) -> hmac::Tag {
    hmac::sign(&key, text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
