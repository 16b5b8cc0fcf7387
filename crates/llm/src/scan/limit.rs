//! The limit of the output and the count of answers, as a body states them: by one name or by
//! several, of which nobody here knows which one the provider goes by.

use std::ops::Range;

use super::{Scanned, Splice, Watch, Watched};
use crate::json::Cursor;

/// Fewer tokens to reason by are refused by those who count them.
const REASONING_TOKENS_MIN: u64 = 1_024;
/// How it is said that a model is not to reason.
const REASONING_OFF: &[u8] = br#"{"type":"disabled"}"#;

/// The names of the limit of the output.
const LIMITS: [Watched; 3] =
    [Watched::OutputTokensMax, Watched::OutputTokensMaxOlder, Watched::ModelTokensMax];

impl Scanned {
    /// The most tokens that the answer may have: the highest of the limits that the body states,
    /// and none where one of them is no number, which some provider takes for as many as can be.
    #[must_use]
    pub fn output_tokens_max(&self, body: &[u8]) -> Option<u64> {
        let mut stated = LIMITS.into_iter().filter(|limit| self.says(*limit, body));
        stated.try_fold(None, |most, limit| Some(most.max(Some(self.count(limit, body)?))))?
    }

    /// Whether the body states a limit of the output, be it `null`.
    #[must_use]
    pub fn states_output_max(&self) -> bool {
        LIMITS.into_iter().any(|limit| self.span(limit).is_some())
    }

    /// How many answers are made.
    #[must_use]
    pub fn choices(&self, body: &[u8]) -> u64 {
        let counts = [Watched::Choices, Watched::ChoicesTried];
        counts.into_iter().filter_map(|count| self.count(count, body)).fold(1, u64::max)
    }
}

impl Splice {
    /// Makes every limit of the output that the body states no higher than `limit`, and states it
    /// as `unstated` where there is none. What the model may reason is part of it and goes down with
    /// it; where too little of that would be left, it does not reason.
    pub fn limit_output(
        &mut self,
        (scanned, body): (&Scanned, &[u8]),
        watch: &Watch,
        limit: u64,
        unstated: Watched,
    ) {
        self.limit_reasoning((scanned, body), limit);
        let value = || limit.to_string().into_bytes();
        if !scanned.states_output_max() {
            return self.set(scanned, watch, unstated, value());
        }
        for stated in LIMITS.into_iter().filter(|one| scanned.span(*one).is_some()) {
            if scanned.count(stated, body).is_none_or(|count| count > limit) {
                self.set(scanned, watch, stated, value());
            }
        }
    }
}

impl Splice {
    /// A number of tokens to reason by has to be below the limit of the output.
    fn limit_reasoning(&mut self, (scanned, body): (&Scanned, &[u8]), limit: u64) {
        let Some(stated) = scanned.span(Watched::Reasoning) else { return };
        let Some((place, tokens)) = reasoning_tokens(body, &stated) else { return };
        // Who asks for more than their own limit is told so by whom they ask.
        let lowest = LIMITS.into_iter().filter_map(|one| scanned.count(one, body)).min();
        if tokens < limit || lowest.is_some_and(|lowest| lowest < limit) {
            return;
        }
        match limit.saturating_sub(1) {
            left if left >= REASONING_TOKENS_MIN => self.edit(place, left.to_string().into_bytes()),
            _ => self.edit(stated, REASONING_OFF.to_vec()),
        }
    }
}

/// Where an object says how many tokens a model may reason by, and how many.
fn reasoning_tokens(body: &[u8], object: &Range<usize>) -> Option<(Range<usize>, u64)> {
    let text = std::str::from_utf8(body.get(object.clone())?).ok()?;
    let (mut cursor, mut found) = (Cursor::new(text), None);
    let read = cursor.object(|cursor, name| {
        if name != "budget_tokens" {
            return cursor.skip();
        }
        cursor.kind();
        let from = cursor.at();
        let tokens = at_least(cursor.json()?.as_str());
        found = tokens.map(|tokens| (object.start + from..object.start + cursor.at(), tokens));
        Ok(())
    });
    read.ok().and(found)
}

