//! What a request says outside of its body: some dialects have the model and the wish for a stream
//! in the path.

use crate::chat::Text;
use crate::frame::Framing;

/// What the path and the query of a request say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// The model, where the path has it.
    pub model: Option<Text<'a>>,
    /// Whether the answer is to be streamed, where the path has it.
    pub stream: Option<bool>,
    /// How the stream is to be framed, where that can be chosen.
    pub framing: Option<Framing>,
}

impl Address<'_> {
    /// The same, borrowing nothing.
    #[must_use]
    pub fn to_own(&self) -> Address<'static> {
        let Self { model, stream, framing } = self;
        let model = model.as_ref().map(|model| Text::Owned(model.clone().into_owned()));
        Address { model, stream: *stream, framing: *framing }
    }
}
