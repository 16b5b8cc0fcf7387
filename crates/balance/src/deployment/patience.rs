//! How long to wait for a model: for its first token, and between two of them.

use std::time::Duration;

/// How long a stream may stand still once it has begun, unless the provider's timeouts say
/// otherwise. Models think before they speak and between tool calls, but streams of all dialects
/// say something meanwhile; a minute without a byte is a stream that has died.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// What a token of the prompt adds while nothing is known: a millisecond, which is the pace of
/// the slowest machines that people run models on.
const PER_PROMPT_TOKEN: Duration = Duration::from_millis(1);
/// A first token may take so many times what it takes as a rule.
const SLACK: u32 = 4;
/// Nobody waits longer than this.
const LONGEST: Duration = Duration::from_secs(600);

/// How long to wait for the first token of an answer to a prompt of `prompt_tokens`.
///
/// `base` is what the provider's timeouts say. A long prompt takes longer to read and a model
/// that reasons takes longer to begin, so it grows with the size of the prompt, and is never less
/// than four times what `expected` says, if the lane is known (see
/// [`Lane::expected_first_token`](super::Lane::expected_first_token)); ten minutes at most, or
/// `base` if that is more.
#[must_use]
pub fn first_token_timeout(
    base: Duration,
    prompt_tokens: u64,
    expected: Option<Duration>,
) -> Duration {
    let tokens = u32::try_from(prompt_tokens).unwrap_or(u32::MAX);
    let by_size = base.saturating_add(PER_PROMPT_TOKEN.saturating_mul(tokens));
    let by_experience = expected.unwrap_or_default().saturating_mul(SLACK);
    by_size.max(by_experience).min(LONGEST.max(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: u64, prompt_tokens: u64, expected: Option<u64>, seconds: u64) {
        let expected_first = expected.map(Duration::from_secs);
        let timeout = first_token_timeout(Duration::from_secs(base), prompt_tokens, expected_first);
        assert_eq!(timeout.as_secs(), seconds, "{base} {prompt_tokens} {expected:?}");
    }

    #[test]
    fn patience_grows_with_the_prompt() {
        check(60, 0, None, 60);
        check(60, 100_000, None, 160);
        check(60, u64::MAX, None, 600);
    }

    #[test]
    fn a_model_that_is_known_to_think_long_is_given_time() {
        check(60, 1000, Some(2), 61);
        check(60, 1000, Some(40), 160);
        check(60, 1000, Some(1000), 600);
    }

    #[test]
    fn what_is_configured_is_the_least() {
        check(1200, 100_000, None, 1200);
    }
}
