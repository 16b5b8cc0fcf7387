//! Answers from a description, before there is anything behind it: the request is held against what
//! the operation takes, and answered with an example, or with a sample of the schema.
//!
//! No randomness and no memory: the same request has the same answer.

mod choice;
mod parameters;
mod problem;
mod sample;

use architrave_config::{ApiAnswer, ApiRequest};
use serde_json::Value;

use crate::description::Found;
use crate::operation;
use crate::schema::{SchemaCompiler, Validator, Way};
use crate::{Description, Matcher};

pub use sample::sample;

/// A description made ready to be answered from.
pub struct Mock {
    description: Description,
    matcher: Matcher,
    validator: Validator,
}

/// A header field of a request.
fn header<'r>(request: &ApiRequest<'r>, name: &str) -> Option<&'r str> {
    let mut headers = request.headers.iter();
    headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

impl Mock {
    /// Makes a description ready.
    #[must_use]
    pub fn new(description: Description) -> Self {
        let matcher = Matcher::new(&description);
        let mut compiler = SchemaCompiler::new(&description);
        for operation in description.operations() {
            for parameter in operation::parameters(&description, operation) {
                if let Some(schema) = parameters::schema(&parameter) {
                    let _told_by_lint = compiler.add(&schema.pointer);
                }
            }
            let body = description.at(&operation::place(operation, "requestBody"));
            let body = body.and_then(|body| description.resolved(body));
            let content = body.and_then(|body| body.get("content"));
            for (_, media) in content.iter().flat_map(Found::members) {
                if let Some(schema) = media.get("schema") {
                    let _told_by_lint = compiler.add(&schema.pointer);
                }
            }
        }
        let validator = compiler.finish();
        Self { description, matcher, validator }
    }

    /// The description.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Answers a request.
    #[must_use]
    pub fn answer(&self, request: &ApiRequest<'_>) -> ApiAnswer {
        match self.answered(request) {
            Ok(answer) | Err(answer) => answer,
        }
    }

    fn answered(&self, request: &ApiRequest<'_>) -> Result<ApiAnswer, ApiAnswer> {
        let Some((index, below)) = self.matcher.find_below(request.method, request.path) else {
            let methods = self.matcher.methods(request.path);
            return Err(problem::not_described(request, &methods));
        };
        let operation = &self.description.operations()[index];
        let faults =
            parameters::faults(&self.description, &self.validator, operation, request, below);
        if !faults.is_empty() {
            return Err(problem::refused(400, "the request does not fit the description", &faults));
        }
        let place = operation::place(operation, "requestBody");
        let body = self.description.at(&place);
        if let Some(body) = body.and_then(|body| self.description.resolved(body)) {
            self.check_body(request, &body)?;
        }
        let wish = choice::Wish::read(request)?;
        choice::answer(&self.description, operation, request, &wish)
    }

    fn check_body(&self, request: &ApiRequest<'_>, body: &Found<'_>) -> Result<(), ApiAnswer> {
        if request.body.is_empty() {
            if body.is("required") {
                return Err(problem::refused(400, "the request needs a body", &[]));
            }
            return Ok(());
        }
        let Some(content) = body.get("content") else { return Ok(()) };
        let sent = header(request, "content-type").unwrap_or("application/octet-stream");
        let taken: Vec<(&str, Found<'_>)> = content.members().collect();
        let Some((_, media)) = taken.iter().find(|(range, _)| choice::covers(range, sent)) else {
            let ranges: Vec<&str> = taken.iter().map(|(range, _)| *range).collect();
            let message = format!("`{sent}` is not taken here: {} is", ranges.join(", "));
            return Err(problem::refused(415, &message, &[]));
        };
        let Some(schema) = media.get("schema").filter(|_| choice::is_json(sent)) else {
            return Ok(());
        };
        let value: Value = serde_json::from_slice(request.body).map_err(|error| {
            problem::refused(400, &format!("the body is not JSON: {error}"), &[])
        })?;
        let faults =
            self.validator.faults(&self.description, &schema.pointer, &value, Way::Request);
        if faults.is_empty() {
            return Ok(());
        }
        let faults: Vec<problem::Fault> = faults
            .into_iter()
            .map(|fault| problem::Fault {
                pointer: Some(fault.pointer),
                parameter: None,
                detail: fault.message,
            })
            .collect();
        Err(problem::refused(422, "the body does not fit the description", &faults))
    }
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Mock of {}", self.description.title())
    }
}

#[cfg(test)]
mod tests;
