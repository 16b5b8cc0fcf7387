//! What lives at a provider, as requests name it and replies say that it was made.
//!
//! Where ids stand is a table, gone through in one look over the body. What a model reads or says
//! is not in it: a tool's argument called `file_id` is no file.

mod link;
mod replies;
mod requests;

use super::{Kept, Operation, Surface};
use crate::dialect::Dialect;
use crate::json::{Cursor, JsonError, Kind};

use link::Leads;

/// What is named, and by which id.
pub type KeptId = (Kept, String);

/// What a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// What lives at a provider.
    pub kept: Vec<KeptId>,
    /// The links to what is open to the account by which the provider is asked, and not to anybody:
    /// buckets, files of a server, whatever has a scheme that is none of the web's.
    pub links: Vec<OwnLink>,
}

/// A link to what is open to the operator's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLink {
    /// Where it stands in the body, as `messages[0].content[1].image_url.url`.
    pub field: String,
    /// The link as it stands there.
    pub link: String,
}

impl OwnLink {
    /// Whether it leads to what is below a prefix: that place itself, or what a slash leads to, and
    /// nowhere that is said as a way up.
    #[must_use]
    pub fn is_below(&self, prefix: &str) -> bool {
        let Some(rest) = self.link.strip_prefix(prefix) else { return false };
        let is_whole = rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/');
        let is_up = |segment: &str| matches!(segment, "." | "..");
        is_whole && !rest.contains(['%', '\\', '?', '#']) && !rest.split('/').any(is_up)
    }
}

/// How many things one body may name; beyond that nobody means them.
const NAMED_MAX: usize = 1_024;

