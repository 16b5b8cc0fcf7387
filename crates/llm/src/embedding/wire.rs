//! The ways to ask for vectors over HTTP: one line each, and which of them a body or a model is.

use super::{EmbedInput, EmbedReply, EmbedRequest, Wish, cohere, gemini, openai, predict, titan};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError, Writer};
use crate::surface::Surface;

/// A way to ask for vectors over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// OpenAI's.
    Openai,
    /// Gemini's, one at a time.
    Gemini,
    /// Gemini's, many at once.
    GeminiBatch,
    /// Vertex's.
    Predict,
    /// Cohere's second version.
    Cohere,
    /// Cohere's first version.
    CohereV1,
    /// Cohere's models at Bedrock.
    BedrockCohere,
    /// Amazon's Titan at Bedrock.
    Titan,
}

impl Wire {
    /// All wires.
    pub const ALL: [Self; 8] = [
        Self::Openai,
        Self::Gemini,
        Self::GeminiBatch,
        Self::Predict,
        Self::Cohere,
        Self::CohereV1,
        Self::BedrockCohere,
        Self::Titan,
    ];

    /// Its name in docs and fixtures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Gemini => "gemini",
            Self::GeminiBatch => "gemini_batch",
            Self::Predict => "predict",
            Self::Cohere => "cohere",
            Self::CohereV1 => "cohere_v1",
            Self::BedrockCohere => "bedrock_cohere",
            Self::Titan => "titan",
        }
    }

    /// The wire of a surface, where it has but one.
    #[must_use]
    pub fn of(surface: Surface) -> Option<Self> {
        match surface {
            Surface::OpenaiEmbedding => Some(Self::Openai),
            Surface::GeminiEmbedding => Some(Self::Gemini),
            Surface::GeminiEmbeddings => Some(Self::GeminiBatch),
            Surface::CohereEmbed => Some(Self::Cohere),
            Surface::CohereEmbedV1 => Some(Self::CohereV1),
            _ => None,
        }
    }

    /// The wire on which a model is asked at a provider's surface; nothing where that model is
    /// asked in words that are not known here.
    #[must_use]
    pub fn of_model(surface: Surface, model: &str) -> Option<Self> {
        match surface {
            Surface::BedrockInvoke if model.contains("titan-embed") => Some(Self::Titan),
            Surface::BedrockInvoke if model.contains("cohere.embed") => Some(Self::BedrockCohere),
            Surface::GeminiPredict if !model.starts_with("multimodalembedding") => {
                Some(Self::Predict)
            }
            surface => Self::of(surface),
        }
    }

    /// The wire on which a client asks by a bare call of a model, told from the body; nothing where
    /// it is no request for vectors.
    #[must_use]
    pub fn of_body(surface: Surface, body: &str) -> Option<Self> {
        let mut found = Self::of(surface);
        let mut see = |wire| found = found.or(Some(wire));
        let read = Cursor::new(body).object(|cursor, name| {
            match (surface, name) {
                (Surface::BedrockInvoke, "inputText" | "inputImage") => see(Self::Titan),
                (Surface::BedrockInvoke, "texts" | "images" | "inputs") => {
                    see(Self::BedrockCohere);
                }
                (Surface::GeminiPredict, "instances") => {
                    return cursor.array(|cursor| {
                        cursor.object(|cursor, name| {
                            if name == "content" {
                                see(Self::Predict);
                            }
                            cursor.skip()
                        })
                    });
                }
                _ => {}
            }
            cursor.skip()
        });
        // Titan writes texts by the same field: what else it says tells that.
        read.ok().and(found).filter(|wire| *wire != Self::Titan || !says_chat(body))
    }

    /// How many inputs a request for a model may have.
    #[must_use]
    pub fn inputs_max(self, model: &str) -> usize {
        match self {
            Self::Predict if model.starts_with("gemini-embedding") => 1,
            Self::Gemini | Self::Titan => 1,
            Self::CohereV1 | Self::Cohere | Self::BedrockCohere => 96,
            Self::GeminiBatch => 100,
            Self::Predict => 250,
            Self::Openai => 2048,
        }
    }

    /// The field that has what is to be embedded.
    pub(super) fn input_name(self) -> &'static str {
        match self {
            Self::Openai => "input",
            Self::Gemini => "content",
            Self::GeminiBatch => "requests",
            Self::Predict => "instances",
            Self::Cohere | Self::CohereV1 | Self::BedrockCohere => "texts",
            Self::Titan => "inputText",
        }
    }

    pub(super) fn read_request_from<'a>(
        self,
        cursor: &mut Cursor<'a>,
    ) -> Result<EmbedRequest<'a>, JsonError> {
        match self {
            Self::Openai => openai::read_request(cursor),
            Self::Gemini => gemini::read_request(cursor),
            Self::GeminiBatch => gemini::read_batch(cursor),
            Self::Predict => predict::read_request(cursor),
            Self::Cohere | Self::CohereV1 | Self::BedrockCohere => cohere::read_request(cursor),
            Self::Titan => titan::read_request(cursor),
        }
    }

    pub(super) fn write_request_to(
        self,
        request: &EmbedRequest<'_>,
        inputs: &[EmbedInput<'_>],
        w: &mut Writer<'_>,
    ) {
        match self {
            Self::Openai => openai::write_request(request, inputs, w),
            Self::Gemini => gemini::write_request(request, inputs, w),
            Self::GeminiBatch => gemini::write_batch(request, inputs, w),
            Self::Predict => predict::write_request(request, inputs, w),
            Self::Cohere | Self::CohereV1 | Self::BedrockCohere => {
                cohere::write_request(self, request, inputs, w);
            }
            Self::Titan => titan::write_request(request, inputs, w),
        }
    }

    pub(super) fn read_reply_from<'a>(
        self,
        cursor: &mut Cursor<'a>,
    ) -> Result<EmbedReply<'a>, JsonError> {
        match self {
            Self::Openai => openai::read_reply(cursor),
            Self::Gemini | Self::GeminiBatch => gemini::read_reply(cursor),
            Self::Predict => predict::read_reply(cursor),
            Self::Cohere | Self::CohereV1 | Self::BedrockCohere => cohere::read_reply(cursor),
            Self::Titan => titan::read_reply(cursor),
        }
    }

    pub(super) fn write_reply_to(
        self,
        reply: &EmbedReply<'_>,
        wish: &Wish,
        context: &Context,
        w: &mut Writer<'_>,
    ) {
        match self {
            Self::Openai => openai::write_reply(reply, wish, context, w),
            Self::Gemini => gemini::write_reply(reply, w),
            Self::GeminiBatch => gemini::write_batch_reply(reply, w),
            Self::Predict => predict::write_reply(reply, w),
            Self::Cohere | Self::CohereV1 | Self::BedrockCohere => {
                cohere::write_reply(reply, wish, context, w);
            }
            Self::Titan => titan::write_reply(reply, w),
        }
    }
}

/// Whether a body of Titan's asks it to write.
fn says_chat(body: &str) -> bool {
    let mut says = false;
    let read = Cursor::new(body).object(|cursor, name| {
        says |= name == "textGenerationConfig";
        cursor.skip()
    });
    read.is_err() || says
}
