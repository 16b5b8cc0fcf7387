//! What one exchange used: a small record with shared names, made where an exchange ends.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use architrave_core::Reason;

use super::bodies::LineBodies;
use super::redaction::Redaction;
use crate::metrics::model::TOKEN_CLASSES;

/// What one exchange used.
#[derive(Debug)]
pub struct UsageEvent {
    /// When it ended, in microseconds UTC.
    pub at: i64,
    /// Where it went; `None` when no route matched.
    pub place: Option<Arc<UsagePlace>>,
    /// What was asked for, where that has a name.
    pub operation: Option<Word>,
    /// Who called, once a credential has proved it.
    pub caller: Option<Arc<UsageCaller>>,
    /// The status sent; 0 when none was.
    pub status: u16,
    /// Why it failed, when it did.
    pub reason: Option<Reason>,
    /// Attempts at endpoints and models.
    pub attempts: u32,
    /// From the first byte of the request to the last of the response.
    pub latency_us: u64,
    /// Bytes of the request body.
    pub request_bytes: u64,
    /// Bytes of the response body.
    pub response_bytes: u64,
    /// What it used of a model, where one was asked.
    pub model: Option<Box<ModelUse>>,
    /// What is told of it by itself, where it is one of those that are kept or watched.
    pub line: Option<Box<RequestLine>>,
}

impl UsageEvent {
    /// Whether it counts as an error: answered with a status of 400 and above, or cut short.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.status >= 400 || self.status == 0 || self.reason.is_some()
    }
}

/// Where exchanges go: one for each end of a route, shared by all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UsagePlace {
    /// The service; empty where only a policy answers.
    pub service: Box<str>,
    /// Its version, where it has one.
    pub version: Box<str>,
    /// The route.
    pub route: Box<str>,
}

/// Who calls: one for each consumer, or for each subscription of an application.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct UsageCaller {
    /// The consumer, or the application.
    pub consumer: Box<str>,
    /// The application, where it is one.
    pub application: Box<str>,
    /// The plan.
    pub plan: Box<str>,
    /// The product that the plan is of.
    pub product: Box<str>,
    /// The team of the application.
    pub team: Box<str>,
}

/// What an exchange used of a model.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ModelUse {
    /// The model that was asked for.
    pub model: String,
    /// The provider that answered, or was asked last.
    pub provider: String,
    /// The model's name there.
    pub upstream_model: String,
    /// From the request sent to the first token of a stream.
    pub first_token_us: Option<u64>,
    /// Tokens by class, in the order of [`TOKEN_CLASSES`].
    pub tokens: [u64; TOKEN_CLASSES.len()],
    /// What it cost.
    pub cost_nano_usd: u64,
}

/// What is told of one exchange by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestLine {
    /// What the exchange is called.
    pub request_id: String,
    /// The trace that it belongs to.
    pub trace_id: String,
    /// Its method.
    pub method: String,
    /// Its path, in the canonical spelling and without a query.
    pub path: String,
    /// Everything else, as the access log has it.
    pub facts: String,
    /// What of it is never kept.
    pub redaction: Arc<Redaction>,
    /// The beginnings of its bodies, where the service asks for them.
    pub bodies: Option<Box<LineBodies>>,
    /// Whether it is to be kept; else it is only shown to who watches.
    pub is_kept: bool,
}

/// A short word: of a closed list, or shared.
#[derive(Clone, Debug)]
pub enum Word {
    /// Of a closed list.
    Fixed(&'static str),
    /// Shared.
    Shared(Arc<str>),
}

impl Word {
    /// The word as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Word {}

impl Hash for Word {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}