/// Where in a value ids stand.
#[derive(Debug)]
enum Shape {
    /// The value is an id, or a list of them, or an object with those fields.
    Id(Kept, &'static [Member]),
    /// The same where an id begins like that; others are names that all know.
    Own(Kept, &'static str),
    /// The same with the collection before the id, as Gemini has it.
    Name(Kept),
    /// A link, of those that lead to Gemini's files.
    FileLink,
    /// A link, or bytes in its place, or an object with those fields.
    Link(&'static [Member]),
    /// Links wherever fields that are called so have them.
    AnyLink(&'static [&'static str]),
    /// An object with those fields, or a list of such objects.
    Fields(&'static [Member]),
    /// An object whose fields have any name.
    Each(&'static Self),
    /// An item of OpenAI's, or a list of them: all of it may be an id.
    Item(&'static [Member]),
}

/// A field, and where in its value ids stand.
type Member = (&'static str, Shape);

impl Surface {
    /// What a request at this surface names that lives at a provider, or that the provider fetches
    /// as the operator could; its path apart.
    ///
    /// # Errors
    /// Where the body cannot be read, or names more than anybody means.
    pub fn named_in_request(self, body: &str) -> Result<Named, JsonError> {
        let mut found = Named::default();
        if let Some(shape) = requests::of(self) {
            walk(&mut Cursor::new(body), shape, &mut found)?;
        }
        Ok(found)
    }

    /// Whether a request at this surface may name the files that a batch is to be made of.
    pub(super) fn has_batch_input(self) -> bool {
        requests::of_input(self).is_some()
    }

    /// The files of requests that a batch is to be made of.
    ///
    /// # Errors
    /// Where the body cannot be read.
    pub fn batch_input(self, body: &str) -> Result<Vec<KeptId>, JsonError> {
        let mut found = Named::default();
        if let Some(shape) = requests::of_input(self) {
            walk(&mut Cursor::new(body), shape, &mut found)?;
        }
        Ok(found.kept)
    }

    /// What a reply at this surface says was made, with the ids by which requests name it; where
    /// the reply is about something that is kept, what belongs to that.
    #[must_use]
    pub fn kept_in_reply(self, body: &str) -> Vec<KeptId> {
        let is_chat = self.operation() == Operation::Chat;
        if is_chat && !says_kept(self.dialect(), body) {
            return Vec::new();
        }
        found(replies::of(self), body)
    }
}

/// What a client's message in a talk by Gemini's words names that lives at the provider.
#[must_use]
pub fn kept_in_talk(message: &str) -> Vec<KeptId> {
    found(Some(&requests::TALK), message)
}

/// Whether a chat in that dialect may make something that lives at the provider, whatever it asks
/// for. OpenAI's makes something where an answer is to be said aloud.
#[must_use]
pub fn can_make(dialect: Dialect) -> bool {
    dialect != Dialect::OpenaiChat && replies::of_event(dialect).is_some()
}

/// What an event of a chat's stream says was made.
#[must_use]
pub fn kept_in_event(dialect: Dialect, data: &str) -> Vec<KeptId> {
    if !says_kept(dialect, data) {
        return Vec::new();
    }
    found(replies::of_event(dialect), data)
}

/// The answer of OpenAI's chat that a reply, or an event of a stream, tells, where the chat was asked
/// to store it.
#[must_use]
pub fn stored_chat(data: &str) -> Option<KeptId> {
    found(Some(&replies::STORED), data).pop()
}

/// Whether a reply may say at all that something was made.
fn says_kept(dialect: Dialect, body: &str) -> bool {
    match dialect {
        Dialect::OpenaiResponses => true,
        Dialect::AnthropicMessages => {
            memchr::memmem::find(body.as_bytes(), b"\"container\"").is_some()
        }
        Dialect::OpenaiChat => memchr::memmem::find(body.as_bytes(), b"\"audio\"").is_some(),
        _ => false,
    }
}

fn found(shape: Option<&'static Shape>, body: &str) -> Vec<KeptId> {
    let mut found = Named::default();
    let Some(shape) = shape else { return Vec::new() };
    match walk(&mut Cursor::new(body), shape, &mut found) {
        Ok(()) => found.kept,
        Err(_) => Vec::new(),
    }
}

/// Goes through a value. What is of another kind than the shape names nothing.
fn walk(
    cursor: &mut Cursor<'_>,
    shape: &'static Shape,
    found: &mut Named,
) -> Result<(), JsonError> {
    match (cursor.kind(), shape) {
        // A list in a list is nothing that anybody reads; replies may be as deep as they like.
        (Kind::Array, _) => cursor.array(|cursor| match cursor.kind() {
            Kind::Array => cursor.skip(),
            _ => walk(cursor, shape, found),
        }),
        (Kind::Text, Shape::Id(kept, _)) => {
            let id = cursor.text()?.into_owned();
            add(cursor, found, (*kept, id))
        }
        (Kind::Text, Shape::Own(kept, beginning)) => {
            let id = cursor.text()?;
            match id.starts_with(beginning) {
                true => add(cursor, found, (*kept, id.into_owned())),
                false => Ok(()),
            }
        }
        (Kind::Text, Shape::Name(kept)) => {
            let name = cursor.text()?;
            // With nothing behind the last slash it is another spelling of what stands before it.
            let id = name.rsplit('/').next().filter(|id| !id.is_empty()).unwrap_or(&name);
            add(cursor, found, (*kept, id.to_owned()))
        }
        (Kind::Text, Shape::FileLink) => {
            let link = cursor.text()?;
            add_link(cursor, found, (link::of_file(&link), &link))
        }
        (Kind::Text, Shape::Link(_)) => {
            let link = cursor.text()?;
            add_link(cursor, found, (link::of_media(&link), &link))
        }
        (Kind::Object, Shape::Fields(members) | Shape::Id(_, members) | Shape::Link(members)) => {
            fields(cursor, members, found)
        }
        (Kind::Object, Shape::AnyLink(names)) => any_links(cursor, (names, false), found),
        (Kind::Object, Shape::Each(shape)) => {
            cursor.object(|cursor, _name| walk(cursor, shape, found))
        }
        (Kind::Object, Shape::Item(members)) => item(cursor, members, found),
        _ => cursor.skip(),
    }
}

fn fields(
    cursor: &mut Cursor<'_>,
    members: &'static [Member],
    found: &mut Named,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| match members.iter().find(|(member, _)| *member == name) {
        Some((_, shape)) => walk(cursor, shape, found),
        None => cursor.skip(),
    })
}

/// Goes through a value at whatever depth for links in fields of those names; whether it is in one.
fn any_links(
    cursor: &mut Cursor<'_>,
    (names, is_within): (&'static [&'static str], bool),
    found: &mut Named,
) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Object => {
            cursor.object(|cursor, name| any_links(cursor, (names, names.contains(&name)), found))
        }
        Kind::Array => cursor.array(|cursor| any_links(cursor, (names, is_within), found)),
        Kind::Text if is_within => walk(cursor, &Shape::Link(&[]), found),
        _ => cursor.skip(),
    }
}

/// An item that is only named says its id and, at most, that it is a reference. A message says who
/// speaks, any other item what it is; their ids are their own.
fn item(
    cursor: &mut Cursor<'_>,
    members: &'static [Member],
    found: &mut Named,
) -> Result<(), JsonError> {
    let (mut id, mut is_reference) = (None, None);
    cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("id", Kind::Text) => {
            id = Some(cursor.text()?.into_owned());
            Ok(())
        }
        ("type", Kind::Text) => {
            is_reference = Some(cursor.text()? == "item_reference");
            Ok(())
        }
        ("role", Kind::Text) => {
            is_reference = is_reference.or(Some(false));
            cursor.skip()
        }
        _ => match members.iter().find(|(member, _)| *member == name) {
            Some((_, shape)) => walk(cursor, shape, found),
            None => cursor.skip(),
        },
    })?;
    match id.filter(|_| is_reference.unwrap_or(true)) {
        Some(id) => add(cursor, found, (Kept::Item, id)),
        None => Ok(()),
    }
}

fn add(cursor: &Cursor<'_>, found: &mut Named, one: KeptId) -> Result<(), JsonError> {
    if one.1.is_empty() || found.kept.contains(&one) {
        return Ok(());
    }
    if found.kept.len() == NAMED_MAX {
        return Err(cursor.wrong("names too much that lives at a provider"));
    }
    found.kept.push(one);
    Ok(())
}

fn add_link(
    cursor: &Cursor<'_>,
    found: &mut Named,
    (leads, link): (Leads, &str),
) -> Result<(), JsonError> {
    match leads {
        Leads::Elsewhere => Ok(()),
        Leads::ToFile(id) => add(cursor, found, (Kept::File, id)),
        Leads::ToOwn if found.links.len() == NAMED_MAX => {
            Err(cursor.wrong("has too many links to what is the operator's"))
        }
        Leads::ToOwn => {
            found.links.push(OwnLink { field: cursor.path(), link: link.to_owned() });
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
