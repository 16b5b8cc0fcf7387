//! Tool calls, as they stand in messages.

use crate::chat::{Text, ToolCall};
use crate::json::{Cursor, JsonError, Writer, is_object};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<ToolCall<'a>, JsonError> {
    let (mut id, mut name_, mut arguments) = (Text::default(), Text::default(), Text::default());
    cursor.object(|cursor, name| {
        match name {
            "id" => id = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "type" => cursor.skip()?,
            "function" => cursor.object(|cursor, name| {
                match name {
                    "name" => name_ = cursor.maybe(Cursor::text)?.unwrap_or_default(),
                    "arguments" => arguments = cursor.maybe(Cursor::text)?.unwrap_or_default(),
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(ToolCall { id, name: name_, arguments, is_free_form: false, signature: None })
}

pub(super) fn write(call: &ToolCall<'_>, w: &mut Writer<'_>) {
    let ToolCall { id, name, arguments, is_free_form, signature: _ } = call;
    w.object(|w| {
        w.key("id").text(id);
        w.key("type").text("function");
        w.key("function").object(|w| {
            w.key("name").text(name);
            if *is_free_form && !is_object(arguments) {
                // Free text is an argument of its own.
                let mut object = Vec::new();
                Writer::new(&mut object).object(|w| w.text_field("input", Some(arguments)));
                w.key("arguments").text(&String::from_utf8_lossy(&object));
            } else {
                w.key("arguments").text(arguments);
            }
        });
    });
}
