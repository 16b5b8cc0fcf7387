//! Why a request to a model is not served, in words for the client.

use architrave_core::Reason;
use architrave_core::units::byte_count_text;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::scan::ScanError;
use architrave_llm::surface::Surface;
use architrave_net::{Fields, WireError};
use architrave_policy::Reply;

use super::missed::Missed;
use super::read_body::Unread;
use crate::assembly::LiveKind;
use crate::exchange::Exchange;

/// A body that was not read.
pub(super) fn unread(unread: &Unread, bytes_max: u64) -> Missed {
    match unread {
        Unread::TooLarge => {
            let message = format!("the body is larger than {}", byte_count_text(bytes_max));
            Missed::client(ChatError::new(ErrorKind::TooLarge, message), Reason::BodyTooLarge)
        }
        Unread::Unsound(error) => invalid(unsound(*error)),
        Unread::Broken(WireError::Stalled | WireError::TooSlow) => {
            let message = "the body did not come in time";
            let error = ChatError { status: 408, ..ChatError::new(ErrorKind::Timeout, message) };
            Missed::client(error, Reason::ClientTimeout)
        }
        Unread::Broken(_) => client_gone(WireError::Closed),
    }
}

/// The same of a body of which its head says that it is compressed: nobody here unpacks it.
pub(super) fn unread_of(fields: &Fields, unread: &Unread, bytes_max: u64) -> Missed {
    let coding = fields.get("content-encoding").filter(|it| !it.eq_ignore_ascii_case(b"identity"));
    match (unread, coding) {
        (Unread::Unsound(_), Some(_)) => {
            let message = "the body is compressed (`Content-Encoding`); send it as it is";
            let error =
                ChatError { status: 415, ..ChatError::new(ErrorKind::InvalidRequest, message) };
            Missed::client(error, Reason::BadRequest)
        }
        _ => self::unread(unread, bytes_max),
    }
}

fn unsound(error: ScanError) -> ChatError {
    ChatError::from(error)
}

/// That no model is named; or something that is none, where `is_said`.
pub(super) fn no_model(is_said: bool) -> ChatError {
    let message = match is_said {
        true => "`model` must be a string with the name of a model",
        false => "the request names no model: `model` is missing",
    };
    ChatError::invalid("model", message)
}

/// A request that is wrong.
pub(super) fn invalid(error: ChatError) -> Missed {
    let reason = match error.status {
        404 => Reason::NotFound,
        _ => Reason::BadRequest,
    };
    Missed::refused(error, reason)
}

/// A client that is not there any more; nobody reads what it is told.
pub(super) fn client_gone(_error: WireError) -> Missed {
    let error = ChatError { status: 400, ..ChatError::new(ErrorKind::InvalidRequest, "cut short") };
    Missed::client(error, Reason::ClientClosed)
}

/// That a budget has something left, yet less than the request may use.
pub(super) fn too_little_left(tokens: u64) -> Missed {
    let message = format!("{tokens} tokens of output are left of a budget; ask for no more");
    let mut error = ChatError::new(ErrorKind::RateLimited, message);
    error.code = Some(Reason::RateLimited.as_str().to_owned());
    Missed::refused(error, Reason::RateLimited)
}

/// That somebody asks to talk without asking for a WebSocket.
pub(super) fn no_websocket() -> Missed {
    let message = "talk goes over a WebSocket: by HTTP/1.1, with `Upgrade: websocket`";
    let error = ChatError { status: 426, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::client(error, Reason::BadRequest)
}

/// That what is said over a WebSocket would get past what the operator has ordered.
pub(super) fn not_governed(by: &str) -> Missed {
    let message = format!("talk over a WebSocket goes through unseen, and {by} cannot be held");
    Missed::refused(ChatError::new(ErrorKind::Permission, message), Reason::Forbidden)
}

/// That nobody here learns what something comes to.
pub(super) fn not_counted(what: &str) -> Missed {
    let message =
        format!("what {what} uses is not counted, and a budget or a limit of tokens holds");
    Missed::refused(ChatError::new(ErrorKind::Permission, message), Reason::Forbidden)
}

/// That the requests of a batch are to come in parts.
pub(super) fn in_parts() -> Missed {
    let message =
        "the file of a batch comes whole, to `/v1/files`: each of its requests is looked at";
    invalid(ChatError::invalid("purpose", message))
}

/// That a list was gone through as far as is done for one request, and had nothing of one's own.
pub(super) fn nothing_so_far(pages: usize) -> Missed {
    let message = format!(
        "the first {pages} pages of the provider's list have nothing that this consumer has made \
         here; ask for a thing by its id"
    );
    invalid(ChatError::new(ErrorKind::InvalidRequest, message))
}

/// That nothing is at a path, and which one may have been meant.
pub(super) fn unknown_url(near: Option<(&str, &str)>) -> ChatError {
    let message = match near {
        Some((method, path)) => format!("there is no such path here; {method} {path} is near it"),
        None => String::from("there is no such path here"),
    };
    let code = Some(String::from("unknown_url"));
    ChatError { code, ..ChatError::new(ErrorKind::NotFound, message) }
}

/// That something is at a path, for other methods.
pub(super) fn wrong_method(allowed: &str) -> ChatError {
    let message = format!("this path is asked by {allowed}");
    let code = Some(String::from("method_not_allowed"));
    ChatError { status: 405, code, ..ChatError::new(ErrorKind::InvalidRequest, message) }
}

/// The dialect in which somebody is told that there is nothing at a path.
pub(super) fn dialect_of_path(path: &str) -> Dialect {
    match () {
        () if path.contains("/messages") || path.contains("/publishers/anthropic/") => {
            Dialect::AnthropicMessages
        }
        () if path.contains("/v1beta") || path.contains(":") => Dialect::GeminiGenerateContent,
        () if path.contains("/v2/") => Dialect::CohereChat,
        () if path.contains("/model/") => Dialect::BedrockConverse,
        () => Dialect::OpenaiChat,
    }
}

/// The body of a refusal of a policy, or of a failure, in the dialect of the client; nothing where
/// the exchange is none with an llm service.
pub(crate) fn body_of_refusal(exchange: &Exchange<'_>, reply: &Reply) -> Option<Vec<u8>> {
    let service = exchange.matched?.service?;
    // Those of prompt services are problem+json, as of any other.
    let LiveKind::Llm(_) = &service.kind else { return None };
    let reason = reply.reason?;
    let path = super::below_route(exchange);
    let method = exchange.head.method.as_str();
    let asked = Surface::of(method, path, exchange.head.query().unwrap_or_default());
    let dialect = asked.map_or_else(|| dialect_of_path(path), |asked| asked.dialect());
    let message = match &*reply.detail {
        "" => reason.as_str().replace('_', " "),
        detail => detail.to_owned(),
    };
    let kind = match reason {
        // A rate limit of ours is the caller's, whatever the provider is like.
        Reason::RateLimited => ErrorKind::RateLimited,
        _ => ErrorKind::of_status(reply.status),
    };
    let mut error = ChatError { status: reply.status, ..ChatError::new(kind, message) };
    error.code = Some(reason.as_str().to_owned());
    let mut body = Vec::with_capacity(256);
    dialect.write_error(&error, &mut body);
    Some(body)
}
