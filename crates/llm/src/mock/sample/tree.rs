//! A schema as a tree. Only the mock has one: it must look at a schema from more sides than a
//! reader that moves forward can.

use crate::chat::Json;
use crate::json::{Cursor, JsonError, Kind, Number, Writer};

/// How deep a schema is read; what lies deeper allows anything.
const DEPTH_MAX: usize = 64;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Truth(bool),
    Number(Number<'static>),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The tree of a text; `true`, which allows anything, where it is no JSON.
    pub(super) fn read(text: &str) -> Self {
        read(&mut Cursor::new(text), 0).unwrap_or(Self::Truth(true))
    }

    /// The field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        Some(text)
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        let Self::Number(number) = self else { return None };
        number.as_str().parse().ok()
    }

    pub(super) fn items(&self) -> &[Self] {
        let Self::List(items) = self else { return &[] };
        items
    }

    pub(super) fn fields(&self) -> &[(String, Self)] {
        let Self::Object(fields) = self else { return &[] };
        fields
    }

    /// What a pointer, as `#/$defs/city`, leads to.
    pub(super) fn at(&self, pointer: &str) -> Option<&Self> {
        let mut steps = pointer.strip_prefix('#')?.split('/').skip(1);
        steps.try_fold(self, |tree, step| {
            let step = step.replace("~1", "/").replace("~0", "~").replace("%24", "$");
            match tree {
                Self::List(items) => items.get(step.parse::<usize>().ok()?),
                tree => tree.get(&step),
            }
        })
    }

    pub(super) fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::Null => w.null(),
            Self::Truth(truth) => w.truth(*truth),
            Self::Number(number) => w.number(number),
            Self::Text(text) => w.text(text),
            Self::List(items) => w.array(|w| items.iter().for_each(|item| item.write(w))),
            Self::Object(fields) => w.object(|w| {
                for (name, value) in fields {
                    w.name(name);
                    value.write(w);
                }
            }),
        }
    }
}

fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Tree, JsonError> {
    if depth > DEPTH_MAX {
        cursor.skip()?;
        return Ok(Tree::Truth(true));
    }
    Ok(match cursor.kind() {
        Kind::Object => {
            let mut fields = Vec::new();
            cursor.object(|cursor, name| {
                fields.push((name.to_owned(), read(cursor, depth + 1)?));
                Ok(())
            })?;
            Tree::Object(fields)
        }
        Kind::Array => Tree::List(cursor.list(|cursor| read(cursor, depth + 1))?),
        Kind::Text => Tree::Text(cursor.text()?.into_owned()),
        Kind::Null | Kind::Scalar => scalar(&cursor.json()?),
    })
}

fn scalar(json: &Json<'_>) -> Tree {
    match json.as_str() {
        "null" => Tree::Null,
        "true" => Tree::Truth(true),
        "false" => Tree::Truth(false),
        number => Number::new(number.to_owned()).map_or(Tree::Truth(true), Tree::Number),
    }
}
