//! Whether another attempt is made: what is safe, what was asked for, what the budget allows.

use architrave_core::Reason;

use crate::attempt::Answered;
use crate::dispatch::Run;
use crate::failure::{Failure, Retry};

impl Run<'_, '_, '_> {
    /// Whether the failed attempt is followed by another.
    pub(super) fn may_retry(&mut self, failure: &Failure) -> bool {
        let retry = &self.upstream.config.retry;
        let is_asked_for = match (failure.retry, failure.reason) {
            (Retry::Never, _) => false,
            (Retry::Unsent, _) => retry.on_connect_failure,
            (Retry::Sent, Reason::ResponseTimeout) => {
                self.outline.is_idempotent() && retry.per_try_timeout.is_some()
            }
            (Retry::Stale | Retry::Sent, _) => {
                self.outline.is_idempotent() && retry.on_reset_before_response
            }
        };
        if !is_asked_for {
            return false;
        }
        match failure.retry {
            // Nothing was asked of anyone: such retries cannot turn a struggling upstream into a
            // dead one, and a killed endpoint throws back everything at once.
            Retry::Unsent | Retry::Stale => self.has_more(),
            Retry::Sent | Retry::Never => self.may_go_on(),
        }
    }

    /// Whether an answer is thrown away for another attempt.
    pub(super) fn is_worth_retrying(&mut self, answered: &Answered) -> bool {
        let retry = &self.upstream.config.retry;
        retry.on_statuses.contains(&answered.head.status)
            && self.outline.is_idempotent()
            && self.may_go_on()
    }

    fn has_more(&self) -> bool {
        self.retries < self.upstream.config.retry.attempts
            && self.body.can_rewind()
            && !self.outline.is_overdue(self.worker.now())
    }

    fn may_go_on(&mut self) -> bool {
        if !self.has_more() {
            return false;
        }
        // One permit at a time: the one for the retry before this one is given back first.
        self.permit = None;
        self.permit = self.upstream.balance.retry_budget().try_withdraw();
        if self.permit.is_none() {
            self.upstream.metrics.retry_budget_exhausted(self.worker.index());
        }
        self.permit.is_some()
    }
}
