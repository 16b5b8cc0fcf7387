//! The console and the portal as a browser gets them: files that were built and pressed before, in
//! the binary.
//!
//! They are the same for everybody and say nothing of the gateway, so they are there before it is
//! asked who calls; what they show they ask the API for. Where the binary was built without them,
//! a page says how to get them.

use architrave_config::Admin;
use axum::body::Bytes;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode};

use crate::guard;
use crate::operation::Surface;

#[cfg(test)]
mod tests;

/// What comes with every page: nothing but from here, and no script or style that stands in it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     font-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; \
     frame-ancestors 'none'";

/// Their names have a digest of what is in them.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Where a proxy has us, below its own root.
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The longest prefix that is believed, in bytes: nobody types more.
const PREFIX_BYTES_MAX: usize = 256;

const NOT_BUILT: &str = include_str!("console/not_built.html");

/// A file, in all its forms.
struct File {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All of them; none where the binary was built without.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// The answer to who asks for a page or what belongs to one; `None` is for the API to answer.
pub(crate) fn answer(
    surface: Surface,
    admin: &Admin,
    request: &Request<Bytes>,
) -> Option<Response<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return None;
    }
    let word = word(surface);
    let path = request.uri().path();
    if path == "/" && accepts(request.headers(), &header::ACCEPT, "text/html") {
        return Some(elsewhere(&format!("{word}/")));
    }
    let rest = path.strip_prefix('/')?.strip_prefix(word)?;
    if rest.is_empty() {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        return Some(elsewhere(&format!("{word}/{query}")));
    }
    let rest = rest.strip_prefix('/')?;
    if let Some(file) = FILES.iter().find(|file| file.path == rest && !rest.ends_with(".html")) {
        return Some(asset(file, request.headers()));
    }
    if rest.starts_with("assets/") {
        return Some(missing());
    }
    Some(page(word, &prefix(admin, request)))
}

const fn word(surface: Surface) -> &'static str {
    match surface {
        Surface::Admin => "console",
        Surface::Portal => "portal",
    }
}

/// The page of a face: one for all of its paths, which its script tells apart.
fn page(word: &str, prefix: &str) -> Response<Bytes> {
    let name = format!("{word}.html");
    let file = FILES.iter().find(|file| file.path == name);
    let text = file.and_then(|file| std::str::from_utf8(file.plain).ok());
    let Some(text) = text else {
        return html(StatusCode::NOT_FOUND, NOT_BUILT.to_owned());
    };
    let base = format!("<base href=\"{prefix}/{word}/\" />");
    html(StatusCode::OK, text.replace(&format!("<base href=\"/{word}/\" />"), &base))
}

fn html(status: StatusCode, text: String) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "x-forwarded-prefix"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn asset(file: &File, asked: &HeaderMap) -> Response<Bytes> {
    let forms = [("br", file.brotli), ("gzip", file.gzip)];
    let form = forms.into_iter().find_map(|(coding, bytes)| {
        Some((coding, bytes.filter(|_| accepts(asked, &header::ACCEPT_ENCODING, coding))?))
    });
    let bytes = form.map_or(file.plain, |(_, bytes)| bytes);
    let mut answer = Response::new(Bytes::from_static(bytes));
    let headers = answer.headers_mut();
    if let Some((coding, _)) = form {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    for (name, value) in [
        (header::CONTENT_TYPE, media_type(file.path)),
        (header::CACHE_CONTROL, FOR_GOOD),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn missing() -> Response<Bytes> {
    let mut answer = html(StatusCode::NOT_FOUND, "there is no such file\n".to_owned());
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

/// To a place that is told from where the browser is, so that it holds behind a prefix too.
fn elsewhere(place: &str) -> Response<Bytes> {
    let mut answer = html(StatusCode::FOUND, String::new());
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    if let Ok(place) = HeaderValue::try_from(place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer
}

/// Whether a list of what is accepted has `wanted`, and not with a weight of nothing.
fn accepts(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut items = values.flat_map(|value| value.split(','));
    items.any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|part| part.eq_ignore_ascii_case(wanted));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_it && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// What stands before our paths where the browser is: what a proxy says, else what the public
/// address has for who comes by it.
///
/// Whoever writes the header themselves gets a page that finds nothing, and nobody else does.
fn prefix(admin: &Admin, request: &Request<Bytes>) -> String {
    let said = request.headers().get(FORWARDED_PREFIX).and_then(|said| said.to_str().ok());
    let said = said.map(|said| said.trim_end_matches('/')).filter(|said| is_prefix(said));
    let public = || {
        let url = admin.public_url.as_deref().filter(|_| guard::is_by_public_host(admin, request));
        let path = url?.split_once("://")?.1.split_once('/')?.1.trim_end_matches('/');
        Some(format!("/{path}")).filter(|path| is_prefix(path))
    };
    said.map(str::to_owned).or_else(public).unwrap_or_default()
}

/// A path in its plainest spelling: nothing in it means anything in HTML or leads to another host.
fn is_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.len() <= PREFIX_BYTES_MAX
        && text.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|part| {
                !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_plain)
            })
        })
}
