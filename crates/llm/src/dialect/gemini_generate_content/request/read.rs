//! A request of Gemini, read to the form.

use super::super::wire;
use super::parts::read_part;
use super::{config, ids, tools};
use crate::chat::{
    ChatError, ChatRequest, Content, Maker, MediaKind, Message, Part, ProviderOnly, Role, Text,
};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    let mut request = ChatRequest { stream_usage: true, ..ChatRequest::default() };
    let (mut system, mut detail, mut is_strict) = (Vec::new(), None, false);
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "contents" => wire::each(cursor, |cursor| {
                request.messages.push(read_content(cursor)?);
                Ok(())
            })?,
            "systemInstruction" | "system_instruction" => system = read_system(cursor)?,
            "tools" => {
                wire::each(cursor, |cursor| tools::read(cursor, &mut request.tooling.tools))?;
            }
            "toolConfig" | "tool_config" => {
                is_strict = tools::read_config(cursor, &mut request.tooling)?;
            }
            "generationConfig" | "generation_config" => {
                detail = config::read(cursor, &mut request)?;
            }
            _ => read_rest(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    if let Some(model) = &address.model {
        request.model = model.clone();
    }
    request.stream = address.stream.unwrap_or_default();
    if is_strict {
        tools::hold(&mut request.tooling.tools);
    }
    if let Some(detail) = detail {
        look(&mut request.messages, &detail);
    }
    ids::settle(&mut request.messages);
    if !system.is_empty() {
        request.messages.insert(0, Message { role: Role::System, name: None, parts: system });
    }
    Ok(request)
}

fn read_rest<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { caching, account, .. } = request;
    match name {
        "model" => {
            let name = cursor.text()?;
            request.model = match name {
                Text::Borrowed(name) => Text::Borrowed(wire::bare_model(name)),
                Text::Owned(name) => Text::Owned(wire::bare_model(&name).to_owned()),
            };
        }
        "cachedContent" | "cached_content" => caching.content = Some(cursor.text()?),
        "labels" => account.metadata = Some(cursor.json()?),
        "serviceTier" | "service_tier" => {
            account.service_class = wire::service_class(cursor.text()?);
        }
        "safetySettings" | "safety_settings" => {
            let (maker, kind) = (Maker::Google, Text::Borrowed("safetySettings"));
            let json = cursor.json()?;
            account.safety = Some(ProviderOnly { maker, kind, json });
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

/// Contents with parts, one part, or, as no documentation says, a string.
fn read_system<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Part<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![Part::text(cursor.text()?)]);
    }
    let mut parts = Vec::new();
    cursor.object(|cursor, name| match name {
        "parts" => wire::each(cursor, |cursor| read_part(cursor, &mut parts)),
        // It is nobody's turn, whatever stands there.
        "role" => cursor.skip(),
        _ => cursor.unknown(),
    })?;
    Ok(parts)
}

fn read_content<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, JsonError> {
    let (mut role, mut parts) = (Text::Borrowed("user"), Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "role" => role = cursor.maybe(Cursor::text)?.unwrap_or(Text::Borrowed("user")),
            "parts" => wire::each(cursor, |cursor| read_part(cursor, &mut parts))?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let role = match role.as_ref() {
        // Results of tools were a side of their own once.
        "user" | "function" | "" => Role::User,
        "model" => Role::Assistant,
        _ => return Err(cursor.wrong("must have the role user or model")),
    };
    Ok(Message { role, name: None, parts })
}

/// How closely all images are looked at that do not say it themselves.
fn look(messages: &mut [Message<'_>], detail: &str) {
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let Content::Media(media) = &mut part.content
            && media.kind == MediaKind::Image
            && media.detail.is_none()
        {
            media.detail = Some(Text::Owned(detail.to_owned()));
        }
    }
}
