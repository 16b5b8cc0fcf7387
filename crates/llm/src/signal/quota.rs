//! What is left of a provider's limits.

use std::time::Duration;

/// What an answer says is left, by what is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests.
    pub requests: Option<Window>,
    /// Tokens of prompts and answers together.
    pub tokens: Option<Window>,
    /// Tokens of prompts.
    pub input_tokens: Option<Window>,
    /// Tokens of answers.
    pub output_tokens: Option<Window>,
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How much there is when nothing is used; none where it is not said.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: u64,
    /// In how long all of it is there again; none where it is not said.
    pub resets_in: Option<Duration>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

impl Quota {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().iter().all(Option::is_none)
    }

    /// In how long all is there again of which nothing is left.
    #[must_use]
    pub fn used_up_for(&self) -> Option<Duration> {
        let used_up = self.all().into_iter().flatten().filter(|window| window.remaining == 0);
        used_up.filter_map(|window| window.resets_in).max()
    }

    /// Adds a window; of several for the same (a minute's and a day's, a model's and a project's)
    /// the one that is nearest to its end counts.
    pub(super) fn add(&mut self, counted: Counted, window: Window) {
        // A limit of nothing is none; some tell it where they do not know.
        if window.limit == Some(0) {
            return;
        }
        let place = match counted {
            Counted::Requests => &mut self.requests,
            Counted::Tokens => &mut self.tokens,
            Counted::InputTokens => &mut self.input_tokens,
            Counted::OutputTokens => &mut self.output_tokens,
        };
        if place.is_none_or(|known| window.is_tighter_than(&known)) {
            *place = Some(window);
        }
    }

    fn all(&self) -> [Option<Window>; 4] {
        [self.requests, self.tokens, self.input_tokens, self.output_tokens]
    }
}

impl Window {
    /// Whether less of it is left: by its share where both say of how much, else by its count; of
    /// two that are used up, the one that lasts longer.
    fn is_tighter_than(&self, other: &Self) -> bool {
        let count = (self.remaining, other.remaining);
        let (left, right) = match (self.limit, other.limit) {
            (Some(limit), Some(other)) => {
                let times = |a: u64, b: u64| u128::from(a) * u128::from(b);
                (times(count.0, other), times(count.1, limit))
            }
            _ => (u128::from(count.0), u128::from(count.1)),
        };
        left < right || (left == right && self.resets_in > other.resets_in)
    }
}
