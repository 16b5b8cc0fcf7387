//! `cors`: what browsers of other origins may do (the Fetch standard's CORS protocol).
//!
//! The gateway answers preflights itself, before anyone is asked for a credential, and speaks for
//! the service on every response: what the service says about CORS is taken out.

mod origin;

use architrave_config::policy as config;
use architrave_net::fields::is_token_byte;
use architrave_net::{Fields, Known, Method, RequestHead};

use crate::registry::{Build, RequestPolicy, ResponsePolicy, Site};
use crate::verdict::{Reply, Verdict};
use crate::view::{RequestView, ResponseView};
use origin::Origins;

/// What the origin of a request is granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Nothing: no origin was named, or not one that is let in.
    #[default]
    None,
    /// What anyone is.
    Any,
    /// What is granted to the very origin that was noted.
    Origin,
    /// A preflight was answered: everything is said already.
    Preflight,
}

/// The policy, ready to run.
#[derive(Debug)]
pub struct Cors {
    origins: Origins,
    methods: String,
    is_any_method: bool,
    headers: String,
    is_any_header: bool,
    expose: String,
    credentials: bool,
    max_age: String,
}

/// The fields by which a response speaks about CORS.
const RESPONSE_FIELDS: &[&str] = &[
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

const REQUEST_METHOD: &str = "access-control-request-method";
const REQUEST_HEADERS: &str = "access-control-request-headers";

impl Build<config::Cors> for Cors {
    fn build(config: &config::Cors, _site: &Site<'_>) -> Self {
        let origins = Origins::new(&config.origins);
        Self {
            // `*` with credentials is refused by the configuration, and means nothing here.
            credentials: config.credentials && !origins.is_any(),
            origins,
            methods: config.methods.join(", "),
            is_any_method: config.methods.iter().any(|method| method == "*"),
            headers: config.headers.join(", "),
            is_any_header: config.headers.iter().any(|header| header == "*"),
            expose: config.expose.join(", "),
            max_age: config.max_age.as_secs().to_string(),
        }
    }
}

impl RequestPolicy for Cors {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        if !is_preflight(view.head) {
            return Verdict::Continue;
        }
        let mut reply = Reply::empty(204);
        self.answer_preflight(view, &mut reply.fields);
        view.admission.cors = Grant::Preflight;
        reply.into()
    }
}

impl ResponsePolicy for Cors {
    fn prepare(&self, view: &mut RequestView<'_>) {
        let admission = &mut *view.admission;
        admission.cors = Grant::None;
        let mut named = view.head.fields.all_known(Known::Origin);
        let (Some(origin), None) = (named.next(), named.next()) else { return };
        if self.origins.is_any() {
            admission.cors = Grant::Any;
        } else if self.origins.contains(origin) {
            admission.cors = Grant::Origin;
            admission.origin.clear();
            admission.origin.extend_from_slice(origin);
        }
    }

    fn on_response(&self, view: &mut ResponseView<'_>) {
        let grant = view.admission.cors;
        if grant == Grant::Preflight {
            return;
        }
        let fields = &mut view.head.fields;
        fields.retain(|field| !is_response_field(field.name));
        self.grant(grant, &view.admission.origin, fields);
        if grant != Grant::None && !self.expose.is_empty() {
            fields.append("access-control-expose-headers", self.expose.as_bytes());
        }
        if !self.origins.is_any() {
            vary_by_origin(fields);
        }
    }
}

impl Cors {
    /// Nothing is granted to an origin that is not let in; the browser then says no by itself.
    fn answer_preflight(&self, view: &RequestView<'_>, fields: &mut Fields) {
        let asked = &view.head.fields;
        fields.append(
            "vary",
            b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        );
        if view.admission.cors == Grant::None {
            return;
        }
        self.grant(view.admission.cors, &view.admission.origin, fields);
        // Where anything is allowed, what was asked for is repeated: `*` would leave out
        // `Authorization`, and mean itself where credentials are sent.
        let methods = asked.get(REQUEST_METHOD).filter(|_| self.is_any_method);
        append_list(fields, "access-control-allow-methods", methods, &self.methods);
        let headers = asked.get(REQUEST_HEADERS).filter(|_| self.is_any_header);
        append_list(fields, "access-control-allow-headers", headers, &self.headers);
        fields.append("access-control-max-age", self.max_age.as_bytes());
    }

    fn grant(&self, grant: Grant, origin: &[u8], fields: &mut Fields) {
        match grant {
            Grant::None | Grant::Preflight => return,
            Grant::Any => fields.append("access-control-allow-origin", b"*"),
            Grant::Origin => fields.append("access-control-allow-origin", origin),
        }
        if self.credentials {
            fields.append("access-control-allow-credentials", b"true");
        }
    }
}

fn append_list(fields: &mut Fields, name: &str, asked: Option<&[u8]>, configured: &str) {
    match asked.filter(|asked| is_token_list(asked)) {
        Some(asked) => fields.append(name, asked),
        None if configured.is_empty() => {}
        None => fields.append(name, configured.as_bytes()),
    }
}

fn is_preflight(head: &RequestHead) -> bool {
    preflight_method(head).is_some()
}

/// The method that a preflight asks for; `None` for any other request. A route that takes only
/// some methods is meant to be found by it: a preflight asks on behalf of the request to come.
#[must_use]
pub fn preflight_method(head: &RequestHead) -> Option<&[u8]> {
    if head.method == Method::Options && head.fields.get_known(Known::Origin).is_some() {
        head.fields.get(REQUEST_METHOD)
    } else {
        None
    }
}

fn is_response_field(name: &[u8]) -> bool {
    // Their shared beginning is looked at first: most fields are none of them.
    name.len() > 15
        && name[..15].eq_ignore_ascii_case(b"access-control-")
        && RESPONSE_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field.as_bytes()))
}

fn is_token_list(list: &[u8]) -> bool {
    list.iter().all(|byte| is_token_byte(*byte) || matches!(byte, b',' | b' '))
}

/// Caches must keep the answers for different origins apart.
fn vary_by_origin(fields: &mut Fields) {
    let says_so = |value: &[u8]| {
        value
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
    };
    if !fields.all("vary").any(says_so) {
        fields.append("vary", b"Origin");
    }
}

#[cfg(test)]
mod tests;
