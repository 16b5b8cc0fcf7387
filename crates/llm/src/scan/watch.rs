//! Which members of a body the gateway wants to know the place of, dialect by dialect.
//!
//! A table, not code: the scan compares names at the first two levels only.

use super::Spellings;

/// What a watched member means to the gateway, whatever its dialect calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The model asked for.
    Model,
    /// Other models that may answer (`models`, as OpenRouter has it).
    Models,
    /// Whether the answer is to be streamed.
    Stream,
    /// The object that holds options of the stream.
    StreamOptions,
    /// Whether usage is wanted at the end of the stream.
    StreamUsage,
    /// The object that holds the limit of the output.
    OutputOptions,
    /// The limit of the output in tokens.
    OutputTokensMax,
    /// The same under its older name.
    OutputTokensMaxOlder,
    /// How tokens are drawn: the temperature.
    Temperature,
    /// The share of probability to draw from.
    TopP,
    /// How many of the likeliest tokens to draw from.
    TopK,
    /// The penalty by how often a token was used.
    FrequencyPenalty,
    /// The penalty for having been used.
    PresencePenalty,
    /// The object that holds options that are the model's own.
    ModelOptions,
    /// How many answers are wanted.
    Choices,
    /// Who the end user is.
    User,
    /// What keeps requests of one conversation together in the provider's cache.
    CacheKey,
    /// The class of service.
    ServiceClass,
    /// How sound is streamed.
    StreamFormat,
    /// The limit of the output under a name that is the model's own.
    ModelTokensMax,
    /// How many answers are made, the best of which are given.
    ChoicesTried,
    /// What a file is uploaded for.
    Purpose,
    /// The body of a request in a line of a batch's file.
    LineBody,
    /// Its path.
    LinePath,
    /// What a form must not say, and JSON may.
    Barred,
    /// Whether the answer is to be made while nobody waits for it.
    Background,
    /// The object that asks for a search of the web before the answer.
    SearchOptions,
    /// Whether the answer is to be stored at the provider.
    Store,
    /// The revision of the words that the body is in, where no header says it.
    Revision,
    /// The object that says how much the model may reason, in tokens of the output.
    Reasoning,
}

impl Watched {
    /// How many there are.
    pub const COUNT: usize = Self::Reasoning as usize + 1;
}

/// One watched member.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// What it means.
    pub means: Watched,
    /// The member of the body that holds it; none where it stands at the top.
    pub within: Option<Watched>,
    /// Its name.
    pub name: &'static str,
}

impl Member {
    /// A member at the top of the body.
    #[must_use]
    pub const fn top(means: Watched, name: &'static str) -> Self {
        Self { means, within: None, name }
    }

    /// A member of a member.
    #[must_use]
    pub const fn within(within: Watched, means: Watched, name: &'static str) -> Self {
        Self { means, within: Some(within), name }
    }
}

/// The watched members of one dialect's request.
#[derive(Debug)]
pub struct Watch {
    /// All of them; where one stands in another, that one is in the list, too.
    pub members: &'static [Member],
    /// How the names of fields may be written.
    pub spellings: Spellings,
}

impl Watch {
    /// The watched member of that name, standing within `within`.
    pub(super) fn find(&self, within: Option<Watched>, name: &[u8]) -> Option<Watched> {
        let fits = |member: &&Member| member.within == within && member.name.as_bytes() == name;
        self.members.iter().find(fits).map(|member| member.means)
    }

    /// The entry for what a member means.
    #[must_use]
    pub fn member(&self, means: Watched) -> Option<&'static Member> {
        self.members.iter().find(|member| member.means == means)
    }
}
