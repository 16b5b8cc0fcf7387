//! A server over the transport of 2024-11-05: a stream of events, of which the first says where
//! messages go.

use super::{McpTimeouts, refuse_own_headers};
use crate::read::{BaseUrl, EditableHeader, HeaderValue, Pairs, Scope, record};

record! {
    /// A server over the transport of 2024-11-05.
    #[derive(Clone, Debug, PartialEq)]
    pub struct McpSse => McpSse by finish {
        /// Where its stream of events is, such as `https://tools.example.com/sse`. Messages go where
        /// that says, if it is of the same origin.
        "url": BaseUrl => pub url: String,
        /// What is said to it with every request, such as a credential.
        "headers": Pairs<EditableHeader, HeaderValue> = Vec::new()
            => pub headers: Vec<(String, String)>,
        /// Whether its name may resolve to an address that is not of the public internet. An
        /// address or `localhost` written in `url` is allowed anyway.
        "allow_private": bool = false => pub allow_private: bool,
        /// Bounds on how long it may take.
        "timeouts": McpTimeouts = McpTimeouts::default() => pub timeouts: McpTimeouts,
    }
}

impl McpSse {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        refuse_own_headers(&self.headers, scope);
        Some(self)
    }
}
