//! Why a prompt was not answered: problem+json (RFC 9457), with a pointer to the input that is wrong.

use architrave_core::Reason;
use architrave_llm::json::Writer;

use crate::dispatch::llm::LlmAnswer;
use crate::dispatch::llm::missed::Missed;
use crate::exchange::Exchange;
use crate::respond::title;

/// The media type of a problem.
const CONTENT_TYPE: &str = "application/problem+json";

/// The answer that tells why there is none.
pub(super) fn answer<'a>(exchange: &Exchange<'_>, missed: &Missed) -> LlmAnswer<'a> {
    let error = &missed.error;
    let pointer = error.param.as_deref().filter(|name| !name.is_empty());
    let body = written(exchange, error.status, missed.reason, &error.message, pointer);
    let mut answer = LlmAnswer::whole(error.status, CONTENT_TYPE, body);
    let fields = &mut answer.head.fields;
    fields.append("Cache-Control", b"no-store");
    if let Some(wait) = error.retry_after_ms {
        let seconds = wait.div_ceil(1000).max(1);
        fields.append("Retry-After", itoa::Buffer::new().format(seconds).as_bytes());
    }
    answer
}

fn written(
    exchange: &Exchange<'_>,
    status: u16,
    reason: Reason,
    detail: &str,
    pointer: Option<&str>,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(256);
    Writer::new(&mut body).object(|w| {
        w.key("type").text("about:blank");
        w.key("title").text(title(status));
        w.key("status").count(status.into());
        w.key("reason").text(reason.as_str());
        w.key("detail").text(detail);
        w.text_field("pointer", pointer.map(pointer_to).as_deref());
        w.key("request_id").text(exchange.identity.request_id());
    });
    body.push(b'\n');
    body
}

/// The JSON Pointer (RFC 6901) to a member of the outermost object.
fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
