//! Every refusal of ours, with its HTTP status and its code of JSON-RPC: one table.
//!
//! Of the codes that the specification keeps for itself only those are used that it defines, each
//! for what it is defined for. What it has no word for is `-32603` with a `reason` beside it.

use std::borrow::Cow;

use architrave_wire::json::Writer;

use crate::method::Method;
use crate::revision::{Era, Revision};

macro_rules! refusals {
    ($($(#[doc = $doc:literal])* $kind:ident = $word:literal, $code:literal, $legacy:literal | $modern:literal, $says:literal;)*) => {
        /// Why a message is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RefusalKind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl RefusalKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// A word for it, for logs and metrics.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// Its code of JSON-RPC.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $(Self::$kind => $code,)* }
            }

            /// Its HTTP status.
            #[must_use]
            pub const fn status(self, era: Era) -> u16 {
                match (self, era) {
                    $((Self::$kind, Era::Legacy) => $legacy, (Self::$kind, Era::Modern) => $modern,)*
                }
            }

            /// What it says to everybody.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$kind => $says,)* }
            }

            /// What it means, in a line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$kind => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

refusals! {
    /// The body is no JSON, or no UTF-8.
    NoJson = "no_json", -32700, 400 | 400, "Parse error";
    /// The body is larger than is taken.
    TooLarge = "too_large", -32600, 413 | 413, "Message too large";
    /// The body is nested too deeply, or an object in it has too many names.
    TooDeep = "too_deep", -32600, 400 | 400, "Message too deep";
    /// A name is said twice in one object.
    DoubledName = "doubled_name", -32600, 400 | 400, "Doubled name";
    /// A name differs from one of the protocol's in nothing but the case of its letters.
    CaseVariant = "case_variant", -32600, 400 | 400, "Name in another case";
    /// It is JSON, and no request, notification or response.
    NoMessage = "no_message", -32600, 400 | 400, "Invalid Request";
    /// It is an array, which this revision has not.
    Batch = "batch", -32600, 400 | 400, "Batches are not taken";
    /// It is a response, and nothing was asked.
    Response = "response", -32600, 400 | 400, "Unexpected response";
    /// The members of its `params` are not what its method needs.
    WrongParams = "wrong_params", -32602, 400 | 400, "Invalid params";
    /// There is no such method in this revision.
    UnknownMethod = "unknown_method", -32601, 200 | 404, "Method not found";
    /// There is no such tool or prompt for this consumer.
    UnknownName = "unknown_name", -32602, 200 | 200, "Unknown name";
    /// This consumer may call the tool, and not with these arguments.
    ArgumentsDenied = "arguments_denied", -32602, 200 | 200, "Arguments not allowed";
    /// There is no such resource for this consumer, which the legacy era has a code of its own for.
    UnknownResource = "unknown_resource", -32602, 200 | 200, "Resource not found";
    /// A cursor is not one of ours.
    WrongCursor = "wrong_cursor", -32602, 200 | 200, "Invalid cursor";
    /// A header is missing, or says something else than the body.
    HeaderMismatch = "header_mismatch", -32020, 400 | 400, "Header mismatch";
    /// The client has not said that it can do what is needed.
    MissingCapability = "missing_capability", -32021, 400 | 400, "Missing required client capability";
    /// The revision is not known here.
    UnsupportedVersion = "unsupported_version", -32022, 400 | 400, "Unsupported protocol version";
    /// A session is needed, and none is named.
    SessionMissing = "session_missing", -32600, 400 | 400, "Session required";
    /// The session is over, or never was: make another.
    SessionUnknown = "session_unknown", -32001, 404 | 404, "Session not found";
    /// The `Origin` is not one that may call.
    WrongOrigin = "wrong_origin", -32600, 403 | 403, "Origin not allowed";
    /// The `Host` is not one of this endpoint.
    WrongHost = "wrong_host", -32600, 403 | 403, "Host not allowed";
    /// There is no such HTTP method here.
    WrongVerb = "wrong_verb", -32600, 405 | 405, "Method not allowed";
    /// The body is not said to be JSON.
    WrongType = "wrong_type", -32600, 415 | 415, "Content-Type must be application/json";
    /// The client takes neither JSON nor events.
    NotAcceptable = "not_acceptable", -32600, 406 | 406, "Accept must name application/json and text/event-stream";
    /// The definition of the tool has changed, and nobody has approved it yet.
    ToolHeld = "tool_held", -32603, 200 | 200, "Tool held";
    /// The server did not answer, or not in the protocol's words.
    ServerFailed = "server_failed", -32603, 200 | 200, "Server failed";
    /// Too many requests: of this consumer, or for this tool.
    Limited = "limited", -32603, 429 | 429, "Too many requests";
    /// What is asked for is not said in the other era.
    NotCarried = "not_carried", -32603, 200 | 200, "Not carried between eras";
}

/// A refusal, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub kind: RefusalKind,
    /// What it is about; nothing of what the message says but names of ours.
    pub about: Cow<'static, str>,
    /// `data` of the error: one JSON value.
    data: Option<Box<str>>,
}

impl Refusal {
    /// A refusal about something.
    #[must_use]
    pub fn new(kind: RefusalKind, about: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, about: about.into(), data: None }
    }

    /// The revision is none that is spoken here.
    #[must_use]
    pub fn unsupported_version(requested: &str, supported: &[Revision]) -> Self {
        let about = "see `supported`";
        Self::new(RefusalKind::UnsupportedVersion, about).with_data(|writer| {
            writer.object(|writer| {
                writer.key("supported").array(|writer| {
                    supported.iter().for_each(|revision| writer.text(revision.as_str()));
                });
                let shown: String = requested.chars().take(SHOWN_CHARS_MAX).collect();
                writer.key("requested").text(&shown);
            });
        })
    }

    /// The client lacks capabilities: `required` is an object as clients declare them.
    #[must_use]
    pub fn missing_capability(name: &'static str, required: &'static str) -> Self {
        Self::new(RefusalKind::MissingCapability, name).with_data(|writer| {
            writer.object(|writer| writer.key("requiredCapabilities").json(required));
        })
    }

    /// There is no such method.
    #[must_use]
    pub fn unknown_method(method: &str) -> Self {
        let shown: String = method.chars().take(SHOWN_CHARS_MAX).collect();
        let is_removed = Method::named(method).is_some();
        let about = if is_removed { ", which this revision has not" } else { "" };
        Self::new(RefusalKind::UnknownMethod, format!("`{shown}`{about}"))
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self, era: Era) -> u16 {
        self.kind.status(era)
    }

    /// The code of JSON-RPC.
    #[must_use]
    pub const fn code(&self, era: Era) -> i32 {
        match (self.kind, era) {
            // The only code that an era has for itself.
            (RefusalKind::UnknownResource, Era::Legacy) => LEGACY_RESOURCE_NOT_FOUND,
            _ => self.kind.code(),
        }
    }

    /// Writes the response that it is; `id` is the JSON of the request's id, and a response without
    /// one has none.
    pub fn write(&self, out: &mut Vec<u8>, id: Option<&str>, era: Era) {
        Writer::new(out).object(|writer| {
            writer.key("jsonrpc").text("2.0");
            if let Some(id) = id {
                writer.key("id").json(id);
            }
            writer.key("error").object(|writer| {
                let code = self.code(era).to_string();
                writer.key("code").json(&code);
                let colon = if self.about.is_empty() { "" } else { ": " };
                writer.key("message").texts(&[self.kind.says(), colon, &self.about]);
                if let Some(data) = &self.data {
                    writer.key("data").json(data);
                } else if self.kind.code() == INTERNAL_ERROR {
                    let word = self.kind.word();
                    writer.key("data").object(|writer| writer.key("reason").text(word));
                }
            });
        });
    }

    fn with_data(mut self, write: impl FnOnce(&mut Writer<'_>)) -> Self {
        let mut data = Vec::new();
        write(&mut Writer::new(&mut data));
        self.data = String::from_utf8(data).ok().map(String::into_boxed_str);
        self
    }
}

/// What of a stranger's text is shown to it again.
const SHOWN_CHARS_MAX: usize = 64;
const INTERNAL_ERROR: i32 = -32603;
const LEGACY_RESOURCE_NOT_FOUND: i32 = -32002;

/// Whether an error of that code tells that who sends it speaks the modern era: they are its own.
#[must_use]
pub const fn is_modern_code(code: i32) -> bool {
    matches!(code, -32022..=-32020)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(refusal: &Refusal, id: Option<&str>, era: Era) -> String {
        let mut out = Vec::new();
        refusal.write(&mut out, id, era);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_refusal_says_its_code_and_the_id_that_it_answers() {
        let refusal = Refusal::unsupported_version("1900-01-01", &[Revision::V2026_07_28]);
        assert_eq!(
            written(&refusal, Some("\"a\""), Era::Modern),
            r#"{"jsonrpc":"2.0","id":"a","error":{"code":-32022,"message":"Unsupported protocol version: see `supported`","data":{"supported":["2026-07-28"],"requested":"1900-01-01"}}}"#
        );
        let refusal = Refusal::missing_capability("sampling", r#"{"sampling":{}}"#);
        assert_eq!(
            written(&refusal, Some("1"), Era::Modern),
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32021,"message":"Missing required client capability: sampling","data":{"requiredCapabilities":{"sampling":{}}}}}"#
        );
        let refusal = Refusal::new(RefusalKind::ToolHeld, "");
        assert_eq!(
            written(&refusal, None, Era::Legacy),
            r#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"Tool held","data":{"reason":"tool_held"}}}"#
        );
    }

    #[test]
    fn an_unknown_method_is_404_in_the_modern_era_and_an_answer_in_the_legacy_one() {
        let refusal = Refusal::unknown_method("initialize");
        assert_eq!((refusal.status(Era::Legacy), refusal.status(Era::Modern)), (200, 404));
        assert_eq!(refusal.about, "`initialize`, which this revision has not");
        let long = Refusal::unknown_method(&"é".repeat(1000));
        assert_eq!(long.about.chars().count(), SHOWN_CHARS_MAX + 2, "no more is said back");
    }

    #[test]
    fn resources_are_not_found_by_the_code_of_the_era() {
        let refusal = Refusal::new(RefusalKind::UnknownResource, "");
        assert_eq!((refusal.code(Era::Legacy), refusal.code(Era::Modern)), (-32002, -32602));
    }

    #[test]
    fn no_code_is_used_that_the_specification_keeps_and_does_not_define() {
        for kind in RefusalKind::ALL {
            let is_kept = (-32099..=-32020).contains(&kind.code());
            assert!(!is_kept || is_modern_code(kind.code()), "{kind:?}");
            assert_ne!(kind.code(), -32042, "{kind:?}");
            assert!(!kind.meaning().is_empty() && kind.meaning().ends_with('.'), "{kind:?}");
        }
    }
}
