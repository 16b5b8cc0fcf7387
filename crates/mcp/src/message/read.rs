//! The one look at a message.
//!
//! What breaks the grammar ends it at once; what is only wrong of a message is remembered while the
//! rest is read, so that the refusal can say which id it answers.

use architrave_wire::json::Kind;
use architrave_wire::strict::{Strict, StrictError, StrictLimits};

use super::{Found, Level, Message, MessageKind, Opened, Part, Place, check};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};

/// What a message may be at most.
#[derive(Debug, Clone, Copy)]
pub struct MessageLimits {
    /// How long it may be, in bytes. Files come to a tool as base64 in its arguments.
    pub bytes_max: usize,
    /// How deep arrays and objects may lie in each other. Schemas of tools reach 20.
    pub depth_max: usize,
    /// How many names one object may have.
    pub names_max: usize,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { bytes_max: 16 << 20, depth_max: 128, names_max: 16_384 }
    }
}

/// A message that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Why.
    pub refusal: Refusal,
    /// The JSON of its id, where it has a sound one.
    pub id: Option<Box<str>>,
}

/// An id longer than this is none that anybody needs, and it is said again in each answer.
pub(crate) const ID_BYTES_MAX: usize = 512;

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// Why it is refused, and whom the refusal answers.
    pub fn read(text: &str, limits: &MessageLimits) -> Result<Self, Unread> {
        let mut strict = begin(text, limits)?;
        if strict.kind() == Kind::Array {
            return Err(unread(RefusalKind::Batch, "one message is expected"));
        }
        let mut scan = Scan::new(0);
        let gone_over = scan.message(&mut strict).and_then(|()| strict.end());
        scan.finish(text, gone_over, strict.has_case_twins())
    }
}

pub(super) fn begin<'t>(text: &'t str, limits: &MessageLimits) -> Result<Strict<'t>, Unread> {
    // Places are kept in 32 bits.
    if text.len() > limits.bytes_max.min(u32::MAX as usize) {
        return Err(unread(RefusalKind::TooLarge, ""));
    }
    let MessageLimits { depth_max, names_max, .. } = *limits;
    Ok(Strict::new(text, StrictLimits { depth_max, names_max }))
}

pub(super) fn unread(kind: RefusalKind, about: &'static str) -> Unread {
    Unread { refusal: Refusal::new(kind, about), id: None }
}

/// A message that is being read.
pub(super) struct Scan {
    /// Where in the text it begins.
    from: usize,
    found: Found,
    /// What is wrong of it, first.
    wrong: Option<Refusal>,
    /// What would be wrong of it, were its method one of ours.
    variant: Option<Refusal>,
}

impl Scan {
    pub(super) fn new(from: usize) -> Self {
        let found = Found { places: [None; Part::COUNT], levels: [None; Level::COUNT] };
        Self { from, found, wrong: None, variant: None }
    }

    /// Goes over the message that is here.
    pub(super) fn message(&mut self, strict: &mut Strict<'_>) -> Result<(), StrictError> {
        if strict.kind() == Kind::Object {
            return self.level(strict, Level::Top);
        }
        self.refuse(Refusal::new(RefusalKind::NoMessage, "an object is expected"));
        strict.value().map(drop)
    }

    fn level(&mut self, strict: &mut Strict<'_>, level: Level) -> Result<(), StrictError> {
        let at = self.place_of(strict.at()) + 1;
        let members = strict.object(|strict, name| {
            let Some(part) = Part::of(level, &name.text) else {
                if let Some(part) = Part::case_variant_of(level, &name.text) {
                    self.meets_variant(level, part);
                }
                return strict.value().map(drop);
            };
            let kind = strict.kind();
            let from = strict.at();
            let inside = part.opens().filter(|_| kind == Kind::Object);
            match inside {
                Some(level) => self.level(strict, level)?,
                None => strict.value().map(drop)?,
            }
            let name = (self.place_of(name.span.start), self.place_of(name.span.end));
            let value = (self.place_of(from), self.place_of(strict.at()));
            self.found.places[part as usize] = Some(Place { name, value, kind });
            Ok(())
        })?;
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        self.found.levels[level as usize] = Some(Opened { at, members });
        Ok(())
    }

