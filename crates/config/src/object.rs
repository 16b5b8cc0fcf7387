//! Objects: what a configuration holds in lists, each by its kind and name, in the form of the
//! file. One form for the file, the database and the API.
//!
//! Not what they mean: that is known once the whole has been read to a [`Snapshot`](crate::Snapshot).

mod callers;
mod kind;
mod read;
mod schema;
mod secrets;
mod set;
mod write;

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

pub use callers::{Callers, callers_of};
pub use kind::ObjectKind;
pub use read::{canonical, objects_of, settings_of};
pub use schema::{component_schemas, json_schema};
pub use secrets::{
    NoSuchSecret, file_pointers, hide_secrets, is_credential_field, keep_secrets, secret_pointers,
};
pub use set::Objects;
pub use write::{ExportedFile, Secrets, export, export_with};

/// The name of the only object of a kind that has one: [`ObjectKind::Policies`].
pub const ONLY_NAME: &str = "default";

/// One object as it is wanted: in the form of the file, secrets plain.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name, unique within the kind.
    pub name: String,
    /// What it says, in the form of the file. Its `name` may be left out.
    pub body: Value,
}

impl Object {
    /// The object with the team that it belongs to in it, as a file has it. In a database, that is
    /// said beside what the object says.
    #[must_use]
    pub fn of_team(mut self, team: Option<&str>) -> Self {
        let knows = self.kind.may_belong_to_teams();
        if let (true, Value::Object(members)) = (knows, &mut self.body) {
            match team {
                Some(team) => drop(members.insert("team".to_owned(), team.into())),
                None => drop(members.remove("team")),
            }
        }
        self
    }
}

/// The body may hold secrets.
impl fmt::Debug for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}", self.kind, self.name)
    }
}

/// An object in force, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What it says. Of a file it is as written there: `${env:…}` and `${file:…}` stand in it.
    pub object: Object,
    /// Where it can be changed.
    pub origin: Origin,
}

/// Where an object comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A gateway file, which lies over the database: read-only everywhere else.
    File(PathBuf),
    /// The database.
    Database,
}

/// What is to become of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum ObjectChange {
    /// It is to be so, whether or not it is there already.
    Put(Object),
    /// It is to be gone; nothing where it is not there.
    Remove {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
}

impl ObjectChange {
    /// Which object it is about.
    #[must_use]
    pub fn about(&self) -> (ObjectKind, &str) {
        match self {
            Self::Put(object) => (object.kind, &object.name),
            Self::Remove { kind, name } => (*kind, name),
        }
    }
}

/// One fault of an object. It never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ObjectFault {
    /// What the object is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// Where in its body: a JSON Pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// The nearest thing that would be right, when there is one.
    pub suggestion: Option<String>,
}

impl fmt::Display for ObjectFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.kind, self.name)?;
        if !self.pointer.is_empty() {
            write!(formatter, " at {}", self.pointer)?;
        }
        write!(formatter, ": {}", self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(formatter, ", did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// A key or place as a part of a JSON Pointer (RFC 6901).
pub(crate) fn push_part(pointer: &mut String, part: &str) {
    pointer.push('/');
    pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests;
