//! Who may call: checked for every request, before it is routed.
//!
//! A browser on the operator's machine can reach a loopback address for any page it shows. A page
//! that rebinds its own name to us is stopped by the host, a page that posts to us by the origin,
//! and everybody else beyond loopback by the token.

use std::net::IpAddr;

use architrave_config::Admin;
use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request};

use crate::api::BODY_BYTES_MAX;
use crate::error::ApiError;

/// Paths that need no token, so that probes need not know it; they then say less.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Goes with an admitted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Whether the token was presented, or none is needed.
    pub(crate) is_authorised: bool,
}

/// Lets a request through with its [`Caller`], or says why not.
pub(crate) fn admit(
    admin: &Admin,
    mut request: Request<Bytes>,
    peer: IpAddr,
) -> Result<Request<Bytes>, ApiError> {
    // The configuration already asks for a token beyond loopback; this holds if it ever did not.
    if admin.token.is_none() && !peer.to_canonical().is_loopback() {
        return Err(ApiError::peer_not_allowed());
    }
    let is_probe = PROBES.contains(&request.uri().path());
    let token = check_token(admin, request.headers());
    check_site(admin, &request, token.is_ok() && admin.token.is_some())?;
    let caller = Caller { is_authorised: token.is_ok() };
    if !is_probe {
        token?;
    }
    if request.body().len() > BODY_BYTES_MAX {
        return Err(ApiError::body_too_large(BODY_BYTES_MAX));
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

fn check_token(admin: &Admin, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(token) = &admin.token else { return Ok(()) };
    let presented = headers.get(AUTHORIZATION).ok_or_else(ApiError::token_missing)?;
    let (scheme, value) = split_scheme(presented).ok_or_else(ApiError::token_missing)?;
    let is_right = scheme.eq_ignore_ascii_case(b"bearer") && token.matches(value);
    if is_right { Ok(()) } else { Err(ApiError::token_invalid()) }
}

fn split_scheme(value: &HeaderValue) -> Option<(&[u8], &[u8])> {
    let value = value.as_bytes();
    let space = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..space], value[space..].trim_ascii()))
}

/// `knows_token`: no foreign page can have made a caller present the token, so any host will do;
/// a scraper may then use the name it knows us by.
fn check_site(admin: &Admin, request: &Request<Bytes>, knows_token: bool) -> Result<(), ApiError> {
    let hosts = hosts(request)?;
    let is_ours = |host: &Authority| knows_token || is_own_host(admin, host);
    if hosts.is_empty() || !hosts.iter().all(is_ours) {
        return Err(ApiError::host_not_allowed());
    }
    let headers = request.headers();
    let is_own_origin = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| {
            hosts.iter().all(|host| host.as_str().eq_ignore_ascii_case(authority))
        })
    };
    // Browsers say `none` for what the user typed in, `same-site` also for another port.
    let is_own_site = |site: &HeaderValue| *site == "same-origin" || *site == "none";
    let is_own = headers.get_all(ORIGIN).iter().all(is_own_origin)
        && headers.get_all(SEC_FETCH_SITE).iter().all(is_own_site);
    if is_own { Ok(()) } else { Err(ApiError::origin_not_allowed()) }
}

/// Every host that the request names: the one in its target and every `Host` field.
fn hosts(request: &Request<Bytes>) -> Result<Vec<Authority>, ApiError> {
    let in_headers = request.headers().get_all(HOST).iter().map(|host| {
        Authority::try_from(host.as_bytes()).map_err(|_invalid| ApiError::host_not_allowed())
    });
    request.uri().authority().cloned().map(Ok).into_iter().chain(in_headers).collect()
}

fn is_own_host(admin: &Admin, authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let Ok(ip) = bare.parse::<IpAddr>() else { return false };
    let own = admin.address.ip();
    // On a wildcard address every address of the machine is ours; a page can rebind a name to
    // it, and a name is not an address.
    ip.to_canonical().is_loopback() || own.is_unspecified() || ip == own
}
