//! The scalars of the form: text, JSON kept as text, and who made an opaque value.

pub use architrave_wire::json::{Json, Text};

/// Whose models made an opaque value, such as a signature: others cannot read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Maker {
    /// OpenAI and Azure.
    Openai,
    /// Anthropic, wherever it is served, Bedrock and Vertex included.
    Anthropic,
    /// Google.
    Google,
    /// Anybody else; only the dialect is known.
    Other,
}
