//! In whose words a surface is: who made the API first, whoever serves it now.

use crate::dialect::Dialect;

/// Who made an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI, and Azure, and all who are compatible.
    Openai,
    /// Anthropic.
    Anthropic,
    /// Gemini.
    Gemini,
    /// Cohere, and those whose ranking of documents looks the same.
    Cohere,
    /// AWS Bedrock.
    Bedrock,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 5] =
        [Self::Openai, Self::Anthropic, Self::Gemini, Self::Cohere, Self::Bedrock];

    /// Its name in docs and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Cohere => "cohere",
            Self::Bedrock => "bedrock",
        }
    }

    /// The dialect in which it tells errors, and its main one of chat.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Openai => Dialect::OpenaiChat,
            Self::Anthropic => Dialect::AnthropicMessages,
            Self::Gemini => Dialect::GeminiGenerateContent,
            Self::Cohere => Dialect::CohereChat,
            Self::Bedrock => Dialect::BedrockConverse,
        }
    }

    /// The family of a dialect.
    #[must_use]
    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => Self::Openai,
            Dialect::AnthropicMessages => Self::Anthropic,
            Dialect::GeminiGenerateContent => Self::Gemini,
            Dialect::CohereChat => Self::Cohere,
            Dialect::BedrockConverse => Self::Bedrock,
        }
    }

    /// The family of which a client is, by headers that only its SDKs send.
    #[must_use]
    pub fn of_client<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        if header("anthropic-version").is_some() {
            Some(Self::Anthropic)
        } else if header("x-goog-api-key").is_some() || header("x-goog-api-client").is_some() {
            Some(Self::Gemini)
        } else if header("x-fern-sdk-name").is_some_and(|name| name.starts_with("cohere")) {
            Some(Self::Cohere)
        } else {
            None
        }
    }

    /// The family that the first part of a path names; base URLs of SDKs are often told apart so.
    pub(super) fn of_prefix(segment: &str) -> Option<Self> {
        match segment {
            "openai" => Some(Self::Openai),
            "anthropic" => Some(Self::Anthropic),
            "gemini" | "genai" => Some(Self::Gemini),
            "cohere" => Some(Self::Cohere),
            "bedrock" => Some(Self::Bedrock),
            _ => None,
        }
    }
}
