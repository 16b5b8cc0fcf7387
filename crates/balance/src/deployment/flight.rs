//! One attempt in flight on a lane: counted from the choice to the end, and never forgotten,
//! because it is given back when the guard is dropped, however the attempt ends.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::Moment;

use super::failure::{Failure, Scope};
use super::fleet::Seat;
use super::lane::Lane;
use super::load::Size;
use super::patience::first_token_timeout;
use super::quota::QuotaSeen;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer, whole.
    Answered(Spent),
    /// The provider would not do what was asked, and that says nothing about it: a bad request,
    /// content that it does not speak of.
    Declined,
    /// Without an answer, or without the rest of it.
    Failed(Failure),
    /// Nobody waited for the rest of it.
    Abandoned(Spent),
    /// The provider was never asked: the request could not be put into its words.
    Unsent,
}

/// The tokens that an attempt used, as the provider counted them; the estimate where it did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of the prompt.
    pub prompt_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
}

/// That somebody rests because of an attempt; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rested {
    /// Who.
    pub scope: Scope,
    /// Because of what.
    pub failure: Failure,
    /// For how long from now.
    pub length: Duration,
}

/// One attempt in flight. Dropping it without [`Flight::finish`] says that it was cancelled.
#[derive(Debug)]
pub struct Flight {
    seat: Arc<Seat>,
    size: Size,
    /// Tokens that were waiting to be read before its own.
    ahead: u64,
    began: Moment,
    first_token: Option<Moment>,
    /// The tokens that count for the deployment's limits.
    used: u64,
}

impl Flight {
    /// Begins on a lane whose deployment has taken the request into its limits.
    pub(crate) fn begin(seat: Arc<Seat>, size: Size, now: Moment) -> Self {
        let ahead = seat.lane.load.waiting_prompt();
        seat.lane.begun(size, now);
        // Whoever goes away without a word has had the prompt read.
        Self { ahead, began: now, first_token: None, used: size.prompt, seat, size }
    }

    /// The lane it is on.
    #[must_use]
    pub fn lane(&self) -> &Arc<Lane> {
        &self.seat.lane
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> Moment {
        self.began
    }

    /// When its first token came.
    #[must_use]
    pub fn first_token_at(&self) -> Option<Moment> {
        self.first_token
    }

    /// How long to wait for its first token, from its beginning on; `base` is what the provider's
    /// timeouts say. See [`first_token_timeout`].
    #[must_use]
    pub fn first_token_timeout(&self, base: Duration) -> Duration {
        let ahead = self.ahead.saturating_add(self.size.prompt);
        let expected = self.lane().pace.first_token_seconds(ahead);
        let expected = expected.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        first_token_timeout(base, self.size.prompt, expected)
    }

    /// Takes in what the headers of its answer say about quotas; also those of a refusal.
    pub fn see_quota(&self, seen: &[QuotaSeen], now: Moment) {
        for quota in seen {
            self.lane().quota.see(quota, now);
        }
    }

    /// Says that the first token of the answer is there: of a stream, the first event that says
    /// anything. Not for an answer that comes in one piece.
    pub fn first_token(&mut self, now: Moment) {
        if self.first_token.is_none() {
            self.first_token = Some(now);
            let lane = &self.seat.lane;
            lane.load.first_token(self.size);
            lane.pace.first_token(self.ahead + self.size.prompt, now.since(self.began), now);
            lane.pace.succeeded(now);
            lane.answers(self.began);
        }
    }

    /// Ends the attempt, and says who rests because of it, for the log.
    pub fn finish(mut self, end: End, now: Moment) -> Option<Rested> {
        let lane = Arc::clone(&self.seat.lane);
        let ahead = self.ahead + self.size.prompt;
        self.used = match end {
            End::Answered(spent) | End::Abandoned(spent) => {
                spent.prompt_tokens.saturating_add(spent.output_tokens)
            }
            End::Failed(_) if self.first_token.is_some() => self.size.prompt,
            End::Failed(_) | End::Declined | End::Unsent => 0,
        };
        match (end, self.first_token) {
            (End::Answered(spent), Some(first)) => {
                lane.pace.output(spent.output_tokens, now.since(first), now);
                lane.kept_on();
            }
            (End::Answered(spent), None) => {
                lane.pace.whole(ahead, spent.output_tokens, now.since(self.began), now);
                lane.pace.succeeded(now);
                lane.succeeded(self.began);
            }
            (End::Declined, _) => lane.succeeded(self.began),
            (End::Abandoned(_), None) => lane.pace.abandoned(ahead, now.since(self.began), now),
            (End::Abandoned(_), Some(_)) => lane.kept_on(),
            (End::Unsent, _) => {}
            (End::Failed(failure), _) => return lane.failed(failure, self.began, now),
        }
        None
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let (load, deployment) = (&self.seat.lane.load, &self.seat.deployment);
        if self.first_token.is_none() {
            load.first_token(self.size);
        }
        load.end(self.size);
        deployment.allowance.settle(&deployment.limits, self.size, self.used);
        deployment.allowance.release();
    }
}
