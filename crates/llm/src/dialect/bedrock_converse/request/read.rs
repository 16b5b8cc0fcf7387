//! A request of Bedrock, read to the form.

use super::blocks::read_blocks;
use super::{extra, tools};
use crate::chat::{
    ChatError, ChatRequest, Json, Maker, Message, Output, OutputFormat, Role, Sampling, Text,
};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    let mut request = ChatRequest {
        model: address.model.clone().unwrap_or_default(),
        stream: address.stream.unwrap_or(false),
        stream_usage: true,
        ..ChatRequest::default()
    };
    let mut system = Vec::new();
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "system" => system = read_blocks(cursor)?,
            "messages" => request.messages = cursor.list(read_message)?,
            "toolConfig" => request.tooling = tools::read(cursor)?,
            "additionalModelRequestFields" => {
                extra::read(cursor, &mut request.reasoning, &mut request.sampling)?;
            }
            _ => read_option(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    if !system.is_empty() {
        request.messages.insert(0, Message { role: Role::System, name: None, parts: system });
    }
    Ok(request)
}

fn read_option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { output, sampling, account, .. } = request;
    match name {
        "inferenceConfig" => read_inference(cursor, output, sampling)?,
        "outputConfig" => output.format = read_format(cursor)?,
        "guardrailConfig" => account.add_own(Maker::Other, "guardrailConfig", cursor.json()?),
        "promptVariables" => account.add_own(Maker::Other, "promptVariables", cursor.json()?),
        "requestMetadata" => account.metadata = Some(cursor.json()?),
        "serviceTier" => account.service_class = Some(read_word(cursor, "type")?),
        "performanceConfig" => {
            if read_word(cursor, "latency")? != "standard" {
                cursor.note_unknown("latency");
            }
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

/// An object with one word in it.
pub(in super::super) fn read_word<'a>(
    cursor: &mut Cursor<'a>,
    field: &str,
) -> Result<Text<'a>, JsonError> {
    let mut word = Text::default();
    cursor.object(|cursor, name| {
        if name == field { cursor.text().map(|text| word = text) } else { cursor.unknown() }
    })?;
    Ok(word)
}

fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, JsonError> {
    let (mut role, mut parts) = (None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "role" => {
                role = match cursor.text()?.as_ref() {
                    "user" => Some(Role::User),
                    "assistant" => Some(Role::Assistant),
                    _ => None,
                };
            }
            "content" => parts = read_blocks(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let role = role.ok_or_else(|| cursor.wrong("must have a role: user or assistant"))?;
    Ok(Message { role, name: None, parts })
}

fn read_inference<'a>(
    cursor: &mut Cursor<'a>,
    output: &mut Output<'a>,
    sampling: &mut Sampling<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "maxTokens" => output.tokens_max = cursor.maybe(Cursor::count)?,
            "temperature" => sampling.temperature = cursor.maybe(Cursor::number)?,
            "topP" => sampling.top_p = cursor.maybe(Cursor::number)?,
            "stopSequences" => output.stop = cursor.list(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// `{"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {…}}}}`
fn read_format<'a>(cursor: &mut Cursor<'a>) -> Result<Option<OutputFormat<'a>>, JsonError> {
    let mut format = None;
    cursor.object(|cursor, name| match name {
        "textFormat" => cursor.object(|cursor, name| match name {
            "structure" => cursor.object(|cursor, name| match name {
                "jsonSchema" => read_schema(cursor).map(|schema| format = Some(schema)),
                _ => cursor.unknown(),
            }),
            "type" => cursor.skip(),
            _ => cursor.unknown(),
        }),
        _ => cursor.unknown(),
    })?;
    Ok(format)
}

/// The schema is JSON within a string.
fn read_schema<'a>(cursor: &mut Cursor<'a>) -> Result<OutputFormat<'a>, JsonError> {
    let (mut name_, mut description, mut schema) = (None, None, None);
    cursor.object(|cursor, name| {
        match name {
            "name" => name_ = cursor.maybe(Cursor::text)?,
            "description" => description = cursor.maybe(Cursor::text)?,
            "schema" => schema = Json::new(cursor.text()?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let schema = schema.ok_or_else(|| cursor.wrong("must have a schema that is JSON"))?;
    Ok(OutputFormat::Schema { name: name_, description, schema, strict: Some(true) })
}
