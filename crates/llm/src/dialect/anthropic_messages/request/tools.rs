//! Tools and the choice among them, read and written.

use super::blocks::read_mark;
use super::write_blocks::write_mark;
use crate::chat::{Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind, Tooling};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let json = cursor.clone_at().json()?;
    let mut kind = Text::Borrowed("custom");
    cursor.clone_at().object(|cursor, name| match name {
        "type" => cursor.maybe(Cursor::text).map(|word| kind = word.unwrap_or(kind.clone())),
        _ => cursor.skip(),
    })?;
    let (mut name_, mut description) = (Text::default(), None);
    let (mut schema, mut strict, mut cache) = (None, None, None);
    let is_function = kind == "custom";
    cursor.object(|cursor, name| {
        match name {
            "type" => cursor.skip()?,
            "name" => name_ = cursor.text()?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "input_schema" => schema = cursor.maybe(Cursor::json)?,
            "strict" => strict = cursor.maybe(Cursor::truth)?,
            "cache_control" => cache = cursor.maybe(read_mark)?,
            _ if is_function => cursor.unknown()?,
            // What a provider's own tool has is kept as a whole.
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let kind = if is_function {
        ToolKind::Function { schema, strict }
    } else {
        ToolKind::ProviderOnly(ProviderOnly { maker: Maker::Anthropic, kind, json })
    };
    Ok(Tool { name: name_, description, kind, cache })
}

pub(super) fn read_choice<'a>(
    cursor: &mut Cursor<'a>,
    tooling: &mut Tooling<'a>,
) -> Result<(), JsonError> {
    let (mut kind, mut tool) = (Text::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "name" => tool = Some(cursor.text()?),
            "disable_parallel_tool_use" => tooling.parallel = Some(!cursor.truth()?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    tooling.choice = Some(match (kind.as_ref(), tool) {
        ("auto", _) => ToolChoice::Auto,
        ("any", _) => ToolChoice::Required,
        ("none", _) => ToolChoice::None,
        ("tool", Some(name)) => ToolChoice::Named(name),
        _ => return Err(cursor.wrong("must be auto, any, none or a tool with its name")),
    });
    Ok(())
}

pub(super) fn write(tooling: &Tooling<'_>, w: &mut Writer<'_>) {
    let Tooling { tools, choice, parallel, web_search: _ } = tooling;
    if !tools.is_empty() {
        w.key("tools").array(|w| tooling.allowed().for_each(|tool| write_tool(tool, w)));
    }
    // Anthropic's choice without tools is an error.
    if tools.is_empty() || (choice.is_none() && parallel.is_none()) {
        return;
    }
    let (kind, name) = match choice {
        None | Some(ToolChoice::Auto | ToolChoice::Allowed { is_required: false, .. }) => {
            ("auto", None)
        }
        Some(ToolChoice::Required | ToolChoice::Allowed { is_required: true, .. }) => ("any", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name.as_ref())),
    };
    w.key("tool_choice").object(|w| {
        w.key("type").text(kind);
        w.text_field("name", name);
        if kind != "none" {
            w.truth_field("disable_parallel_tool_use", parallel.map(|parallel| !parallel));
        }
    });
}

fn write_tool(tool: &Tool<'_>, w: &mut Writer<'_>) {
    let Tool { name, description, kind, cache } = tool;
    match kind {
        ToolKind::Function { schema, strict } => w.object(|w| {
            w.key("name").text(name);
            w.text_field("description", description.as_deref());
            let none = r#"{"type":"object","properties":{}}"#;
            w.key("input_schema").json(schema.as_ref().map_or(none, |schema| schema.as_str()));
            w.truth_field("strict", strict.filter(|strict| *strict));
            write_mark(*cache, w);
        }),
        // Refused before: no other dialect has them.
        ToolKind::FreeForm { .. } => {}
        ToolKind::ProviderOnly(tool) => w.json(tool.json.as_str()),
    }
}
