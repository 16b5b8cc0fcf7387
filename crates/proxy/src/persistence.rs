//! How a client stays with its endpoint: a sealed cookie, or what it always brings along.
//!
//! The cookie is sealed, not only signed: addresses of endpoints are nobody's business. It needs
//! no table, so it holds across restarts, and on every node that has the same root key.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use architrave_balance::hash_key;
use architrave_config::Persistence;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

use crate::assembly::LiveUpstream;
use crate::exchange::Exchange;
use crate::keyring::Keyring;
use crate::route::cookie;

const NONCE_BYTES: usize = 12;
const PLAIN_BYTES: usize = 8 + 16 + 2;
const TAG_BYTES: usize = 16;

/// Seals and opens persistence cookies, with keys that may be rotated while it is in use.
#[derive(Debug)]
pub struct CookieSeal(ArcSwap<Vec<SealKey>>);

#[derive(Debug)]
struct SealKey {
    seal: LessSafeKey,
    nonce: hmac::Key,
}

impl CookieSeal {
    /// With the subkeys for this purpose.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self(ArcSwap::from_pointee(Self::keys(keyring)))
    }

    /// Takes other keys; the first seals from here on, all of them open.
    pub fn rotate(&self, keyring: &Keyring) {
        self.0.store(Arc::new(Self::keys(keyring)));
    }

    fn keys(keyring: &Keyring) -> Vec<SealKey> {
        let seals = keyring.derive("persistence cookie: seal");
        let nonces = keyring.derive("persistence cookie: nonce");
        let key = |(seal, nonce): (&[u8; 32], &[u8; 32])| SealKey {
            seal: LessSafeKey::new(
                UnboundKey::new(&AES_256_GCM, seal).expect("32 bytes are a key of AES-256"),
            ),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, nonce),
        };
        seals.iter().zip(&nonces).map(key).collect()
    }

    /// A cookie value that names `endpoint` of `upstream` until `expires`.
    #[must_use]
    pub fn seal(&self, upstream: &str, endpoint: SocketAddr, expires: SystemTime) -> String {
        let mut text = Vec::with_capacity(PLAIN_BYTES + TAG_BYTES);
        let seconds = expires.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        text.extend_from_slice(&seconds.to_be_bytes());
        text.extend_from_slice(&mapped(endpoint.ip()).octets());
        text.extend_from_slice(&endpoint.port().to_be_bytes());
        let keys = self.0.load();
        let key = &keys[0];
        // The nonce is derived from what is sealed: equal nonces mean equal messages, always.
        let mut context = hmac::Context::with_key(&key.nonce);
        context.update(upstream.as_bytes());
        context.update(&text);
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&context.sign().as_ref()[..NONCE_BYTES]);
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal
            .seal_in_place_append_tag(unique, Aad::from(upstream.as_bytes()), &mut text)
            .expect("a few bytes can always be sealed");
        let mut whole = nonce.to_vec();
        whole.extend_from_slice(&text);
        URL_SAFE_NO_PAD.encode(whole)
    }

    /// The endpoint that a cookie names; `None` when it is forged, expired or another upstream's.
    #[must_use]
    pub fn open(&self, upstream: &str, value: &str, now: SystemTime) -> Option<SocketAddr> {
        let whole = URL_SAFE_NO_PAD.decode(value).ok()?;
        if whole.len() != NONCE_BYTES + PLAIN_BYTES + TAG_BYTES {
            return None;
        }
        let (nonce, sealed) = whole.split_at(NONCE_BYTES);
        self.0.load().iter().find_map(|key| {
            let mut text = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let aad = Aad::from(upstream.as_bytes());
            let plain = key.seal.open_in_place(nonce, aad, &mut text).ok()?;
            read_plain(plain, now)
        })
    }
}

