//! A message of a client has come: of which era it is, and whether its headers and its body agree.
//!
//! A server of both eras picks by the request: what says its revision in `_meta` is modern, what
//! begins with `initialize` is legacy, and so is what says nothing.

use crate::header::{self, Heads};
use crate::message::{Message, MessageKind, Part};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};
use crate::revision::{Era, Revision};

/// The levels of the log, the least first.
pub const LOG_LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// What a message was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It begins a session.
    Opening {
        /// The revision that the session gets.
        revision: Revision,
    },
    /// It belongs to a session, or to none where the server makes none.
    Legacy {
        /// The revision that it says, or that is taken for who says nothing.
        revision: Revision,
    },
    /// It stands for itself.
    Modern {
        /// The revision that it says.
        revision: Revision,
    },
}

impl Arrival {
    /// Holds a message of a client to the rules of its era.
    ///
    /// # Errors
    /// Why it is refused, and of which era the refusal is.
    pub fn of(message: &Message, text: &str, heads: &Heads<'_>) -> Result<Self, (Refusal, Era)> {
        let era = era_of(message, heads);
        let arrival = match era {
            Era::Modern => modern(message, text, heads),
            Era::Legacy => legacy(message, text, heads),
        };
        arrival.map_err(|refusal| (refusal, era))
    }

    /// Its era.
    #[must_use]
    pub const fn era(self) -> Era {
        match self {
            Self::Opening { .. } | Self::Legacy { .. } => Era::Legacy,
            Self::Modern { .. } => Era::Modern,
        }
    }

    /// Its revision.
    #[must_use]
    pub const fn revision(self) -> Revision {
        match self {
            Self::Opening { revision } | Self::Legacy { revision } | Self::Modern { revision } => {
                revision
            }
        }
    }
}

/// The era of a message, by what it says of itself; of one that could not be read, by its headers.
#[must_use]
pub fn era_of(message: &Message, heads: &Heads<'_>) -> Era {
    if message.has(Part::MetaVersion) || message.has(Part::MetaCapabilities) {
        return Era::Modern;
    }
    match message.method() {
        Some(Method::Initialize) => Era::Legacy,
        _ => era_of_heads(heads),
    }
}

/// The era that headers speak of.
#[must_use]
pub fn era_of_heads(heads: &Heads<'_>) -> Era {
    match heads.version.map(Revision::named) {
        Some(Some(revision)) => revision.era(),
        // Who says a revision that nobody knows is from later than we are.
        Some(None) if heads.session.is_none() => Era::Modern,
        _ => Era::Legacy,
    }
}

fn legacy(message: &Message, text: &str, heads: &Heads<'_>) -> Result<Arrival, Refusal> {
    repeats(message, text, heads)?;
    if message.method() == Some(Method::Initialize) {
        let asked = message.text(Part::Version, text).unwrap_or_default();
        return Ok(Arrival::Opening { revision: Revision::negotiated(&asked) });
    }
    let revision = match heads.version {
        None => Revision::UNSAID,
        Some(said) => Revision::named(said)
            .filter(|revision| revision.era() == Era::Legacy)
            .ok_or_else(|| Refusal::unsupported_version(said, &supported()))?,
    };
    if let Some(method) = message.method()
        && !(method.is_of_client() && method.is_of_era(Era::Legacy))
    {
        return Err(Refusal::unknown_method(method.as_str()));
    }
    Ok(Arrival::Legacy { revision })
}

fn modern(message: &Message, text: &str, heads: &Heads<'_>) -> Result<Arrival, Refusal> {
    if !matches!(message.kind(), MessageKind::Request | MessageKind::Notification) {
        let about = "clients answer in `inputResponses` of the request that they ask again";
        return Err(Refusal::new(RefusalKind::Response, about));
    }
    if message.kind() == MessageKind::Notification && !message.has(Part::MetaVersion) {
        // No headers are defined for them, but what is said must be true.
        repeats(message, text, heads)?;
        let said = heads.version.unwrap_or_default();
        return of_modern(said).map(|revision| Arrival::Modern { revision });
    }
    let needed = |part: Part, is_right: bool, what: &str| match is_right {
        true => Ok(()),
        false => {
            let about = format!("`{}` must be {what}", part.path());
            Err(Refusal::new(RefusalKind::WrongParams, about))
        }
    };
    let version = message.text(Part::MetaVersion, text);
    needed(Part::MetaVersion, version.is_some(), "a string")?;
    let version = version.unwrap_or_default();
    header::agrees(header::VERSION, heads.version, &version)?;
    let revision = of_modern(&version)?;
    let method = message.method_text(text).unwrap_or_default();
    header::agrees(header::METHOD, heads.method, &method)?;
    if let Some(part) = message.method().and_then(Method::named_by) {
        let name = message.text(part, text).unwrap_or_default();
        header::agrees(header::NAME, heads.name, &name)?;
    }
    let has_capabilities = message.has_object(Part::MetaCapabilities);
    needed(Part::MetaCapabilities, has_capabilities, "an object")?;
    if message.has(Part::MetaLogLevel) {
        let level = message.text(Part::MetaLogLevel, text);
        let is_known = level.is_some_and(|level| LOG_LEVELS.contains(&&*level));
        needed(Part::MetaLogLevel, is_known, "a level of the log")?;
    }
    if message.has(Part::MetaClientInfo) {
        needed(Part::MetaClientInfo, message.has_object(Part::MetaClientInfo), "an object")?;
    }
    match message.method() {
        Some(method) if !(method.is_of_client() && method.is_of(revision)) => {
            Err(Refusal::unknown_method(method.as_str()))
        }
        _ => Ok(Arrival::Modern { revision }),
    }
}

/// A revision without sessions that we know.
fn of_modern(said: &str) -> Result<Revision, Refusal> {
    Revision::named(said)
        .filter(|revision| revision.era() == Era::Modern)
        .ok_or_else(|| Refusal::unsupported_version(said, &supported()))
}

/// Every revision that is spoken here, the newest first.
#[must_use]
pub fn supported() -> [Revision; 5] {
    let mut all = Revision::ALL;
    all.reverse();
    all
}

/// Holds headers to the body that need not be there, but must not lie: somebody before us may have
/// judged by them.
fn repeats(message: &Message, text: &str, heads: &Heads<'_>) -> Result<(), Refusal> {
    if heads.method.is_some() {
        let method = message.method_text(text).unwrap_or_default();
        header::agrees(header::METHOD, heads.method, &method)?;
    }
    if let (Some(part), Some(_)) = (message.method().and_then(Method::named_by), heads.name) {
        let name = message.text(part, text).unwrap_or_default();
        header::agrees(header::NAME, heads.name, &name)?;
    }
    Ok(())
}

/// The headers with which a request goes to a modern server: method, and name where it has one.
#[must_use]
pub fn heads_of(message: &Message, text: &str) -> Vec<(&'static str, String)> {
    let mut heads = vec![(header::VERSION, Revision::V2026_07_28.as_str().to_owned())];
    if let Some(method) = message.method_text(text) {
        heads.push((header::METHOD, header::encode(&method).into_owned()));
    }
    if let Some(part) = message.method().and_then(Method::named_by)
        && let Some(name) = message.text(part, text)
    {
        heads.push((header::NAME, header::encode(&name).into_owned()));
    }
    heads
}

#[cfg(test)]
mod tests;