/// The least whole number that is not below the one that is written, where that is none below zero.
pub(crate) fn at_least(text: &str) -> Option<u64> {
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    // The conversion stops at the highest number that there is.
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number >= 0.0 || number == f64::INFINITY).then(|| number.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::surface::Surface;

    fn scanned(watch: &'static Watch, body: &str) -> Scanned {
        Scanned::whole(body.as_bytes(), watch).expect("the body is sound")
    }

    #[test]
    fn a_count_is_understood_however_it_is_written() {
        for (text, count) in [
            ("50", Some(50)),
            ("50.0", Some(50)),
            ("5e1", Some(50)),
            ("1.2", Some(2)),
            ("1e999", Some(u64::MAX)),
            ("100000000000000000000", Some(u64::MAX)),
            ("-1", None),
            ("null", None),
        ] {
            assert_eq!(at_least(text), count, "{text}");
        }
        let watch = Dialect::OpenaiChat.watch();
        for (body, choices) in
            [(r#"{"n":50.0}"#, 50), (r#"{"n":"50"}"#, 50), (r#"{"n":null}"#, 1), ("{}", 1)]
        {
            assert_eq!(scanned(watch, body).choices(body.as_bytes()), choices, "{body}");
        }
        let best = r#"{"n":2,"best_of":20}"#;
        let watch = Surface::OpenaiCompletion.watch();
        assert_eq!(scanned(watch, best).choices(best.as_bytes()), 20);
    }

    #[test]
    fn what_a_model_may_reason_goes_down_with_the_limit_of_its_output() {
        let (claude, bedrock) = (Dialect::AnthropicMessages, Dialect::BedrockConverse);
        let invoke = Surface::BedrockInvoke.watch();
        for (watch, body, limit, lowered) in [
            (
                claude.watch(),
                r#"{"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens": 10000 }}"#,
                4_987,
                r#"{"max_tokens":4987,"thinking":{"type":"enabled","budget_tokens": 4986 }}"#,
            ),
            (
                claude.watch(),
                r#"{"max_tokens":16000,"thinking":{"budget_tokens":1.0e4,"type":"enabled"}}"#,
                1_025,
                r#"{"max_tokens":1025,"thinking":{"budget_tokens":1024,"type":"enabled"}}"#,
            ),
            (
                claude.watch(),
                r#"{"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens":10000}}"#,
                1_024,
                r#"{"max_tokens":1024,"thinking":{"type":"disabled"}}"#,
            ),
            // What fits, and what nobody would take anyway, stays as it is.
            (
                claude.watch(),
                r#"{"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
                4_000,
                r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
            ),
            (
                claude.watch(),
                r#"{"max_tokens":1500,"thinking":{"type":"enabled","budget_tokens":9000}}"#,
                4_000,
                r#"{"max_tokens":1500,"thinking":{"type":"enabled","budget_tokens":9000}}"#,
            ),
            (
                claude.watch(),
                r#"{"max_tokens":16000,"thinking":{"type":"adaptive"}}"#,
                900,
                r#"{"max_tokens":900,"thinking":{"type":"adaptive"}}"#,
            ),
            (
                bedrock.watch(),
                r#"{"inferenceConfig":{"maxTokens":12000},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":8000}}}"#,
                4_983,
                r#"{"inferenceConfig":{"maxTokens":4983},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4982}}}"#,
            ),
            (
                bedrock.watch(),
                r#"{"additionalModelRequestFields":{"reasoning_config":{"type":"enabled","budget_tokens":8000}}}"#,
                500,
                r#"{"inferenceConfig":{"maxTokens":500},"additionalModelRequestFields":{"reasoning_config":{"type":"disabled"}}}"#,
            ),
            (
                invoke,
                r#"{"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens":10000}}"#,
                4_987,
                r#"{"max_tokens":4987,"thinking":{"type":"enabled","budget_tokens":4986}}"#,
            ),
        ] {
            let found = scanned(watch, body);
            let mut splice = Splice::new();
            let read = (&found, body.as_bytes());
            splice.limit_output(read, watch, limit, Watched::OutputTokensMax);
            let written = String::from_utf8(splice.apply(body.as_bytes())).unwrap();
            assert_eq!(written, lowered);
            Scanned::whole(written.as_bytes(), watch).expect("it is sound still");
        }
    }

    #[test]
    fn of_several_limits_the_highest_counts_and_each_that_is_higher_is_lowered() {
        let watch = Dialect::OpenaiChat.watch();
        let bedrock = Dialect::BedrockConverse.watch();
        for (watch, body, most, lowered) in [
            (
                watch,
                r#"{"max_completion_tokens":1,"max_tokens":900}"#,
                Some(900),
                r#"{"max_completion_tokens":1,"max_tokens":100}"#,
            ),
            (watch, r#"{"max_tokens":-1}"#, None, r#"{"max_tokens":100}"#),
            (
                watch,
                r#"{"max_completion_tokens":9,"max_tokens":"all"}"#,
                None,
                r#"{"max_completion_tokens":9,"max_tokens":100}"#,
            ),
            (
                watch,
                r#"{"max_completion_tokens":null,"max_tokens":9}"#,
                Some(9),
                r#"{"max_completion_tokens":100,"max_tokens":9}"#,
            ),
            (watch, "{}", None, r#"{"max_completion_tokens":100}"#),
            (
                bedrock,
                r#"{"additionalModelRequestFields":{"max_tokens":900}}"#,
                Some(900),
                r#"{"additionalModelRequestFields":{"max_tokens":100}}"#,
            ),
        ] {
            let found = scanned(watch, body);
            assert_eq!(found.output_tokens_max(body.as_bytes()), most, "{body}");
            let mut splice = Splice::new();
            let read = (&found, body.as_bytes());
            splice.limit_output(read, watch, 100, Watched::OutputTokensMax);
            let written = splice.apply(body.as_bytes());
            assert_eq!(String::from_utf8(written).unwrap(), lowered);
        }
    }
}
