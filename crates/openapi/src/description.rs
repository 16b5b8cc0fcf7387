//! A description that was read: its values, where each stands, and what a `$ref` in it leads to.

use architrave_config::PlainDocument;
use serde_json::Value;

use crate::operation::{self, Operation};
use crate::{DescriptionFault, pointer, read};

/// How many references may lead to one another before something that is none.
const REFERENCES_MAX: usize = 64;

/// Which edition of OpenAPI a description is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// 3.0.x: schemas of its own sort, close to draft 5 of JSON Schema.
    V30,
    /// 3.1.x: schemas of JSON Schema, draft 2020-12.
    V31,
}

/// The description of an API.
#[derive(Debug)]
pub struct Description {
    pub(crate) document: PlainDocument,
    pub(crate) edition: Edition,
    pub(crate) operations: Vec<Operation>,
}

/// A value of a description, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Found<'d> {
    pub(crate) value: &'d Value,
    pub(crate) pointer: String,
}

impl<'d> Found<'d> {
    /// A member of it, as it stands there.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self { value, pointer: pointer::below(&self.pointer, key) })
    }

    /// The text of a member.
    pub(crate) fn text(&self, key: &str) -> Option<&'d str> {
        self.value.get(key)?.as_str()
    }

    /// Whether a member is `true`.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The members of it, where it is a map.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'d str, Self)> + use<'d> {
        let pointer = self.pointer.clone();
        self.value.as_object().into_iter().flatten().map(move |(key, value)| {
            (key.as_str(), Self { value, pointer: pointer::below(&pointer, key) })
        })
    }

    /// The elements of a list that is a member of it.
    pub(crate) fn items(&self, key: &str) -> impl Iterator<Item = Self> + use<'d> {
        let pointer = pointer::below(&self.pointer, key);
        let items = self.value.get(key).and_then(Value::as_array);
        items.into_iter().flatten().enumerate().map(move |(at, value)| Self {
            value,
            pointer: pointer::below(&pointer, &at.to_string()),
        })
    }
}

impl Description {
    /// Reads a description, in YAML or JSON.
    ///
    /// # Errors
    /// Everything for which it is not taken: it is no OpenAPI 3.0 or 3.1, is over a bound, or refers
    /// to something outside of itself, which is never fetched.
    pub fn read(text: &str) -> Result<Self, Vec<DescriptionFault>> {
        read::read(text)
    }

    /// Which edition of OpenAPI it is written in.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// What it says that the API is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.info("title")
    }

    /// What it says that the API's version is.
    #[must_use]
    pub fn version(&self) -> &str {
        self.info("version")
    }

    /// What it says that the API is for.
    #[must_use]
    pub fn about(&self) -> &str {
        self.info("description")
    }

    fn info(&self, key: &str) -> &str {
        let info = self.document.value.get("info");
        info.and_then(|info| info.get(key)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The operations, in the order of the text.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The paths below which the API says that it is served, without a slash at the end: those of
    /// its `servers`, each once; the empty one where it says nothing.
    #[must_use]
    pub fn base_paths(&self) -> Vec<String> {
        operation::base_paths(self)
    }

    /// The whole of it as JSON.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.document.value
    }

    /// The line of what a pointer leads to.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> u32 {
        self.document.line_of(pointer)
    }

    pub(crate) fn root(&self) -> Found<'_> {
        Found { value: &self.document.value, pointer: String::new() }
    }

    /// What stands at a pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<Found<'_>> {
        let value = self.document.value.pointer(pointer)?;
        Some(Found { value, pointer: pointer.to_owned() })
    }

    /// What is meant by a value: itself, or what its `$ref` leads to in the end. `None` when that is
    /// nothing, or goes round in a circle.
    pub(crate) fn resolved<'d>(&'d self, found: Found<'d>) -> Option<Found<'d>> {
        let mut found = found;
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = reference_of(found.value) else { return Some(found) };
            found = self.at(&pointer::of_reference(reference)?)?;
        }
        None
    }
}

/// The `$ref` of a value.
pub(crate) fn reference_of(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}
