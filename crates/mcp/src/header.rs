//! The headers that say again what the body says: how texts stand in them, and whether they agree.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::{Refusal, RefusalKind};

const BEGIN: &str = "=?base64?";
const END: &str = "?=";

/// The revision of a request.
pub const VERSION: &str = "mcp-protocol-version";
/// The method of a request.
pub const METHOD: &str = "mcp-method";
/// The name of a tool or prompt, or the URI of a resource.
pub const NAME: &str = "mcp-name";
/// The session of a request, of the legacy era.
pub const SESSION: &str = "mcp-session-id";
/// The last event that a client has seen, of the legacy era.
pub const LAST_EVENT: &str = "last-event-id";
/// What headers begin with that say an argument again.
pub const PARAM_PREFIX: &str = "mcp-param-";

/// The headers of a request that the protocol knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads<'h> {
    /// `MCP-Protocol-Version`.
    pub version: Option<&'h str>,
    /// `Mcp-Method`.
    pub method: Option<&'h str>,
    /// `Mcp-Name`.
    pub name: Option<&'h str>,
    /// `Mcp-Session-Id`.
    pub session: Option<&'h str>,
    /// `Last-Event-ID`.
    pub last_event: Option<&'h str>,
}

impl<'h> Heads<'h> {
    /// Takes them from all headers of a request, names in any case, values without blanks around
    /// them.
    ///
    /// # Errors
    /// Where one is there twice: two readers could take each another.
    pub fn of(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<Self, Refusal> {
        let mut heads = Self::default();
        for (name, value) in headers {
            let (place, name) = match name.len() {
                20 if name.eq_ignore_ascii_case(VERSION) => (&mut heads.version, VERSION),
                10 if name.eq_ignore_ascii_case(METHOD) => (&mut heads.method, METHOD),
                8 if name.eq_ignore_ascii_case(NAME) => (&mut heads.name, NAME),
                14 if name.eq_ignore_ascii_case(SESSION) => (&mut heads.session, SESSION),
                13 if name.eq_ignore_ascii_case(LAST_EVENT) => (&mut heads.last_event, LAST_EVENT),
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(mismatch(format!("`{name}` is there twice")));
            }
        }
        Ok(heads)
    }
}

/// The text that a header says; none where it is said wrongly.
#[must_use]
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    if let Some(inner) = value.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) {
        let bytes = STANDARD.decode(inner).ok()?;
        return String::from_utf8(bytes).ok().map(Cow::Owned);
    }
    is_plain(value).then_some(Cow::Borrowed(value))
}

/// How a text stands in a header.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    let looks_encoded = text.starts_with(BEGIN) && text.ends_with(END);
    if is_plain(text) && !looks_encoded && !text.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{BEGIN}{}{END}", STANDARD.encode(text)))
}

/// Holds a header to what the body says.
///
/// # Errors
/// Where it is not there, is said wrongly, or says something else.
pub fn agrees(name: &'static str, header: Option<&str>, body: &str) -> Result<(), Refusal> {
    let Some(header) = header else { return Err(mismatch(format!("`{name}` is missing"))) };
    match decode(header) {
        None => Err(mismatch(format!("`{name}` is malformed"))),
        Some(said) if said == body => Ok(()),
        Some(_) => Err(mismatch(format!("`{name}` does not say what the body says"))),
    }
}

pub(crate) fn mismatch(about: String) -> Refusal {
    Refusal::new(RefusalKind::HeaderMismatch, about)
}

/// Whether a text may stand in a header as it is.
fn is_plain(text: &str) -> bool {
    let is_blank = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t'));
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        && !is_blank(text.bytes().next())
        && !is_blank(text.bytes().last())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_encoded_as_the_specification_shows() {
        for (text, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(encode(text), header);
            assert_eq!(decode(header).as_deref(), Some(text));
        }
        assert_eq!(decode("=?base64?%%?="), None);
        assert_eq!(decode("=?BASE64?YQ==?=").as_deref(), Some("=?BASE64?YQ==?="));
        assert_eq!(decode("a\u{1}"), None);
    }

    #[test]
    fn a_header_agrees_or_says_how_it_does_not() {
        assert_eq!(agrees(NAME, Some("=?base64?w6k=?="), "é"), Ok(()));
        for (header, about) in [
            (None, "`mcp-name` is missing"),
            (Some("é"), "`mcp-name` is malformed"),
            (Some("b"), "`mcp-name` does not say what the body says"),
        ] {
            let refusal = agrees(NAME, header, "a").unwrap_err();
            assert_eq!((refusal.kind, &*refusal.about), (RefusalKind::HeaderMismatch, about));
        }
    }

    #[test]
    fn a_header_that_is_there_twice_is_refused() {
        let heads = Heads::of([("MCP-Protocol-Version", "x"), ("host", "y"), ("Mcp-Name", "n")]);
        let heads = heads.unwrap();
        assert_eq!((heads.version, heads.name, heads.session), (Some("x"), Some("n"), None));
        let twice = Heads::of([("mcp-method", "a"), ("MCP-METHOD", "a")]).unwrap_err();
        assert_eq!(twice.kind, RefusalKind::HeaderMismatch);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_and_stands_in_a_header(text in ".{0,20}") {
            let header = encode(&text);
            let is_field = header.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
            prop_assert!(is_field && header.trim() == header);
            let decoded = decode(&header);
            prop_assert_eq!(decoded.as_deref(), Some(text.as_str()));
        }
    }
}
