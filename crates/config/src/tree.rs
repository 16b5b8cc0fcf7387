//! The text of a configuration as a tree in which every key and value knows its place.
//!
//! It knows nothing of listeners or routes: what the keys mean is `read`'s business. Scalars stay
//! text here, because only the reader knows what type is wanted.

mod json;
mod parse;
mod path;
mod substitute;

use std::borrow::Cow;

pub(crate) use json::{Laid, lay_under, object_node};
pub(crate) use parse::parse;
pub(crate) use substitute::substitute;

/// The number of a key or value in the order of the text; it leads to position and path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u32);

impl Place {
    /// Behind all others.
    pub(crate) const END: Self = Self(u32::MAX);
}

/// Where in the text: line and column from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// One document.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    pub(crate) root: Node<'t>,
    /// Whether any text holds `${`, so that most documents need no walk for it.
    substitutes: bool,
    positions: Vec<Position>,
}

impl Tree<'_> {
    /// Where the places of the file end; those of objects that were laid under it are behind.
    pub(crate) fn file_ends(&self) -> Place {
        Place(u32::try_from(self.positions.len()).unwrap_or(u32::MAX))
    }
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t> {
    pub(crate) place: Place,
    /// Whether the text came in by substitution, so that no message may quote it.
    pub(crate) substituted: bool,
    /// Whether it is a scalar that was written without quotes and had nothing put in.
    pub(crate) is_plain: bool,
    pub(crate) content: Content<'t>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Content<'t> {
    /// No value: empty, `~` or `null` without quotes.
    Nothing,
    /// Any other scalar, quotes taken away.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Node<'t>>),
    /// A map, in the order of the text; no key twice.
    Map(Vec<Entry<'t>>),
}

/// One key with its value. The key's node is always text.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) key: Node<'t>,
    pub(crate) value: Node<'t>,
}

/// Something wrong at a place, not yet turned into a [`crate::ConfigError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The value whose path is shown.
    pub(crate) place: Place,
    /// The key or value whose position is shown.
    pub(crate) shown_at: Place,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
    /// Whether what else is wrong at this place only follows from it.
    pub(crate) explains_all: bool,
}

impl Fault {
    /// A fault that is shown where it is.
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { place, shown_at: place, message, suggestion: None, explains_all: false }
    }
}

impl<'t> Node<'t> {
    /// An empty map that stands for an absent block.
    pub(crate) const fn empty_map() -> Self {
        Self {
            place: Place(0),
            substituted: false,
            is_plain: false,
            content: Content::Map(Vec::new()),
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list; nothing for anything else.
    pub(crate) fn items(&self) -> &[Node<'t>] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a map; nothing for anything else.
    pub(crate) fn entries(&self) -> &[Entry<'t>] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of a map by its key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries().iter().find(|entry| entry.key() == key)
    }

    /// The value of a map by its key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'t>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// What it is, for messages; never quotes a substituted text.
    pub(crate) fn described(&self) -> String {
        match &self.content {
            Content::Nothing => String::from("nothing"),
            Content::Text(_) if self.substituted => String::from("the substituted text"),
            Content::Text(text) => format!("`{}`", shortened(text)),
            Content::List(_) => String::from("a list"),
            Content::Map(entries) if entries.is_empty() => String::from("an empty map"),
            Content::Map(_) => String::from("a map"),
        }
    }
}

impl Entry<'_> {
    /// The key as text.
    pub(crate) fn key(&self) -> &str {
        self.key.text().unwrap_or_default()
    }
}

/// Long texts and line breaks would make a message unreadable.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
