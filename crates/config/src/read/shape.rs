//! How things are written, as plain values: what the schema and the reference page are made from.
//! Built from the same declarations that read, and only when somebody asks.

use serde_json::Value as Json;

/// How one thing is written.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A scalar described by a word, such as `duration`, with a pattern for the schema.
    Text { kind: &'static str, pattern: Option<&'static str> },
    /// One of a closed list of words.
    Words { name: &'static str, about: &'static [&'static str], words: Vec<OptionShape> },
    /// A whole number within bounds.
    Integer { min: u64, max: u64 },
    /// A number from `min`, or only over it, up to `max`.
    Number { min: f64, takes_min: bool, max: f64 },
    /// `true` or `false`.
    Boolean,
    /// A list.
    List { of: Box<Shape>, min: usize },
    /// A map with free keys.
    Pairs { key: &'static str, of: Box<Shape> },
    /// A map whose keys are not of this format.
    Json,
    /// One of two ways to write the same.
    Either { short: Box<Shape>, long: Box<Shape> },
    /// A map with known keys.
    Record(RecordShape),
    /// A map with exactly one of some keys.
    Choice { name: &'static str, about: &'static [&'static str], options: Vec<OptionShape> },
}

impl Shape {
    /// Whether this is a choice in which `key` stands with nothing but `{}` behind it.
    pub(crate) fn takes_nothing(&self, key: &str) -> bool {
        let Self::Choice { options, .. } = self else { return false };
        options.iter().any(|option| {
            option.key == key
                && matches!(&option.shape, Some(Self::Record(record)) if record.fields.is_empty())
        })
    }
}

/// A map with known keys.
#[derive(Clone, Debug)]
pub(crate) struct RecordShape {
    /// The type it becomes.
    pub(crate) name: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) fields: Vec<FieldShape>,
}

/// One key of a record.
#[derive(Clone, Debug)]
pub(crate) struct FieldShape {
    pub(crate) key: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// As it would be written; `None` when absence means absence.
    pub(crate) default: Option<Json>,
}

/// One word of a list of words, or one key of a choice.
#[derive(Clone, Debug)]
pub(crate) struct OptionShape {
    pub(crate) key: &'static str,
    pub(crate) about: &'static [&'static str],
    /// What follows the key; for a word, nothing does.
    pub(crate) shape: Option<Shape>,
}
