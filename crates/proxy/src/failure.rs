//! Why an exchange could not be served: what every step returns instead of going on.

use std::borrow::Cow;

use architrave_balance::Unavailable;
use architrave_core::Reason;
use architrave_net::DialError;
use architrave_telemetry::{Party, Phase, Termination};

use crate::queue::QueueError;

/// Why an exchange could not be served.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The word for labels, logs and bodies.
    pub reason: Reason,
    /// Who ended it.
    pub party: Party,
    /// In which phase.
    pub phase: Phase,
    /// Whether another attempt may be made.
    pub retry: Retry,
    /// For the log and the client: what happened, without secrets.
    pub detail: Cow<'static, str>,
}

/// Whether another attempt may be made after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// No: the fault is not the endpoint's, or an answer has begun.
    Never,
    /// Yes: the endpoint has seen nothing of the request.
    Unsent,
    /// When the method allows it: a kept connection died without a byte, so it was most likely
    /// dead before the request.
    Stale,
    /// When the method allows it: the endpoint may have seen the request.
    Sent,
}

impl Failure {
    /// A failure of the gateway's own making or finding.
    #[must_use]
    pub(crate) fn gateway(
        reason: Reason,
        phase: Phase,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(reason, Party::Gateway, phase, detail)
    }

    /// A failure of the client's.
    #[must_use]
    pub(crate) fn client(
        reason: Reason,
        phase: Phase,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(reason, Party::Client, phase, detail)
    }

    /// A failure of an endpoint's.
    #[must_use]
    pub(crate) fn endpoint(
        reason: Reason,
        phase: Phase,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(reason, Party::Endpoint, phase, detail)
    }

    fn new(
        reason: Reason,
        party: Party,
        phase: Phase,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { reason, party, phase, retry: Retry::Never, detail: detail.into() }
    }

    /// The same failure, after which another attempt may be made.
    #[must_use]
    pub(crate) fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// Whether it says something about the endpoint: also when it was the gateway that lost
    /// patience with it.
    #[must_use]
    pub(crate) fn blames_endpoint(&self) -> bool {
        self.party == Party::Endpoint
            || matches!(self.reason, Reason::ConnectTimeout | Reason::ResponseTimeout)
    }

    /// Who ended the exchange, and in which phase.
    #[must_use]
    pub(crate) const fn termination(&self) -> Termination {
        Termination::Ended { party: self.party, phase: self.phase }
    }
}

impl From<Unavailable> for Failure {
    fn from(error: Unavailable) -> Self {
        let (reason, detail) = match error {
            Unavailable::NoneHealthy => {
                (Reason::NoHealthyEndpoint, "no endpoint of the upstream is available")
            }
            Unavailable::AtLimit => {
                (Reason::QueueFull, "every endpoint of the upstream is at its limit")
            }
        };
        Self::gateway(reason, Phase::Queue, detail)
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let detail = match error {
            QueueError::Full => "the upstream's queue is full",
            QueueError::Timeout => "the upstream had no room in time",
        };
        Self::gateway(Reason::QueueFull, Phase::Queue, detail)
    }
}

impl From<DialError> for Failure {
    fn from(error: DialError) -> Self {
        let (reason, detail) = (error.reason(), error.to_string());
        let failure = match reason {
            Reason::ConnectTimeout => Self::gateway(reason, Phase::Connect, detail),
            _ => Self::endpoint(reason, Phase::Connect, detail),
        };
        failure.retry(Retry::Unsent)
    }
}
