//! What servers answer, in the words of the client's era.

use architrave_wire::json::{Cursor, Kind, Writer};

use crate::list::Freshness;
use crate::message::{Message, MessageKind, Part, Rewrite};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};
use crate::revision::Revision;

/// What a result of the modern era is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it.
    Complete,
    /// The client is asked something first.
    InputRequired,
}

/// What sort of result a response is.
///
/// # Errors
/// Where it is of one that no client of ours knows, which the specification calls invalid.
pub fn outcome(message: &Message, text: &str) -> Result<Outcome, Refusal> {
    if !message.has(Part::ResultType) {
        return Ok(Outcome::Complete);
    }
    match message.text(Part::ResultType, text).as_deref() {
        Some("complete") => Ok(Outcome::Complete),
        Some("input_required") => Ok(Outcome::InputRequired),
        _ => Err(Refusal::new(
            RefusalKind::ServerFailed,
            "its result is of a sort that is not known",
        )),
    }
}

/// Whether results of a method say how long they may be kept.
#[must_use]
pub const fn is_cacheable(method: Method) -> bool {
    matches!(
        method,
        Method::ServerDiscover
            | Method::ToolsList
            | Method::PromptsList
            | Method::ResourcesList
            | Method::ResourcesTemplatesList
            | Method::ResourcesRead
    )
}

/// The answer of a legacy server to a request of a modern client, whose id it gets.
#[must_use]
pub fn to_modern<'m>(
    message: &'m Message,
    text: &str,
    id: &str,
    method: Option<Method>,
) -> Rewrite<'m> {
    let mut rewrite = message.rewrite();
    rewrite.json(Part::Id, id);
    if message.kind() == MessageKind::Failure {
        if message.raw(Part::ErrorCode, text) == Some(LEGACY_RESOURCE_NOT_FOUND) {
            rewrite.json(Part::ErrorCode, MODERN_RESOURCE_NOT_FOUND);
        }
        return rewrite;
    }
    rewrite.text(Part::ResultType, "complete");
    if method.is_some_and(is_cacheable) {
        let Freshness { ttl_ms, scope } = Freshness::UNSAID;
        if message.count(Part::TtlMs, text).is_none() {
            rewrite.json(Part::TtlMs, ttl_ms.to_string());
        }
        if !message.has(Part::CacheScope) {
            rewrite.text(Part::CacheScope, scope.as_str());
        }
    }
    rewrite
}

/// The answer of a modern server to a request of a legacy client, whose id it gets; of a complete
/// result or of a failure.
#[must_use]
pub fn to_legacy<'m>(message: &'m Message, id: &str) -> Rewrite<'m> {
    let mut rewrite = message.rewrite();
    rewrite.json(Part::Id, id);
    for part in [Part::ResultType, Part::TtlMs, Part::CacheScope] {
        rewrite.take_out(part);
    }
    rewrite
}

/// What is known of a server, from either era's answer: `initialize` or `server/discover`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// What it can do, as it says it: an object.
    pub capabilities: String,
    /// Who it is: an object, where it says so.
    pub info: Option<String>,
    /// How it is used.
    pub instructions: Option<String>,
}

impl ServerFacts {
    /// Reads what a server has answered; none where it has not said what it can do.
    #[must_use]
    pub fn read(message: &Message, text: &str) -> Option<Self> {
        let object = |part: Part| {
            message.raw(part, text).filter(|_| message.has_object(part)).map(str::to_owned)
        };
        Some(Self {
            capabilities: object(Part::ServerCapabilities)?,
            info: object(Part::MetaServerInfo).or_else(|| object(Part::ServerInfo)),
            instructions: message.text(Part::Instructions, text).map(|text| text.into_owned()),
        })
    }
}

/// The answer to `initialize`, for a legacy client. `capabilities` and `info` are objects.
#[must_use]
pub fn initialize(
    id: &str,
    revision: Revision,
    (capabilities, info): (&str, &str),
    instructions: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    Writer::new(&mut out).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("id").json(id);
        writer.key("result").object(|writer| {
            writer.key("protocolVersion").text(revision.as_str());
            writer.key("capabilities").json(capabilities);
            writer.key("serverInfo").json(info);
            writer.text_field("instructions", instructions);
        });
    });
    out
}

/// The answer to `server/discover`, for a modern client.
#[must_use]
pub fn discover(
    id: &str,
    (capabilities, info): (&str, &str),
    instructions: Option<&str>,
    freshness: Freshness,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    Writer::new(&mut out).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("id").json(id);
        writer.key("result").object(|writer| {
            writer.key("resultType").text("complete");
            writer.key("supportedVersions").array(|writer| {
                crate::arrival::supported().iter().for_each(|one| writer.text(one.as_str()));
            });
            writer.key("capabilities").json(capabilities);
            writer.text_field("instructions", instructions);
            writer.key("ttlMs").count(freshness.ttl_ms);
            writer.key("cacheScope").text(freshness.scope.as_str());
            writer.key("_meta").object(|writer| {
                writer.key(Part::MetaServerInfo.name()).json(info);
            });
        });
    });
    out
}

/// What several servers can do together: every capability that one of them has, and of each what
/// any of them says of it. What only some have, the others are not asked for.
#[must_use]
pub fn capabilities_of_all<'c>(each: impl IntoIterator<Item = &'c str>) -> String {
    let mut all: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for capabilities in each {
        let mut cursor = Cursor::new(capabilities);
        // What cannot be read says nothing.
        let _sound = cursor.object(|cursor, name| {
            if cursor.kind() != Kind::Object {
                return cursor.skip();
            }
            let place = all.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                all.push((name.to_owned(), Vec::new()));
                all.len() - 1
            });
            let members = &mut all[place].1;
            cursor.object(|cursor, name| {
                let value = cursor.json()?.as_str().to_owned();
                match members.iter_mut().find(|(known, _)| known == name) {
                    // Of yes and no it is yes: some of them do.
                    Some((_, known)) if known == "false" => *known = value,
                    Some(_) => {}
                    None => members.push((name.to_owned(), value)),
                }
                Ok(())
            })
        });
    }
    all.sort();
    let mut out = Vec::new();
    Writer::new(&mut out).object(|writer| {
        for (name, members) in &all {
            writer.name(name).object(|writer| {
                for (name, value) in members {
                    writer.name(name).json(value);
                }
            });
        }
    });
    String::from_utf8(out).unwrap_or_default()
}

const LEGACY_RESOURCE_NOT_FOUND: &str = "-32002";
const MODERN_RESOURCE_NOT_FOUND: &str = "-32602";
