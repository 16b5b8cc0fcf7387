//! What a reply needs that only the gateway knows: nothing here has a clock or makes up ids.

/// What the gateway knows about an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// An id of letters, digits, `-` and `_`, unique to the exchange: for dialects that want ids
    /// where the provider gave none.
    pub id: String,
    /// The model to name where the provider names none.
    pub model: String,
    /// Now, in seconds since 1970.
    pub created_s: u64,
    /// Whether the client asked for usage at the end of its stream.
    pub stream_usage: bool,
}

impl Context {
    /// The id of the tool call at a place among the parts of an answer. OpenAI takes at most 40
    /// characters, so the end of the exchange's id stands for it.
    #[must_use]
    pub fn call_id(&self, choice: u32, part: u32) -> String {
        const ID_CHARACTERS: usize = 24;
        let skipped = self.id.len().saturating_sub(ID_CHARACTERS);
        let id = self.id.get(skipped..).unwrap_or(&self.id);
        format!("call_{id}_{choice}_{part}")
    }
}
