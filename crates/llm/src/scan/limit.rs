//! The limit of the output and the count of answers, as a body states them: by one name or by
//! several, of which nobody here knows which one the provider goes by.

use super::{Scanned, Splice, Watch, Watched};

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
    /// as `unstated` where there is none.
    pub fn limit_output(
        &mut self,
        (scanned, body): (&Scanned, &[u8]),
        watch: &Watch,
        limit: u64,
        unstated: Watched,
    ) {
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
