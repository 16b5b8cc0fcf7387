//! What all attempts of an exchange have in common, worked out once.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::Moment;
use architrave_net::{Conversation, Framing, Version, path};

use crate::assembly::LiveUpstream;
use crate::attempt::AttemptPlan;
use crate::exchange::Exchange;
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// What all attempts of an exchange have in common.
#[derive(Debug)]
pub(super) struct Outline {
    target: String,
    framing: Framing,
    conversation: Conversation,
    upgrade: Option<String>,
    takes_trailers: bool,
    close: bool,
    is_idempotent: bool,
    /// When the route's own time is over.
    deadline: Option<Moment>,
    timeout: Option<Duration>,
}

impl Outline {
    /// Works it out.
    pub(super) fn of(
        worker: &Worker,
        exchange: &mut Exchange<'_>,
        facts: &RequestFacts,
        upstream: &LiveUpstream,
    ) -> Self {
        if exchange.head.authority.is_empty() {
            // HTTP/1.0 without `Host`: HTTP/1.1 must name one, and this is whom it is for.
            exchange.head.authority.push_str(upstream.config.name.as_str());
        }
        let timeout = exchange.matched.as_ref().and_then(|matched| matched.route.timeout);
        let method = exchange.head.method.as_str();
        Self {
            target: target_of(exchange, worker.spares().texts.take()),
            framing: facts.framing,
            conversation: exchange.connection.conversation(),
            upgrade: facts.upgrade.clone(),
            takes_trailers: facts.takes_trailers,
            close: facts.has_stray_body,
            is_idempotent: upstream.config.retry.methods.iter().any(|it| it == method),
            deadline: timeout.map(|timeout| worker.now() + timeout),
            timeout,
        }
    }

    /// The plan of an attempt.
    pub(super) fn attempt<'a>(
        &'a self,
        exchange: &'a Exchange<'_>,
        upstream: &'a Arc<LiveUpstream>,
        now: Moment,
    ) -> AttemptPlan<'a> {
        let (limit, is_limit_per_try) = self.time_to_answer(now, upstream);
        AttemptPlan {
            upstream,
            conversation: self.conversation,
            head: exchange.head,
            target: &self.target,
            framing: self.framing,
            upgrade: self.upgrade.as_deref(),
            takes_trailers: self.takes_trailers,
            close: self.close,
            is_idempotent: self.is_idempotent,
            began: now,
            limit,
            is_limit_per_try,
        }
    }

    /// Whether the client knows what an interim response is.
    pub(super) fn takes_interim(&self, exchange: &Exchange<'_>) -> bool {
        exchange.head.version != Version::Http10
    }

    pub(super) const fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// Whether a connection that carries it carries no other request after it.
    pub(super) const fn close(&self) -> bool {
        self.close
    }

    /// Path and query as endpoints see them.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// The memory of what this was worked out into.
    pub(super) fn into_text(self) -> String {
        self.target
    }

    /// How much of the body is kept for another attempt, or for the mirror.
    pub(super) fn kept_bytes_max(&self, exchange: &Exchange<'_>, upstream: &LiveUpstream) -> usize {
        let has_mirror =
            exchange.matched.as_ref().is_some_and(|matched| matched.route.mirror.is_some());
        let retry = &upstream.config.retry;
        let may_replay = retry.attempts > 0 && self.is_idempotent;
        if may_replay || has_mirror { retry.body_bytes_max } else { 0 }
    }

    /// How long the next attempt may take to its response head once all was sent, and whether it
    /// is the limit of one try that decides. The route's time runs from the first attempt on; but
    /// a body that the client is slow to send is not the endpoint's fault, and has limits of its
    /// own.
    fn time_to_answer(&self, now: Moment, upstream: &LiveUpstream) -> (Duration, bool) {
        let first_byte = upstream.config.timeouts.first_byte;
        let left = match (self.deadline, self.timeout) {
            (Some(deadline), Some(_)) if self.framing == Framing::Empty => deadline.since(now),
            (_, Some(timeout)) => timeout,
            (_, None) => first_byte,
        };
        let left = left.min(first_byte);
        match upstream.config.retry.per_try_timeout {
            Some(own) if own < left => (own, true),
            _ => (left, false),
        }
    }

    /// Whether there is time for another attempt at all.
    pub(super) fn is_overdue(&self, now: Moment) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// When a second attempt is started beside the first: only for what may be sent twice and has
    /// no body that two could not share.
    pub(super) fn hedge_after(&self, upstream: &LiveUpstream) -> Option<Duration> {
        let hedge = upstream.config.hedge.as_ref()?;
        let is_plain = self.framing == Framing::Empty && self.upgrade.is_none();
        (is_plain && self.is_idempotent).then_some(hedge.after)
    }
}

/// The path as endpoints see it: the canonical one, or another spelling of it that was received.
fn path_of<'a>(exchange: &'a Exchange<'_>) -> &'a str {
    if exchange.matched.is_some_and(|matched| matched.route.keep_spelling) {
        let received = exchange.head.path();
        if path::is_spelling_of(received, &exchange.path) {
            return received;
        }
    }
    &exchange.path
}

fn target_of(exchange: &Exchange<'_>, mut target: String) -> String {
    if exchange.head.target == "*" && exchange.path == "/" {
        target.push('*');
        return target;
    }
    target.push_str(path_of(exchange));
    if let Some(query) = exchange.head.query() {
        target.push('?');
        target.push_str(query);
    }
    target
}