    fn meets_variant(&mut self, level: Level, part: Part) {
        let about = format!("`{}` is written in small letters as here", part.path());
        let refusal = Refusal::new(RefusalKind::CaseVariant, about);
        match level {
            // What is beside the protocol's own members is not for us to judge where the method is
            // not one of its own.
            Level::Params | Level::Ref | Level::Filter => {
                self.variant.get_or_insert(refusal);
            }
            _ => self.refuse(refusal),
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.wrong.get_or_insert(refusal);
    }

    /// An offset from where the message begins; `begin` has held the text to what fits.
    fn place_of(&self, at: usize) -> u32 {
        u32::try_from(at - self.from).unwrap_or(u32::MAX)
    }

    /// What is made of it; `text` is the message alone.
    pub(super) fn finish(
        mut self,
        text: &str,
        gone_over: Result<(), StrictError>,
        has_case_twins: bool,
    ) -> Result<Message, Unread> {
        let id = self.raw(Part::Id, text).filter(|id| is_id(id)).map(Box::from);
        if let Err(error) = gone_over {
            let id = id.filter(|_| !doubles_id(text, self.from, error));
            return Err(Unread { refusal: of_strict(error), id });
        }
        let (kind, method) = match self.kind(text) {
            Ok(known) => known,
            Err(refusal) => {
                self.refuse(refusal);
                (MessageKind::Notification, None)
            }
        };
        if method.is_some()
            && let Some(variant) = self.variant.take()
        {
            self.refuse(variant);
        }
        let message = Message { kind, method, has_case_twins, found: Box::new(self.found) };
        if let Some(refusal) = self.wrong {
            return Err(Unread { refusal, id });
        }
        match check::params(&message, text) {
            Ok(()) => Ok(message),
            Err(refusal) => Err(Unread { refusal, id }),
        }
    }

    /// What sort of message it is, by which of its members are there.
    fn kind(&self, text: &str) -> Result<(MessageKind, Option<Method>), Refusal> {
        let wrong = |about: &'static str| Err(Refusal::new(RefusalKind::NoMessage, about));
        let place = |part: Part| self.found.places[part as usize];
        if self.raw(Part::Jsonrpc, text) != Some("\"2.0\"") {
            return wrong("`jsonrpc` must be \"2.0\"");
        }
        let id = self.raw(Part::Id, text);
        let has_null_for_id = id == Some("null");
        if id.is_some_and(|id| !is_id(id)) && !(has_null_for_id && place(Part::Error).is_some()) {
            return wrong("`id` must be a string or a whole number, and not too long");
        }
        if let Some(method) = place(Part::Method) {
            if place(Part::Result).is_some() || place(Part::Error).is_some() {
                return wrong("it asks and answers at once");
            }
            if method.kind != Kind::Text {
                return wrong("`method` must be a string");
            }
            if place(Part::Params).is_some_and(|params| params.kind != Kind::Object) {
                return Err(Refusal::new(RefusalKind::WrongParams, "`params` must be an object"));
            }
            if place(Part::Meta).is_some_and(|meta| meta.kind != Kind::Object) {
                return Err(Refusal::new(
                    RefusalKind::WrongParams,
                    "`params._meta` must be an object",
                ));
            }
            let said = architrave_wire::json::Cursor::new(
                self.raw(Part::Method, text).unwrap_or_default(),
            )
            .text()
            .unwrap_or_default();
            let kind = match id {
                Some(_) => MessageKind::Request,
                None => MessageKind::Notification,
            };
            let method = Method::named(&said);
            return match method.map(Method::call) {
                Some(crate::method::Call::Request) if id.is_none() => {
                    wrong("this method needs an `id`")
                }
                Some(crate::method::Call::Notification) if id.is_some() => {
                    wrong("a notification has no `id`")
                }
                _ => Ok((kind, method)),
            };
        }
        match (place(Part::Result), place(Part::Error)) {
            (Some(_), Some(_)) => wrong("it answers and fails at once"),
            (None, None) => wrong("it has neither `method`, `result` nor `error`"),
            _ if id.is_none() && place(Part::Error).is_none() => wrong("an answer needs an `id`"),
            (Some(result), None) if result.kind != Kind::Object => {
                wrong("`result` must be an object")
            }
            (Some(_), None) => Ok((MessageKind::Response, None)),
            (None, Some(error)) if error.kind != Kind::Object => wrong("`error` must be an object"),
            (None, Some(_)) => match check::error(&self.found, text) {
                true => Ok((MessageKind::Failure, None)),
                false => wrong("`error` needs a whole `code` and a `message`"),
            },
        }
    }

    fn raw<'t>(&self, part: Part, text: &'t str) -> Option<&'t str> {
        text.get(super::range(self.found.places[part as usize]?.value))
    }
}

/// Whether the name that is said twice is that of the id: then nobody knows which one is meant.
fn doubles_id(text: &str, from: usize, error: StrictError) -> bool {
    let StrictError::DoubledName { at } = error else { return false };
    let Some(rest) = text.get(at.saturating_sub(from)..) else { return true };
    let mut name = architrave_wire::json::Cursor::new(rest);
    name.text().is_ok_and(|name| name == Part::Id.name())
}

/// Whether the JSON is a string or a whole number, and not too long.
fn is_id(raw: &str) -> bool {
    raw.len() <= ID_BYTES_MAX && (raw.starts_with('"') || check::is_whole(raw))
}

/// What the grammar's refusal is to the protocol.
fn of_strict(error: StrictError) -> Refusal {
    let kind = match error {
        StrictError::Syntax { .. } => RefusalKind::NoJson,
        StrictError::TooDeep { .. } | StrictError::TooManyNames { .. } => RefusalKind::TooDeep,
        StrictError::DoubledName { .. } => RefusalKind::DoubledName,
    };
    Refusal::new(kind, error.to_string())
}
