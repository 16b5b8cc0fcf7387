//! What is under way on one lane, in requests and in tokens. Plain counters of all workers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The size of one request, as far as it is known beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Tokens of the prompt, as estimated.
    pub(crate) prompt: u64,
    /// Tokens of the answer that are expected.
    pub(crate) output: u64,
    /// Tokens of the answer at most: what providers count against a quota.
    pub(crate) output_max: u64,
}

/// What is in flight.
///
/// A prompt weighs until its first token is there: then it has been read. An answer weighs until
/// it has ended. Requests without a first token are *waiting*: their quota is not in any header
/// that has come back.
#[derive(Debug, Default)]
pub(crate) struct LaneLoad {
    requests: AtomicU32,
    tokens: AtomicU64,
    waiting_requests: AtomicU32,
    waiting_prompt: AtomicU64,
    waiting_output_max: AtomicU64,
}

/// What is waiting, for the quota.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) requests: u64,
    pub(crate) prompt: u64,
    pub(crate) output_max: u64,
}

impl LaneLoad {
    /// Requests in flight.
    #[inline]
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Tokens in flight.
    #[inline]
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// Prompts that have not been read, in tokens.
    #[inline]
    pub(crate) fn waiting_prompt(&self) -> u64 {
        self.waiting_prompt.load(Ordering::Relaxed)
    }

    /// Everything that waits for its first token.
    #[inline]
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting {
            requests: u64::from(self.waiting_requests.load(Ordering::Relaxed)),
            prompt: self.waiting_prompt(),
            output_max: self.waiting_output_max.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn begin(&self, size: Size) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.tokens.fetch_add(size.prompt + size.output, Ordering::Relaxed);
        self.waiting_requests.fetch_add(1, Ordering::Relaxed);
        self.waiting_prompt.fetch_add(size.prompt, Ordering::Relaxed);
        self.waiting_output_max.fetch_add(size.output_max, Ordering::Relaxed);
    }

    /// Ends the waiting of a request.
    pub(crate) fn first_token(&self, size: Size) {
        self.tokens.fetch_sub(size.prompt, Ordering::Relaxed);
        self.waiting_requests.fetch_sub(1, Ordering::Relaxed);
        self.waiting_prompt.fetch_sub(size.prompt, Ordering::Relaxed);
        self.waiting_output_max.fetch_sub(size.output_max, Ordering::Relaxed);
    }

    /// Ends a request that has had its first token.
    pub(crate) fn end(&self, size: Size) {
        self.tokens.fetch_sub(size.output, Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::Relaxed);
    }
}
