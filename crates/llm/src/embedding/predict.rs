//! Vectors in the words of Vertex, whose models are all called alike.

use super::gemini::{purpose, purpose_word};
use super::{EmbedInput, EmbedReply, EmbedRequest, Encoding, Purpose, Truncate, Vector};
use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read_request<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut request = EmbedRequest::default();
    let mut purposes = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "instances" => cursor.array(|cursor| {
                let (input, purpose) = instance(cursor)?;
                if purposes.first().is_some_and(|first| *first != purpose) {
                    return Err(cursor.wrong("must have the task type of the one before it"));
                }
                request.inputs.push(input);
                purposes.push(purpose);
                Ok(())
            })?,
            "parameters" => {
                cursor.maybe(|cursor| {
                    cursor.object(|cursor, name| parameter(cursor, name, &mut request))
                })?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    request.purpose = purposes.first().copied().flatten();
    Ok(request)
}

fn instance<'a>(cursor: &mut Cursor<'a>) -> Result<(EmbedInput<'a>, Option<Purpose>), JsonError> {
    let (mut text, mut title, mut used_for) = (None, None, None);
    cursor.object(|cursor, name| {
        match name {
            "content" => text = Some(cursor.text()?),
            "task_type" | "taskType" => used_for = cursor.maybe(purpose)?.flatten(),
            "title" => title = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let text = text.ok_or_else(|| cursor.wrong("has no content"))?;
    Ok((EmbedInput { title, ..EmbedInput::text(text) }, used_for))
}

fn parameter(
    cursor: &mut Cursor<'_>,
    name: &str,
    request: &mut EmbedRequest<'_>,
) -> Result<(), JsonError> {
    match name {
        "outputDimensionality" => request.dimensions = cursor.maybe(Cursor::count)?,
        "autoTruncate" => {
            let cuts = cursor.maybe(Cursor::truth)?;
            request.truncate = cuts.map(|cuts| if cuts { Truncate::End } else { Truncate::None });
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

pub(super) fn write_request(
    request: &EmbedRequest<'_>,
    inputs: &[EmbedInput<'_>],
    w: &mut Writer<'_>,
) {
    let EmbedRequest {
        model: _,
        inputs: _,
        purpose,
        dimensions,
        encodings: _,
        truncate,
        is_normalized: _,
        tokens_max: _,
        priority: _,
        user: _,
    } = request;
    w.object(|w| {
        w.key("instances").array(|w| {
            for input in inputs {
                w.object(|w| {
                    w.text_field("content", input.as_text());
                    w.text_field("task_type", purpose.map(purpose_word));
                    w.text_field("title", input.title.as_deref());
                });
            }
        });
        let cuts = match truncate {
            Some(Truncate::End) => Some(true),
            Some(Truncate::None) => Some(false),
            Some(Truncate::Start) | None => None,
        };
        if dimensions.is_some() || cuts.is_some() {
            w.key("parameters").object(|w| {
                w.count_field("outputDimensionality", *dimensions);
                w.truth_field("autoTruncate", cuts);
            });
        }
    });
}

pub(super) fn read_reply<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedReply<'a>, JsonError> {
    let mut reply = EmbedReply::default();
    let mut tokens = None;
    cursor.object(|cursor, name| {
        match name {
            "predictions" => cursor.array(|cursor| {
                let (vector, used) = prediction(cursor)?;
                reply.vectors.push(vector);
                if let Some(used) = used {
                    tokens = Some(tokens.unwrap_or(0u64).saturating_add(used));
                }
                Ok(())
            })?,
            "model" | "modelDisplayName" | "modelVersionId" | "deployedModelId" | "metadata" => {
                cursor.skip()?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    reply.usage = tokens.map(|input| Usage { input, ..Usage::default() });
    Ok(reply)
}

fn prediction<'a>(cursor: &mut Cursor<'a>) -> Result<(Vector<'a>, Option<u64>), JsonError> {
    let (mut vector, mut tokens) = (None, None);
    cursor.object(|cursor, name| {
        if name != "embeddings" {
            return cursor.unknown();
        }
        cursor.object(|cursor, name| {
            match name {
                "values" => vector = Some(Vector::one(Encoding::Float, cursor.json()?)),
                "statistics" => cursor.object(|cursor, name| {
                    match name {
                        // A whole number, but some answers have it with a point.
                        "token_count" | "tokenCount" => {
                            let number = cursor.number()?;
                            let whole = number.as_str().split('.').next().unwrap_or_default();
                            tokens = whole.parse().ok();
                        }
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })
    })?;
    Ok((vector.ok_or_else(|| cursor.wrong("has no embedding"))?, tokens))
}

pub(super) fn write_reply(reply: &EmbedReply<'_>, w: &mut Writer<'_>) {
    let EmbedReply { id: _, model: _, vectors, usage } = reply;
    // Tokens are told for each text; of many, nobody knows which had how many.
    let tokens = usage.filter(|_| vectors.len() == 1).map(|usage| usage.input_total());
    w.object(|w| {
        w.key("predictions").array(|w| {
            for (_, value) in vectors.iter().filter_map(|vector| vector.values.first()) {
                w.object(|w| {
                    w.key("embeddings").object(|w| {
                        w.key("values").json(value.as_str());
                        if let Some(tokens) = tokens {
                            w.key("statistics").object(|w| {
                                w.key("truncated").truth(false);
                                w.key("token_count").count(tokens);
                            });
                        }
                    });
                });
            }
        });
    });
}
