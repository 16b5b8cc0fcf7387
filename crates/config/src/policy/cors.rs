//! `cors`: what browsers of other origins may do (the Fetch standard's CORS protocol).
//!
//! Not access control: callers that are no browsers do not ask.

use std::time::Duration;

use crate::read::{HeaderName, List};
use crate::read::{Method, NonEmpty, Reader, Scope, Shape, Span, Written, record};
use crate::tree::Node;

/// Those that need no preflight anyway.
const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];
/// Long enough to spare most preflights, short enough that a change is seen the same day; browsers
/// cap it at two hours and more.
const MAX_AGE: Duration = Duration::from_secs(600);

record! {
    /// What browsers of other origins may do.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Cors => Cors by finish {
        /// Origins, exact; `*` alone for any; `https://*.example.com` for subdomains.
        "origins": NonEmpty<Origin> => pub origins: Vec<String>,
        /// Methods that a preflight may ask for.
        "methods": List<Method> = METHODS.map(str::to_owned).to_vec() => pub methods: Vec<String>,
        /// Request headers that a preflight may ask for; `*` alone for any.
        "headers": List<HeaderName> = Vec::new() => pub headers: Vec<String>,
        /// Response headers that scripts may read.
        "expose": List<HeaderName> = Vec::new() => pub expose: Vec<String>,
        /// Whether cookies and credentials are sent; refused together with origin `*`.
        "credentials": bool = false => pub credentials: bool,
        /// How long a preflight may be remembered.
        "max_age": Span<0> = MAX_AGE => pub max_age: Duration,
    }
}

impl Cors {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        for (key, values) in [("origins", &self.origins), ("headers", &self.headers)] {
            if values.len() > 1 && values.iter().any(|value| value == "*") {
                scope.refuse_at(key, "`*` stands alone");
            }
        }
        if self.credentials && self.origins.iter().any(|origin| origin == "*") {
            let message =
                "with origin `*`, every site could act for its visitors: name the origins";
            scope.refuse_at("credentials", message);
        }
        Some(self)
    }
}

/// `*`, or scheme and host, with a port when it is not the scheme's own.
pub(crate) struct Origin;

impl Written for Origin {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let origin = node.text().and_then(parse);
        if origin.is_none() {
            let expected = "`*` or an origin such as `https://shop.example`, without a path";
            reader.refuse_type(node, expected);
        }
        origin
    }

    fn shape() -> Shape {
        Shape::Text { kind: "origin", pattern: None }
    }
}

fn parse(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let (scheme, rest) = text.split_once("://")?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme_fits = !scheme.is_empty() && scheme.bytes().all(letters);
    let host = rest.strip_prefix("*.").unwrap_or(rest);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let host_fits = !host.is_empty() && host.bytes().all(fits);
    (scheme_fits && host_fits).then(|| text.to_ascii_lowercase())
}
