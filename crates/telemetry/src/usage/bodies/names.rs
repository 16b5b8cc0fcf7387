//! What is secret by its name, and under which names pieces of a call of a tool come: the one place
//! that tells, for bodies of all kinds.

/// Whatever ends so is a secret, wherever it comes.
const SECRET_ENDS: [&str; 18] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "secrets",
    "token",
    "key",
    "apikeys",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "signature",
    "assertion",
    "jwt",
    "connectionstring",
];

/// What ends in `key` and opens nothing: it finds, sorts or tells apart.
const HARMLESS_KEYS: [&str; 11] = [
    "primarykey",
    "foreignkey",
    "publickey",
    "idempotencykey",
    "partitionkey",
    "sortkey",
    "rowkey",
    "cachekey",
    "routingkey",
    "objectkey",
    "lookupkey",
];

/// What is one by its whole name alone.
const SECRET_NAMES: [&str; 11] =
    ["pwd", "pw", "pass", "pin", "otp", "cvv", "cvc", "ssn", "iban", "cardnumber", "accountnumber"];

/// A name without what people write differently: `Api-Key`, `api_key` and `apiKey` are the same.
pub(in crate::usage) fn plain_name(name: &str) -> String {
    name.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether what belongs to a plain name looks like a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    SECRET_NAMES.contains(&name) || (ends(&SECRET_ENDS) && !ends(&HARMLESS_KEYS))
}

/// Whether the type of an event says that it is of a call: `response.function_call_arguments.delta`,
/// `tool-input-delta`, `TOOL_CALL_ARGS`.
pub(super) fn is_type_of_call(kind: &str) -> bool {
    let kind = plain_name(kind);
    kind.contains("call") || kind.contains("tool")
}

/// Where pieces of what a tool is called with are to be looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragments {
    /// Whether the body is a stream: a text may go on in the next piece of it.
    pub is_stream: bool,
    /// Whether this piece of it is of a call.
    pub of_call: bool,
}

impl Fragments {
    /// Whether what belongs to a name is such a piece. A value that is no text is whole, and is
    /// looked into.
    pub(super) fn are_in(self, name: &str, is_text: bool) -> bool {
        match plain_name(name).as_str() {
            // Pieces by their very names: Anthropic's and Gemini's.
            "partialjson" | "partialargs" => true,
            "arguments" => self.is_stream && is_text,
            "delta" | "input" | "args" | "inputtextdelta" => self.of_call && is_text,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_secrets_is_known_and_what_they_call_else_is_not() {
        let secret = [
            "secretAccessKey",
            "secret_key",
            "access_key",
            "signing_key",
            "encryption_key",
            "Ocp-Apim-Subscription-Key",
            "key",
            "private-key",
            "passcode",
            "client_assertion",
            "SAMLAssertion",
            "jwt",
            "id_jwt",
            "refresh_token",
            "pass",
        ];
        for name in secret {
            assert!(is_secret(&plain_name(name)), "{name}");
        }
        let plain = [
            "primary_key",
            "foreignKey",
            "ssh_public_key",
            "Idempotency-Key",
            "partition_key",
            "sort_key",
            "prompt_cache_key",
            "keyboard",
            "max_tokens",
            "client_assertion_type",
            "passenger",
            "compass",
        ];
        for name in plain {
            assert!(!is_secret(&plain_name(name)), "{name}");
        }
    }
}
