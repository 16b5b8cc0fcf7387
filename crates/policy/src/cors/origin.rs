//! Which origins are let in: exact ones, subdomains of one, or any.
//!
//! Origins are compared as the browser serialises them, byte for byte; nothing is parsed, so
//! nothing can be parsed differently.

use std::collections::HashSet;

/// Which origins are let in.
#[derive(Debug)]
pub(super) struct Origins {
    is_any: bool,
    exact: HashSet<Box<[u8]>>,
    subdomains: Box<[Subdomains]>,
}

/// `https://*.example.com`, kept as `https://` and `.example.com`.
#[derive(Debug)]
struct Subdomains {
    scheme: Box<[u8]>,
    suffix: Box<[u8]>,
}

impl Origins {
    pub(super) fn new(origins: &[String]) -> Self {
        let mut exact = HashSet::new();
        let mut subdomains = Vec::new();
        for origin in origins {
            match origin.split_once("*.") {
                Some((scheme, domain)) => subdomains.push(Subdomains {
                    scheme: scheme.as_bytes().into(),
                    suffix: format!(".{domain}").into_bytes().into(),
                }),
                None => {
                    exact.insert(origin.as_bytes().into());
                }
            }
        }
        let is_any = origins.iter().any(|origin| origin == "*");
        Self { is_any, exact, subdomains: subdomains.into() }
    }

    /// Whether every origin is let in.
    pub(super) const fn is_any(&self) -> bool {
        self.is_any
    }

    /// Whether this origin is let in.
    pub(super) fn contains(&self, origin: &[u8]) -> bool {
        self.is_any
            || self.exact.contains(origin)
            || self.subdomains.iter().any(|pattern| pattern.contains(origin))
    }
}

impl Subdomains {
    /// One label or more between scheme and domain, and nothing but what labels are made of: no
    /// `@`, `/` or `:` by which another host could stand in front.
    fn contains(&self, origin: &[u8]) -> bool {
        let labels = origin
            .strip_prefix(&*self.scheme)
            .and_then(|rest| rest.strip_suffix(&*self.suffix))
            .unwrap_or_default();
        let is_label =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !labels.is_empty() && !labels.starts_with(b".") && labels.iter().all(is_label)
    }
}
