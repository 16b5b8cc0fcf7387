//! How many tokens a prompt has: asked of those who count, in their words, and told in the words of
//! who asks.
//!
//! Where nobody counts, the number is this gateway's own estimate, which leans to the high side;
//! whoever sends it says that it is one.

use crate::chat::{ChatError, ChatRequest, ErrorKind};
use crate::dialect::{Address, Dialect, Quirks};
use crate::field::Losses;
use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::surface::{Family, Surface};
use crate::translate::{self, TranslatedRequest};

/// What a family calls the number.
fn name(surface: Surface) -> Option<&'static str> {
    match surface {
        Surface::AnthropicTokenCount
        | Surface::AnthropicVertexTokenCount
        | Surface::OpenaiTokenCount => Some("input_tokens"),
        Surface::GeminiTokenCount => Some("totalTokens"),
        Surface::BedrockTokenCount => Some("inputTokens"),
        _ => None,
    }
}

/// The dialect of chat whose requests are counted at a surface.
fn dialect(surface: Surface) -> Dialect {
    match surface.family() {
        Family::Openai => Dialect::OpenaiResponses,
        family => family.dialect(),
    }
}

/// The body that tells a number of tokens at a surface that counts them; nothing at others.
#[must_use]
pub fn write(surface: Surface, tokens: u64) -> Option<Vec<u8>> {
    let name = name(surface)?;
    let mut body = Vec::with_capacity(64);
    let mut w = Writer::new(&mut body);
    w.object(|w| {
        if surface.family() == Family::Openai {
            w.key("object").text("response.input_tokens");
        }
        w.key(name).count(tokens);
    });
    Some(body)
}

/// The number that a reply at a surface tells.
#[must_use]
pub fn read(surface: Surface, body: &[u8]) -> Option<u64> {
    let name = name(surface)?;
    let mut tokens = None;
    let mut cursor = Cursor::new(std::str::from_utf8(body).ok()?);
    let read = cursor.object(|cursor, field| {
        if field == name {
            tokens = Some(cursor.count()?);
            return Ok(());
        }
        cursor.skip()
    });
    read.ok().and(tokens)
}

/// Reads a request for a count as the one for chat that is to be counted.
///
/// # Errors
/// The field that is wrong, in words for the client.
pub fn read_request<'a>(
    surface: Surface,
    address: &Address<'a>,
    body: &'a str,
) -> Result<(ChatRequest<'a>, Losses), ChatError> {
    let way: &[&str] = match surface {
        Surface::GeminiTokenCount => &["generateContentRequest"],
        Surface::BedrockTokenCount => &["input", "converse"],
        _ => &[],
    };
    let within = member(body, way)?;
    if within.is_none() && surface == Surface::BedrockTokenCount {
        let message = "only what `converse` holds is counted in other words";
        return Err(ChatError::invalid("input", message));
    }
    translate::read_request(dialect(surface), address, within.unwrap_or(body).as_bytes())
}

/// The member at the end of a way, as the text that it is.
fn member<'a>(body: &'a str, way: &[&str]) -> Result<Option<&'a str>, JsonError> {
    let Some((first, way)) = way.split_first() else { return Ok(Some(body)) };
    let mut found = None;
    Cursor::new(body).object(|cursor, name| {
        if name != *first || cursor.kind() != Kind::Object {
            return cursor.skip();
        }
        let from = cursor.at();
        cursor.skip()?;
        found = Some(&body[from..cursor.at()]);
        Ok(())
    })?;
    found.map_or(Ok(None), |found| member(found, way))
}

/// Writes a request for chat as one for its count at a surface; `is_flat` where Gemini's is asked of
/// Vertex, which has no request around it.
///
/// # Errors
/// The field without which the request would mean something else there.
pub fn write_request(
    (surface, is_flat): (Surface, bool),
    quirks: &Quirks,
    request: &ChatRequest<'_>,
    read: &Losses,
) -> Result<TranslatedRequest, ChatError> {
    let mut written = translate::write_request((dialect(surface), quirks), request, read)?;
    // What is about the answer is refused by those who only count.
    let counted: &[&str] = match surface.family() {
        Family::Anthropic => {
            &["model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers"]
        }
        Family::Openai => &[
            "model",
            "input",
            "instructions",
            "conversation",
            "previous_response_id",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "reasoning",
            "text",
            "truncation",
        ],
        Family::Bedrock => &["messages", "system", "toolConfig"],
        _ => &["contents", "systemInstruction", "tools", "toolConfig", "generationConfig"],
    };
    let text = std::str::from_utf8(&written.body).unwrap_or_default();
    let mut body = Vec::with_capacity(written.body.len() + 64);
    let mut w = Writer::new(&mut body);
    let result = match surface.family() {
        Family::Bedrock => within(&mut w, &["input", "converse"], |w| only(text, counted, w)),
        Family::Gemini if !is_flat => within(&mut w, &["generateContentRequest"], |w| {
            w.key("model").texts(&["models/", &request.model]);
            only(text, counted, w)
        }),
        _ => within(&mut w, &[], |w| only(text, counted, w)),
    };
    result?;
    written.body = body;
    Ok(written)
}

/// Writes an object, within others of those names.
fn within(
    w: &mut Writer<'_>,
    names: &[&str],
    members: impl FnOnce(&mut Writer<'_>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut result = Ok(());
    w.object(|w| match names.split_first() {
        Some((first, names)) => {
            w.key(first);
            result = within(w, names, members);
        }
        None => result = members(w),
    });
    result
}

/// Writes the members of an object that have one of those names.
fn only(object: &str, names: &[&str], w: &mut Writer<'_>) -> Result<(), JsonError> {
    Cursor::new(object).object(|cursor, name| {
        let value = cursor.json()?;
        if names.contains(&name) {
            w.name(name).json(value.as_str());
        }
        Ok(())
    })
}

/// A reply at one surface told at another.
///
/// # Errors
/// That it tells no number.
pub fn reply((from, to): (Surface, Surface), body: &[u8]) -> Result<Vec<u8>, ChatError> {
    let told = read(from, body).and_then(|tokens| write(to, tokens));
    told.ok_or_else(|| {
        let message = "the provider's reply cannot be read";
        ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
    })
}

#[cfg(test)]
mod tests;
