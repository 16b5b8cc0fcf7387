//! What a request costs, by how much it may answer: so much for the prompt, so much for what comes
//! out whatever its length, so much for each token of output.
//!
//! A straight line, so that what is left of a budget can be turned into the output it is good for,
//! exactly and in integers.

use architrave_llm::chat::TokenClass;
use architrave_llm::cost::{FEMTOS_A_NANO, Rates};

use super::ask::{Ask, OUTPUT_TOKENS_MIN};

/// What a request costs in tokens or in money. Both sums are in parts, of which `unit` make one:
/// femto-USD and nano-USD for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    prompt: u128,
    /// Images and sound that are asked for: they are made whole or not at all.
    fixed: u128,
    output: u128,
    unit: u128,
}

impl Line {
    /// What a request costs in tokens. Every choice may be as long as the limit of the output says.
    pub(super) fn of_tokens(ask: &Ask<'_>) -> Self {
        let output = ask.choices.max(1).into();
        Self { prompt: ask.prompt_tokens.into(), fixed: 0, output, unit: 1 }
    }

    /// What a request costs in nano-USD, each side at the dearest price that its tokens can have:
    /// which of the prompt comes from a cache is known only afterwards.
    pub(super) fn of_money(ask: &Ask<'_>) -> Self {
        let (prompt, output) = dearest(ask);
        let prompt = prompt.saturating_mul(ask.prompt_tokens.into());
        let request = u128::from(ask.prices.request.0).saturating_mul(ask.requests.max(1).into());
        Self {
            prompt: prompt.saturating_add(request).saturating_add(ask.beside_tokens.input),
            fixed: ask.beside_tokens.output,
            output: output.saturating_mul(ask.choices.max(1).into()),
            unit: FEMTOS_A_NANO,
        }
    }

    /// What the request costs with so many tokens of output, rounded up.
    pub(super) fn amount(self, output: u64) -> u64 {
        let output = self.output.saturating_mul(output.into());
        self.whole(self.prompt.saturating_add(self.fixed).saturating_add(output))
    }

    /// How much of the wanted output is good for what is left: all of it, or as much as there is
    /// money for, or [`OUTPUT_TOKENS_MIN`]. `None` when not even that can be paid, the prompt
    /// apart: so a prompt that is larger than what is left is the last one, and what it passes the
    /// budget by is never more than itself.
    pub(super) fn fit(self, left: u64, wanted: u64) -> Option<u64> {
        let least = wanted.min(OUTPUT_TOKENS_MIN);
        let is_free = self.amount(least) == 0;
        if left < self.least(wanted) || (left == 0 && !is_free) {
            return None;
        }
        let parts = u128::from(left).saturating_mul(self.unit).saturating_sub(self.prompt);
        let parts = parts.saturating_sub(self.fixed);
        let most = parts.checked_div(self.output).unwrap_or(u128::MAX);
        Some(wanted.min(u64::try_from(most).unwrap_or(u64::MAX)).max(least))
    }

    /// What the least output costs that is worth sending the request for.
    pub(super) fn least(self, wanted: u64) -> u64 {
        let least = wanted.min(OUTPUT_TOKENS_MIN);
        self.whole(self.fixed.saturating_add(self.output.saturating_mul(least.into())))
    }

    fn whole(self, parts: u128) -> u64 {
        u64::try_from(parts.div_ceil(self.unit)).unwrap_or(u64::MAX)
    }
}

/// The dearest price of a token of the prompt and of the output.
fn dearest(ask: &Ask<'_>) -> (u128, u128) {
    use TokenClass as Class;
    let rates = ask.prices.rates(ask.prompt_tokens, ask.service);
    let (text_in, text_out) =
        ([Class::Input, Class::CacheRead, Class::CacheWrite], [Class::Output, Class::Reasoning]);
    let (media_in, media_out) = (
        [Class::InputAudio, Class::InputImage, Class::CacheWrite1h],
        [Class::OutputAudio, Class::OutputImage],
    );
    let of = |classes: &[TokenClass]| highest(&rates, classes);
    let media = |classes: &[TokenClass]| if ask.has_media { of(classes) } else { 0 };
    (of(&text_in).max(media(&media_in)), of(&text_out).max(media(&media_out)))
}

fn highest(rates: &Rates, classes: &[TokenClass]) -> u128 {
    classes.iter().map(|class| u128::from(rates.get(*class).0)).max().unwrap_or_default()
}
