//! A request of Anthropic, read to the form.

use super::super::{thinking, wire};
use super::blocks::{read_blocks, read_mark};
use super::tools;
use crate::chat::{ChatError, ChatRequest, Maker, Message, OutputFormat, Role};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    let mut request = ChatRequest { stream_usage: true, ..ChatRequest::default() };
    let mut system = Vec::new();
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "model" => request.model = cursor.text()?,
            "system" => system = read_blocks(cursor)?,
            "messages" => request.messages = cursor.list(read_message)?,
            "stream" => request.stream = cursor.truth()?,
            // It says how the body is to be read, and so it is.
            "anthropic_version" => cursor.skip()?,
            "tools" => request.tooling.tools = cursor.list(tools::read)?,
            "tool_choice" => tools::read_choice(cursor, &mut request.tooling)?,
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
    let ChatRequest { output, sampling, caching, account, .. } = request;
    match name {
        "max_tokens" => output.tokens_max = Some(cursor.count()?),
        "stop_sequences" => output.stop = cursor.list(Cursor::text)?,
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "top_p" => sampling.top_p = Some(cursor.number()?),
        "top_k" => sampling.top_k = Some(cursor.number()?),
        "thinking" => thinking::read(cursor, &mut request.reasoning)?,
        "output_config" => read_output_config(cursor, request)?,
        "output_format" => output.format = read_format(cursor)?,
        "cache_control" => caching.automatic = Some(read_mark(cursor)?),
        "service_tier" => account.service_class = Some(wire::service_class(cursor.text()?)),
        "mcp_servers" => account.add_own(Maker::Anthropic, "mcp_servers", cursor.json()?),
        "metadata" => cursor.object(|cursor, name| {
            match name {
                "user_id" => account.user = cursor.maybe(Cursor::text)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })?,
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_message<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, JsonError> {
    let (mut role, mut parts) = (None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "role" => {
                role = match cursor.text()?.as_ref() {
                    "user" => Some(Role::User),
                    "assistant" => Some(Role::Assistant),
                    "system" => Some(Role::System),
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

fn read_output_config<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "format" => request.output.format = cursor.maybe(read_format)?.flatten(),
            "effort" => request.reasoning.effort = Some(thinking::read_effort(cursor)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_format<'a>(cursor: &mut Cursor<'a>) -> Result<Option<OutputFormat<'a>>, JsonError> {
    let mut schema = None;
    cursor.object(|cursor, name| {
        match name {
            "type" => cursor.skip()?,
            "schema" => schema = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let named =
        |schema| OutputFormat::Schema { name: None, description: None, schema, strict: Some(true) };
    Ok(schema.map(named))
}
