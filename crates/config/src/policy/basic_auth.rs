//! `basic_auth`: callers prove themselves by name and password (RFC 7617).
//!
//! Not the passwords: those are credentials of consumers.

use crate::read::{Scope, Text, record};

/// Says nothing about what is behind it.
const REALM: &str = "restricted";

record! {
    /// Callers prove themselves by the name and password of a consumer.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BasicAuth => BasicAuth by finish {
        /// Shown to people by browsers; no quotes or control characters.
        "realm": Text = REALM.to_owned() => pub realm: String,
        /// Whether the credential is passed on to the service.
        "forward": bool = false => pub forward: bool,
    }
}

impl BasicAuth {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        let fits = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if !self.realm.bytes().all(fits) {
            scope.refuse_at("realm", "must be of printable ASCII without quotes or backslashes");
        }
        Some(self)
    }
}
