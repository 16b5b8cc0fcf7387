//! Tools and the choice among them, read and written.

use crate::chat::{Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind, Tooling};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut kind, mut tool) = (Text::Borrowed("function"), None);
    let json = cursor.clone_at().json()?;
    let mut is_known = false;
    cursor.clone_at().object(|cursor, name| {
        is_known |= matches!(name, "function");
        cursor.skip()
    })?;
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "function" => tool = Some(read_function(cursor)?),
            _ if is_known => cursor.unknown()?,
            // What a tool of another kind has is kept as a whole.
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(tool.unwrap_or_else(|| Tool {
        name: kind.clone(),
        description: None,
        kind: ToolKind::ProviderOnly(ProviderOnly { maker: Maker::Other, kind, json }),
        cache: None,
    }))
}

fn read_function<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut name_, mut description, mut schema) = (Text::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            "name" => name_ = cursor.text()?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "parameters" => schema = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let kind = ToolKind::Function { schema, strict: None };
    Ok(Tool { name: name_, description, kind, cache: None })
}

pub(super) fn read_choice<'a>(cursor: &mut Cursor<'a>) -> Result<ToolChoice<'a>, JsonError> {
    match cursor.text()?.as_ref() {
        "REQUIRED" => Ok(ToolChoice::Required),
        "NONE" => Ok(ToolChoice::None),
        _ => Err(cursor.wrong("must be REQUIRED or NONE")),
    }
}

/// All tools are held to their schemas, or none.
pub(super) fn set_strict(tools: &mut [Tool<'_>], is_strict: bool) {
    for tool in tools {
        if let ToolKind::Function { strict, .. } = &mut tool.kind {
            *strict = Some(is_strict);
        }
    }
}

pub(super) fn write(tooling: &Tooling<'_>, w: &mut Writer<'_>) {
    let Tooling { tools, choice, parallel: _, web_search: _ } = tooling;
    if tools.is_empty() {
        return;
    }
    let is_left = |tool: &&Tool<'_>| match choice {
        Some(ToolChoice::Named(name)) => tool.name == *name,
        _ => true,
    };
    w.key("tools")
        .array(|w| tooling.allowed().filter(is_left).for_each(|tool| write_tool(tool, w)));
    let is_strict =
        |tool: &Tool<'_>| matches!(tool.kind, ToolKind::Function { strict: Some(true), .. });
    w.truth_field("strict_tools", tools.iter().any(is_strict).then_some(true));
    let choice = match choice {
        None | Some(ToolChoice::Auto | ToolChoice::Allowed { is_required: false, .. }) => None,
        Some(ToolChoice::None) => Some("NONE"),
        Some(
            ToolChoice::Required
            | ToolChoice::Named(_)
            | ToolChoice::Allowed { is_required: true, .. },
        ) => Some("REQUIRED"),
    };
    w.text_field("tool_choice", choice);
}

fn write_tool(tool: &Tool<'_>, w: &mut Writer<'_>) {
    let Tool { name, description, kind, cache: _ } = tool;
    // The others were refused before.
    let ToolKind::Function { schema, strict: _ } = kind else { return };
    w.object(|w| {
        w.key("type").text("function");
        w.key("function").object(|w| {
            w.key("name").text(name);
            w.text_field("description", description.as_deref());
            let none = r#"{"type":"object","properties":{}}"#;
            w.key("parameters").json(schema.as_ref().map_or(none, |schema| schema.as_str()));
        });
    });
}
