//! What a path and a query say: the surface, and what is named there.

use super::{Family, Kept, Operation, Surface};
use crate::chat::Text;
use crate::dialect::{Address, Dialect};
use crate::{call, embedding, rerank};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The surface.
    pub surface: Surface,
    /// What the path and the query say of model and stream.
    pub address: Address<'a>,
    /// The id of what lives at a provider, where the path names one.
    pub id: Option<Text<'a>>,
    /// What of that is meant, where the path names it.
    pub part: Option<Text<'a>>,
    /// The query as it came, without its `?`.
    pub query: &'a str,
    /// What a bare call of a model was seen to be.
    pub(super) seen: Option<Operation>,
}

impl Asked<'_> {
    /// What is asked for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.seen.unwrap_or_else(|| self.surface.operation())
    }

    /// The same with what the body of a bare call of a model asks for: its path does not tell.
    #[must_use]
    pub fn of_body(self, body: &str) -> Self {
        let seen = self.surface.called_for(body);
        self.seen_as(seen)
    }

    /// The same with what the body was seen to ask for.
    #[must_use]
    pub fn seen_as(self, seen: Option<Operation>) -> Self {
        Self { seen, ..self }
    }

    /// The same with another query, which alone it borrows.
    #[must_use]
    pub fn with_query<'q>(&self, query: &'q str) -> Asked<'q> {
        let own = |text: &Text<'_>| Text::Owned(text.clone().into_owned());
        Asked {
            surface: self.surface,
            address: self.address.to_own(),
            id: self.id.as_ref().map(own),
            part: self.part.as_ref().map(own),
            query,
            seen: self.seen,
        }
    }

    /// The dialect to answer errors in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.surface.dialect()
    }

    /// What lives at a provider and is named in the path, so that the request must go there.
    #[must_use]
    pub fn kept(&self) -> Option<(Kept, &str)> {
        Some((self.operation().kept()?, self.id.as_deref()?))
    }

    /// The same in the words of whose client it is, where the path alone leaves that open:
    /// `/v1/models` and `/v1/files` are asked for by clients of several families.
    #[must_use]
    pub fn of_client<'h>(mut self, header: impl Fn(&str) -> Option<&'h str>) -> Self {
        if self.surface.has_twins()
            && let Some(twin) = Family::of_client(header).and_then(|one| self.surface.twin(one))
        {
            self.surface = twin;
        }
        self
    }
}

impl Surface {
    /// What the body of a bare call of a model asks for, where that is known.
    #[must_use]
    pub fn called_for(self, body: &str) -> Option<Operation> {
        if self.operation() != Operation::Invoke {
            return None;
        }
        match () {
            () if self == Self::BedrockInvoke && call::is_chat(body) => Some(Operation::Chat),
            () if embedding::Wire::of_body(self, body).is_some() => Some(Operation::Embedding),
            () if rerank::Wire::of_body(self, body).is_some() => Some(Operation::Rerank),
            () => None,
        }
    }

    /// Whether other families may have the very same method and path.
    #[must_use]
    pub fn has_twins(self) -> bool {
        self.family() == Family::Openai
            && matches!(
                self.operation(),
                Operation::ModelList
                    | Operation::ModelGet
                    | Operation::FileUpload
                    | Operation::FileList
                    | Operation::FileGet
                    | Operation::FileDelete
                    | Operation::FileContent
                    | Operation::BatchList
                    | Operation::BatchGet
            )
    }

    /// The surface of another family for the same operation with the same method and path, the
    /// version apart.
    #[must_use]
    pub fn twin(self, family: Family) -> Option<Self> {
        let path = |surface: Self| {
            let path = surface.paths()[0];
            path.strip_prefix("/v1beta").or_else(|| path.strip_prefix("/v1"))
        };
        let fits = |other: &&Self| {
            other.family() == family
                && other.operation() == self.operation()
                && other.method() == self.method()
                && path(**other) == path(self)
        };
        Self::ALL.iter().find(fits).copied()
    }
}
