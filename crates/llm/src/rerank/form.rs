//! The form in the middle: a question, documents, and how well each fits.

use super::RerankField;
use crate::chat::{Json, Text};
use crate::field::FieldSet;
use crate::json::Number;
use crate::used::Used;

/// A request for a ranking.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RerankRequest<'a> {
    /// The model asked for, wherever the wire puts it; empty where it is not said.
    pub model: Text<'a>,
    /// The question.
    pub query: Text<'a>,
    /// The documents.
    pub documents: Vec<RerankDocument<'a>>,
    /// How many of the best are wanted; none: all.
    pub top: Option<u64>,
    /// Whether the answer is to repeat the documents.
    pub returns_documents: Option<bool>,
    /// Which fields of documents are looked at.
    pub rank_fields: Vec<Text<'a>>,
    /// Tokens of a document that are looked at.
    pub document_tokens_max: Option<u64>,
    /// Pieces of a document that are looked at.
    pub document_chunks_max: Option<u64>,
    /// Whether what is too long is cut off or refused.
    pub truncates: Option<bool>,
    /// How urgent it is; 0 is most.
    pub priority: Option<u64>,
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub struct RerankDocument<'a> {
    /// Its text; none where it has fields of other names.
    pub text: Option<Text<'a>>,
    /// The whole of it, where it is an object.
    pub fields: Option<Json<'a>>,
}

/// A ranking.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RerankReply<'a> {
    /// Its id at the provider.
    pub id: Option<Text<'a>>,
    /// The model that ranked.
    pub model: Option<Text<'a>>,
    /// The documents, best first.
    pub results: Vec<Ranked<'a>>,
    /// What was used.
    pub used: Used,
}

/// A ranked document.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked<'a> {
    /// Which of the documents it is, from 0.
    pub index: u64,
    /// How well it fits.
    pub score: Number<'a>,
    /// The document, where the provider repeats it.
    pub document: Option<Json<'a>>,
}

impl RerankRequest<'_> {
    /// The fields that it uses.
    #[must_use]
    pub fn fields(&self) -> FieldSet<RerankField> {
        let Self {
            model: _,
            query: _,
            documents,
            top,
            returns_documents,
            rank_fields,
            document_tokens_max,
            document_chunks_max,
            truncates,
            priority,
        } = self;
        let mut fields = FieldSet::default();
        let has_fields = documents.iter().any(|document| document.fields.is_some());
        fields.add_if(RerankField::DocumentFields, has_fields);
        fields.add_if(RerankField::Top, top.is_some());
        fields.add_if(RerankField::ReturnsDocuments, *returns_documents == Some(true));
        fields.add_if(RerankField::RankFields, !rank_fields.is_empty());
        fields.add_if(RerankField::DocumentTokens, document_tokens_max.is_some());
        fields.add_if(RerankField::DocumentChunks, document_chunks_max.is_some());
        fields.add_if(RerankField::Truncates, truncates.is_some());
        fields.add_if(RerankField::Priority, priority.is_some());
        fields
    }
}
