//! What came out of the runs of one strategy in one scenario. Only arithmetic.

use super::scenario::PROVIDERS;

/// Everything that is counted, over all seeds.
#[derive(Default)]
pub(super) struct Figures {
    /// Seconds to the first token and to the last, of those who got an answer.
    answers: Vec<(f64, f64)>,
    lost: u64,
    tries: u64,
    prompt_tokens: u64,
    cached_tokens: u64,
    /// Answers of each provider.
    by_provider: [u64; PROVIDERS],
}

/// What is shown of them.
pub(super) struct Summary {
    pub(super) first_token_mean: f64,
    pub(super) first_token_p99: f64,
    pub(super) whole_mean: f64,
    /// Requests that got no answer, in percent.
    pub(super) lost_percent: f64,
    /// Attempts per request.
    pub(super) tries: f64,
    /// Prompts' tokens that a provider had read before, in percent.
    pub(super) cached_percent: f64,
    /// Answers of the first provider as a multiple of a fair share.
    pub(super) odd_share: f64,
}

impl Figures {
    pub(super) fn lost(&mut self, tries: usize) {
        self.lost += 1;
        self.tries += tries as u64;
    }

    pub(super) fn read(&mut self, prompt_tokens: u64, cached_tokens: u64) {
        self.prompt_tokens += prompt_tokens;
        self.cached_tokens += cached_tokens;
    }

    /// Takes in an answer: of whom, after how many attempts, and its seconds to the first token
    /// and to the last.
    pub(super) fn answered(&mut self, provider: usize, tries: usize, seconds: (f64, f64)) {
        self.tries += tries as u64;
        self.answers.push(seconds);
        self.by_provider[provider] += 1;
    }

    pub(super) fn summary(&self) -> Summary {
        let count = self.answers.len().max(1) as f64;
        let mut first_tokens: Vec<f64> = self.answers.iter().map(|answer| answer.0).collect();
        first_tokens.sort_unstable_by(f64::total_cmp);
        let p99 = (first_tokens.len() * 99).div_ceil(100).saturating_sub(1);
        let requests = count + self.lost as f64;
        Summary {
            first_token_mean: first_tokens.iter().sum::<f64>() / count,
            first_token_p99: first_tokens.get(p99).copied().unwrap_or_default(),
            whole_mean: self.answers.iter().map(|answer| answer.1).sum::<f64>() / count,
            lost_percent: 100.0 * self.lost as f64 / requests,
            tries: self.tries as f64 / requests,
            cached_percent: 100.0 * self.cached_tokens as f64 / self.prompt_tokens.max(1) as f64,
            odd_share: self.by_provider[0] as f64 * PROVIDERS as f64 / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_answers_and_tries_of_requests() {
        let mut figures = Figures::default();
        for provider in [0, 1, 1, 2] {
            figures.answered(provider, 1, (1.0, 2.0));
        }
        figures.lost(6);
        figures.read(100, 25);
        let summary = figures.summary();
        let shown =
            [summary.odd_share, summary.tries, summary.lost_percent, summary.cached_percent];
        assert_eq!(shown, [1.0, 2.0, 20.0, 25.0]);
        assert_eq!([summary.first_token_p99, summary.whole_mean], [1.0, 2.0]);
    }
}
