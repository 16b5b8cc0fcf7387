//! The scenarios: which providers there are, how they behave, and how many requests come.

use std::time::Duration;

/// One scenario.
#[derive(Clone, Copy)]
pub(super) struct Scenario {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What happens in it, as a sentence.
    pub(super) about: &'static str,
    /// Requests per second.
    pub(super) rate: f64,
    /// How long it lasts.
    pub(super) length: Duration,
    /// What is odd about the first of the providers.
    pub(super) oddity: Oddity,
    /// Requests of one conversation carry its key.
    pub(super) affinity: bool,
    /// What the first one asks of what the others do, in percent.
    pub(super) price_percent: u64,
}

/// What is odd about the first provider.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Oddity {
    /// Nothing.
    Nothing,
    /// It reads and writes this much slower than the others.
    Slow(f64),
    /// It answers 500 at once.
    FailsAtOnce,
    /// It allows so many tokens a minute, answers 429 beyond, and says what is left or does not.
    Limited { tokens_per_minute: u64, says_what_is_left: bool },
    /// It answers 529 for the first third of every half minute.
    OverloadedAtTimes,
}

/// How many providers there are.
pub(super) const PROVIDERS: usize = 4;
/// Conversations under way at once.
pub(super) const CONVERSATIONS: usize = 60;
/// Nothing is recorded before this.
pub(super) const SETTLED: Duration = Duration::from_secs(60);

/// All scenarios, in the order of the documentation.
pub(super) fn all() -> Vec<Scenario> {
    let base = Scenario {
        name: "models_equal",
        about: "Four equal providers, about 60 % busy.",
        rate: 9.0,
        length: Duration::from_secs(660),
        oddity: Oddity::Nothing,
        affinity: false,
        price_percent: 100,
    };
    let limited =
        |says_what_is_left| Oddity::Limited { tokens_per_minute: 150_000, says_what_is_left };
    vec![
        base,
        Scenario {
            name: "models_sessions",
            about: "The same, with the conversation as affinity key.",
            affinity: true,
            ..base
        },
        Scenario {
            name: "models_one_slow",
            about: "The first of four reads and writes five times slower than the others.",
            rate: 6.0,
            oddity: Oddity::Slow(5.0),
            ..base
        },
        Scenario {
            name: "models_one_failing_fast",
            about: "The first of four answers 500 after 20 ms.",
            rate: 6.0,
            oddity: Oddity::FailsAtOnce,
            ..base
        },
        Scenario {
            name: "models_one_limited",
            about: "The first of four takes 150,000 tokens a minute, a third of its fair share, \
                    answers 429 beyond that, and asks for half of the price. Its headers say what \
                    is left.",
            rate: 6.0,
            oddity: limited(true),
            price_percent: 50,
            ..base
        },
        Scenario {
            name: "models_one_limited_unsaid",
            about: "The same without headers that say what is left.",
            rate: 6.0,
            oddity: limited(false),
            price_percent: 50,
            ..base
        },
        Scenario {
            name: "models_one_overloaded",
            about: "The first of four answers 529 for ten seconds of every thirty.",
            rate: 6.0,
            oddity: Oddity::OverloadedAtTimes,
            ..base
        },
    ]
}
