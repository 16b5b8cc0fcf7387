//! Tools and the choice among them, read and written.

use super::super::{schema, wire};
use crate::chat::{Json, Maker, ProviderOnly, Text, Tool, ToolChoice, ToolKind, Tooling};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// Reads one tool of the wire, which is a list of functions, or tools that Google runs, or both.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    tools: &mut Vec<Tool<'a>>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            _ if cursor.kind() == Kind::Null => cursor.skip()?,
            "functionDeclarations" | "function_declarations" => {
                wire::each(cursor, |cursor| {
                    tools.push(read_function(cursor)?);
                    Ok(())
                })?;
            }
            _ => tools.push(own_tool(name, &cursor.json()?)),
        }
        Ok(())
    })
}

/// A tool that Google runs: all that has no other name here.
fn own_tool(name: &str, json: &Json<'_>) -> Tool<'static> {
    let mut out = Vec::new();
    Writer::new(&mut out).object(|w| w.name(name).json(json.as_str()));
    let json = String::from_utf8(out).expect("the writer was given text only");
    let (maker, name) = (Maker::Google, name.to_owned());
    let only = ProviderOnly { maker, kind: name.clone().into(), json: Json::from_valid(json) };
    Tool { name: name.into(), description: None, kind: ToolKind::ProviderOnly(only), cache: None }
}

fn read_function<'a>(cursor: &mut Cursor<'a>) -> Result<Tool<'a>, JsonError> {
    let (mut name_, mut description, mut schema) = (Text::default(), None, None);
    cursor.object(|cursor, name| {
        match name {
            _ if cursor.kind() == Kind::Null => cursor.skip()?,
            "name" => name_ = cursor.text()?,
            "description" => description = Some(cursor.text()?),
            "parameters" => schema = Some(schema::read(cursor)?),
            "parametersJsonSchema" | "parameters_json_schema" => schema = Some(cursor.json()?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let kind = ToolKind::Function { schema, strict: None };
    Ok(Tool { name: name_, description, kind, cache: None })
}

/// Reads `toolConfig`; tells whether the model is held to the schemas of all tools.
pub(super) fn read_config<'a>(
    cursor: &mut Cursor<'a>,
    tooling: &mut Tooling<'a>,
) -> Result<bool, JsonError> {
    let (mut mode, mut names) = (None, Vec::new());
    cursor.object(|cursor, name| match name {
        _ if cursor.kind() == Kind::Null => cursor.skip(),
        "functionCallingConfig" | "function_calling_config" => cursor.object(|cursor, name| {
            match name {
                "mode" => mode = cursor.maybe(Cursor::text)?,
                "allowedFunctionNames" | "allowed_function_names" => {
                    names = cursor.list(Cursor::text)?;
                }
                _ => cursor.unknown()?,
            }
            Ok(())
        }),
        _ => cursor.unknown(),
    })?;
    let mode = mode.map(|mode| mode.to_ascii_uppercase()).unwrap_or_default();
    let is_required = mode == "ANY";
    tooling.choice = match (mode.as_str(), names.len()) {
        ("" | "MODE_UNSPECIFIED", 0) => None,
        ("NONE", _) => Some(ToolChoice::None),
        ("ANY", 0) => Some(ToolChoice::Required),
        ("ANY", 1) => names.pop().map(ToolChoice::Named),
        ("AUTO" | "VALIDATED", 0) => Some(ToolChoice::Auto),
        ("" | "MODE_UNSPECIFIED" | "AUTO" | "ANY" | "VALIDATED", _) => {
            Some(ToolChoice::Allowed { is_required, names: std::mem::take(&mut names) })
        }
        _ => return Err(cursor.wrong("must have the mode AUTO, ANY, NONE or VALIDATED")),
    };
    Ok(mode == "VALIDATED" && tooling.choice == Some(ToolChoice::Auto))
}

/// Holds the model to the schemas of all functions.
pub(super) fn hold(tools: &mut [Tool<'_>]) {
    for tool in tools {
        if let ToolKind::Function { strict, .. } = &mut tool.kind {
            *strict = Some(true);
        }
    }
}

pub(super) fn write(tooling: &Tooling<'_>, w: &mut Writer<'_>) {
    // How many calls are made at once is not to be told there.
    let Tooling { tools, choice, parallel: _, web_search: _ } = tooling;
    if tools.is_empty() {
        return;
    }
    let functions = || tools.iter().filter(|tool| matches!(tool.kind, ToolKind::Function { .. }));
    w.key("tools").array(|w| {
        if functions().next().is_some() {
            w.object(|w| {
                w.key("functionDeclarations")
                    .array(|w| functions().for_each(|tool| write_function(tool, w)));
            });
        }
        for tool in tools {
            if let ToolKind::ProviderOnly(only) = &tool.kind {
                w.json(only.json.as_str());
            }
        }
    });
    let is_held =
        functions().all(|tool| matches!(tool.kind, ToolKind::Function { strict: Some(true), .. }));
    write_choice(choice.as_ref(), is_held && functions().next().is_some(), w);
}

fn write_function(tool: &Tool<'_>, w: &mut Writer<'_>) {
    let Tool { name, description, kind, cache: _ } = tool;
    let ToolKind::Function { schema, strict: _ } = kind else { return };
    w.object(|w| {
        w.key("name").text(name);
        w.text_field("description", description.as_deref());
        if let Some(schema) = schema {
            w.key("parametersJsonSchema").json(schema.as_str());
        }
    });
}

fn write_choice(choice: Option<&ToolChoice<'_>>, is_held: bool, w: &mut Writer<'_>) {
    let (mode, names): (_, &[Text<'_>]) = match choice {
        None if !is_held => return,
        None | Some(ToolChoice::Auto) => (if is_held { "VALIDATED" } else { "AUTO" }, &[]),
        Some(ToolChoice::None) => ("NONE", &[]),
        Some(ToolChoice::Required) => ("ANY", &[]),
        Some(ToolChoice::Named(name)) => ("ANY", std::slice::from_ref(name)),
        Some(ToolChoice::Allowed { is_required: true, names }) => ("ANY", names),
        // Names beside `AUTO` are refused.
        Some(ToolChoice::Allowed { is_required: false, names }) => ("VALIDATED", names),
    };
    w.key("toolConfig").object(|w| {
        w.key("functionCallingConfig").object(|w| {
            w.key("mode").text(mode);
            if !names.is_empty() {
                w.key("allowedFunctionNames").array(|w| names.iter().for_each(|name| w.text(name)));
            }
        });
    });
}
