//! Whether another attempt is made, and how soon: what is safe, what was asked for, what the budget
//! and the time allow.

use std::time::Duration;

use architrave_core::Reason;

use crate::attempt::Answered;
use crate::backoff::backoff;
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
            // A kept connection that had died says nothing of its endpoint.
            Retry::Stale => self.has_more(Duration::ZERO),
            // Nothing was asked of anyone: such retries cannot turn a struggling upstream into a
            // dead one, and a killed endpoint throws back everything at once.
            // Of a stream that was refused, once: a connection that is going away refuses what
            // comes too late for it, and a new one is as good as ever.
            Retry::Unsent if failure.reason == Reason::UpstreamReset && self.retries == 0 => {
                self.has_more(Duration::ZERO)
            }
            Retry::Unsent => {
                let pause = self.pause();
                self.has_more(pause)
            }
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

    /// How long is waited before the next attempt: another endpoint is tried at once.
    fn pause(&self) -> Duration {
        if self.choice.has_other(self.upstream) {
            return Duration::ZERO;
        }
        let first = self.upstream.config.retry.backoff;
        self.worker.with_random(|random| backoff(first, self.retries, random))
    }

    fn has_more(&mut self, pause: Duration) -> bool {
        self.next_after = pause;
        self.retries < self.upstream.config.retry.attempts
            && self.body.can_rewind()
            && !self.outline.is_overdue(self.worker.now() + pause)
    }

    fn may_go_on(&mut self) -> bool {
        let pause = self.pause();
        if !self.has_more(pause) {
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
