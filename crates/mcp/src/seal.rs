//! Texts that clients keep for us and cannot read, change or show elsewhere.
//!
//! What is sealed is bound to whom it was given and where it holds. The nonce is made of the text
//! itself, so that no randomness is needed here and equal nonces mean equal texts; keys come from
//! whoever holds the root key, the newest first, and all of them open.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// A text longer than this is none of ours: it comes in a header, of which there are 64 KiB at most.
pub const SEALED_BYTES_MAX: usize = 8 * 1024;

/// To whom a text is given, and where it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<'b> {
    /// The consumer; none where nobody had to say who he is.
    pub consumer: Option<&'b str>,
    /// The endpoint: the service by its name.
    pub endpoint: &'b str,
}

/// Seals and opens texts of one purpose.
pub struct Seal {
    purpose: &'static str,
    keys: Vec<Key>,
}

struct Key {
    seal: LessSafeKey,
    nonce: hmac::Key,
}

impl Seal {
    /// With keys that are used for this purpose alone, pairs of one for the seal and one for nonces,
    /// the newest first.
    #[must_use]
    pub fn new(purpose: &'static str, keys: &[([u8; 32], [u8; 32])]) -> Self {
        assert!(!keys.is_empty(), "a seal has at least one key");
        let key = |(seal, nonce): &([u8; 32], [u8; 32])| Key {
            seal: LessSafeKey::new(
                UnboundKey::new(&AES_256_GCM, seal).expect("32 bytes are a key of AES-256"),
            ),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, nonce),
        };
        Self { purpose, keys: keys.iter().map(key).collect() }
    }

    /// Seals; none where it would be longer than is taken back.
    #[must_use]
    pub fn seal(&self, bound: Bound<'_>, plain: &[u8]) -> Option<String> {
        let aad = self.aad(bound);
        let key = &self.keys[0];
        let mut context = hmac::Context::with_key(&key.nonce);
        context.update(&aad);
        context.update(plain);
        let mut whole = context.sign().as_ref()[..NONCE_BYTES].to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&whole).ok()?;
        let mut text = plain.to_vec();
        key.seal.seal_in_place_append_tag(nonce, Aad::from(&aad), &mut text).ok()?;
        whole.append(&mut text);
        let sealed = URL_SAFE_NO_PAD.encode(whole);
        (sealed.len() <= SEALED_BYTES_MAX).then_some(sealed)
    }

    /// Opens; none where it is not ours, is another's, or holds elsewhere.
    #[must_use]
    pub fn open(&self, bound: Bound<'_>, sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > SEALED_BYTES_MAX {
            return None;
        }
        let whole = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = whole.split_at_checked(NONCE_BYTES)?;
        if text.len() < TAG_BYTES {
            return None;
        }
        let aad = self.aad(bound);
        self.keys.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut text = text.to_vec();
            let plain = key.seal.open_in_place(nonce, Aad::from(&aad), &mut text).ok()?;
            Some(plain.to_vec())
        })
    }

    /// Each of them with its length in front, so that no two are ever the same.
    fn aad(&self, Bound { consumer, endpoint }: Bound<'_>) -> Vec<u8> {
        let mut aad = Writing::default();
        aad.text(self.purpose);
        aad.byte(u8::from(consumer.is_some()));
        aad.text(consumer.unwrap_or_default());
        aad.text(endpoint);
        aad.0
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Seal of {} with {} keys", self.purpose, self.keys.len())
    }
}

/// A record on its way into bytes.
#[derive(Debug, Default)]
pub(crate) struct Writing(pub(crate) Vec<u8>);

impl Writing {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A text, which is shorter than 64 KiB.
    pub(crate) fn text(&mut self, text: &str) {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
    }
}

/// A record that is read.
#[derive(Debug)]
pub(crate) struct Reading<'r>(pub(crate) &'r [u8]);

impl<'r> Reading<'r> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'r [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(crate) fn text(&mut self) -> Option<&'r str> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        str::from_utf8(self.take(usize::from(length))?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HERE: Bound<'static> = Bound { consumer: Some("mobile"), endpoint: "tools" };

    fn seal(purpose: &'static str, roots: &[u8]) -> Seal {
        let keys: Vec<_> = roots.iter().map(|root| ([*root; 32], [root ^ 0x80; 32])).collect();
        Seal::new(purpose, &keys)
    }

    #[test]
    fn what_is_sealed_opens_for_whom_and_where_it_was_given() {
        let sealed = seal("a", &[1]).seal(HERE, b"hush").unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(seal("a", &[1]).open(HERE, &sealed).unwrap(), b"hush");
        assert_eq!(seal("a", &[2, 1]).open(HERE, &sealed).unwrap(), b"hush", "while rotating");
        assert_eq!(seal("a", &[2]).open(HERE, &sealed), None);
        assert_eq!(seal("b", &[1]).open(HERE, &sealed), None, "for another purpose");
        for bound in [
            Bound { consumer: Some("other"), ..HERE },
            Bound { consumer: None, ..HERE },
            Bound { endpoint: "tool", ..HERE },
            Bound { consumer: Some("mobil"), endpoint: "etools" },
        ] {
            assert_eq!(seal("a", &[1]).open(bound, &sealed), None, "{bound:?}");
        }
        let nobody = Bound { consumer: None, endpoint: "tools" };
        let empty = Bound { consumer: Some(""), endpoint: "tools" };
        let sealed = seal("a", &[1]).seal(nobody, b"x").unwrap();
        assert_eq!(
            seal("a", &[1]).open(empty, &sealed),
            None,
            "nobody is not somebody without a name"
        );
    }

    #[test]
    fn what_would_not_be_taken_back_is_not_made() {
        assert_eq!(seal("a", &[1]).seal(HERE, &[0; SEALED_BYTES_MAX]), None);
        assert_eq!(seal("a", &[1]).open(HERE, &"A".repeat(SEALED_BYTES_MAX + 4)), None);
    }

    proptest! {
        #[test]
        fn no_changed_byte_passes(plain in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(), bit in 0..6_u8) {
            let seal = seal("a", &[1]);
            let sealed = seal.seal(HERE, &plain).unwrap();
            prop_assert_eq!(seal.open(HERE, &sealed).unwrap(), plain);
            let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(seal.open(HERE, &URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(seal.open(HERE, &sealed[..sealed.len() - 1]), None);
        }
    }
}
