//! One root key, and from it a key of its own for each purpose (HKDF, RFC 5869).

use ring::hkdf;

/// Bytes of a root key.
pub const ROOT_KEY_BYTES: usize = 32;

/// The root keys in force: the first makes, all of them are accepted (two while rotating).
#[derive(Clone)]
pub struct Keyring(Vec<[u8; ROOT_KEY_BYTES]>);

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keyring({} keys)", self.0.len())
    }
}

impl Keyring {
    /// A ring of at least one root key, the newest first.
    #[must_use]
    pub fn new(roots: Vec<[u8; ROOT_KEY_BYTES]>) -> Self {
        assert!(!roots.is_empty(), "a keyring holds at least one key");
        Self(roots)
    }

    /// Whether there is an older key beside the newest.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.0.len() > 1
    }

    /// The keys for `purpose`, in the order of their roots.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        let derive = |root: &[u8; ROOT_KEY_BYTES]| {
            let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"architrave");
            let info = [purpose.as_bytes()];
            let mut key = [0; 32];
            salt.extract(root)
                .expand(&info, hkdf::HKDF_SHA256)
                .and_then(|material| material.fill(&mut key))
                .expect("32 bytes are within what HKDF-SHA256 gives");
            key
        };
        self.0.iter().map(derive).collect()
    }
}
