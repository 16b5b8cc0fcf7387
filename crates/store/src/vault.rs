//! Secrets at rest: AES-256-GCM with a random nonce, bound to the place that they are kept at, the
//! id of the key in front, so that two keys work while one takes the other's place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::StoreError;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Characters of a key's id: 64 bits of a digest of the key, which say nothing of it.
const ID_BYTES: usize = 8;

/// The keys, the newest first.
pub(crate) struct Vault {
    keys: Vec<Key>,
    random: SystemRandom,
}

struct Key {
    id: String,
    cipher: LessSafeKey,
}

impl Vault {
    /// A vault that seals with the first key and opens with all.
    pub(crate) fn new(keys: &[[u8; KEY_BYTES]]) -> Result<Self, StoreError> {
        if keys.is_empty() {
            return Err(StoreError::NoKey);
        }
        let keys = keys.iter().map(Key::new).collect();
        Ok(Self { keys, random: SystemRandom::new() })
    }

    /// The id of the key that seals.
    pub(crate) fn newest(&self) -> &str {
        &self.keys[0].id
    }

    /// Whether a key of that id is among them.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Seals a text for a place.
    pub(crate) fn seal(&self, place: &str, plain: &str) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| StoreError::NoRandomness)?;
        let mut sealed = plain.as_bytes().to_vec();
        let Key { id, cipher } = &self.keys[0];
        cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is shorter than 64 GiB");
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        Ok(format!("{id}.{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens what was sealed for a place.
    pub(crate) fn open(&self, place: &str, sealed: &str) -> Result<String, StoreError> {
        let damaged = || StoreError::Damaged(format!("the secret {}", place.replace('\0', " ")));
        let (id, text) = sealed.split_once('.').ok_or_else(damaged)?;
        let key = self.keys.iter().find(|key| key.id == id);
        let key = key.ok_or_else(|| StoreError::UnknownKey { id: id.to_owned() })?;
        let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let aad = Aad::from(place.as_bytes());
        let plain = key.cipher.open_in_place(nonce, aad, sealed).map_err(|_| damaged())?;
        String::from_utf8(plain.to_vec()).map_err(|_| damaged())
    }
}

impl Key {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let mut named = b"architrave key id".to_vec();
        named.extend_from_slice(key);
        let digest = digest(&SHA256, &named);
        let id = digest.as_ref()[..ID_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        let cipher = UnboundKey::new(&AES_256_GCM, key).expect("a key has 32 bytes");
        Self { id, cipher: LessSafeKey::new(cipher) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; KEY_BYTES] = [1; KEY_BYTES];
    const NEW: [u8; KEY_BYTES] = [2; KEY_BYTES];

    #[test]
    fn what_is_sealed_is_opened_at_its_own_place_only() {
        let vault = Vault::new(&[OLD]).unwrap();
        let sealed = vault.seal("here", "hush").unwrap();
        assert!(!sealed.contains("hush"));
        assert_eq!(vault.open("here", &sealed).unwrap(), "hush");
        let error = vault.open("there", &sealed).unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
        assert_ne!(vault.seal("here", "hush").unwrap(), sealed, "each has its own nonce");
    }

    #[test]
    fn an_older_key_opens_and_a_missing_one_is_named() {
        let sealed = Vault::new(&[OLD]).unwrap().seal("here", "hush").unwrap();
        assert_eq!(Vault::new(&[NEW, OLD]).unwrap().open("here", &sealed).unwrap(), "hush");
        let error = Vault::new(&[NEW]).unwrap().open("here", &sealed).unwrap_err();
        let StoreError::UnknownKey { id } = error else { panic!("{error}") };
        assert!(sealed.starts_with(&id));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let vault = Vault::new(&[OLD]).unwrap();
        let sealed = vault.seal("here", "hush").unwrap();
        let (id, text) = sealed.split_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            let bent = format!("{id}.{}", URL_SAFE_NO_PAD.encode(bent));
            assert!(vault.open("here", &bent).is_err(), "byte {at}");
        }
        for end in 0..bytes.len() {
            let cut = format!("{id}.{}", URL_SAFE_NO_PAD.encode(&bytes[..end]));
            assert!(vault.open("here", &cut).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_vault_without_keys_is_refused() {
        assert!(matches!(Vault::new(&[]), Err(StoreError::NoKey)));
    }
}
