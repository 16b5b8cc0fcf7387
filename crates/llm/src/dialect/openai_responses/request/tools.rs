//! Tools and the choice among them, read and written.

use std::collections::HashMap;

use super::grammar;
use crate::chat::{
    ChatRequest, Json, Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind, Tooling,
};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// The tool by which answers have images.
const IMAGES: &str = "image_generation";

pub(super) fn read_all<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    cursor.array(|cursor| {
        let (tool, is_bare) = read(cursor)?;
        // Without options it is the wish for images, which others have, too.
        if tool.name == IMAGES && is_bare {
            request.output.images = true;
        } else {
            request.tooling.tools.push(tool);
        }
        Ok(())
    })
}

/// Reads a tool, and tells whether it has nothing but its type.
fn read<'a>(cursor: &mut Cursor<'a>) -> Result<(Tool<'a>, bool), JsonError> {
    let json = cursor.clone_at().json()?;
    let mut kind = Text::default();
    cursor.clone_at().object(|cursor, name| match name {
        "type" => cursor.text().map(|text| kind = text),
        _ => cursor.skip(),
    })?;
    let (mut name_, mut description, mut strict) = (Text::default(), None, None);
    let (mut schema, mut format, mut fields) = (None, None, 0);
    let is_ours = kind == "function" || kind == "custom";
    cursor.object(|cursor, name| {
        fields += 1;
        match name {
            // What a provider's own tool has is kept as a whole.
            _ if !is_ours => cursor.skip()?,
            "type" => cursor.skip()?,
            "name" => name_ = cursor.text()?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "parameters" => schema = cursor.maybe(Cursor::json)?,
            "strict" => strict = cursor.maybe(Cursor::truth)?,
            "format" => format = cursor.maybe(grammar::read)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let kind = match kind.as_ref() {
        "function" => ToolKind::Function { schema, strict },
        "custom" => ToolKind::FreeForm { format },
        _ => {
            name_ = kind.clone();
            ToolKind::ProviderOnly(ProviderOnly { maker: Maker::Openai, kind, json })
        }
    };
    Ok((Tool { name: name_, description, kind, cache: None }, fields == 1))
}

pub(super) fn read_choice<'a>(cursor: &mut Cursor<'a>) -> Result<ToolChoice<'a>, JsonError> {
    if cursor.kind() == Kind::Text {
        let word = cursor.text()?;
        return match word.as_ref() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(cursor.wrong("must be auto, none, required or a tool")),
        };
    }
    let (mut kind, mut named, mut is_required) = (Text::default(), None, false);
    let mut names = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "name" => named = cursor.maybe(Cursor::text)?,
            "mode" => is_required = cursor.text()? == "required",
            "tools" => names = cursor.list(read_named)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(match kind.as_ref() {
        "allowed_tools" => ToolChoice::Allowed { is_required, names },
        // A provider's own tool goes by its type.
        _ => ToolChoice::Named(named.unwrap_or(kind)),
    })
}

fn read_named<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    match read_choice(cursor)? {
        ToolChoice::Named(name) => Ok(name),
        _ => Err(cursor.wrong("must name a tool")),
    }
}

pub(super) fn write(tooling: &Tooling<'_>, images: bool, w: &mut Writer<'_>) {
    let Tooling { tools, choice, parallel, web_search: _ } = tooling;
    if !tools.is_empty() || images {
        w.key("tools").array(|w| {
            tools.iter().for_each(|tool| write_tool(tool, w));
            if images {
                w.object(|w| w.text_field("type", Some(IMAGES)));
            }
        });
    }
    if let Some(choice) = choice {
        w.key("tool_choice");
        write_choice(choice, tools, w);
    }
    w.truth_field("parallel_tool_calls", *parallel);
}

fn write_tool(tool: &Tool<'_>, w: &mut Writer<'_>) {
    let Tool { name, description, kind, cache: _ } = tool;
    let head = |kind: &str, w: &mut Writer<'_>| {
        w.key("type").text(kind);
        w.key("name").text(name);
        w.text_field("description", description.as_deref());
    };
    match kind {
        ToolKind::Function { schema, strict } => w.object(|w| {
            head("function", w);
            match schema.as_ref().map(Json::as_str) {
                Some(schema) => w.key("parameters").json(schema),
                None => w.key("parameters").null(),
            }
            // Where it is not said the model is held to the schema there, but nowhere else.
            w.key("strict").truth(strict.unwrap_or(false));
        }),
        ToolKind::FreeForm { format } => w.object(|w| {
            head("custom", w);
            if let Some(format) = format {
                w.key("format");
                grammar::write(format, w);
            }
        }),
        ToolKind::ProviderOnly(tool) => w.json(tool.json.as_str()),
    }
}

fn write_choice(choice: &ToolChoice<'_>, tools: &[Tool<'_>], w: &mut Writer<'_>) {
    // Of two tools of one name the first is meant.
    let kinds = || tools.iter().rev().map(|tool| (tool.name.as_ref(), &tool.kind)).collect();
    match choice {
        ToolChoice::Auto => w.text("auto"),
        ToolChoice::None => w.text("none"),
        ToolChoice::Required => w.text("required"),
        ToolChoice::Named(name) => write_named(name, &kinds(), w),
        ToolChoice::Allowed { is_required, names } => w.object(|w| {
            w.key("type").text("allowed_tools");
            w.key("mode").text(if *is_required { "required" } else { "auto" });
            let kinds = kinds();
            w.key("tools").array(|w| names.iter().for_each(|name| write_named(name, &kinds, w)));
        }),
    }
}

fn write_named(name: &str, kinds: &HashMap<&str, &ToolKind<'_>>, w: &mut Writer<'_>) {
    w.object(|w| match kinds.get(name) {
        Some(ToolKind::ProviderOnly(tool)) => w.key("type").text(&tool.kind),
        Some(ToolKind::FreeForm { .. }) => {
            w.key("type").text("custom");
            w.key("name").text(name);
        }
        _ => {
            w.key("type").text("function");
            w.key("name").text(name);
        }
    });
}
