//! Queries, forms and what proves who we are, written.

use architrave_core::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Pairs as `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A URL with pairs added to its query.
pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{}", form(pairs))
}

/// Text as it stands in a query: a space is `%20`, which every reader understands.
fn escape(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escaped = text.bytes().map(|byte| match byte {
        byte if is_plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// `Authorization` with what proves who we are (RFC 6749, section 2.3.1).
pub(crate) fn basic(client_id: &str, secret: &Secret) -> Secret {
    let pair = format!("{}:{}", form_escape(client_id), form_escape(secret.expose()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

/// As forms have it, where a space is `+`.
fn form_escape(text: &str) -> String {
    escape(text).replace("%20", "+")
}
