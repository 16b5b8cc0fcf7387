//! Content in parts, as Mistral has it in messages and deltas: texts, and thoughts in texts of their
//! own.

use crate::chat::Text;
use crate::json::{Cursor, JsonError};

/// What a list of parts says.
#[derive(Debug, Default)]
pub(in super::super) struct Parts<'a> {
    pub(in super::super) texts: Vec<Text<'a>>,
    pub(in super::super) thoughts: Vec<Text<'a>>,
}

pub(in super::super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Parts<'a>, JsonError> {
    let mut parts = Parts::default();
    cursor.array(|cursor| {
        cursor.object(|cursor, name| {
            match name {
                // Whether more of the thought is to come is told by what comes.
                "type" | "closed" => cursor.skip()?,
                "text" => parts.texts.push(cursor.text()?),
                "thinking" => parts.thoughts.extend(cursor.list(read_thought)?),
                _ => cursor.unknown()?,
            }
            Ok(())
        })
    })?;
    Ok(parts)
}

fn read_thought<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut text = Text::default();
    cursor.object(|cursor, name| match name {
        "text" => cursor.text().map(|thought| text = thought),
        "type" => cursor.skip(),
        _ => cursor.unknown(),
    })?;
    Ok(text)
}
