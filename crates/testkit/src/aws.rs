//! Whether a request is signed as AWS wants it, found out from the request as it came.
//!
//! Not the gateway's signer: written apart from it, from the rules that AWS publishes.

use ring::{digest, hmac};

use crate::message::Request;

/// Checks the signature of a request by a secret key; its scope is given back:
/// `region/service`.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn check_signature(request: &Request, secret: &str) -> Result<String, String> {
    let claimed = request.head.get("authorization").ok_or("there is no Authorization")?;
    let claimed = claimed.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let part = |name: &str| {
        let parts = claimed.split(", ").filter_map(|part| part.split_once('='));
        let mut values = parts.filter(|(key, _)| *key == name).map(|(_, value)| value);
        values.next().ok_or(format!("{name} is missing in {claimed}"))
    };
    let (credential, signed, signature) =
        (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let (_, scope) = credential.split_once('/').ok_or("a credential without scope")?;
    let parts: Vec<&str> = scope.split('/').collect();
    let [day, region, service, "aws4_request"] = parts[..] else {
        return Err(format!("not a scope: {scope}"));
    };
    let time = request.head.get("x-amz-date").ok_or("there is no X-Amz-Date")?;
    if !time.starts_with(day) {
        return Err(format!("signed for {day} at {time}"));
    }
    if !signed.split(';').any(|name| name == "host") {
        return Err(String::from("the host is not signed"));
    }

    let canonical = canonical(request, signed)?;
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{secret}").into_bytes();
    for step in [day, region, service, "aws4_request", &text] {
        let signer = hmac::Key::new(hmac::HMAC_SHA256, &key);
        key = hmac::sign(&signer, step.as_bytes()).as_ref().to_vec();
    }
    match hex(&key) == signature {
        true => Ok(format!("{region}/{service}")),
        false => Err(format!("the signature is not that of\n{canonical}")),
    }
}

/// The request as it is signed. Paths of these tests have no dots and no doubled slashes, and
/// queries no two names, so that nothing is to be put in order.
fn canonical(request: &Request, signed: &str) -> Result<String, String> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path: String = path.bytes().map(encoded).collect();
    let mut headers = String::new();
    for name in signed.split(';') {
        let value = request.head.get(name).ok_or(format!("{name} is signed and not there"))?;
        headers.push_str(&format!("{name}:{}\n", value.trim()));
    }
    let body = sha256(&request.body);
    Ok(format!("{}\n{path}\n{query}\n{headers}\n{signed}\n{body}", request.method))
}

fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
