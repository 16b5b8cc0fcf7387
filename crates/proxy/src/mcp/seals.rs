//! The seals of texts that MCP clients keep for us, with keys that may be rotated in use.

use std::sync::Arc;

use arc_swap::ArcSwap;
use architrave_mcp::seal::Seal;
use architrave_mcp::session::SESSION_PURPOSE;

use crate::keyring::Keyring;

/// Seals of what MCP clients keep for us.
#[derive(Debug)]
pub struct McpSeals {
    sessions: ArcSwap<Seal>,
}

impl McpSeals {
    /// With the subkeys for each purpose.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self { sessions: ArcSwap::from_pointee(seal(keyring, SESSION_PURPOSE)) }
    }

    /// Takes other keys; the first seals from here on, all of them open.
    pub fn rotate(&self, keyring: &Keyring) {
        self.sessions.store(Arc::new(seal(keyring, SESSION_PURPOSE)));
    }

    /// The seal of session ids.
    pub(crate) fn sessions(&self) -> Arc<Seal> {
        self.sessions.load_full()
    }
}

fn seal(keyring: &Keyring, purpose: &'static str) -> Seal {
    let seals = keyring.derive(&format!("{purpose}: seal"));
    let nonces = keyring.derive(&format!("{purpose}: nonce"));
    let keys: Vec<_> = seals.into_iter().zip(nonces).collect();
    Seal::new(purpose, &keys)
}
