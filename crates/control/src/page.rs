//! Pages of a list: how many, and after what. A token says where the next page begins; it is
//! opaque, and of use only with the list and the filters that it was given for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::operation::Parameter;

/// How many a page has where nothing is said.
const SIZE_DEFAULT: u32 = 50;
/// How many a page may have.
const SIZE_MAX: u32 = 200;
/// How much of the digest of list and filters a token carries: it guards against mistakes, and
/// not against somebody who makes tokens up, who gains nothing by it.
const BOUND_BYTES: usize = 8;

/// The parameters of every list.
pub(crate) const PARAMETERS: [Parameter; 2] = [
    Parameter {
        name: "page_size",
        about: "How many to list at most; 50 where it is left out.",
        schema: || json!({ "type": "integer", "minimum": 1, "maximum": SIZE_MAX }),
    },
    Parameter {
        name: "page_token",
        about: "Where to begin: `next_page_token` of the page before, with the same filters.",
        schema: || json!({ "type": "string", "minLength": 1, "maxLength": 1024 }),
    },
];

/// Which page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    /// After which key.
    pub(crate) after: Option<String>,
    /// How many at most.
    pub(crate) size: u32,
    /// Whether any of it was said.
    pub(crate) is_asked_for: bool,
    bound: [u8; BOUND_BYTES],
}

impl Paging {
    /// Nobody has asked for a page: what is listed whole is listed whole.
    pub(crate) fn whole() -> Self {
        Self { after: None, size: SIZE_MAX, is_asked_for: false, bound: [0; BOUND_BYTES] }
    }

    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let (size, token) = (call.query.get("page_size"), call.query.get("page_token"));
        let is_asked_for = size.is_some() || token.is_some();
        let size = match size {
            None => SIZE_DEFAULT,
            Some(text) => match text.parse() {
                Ok(size) if (1..=SIZE_MAX).contains(&size) => size,
                _ => {
                    let message = format!("page_size is 1 to {SIZE_MAX}");
                    return Err(ApiError::query_fault(Fault::of_parameter("page_size", message)));
                }
            },
        };
        let bound = bound_to(call);
        let after = token.map(|token| key_of(token, bound)).transpose()?;
        Ok(Self { after, size, is_asked_for, bound })
    }

    /// The token of the page after `key`.
    pub(crate) fn token(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.bound, key.as_bytes()].concat())
    }

    /// For the store.
    pub(crate) fn page(&self) -> architrave_store::Page {
        architrave_store::Page { after: self.after.clone(), size: self.size }
    }
}

fn bound_to(call: &Call) -> [u8; BOUND_BYTES] {
    let filters = call.query.canonical(&["page_size", "page_token"]);
    let text = json!([call.operation.id, call.names, filters]).to_string();
    let mut bound = [0; BOUND_BYTES];
    bound.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..BOUND_BYTES]);
    bound
}

fn key_of(token: &str, bound: [u8; BOUND_BYTES]) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| {
        let key = bytes.strip_prefix(&bound)?;
        String::from_utf8(key.to_vec()).ok()
    });
    key.filter(|key| !key.contains('\0')).ok_or_else(|| {
        let message = "the page token is not one of this list with these filters";
        let fault = Fault::of_parameter("page_token", message);
        ApiError::new(Code::PageTokenInvalid, message).with_faults(vec![fault])
    })
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::read(Call::of(parts)?)
    }
}
