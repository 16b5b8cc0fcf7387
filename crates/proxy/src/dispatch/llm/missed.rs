//! Why a request to a model has no answer: what the client is told, and whose doing it is.

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_telemetry::{Party, Phase, Termination};

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Missed {
    /// What the client is told when no other attempt is made.
    pub error: Box<ChatError>,
    /// For logs and metrics.
    pub reason: Reason,
    /// Whose doing it is.
    pub party: Party,
    /// Where it happened.
    pub phase: Phase,
    /// The status that the provider gave, for the log; the client may be told another.
    pub said: Option<u16>,
}

impl Missed {
    /// The gateway refuses.
    pub(super) fn refused(error: ChatError, reason: Reason) -> Self {
        Self {
            error: Box::new(error),
            reason,
            party: Party::Gateway,
            phase: Phase::Admit,
            said: None,
        }
    }

    /// The client is at fault.
    pub(super) fn client(error: ChatError, reason: Reason) -> Self {
        let (party, phase) = (Party::Client, Phase::RequestBody);
        Self { error: Box::new(error), reason, party, phase, said: None }
    }

    /// The provider is at fault.
    pub(super) fn provider(error: ChatError, reason: Reason) -> Self {
        let (party, phase) = (Party::Endpoint, Phase::Wait);
        Self { error: Box::new(error), reason, party, phase, said: None }
    }

    /// Who ended the exchange, and in which phase.
    pub(super) const fn termination(&self) -> Termination {
        Termination::Ended { party: self.party, phase: self.phase }
    }
}

/// That nothing is left that could answer.
pub(super) fn nothing_serves() -> Missed {
    let message = "nothing serves this model at the moment";
    let error = ChatError { status: 503, ..ChatError::new(ErrorKind::Overloaded, message) };
    Missed::refused(error, Reason::NoHealthyEndpoint)
}
