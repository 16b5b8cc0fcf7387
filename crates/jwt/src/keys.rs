//! Public keys as a JSON Web Key Set (RFC 7517), and signatures checked by them (RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::Value;

use crate::Signature;

/// More keys than anybody signs with.
const KEYS_MAX: usize = 100;

/// The keys of an issuer.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// How a token may be signed: `none` and everything by a shared secret are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rsa(&'static str),
    Es256,
    Es384,
    EdDsa,
}

/// The algorithms of RSA keys, by their words.
const OF_RSA: [(&str, &RsaParameters); 6] = [
    ("RS256", &RSA_PKCS1_2048_8192_SHA256),
    ("RS384", &RSA_PKCS1_2048_8192_SHA384),
    ("RS512", &RSA_PKCS1_2048_8192_SHA512),
    ("PS256", &RSA_PSS_2048_8192_SHA256),
    ("PS384", &RSA_PSS_2048_8192_SHA384),
    ("PS512", &RSA_PSS_2048_8192_SHA512),
];

impl Algorithm {
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word {
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            word => OF_RSA.iter().find(|(own, _)| *own == word).map(|(own, _)| Self::Rsa(own)),
        }
    }
}

impl Keys {
    /// Reads a set; keys of other kinds and for other purposes are passed over.
    ///
    /// # Errors
    /// When it is no set.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let set: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let Some(Value::Array(keys)) = set.get("keys") else {
            return Err("there are no `keys` in it".to_owned());
        };
        Ok(Self(keys.iter().take(KEYS_MAX).filter_map(Key::of).collect()))
    }

    /// Checks a signature by the key of that id; where a token names none, by each that fits.
    pub(crate) fn check(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Signature {
        let named = |key: &&Key| id.is_none_or(|id| key.id.as_deref() == Some(id));
        let mut fitting = self.0.iter().filter(named).filter(|key| key.fits(algorithm)).peekable();
        if fitting.peek().is_none() {
            return Signature::NoKey;
        }
        match fitting.any(|key| key.verifies(algorithm, message, signature)) {
            true => Signature::Right,
            false => Signature::Wrong,
        }
    }
}

impl Key {
    fn of(written: &Value) -> Option<Self> {
        let text = |name: &str| written.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let algorithm = match text("alg") {
            // A key for what is not known here is not one for something else.
            Some(word) => Some(Algorithm::of(word)?),
            None => None,
        };
        let part = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let point = |length: usize| {
            let (x, y) = (part("x")?, part("y")?);
            let fits = x.len() == length && y.len() == length;
            fits.then(|| [&[4], &x[..], &y[..]].concat())
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => Material::Rsa { n: part("n")?, e: part("e")? },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(part("x")?),
            _ => return None,
        };
        Some(Self { id: text("kid").map(str::to_owned), algorithm, material })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let is_of_kind = match &self.material {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rsa(_)),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        is_of_kind && self.algorithm.is_none_or(|own| own == algorithm)
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rsa(word)) => {
                let key = RsaPublicKeyComponents { n: unpadded(n), e: unpadded(e) };
                let parameters = OF_RSA.iter().find(|(own, _)| *own == word);
                parameters.is_some_and(|(_, by)| key.verify(by, message, signature).is_ok())
            }
            (Material::P256(key), _) => by(&ECDSA_P256_SHA256_FIXED, key),
            (Material::P384(key), _) => by(&ECDSA_P384_SHA384_FIXED, key),
            (Material::Ed25519(key), _) => by(&ED25519, key),
            (Material::Rsa { .. }, _) => false,
        }
    }
}

/// A number without leading zeros, which `ring` does not take and some issuers write.
fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
