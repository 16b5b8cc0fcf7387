//! The mock: a provider within the gateway, for first steps and for tests of one's own.
//!
//! What it says in each dialect is `llm`'s; here is what it is told to do.

use std::time::Duration;

use crate::read::{AnyText, Count, NonEmpty, Nothing, Percent, Span, choice, empty, record};

/// What the mock answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockReply {
    /// The last message of the user.
    Echo,
    /// Always this text.
    Fixed(String),
    /// One of these after another, over and over; never empty.
    Script(Vec<String>),
}

choice! {
    /// What the mock answers where its model does not say.
    MockReply {
        /// The last message of the user. The default.
        "echo": Nothing => |_| MockReply::Echo,
        /// Always this text.
        "fixed": AnyText => MockReply::Fixed,
        /// One of these texts after another, over and over.
        "script": NonEmpty<AnyText> => MockReply::Script,
    }
}

/// What overloaded providers answer.
const FAIL_STATUS: u16 = 529;

record! {
    /// A provider within the gateway that answers without a model.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Mock {
        /// What it answers.
        "reply": MockReply = MockReply::Echo => pub reply: MockReply,
        /// How long it waits before the first token.
        "first_token": Span<0> = Duration::ZERO => pub first_token: Duration,
        /// How fast it speaks; 0: all at once.
        "tokens_per_second": Count<u32, 0, 1_000_000> = 0 => pub tokens_per_second: u32,
        /// The share of requests that it fails.
        "fail_percent": Percent = 0 => pub fail_percent: u8,
        /// The status that it fails with.
        "fail_status": Count<u16, 400, 599> = FAIL_STATUS => pub fail_status: u16,
    }
}

impl Default for Mock {
    fn default() -> Self {
        empty::<Self>()
    }
}
