//! Tools, the choice among them, and schemas, read and written.

use std::collections::HashSet;

use super::read::read_mark;
use crate::chat::{Json, Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// A schema with its name: of a tool's arguments or of the output.
#[derive(Default)]
pub(super) struct Schema<'a> {
    pub(super) name: Option<Text<'a>>,
    pub(super) description: Option<Text<'a>>,
    pub(super) schema: Option<Json<'a>>,
    pub(super) strict: Option<bool>,
}

pub(super) fn read_schema<'a>(cursor: &mut Cursor<'a>) -> Result<Schema<'a>, JsonError> {
    let mut schema = Schema::default();
    cursor.object(|cursor, name| {
        match name {
            "name" => schema.name = cursor.maybe(Cursor::text)?,
            "description" => schema.description = cursor.maybe(Cursor::text)?,
            "schema" | "parameters" => schema.schema = cursor.maybe(Cursor::json)?,
            "strict" => schema.strict = cursor.maybe(Cursor::truth)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(schema)
}

/// A tool of the older kind, which is always a function.
pub(super) fn read_function<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let Schema { name, description, schema, strict } = read_schema(cursor)?;
    let name = name.ok_or_else(|| cursor.wrong("must have a name"))?;
    Ok(Tool { name, description, kind: ToolKind::Function { schema, strict }, cache: None })
}

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut tool, mut cache, mut kind) = (None, None, Text::default());
    let json = cursor.clone_at().json()?;
    let mut is_known = false;
    cursor.clone_at().object(|cursor, name| {
        is_known |= matches!(name, "function" | "custom");
        cursor.skip()
    })?;
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "function" => tool = Some(read_function(cursor)?),
            "custom" => tool = Some(read_free_form(cursor)?),
            "cache_control" => cache = cursor.maybe(read_mark)?,
            _ if is_known => cursor.unknown()?,
            // What a provider's own tool has is kept as a whole.
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let maker = Maker::Openai;
    let tool = tool.unwrap_or_else(|| Tool {
        name: kind.clone(),
        description: None,
        kind: ToolKind::ProviderOnly(ProviderOnly { maker, kind, json }),
        cache: None,
    });
    Ok(Tool { cache, ..tool })
}

fn read_free_form<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut name_, mut description, mut format) = (Text::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            "name" => name_ = cursor.text()?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "format" => format = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(Tool { name: name_, description, kind: ToolKind::FreeForm { format }, cache: None })
}

pub(super) fn write(tool: &Tool<'_>, writer: &mut Writer<'_>) {
    let Tool { name, description, kind, cache: _ } = tool;
    let head = |w: &mut Writer<'_>| {
        w.key("name").text(name);
        w.text_field("description", description.as_deref());
    };
    match kind {
        ToolKind::Function { schema, strict } => writer.object(|w| {
            w.key("type").text("function");
            w.key("function").object(|w| {
                head(w);
                if let Some(schema) = schema {
                    w.key("parameters").json(schema.as_str());
                }
                w.truth_field("strict", *strict);
            });
        }),
        ToolKind::FreeForm { format } => writer.object(|w| {
            w.key("type").text("custom");
            w.key("custom").object(|w| {
                head(w);
                if let Some(format) = format {
                    w.key("format").json(format.as_str());
                }
            });
        }),
        ToolKind::ProviderOnly(tool) => writer.json(tool.json.as_str()),
    }
}

pub(super) fn read_choice<'a>(cursor: &mut Cursor<'a>) -> Result<ToolChoice<'a>, JsonError> {
    if cursor.kind() == Kind::Text {
        let word = cursor.text()?;
        return match word.as_ref() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" | "any" => Ok(ToolChoice::Required),
            _ => Err(cursor.wrong("must be auto, none, required or a tool")),
        };
    }
    let (mut named, mut allowed) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "type" => cursor.skip()?,
            "function" | "custom" => named = Some(read_name(cursor)?),
            "name" => named = Some(cursor.text()?),
            "allowed_tools" => allowed = Some(read_allowed(cursor)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let choice = allowed.or_else(|| named.map(ToolChoice::Named));
    choice.ok_or_else(|| cursor.wrong("must name a tool"))
}

fn read_name<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut text = Text::default();
    cursor.object(|cursor, name| match name {
        "name" => cursor.text().map(|name| text = name),
        _ => cursor.unknown(),
    })?;
    Ok(text)
}

fn read_allowed<'a>(cursor: &mut Cursor<'a>) -> Result<ToolChoice<'a>, JsonError> {
    let (mut is_required, mut names) = (false, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "mode" => is_required = cursor.text()? == "required",
            "tools" => {
                names = cursor.list(|cursor| match read_choice(cursor)? {
                    ToolChoice::Named(name) => Ok(name),
                    _ => Err(cursor.wrong("must name a tool")),
                })?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(ToolChoice::Allowed { is_required, names })
}

pub(super) fn write_choice(choice: &ToolChoice<'_>, tools: &[Tool<'_>], writer: &mut Writer<'_>) {
    let is_free_form = |tool: &&Tool<'_>| matches!(tool.kind, ToolKind::FreeForm { .. });
    let free_form = || tools.iter().filter(is_free_form).map(|tool| tool.name.as_ref()).collect();
    match choice {
        ToolChoice::Auto => writer.text("auto"),
        ToolChoice::None => writer.text("none"),
        ToolChoice::Required => writer.text("required"),
        ToolChoice::Named(name) => write_named(name, &free_form(), writer),
        ToolChoice::Allowed { is_required, names } => writer.object(|w| {
            w.key("type").text("allowed_tools");
            let free_form = free_form();
            w.key("allowed_tools").object(|w| {
                w.key("mode").text(if *is_required { "required" } else { "auto" });
                w.key("tools").array(|w| {
                    for name in names {
                        write_named(name, &free_form, w);
                    }
                });
            });
        }),
    }
}

fn write_named(name: &str, free_form: &HashSet<&str>, writer: &mut Writer<'_>) {
    let kind = if free_form.contains(name) { "custom" } else { "function" };
    writer.object(|w| {
        w.key("type").text(kind);
        w.key(kind).object(|w| w.text_field("name", Some(name)));
    });
}
