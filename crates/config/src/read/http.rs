//! What HTTP allows in names, values, methods, hosts and paths: checked here, so that nothing
//! behind the configuration has to check again.

use super::scalar::scalar;
use super::{Reader, Shape, Written};
use crate::HostPattern;
use crate::tree::Node;

/// Fields that frame a message or belong to one hop, in lower case: the gateway writes them itself
/// or leaves them out, so that no policy can desynchronise a connection, and so no policy could
/// have an effect on them.
pub const HOP_FIELDS: &[&str] = &[
    "connection",
    "content-length",
    "http2-settings",
    "keep-alive",
    "proxy",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A header name, kept in lower case.
pub(crate) struct HeaderName;

/// A header name that a policy may set, add or remove.
pub(crate) struct EditableHeader;

/// A header value without control characters.
pub(crate) struct HeaderValue;

/// The name of a cookie.
pub(crate) struct CookieName;

/// The name of a query parameter.
pub(crate) struct QueryName;

/// A method such as `GET`.
pub(crate) struct Method;

/// A host name or address without a port, kept in lower case.
pub(crate) struct Host;

/// A host name or address, with or without a port.
pub(crate) struct HostAndPort;

/// `api.example.com` or `*.example.com`.
pub(crate) struct HostPatternText;

/// A server name of TLS: exact or `*.example.com`, kept in lower case.
pub(crate) struct ServerName;

/// A path with or without a query.
pub(crate) struct RequestTarget;

/// `https://host:port/path`, kept without a slash at its end.
pub(crate) struct BaseUrl;

/// Gives a marker its reader: what is expected, and how a text becomes what is kept.
macro_rules! texts {
    ($($marker:ident: $kind:literal, $expected:literal, $parse:expr;)+) => {$(
        impl Written for $marker {
            type Value = String;

            fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
                let parse: fn(&str) -> Option<String> = $parse;
                scalar(node, reader, $expected, parse)
            }

            fn shape() -> Shape {
                Shape::Text { kind: $kind, pattern: None }
            }

            fn show(value: &String) -> Option<serde_json::Value> {
                Some(value.as_str().into())
            }
        }
    )+};
}

texts! {
    HeaderName: "header name", "a header name such as `x-user`", |text| {
        is_token(text).then(|| text.to_ascii_lowercase())
    };
    HeaderValue: "header value", "a header value without control characters or spaces around it",
        |text| {
            let fits = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
            (text.bytes().all(fits) && text.trim() == text).then(|| text.to_owned())
        };
    CookieName: "cookie name", "the name of a cookie", |text| {
        is_token(text).then(|| text.to_owned())
    };
    QueryName: "parameter name", "the name of a query parameter", |text| {
        (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    Host: "host", "a host such as `api.example.com`, without a port", parse_host;
    HostAndPort: "host", "a host such as `api.example.com` or `api.example.com:8080`",
        parse_authority;
    ServerName: "host or wildcard", "a server name such as `shop.example` or `*.shop.example`", |text| {
        match text.strip_prefix("*.") {
            Some(parent) => parse_host(parent).map(|parent| format!("*.{parent}")),
            None => parse_host(text),
        }
    };
    RequestTarget: "path", "a path such as `/healthz`, with or without a query", |text| {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        (text.starts_with('/') && text.bytes().all(fits)).then(|| text.to_owned())
    };
}

impl Written for BaseUrl {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let url = node.text().and_then(parse_base_url);
        if url.is_none() {
            // Never the text itself: people put passwords and keys into URLs.
            let message = "expected a URL such as `https://models.example.com/v1`, without user, \
                           password, query or fragment, in its plainest spelling";
            let host = node.text().filter(|text| !node.substituted && parse_host(text).is_some());
            let suggestion = host.map(|host| format!("https://{host}"));
            reader.refuse_with(node.place, message, suggestion);
        }
        url
    }

    fn shape() -> Shape {
        Shape::Text { kind: "URL", pattern: Some("^https?://[^?#@]+$") }
    }
}

impl Written for EditableHeader {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let name = HeaderName::read(node, reader)?;
        if HOP_FIELDS.contains(&name.as_str()) {
            let message = format!("`{name}` frames the message or belongs to the connection");
            reader.refuse(node.place, message + ": the gateway writes it itself, or leaves it out");
            return None;
        }
        if name == "host" {
            reader.refuse(node.place, "the host is changed by the policy `rewrite`");
            return None;
        }
        Some(name)
    }

    fn shape() -> Shape {
        HeaderName::shape()
    }

    fn show(value: &String) -> Option<serde_json::Value> {
        HeaderName::show(value)
    }
}

impl Written for Method {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let method = scalar(node, reader, "a method such as `GET`", |text| {
            is_token(text).then(|| text.to_owned())
        })?;
        let upper = method.to_ascii_uppercase();
        if method != upper {
            reader.refuse_with(node.place, "methods are in upper case", Some(upper));
            return None;
        }
        Some(method)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "method", pattern: None }
    }

    fn show(value: &String) -> Option<serde_json::Value> {
        Some(value.as_str().into())
    }
}

impl Written for HostPatternText {
    type Value = HostPattern;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<HostPattern> {
        if node.text() == Some("*") {
            reader.refuse(node.place, "leave `hosts` out to take any host");
            return None;
        }
        let expected = "a host such as `api.example.com` or `*.example.com`, without a port";
        scalar(node, reader, expected, |text| match text.strip_prefix("*.") {
            Some(parent) => parse_host(parent).map(HostPattern::Wildcard),
            None => parse_host(text).map(HostPattern::Exact),
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "host or wildcard", pattern: None }
    }
}

/// Every byte visible: what a credential in a header may be made of.
pub(crate) fn is_visible_ascii(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

fn parse_base_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_canonical = path.is_empty() || super::path::canonical(path).as_deref() == Some(path);
    // A `?` or `#` would be an escape in the canonical spelling.
    let fits = matches!(&*scheme, "http" | "https") && is_canonical;
    let authority = parse_authority(authority).filter(|_| fits)?;
    Some(format!("{scheme}://{authority}{}", path.strip_suffix('/').unwrap_or(path)))
}

/// A host, with or without a port.
fn parse_authority(text: &str) -> Option<String> {
    parse_host(text).or_else(|| {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = super::number::digits(port).filter(|port| *port > 0)?;
        Some(format!("{}:{port}", parse_host(host)?))
    })
}

/// A host in lower case: labels of letters, digits, `-` and `_`, or an address (IPv6 in brackets).
fn parse_host(text: &str) -> Option<String> {
    const HOST_BYTES_MAX: usize = 253;
    const LABEL_BYTES_MAX: usize = 63;
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().ok().map(|ip| format!("[{ip}]"));
    }
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let fits = text.len() <= HOST_BYTES_MAX && text.split('.').all(label);
    fits.then(|| text.to_ascii_lowercase())
}
