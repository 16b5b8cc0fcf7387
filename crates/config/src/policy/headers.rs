//! `headers`: fields set, added and removed, on the request and on the response.
//!
//! Not the host and not the framing: those are `rewrite`'s and the gateway's own.

use crate::read::{EditableHeader, HeaderValue, List, Pairs, empty, record};

record! {
    /// Fields set, added and removed.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Headers {
        /// On the request, before it goes to the service.
        "request": HeaderEdits = empty::<HeaderEdits>() => pub request: HeaderEdits,
        /// On the response, before it goes to the client.
        "response": HeaderEdits = empty::<HeaderEdits>() => pub response: HeaderEdits,
    }
}

record! {
    /// Edits, applied in the order remove, set, add. Framing and hop-by-hop fields cannot be named.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct HeaderEdits {
        /// Replaced, or added where missing.
        "set": Pairs<EditableHeader, HeaderValue> = Vec::new() => pub set: Vec<(String, String)>,
        /// Added beside what is there.
        "add": Pairs<EditableHeader, HeaderValue> = Vec::new() => pub add: Vec<(String, String)>,
        /// Taken away.
        "remove": List<EditableHeader> = Vec::new() => pub remove: Vec<String>,
    }
}