fn read_plain(plain: &[u8], now: SystemTime) -> Option<SocketAddr> {
    let seconds = u64::from_be_bytes(plain.get(..8)?.try_into().ok()?);
    let ip: [u8; 16] = plain.get(8..24)?.try_into().ok()?;
    let port = u16::from_be_bytes(plain.get(24..26)?.try_into().ok()?);
    let is_live = UNIX_EPOCH + Duration::from_secs(seconds) > now;
    let ip = IpAddr::V6(Ipv6Addr::from(ip)).to_canonical();
    is_live.then_some(SocketAddr::new(ip, port))
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The endpoint that the client of an exchange stays with, and whether it said so by cookie.
#[must_use]
pub fn pinned(
    exchange: &Exchange<'_>,
    upstream: &LiveUpstream,
    seal: &CookieSeal,
    now: SystemTime,
) -> Option<SocketAddr> {
    match upstream.config.persistence.as_ref()? {
        Persistence::Cookie { name, .. } => {
            let value = cookie(exchange.head, name)?;
            seal.open(upstream.config.name.as_str(), value, now)
        }
        Persistence::Header(name) => {
            let value = exchange.head.fields.get(name)?;
            upstream.balance.affine_endpoint(hash_key(value))
        }
        Persistence::SourceAddress => {
            upstream.balance.affine_endpoint(hash_address(exchange.client.ip()))
        }
    }
}

/// A client's address as hashed by balancing and persistence.
#[must_use]
pub fn hash_address(address: IpAddr) -> u64 {
    hash_key(&mapped(address).octets())
}

/// The `Set-Cookie` value with which the client comes back to `endpoint`, when persistence is by
/// cookie and the client has not said that endpoint already.
#[must_use]
pub fn set_cookie(
    upstream: &LiveUpstream,
    seal: &CookieSeal,
    endpoint: SocketAddr,
    is_tls: bool,
    now: SystemTime,
) -> Option<String> {
    let Some(Persistence::Cookie { name, ttl }) = &upstream.config.persistence else {
        return None;
    };
    let value = seal.seal(upstream.config.name.as_str(), endpoint, now + *ttl);
    let secure = if is_tls { "; Secure" } else { "" };
    let seconds = ttl.as_secs();
    Some(format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(roots: &[u8]) -> CookieSeal {
        CookieSeal::new(&Keyring::new(roots.iter().map(|root| [*root; 32]).collect()))
    }

    #[test]
    fn a_cookie_opens_for_its_upstream_until_it_expires() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let endpoint = "10.0.0.1:8080".parse().expect("an address");
        let cookie = seal(&[1]).seal("orders", endpoint, now + Duration::from_secs(60));
        assert_eq!(seal(&[1]).open("orders", &cookie, now), Some(endpoint));
        assert_eq!(seal(&[2, 1]).open("orders", &cookie, now), Some(endpoint), "while rotating");
        assert_eq!(seal(&[2]).open("orders", &cookie, now), None);
        assert_eq!(seal(&[1]).open("users", &cookie, now), None);
        assert_eq!(seal(&[1]).open("orders", &cookie, now + Duration::from_secs(61)), None);
    }

    #[test]
    fn keys_are_rotated_in_use() {
        let keyring = |roots: &[u8]| Keyring::new(roots.iter().map(|root| [*root; 32]).collect());
        let endpoint = "10.0.0.1:8080".parse().expect("an address");
        let seal = seal(&[1]);
        let old = seal.seal("orders", endpoint, UNIX_EPOCH + Duration::from_secs(60));
        seal.rotate(&keyring(&[2, 1]));
        assert_eq!(seal.open("orders", &old, UNIX_EPOCH), Some(endpoint));
        assert_ne!(seal.seal("orders", endpoint, UNIX_EPOCH + Duration::from_secs(60)), old);
        seal.rotate(&keyring(&[2]));
        assert_eq!(seal.open("orders", &old, UNIX_EPOCH), None);
    }

    #[test]
    fn no_changed_byte_passes() {
        let now = UNIX_EPOCH;
        let endpoint = "[2001:db8::1]:80".parse().expect("an address");
        let seal = seal(&[7]);
        let cookie = seal.seal("u", endpoint, now + Duration::from_secs(60));
        for place in 0..cookie.len() {
            let mut forged = cookie.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ascii");
            assert_eq!(seal.open("u", &forged, now), None, "{forged}");
        }
    }
}
