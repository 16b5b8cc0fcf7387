//! `redirect`: answers with another address instead of a service.
//!
//! The address is always written from checked parts and with its scheme and host: a path that a
//! client made up can never become the host of where it is sent.

use architrave_config::policy as config;
use architrave_core::Reason;
use architrave_net::message::host_of;

use crate::registry::{Build, RequestPolicy, Site};
use crate::verdict::{Reply, Verdict};
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct Redirect(config::Redirect);

impl Build<config::Redirect> for Redirect {
    fn build(config: &config::Redirect, _site: &Site<'_>) -> Self {
        Self(config.clone())
    }
}

impl RequestPolicy for Redirect {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        let authority = &*view.head.authority;
        let host = self.0.host.as_deref().unwrap_or(host_of(authority));
        if !is_host(host) {
            return Reply::refuse(Reason::BadRequest, "the request names no host to stay with")
                .into();
        }
        let current_scheme = if view.is_tls { "https" } else { "http" };
        let scheme = self.0.scheme.as_deref().unwrap_or(current_scheme);
        let current_port = port_of(authority).unwrap_or(default_port(current_scheme));
        let port = self.port(current_scheme, current_port);
        let path = self.0.path.as_deref().unwrap_or(view.path);
        // Where the request already is what the redirect would make of it, it is let through:
        // a listener for both schemes can send everything to https without a loop.
        let stays = scheme == current_scheme
            && host.eq_ignore_ascii_case(host_of(authority))
            && port == current_port
            && path == view.path;
        if stays {
            return Verdict::Continue;
        }
        let location = location(scheme, host, port, path, view.head.query());
        Reply::empty(self.0.status).with_field("location", location.as_bytes()).into()
    }
}

impl Redirect {
    /// A given scheme brings its own port with it, unless one is given too.
    fn port(&self, current_scheme: &str, current_port: u16) -> u16 {
        match (self.0.port, self.0.scheme.as_deref()) {
            (Some(port), _) => port,
            (None, Some(scheme)) if scheme != current_scheme => default_port(scheme),
            (None, _) => current_port,
        }
    }
}

fn location(scheme: &str, host: &str, port: u16, path: &str, query: Option<&str>) -> String {
    let mut location = format!("{scheme}://{host}");
    if port != default_port(scheme) {
        location.push_str(&format!(":{port}"));
    }
    location.push('/');
    location.push_str(path.trim_start_matches('/'));
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    location
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

fn port_of(authority: &str) -> Option<u16> {
    authority[host_of(authority).len()..].strip_prefix(':')?.parse().ok()
}

/// A registered name, an IPv4 address or an IPv6 literal in brackets; nothing else of RFC 3986.
fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[') {
        return literal
            .strip_suffix(']')
            .is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests;
