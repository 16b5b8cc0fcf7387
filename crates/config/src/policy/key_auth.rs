//! `key_auth`: callers prove themselves by an API key of a consumer.
//!
//! Not the keys: those are credentials of consumers.

use crate::read::{HeaderName, List, QueryName, Scope, record};

/// Where clients put keys: as a bearer token, or in the field that most gateways take.
const HEADERS: [&str; 2] = ["authorization", "x-api-key"];
/// Where clients of models put them: those of OpenAI and Cohere as a bearer token, of Anthropic,
/// of Google and of Azure in a field of their own.
const MODEL_HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
/// Where the older ones of Google put them.
const MODEL_QUERY: [&str; 1] = ["key"];

/// The policy as validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAuth {
    /// Headers in which a key is looked for, in lower case; in `authorization` after `Bearer `.
    pub headers: Vec<String>,
    /// Query parameters in which a key is looked for.
    pub query: Vec<String>,
    /// Whether the key is passed on to the service.
    pub forward: bool,
    /// Whether the file says where keys are looked for. Where it does not, services of kind `llm`
    /// look wherever clients of models put them: see [`KeyAuth::for_models`].
    pub places_given: bool,
}

/// As where the file says nothing of it but that it is there.
impl Default for KeyAuth {
    fn default() -> Self {
        let headers = HEADERS.map(str::to_owned).to_vec();
        Self { headers, query: Vec::new(), forward: false, places_given: false }
    }
}

impl KeyAuth {
    /// The policy as it works on services of kind `llm`: no provider gets to see a key.
    #[must_use]
    pub fn for_models(&self) -> Self {
        let (headers, query) = if self.places_given {
            (self.headers.clone(), self.query.clone())
        } else {
            let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            (texts(&MODEL_HEADERS), texts(&MODEL_QUERY))
        };
        Self { headers, query, forward: false, ..*self }
    }
}

record! {
    /// Callers prove themselves by an API key of a consumer. On services of kind `llm`, where
    /// neither `headers` nor `query` is written, keys are looked for wherever clients of models put
    /// them: in `authorization`, `x-api-key`, `x-goog-api-key`, `api-key` and the parameter `key`;
    /// and they are never passed on.
    #[derive(Debug)]
    pub(super) struct KeyAuthWritten => KeyAuth by finish {
        /// Headers in which a key is looked for; in `authorization` after `Bearer `.
        "headers": List<HeaderName> = HEADERS.map(str::to_owned).to_vec()
            => headers: Vec<String>,
        /// Query parameters in which a key is looked for; none by default, as queries are logged.
        "query": List<QueryName> = Vec::new() => query: Vec<String>,
        /// Whether the key is passed on to the service.
        "forward": bool = false => forward: bool,
    }
}

impl KeyAuthWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<KeyAuth> {
        let nowhere = scope.has("headers") && scope.count("headers") + scope.count("query") == 0;
        if nowhere {
            scope.refuse("needs a header or a query parameter to look for keys in");
        }
        let places_given = scope.has("headers") || scope.has("query");
        let Self { headers, query, forward } = self;
        Some(KeyAuth { headers, query, forward, places_given })
    }
}
