//! What each wire makes of each field of a request for a ranking.

use super::Wire;
use crate::field::{Say, listed};

listed! {
/// What a request for a ranking may say beside question and texts.
pub enum RerankField {
    DocumentFields "documents" "Documents that are objects"
    Top "top_n" "How many of the best are wanted"
    ReturnsDocuments "return_documents" "The answer repeats the documents"
    RankFields "rank_fields" "Fields of documents that are looked at"
    DocumentTokens "max_tokens_per_doc" "Tokens of a document that are looked at"
    DocumentChunks "max_chunks_per_doc" "Pieces of a document that are looked at"
    Truncates "truncation" "What is too long is cut off, or refused"
    Priority "priority" "How urgent it is"
}
}

use RerankField::{
    DocumentChunks, DocumentFields, DocumentTokens, Priority, RankFields, ReturnsDocuments, Top,
    Truncates,
};
use Say::{Carried, Dropped, Near, Refused};

impl Wire {
    /// What it makes of a field.
    #[must_use]
    pub fn says(self, field: RerankField) -> Say {
        match (field, self) {
            // Documents are put into the answer here where the provider does not.
            (Top | ReturnsDocuments, _) => Carried,
            (DocumentFields | RankFields | DocumentChunks, Self::CohereV1) => Carried,
            (DocumentTokens | Priority, Self::Cohere) => Carried,
            (Truncates, Self::Voyage) => Carried,
            (DocumentFields, _) => Near("their text alone"),
            (RankFields, _) => Refused("it looks at texts"),
            (DocumentTokens | DocumentChunks | Truncates, _) => {
                Dropped("it treats long documents in its own way")
            }
            (Priority, _) => Dropped("there is no field for it"),
        }
    }
}
