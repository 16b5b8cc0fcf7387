//! What a translation loses, to be told to the client and counted.

use super::{Field, FieldSet, Listed, ReplyField, Say};
use crate::chat::{ChatError, ChatReply, ChatRequest};

/// The longest name of what was lost that is told: a client may have fields of any length.
const NAME_BYTES_MAX: usize = 128;

/// What a translation loses. Empty for most requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    /// Fields of the request that the other dialect cannot say.
    pub dropped: FieldSet<Field>,
    /// Fields of the request that it says nearly.
    pub near: FieldSet<Field>,
    /// Fields of the reply that the client's dialect cannot say.
    pub reply_dropped: FieldSet<ReplyField>,
    /// The same of requests that are no chat: names of fields that cannot be said.
    pub dropped_beside: Vec<&'static str>,
    /// Names of fields that are said nearly.
    pub near_beside: Vec<&'static str>,
    /// Paths of what the reader did not understand; at most sixteen.
    pub unknown: Vec<String>,
    /// How many more there were.
    pub unknown_more: usize,
}

impl Losses {
    /// What writing the request in a dialect loses.
    ///
    /// # Errors
    /// The field that changes the meaning where it is lost.
    pub fn of_request(
        request: &ChatRequest<'_>,
        says: impl Fn(Field) -> Say,
    ) -> Result<Self, ChatError> {
        let mut losses = Self::default();
        for field in super::request_fields(request).iter() {
            match says(field) {
                Say::Carried => {}
                Say::Near(_) => losses.near.add(field),
                Say::Dropped(_) => losses.dropped.add(field),
                Say::Refused(why) => {
                    // Those have names of their own.
                    let own = request.account.own.first();
                    let own = own.filter(|_| field == Field::ProviderOption);
                    return Err(own.map_or_else(
                        || refused(field.name(), why),
                        |own| refused(&own.kind, why),
                    ));
                }
            }
        }
        Ok(losses)
    }

    /// What writing a request that is no chat loses.
    ///
    /// # Errors
    /// The field that changes the meaning where it is lost.
    pub(crate) fn beside<F: Listed>(
        fields: FieldSet<F>,
        says: impl Fn(F) -> Say,
    ) -> Result<Self, ChatError> {
        let mut losses = Self::default();
        for field in fields.iter() {
            match says(field) {
                Say::Carried => {}
                Say::Near(_) => losses.near_beside.push(field.name()),
                Say::Dropped(_) => losses.dropped_beside.push(field.name()),
                Say::Refused(why) => return Err(refused(field.name(), why)),
            }
        }
        Ok(losses)
    }

    /// What writing the reply in a dialect loses; a reply is never refused.
    #[must_use]
    pub fn of_reply(reply: &ChatReply<'_>, says: impl Fn(ReplyField) -> Say) -> Self {
        Self::of_reply_fields(super::reply_fields(reply), says)
    }

    /// What writing a reply that uses those fields loses.
    #[must_use]
    pub fn of_reply_fields(fields: FieldSet<ReplyField>, says: impl Fn(ReplyField) -> Say) -> Self {
        let mut losses = Self::default();
        for field in fields.iter() {
            losses.reply_dropped.add_if(field, !matches!(says(field), Say::Carried | Say::Near(_)));
        }
        losses
    }

    /// Adds what the reader did not understand.
    pub fn add_unknown(&mut self, (unknown, more): (Vec<String>, usize)) {
        self.unknown.extend(unknown);
        self.unknown_more += more;
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// How many things were lost, near ones not counted.
    #[must_use]
    pub fn count(&self) -> usize {
        let known = self.dropped.iter().count() + self.reply_dropped.iter().count();
        known + self.dropped_beside.len() + self.unknown.len() + self.unknown_more
    }

    /// The names of what was dropped, request and reply alike: a loss is of one or of the other.
    /// What stands in no header becomes `?`, and long paths are cut.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let beside = self.dropped_beside.iter().map(|name| (*name).to_owned());
        let of_reply = self.reply_dropped.iter().map(|field| field.name().to_owned());
        let dropped = self.dropped.iter().map(|field| field.name().to_owned());
        let unknown = self.unknown.iter().map(|path| shown(path));
        let more = (self.unknown_more > 0).then(|| format!("and {} more", self.unknown_more));
        dropped.chain(beside).chain(of_reply).chain(unknown).chain(more).collect()
    }

    /// The names of what was dropped, for the warning header; none where nothing was.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let names = self.names();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// A path as it may stand in a header.
fn shown(path: &str) -> String {
    let mut shown = path.replace(|letter: char| !letter.is_ascii_graphic(), "?");
    if shown.len() > NAME_BYTES_MAX {
        shown.truncate(NAME_BYTES_MAX);
        shown.push_str("...");
    }
    shown
}

fn refused(name: &str, why: &str) -> ChatError {
    ChatError::invalid(name, format!("this model's provider cannot take `{name}`: {why}"))
}
