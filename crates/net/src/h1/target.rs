//! The four forms of a request target (RFC 9112 §3.2), brought to one: authority and origin form.
//!
//! The path is not made canonical here: that is `path`'s, for HTTP/2 just the same.

use super::ParseError;
use super::authority;
use crate::message::{Method, RequestHead, Version};

/// Reads target and `Host` into `head`, whose method and version are set. `last` is the authority of
/// the request before on the connection, or empty: the same need not be looked at again.
pub(super) fn read(
    target: &str,
    host: Option<&[u8]>,
    last: String,
    head: &mut RequestHead,
) -> Result<(), ParseError> {
    // httparse lets through what is visible, and bytes above ASCII.
    if target.bytes().fold(false, |bad, byte| bad | (byte >= 0x80) | (byte == b'#')) {
        return Err(ParseError::Target);
    }
    if host.is_none() && head.version == Version::Http11 {
        return Err(ParseError::HostMissing);
    }
    if target.starts_with('/') || (target == "*" && head.method == Method::Options) {
        head.target.push_str(target);
        match host {
            Some(host) if host == last.as_bytes() && !last.is_empty() => head.authority = last,
            Some(host) => head.authority.push_str(authority::read(host)?),
            None => {}
        }
        return Ok(());
    }
    let rest = strip_scheme(target).ok_or(ParseError::Target)?;
    // Not used, as the target's authority wins, but no reader behind us shall see a bad one.
    host.map(authority::read).transpose()?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (name, path) = rest.split_at(end);
    head.authority.push_str(authority::read(name.as_bytes())?);
    match path.as_bytes().first() {
        Some(b'/') => {}
        None if head.method == Method::Options => head.target.push('*'),
        _ => head.target.push('/'),
    }
    head.target.push_str(path);
    Ok(())
}

/// What follows `http://` or `https://`, in any case.
fn strip_scheme(target: &str) -> Option<&str> {
    ["http://", "https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}
