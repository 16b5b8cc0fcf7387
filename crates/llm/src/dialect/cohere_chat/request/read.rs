//! A request of Cohere, read to the form.

use super::super::document;
use super::read_message::is_results;
use super::{read_message, tools};
use crate::chat::{
    ChatError, ChatRequest, Content, Maker, Media, Message, OutputFormat, Part, ProviderOnly,
    ReasoningOptions, Role, Text,
};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

/// What can be placed only when all has been read.
#[derive(Default)]
struct Beside<'a> {
    documents: Vec<Media<'a>>,
    citations: Option<Text<'a>>,
    strict: Option<bool>,
}

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    let mut request = ChatRequest { stream_usage: true, ..ChatRequest::default() };
    let mut beside = Beside::default();
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "model" => request.model = cursor.text()?,
            "messages" => request.messages = read_message::read(cursor)?,
            "stream" => request.stream = cursor.truth()?,
            "tools" => request.tooling.tools = cursor.list(tools::read)?,
            "tool_choice" => request.tooling.choice = Some(tools::read_choice(cursor)?),
            "strict_tools" => beside.strict = Some(cursor.truth()?),
            "documents" => {
                beside.documents = cursor.list(|c| Ok(document::read(c)?.into_media()))?;
            }
            "citation_options" => beside.citations = read_citation_mode(cursor)?,
            _ => read_option(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    if let Some(strict) = beside.strict {
        tools::set_strict(&mut request.tooling.tools, strict);
    }
    place_documents(&mut request, beside);
    Ok(request)
}

fn read_option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { output, sampling, reasoning, account, .. } = request;
    match name {
        "max_tokens" => output.tokens_max = Some(cursor.count()?),
        "stop_sequences" => output.stop = cursor.list(Cursor::text)?,
        "response_format" => output.format = read_format(cursor)?,
        "logprobs" => output.logprobs = cursor.truth()?,
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "p" => sampling.top_p = Some(cursor.number()?),
        "k" => sampling.top_k = Some(cursor.number()?),
        "seed" => sampling.seed = Some(cursor.number()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(cursor.number()?),
        "presence_penalty" => sampling.presence_penalty = Some(cursor.number()?),
        "thinking" => read_thinking(cursor, reasoning)?,
        "safety_mode" => {
            let json = cursor.json()?;
            match json.as_str() {
                // What it is without a word.
                "\"CONTEXTUAL\"" => {}
                "\"OFF\"" | "\"NONE\"" => {
                    let (maker, kind) = (Maker::Other, Text::Borrowed("safety_mode"));
                    account.safety = Some(ProviderOnly { maker, kind, json });
                }
                _ => account.add_own(Maker::Other, "safety_mode", json),
            }
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_format<'a>(cursor: &mut Cursor<'a>) -> Result<Option<OutputFormat<'a>>, JsonError> {
    let (mut kind, mut schema) = (Text::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "json_schema" | "schema" => schema = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let named =
        |schema| OutputFormat::Schema { name: None, description: None, schema, strict: Some(true) };
    let plain = if kind == "text" { OutputFormat::Text } else { OutputFormat::Json };
    Ok(Some(schema.map_or(plain, named)))
}

/// To reason without a limit is to reason as much as the model likes.
fn read_thinking(cursor: &mut Cursor<'_>, options: &mut ReasoningOptions) -> Result<(), JsonError> {
    let (mut is_off, mut budget) = (false, None);
    cursor.object(|cursor, name| {
        match name {
            "type" => is_off = cursor.text()? == "disabled",
            "token_budget" => budget = cursor.maybe(Cursor::count)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    options.tokens_max = if is_off { Some(0) } else { budget };
    options.is_adaptive = options.tokens_max.is_none();
    Ok(())
}

/// How answers cite; the ways to do so mean nothing elsewhere and are told as lost.
fn read_citation_mode<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, JsonError> {
    let mut mode = None;
    cursor.object(|cursor, name| {
        match name {
            "mode" => mode = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if mode.as_ref().is_some_and(|mode| !["ENABLED", "OFF", "DISABLED"].contains(&mode.as_ref())) {
        cursor.note_unknown("mode");
    }
    Ok(mode)
}

/// Documents belong to what the user asked last, and stand before it. They are cited unless that
/// is turned off.
fn place_documents<'a>(request: &mut ChatRequest<'a>, beside: Beside<'a>) {
    let Beside { documents, citations, strict: _ } = beside;
    let is_cited = !citations.is_some_and(|mode| mode == "OFF" || mode == "DISABLED");
    let parts: Vec<Part<'a>> = documents
        .into_iter()
        .map(|media| Content::Media(Media { is_cited, ..media }).into())
        .collect();
    if parts.is_empty() {
        return;
    }
    let is_asked = |message: &&mut Message<'_>| message.role == Role::User && !is_results(message);
    match request.messages.iter_mut().rev().find(is_asked) {
        Some(message) => {
            message.parts.splice(0..0, parts);
        }
        None => request.messages.push(Message { role: Role::User, name: None, parts }),
    }
}
