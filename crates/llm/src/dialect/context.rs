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
    /// The id of the tool call at a place among the parts of an answer.
    #[must_use]
    pub fn call_id(&self, choice: u32, part: u32) -> String {
        format!("call_{}_{choice}_{part}", self.id)
    }
}
