//! A request for a response, read to the form: everything but the conversation and tools.

use super::read_input::read_input;
use super::{output, tools};
use crate::chat::{
    ChatError, ChatRequest, Effort, Maker, Message, Part, ReasoningOptions, ReasoningShown, Role,
};
use crate::dialect::Address;
use crate::json::{Cursor, JsonError, Kind};

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _address: &Address<'a>,
) -> Result<ChatRequest<'a>, ChatError> {
    // Streams always end with usage.
    let mut request = ChatRequest { stream_usage: true, ..ChatRequest::default() };
    let mut instructions = None;
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "model" => request.model = cursor.text()?,
            "input" => request.messages = read_input(cursor)?,
            "instructions" => instructions = Some(cursor.text()?),
            "stream" => request.stream = cursor.truth()?,
            "stream_options" => read_stream_options(cursor)?,
            "tools" => tools::read_all(cursor, &mut request)?,
            "tool_choice" => request.tooling.choice = Some(tools::read_choice(cursor)?),
            "parallel_tool_calls" => request.tooling.parallel = Some(cursor.truth()?),
            "include" => read_include(cursor, &mut request)?,
            _ => read_option(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    // Who says how many are to be told wants some to be told.
    request.output.logprobs |= request.output.logprobs_top.is_some_and(|top| top > 0);
    if let Some(text) = instructions.filter(|text| !text.is_empty()) {
        let parts = vec![Part::text(text)];
        request.messages.insert(0, Message { role: Role::System, name: None, parts });
    }
    Ok(request)
}

fn read_option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { output, sampling, reasoning, caching, account, .. } = request;
    match name {
        "max_output_tokens" => output.tokens_max = Some(cursor.count()?),
        "text" => output::read_text(cursor, output)?,
        "top_logprobs" => output.logprobs_top = Some(cursor.count()?),
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "top_p" => sampling.top_p = Some(cursor.number()?),
        // From here to the seed OpenAI has none of it; engines with the same interface do.
        "stop" if cursor.kind() == Kind::Text => output.stop = vec![cursor.text()?],
        "stop" => output.stop = cursor.list(Cursor::text)?,
        "top_k" => sampling.top_k = Some(cursor.number()?),
        "min_p" => sampling.min_p = Some(cursor.number()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(cursor.number()?),
        "presence_penalty" => sampling.presence_penalty = Some(cursor.number()?),
        "repetition_penalty" => sampling.repetition_penalty = Some(cursor.number()?),
        "seed" => sampling.seed = Some(cursor.number()?),
        "reasoning" => read_reasoning(cursor, reasoning)?,
        "prompt_cache_key" => caching.key = Some(cursor.text()?),
        "prompt_cache_retention" => caching.retention = Some(cursor.text()?),
        "user" => account.user = Some(cursor.text()?),
        "safety_identifier" => account.user = account.user.take().or(Some(cursor.text()?)),
        "metadata" => account.metadata = Some(cursor.json()?),
        "service_tier" => account.service_class = Some(cursor.text()?),
        "store" => account.store = Some(cursor.truth()?),
        "previous_response_id" => account.previous_reply = Some(cursor.text()?),
        "conversation" => account.conversation = Some(cursor.json()?),
        "prompt" => account.prompt = Some(cursor.json()?),
        "max_tool_calls" => account.add_own(Maker::Openai, "max_tool_calls", cursor.json()?),
        "background" => account.is_background = cursor.truth()?,
        // Not to cut the conversation is what everybody does unasked.
        "truncation" if cursor.clone_at().text()? == "disabled" => cursor.skip()?,
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn read_stream_options(cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
    cursor.object(|cursor, name| match name {
        // Padding against guessing by length: the writer of the stream has none to leave out.
        "include_obfuscation" => cursor.skip(),
        _ => cursor.unknown(),
    })
}

fn read_include<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    cursor.array(|cursor| {
        match cursor.text()?.as_ref() {
            "message.output_text.logprobs" => request.output.logprobs = true,
            // Clients are always given what they may have to send back.
            "reasoning.encrypted_content" => {}
            _ => cursor.note_unknown(""),
        }
        Ok(())
    })
}

fn read_reasoning(
    cursor: &mut Cursor<'_>,
    reasoning: &mut ReasoningOptions,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "effort" => reasoning.effort = cursor.maybe(read_effort)?,
            "summary" | "generate_summary" => {
                let word = cursor.maybe(Cursor::text)?;
                reasoning.shown = Some(match word.as_deref() {
                    None => ReasoningShown::Hidden,
                    Some("concise") => ReasoningShown::Concise,
                    Some("detailed") => ReasoningShown::Detailed,
                    Some(_) => ReasoningShown::Auto,
                });
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_effort(cursor: &mut Cursor<'_>) -> Result<Effort, JsonError> {
    let word = cursor.text()?;
    Effort::parse(&word)
        .ok_or_else(|| cursor.wrong("must be none, minimal, low, medium, high or xhigh"))
}
