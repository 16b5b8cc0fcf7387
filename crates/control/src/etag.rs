//! Which state of a thing is meant: strong ETags, `If-Match` and `If-None-Match` (RFC 9110 §13).
//!
//! Whoever changes what exists must say what it was when they looked, so that nobody undoes the
//! work of another without knowing.

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;

use crate::code::Code;
use crate::error::ApiError;

/// The ETag of a revision, `"<id>.<revision>"`.
pub(crate) fn etag(id: &str, revision: i64) -> String {
    format!("\"{id}.{revision}\"")
}

/// What the request says of the state that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<String>),
}

impl Tags {
    fn has(&self, tag: Option<&str>) -> bool {
        match (self, tag) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::These(tags), Some(tag)) => tags.iter().any(|own| own == tag),
        }
    }
}

impl Conditions {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self {
            if_match: tags(headers, &IF_MATCH)?,
            if_none_match: tags(headers, &IF_NONE_MATCH)?,
        })
    }

    /// Whether the caller has it already, as a `GET` asks.
    pub(crate) fn is_known(&self, current: &str) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.has(Some(current)))
    }

    /// Whether the request says which state it is about at all.
    pub(crate) fn says_which(&self) -> bool {
        self.if_match.is_some() || self.if_none_match.is_some()
    }

    /// Lets a write go on over what is `current`; `None` when nothing is there.
    pub(crate) fn check(&self, current: Option<&str>) -> Result<(), ApiError> {
        let failed = |message: &'static str| {
            let error = ApiError::new(Code::PreconditionFailed, message);
            Err(error.with_etag(current.map(str::to_owned)))
        };
        if self.if_none_match.as_ref().is_some_and(|tags| tags.has(current)) {
            return failed("it is there already");
        }
        match (&self.if_match, current) {
            (Some(tags), _) if !tags.has(current) => failed("it has changed since it was read"),
            (None, Some(_)) => {
                let message = "send if-match with the etag of what is to be changed";
                let error = ApiError::new(Code::PreconditionRequired, message);
                Err(error.with_etag(current.map(str::to_owned)))
            }
            _ => Ok(()),
        }
    }
}

/// The tags of a field; weak ones never match, since nothing of ours has one.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, ApiError> {
    let mut all = None;
    for value in headers.get_all(name) {
        let invalid = || {
            let message = format!("{name} has tags in quotes, or *");
            ApiError::new(Code::HeaderInvalid, message)
        };
        let text = value.to_str().map_err(|_not_ascii| invalid())?.trim();
        if text == "*" {
            return Ok(Some(Tags::Any));
        }
        let list: &mut Vec<String> = all.get_or_insert_default();
        for tag in text.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let is_quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
            if !is_quoted {
                return Err(invalid());
            }
            if opaque == tag {
                list.push(tag.to_owned());
            }
        }
    }
    Ok(all.map(Tags::These))
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::read(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(HeaderName, &str)], current: Option<&str>) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        match Conditions::read(&map).and_then(|conditions| conditions.check(current)) {
            Ok(()) => 200,
            Err(error) => error.code().status().as_u16(),
        }
    }

    #[test]
    fn what_exists_is_changed_by_who_knows_it() {
        let one = Some("\"a.1\"");
        assert_eq!(check(&[], one), 428);
        assert_eq!(check(&[(IF_MATCH, "\"a.1\"")], one), 200);
        assert_eq!(check(&[(IF_MATCH, "\"a.0\", \"a.1\"")], one), 200);
        assert_eq!(check(&[(IF_MATCH, "*")], one), 200);
        assert_eq!(check(&[(IF_MATCH, "\"a.2\"")], one), 412);
        assert_eq!(check(&[(IF_MATCH, "W/\"a.1\"")], one), 412);
        assert_eq!(check(&[(IF_MATCH, "a.1")], one), 400);
    }

    #[test]
    fn what_does_not_exist_is_made_unless_it_was_thought_to_be_there() {
        assert_eq!(check(&[], None), 200);
        assert_eq!(check(&[(IF_NONE_MATCH, "*")], None), 200);
        assert_eq!(check(&[(IF_MATCH, "\"a.1\"")], None), 412);
        assert_eq!(check(&[(IF_MATCH, "*")], None), 412);
        assert_eq!(check(&[(IF_NONE_MATCH, "*")], Some("\"a.1\"")), 412);
    }
}
