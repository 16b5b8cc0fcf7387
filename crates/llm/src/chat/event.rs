//! A reply as it comes, piece by piece.
//!
//! Readers keep these promises, so that writers need not guard: `Start` comes first and once; every
//! delta is between the start and the end of its part; parts of one choice have rising indexes and,
//! but for calls that a provider interleaves, one is open at a time; `Finish` comes once a choice,
//! after its parts have ended; `End` comes last and once, unless the stream broke.

use super::{ChatError, Citation, Finish, ProviderOnly, Signature, Text, TokenLogprob, Usage};

/// One event of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent<'a> {
    /// The reply begins.
    Start {
        /// Its id at the provider.
        id: Option<Text<'a>>,
        /// The model that answers.
        model: Option<Text<'a>>,
        /// When, in seconds since 1970.
        created_s: Option<u64>,
        /// The class of service that it has.
        service_class: Option<Text<'a>>,
        /// What identifies the provider's configuration.
        fingerprint: Option<Text<'a>>,
    },
    /// A part begins.
    PartStart {
        /// Which answer, from 0.
        choice: u32,
        /// Which part of it, from 0.
        part: u32,
        /// What it is.
        kind: PartKind<'a>,
    },
    /// More of a part.
    PartDelta {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        part: u32,
        /// What is added.
        delta: Delta<'a>,
    },
    /// A part is complete.
    PartEnd {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        part: u32,
    },
    /// Log probabilities of the tokens of an answer that came last.
    Logprobs {
        /// Which answer.
        choice: u32,
        /// Of each token.
        tokens: Vec<TokenLogprob<'a>>,
    },
    /// An answer is complete.
    Finish {
        /// Which answer.
        choice: u32,
        /// Why it ended.
        finish: Finish,
        /// The stop text that ended it.
        stop_text: Option<Text<'a>>,
    },
    /// What was used so far; a running total.
    Usage(Usage),
    /// The provider failed in mid-stream; nothing more comes.
    Error(ChatError),
    /// The reply is complete.
    End,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub enum PartKind<'a> {
    /// Text.
    Text,
    /// Reasoning.
    Reasoning {
        /// Its id where the provider gives one.
        id: Option<Text<'a>>,
    },
    /// Refusal.
    Refusal,
    /// A tool call, its arguments to come.
    ToolCall {
        /// The id that the result is to name.
        id: Text<'a>,
        /// The name of the tool.
        name: Text<'a>,
        /// Whether the tool is free-form.
        is_free_form: bool,
    },
    /// Sound or an image.
    Media(super::MediaKind),
    /// What only one provider understands, whole.
    ProviderOnly(ProviderOnly<'a>),
}

/// What is added to a part.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta<'a> {
    /// Text, of reasoning and refusals, too.
    Text(Text<'a>),
    /// Arguments of a tool call.
    Arguments(Text<'a>),
    /// The signature of reasoning or of a call, whole.
    Signature(Signature<'a>),
    /// Reasoning that only its maker can read, whole.
    Encrypted(Signature<'a>),
    /// Where the text has it from.
    Citation(Citation<'a>),
    /// Bytes of media in base64.
    Bytes {
        /// The media type, said at least with the first bytes.
        media_type: Option<Text<'a>>,
        /// The bytes.
        base64: Text<'a>,
        /// What is said in them, where the provider writes it down.
        transcript: Option<Text<'a>>,
    },
    /// Where media lies that the provider gives as a link, whole.
    Link {
        /// What it is.
        kind: super::MediaKind,
        /// The link.
        url: Text<'a>,
        /// The media type where the dialect says it.
        media_type: Option<Text<'a>>,
    },
}
