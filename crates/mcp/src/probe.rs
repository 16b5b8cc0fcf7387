//! What a server's answer to a modern request tells of its era, so that it is spoken to in its own.
//!
//! It is told once for each server, and again when what is known of it fails.

use crate::message::{Message, MessageKind, MessageLimits, Part};
use crate::method::Method;
use crate::refusal::is_modern_code;
use crate::revision::{Era, Revision};

/// What was learned of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// It speaks this revision of the modern era.
    Modern(Revision),
    /// It is to be asked with `initialize`.
    Legacy,
    /// It speaks the modern era, in revisions that we do not know, and no other.
    Foreign,
    /// Nothing can be said: it is down, or somebody before it refused.
    Unknown,
}

/// What `server/discover` has been answered with tells.
#[must_use]
pub fn probed(status: u16, body: &str) -> Probed {
    // Who asks for credentials, limits or is out of order has not looked at what is asked.
    if matches!(status, 401 | 403 | 407 | 408 | 429 | 500..) {
        return Probed::Unknown;
    }
    let Ok(message) = Message::read(body, &MessageLimits::default()) else { return Probed::Legacy };
    match message.kind() {
        MessageKind::Response if message.has_array(Part::SupportedVersions) => {
            spoken(message.raw(Part::SupportedVersions, body).unwrap_or_default())
        }
        MessageKind::Failure => {
            let code = message.raw(Part::ErrorCode, body).and_then(|code| code.parse().ok());
            match code {
                Some(UNSUPPORTED) => {
                    let data = message.raw(Part::ErrorData, body).unwrap_or_default();
                    spoken(data)
                }
                Some(code) if is_modern_code(code) => Probed::Modern(Revision::V2026_07_28),
                Some(UNKNOWN_METHOD) if status == 404 => Probed::Modern(Revision::V2026_07_28),
                _ => Probed::Legacy,
            }
        }
        _ => Probed::Legacy,
    }
}

const UNSUPPORTED: i32 = -32022;
const UNKNOWN_METHOD: i32 = -32601;

/// The newest revision that both speak, of those that a list of strings names.
fn spoken(list: &str) -> Probed {
    let mut newest: Option<Revision> = None;
    let mut cursor = architrave_wire::json::Cursor::new(list);
    let mut note = |text: &str| newest = newest.max(Revision::named(text));
    let read = match cursor.kind() {
        architrave_wire::json::Kind::Array => cursor.array(|item| item.text().map(|it| note(&it))),
        _ => cursor.object(|member, name| match name {
            "supported" => member.array(|item| item.text().map(|it| note(&it))),
            _ => member.skip(),
        }),
    };
    match newest {
        Some(revision) if revision.era() == Era::Modern => Probed::Modern(revision),
        Some(_) => Probed::Legacy,
        None if read.is_ok() => Probed::Foreign,
        None => Probed::Unknown,
    }
}

/// The request by which it is asked.
#[must_use]
pub fn question(id: &str, client_info: &str) -> Vec<u8> {
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"{}","params":{{"_meta":{{"{}":"{}","{}":{client_info},"{}":{{}}}}}}}}"#,
        Method::ServerDiscover.as_str(),
        Part::MetaVersion.name(),
        Revision::V2026_07_28.as_str(),
        Part::MetaClientInfo.name(),
        Part::MetaCapabilities.name(),
    );
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::{Arrival, heads_of};
    use crate::header::Heads;

    #[test]
    fn a_server_tells_its_era_by_how_it_answers() {
        let modern = Probed::Modern(Revision::V2026_07_28);
        let failure = |code: i32, data: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"m","data":{data}}}}}"#
            )
        };
        let found = |versions: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"supportedVersions":{versions}}}}}"#)
        };
        for (status, body, probed_as) in [
            (200, found(r#"["2026-07-28","2025-11-25"]"#), modern),
            (200, found(r#"["2027-01-01"]"#), Probed::Foreign),
            (
                400,
                failure(-32022, r#"{"supported":["2025-11-25"],"requested":"x"}"#),
                Probed::Legacy,
            ),
            (400, failure(-32022, r#"{"supported":["2026-07-28"]}"#), modern),
            (400, failure(-32021, "null"), modern),
            (404, failure(-32601, "null"), modern),
            (200, failure(-32601, "null"), Probed::Legacy),
            (400, failure(-32600, "null"), Probed::Legacy),
            (404, "<html>".to_owned(), Probed::Legacy),
            (405, String::new(), Probed::Legacy),
            (503, String::new(), Probed::Unknown),
            (401, failure(-32001, "null"), Probed::Unknown),
            (200, found("{}"), Probed::Legacy),
        ] {
            assert_eq!(probed(status, &body), probed_as, "{status} {body}");
        }
    }

    #[test]
    fn the_question_is_one_that_a_modern_server_takes() {
        let text = String::from_utf8(question("7", r#"{"name":"a","version":"1"}"#)).unwrap();
        let message = Message::read(&text, &MessageLimits::default()).unwrap();
        let heads = heads_of(&message, &text);
        let heads = Heads::of(heads.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
        assert!(Arrival::of(&message, &text, &heads).is_ok());
    }
}
