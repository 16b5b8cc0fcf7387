//! From where may be called: checked for every request, before it is routed.
//!
//! A browser on the operator's machine can reach a loopback address for any page it shows. A page
//! that rebinds its own name to us is stopped by the host, a page that posts to us by the origin,
//! and everybody else beyond loopback by having to say who they are.

use std::net::IpAddr;

use architrave_config::Admin;
use axum::body::Bytes;
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request};

use crate::api::BODY_BYTES_MAX;
use crate::error::ApiError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is known of the caller at this point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Whether it has shown a token or a session: no foreign page can have made it, so any host
    /// will do; a scraper or a browser may then use the name it knows us by.
    pub(crate) has_proof: bool,
    /// Whether there are users, so that everybody else has to show something.
    pub(crate) is_set_up: bool,
    /// Whether it asks for what people sign in by, under whatever name they know us by.
    pub(crate) is_signing_in: bool,
    /// Whether it is where an identity provider sends a browser back, which comes from another site
    /// by its nature; a cookie and what follows from it say whether it is ours.
    pub(crate) is_coming_back: bool,
}

/// Lets a request go on, or says why not.
pub(crate) fn check(
    admin: &Admin,
    request: &Request<Bytes>,
    peer: IpAddr,
    standing: Standing,
) -> Result<(), ApiError> {
    // The configuration already asks for a token beyond loopback; this holds if it ever did not.
    let is_beyond = !peer.to_canonical().is_loopback();
    if admin.token.is_none() && !standing.is_set_up && is_beyond {
        return Err(ApiError::peer_not_allowed());
    }
    check_site(admin, request, standing)?;
    if request.body().len() > BODY_BYTES_MAX {
        return Err(ApiError::body_too_large(BODY_BYTES_MAX));
    }
    Ok(())
}

fn check_site(admin: &Admin, request: &Request<Bytes>, standing: Standing) -> Result<(), ApiError> {
    let hosts = hosts(request)?;
    // Beyond loopback an operator has given us an address, and perhaps a name that we do not know.
    let is_named = standing.is_signing_in && !admin.address.ip().is_loopback();
    let is_ours = |host: &Authority| standing.has_proof || is_named || is_own_host(admin, host);
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
        && (standing.is_coming_back || headers.get_all(SEC_FETCH_SITE).iter().all(is_own_site));
    if is_own { Ok(()) } else { Err(ApiError::origin_not_allowed()) }
}

/// Whether a request came by the public address, which is one of TLS: a proxy that ends it stands
/// before us.
pub(crate) fn is_by_public_tls(admin: &Admin, request: &Request<Bytes>) -> bool {
    matches!(public_authority(admin), Some(("https", _))) && is_by_public_host(admin, request)
}

/// Whether a request came by the host of the public address.
pub(crate) fn is_by_public_host(admin: &Admin, request: &Request<Bytes>) -> bool {
    let Some((_, public)) = public_authority(admin) else { return false };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| public.eq_ignore_ascii_case(host))
}

/// The scheme and the authority of the public address.
fn public_authority(admin: &Admin) -> Option<(&str, &str)> {
    let (scheme, rest) = admin.public_url.as_deref()?.split_once("://")?;
    Some((scheme, rest.split('/').next()?))
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
    let is_public = public_authority(admin)
        .is_some_and(|(_, public)| public.eq_ignore_ascii_case(authority.as_str()));
    if is_public || host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let Ok(ip) = bare.parse::<IpAddr>() else { return false };
    let own = admin.address.ip();
    // On a wildcard address every address of the machine is ours; a page can rebind a name to
    // it, and a name is not an address.
    ip.to_canonical().is_loopback() || own.is_unspecified() || ip == own
}
