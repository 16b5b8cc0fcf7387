//! Whether another attempt is made: what is safe, what was asked for, what the budget allows.

use architrave_core::Reason;

use crate::attempt::Answered;
use crate::dispatch::Run;
use crate::exchange::Exchange;
use crate::failure::{Failure, Retry};

impl Run<'_, '_, '_> {
    /// Whether the failed attempt is followed by another.
    pub(super) fn may_retry(&mut self, exchange: &Exchange<'_>, failure: &Failure) -> bool {
        let retry = &self.upstream.config.retry;
        let is_asked_for = match (failure.retry, failure.reason) {
            (Retry::Never, _) => false,
            (Retry::Unsent, _) => retry.on_connect_failure,
            (Retry::Sent, Reason::ResponseTimeout) => {
                self.outline.is_idempotent() && retry.per_try_timeout.is_some()
            }
            (Retry::Sent, _) => self.outline.is_idempotent() && retry.on_reset_before_response,
        };
        is_asked_for && self.may_go_on(exchange)
    }

    /// Whether an answer is thrown away for another attempt.
    pub(super) fn is_worth_retrying(
        &mut self,
        exchange: &Exchange<'_>,
        answered: &Answered,
    ) -> bool {
        let retry = &self.upstream.config.retry;
        retry.on_statuses.contains(&answered.head.status)
            && self.outline.is_idempotent()
            && self.may_go_on(exchange)
    }

    fn may_go_on(&mut self, exchange: &Exchange<'_>) -> bool {
        let has_attempts = exchange.attempts <= self.upstream.config.retry.attempts;
        if !has_attempts || !self.body.can_rewind() || self.outline.is_overdue(self.worker.now()) {
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
