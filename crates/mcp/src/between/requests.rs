//! What clients ask, in the words of the server's era: always the very bytes of the request, with
//! what is said beside put in or taken out.

use architrave_wire::json::{Cursor, JsonError, Kind};

use super::fate::{Fate, fate};
use crate::message::{Message, Part, Rewrite};
use crate::refusal::{Refusal, RefusalKind};
use crate::revision::{Era, Revision};
use crate::session::Abilities;

/// A modern client's request for a legacy server, under another id: nothing that only the modern era
/// says is in it.
///
/// # Errors
/// Where its method is not said there as it is.
pub fn to_legacy<'m>(message: &'m Message, id: &str) -> Result<Rewrite<'m>, Refusal> {
    holds_same(message, Era::Modern)?;
    let mut rewrite = message.rewrite();
    rewrite.json(Part::Id, id);
    for part in [
        Part::MetaVersion,
        Part::MetaCapabilities,
        Part::MetaClientInfo,
        Part::MetaLogLevel,
        Part::InputResponses,
        Part::RequestState,
    ] {
        rewrite.take_out(part);
    }
    Ok(rewrite)
}

/// Who says a request to a modern server, and what he can do: JSON objects.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'t> {
    /// `clientCapabilities`.
    pub capabilities: &'t str,
    /// `clientInfo`, where it is known.
    pub info: Option<&'t str>,
    /// How important messages of the log must be, where any are wanted.
    pub log_level: Option<&'t str>,
}

/// A legacy client's request for a modern server, under another id: it says all of itself.
///
/// # Errors
/// Where its method is not said there as it is.
pub fn to_modern<'m>(
    message: &'m Message,
    id: &str,
    teller: &Teller<'_>,
) -> Result<Rewrite<'m>, Refusal> {
    holds_same(message, Era::Legacy)?;
    let mut rewrite = message.rewrite();
    rewrite.json(Part::Id, id);
    // What is asked for as a task of 2025-11-25 is simply done.
    rewrite.take_out(Part::Task);
    rewrite.text(Part::MetaVersion, Revision::V2026_07_28.as_str());
    rewrite.json(Part::MetaCapabilities, teller.capabilities);
    if let Some(info) = teller.info {
        rewrite.json(Part::MetaClientInfo, info);
    }
    if let Some(level) = teller.log_level {
        rewrite.text(Part::MetaLogLevel, level);
    }
    Ok(rewrite)
}

/// Refuses what is said otherwise, or not at all, in the other era.
fn holds_same(message: &Message, from: Era) -> Result<(), Refusal> {
    let Some(method) = message.method() else { return Ok(()) };
    match fate(method, from) {
        Some(Fate::Same) => Ok(()),
        Some(Fate::Not(why) | Fate::Here(why) | Fate::Otherwise(why)) => {
            Err(Refusal::new(RefusalKind::NotCarried, why))
        }
        None => Err(Refusal::unknown_method(method.as_str())),
    }
}

/// What a client can be asked, by the capabilities that it has declared. What cannot be read is
/// nothing that it can do.
#[must_use]
pub fn abilities(capabilities: &str) -> Abilities {
    read_abilities(capabilities).unwrap_or_default()
}

fn read_abilities(capabilities: &str) -> Result<Abilities, JsonError> {
    let mut abilities = Abilities::default();
    let mut can = |ability: Abilities| abilities = abilities.with(ability);
    let mut cursor = Cursor::new(capabilities);
    cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("roots", Kind::Object) => {
            can(Abilities::ROOTS);
            cursor.skip()
        }
        ("sampling", Kind::Object) => {
            can(Abilities::SAMPLING);
            cursor.object(|cursor, name| {
                if name == "tools" && cursor.kind() == Kind::Object {
                    can(Abilities::SAMPLING_TOOLS);
                }
                cursor.skip()
            })
        }
        ("elicitation", Kind::Object) => {
            let (mut has_form, mut has_url) = (false, false);
            cursor.object(|cursor, name| {
                let is_object = cursor.kind() == Kind::Object;
                has_form |= name == "form" && is_object;
                has_url |= name == "url" && is_object;
                cursor.skip()
            })?;
            // Who names neither is of a time when there were but forms.
            if has_form || !has_url {
                can(Abilities::FORM);
            }
            if has_url {
                can(Abilities::URL);
            }
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    Ok(abilities)
}

/// The capabilities by which abilities are declared, of a revision: what it does not know is left
/// out.
#[must_use]
pub fn capabilities(abilities: Abilities, revision: Revision) -> String {
    let mut members: Vec<String> = Vec::new();
    if abilities.has(Abilities::ROOTS) {
        members.push("\"roots\":{}".to_owned());
    }
    if abilities.has(Abilities::SAMPLING) {
        let has_tools =
            abilities.has(Abilities::SAMPLING_TOOLS) && revision >= Revision::V2025_11_25;
        members.push(format!("\"sampling\":{{{}}}", if has_tools { "\"tools\":{}" } else { "" }));
    }
    let (form, url) = (abilities.has(Abilities::FORM), abilities.has(Abilities::URL));
    if revision >= Revision::V2025_11_25 && (form || url) {
        let modes = [("form", form), ("url", url)];
        let modes = modes.iter().filter(|(_, has)| *has);
        let modes: Vec<String> = modes.map(|(mode, _)| format!("\"{mode}\":{{}}")).collect();
        members.push(format!("\"elicitation\":{{{}}}", modes.join(",")));
    } else if revision == Revision::V2025_06_18 && form {
        members.push("\"elicitation\":{}".to_owned());
    }
    format!("{{{}}}", members.join(","))
}

/// The request that makes a session with a legacy server.
#[must_use]
pub fn initialize(id: &str, revision: Revision, abilities: Abilities, info: &str) -> Vec<u8> {
    let (version, capabilities) = (revision.as_str(), capabilities(abilities, revision));
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{capabilities},"clientInfo":{info}}}}}"#
    )
    .into_bytes()
}

/// What is told a legacy server when its session has been made.
pub const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
