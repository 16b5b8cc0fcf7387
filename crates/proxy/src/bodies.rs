//! The beginnings of bodies, for the request log of services that ask for them. Of all others
//! nothing is looked at and nothing is copied.

use std::sync::Arc;

use architrave_net::Fields;
use architrave_telemetry::usage::{BodyStart, LineBodies};

use crate::body::RequestBody;
use crate::exchange::{Exchange, MatchedRoute};
use crate::worker::Worker;

/// Notes from here on what comes and goes, where the service asks for it and there is a request log.
pub(crate) fn begin(worker: &Worker, exchange: &mut Exchange<'_>, matched: &MatchedRoute<'_>) {
    let rule = matched.service.and_then(|service| service.bodies.as_ref());
    let Some(rule) = rule.filter(|_| worker.gateway().usage.is_some()) else { return };
    let request = start_of(&exchange.head.fields);
    let response = BodyStart::default();
    exchange.bodies = Some(Box::new(LineBodies { rule: Arc::clone(rule), request, response }));
}

/// Has the request's body noted on its way to endpoints.
pub(crate) fn note_request(exchange: &mut Exchange<'_>, body: &mut RequestBody<'_>) {
    if let Some(bodies) = &mut exchange.bodies {
        body.note(&bodies.rule, std::mem::take(&mut bodies.request));
    }
}

/// Takes over what was noted of it.
pub(crate) fn take_request(exchange: &mut Exchange<'_>, body: &mut RequestBody<'_>) {
    if let Some(bodies) = &mut exchange.bodies
        && let Some(start) = body.take_noted()
    {
        bodies.request = start;
    }
}

/// Notes what the response's head says of its body.
pub(crate) fn note_response(exchange: &mut Exchange<'_>, fields: &Fields) {
    if let Some(bodies) = &mut exchange.bodies {
        bodies.response = start_of(fields);
    }
}

/// Notes a response's body that goes out whole.
pub(crate) fn note_whole_response(exchange: &mut Exchange<'_>, fields: &Fields, body: &[u8]) {
    note_response(exchange, fields);
    if let Some(bodies) = &mut exchange.bodies {
        bodies.rule.take(&mut bodies.response, body);
    }
}

fn start_of(fields: &Fields) -> BodyStart {
    let content_type = fields.get("content-type").unwrap_or_default();
    let encoding = fields.get("content-encoding").unwrap_or(b"identity");
    BodyStart {
        content_type: String::from_utf8_lossy(content_type).into(),
        is_encoded: !encoding.eq_ignore_ascii_case(b"identity"),
        bytes: Vec::new(),
    }
}
