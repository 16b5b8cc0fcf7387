//! `headers`: fields set, added and removed, on the request and on the response.

/// The policy as validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// On the request, before it goes to the service.
    pub request: HeaderEdits,
    /// On the response, before it goes to the client.
    pub response: HeaderEdits,
}

/// Edits, applied in the order remove, set, add. Names are lower case and valid; framing and
/// hop-by-hop fields cannot be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderEdits {
    /// Replaced, or added where missing.
    pub set: Vec<(String, String)>,
    /// Added beside what is there.
    pub add: Vec<(String, String)>,
    /// Taken away.
    pub remove: Vec<String>,
}
