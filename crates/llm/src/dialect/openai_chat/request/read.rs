//! A request of OpenAI Chat, read to the form: everything but messages and tools.

use super::read_message::read_messages;
use super::tools;
use crate::chat::{
    AudioOutput, CacheMark, CacheTime, ChatError, ChatRequest, Effort, OutputFormat,
    ReasoningShown, Text,
};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    let mut request =
        ChatRequest { model: address.model.clone().unwrap_or_default(), ..ChatRequest::default() };
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "model" => request.model = cursor.text()?,
            "messages" => request.messages = read_messages(cursor)?,
            "stream" => request.stream = cursor.truth()?,
            "stream_options" => read_stream_options(cursor, &mut request)?,
            "tools" => request.tooling.tools.extend(cursor.list(tools::read)?),
            "functions" => request.tooling.tools.extend(cursor.list(tools::read_function)?),
            "tool_choice" | "function_call" => {
                request.tooling.choice = Some(tools::read_choice(cursor)?);
            }
            "parallel_tool_calls" => request.tooling.parallel = Some(cursor.truth()?),
            "web_search_options" => request.tooling.web_search = Some(cursor.json()?),
            _ => read_option(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn read_option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { output, sampling, reasoning, caching, account, .. } = request;
    match name {
        "max_completion_tokens" => output.tokens_max = Some(cursor.count()?),
        "max_tokens" => output.tokens_max = output.tokens_max.or(Some(cursor.count()?)),
        "stop" if cursor.kind() == Kind::Text => output.stop = vec![cursor.text()?],
        "stop" => output.stop = cursor.list(Cursor::text)?,
        "response_format" => output.format = Some(read_format(cursor)?),
        "n" => output.choices = Some(cursor.count()?),
        "logprobs" => output.logprobs = cursor.truth()?,
        "top_logprobs" => output.logprobs_top = Some(cursor.count()?),
        "verbosity" => output.verbosity = Some(cursor.text()?),
        "modalities" => {
            let modalities = cursor.list(Cursor::text)?;
            output.images = modalities.iter().any(|modality| modality == "image");
            if modalities.iter().any(|modality| modality == "audio") && output.audio.is_none() {
                output.audio = Some(AudioOutput { voice: None, format: None });
            }
        }
        "audio" => output.audio = Some(read_audio(cursor)?),
        "prediction" => output.prediction = Some(cursor.json()?),
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "top_p" => sampling.top_p = Some(cursor.number()?),
        "top_k" => sampling.top_k = Some(cursor.number()?),
        "min_p" => sampling.min_p = Some(cursor.number()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(cursor.number()?),
        "presence_penalty" => sampling.presence_penalty = Some(cursor.number()?),
        "repetition_penalty" => sampling.repetition_penalty = Some(cursor.number()?),
        "seed" => sampling.seed = Some(cursor.number()?),
        "logit_bias" => sampling.logit_bias = Some(cursor.json()?),
        "reasoning_effort" => reasoning.effort = Some(read_effort(cursor)?),
        "reasoning" => read_reasoning(cursor, request)?,
        "prompt_cache_key" => caching.key = Some(cursor.text()?),
        "prompt_cache_retention" => caching.retention = Some(cursor.text()?),
        "cache_control" => caching.automatic = Some(read_mark(cursor)?),
        "user" => account.user = Some(cursor.text()?),
        "safety_identifier" => account.user = account.user.take().or(Some(cursor.text()?)),
        "metadata" => account.metadata = Some(cursor.json()?),
        "service_tier" => account.service_class = Some(cursor.text()?),
        "store" => account.store = Some(cursor.truth()?),
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_stream_options<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "include_usage" => request.stream_usage = cursor.maybe(Cursor::truth)? == Some(true),
            // Padding against guessing by length: the writer of the stream has none to leave out.
            "include_obfuscation" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_format<'a>(cursor: &mut Cursor<'a>) -> Result<OutputFormat<'a>, JsonError> {
    let (mut kind, mut parts) = (Text::default(), tools::Schema::default());
    cursor.object(|cursor, name| {
        match name {
            "type" => kind = cursor.text()?,
            "json_schema" => parts = tools::read_schema(cursor)?,
            "schema" => parts.schema = cursor.maybe(Cursor::json)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let tools::Schema { name, description, schema, strict } = parts;
    match (kind.as_ref(), schema) {
        ("text", _) => Ok(OutputFormat::Text),
        ("json_schema" | "json_object", Some(schema)) => {
            Ok(OutputFormat::Schema { name, description, schema, strict })
        }
        ("json_object", None) => Ok(OutputFormat::Json),
        ("json_schema", None) => Err(cursor.wrong("must have a schema")),
        _ => Err(cursor.wrong("must be text, json_object or json_schema")),
    }
}

fn read_audio<'a>(cursor: &mut Cursor<'a>) -> Result<AudioOutput<'a>, JsonError> {
    let mut audio = AudioOutput { voice: None, format: None };
    cursor.object(|cursor, name| {
        match name {
            "voice" if cursor.kind() == Kind::Text => audio.voice = Some(cursor.text()?),
            "format" => audio.format = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(audio)
}

fn read_effort(cursor: &mut Cursor<'_>) -> Result<Effort, JsonError> {
    let word = cursor.text()?;
    Effort::parse(&word)
        .ok_or_else(|| cursor.wrong("must be none, minimal, low, medium, high or xhigh"))
}

/// `reasoning` as OpenRouter has it.
fn read_reasoning<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let options = &mut request.reasoning;
    cursor.object(|cursor, name| {
        match name {
            "effort" => options.effort = cursor.maybe(read_effort)?.or(options.effort),
            "max_tokens" => options.tokens_max = cursor.maybe(Cursor::count)?,
            "enabled" => options.is_adaptive = cursor.maybe(Cursor::truth)? == Some(true),
            "exclude" if cursor.truth()? => options.shown = Some(ReasoningShown::Hidden),
            "exclude" => {}
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// `cache_control` as Anthropic has it, which providers that resell Anthropic take here, too.
pub(super) fn read_mark(cursor: &mut Cursor<'_>) -> Result<CacheMark, JsonError> {
    let mut mark = CacheMark::default();
    cursor.object(|cursor, name| {
        match name {
            "ttl" => mark.time = cursor.maybe(Cursor::text)?.and_then(|ttl| CacheTime::parse(&ttl)),
            "type" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(mark)
}
