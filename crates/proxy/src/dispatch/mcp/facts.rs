//! What is learned of an exchange with MCP servers; `record` reads it.

use std::sync::Arc;

use architrave_mcp::message::Message;

use crate::assembly::LiveUpstream;

/// What is learned of an exchange with MCP servers.
#[derive(Debug, Default)]
pub(crate) struct McpFacts {
    /// The method, as the client said it.
    pub method: String,
    /// The tool, prompt or resource, as the client knows it.
    pub name: String,
    /// The server that was asked, where it was one.
    pub server: String,
    /// Why the gateway refused it.
    pub refused: Option<&'static str>,
    /// Whether that is for who may use what: what was asked for may be there for others.
    pub is_denied: bool,
    /// The seconds after which it may be asked again.
    pub retry_after_s: Option<u64>,
    /// Where the answer comes from.
    pub upstream: Option<Arc<LiveUpstream>>,
}

/// What of a stranger's words is kept.
const SHOWN_CHARS_MAX: usize = 128;

impl McpFacts {
    /// Notes what is asked.
    pub(super) fn note(&mut self, message: &Message, text: &str) {
        let shown = |text: &str| text.chars().take(SHOWN_CHARS_MAX).collect::<String>();
        self.method = message.method_text(text).map(|method| shown(&method)).unwrap_or_default();
        let named = message.method().and_then(|method| method.named_by());
        let name = named.and_then(|part| message.text(part, text));
        self.name = name.map(|name| shown(&name)).unwrap_or_default();
    }
}
