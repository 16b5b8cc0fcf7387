//! Calls of services by the pages: `/portal/try/{service}/…`, and `/console/try/{service}/…` at the
//! admin listener. Who may know of a service may have a call relayed to it through the data plane,
//! with a credential of their own and by the rules that hold for all traffic.
//!
//! What comes back is an envelope: always 200 and of no type that a browser would make anything of,
//! with the status in `try-status` and the fields under `try-…`, so that no cookie, redirect or page
//! of a service is ever one of this origin. It is relayed by whoever has the sockets.

use std::fmt;
use std::net::IpAddr;

use architrave_config::object::ObjectKind;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response};

use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::Surface;
use crate::permission::Permission;
use crate::usecase::objects;

/// Fields of the call are sent under names that begin so, and no other field goes on.
const FIELD: &str = "try-";

/// What no page of another origin and no address that is typed in can send: without it nothing is
/// called.
const MARK: HeaderName = HeaderName::from_static("x-try");

/// Fields that say whose call it is or how it is framed; those are the relay's to write.
const NOT_TAKEN: [&str; 12] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// A call that may be relayed.
#[derive(Clone)]
pub struct Try {
    /// The service, and no other may answer.
    pub service: String,
    /// Its method.
    pub method: Method,
    /// Path and query at the gateway.
    pub target: String,
    /// Its fields, credentials among them.
    pub fields: Vec<(String, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
    /// For whom.
    pub client: IpAddr,
}

impl fmt::Debug for Try {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Try({} {})", self.method, self.service)
    }
}

/// The service and the target of a path that is one of ours, still escaped.
pub(crate) fn asked(surface: Surface, path: &str) -> Option<(&str, &str)> {
    let rest = match surface {
        Surface::Admin => path.strip_prefix("/console/try/"),
        Surface::Portal => path.strip_prefix("/portal/try/"),
    }?;
    let (service, _) = rest.split_once('/')?;
    Some((service, &rest[service.len()..]))
}

/// Lets a call be relayed, or says why not: what answers has a [`Try`] among its extensions.
pub(crate) async fn answer(
    dependencies: &Dependencies,
    caller: &Caller,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let Some((service, path)) = asked(dependencies.surface, request.uri().path()) else {
        return Err(ApiError::route_not_found());
    };
    if !request.headers().contains_key(MARK) {
        let message = "calls of services are made by the pages, which send `x-try`";
        return Err(ApiError::new(Code::OriginNotAllowed, message));
    }
    let is_confirmed = |caller: &Caller| {
        caller.session().is_none_or(|session| session.is_confirmed_by(request.headers()))
    };
    if !is_confirmed(caller) {
        let message = "send the session's token as x-csrf-token; GET /api/v1/session shows it";
        return Err(ApiError::new(Code::CsrfTokenWrong, message));
    }
    let shown = objects::read(dependencies, ObjectKind::Service, service).await?;
    let may = |shown: &objects::Shown| match dependencies.surface {
        Surface::Admin => caller.may(Permission::ReadObjects, shown.team.as_deref()),
        Surface::Portal => {
            let is_team = caller.may(Permission::ReadObjects, shown.team.as_deref());
            (is_team || shown.is_shared_with(caller)) && shown.is_in_use()
        }
    };
    if !shown.as_ref().is_some_and(may) {
        return Err(objects::not_found(ObjectKind::Service, service));
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let relayed = Try {
        service: service.to_owned(),
        method: request.method().clone(),
        target: format!("{path}{query}"),
        fields: fields(request),
        body: request.body().clone(),
        client: caller.origin.address,
    };
    let mut answer = Response::new(Bytes::new());
    let sort = HeaderValue::from_static("application/octet-stream");
    answer.headers_mut().insert(CONTENT_TYPE, sort);
    answer.extensions_mut().insert(relayed);
    Ok(answer)
}

fn fields(request: &Request<Bytes>) -> Vec<(String, HeaderValue)> {
    let named = request.headers().iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix(FIELD)?;
        let is_taken = !name.is_empty()
            && !NOT_TAKEN.contains(&name)
            && !name.starts_with("x-forwarded-")
            && !name.starts_with("proxy-")
            && !name.starts_with("sec-");
        is_taken.then(|| (name.to_owned(), value.clone()))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_service_and_what_is_called_of_it() {
        let asked = |path| asked(Surface::Portal, path);
        assert_eq!(asked("/portal/try/orders/orders/7"), Some(("orders", "/orders/7")));
        assert_eq!(asked("/portal/try/orders/"), Some(("orders", "/")));
        assert_eq!(asked("/portal/try/orders"), None);
        assert_eq!(asked("/console/try/orders/"), None);
    }

    #[test]
    fn only_what_is_meant_for_the_service_goes_on() {
        let request = Request::builder()
            .header("cookie", "architrave_session=hush")
            .header("x-csrf-token", "hush")
            .header("try-authorization", "Bearer key")
            .header("try-cookie", "a=b")
            .header("try-x-forwarded-for", "192.0.2.1")
            .header("try-host", "elsewhere.example")
            .body(Bytes::new())
            .unwrap();
        let names: Vec<_> = fields(&request).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["authorization"]);
    }
}
