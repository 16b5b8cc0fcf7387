//! Vectors in the words of Gemini, one at a time or many at once.

use super::{EmbedInput, EmbedPart, EmbedReply, EmbedRequest, Encoding, Purpose, Vector};
use crate::chat::{Source, Text, Usage};
use crate::json::{Cursor, JsonError, Writer};
use crate::surface::gemini_model;

pub(super) fn read_request<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut request = EmbedRequest::default();
    let mut input = None;
    let mut title = None;
    cursor.object(|cursor, name| match name {
        "content" => {
            input = Some(content(cursor)?);
            Ok(())
        }
        "embedContentConfig" | "embed_content_config" => cursor
            .maybe(|cursor| {
                cursor.object(|cursor, name| option(cursor, name, &mut request, &mut title))
            })
            .map(drop),
        _ => option(cursor, name, &mut request, &mut title),
    })?;
    if let Some(mut input) = input {
        input.title = title;
        request.inputs.push(input);
    }
    Ok(request)
}

fn option<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    request: &mut EmbedRequest<'a>,
    title: &mut Option<Text<'a>>,
) -> Result<(), JsonError> {
    match name {
        "model" => request.model = bare(cursor.text()?),
        "taskType" | "task_type" => request.purpose = cursor.maybe(purpose)?.flatten(),
        "title" => *title = cursor.maybe(Cursor::text)?,
        "outputDimensionality" | "output_dimensionality" => {
            request.dimensions = cursor.maybe(Cursor::count)?;
        }
        _ => cursor.unknown()?,
    }
    Ok(())
}

fn bare(model: Text<'_>) -> Text<'_> {
    match model {
        Text::Borrowed(name) => Text::Borrowed(name.strip_prefix("models/").unwrap_or(name)),
        Text::Owned(name) => Text::Owned(name.trim_start_matches("models/").to_owned()),
    }
}

/// Requests beside each other: they are one where they differ in their inputs alone.
pub(super) fn read_batch<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut whole: Option<EmbedRequest<'a>> = None;
    cursor.object(|cursor, name| {
        if name != "requests" {
            return cursor.unknown();
        }
        cursor.array(|cursor| {
            let mut next = read_request(cursor)?;
            let inputs = std::mem::take(&mut next.inputs);
            if inputs.is_empty() {
                return Err(cursor.wrong("has no content"));
            }
            let Some(whole) = &mut whole else {
                whole = Some(EmbedRequest { inputs, ..next });
                return Ok(());
            };
            let before = std::mem::take(&mut whole.inputs);
            if *whole != next {
                return Err(cursor.wrong("must ask for the same as the request before it"));
            }
            whole.inputs = before;
            whole.inputs.extend(inputs);
            Ok(())
        })
    })?;
    Ok(whole.unwrap_or_default())
}

