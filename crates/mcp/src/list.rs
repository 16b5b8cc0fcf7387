//! Lists of several servers as one: of tools, resources, templates and prompts.
//!
//! A list is read entry by entry. An entry that is no sound one is left out and told of; the others
//! are not the worse for it. What is in an entry goes on as it came, but for names and URIs.

mod entry;
mod merge;

use std::collections::HashSet;
use std::ops::Range;

use architrave_wire::json::{Cursor, JsonError, Kind};

use crate::message::Part;
use crate::method::Method;

pub use entry::{Entry, WrongEntry};
pub use merge::{Freshness, Merge, Scope};

/// More entries of one server are more than any model reads.
pub const ENTRIES_MAX: usize = 10_000;

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Tools.
    Tools,
    /// Resources.
    Resources,
    /// Templates of resources.
    ResourceTemplates,
    /// Prompts.
    Prompts,
}

impl ListKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Tools, Self::Resources, Self::ResourceTemplates, Self::Prompts];

    /// What a method lists.
    #[must_use]
    pub const fn of(method: Method) -> Option<Self> {
        match method {
            Method::ToolsList => Some(Self::Tools),
            Method::ResourcesList => Some(Self::Resources),
            Method::ResourcesTemplatesList => Some(Self::ResourceTemplates),
            Method::PromptsList => Some(Self::Prompts),
            _ => None,
        }
    }

    /// The method that lists it.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Tools => Method::ToolsList,
            Self::Resources => Method::ResourcesList,
            Self::ResourceTemplates => Method::ResourcesTemplatesList,
            Self::Prompts => Method::PromptsList,
        }
    }

    /// The member of a result that holds it.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::Tools => Part::Tools,
            Self::Resources => Part::Resources,
            Self::ResourceTemplates => Part::ResourceTemplates,
            Self::Prompts => Part::Prompts,
        }
    }

    /// The member of an entry by which it is asked for.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::ResourceTemplates => "uriTemplate",
        }
    }
}

/// The list that a server has answered with.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Its sound entries, in its order.
    pub entries: Vec<Entry>,
    /// The others.
    pub wrong: Vec<WrongEntry>,
    /// Where it goes on.
    pub next: Option<String>,
    /// For how long and for whom it may be kept, where that is said.
    pub freshness: Option<Freshness>,
}

/// Why an answer is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is no JSON.
    #[error("the answer is no JSON: {0}")]
    NoJson(JsonError),
    /// It has no such list.
    #[error("the answer has no `{0}`")]
    NoList(&'static str),
    /// It says the same twice.
    #[error("the answer says `{0}` twice")]
    Doubled(&'static str),
    /// It has more entries than are taken.
    #[error("the answer has more than {ENTRIES_MAX} entries")]
    TooMany,
}

impl List {
    /// Reads the answer of a server: a response of JSON-RPC.
    ///
    /// # Errors
    /// Where it is none with a list of that kind.
    pub fn read(kind: ListKind, text: &str) -> Result<Self, ListError> {
        let mut reader = Reader {
            kind,
            text,
            list: Self::default(),
            keys: HashSet::new(),
            wrong: None,
            has_list: false,
        };
        let mut seen = Seen::default();
        let mut cursor = Cursor::new(text);
        let read = cursor.object(|cursor, name| match name {
            "result" if cursor.kind() == Kind::Object => {
                seen.once("result");
                reader.result(cursor)
            }
            _ => cursor.skip(),
        });
        read.and_then(|()| cursor.end()).map_err(ListError::NoJson)?;
        if let Some(twice) = seen.doubled {
            return Err(ListError::Doubled(twice));
        }
        match (reader.wrong, reader.has_list) {
            (Some(error), _) => Err(error),
            (None, false) => Err(ListError::NoList(kind.part().name())),
            (None, true) => Ok(reader.list),
        }
    }
}

/// Names that may come once.
#[derive(Default)]
struct Seen {
    names: Vec<&'static str>,
    doubled: Option<&'static str>,
}

impl Seen {
    fn once(&mut self, name: &'static str) {
        if self.names.contains(&name) {
            self.doubled = Some(name);
        }
        self.names.push(name);
    }
}

struct Reader<'t> {
    kind: ListKind,
    text: &'t str,
    list: List,
    keys: HashSet<String>,
    wrong: Option<ListError>,
    has_list: bool,
}

impl Reader<'_> {
    fn result(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let mut seen = Seen::default();
        let (mut ttl_ms, mut scope) = (None, None);
        let list = self.kind.part().name();
        cursor.object(|cursor, name| {
            let kind = cursor.kind();
            match (name, kind) {
                (name, Kind::Array) if name == list => {
                    seen.once(list);
                    self.has_list = true;
                    cursor.array(|cursor| self.entry(cursor))
                }
                ("nextCursor", Kind::Text) => {
                    seen.once("nextCursor");
                    self.list.next = Some(cursor.text()?.into_owned());
                    Ok(())
                }
                ("ttlMs", Kind::Scalar) => {
                    seen.once("ttlMs");
                    ttl_ms = cursor.json()?.as_str().parse().ok();
                    Ok(())
                }
                ("cacheScope", Kind::Text) => {
                    seen.once("cacheScope");
                    scope = Some(Scope::of(&cursor.text()?));
                    Ok(())
                }
                _ => cursor.skip(),
            }
        })?;
        if let Some(twice) = seen.doubled {
            self.wrong.get_or_insert(ListError::Doubled(twice));
        }
        if let Some(ttl_ms) = ttl_ms {
            let scope = scope.unwrap_or(Scope::Private);
            self.list.freshness = Some(Freshness { ttl_ms, scope });
        }
        Ok(())
    }

    fn entry(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let _kind_skips_blanks = cursor.kind();
        let from = cursor.at();
        cursor.skip()?;
        let span: Range<usize> = from..cursor.at();
        // Wrong ones count as well: each of them is remembered.
        let index = self.list.entries.len() + self.list.wrong.len();
        if index == ENTRIES_MAX {
            self.wrong.get_or_insert(ListError::TooMany);
            return Ok(());
        }
        match Entry::read(self.kind, self.text, span) {
            Ok(entry) if !self.keys.insert(entry.key.clone()) => {
                self.list.wrong.push(WrongEntry {
                    index,
                    key: Some(entry.key),
                    why: "is there twice",
                });
            }
            Ok(entry) => self.list.entries.push(entry),
            Err((key, why)) => self.list.wrong.push(WrongEntry { index, key, why }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
