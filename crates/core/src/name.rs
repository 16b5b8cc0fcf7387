//! Names of configured objects: a cheap shared string per kind, so that a route's name can never
//! stand where an upstream's is wanted. Validity is checked once, by [`check`].

use std::fmt;
use std::sync::Arc;

/// The longest name an object may have, in bytes.
pub const NAME_BYTES_MAX: usize = 63;

/// Says whether `name` follows the rule `[a-z0-9-]{1,63}`.
#[must_use]
pub fn check(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// The longest name of a model, in bytes.
pub const MODEL_BYTES_MAX: usize = 128;

/// Says whether `name` follows the rule of models, `[A-Za-z0-9._:/@+-]{1,128}`: what the clients
/// of every provider may send.
#[must_use]
pub fn check_model(name: &str) -> bool {
    (1..=MODEL_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/@+-".contains(&byte))
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name that has been checked.
            #[must_use]
            pub fn new(name: &str) -> Self {
                Self(Arc::from(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// The name of a listener.
    ListenerName,
    /// The name of a route.
    RouteName,
    /// The name of a service.
    ServiceName,
    /// The name of a team.
    TeamName,
    /// The name of an upstream.
    UpstreamName,
    /// The name of a consumer.
    ConsumerName,
    /// The name of a provider.
    ProviderName,
    /// The name of an MCP server.
    McpServerName,
    /// The name of an identity provider.
    IdentityProviderName,
    /// The name of a product.
    ProductName,
    /// The name of a plan.
    PlanName,
    /// The name of an application.
    ApplicationName,
    /// The name of a provider's credential.
    CredentialName,
    /// The name of a model, which clients ask for; by the rule of [`check_model`].
    ModelName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_a_rule_of_their_own() {
        for name in ["gpt-4.1", "openai/gpt-4o", "anthropic.claude-3:0", "ft:x@y+Z_1"] {
            assert!(check_model(name), "{name}");
        }
        for name in ["", "a b", "a?b", "caf\u{e9}", "*", &"a".repeat(MODEL_BYTES_MAX + 1)] {
            assert!(!check_model(name), "{name}");
        }
    }
}
