//! A simulated provider: one machine that reads prompts one after the other and writes up to 16
//! answers side by side, remembers what it has read, and may have a limit.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use architrave_balance::deployment::{Failure, QuotaKind, QuotaSeen, Scope};
use architrave_core::Moment;

use super::scenario::Oddity;

/// Requests that are worked on at once; others wait.
const SLOTS: usize = 16;
/// Seconds to the first token beside reading the prompt.
const OVERHEAD: f64 = 0.2;
/// Seconds per token of a prompt that is read; what was read before costs nothing.
const PER_PROMPT_TOKEN: f64 = 0.000_1;
/// Seconds per token of an answer.
const PER_OUTPUT_TOKEN: f64 = 0.02;
/// How long what was read is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// How long a refusal takes.
const REFUSAL: Duration = Duration::from_millis(20);

/// One request as a provider sees it.
#[derive(Clone, Copy)]
pub(super) struct Work {
    pub(super) request: usize,
    pub(super) conversation: u64,
    pub(super) prompt_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) output_tokens_max: u64,
}

/// What it answers at once.
pub(super) enum Greeting {
    /// It takes the request.
    Taken,
    /// It refuses, after this long.
    Refused(Failure, Duration),
}

/// When a request that is begun has its first token and its last, and what was remembered.
pub(super) struct Begun {
    pub(super) work: Work,
    pub(super) first_token: Moment,
    pub(super) end: Moment,
    pub(super) cached_tokens: u64,
}

/// One provider.
pub(super) struct Provider {
    oddity: Oddity,
    working: usize,
    waiting: VecDeque<Work>,
    reads_until: Moment,
    /// What of a conversation was read, and when.
    remembered: HashMap<u64, (u64, Moment)>,
    /// Tokens left of the limit, and since when they fill up.
    left: f64,
    filled_at: Moment,
}

impl Provider {
    pub(super) fn new(oddity: Oddity, now: Moment) -> Self {
        let left = match oddity {
            Oddity::Limited { tokens_per_minute, .. } => tokens_per_minute as f64,
            _ => 0.0,
        };
        Self {
            oddity,
            working: 0,
            waiting: VecDeque::new(),
            reads_until: now,
            remembered: HashMap::new(),
            left,
            filled_at: now,
        }
    }

    /// Takes a request, or does not.
    pub(super) fn greet(&mut self, work: Work, now: Moment) -> Greeting {
        let refusal = match self.oddity {
            Oddity::Nothing | Oddity::Slow(_) => None,
            Oddity::FailsAtOnce => Some(Failure::Broken),
            Oddity::OverloadedAtTimes => {
                let second = now.as_nanos() / 1_000_000_000 % 30;
                let overloaded = Failure::Overloaded { scope: Scope::Provider, retry_after: None };
                (second < 10).then_some(overloaded)
            }
            Oddity::Limited { tokens_per_minute, .. } => {
                self.fill(tokens_per_minute, now);
                let needed = (work.prompt_tokens + work.output_tokens_max) as f64;
                let missing = needed.min(tokens_per_minute as f64) - self.left;
                if missing <= 0.0 {
                    self.left -= needed;
                    None
                } else {
                    let wait = missing * 60.0 / tokens_per_minute as f64;
                    let retry_after = Some(Duration::from_secs(wait.ceil() as u64));
                    Some(Failure::RateLimited { scope: Scope::Lane, retry_after })
                }
            }
        };
        match refusal {
            Some(failure) => Greeting::Refused(failure, REFUSAL),
            None => {
                self.waiting.push_back(work);
                Greeting::Taken
            }
        }
    }

    /// What its headers say is left.
    pub(super) fn quota(&mut self, now: Moment) -> Option<QuotaSeen> {
        let Oddity::Limited { tokens_per_minute, says_what_is_left: true } = self.oddity else {
            return None;
        };
        self.fill(tokens_per_minute, now);
        let missing = 1.0 - self.left / tokens_per_minute as f64;
        Some(QuotaSeen {
            kind: QuotaKind::Tokens,
            limit: Some(tokens_per_minute),
            remaining: self.left.max(0.0) as u64,
            reset_after: Some(Duration::from_secs_f64(60.0 * missing)),
        })
    }

    /// Begins with the next one that waits, if there is a slot.
    pub(super) fn begin(&mut self, now: Moment) -> Option<Begun> {
        if self.working == SLOTS {
            return None;
        }
        let work = self.waiting.pop_front()?;
        self.working += 1;
        let slowness = if let Oddity::Slow(factor) = self.oddity { factor } else { 1.0 };
        let (known, read_at) = self.remembered.get(&work.conversation).copied().unwrap_or_default();
        let is_fresh = now.since(read_at) < REMEMBERED_FOR;
        let cached_tokens = if is_fresh { known.min(work.prompt_tokens) } else { 0 };
        let unread = (work.prompt_tokens - cached_tokens) as f64;
        let reading = Duration::from_secs_f64(unread * PER_PROMPT_TOKEN * slowness);
        self.reads_until = self.reads_until.max(now) + reading;
        let first_token = self.reads_until + Duration::from_secs_f64(OVERHEAD * slowness);
        let writing = work.output_tokens as f64 * PER_OUTPUT_TOKEN * slowness;
        let end = first_token + Duration::from_secs_f64(writing);
        let read = work.prompt_tokens + work.output_tokens;
        self.remembered.insert(work.conversation, (read, first_token));
        Some(Begun { work, first_token, end, cached_tokens })
    }

    /// Ends a request.
    pub(super) fn end(&mut self) {
        self.working -= 1;
    }

    fn fill(&mut self, tokens_per_minute: u64, now: Moment) {
        let most = tokens_per_minute as f64;
        let filled = now.since(self.filled_at).as_secs_f64() * most / 60.0;
        self.left = (self.left + filled).min(most);
        self.filled_at = now;
    }
}
