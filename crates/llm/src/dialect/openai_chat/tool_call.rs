//! Tool calls, whole and as pieces of a stream: the same shape, but that pieces have an index and
//! may lack the rest.
//!
//! The signature of a call stands where Google's own compatible interface puts it.

use crate::chat::{Maker, Signature, Text, ToolCall};
use crate::json::{Cursor, JsonError, Writer};

/// A call or a piece of one.
#[derive(Debug, Default)]
pub(super) struct CallPiece<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) arguments: Option<Text<'a>>,
    pub(super) is_free_form: bool,
    pub(super) signature: Option<Signature<'a>>,
}

impl<'a> CallPiece<'a> {
    pub(super) fn into_call(self) -> ToolCall<'a> {
        ToolCall {
            id: self.id.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            arguments: self.arguments.unwrap_or_default(),
            is_free_form: self.is_free_form,
            signature: self.signature,
        }
    }
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<CallPiece<'a>, JsonError> {
    let mut call = CallPiece::default();
    cursor.object(|cursor, name| {
        match name {
            "index" => call.index = cursor.maybe(Cursor::count)?,
            "id" => call.id = cursor.maybe(Cursor::text)?.filter(|id| !id.is_empty()),
            "type" => {
                let kind = cursor.maybe(Cursor::text)?;
                call.is_free_form = kind.is_some_and(|kind| kind == "custom");
            }
            "function" | "custom" => read_function(cursor, &mut call)?,
            "extra_content" => {
                cursor.maybe(|cursor| read_extra(cursor, &mut call))?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(call)
}

pub(super) fn read_function<'a>(
    cursor: &mut Cursor<'a>,
    call: &mut CallPiece<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "name" => call.name = cursor.maybe(Cursor::text)?.filter(|name| !name.is_empty()),
            // Some servers write the arguments as an object.
            "arguments" if cursor.kind() == crate::json::Kind::Object => {
                call.arguments = Some(cursor.json()?.into_text());
            }
            "arguments" | "input" => call.arguments = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// `{"google": {"thought_signature": "…"}}`
fn read_extra<'a>(cursor: &mut Cursor<'a>, call: &mut CallPiece<'a>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| match name {
        "google" => cursor.object(|cursor, name| {
            match name {
                "thought_signature" => {
                    let value = cursor.text()?;
                    call.signature = Some(Signature { maker: Maker::Google, value });
                }
                _ => cursor.unknown()?,
            }
            Ok(())
        }),
        _ => cursor.unknown(),
    })
}

pub(super) fn write(call: &ToolCall<'_>, index: Option<u64>, writer: &mut Writer<'_>) {
    let ToolCall { id, name, arguments, is_free_form, signature } = call;
    writer.object(|w| {
        w.count_field("index", index);
        w.key("id").text(id);
        let (kind, words) =
            if *is_free_form { ("custom", "input") } else { ("function", "arguments") };
        w.key("type").text(kind);
        w.key(kind).object(|w| {
            w.key("name").text(name);
            w.key(words).text(arguments);
        });
        if let Some(signature) = signature {
            write_signature(signature, w);
        }
    });
}

pub(super) fn write_signature(signature: &Signature<'_>, writer: &mut Writer<'_>) {
    if signature.maker == Maker::Google {
        writer.key("extra_content").object(|w| {
            w.key("google").object(|w| w.text_field("thought_signature", Some(&signature.value)));
        });
    }
}
