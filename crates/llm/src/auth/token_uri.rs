//! Where access tokens are asked for: an https URL, or an http one of this machine.

use std::fmt;
use std::net::IpAddr;

/// The place that gives out access tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenUri {
    text: String,
    is_encrypted: bool,
    host: String,
    port: u16,
    /// Where in the text the path begins.
    path_at: usize,
}

impl TokenUri {
    /// The place that a URL names; nothing where it is neither https nor of this machine, or says
    /// more than host, port, path and query.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (is_encrypted, rest) = match text.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("http://")?),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // A query without a path is none that everybody would ask for the same way.
        let is_plain = !rest[authority.len()..].starts_with('?')
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && !text.contains(['@', '#', '\\', '"', '<', '>']);
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None if is_encrypted => 443,
            None => 80,
        };
        let uri = Self {
            text: text.to_owned(),
            is_encrypted,
            host: host.to_ascii_lowercase(),
            port,
            path_at: text.len() - rest.len() + authority.len(),
        };
        (is_plain && (is_encrypted || uri.is_loopback())).then_some(uri)
    }

    /// Whether it is asked by TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The host: a name, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What the `Host` header says.
    #[must_use]
    pub fn authority(&self) -> &str {
        let start = if self.is_encrypted { "https://".len() } else { "http://".len() };
        &self.text[start..self.path_at]
    }

    /// Path and query.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        match &self.text[self.path_at..] {
            "" => "/",
            path => path,
        }
    }

    /// Whether it is on this machine by what it says.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// A host without brackets, and what stands behind its colon.
fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, rest)
    } else {
        let end = authority.find(':').unwrap_or(authority.len());
        let host = &authority[..end];
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if host.is_empty() || !host.bytes().all(is_name) {
            return None;
        }
        (host, &authority[end..])
    };
    match rest {
        "" => Some((host, None)),
        _ => Some((host, Some(rest.strip_prefix(':')?))),
    }
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenUri;

    #[test]
    fn https_and_loopback_are_places_for_tokens() {
        for (text, host, port, authority, path) in [
            (
                "https://oauth2.googleapis.com/token",
                "oauth2.googleapis.com",
                443,
                "oauth2.googleapis.com",
                "/token",
            ),
            (
                "https://Accounts.example:8443",
                "accounts.example",
                8443,
                "Accounts.example:8443",
                "/",
            ),
            ("http://127.0.0.1:8080/t?x=1", "127.0.0.1", 8080, "127.0.0.1:8080", "/t?x=1"),
            ("http://[::1]/t", "::1", 80, "[::1]", "/t"),
            ("http://localhost:99/", "localhost", 99, "localhost:99", "/"),
        ] {
            let uri = TokenUri::parse(text).unwrap();
            assert_eq!((uri.host(), uri.port()), (host, port), "{text}");
            assert_eq!((uri.authority(), uri.path_and_query()), (authority, path), "{text}");
            assert_eq!(
                (uri.to_string().as_str(), uri.is_encrypted()),
                (text, text.starts_with("https"))
            );
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "http://oauth2.googleapis.com/token",
            "http://127.0.0.1.example/token",
            "http://10.0.0.1/token",
            "ftp://oauth2.googleapis.com/token",
            "oauth2.googleapis.com/token",
            "https:///token",
            "https://user@host/token",
            "https://host:0/token",
            "https://host:port/token",
            "https://host:/token",
            "https://[::1/token",
            "https://[x]/token",
            "https://host/to ken",
            "https://host/\r\nx",
            "https://host/#x",
            "",
        ] {
            assert_eq!(TokenUri::parse(text), None, "{text}");
        }
    }
}
