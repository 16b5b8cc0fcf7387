//! Messages and their parts.
//!
//! Results of tools are parts of a user's message, several calls' results in one message, as most
//! dialects have it; those with a message per result split and join.

use super::{Json, Maker, Media, Text};

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// The name of the participant, where several share a role.
    pub name: Option<Text<'a>>,
    /// What is said.
    pub parts: Vec<Part<'a>>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Standing instructions.
    System,
    /// Standing instructions under OpenAI's newer name.
    Developer,
    /// Who asks, and the results of tools.
    User,
    /// The model.
    Assistant,
}

/// One part of a message or a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<'a> {
    /// What it is.
    pub content: Content<'a>,
    /// Whether the prompt up to here shall be kept in the provider's cache.
    pub cache: Option<CacheMark>,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content<'a> {
    /// Text.
    Text(TextPart<'a>),
    /// An image, a document, audio or video.
    Media(Media<'a>),
    /// A tool that the model wants called.
    ToolCall(ToolCall<'a>),
    /// What a tool answered.
    ToolResult(ToolResult<'a>),
    /// What the model thought.
    Reasoning(ReasoningPart<'a>),
    /// Why the model will not answer.
    Refusal(Text<'a>),
    /// Structured data; only within the result of a tool.
    Json(Json<'a>),
    /// What only one provider understands.
    ProviderOnly(ProviderOnly<'a>),
}

impl<'a> From<Content<'a>> for Part<'a> {
    fn from(content: Content<'a>) -> Self {
        Self { content, cache: None }
    }
}

impl<'a> Part<'a> {
    /// A part of plain text.
    #[must_use]
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Content::Text(TextPart { text: text.into(), citations: Vec::new() }).into()
    }
}

/// Text and where it has it from.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPart<'a> {
    /// The text.
    pub text: Text<'a>,
    /// Where it has it from.
    pub citations: Vec<Citation<'a>>,
}

/// Where a passage of an answer was taken from. Ranges are half open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Citation<'a> {
    /// The link to the source.
    pub url: Option<Text<'a>>,
    /// The title of the source.
    pub title: Option<Text<'a>>,
    /// The words of the source.
    pub cited_text: Option<Text<'a>>,
    /// Which of the request's documents it is, from 0.
    pub document: Option<u64>,
    /// The id of the source where it has one.
    pub source_id: Option<Text<'a>>,
    /// Where in the source, and in what it is counted.
    pub source_span: Option<(SpanUnit, u64, u64)>,
    /// Where in the part's text, in characters.
    pub text_span: Option<(u64, u64)>,
}

/// What a span in a source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanUnit {
    /// Characters, from 0.
    Characters,
    /// Pages, from 1.
    Pages,
    /// Blocks of content, from 0.
    Blocks,
}

/// A tool that the model wants called.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall<'a> {
    /// The id that the result is to name.
    pub id: Text<'a>,
    /// The name of the tool.
    pub name: Text<'a>,
    /// Its arguments as the model wrote them: mostly a JSON object, but nothing holds a model to
    /// that; free text for free-form tools.
    pub arguments: Text<'a>,
    /// Whether the tool is free-form.
    pub is_free_form: bool,
    /// What the provider wants back with the call.
    pub signature: Option<Signature<'a>>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult<'a> {
    /// The id of the call.
    pub call_id: Text<'a>,
    /// The name of the tool where the dialect says it here.
    pub name: Option<Text<'a>>,
    /// The answer: text, media, JSON.
    pub parts: Vec<Part<'a>>,
    /// Whether the tool failed.
    pub is_error: bool,
}

/// What the model thought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReasoningPart<'a> {
    /// The thought or a summary of it; may be empty where the provider hides it.
    pub text: Text<'a>,
    /// Proof that it is the model's own, to be sent back with it.
    pub signature: Option<Signature<'a>>,
    /// The thought in a form that only its maker can read, to be sent back.
    pub encrypted: Option<Signature<'a>>,
    /// Its id where the provider gives one.
    pub id: Option<Text<'a>>,
}

/// An opaque value that a provider wants back as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature<'a> {
    /// Who made it: nobody else is sent it.
    pub maker: Maker,
    /// The value.
    pub value: Text<'a>,
}

/// What only one provider understands, kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOnly<'a> {
    /// Whose it is.
    pub maker: Maker,
    /// Its own word for it, as `web_search_tool_result`.
    pub kind: Text<'a>,
    /// The whole of it in its dialect.
    pub json: Json<'a>,
}

/// The prompt up to here shall be kept in the provider's cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// For how long; none: as long as the provider does.
    pub time: Option<CacheTime>,
}

/// How long a provider's cache keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheTime {
    /// Five minutes after its last use.
    Minutes5,
    /// An hour.
    Hour1,
}
