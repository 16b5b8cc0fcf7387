//! The ways to ask for a ranking over HTTP, and which of them a body or a model is.

use super::RerankDocument;
use crate::chat::Json;
use crate::json::{Cursor, Writer};
use crate::surface::Surface;

/// A way to ask for a ranking over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Cohere's second version.
    Cohere,
    /// Cohere's first version, which Jina and most engines have taken over.
    CohereV1,
    /// Voyage's, on the same path.
    Voyage,
    /// Models at Bedrock.
    Bedrock,
}

impl Wire {
    /// All wires.
    pub const ALL: [Self; 4] = [Self::Cohere, Self::CohereV1, Self::Voyage, Self::Bedrock];

    /// Its name in docs and fixtures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cohere => "cohere",
            Self::CohereV1 => "cohere_v1",
            Self::Voyage => "voyage",
            Self::Bedrock => "bedrock",
        }
    }

    /// The wire on which a provider is asked at a surface.
    #[must_use]
    pub fn of(surface: Surface) -> Option<Self> {
        match surface {
            Surface::CohereRerank => Some(Self::Cohere),
            Surface::CohereRerankV1 => Some(Self::CohereV1),
            Surface::BedrockInvoke => Some(Self::Bedrock),
            _ => None,
        }
    }

    /// The wire on which a client asks; nothing where it is no request for a ranking.
    #[must_use]
    pub fn of_body(surface: Surface, body: &str) -> Option<Self> {
        let wire = Self::of(surface)?;
        let (mut asks, mut ranks, mut is_voyage) = (false, false, false);
        let read = Cursor::new(body).object(|cursor, name| {
            asks |= name == "query";
            ranks |= name == "documents";
            is_voyage |= matches!(name, "top_k" | "truncation");
            cursor.skip()
        });
        let is_ranking = read.is_ok() && asks && ranks;
        match wire {
            Self::Bedrock => is_ranking.then_some(wire),
            Self::CohereV1 if is_voyage => Some(Self::Voyage),
            wire => Some(wire),
        }
    }

    /// A document as the answer repeats it.
    pub(super) fn repeated(self, document: &RerankDocument<'_>) -> Json<'static> {
        let mut json = Vec::new();
        let mut w = Writer::new(&mut json);
        match (document, self) {
            (RerankDocument { text: Some(text), .. }, Self::Voyage) => w.text(text),
            (RerankDocument { fields: Some(fields), .. }, _) => w.json(fields.as_str()),
            (RerankDocument { text, .. }, _) => w.object(|w| w.text_field("text", text.as_deref())),
        }
        Json::from_valid(String::from_utf8(json).unwrap_or_default())
    }
}
