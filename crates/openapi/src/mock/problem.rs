//! What a mock says when it cannot answer: problem+json (RFC 9457), with everything that is wrong.

use architrave_config::{ApiAnswer, ApiRequest};
use serde_json::{Map, Value, json};

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where in the body: a JSON Pointer (RFC 6901).
    pub(super) pointer: Option<String>,
    /// The name and place of a parameter.
    pub(super) parameter: Option<(String, String)>,
    pub(super) detail: String,
}

/// A request that the description does not have.
pub(super) fn not_described(request: &ApiRequest<'_>, methods: &[&str]) -> ApiAnswer {
    let ApiRequest { method, path, .. } = request;
    if methods.is_empty() {
        return refused(404, &format!("no path of the description matches `{path}`"), &[]);
    }
    let message = format!("`{path}` has no {method}: {} it has", methods.join(", "));
    let mut answer = refused(405, &message, &[]);
    answer.headers.push(("allow".to_owned(), methods.join(", ")));
    answer
}

/// A request that is refused.
pub(super) fn refused(status: u16, detail: &str, faults: &[Fault]) -> ApiAnswer {
    let title = match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        _ => "Error",
    };
    let mut body = json!({
        "type": "about:blank", "title": title, "status": status, "detail": detail, "mock": true,
    });
    if !faults.is_empty() {
        body["errors"] = faults.iter().map(member).collect();
    }
    ApiAnswer {
        status,
        headers: vec![("content-type".to_owned(), "application/problem+json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

fn member(fault: &Fault) -> Value {
    let mut members = Map::new();
    if let Some(pointer) = &fault.pointer {
        members.insert("pointer".to_owned(), pointer.as_str().into());
    }
    if let Some((place, name)) = &fault.parameter {
        members.insert("parameter".to_owned(), json!({ "in": place, "name": name }));
    }
    members.insert("detail".to_owned(), fault.detail.as_str().into());
    Value::Object(members)
}
