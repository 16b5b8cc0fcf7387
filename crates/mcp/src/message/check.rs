//! Whether the members of a message are what its method needs.

use architrave_wire::json::Kind;

use super::{Found, Message, Part};
use crate::method::{Must, Takes};
use crate::refusal::{Refusal, RefusalKind};

/// Holds `params` to what the method says of them.
pub(super) fn params(message: &Message, text: &str) -> Result<(), Refusal> {
    let Some(method) = message.method() else { return Ok(()) };
    let token = Takes { part: Part::ProgressToken, must: Must::Token, is_needed: false };
    for takes in method.takes().iter().chain([&token]) {
        let Some(place) = message.place(takes.part) else {
            if takes.is_needed {
                return Err(wrong(takes.part, "is needed"));
            }
            continue;
        };
        let is_right = match takes.must {
            Must::Text => place.kind == Kind::Text,
            Must::Object => place.kind == Kind::Object,
            Must::Token => {
                place.kind == Kind::Text || message.raw(takes.part, text).is_some_and(is_whole)
            }
        };
        if !is_right {
            return Err(wrong(
                takes.part,
                match takes.must {
                    Must::Text => "must be a string",
                    Must::Object => "must be an object",
                    Must::Token => "must be a string or a whole number",
                },
            ));
        }
    }
    Ok(())
}

fn wrong(part: Part, why: &str) -> Refusal {
    Refusal::new(RefusalKind::WrongParams, format!("`{}` {why}", part.path()))
}

/// Whether an error has a code and a message.
pub(super) fn error(found: &Found, text: &str) -> bool {
    let place = |part: Part| found.places[part as usize];
    let code = place(Part::ErrorCode).and_then(|place| text.get(super::range(place.value)));
    let message = place(Part::ErrorMessage);
    code.is_some_and(is_whole) && message.is_some_and(|message| message.kind == Kind::Text)
}

/// Whether the JSON is a whole number that fits 64 bits.
pub(super) fn is_whole(raw: &str) -> bool {
    raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) && raw.parse::<i64>().is_ok()
}
