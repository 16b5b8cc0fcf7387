//! What the body of a POST holds: one message, or several where the revision has batches.

use std::ops::Range;

use architrave_wire::json::Kind;

use super::read::{Scan, begin, unread};
use super::{Message, MessageLimits, Unread};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};

/// More messages in one body are more work than one request is worth.
pub const BATCH_MAX: usize = 64;

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// One message.
    One(Message),
    /// Several.
    Several(Vec<Entry>),
}

/// One message of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where in the body it lies; places in it are counted from there.
    pub range: Range<usize>,
    /// What it is, or why it is refused.
    pub message: Result<Message, Unread>,
}

impl Body {
    /// Reads a body that may be several messages.
    ///
    /// # Errors
    /// Why all of it is refused.
    pub fn read(bytes: &[u8], limits: &MessageLimits) -> Result<Self, Unread> {
        let text = Self::text(bytes)?;
        let mut strict = begin(text, limits)?;
        if strict.kind() != Kind::Array {
            return Message::read(text, limits).map(Self::One);
        }
        let mut entries = Vec::new();
        let mut is_too_many = false;
        let gone_over = strict.array(|strict| {
            let from = strict.at();
            let mut scan = Scan::new(from);
            scan.message(strict)?;
            let range = from..strict.at();
            if entries.len() == BATCH_MAX {
                is_too_many = true;
                return Ok(());
            }
            let message = scan.finish(&text[range.clone()], Ok(()), strict.has_case_twins());
            entries.push(Entry { range, message: message.and_then(no_session) });
            Ok(())
        });
        // Nobody can be told by an id what is wrong with the whole.
        let of_whole = Scan::new(0).finish("", gone_over.and_then(|()| strict.end()), false);
        match of_whole {
            Err(Unread { refusal, .. }) if refusal.kind != RefusalKind::NoMessage => {
                Err(Unread { refusal, id: None })
            }
            _ if is_too_many => Err(unread(RefusalKind::TooLarge, "too many messages in one")),
            _ if entries.is_empty() => Err(unread(RefusalKind::NoMessage, "an empty batch")),
            _ => Ok(Self::Several(entries)),
        }
    }

    /// The text of a body.
    ///
    /// # Errors
    /// Where it is none.
    pub fn text(bytes: &[u8]) -> Result<&str, Unread> {
        str::from_utf8(bytes).map_err(|_| unread(RefusalKind::NoJson, "the body is not UTF-8"))
    }
}

/// A session is not made among other things.
fn no_session(message: Message) -> Result<Message, Unread> {
    match message.method() {
        Some(Method::Initialize) => {
            let about = "`initialize` must be alone";
            Err(Unread { refusal: Refusal::new(RefusalKind::NoMessage, about), id: None })
        }
        _ => Ok(message),
    }
}
