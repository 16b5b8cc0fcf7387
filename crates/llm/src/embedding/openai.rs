//! Vectors in the words of OpenAI, and of all who are compatible.

use super::{EmbedInput, EmbedPart, EmbedReply, EmbedRequest, Encoding, Vector, Wish};
use crate::chat::Usage;
use crate::dialect::Context;
use crate::json::{Cursor, JsonError, Kind, Writer};

pub(super) fn read_request<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut request = EmbedRequest::default();
    cursor.object(|cursor, name| {
        match name {
            "model" => request.model = cursor.text()?,
            "input" => request.inputs = inputs(cursor)?,
            "dimensions" => request.dimensions = cursor.maybe(Cursor::count)?,
            "encoding_format" => request.encodings = cursor.maybe(encoding)?.into_iter().collect(),
            "user" => request.user = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn encoding(cursor: &mut Cursor<'_>) -> Result<Encoding, JsonError> {
    match cursor.text()?.as_ref() {
        "float" => Ok(Encoding::Float),
        "base64" => Ok(Encoding::Base64),
        _ => Err(cursor.wrong("must be `float` or `base64`")),
    }
}

/// A text, a list of texts, a list of numbers of tokens, or a list of such lists.
fn inputs<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<EmbedInput<'a>>, JsonError> {
    if cursor.kind() == Kind::Text {
        return Ok(vec![EmbedInput::text(cursor.text()?)]);
    }
    if cursor.kind() != Kind::Array {
        return Err(cursor.wrong("must be a text or an array of texts"));
    }
    let mut whole = cursor.clone_at();
    let mut inputs = Vec::new();
    let mut has_numbers = false;
    cursor.array(|cursor| {
        match cursor.kind() {
            Kind::Text if !has_numbers => inputs.push(EmbedInput::text(cursor.text()?)),
            Kind::Array if !has_numbers => {
                let mut tokens = cursor.clone_at();
                cursor.array(|cursor| cursor.count().map(drop))?;
                inputs.push(EmbedPart::Tokens(tokens.json()?).into());
            }
            Kind::Scalar if inputs.is_empty() => {
                cursor.count()?;
                has_numbers = true;
            }
            _ => return Err(cursor.wrong("must be of the same kind as the input before it")),
        }
        Ok(())
    })?;
    if has_numbers {
        inputs.push(EmbedPart::Tokens(whole.json()?).into());
    }
    Ok(inputs)
}

pub(super) fn write_request(
    request: &EmbedRequest<'_>,
    inputs: &[EmbedInput<'_>],
    w: &mut Writer<'_>,
) {
    let EmbedRequest {
        model,
        inputs: _,
        purpose: _,
        dimensions,
        encodings,
        truncate: _,
        is_normalized: _,
        tokens_max: _,
        priority: _,
        user,
    } = request;
    w.object(|w| {
        w.key("model").text(model);
        w.key("input").array(|w| {
            for part in inputs.iter().flat_map(|input| &input.parts) {
                match part {
                    EmbedPart::Text(text) => w.text(text),
                    EmbedPart::Tokens(tokens) => w.json(tokens.as_str()),
                    EmbedPart::Image(_) => {}
                }
            }
        });
        let is_base64 = encodings.as_slice() == [Encoding::Base64];
        w.key("encoding_format").text(if is_base64 { "base64" } else { "float" });
        w.count_field("dimensions", *dimensions);
        w.text_field("user", user.as_deref());
    });
}

pub(super) fn read_reply<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedReply<'a>, JsonError> {
    let mut reply = EmbedReply::default();
    let mut placed = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?,
            "model" => reply.model = cursor.maybe(Cursor::text)?,
            "data" => cursor.array(|cursor| {
                placed.push(item(cursor)?);
                Ok(())
            })?,
            "usage" => reply.usage = cursor.maybe(usage)?,
            "object" | "created" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    placed.sort_by_key(|(place, _)| *place);
    reply.vectors = placed.into_iter().map(|(_, vector)| vector).collect();
    Ok(reply)
}

fn item<'a>(cursor: &mut Cursor<'a>) -> Result<(u64, Vector<'a>), JsonError> {
    let (mut place, mut vector) = (0, None);
    cursor.object(|cursor, name| {
        match name {
            "index" => place = cursor.count()?,
            "embedding" => {
                let is_text = cursor.kind() == Kind::Text;
                let encoding = if is_text { Encoding::Base64 } else { Encoding::Float };
                vector = Some(Vector::one(encoding, cursor.json()?));
            }
            "object" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let vector = vector.ok_or_else(|| cursor.wrong("has no embedding"))?;
    Ok((place, vector))
}

fn usage(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut prompt, mut total) = (None, None);
    cursor.object(|cursor, name| {
        match name {
            "prompt_tokens" => prompt = cursor.maybe(Cursor::count)?,
            "total_tokens" => total = cursor.maybe(Cursor::count)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    // Some tell only the total.
    Ok(Usage { input: prompt.or(total).unwrap_or(0), ..Usage::default() })
}

pub(super) fn write_reply(
    reply: &EmbedReply<'_>,
    wish: &Wish,
    context: &Context,
    w: &mut Writer<'_>,
) {
    let EmbedReply { id, model, vectors, usage } = reply;
    w.object(|w| {
        // OpenAI gives none; Mistral does, and its client demands it.
        match id {
            Some(id) => w.key("id").text(id),
            None => w.key("id").texts(&["embd-", &context.id]),
        }
        w.key("object").text("list");
        w.key("data").array(|w| {
            for (place, vector) in (0..).zip(vectors) {
                w.object(|w| {
                    w.key("object").text("embedding");
                    w.key("index").count(place);
                    if let Some((_, value)) = vector.values.first() {
                        w.key("embedding").json(value.as_str());
                    }
                });
            }
        });
        w.key("model").text(model.as_deref().unwrap_or(&context.model));
        let tokens = usage.map_or(wish.tokens_estimate, |usage| usage.input_total());
        w.key("usage").object(|w| {
            w.key("prompt_tokens").count(tokens);
            w.key("total_tokens").count(tokens);
        });
    });
}
