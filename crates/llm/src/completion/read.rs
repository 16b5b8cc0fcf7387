//! A request for a completion, read to the form of chat.

use crate::chat::{ChatRequest, Message, Part, Role, Text};
use crate::json::{Cursor, JsonError, Kind};

const NO_CHAT: &str = "cannot be said to this model's provider, which has chat alone";

pub(super) fn request<'a>(cursor: &mut Cursor<'a>) -> Result<ChatRequest<'a>, JsonError> {
    let mut request = ChatRequest::default();
    let mut prompt = None;
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "model" => request.model = cursor.text()?,
            "prompt" => prompt = Some(text(cursor)?),
            "stream" => request.stream = cursor.truth()?,
            "stream_options" => cursor.object(|cursor, name| {
                match name {
                    "include_usage" => {
                        request.stream_usage = cursor.maybe(Cursor::truth)? == Some(true);
                    }
                    "include_obfuscation" => cursor.skip()?,
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            _ => option(cursor, name, &mut request)?,
        }
        Ok(())
    })?;
    let prompt = prompt.ok_or_else(|| JsonError {
        path: String::from("prompt"),
        ..cursor.wrong("must be there")
    })?;
    request.messages =
        vec![Message { role: Role::User, name: None, parts: vec![Part::text(prompt)] }];
    Ok(request)
}

/// A text, or a list of one.
fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    if cursor.kind() == Kind::Text {
        return cursor.text();
    }
    let mut only = None;
    cursor.array(|cursor| {
        if cursor.kind() != Kind::Text {
            return Err(cursor.wrong("must be text: tokens mean something else to every model"));
        }
        if only.replace(cursor.text()?).is_some() {
            return Err(cursor.wrong(NO_CHAT));
        }
        Ok(())
    })?;
    only.ok_or_else(|| cursor.wrong("must be text"))
}

fn option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut ChatRequest<'a>,
) -> Result<(), JsonError> {
    let ChatRequest { output, sampling, account, .. } = request;
    match name {
        "max_tokens" => output.tokens_max = Some(cursor.count()?),
        "n" => output.choices = Some(cursor.count()?),
        "stop" if cursor.kind() == Kind::Text => output.stop = vec![cursor.text()?],
        "stop" => output.stop = cursor.list(Cursor::text)?,
        "logprobs" => {
            output.logprobs = true;
            output.logprobs_top = Some(cursor.count()?).filter(|count| *count > 0);
        }
        "temperature" => sampling.temperature = Some(cursor.number()?),
        "top_p" => sampling.top_p = Some(cursor.number()?),
        "top_k" => sampling.top_k = Some(cursor.number()?),
        "min_p" => sampling.min_p = Some(cursor.number()?),
        "frequency_penalty" => sampling.frequency_penalty = Some(cursor.number()?),
        "presence_penalty" => sampling.presence_penalty = Some(cursor.number()?),
        "repetition_penalty" => sampling.repetition_penalty = Some(cursor.number()?),
        "seed" => sampling.seed = Some(cursor.number()?),
        "logit_bias" => sampling.logit_bias = Some(cursor.json()?),
        "user" => account.user = Some(cursor.text()?),
        // The best of one is that one; of more, a chat tells them all.
        "best_of" if cursor.count()? > 1 => return Err(cursor.wrong(NO_CHAT)),
        "echo" if cursor.truth()? => return Err(cursor.wrong(NO_CHAT)),
        "best_of" | "echo" => {}
        "suffix" if !cursor.text()?.is_empty() => return Err(cursor.wrong(NO_CHAT)),
        "suffix" => {}
        _ => cursor.unknown()?,
    }
    Ok(())
}