fn content<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedInput<'a>, JsonError> {
    let mut input = EmbedInput::default();
    cursor.object(|cursor, name| {
        match name {
            "parts" => cursor.array(|cursor| {
                input.parts.push(part(cursor)?);
                Ok(())
            })?,
            // Nobody talks here.
            "role" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if input.parts.is_empty() {
        return Err(cursor.wrong("has no parts"));
    }
    Ok(input)
}

fn part<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedPart<'a>, JsonError> {
    let mut part = None;
    cursor.object(|cursor, name| {
        match name {
            "text" => part = Some(EmbedPart::Text(cursor.text()?)),
            "inlineData" | "inline_data" => part = Some(EmbedPart::Image(inline(cursor)?)),
            "fileData" | "file_data" => part = Some(EmbedPart::Image(file(cursor)?)),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    part.ok_or_else(|| cursor.wrong("must be text or data"))
}

fn inline<'a>(cursor: &mut Cursor<'a>) -> Result<Source<'a>, JsonError> {
    let (mut media_type, mut base64) = (Text::Borrowed(""), Text::Borrowed(""));
    cursor.object(|cursor, name| {
        match name {
            "mimeType" | "mime_type" => media_type = cursor.text()?,
            "data" => base64 = cursor.text()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(Source::Bytes { media_type, base64 })
}

fn file<'a>(cursor: &mut Cursor<'a>) -> Result<Source<'a>, JsonError> {
    let (mut media_type, mut url) = (None, Text::Borrowed(""));
    cursor.object(|cursor, name| {
        match name {
            "mimeType" | "mime_type" => media_type = cursor.maybe(Cursor::text)?,
            "fileUri" | "file_uri" => url = cursor.text()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(Source::Url { url, media_type })
}

const PURPOSES: [(Purpose, &str); 8] = [
    (Purpose::Query, "RETRIEVAL_QUERY"),
    (Purpose::Document, "RETRIEVAL_DOCUMENT"),
    (Purpose::Classification, "CLASSIFICATION"),
    (Purpose::Clustering, "CLUSTERING"),
    (Purpose::Similarity, "SEMANTIC_SIMILARITY"),
    (Purpose::Question, "QUESTION_ANSWERING"),
    (Purpose::FactCheck, "FACT_VERIFICATION"),
    (Purpose::CodeQuery, "CODE_RETRIEVAL_QUERY"),
];

pub(super) fn purpose(cursor: &mut Cursor<'_>) -> Result<Option<Purpose>, JsonError> {
    let word = cursor.text()?;
    let known = PURPOSES.iter().find(|(_, known)| word.eq_ignore_ascii_case(known));
    match known {
        Some((purpose, _)) => Ok(Some(*purpose)),
        None if word == "TASK_TYPE_UNSPECIFIED" => Ok(None),
        None => Err(cursor.wrong("is no task type")),
    }
}

pub(super) fn purpose_word(purpose: Purpose) -> &'static str {
    PURPOSES.iter().find(|(known, _)| *known == purpose).map_or("", |(_, word)| word)
}

pub(super) fn write_request(
    request: &EmbedRequest<'_>,
    inputs: &[EmbedInput<'_>],
    w: &mut Writer<'_>,
) {
    match inputs.first() {
        Some(input) => write_one(request, input, w),
        None => w.object(|_| {}),
    }
}

pub(super) fn write_batch(
    request: &EmbedRequest<'_>,
    inputs: &[EmbedInput<'_>],
    w: &mut Writer<'_>,
) {
    w.object(|w| {
        w.key("requests").array(|w| inputs.iter().for_each(|input| write_one(request, input, w)));
    });
}

fn write_one(request: &EmbedRequest<'_>, input: &EmbedInput<'_>, w: &mut Writer<'_>) {
    let EmbedRequest {
        model,
        inputs: _,
        purpose,
        dimensions,
        encodings: _,
        truncate: _,
        is_normalized: _,
        tokens_max: _,
        priority: _,
        user: _,
    } = request;
    let EmbedInput { parts, title } = input;
    let (collection, model) = gemini_model(model);
    w.object(|w| {
        w.key("model").texts(&[collection, model]);
        w.key("content").object(|w| {
            w.key("parts").array(|w| parts.iter().for_each(|part| write_part(part, w)));
        });
        w.text_field("taskType", purpose.map(purpose_word));
        w.text_field("title", title.as_deref());
        w.count_field("outputDimensionality", *dimensions);
    });
}

fn write_part(part: &EmbedPart<'_>, w: &mut Writer<'_>) {
    w.object(|w| match part {
        EmbedPart::Text(text) => w.key("text").text(text),
        EmbedPart::Tokens(_) => {}
        EmbedPart::Image(Source::Bytes { media_type, base64 }) => {
            w.key("inlineData").object(|w| {
                w.key("mimeType").text(media_type);
                w.key("data").text(base64);
            });
        }
        EmbedPart::Image(Source::Url { url, media_type }) => w.key("fileData").object(|w| {
            w.text_field("mimeType", media_type.as_deref());
            w.key("fileUri").text(url);
        }),
        EmbedPart::Image(Source::File { .. } | Source::Text(_)) => {}
    });
}

pub(super) fn read_reply<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedReply<'a>, JsonError> {
    let mut reply = EmbedReply::default();
    cursor.object(|cursor, name| {
        match name {
            "embedding" => reply.vectors.push(values(cursor)?),
            "embeddings" => cursor.array(|cursor| {
                reply.vectors.push(values(cursor)?);
                Ok(())
            })?,
            "usageMetadata" => reply.usage = cursor.maybe(usage)?,
            "truncated" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(reply)
}

fn values<'a>(cursor: &mut Cursor<'a>) -> Result<Vector<'a>, JsonError> {
    let mut vector = None;
    cursor.object(|cursor, name| {
        match name {
            "values" => vector = Some(Vector::one(Encoding::Float, cursor.json()?)),
            "shape" | "statistics" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    vector.ok_or_else(|| cursor.wrong("has no values"))
}

fn usage(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let mut usage = Usage::default();
    cursor.object(|cursor, name| {
        match name {
            "promptTokenCount" => usage.input = cursor.maybe(Cursor::count)?.unwrap_or(0),
            "promptTokensDetails" => usage.input_image = images(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    usage.input = usage.input.saturating_sub(usage.input_image);
    Ok(usage)
}

/// The tokens of the prompt that are images.
fn images(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let mut images = 0u64;
    cursor.list(|cursor| {
        let (mut is_image, mut tokens) = (false, 0);
        cursor.object(|cursor, name| {
            match name {
                "modality" => is_image = cursor.text()? == "IMAGE",
                "tokenCount" => tokens = cursor.maybe(Cursor::count)?.unwrap_or(0),
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        images = images.saturating_add(if is_image { tokens } else { 0 });
        Ok(())
    })?;
    Ok(images)
}

pub(super) fn write_reply(reply: &EmbedReply<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        if let Some(vector) = reply.vectors.first() {
            w.key("embedding");
            write_values(vector, w);
        }
        write_usage(reply.usage, w);
    });
}

pub(super) fn write_batch_reply(reply: &EmbedReply<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        let vectors = &reply.vectors;
        w.key("embeddings").array(|w| vectors.iter().for_each(|vector| write_values(vector, w)));
        write_usage(reply.usage, w);
    });
}

fn write_values(vector: &Vector<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        if let Some((_, value)) = vector.values.first() {
            w.key("values").json(value.as_str());
        }
    });
}

fn write_usage(usage: Option<Usage>, w: &mut Writer<'_>) {
    if let Some(usage) = usage {
        w.key("usageMetadata").object(|w| {
            w.key("promptTokenCount").count(usage.input_total());
            w.key("totalTokenCount").count(usage.input_total());
        });
    }
}
