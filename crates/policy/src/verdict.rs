//! What a policy says about a request: go on, or this is the answer.
//!
//! Never a bool: `true` reads as "allowed" to one and as "handled" to another.

use std::borrow::Cow;
use std::sync::Arc;

use architrave_core::Reason;
use architrave_net::Fields;

/// What a policy says about a request.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// The request goes on.
    Continue,
    /// The gateway answers for itself, and nothing later in the chain runs.
    Reply(Reply),
}

/// An answer that the gateway gives for itself.
#[derive(Debug)]
pub struct Reply {
    /// The status, 200 to 599.
    pub status: u16,
    /// Why, when it is a refusal: the body is then problem+json with this reason. `None` for
    /// answers that are no failure (redirect, preflight): their body is empty.
    pub reason: Option<Reason>,
    /// What the client is told beside the reason; empty without one. Our own words: it never holds a
    /// secret, nor what a client sent.
    pub detail: Cow<'static, str>,
    /// What is answered in the place of an empty body, where it is no refusal: JSON.
    pub document: Option<Arc<[u8]>>,
    /// Fields of the answer, beside those that its body needs.
    pub fields: Fields,
}

impl Reply {
    /// A refusal, with the status that belongs to its reason.
    #[must_use]
    pub const fn refuse(reason: Reason, detail: &'static str) -> Self {
        let detail = Cow::Borrowed(detail);
        let status = reason.status();
        Self { status, reason: Some(reason), detail, document: None, fields: Fields::new() }
    }

    /// An answer that is no failure and has no body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        let detail = Cow::Borrowed("");
        Self { status, reason: None, detail, document: None, fields: Fields::new() }
    }

    /// An answer that is no failure and has a body of JSON.
    #[must_use]
    pub fn document(document: Arc<[u8]>) -> Self {
        Self { document: Some(document), ..Self::empty(200) }
    }

    /// The same answer with one more field.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: &[u8]) -> Self {
        self.fields.append(name, value);
        self
    }
}

impl From<Reply> for Verdict {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
