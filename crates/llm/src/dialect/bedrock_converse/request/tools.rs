//! Tools and the choice among them, read and written.

use super::blocks::read_mark;
use super::write_blocks::write_mark;
use crate::chat::{Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind, Tooling};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Tooling<'a>, JsonError> {
    let mut tooling = Tooling::default();
    cursor.object(|cursor, name| {
        match name {
            "tools" => cursor.array(|cursor| read_tool(cursor, &mut tooling.tools))?,
            "toolChoice" => tooling.choice = cursor.maybe(read_choice)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(tooling)
}

/// A tool, or a point up to where the prompt is kept in the cache.
fn read_tool<'a>(cursor: &mut Cursor<'a>, tools: &mut Vec<Tool<'a>>) -> Result<(), JsonError> {
    let whole = cursor.clone_at();
    cursor.object(|cursor, kind| {
        match kind {
            "toolSpec" => tools.push(read_function(cursor)?),
            "systemTool" => {
                let name = read_name(cursor)?;
                let (json, kind) = (whole.clone_at().json()?, Text::Borrowed("systemTool"));
                let only = ProviderOnly { maker: Maker::Other, kind, json };
                let kind = ToolKind::ProviderOnly(only);
                tools.push(Tool { name, description: None, kind, cache: None });
            }
            "cachePoint" => match (read_mark(cursor)?, tools.last_mut()) {
                (mark, Some(last)) => last.cache = Some(mark),
                (_, None) => cursor.note_unknown(""),
            },
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_function<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut name_, mut description) = (Text::default(), None);
    let (mut schema, mut strict) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "name" => name_ = cursor.text()?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "inputSchema" => cursor.object(|cursor, name| match name {
                "json" => cursor.maybe(Cursor::json).map(|json| schema = json),
                _ => cursor.unknown(),
            })?,
            "strict" => strict = cursor.maybe(Cursor::truth)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let kind = ToolKind::Function { schema, strict };
    Ok(Tool { name: name_, description, kind, cache: None })
}

fn read_name<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut text = Text::default();
    cursor.object(|cursor, name| match name {
        "name" => cursor.text().map(|name| text = name),
        _ => cursor.unknown(),
    })?;
    Ok(text)
}

fn read_choice<'a>(cursor: &mut Cursor<'a>) -> Result<ToolChoice<'a>, JsonError> {
    let mut choice = None;
    cursor.object(|cursor, name| {
        match name {
            "auto" => choice = Some(ToolChoice::Auto),
            "any" => choice = Some(ToolChoice::Required),
            "tool" => {
                choice = Some(ToolChoice::Named(read_name(cursor)?));
                return Ok(());
            }
            _ => return cursor.unknown(),
        }
        cursor.skip()
    })?;
    choice.ok_or_else(|| cursor.wrong("must be auto, any or a tool with its name"))
}

pub(super) fn write(tooling: &Tooling<'_>, w: &mut Writer<'_>) {
    let Tooling { tools: _, choice, parallel: _, web_search: _ } = tooling;
    w.key("toolConfig").object(|w| {
        w.key("tools").array(|w| tooling.allowed().for_each(|tool| write_tool(tool, w)));
        let (kind, name) = match choice {
            None | Some(ToolChoice::None) => return,
            Some(ToolChoice::Auto | ToolChoice::Allowed { is_required: false, .. }) => {
                ("auto", None)
            }
            Some(ToolChoice::Required | ToolChoice::Allowed { is_required: true, .. }) => {
                ("any", None)
            }
            Some(ToolChoice::Named(name)) => ("tool", Some(name.as_ref())),
        };
        w.key("toolChoice").object(|w| w.key(kind).object(|w| w.text_field("name", name)));
    });
}

fn write_tool(tool: &Tool<'_>, w: &mut Writer<'_>) {
    let Tool { name, description, kind, cache } = tool;
    // The others were refused before.
    let ToolKind::Function { schema, strict } = kind else { return };
    w.object(|w| {
        w.key("toolSpec").object(|w| {
            w.key("name").text(name);
            w.text_field("description", description.as_deref().filter(|text| !text.is_empty()));
            let none = r#"{"type":"object","properties":{}}"#;
            let schema = schema.as_ref().map_or(none, |schema| schema.as_str());
            w.key("inputSchema").object(|w| w.key("json").json(schema));
            w.truth_field("strict", strict.filter(|strict| *strict));
        });
    });
    write_mark(*cache, w);
}
