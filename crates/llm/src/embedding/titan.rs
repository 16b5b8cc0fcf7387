//! Vectors in the words of Amazon's Titan, which makes one at a time.

use super::{EmbedInput, EmbedPart, EmbedReply, EmbedRequest, Encoding, Vector};
use crate::chat::{Source, Usage};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read_request<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut request = EmbedRequest::default();
    let mut parts = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "inputText" => parts.extend(cursor.maybe(Cursor::text)?.map(EmbedPart::Text)),
            "inputImage" => {
                let base64 = cursor.maybe(Cursor::text)?;
                parts.extend(base64.map(|base64| {
                    let media_type = media_type(&base64).into();
                    EmbedPart::Image(Source::Bytes { media_type, base64 })
                }));
            }
            "dimensions" => request.dimensions = cursor.maybe(Cursor::count)?,
            "embeddingConfig" => {
                cursor.maybe(|cursor| {
                    cursor.object(|cursor, name| {
                        match name {
                            "outputEmbeddingLength" => {
                                request.dimensions = cursor.maybe(Cursor::count)?;
                            }
                            _ => cursor.unknown()?,
                        }
                        Ok(())
                    })
                })?;
            }
            "normalize" => request.is_normalized = cursor.maybe(Cursor::truth)?,
            "embeddingTypes" => request.encodings = cursor.list(encoding)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if !parts.is_empty() {
        request.inputs.push(EmbedInput { parts, title: None });
    }
    Ok(request)
}

/// What an image is, by the base64 of its first bytes.
fn media_type(base64: &str) -> &'static str {
    let starts = [("/9j/", "image/jpeg"), ("R0lG", "image/gif"), ("UklG", "image/webp")];
    starts.iter().find(|(start, _)| base64.starts_with(start)).map_or("image/png", |(_, kind)| kind)
}

fn encoding(cursor: &mut Cursor<'_>) -> Result<Encoding, JsonError> {
    match cursor.text()?.as_ref() {
        "float" => Ok(Encoding::Float),
        "binary" => Ok(Encoding::Bits),
        _ => Err(cursor.wrong("must be `float` or `binary`")),
    }
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
        is_normalized,
        tokens_max: _,
        priority: _,
        user: _,
    } = request;
    let parts = inputs.first().map_or(&[][..], |input| &input.parts);
    let mut takes_images = model.contains("embed-image");
    w.object(|w| {
        for part in parts {
            match part {
                EmbedPart::Text(text) => w.key("inputText").text(text),
                EmbedPart::Image(Source::Bytes { base64, .. }) => {
                    takes_images = true;
                    w.key("inputImage").text(base64);
                }
                EmbedPart::Image(_) | EmbedPart::Tokens(_) => {}
            }
        }
        match dimensions {
            Some(length) if takes_images => w.key("embeddingConfig").object(|w| {
                w.key("outputEmbeddingLength").count(*length);
            }),
            dimensions => w.count_field("dimensions", *dimensions),
        }
        w.truth_field("normalize", *is_normalized);
        if encodings.contains(&Encoding::Bits) {
            w.key("embeddingTypes").array(|w| {
                let is_number = |one: &Encoding| *one != Encoding::Bits;
                if encodings.iter().any(is_number) {
                    w.text("float");
                }
                w.text("binary");
            });
        }
    });
}

pub(super) fn read_reply<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedReply<'a>, JsonError> {
    let mut reply = EmbedReply::default();
    let (mut plain, mut vector) = (None, Vector::default());
    cursor.object(|cursor, name| {
        match name {
            "embedding" => plain = cursor.maybe(Cursor::json)?,
            "embeddingsByType" => {
                cursor.maybe(|cursor| {
                    cursor.object(|cursor, name| {
                        match name {
                            "float" => vector.values.push((Encoding::Float, cursor.json()?)),
                            "binary" => vector.values.push((Encoding::Bits, cursor.json()?)),
                            _ => cursor.unknown()?,
                        }
                        Ok(())
                    })
                })?;
            }
            "inputTextTokenCount" => {
                let tokens = cursor.maybe(Cursor::count)?;
                reply.usage = tokens.map(|input| Usage { input, ..Usage::default() });
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if let Some(plain) = plain.filter(|_| vector.get(Encoding::Float).is_none()) {
        vector.values.push((Encoding::Float, plain));
    }
    if vector.values.is_empty() {
        return Err(cursor.wrong("has no embedding"));
    }
    reply.vectors.push(vector);
    Ok(reply)
}

pub(super) fn write_reply(reply: &EmbedReply<'_>, w: &mut Writer<'_>) {
    let EmbedReply { id: _, model: _, vectors, usage } = reply;
    let values = vectors.first().map_or(&[][..], |vector| &vector.values);
    w.object(|w| {
        if let Some((_, floats)) = values.iter().find(|(one, _)| *one == Encoding::Float) {
            w.key("embedding").json(floats.as_str());
        }
        w.key("embeddingsByType").object(|w| {
            for (encoding, value) in values {
                let is_bits = *encoding == Encoding::Bits;
                w.key(if is_bits { "binary" } else { "float" }).json(value.as_str());
            }
        });
        w.count_field("inputTextTokenCount", usage.map(|usage| usage.input_total()));
    });
}
