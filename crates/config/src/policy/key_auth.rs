//! `key_auth`: callers prove themselves by an API key of a consumer.
//!
//! Not the keys: those are credentials of consumers.

use crate::read::{HeaderName, List, QueryName, Scope, record};

/// Where clients put keys: as a bearer token, or in the field that most gateways take.
const HEADERS: [&str; 2] = ["authorization", "x-api-key"];

record! {
    /// Callers prove themselves by an API key of a consumer.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct KeyAuth => KeyAuth by finish {
        /// Headers in which a key is looked for; in `authorization` after `Bearer `.
        "headers": List<HeaderName> = HEADERS.map(str::to_owned).to_vec()
            => pub headers: Vec<String>,
        /// Query parameters in which a key is looked for; none by default, as queries are logged.
        "query": List<QueryName> = Vec::new() => pub query: Vec<String>,
        /// Whether the key is passed on to the service.
        "forward": bool = false => pub forward: bool,
    }
}

impl KeyAuth {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        let nowhere = scope.has("headers") && scope.count("headers") + scope.count("query") == 0;
        if nowhere {
            scope.refuse("needs a header or a query parameter to look for keys in");
        }
        Some(self)
    }
}
