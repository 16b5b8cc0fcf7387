//! Vectors in the words of Cohere: its second version, its first one, and its models at Bedrock.

use super::{
    EmbedInput, EmbedPart, EmbedReply, EmbedRequest, Encoding, Purpose, Truncate, Vector, Wire,
    Wish,
};
use crate::chat::Usage;
use crate::dialect::Context;
use crate::dialect::media::{link_of_source, source_of_link};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// What an input is said to be for where the request leaves that open: Cohere wants it said.
const PURPOSE_DEFAULT: &str = "search_document";

pub(super) fn read_request<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedRequest<'a>, JsonError> {
    let mut request = EmbedRequest::default();
    cursor.object(|cursor, name| {
        match name {
            "model" => request.model = cursor.text()?,
            "texts" => {
                let texts = cursor.list(Cursor::text)?;
                request.inputs.extend(texts.into_iter().map(EmbedInput::text));
            }
            "images" => {
                let images = cursor.list(Cursor::text)?.into_iter().map(source_of_link);
                request.inputs.extend(images.map(|image| EmbedPart::Image(image).into()));
            }
            "inputs" => request.inputs.extend(cursor.list(input)?),
            "input_type" => request.purpose = cursor.maybe(purpose)?.flatten(),
            "embedding_types" => request.encodings = cursor.list(encoding)?,
            "output_dimension" => request.dimensions = cursor.maybe(Cursor::count)?,
            "truncate" => request.truncate = cursor.maybe(truncate)?,
            "max_tokens" => request.tokens_max = cursor.maybe(Cursor::count)?,
            "priority" => request.priority = cursor.maybe(Cursor::count)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(request)
}

fn input<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedInput<'a>, JsonError> {
    let mut input = EmbedInput::default();
    cursor.object(|cursor, name| {
        match name {
            "content" => input.parts = cursor.list(part)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if input.parts.is_empty() {
        return Err(cursor.wrong("has no content"));
    }
    Ok(input)
}

fn part<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedPart<'a>, JsonError> {
    let mut part = None;
    cursor.object(|cursor, name| {
        match name {
            "text" => part = Some(EmbedPart::Text(cursor.text()?)),
            "image_url" => cursor.object(|cursor, name| {
                match name {
                    "url" => part = Some(EmbedPart::Image(source_of_link(cursor.text()?))),
                    _ => cursor.unknown()?,
                }
                Ok(())
            })?,
            "type" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    part.ok_or_else(|| cursor.wrong("must be text or an image"))
}

fn purpose(cursor: &mut Cursor<'_>) -> Result<Option<Purpose>, JsonError> {
    match cursor.text()?.as_ref() {
        "search_query" => Ok(Some(Purpose::Query)),
        "search_document" => Ok(Some(Purpose::Document)),
        "classification" => Ok(Some(Purpose::Classification)),
        "clustering" => Ok(Some(Purpose::Clustering)),
        // That is what the input is, not what it is for.
        "image" => Ok(None),
        _ => Err(cursor.wrong("is no input type")),
    }
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Document => "search_document",
        Purpose::Classification => "classification",
        Purpose::Clustering | Purpose::Similarity => "clustering",
        Purpose::Query | Purpose::Question | Purpose::FactCheck | Purpose::CodeQuery => {
            "search_query"
        }
    }
}

const ENCODINGS: [(Encoding, &str); 6] = [
    (Encoding::Float, "float"),
    (Encoding::Base64, "base64"),
    (Encoding::Int8, "int8"),
    (Encoding::Uint8, "uint8"),
    (Encoding::Binary, "binary"),
    (Encoding::Ubinary, "ubinary"),
];

fn encoding(cursor: &mut Cursor<'_>) -> Result<Encoding, JsonError> {
    let word = cursor.text()?;
    let known = ENCODINGS.iter().find(|(_, known)| *known == word);
    known.map(|(encoding, _)| *encoding).ok_or_else(|| cursor.wrong("is no embedding type"))
}

fn encoding_word(encoding: Encoding) -> &'static str {
    ENCODINGS.iter().find(|(known, _)| *known == encoding).map_or("float", |(_, word)| word)
}

fn truncate(cursor: &mut Cursor<'_>) -> Result<Truncate, JsonError> {
    match cursor.text()?.as_ref() {
        "NONE" => Ok(Truncate::None),
        // Words that only Bedrock has.
        "START" | "LEFT" => Ok(Truncate::Start),
        "END" | "RIGHT" => Ok(Truncate::End),
        _ => Err(cursor.wrong("must be `NONE`, `START` or `END`")),
    }
}

pub(super) fn write_request(
    wire: Wire,
    request: &EmbedRequest<'_>,
    inputs: &[EmbedInput<'_>],
    w: &mut Writer<'_>,
) {
    let EmbedRequest {
        model,
        inputs: _,
        purpose,
        dimensions,
        encodings,
        truncate,
        is_normalized: _,
        tokens_max,
        priority,
        user: _,
    } = request;
    let are_texts = inputs.iter().all(|input| input.as_text().is_some());
    let are_images = inputs.iter().all(|input| matches!(input.parts[..], [EmbedPart::Image(_)]));
    let purpose_word = match purpose {
        Some(purpose) => purpose_word(*purpose),
        None if are_images => "image",
        None => PURPOSE_DEFAULT,
    };
    w.object(|w| {
        if wire != Wire::BedrockCohere {
            w.key("model").text(model);
        }
        if are_texts {
            w.key("texts").array(|w| {
                inputs.iter().filter_map(EmbedInput::as_text).for_each(|text| w.text(text))
            });
        // Beside images alone there is no place for what they are for, but in version 1.
        } else if are_images && (purpose.is_none() || wire == Wire::CohereV1) {
            w.key("images").array(|w| {
                for part in inputs.iter().flat_map(|input| &input.parts) {
                    write_link(part, w);
                }
            });
        } else {
            w.key("inputs").array(|w| inputs.iter().for_each(|input| write_input(input, w)));
        }
        w.key("input_type").text(purpose_word);
        if wire == Wire::Cohere || !encodings.is_empty() {
            w.key("embedding_types").array(|w| write_encodings(wire, encodings, w));
        }
        w.count_field("output_dimension", *dimensions);
        w.text_field("truncate", truncate.map(truncate_word));
        if wire != Wire::CohereV1 {
            w.count_field("max_tokens", *tokens_max);
            w.count_field("priority", *priority);
        }
    });
}

fn write_encodings(wire: Wire, encodings: &[Encoding], w: &mut Writer<'_>) {
    let mut words: Vec<&str> = Vec::new();
    for encoding in encodings {
        // Bedrock has no base64; it is made of numbers.
        let word = match encoding {
            Encoding::Base64 if wire == Wire::BedrockCohere => "float",
            encoding => encoding_word(*encoding),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() {
        words.push("float");
    }
    words.into_iter().for_each(|word| w.text(word));
}

fn truncate_word(truncate: Truncate) -> &'static str {
    match truncate {
        Truncate::None => "NONE",
        Truncate::Start => "START",
        Truncate::End => "END",
    }
}

fn write_input(input: &EmbedInput<'_>, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("content").array(|w| {
            for part in &input.parts {
                w.object(|w| match part {
                    EmbedPart::Text(text) => {
                        w.key("type").text("text");
                        w.key("text").text(text);
                    }
                    part => {
                        w.key("type").text("image_url");
                        w.key("image_url").object(|w| write_link(part, w.key("url")));
                    }
                });
            }
        });
    });
}

fn write_link(part: &EmbedPart<'_>, w: &mut Writer<'_>) {
    match part {
        EmbedPart::Image(source) => w.texts(&link_of_source(source).unwrap_or_default()),
        EmbedPart::Text(_) | EmbedPart::Tokens(_) => w.text(""),
    }
}

pub(super) fn read_reply<'a>(cursor: &mut Cursor<'a>) -> Result<EmbedReply<'a>, JsonError> {
    let mut reply = EmbedReply::default();
    cursor.object(|cursor, name| {
        match name {
            "id" => reply.id = cursor.maybe(Cursor::text)?,
            "embeddings" if cursor.kind() == Kind::Array => {
                add(Encoding::Float, cursor, &mut reply.vectors)?;
            }
            "embeddings" => cursor.object(|cursor, name| {
                match ENCODINGS.iter().find(|(_, known)| *known == name) {
                    Some((encoding, _)) => add(*encoding, cursor, &mut reply.vectors),
                    None => cursor.unknown(),
                }
            })?,
            "meta" => reply.usage = cursor.maybe(meta)?.flatten(),
            "response_type" | "texts" | "images" | "inputs" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(reply)
}

/// Adds the vectors in one encoding to those in others.
fn add<'a>(
    encoding: Encoding,
    cursor: &mut Cursor<'a>,
    vectors: &mut Vec<Vector<'a>>,
) -> Result<(), JsonError> {
    for (place, value) in cursor.list(Cursor::json)?.into_iter().enumerate() {
        if place == vectors.len() {
            vectors.push(Vector::default());
        }
        vectors[place].values.push((encoding, value));
    }
    Ok(())
}

fn meta(cursor: &mut Cursor<'_>) -> Result<Option<Usage>, JsonError> {
    let mut usage = None;
    cursor.object(|cursor, name| {
        match name {
            "billed_units" => usage = cursor.maybe(billed)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(usage)
}

fn billed(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let mut usage = Usage::default();
    cursor.object(|cursor, name| {
        match name {
            "input_tokens" => usage.input = whole(cursor)?,
            "image_tokens" => usage.input_image = whole(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(usage)
}

/// A count, which Cohere says with a point here and there.
fn whole(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let number = cursor.maybe(Cursor::number)?;
    let number = number.as_ref().map_or("0", |number| number.as_str());
    Ok(number.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0))
}

pub(super) fn write_reply(
    reply: &EmbedReply<'_>,
    wish: &Wish,
    context: &Context,
    w: &mut Writer<'_>,
) {
    let EmbedReply { id, model: _, vectors, usage } = reply;
    let is_by_type = wish.wire == Wire::Cohere || wish.says_encodings;
    w.object(|w| {
        w.key("id").text(id.as_deref().unwrap_or(&context.id));
        let kind = if is_by_type { "embeddings_by_type" } else { "embeddings_floats" };
        w.key("response_type").text(kind);
        w.key("embeddings");
        if is_by_type {
            w.object(|w| {
                for (place, encoding) in wish.encodings.iter().enumerate() {
                    w.key(encoding_word(*encoding));
                    write_values(vectors, place, w);
                }
            });
        } else {
            write_values(vectors, 0, w);
        }
        w.key("texts").array(|w| wish.texts.iter().for_each(|text| w.text(text)));
        if let (Some(usage), true) = (usage, wish.wire != Wire::BedrockCohere) {
            w.key("meta").object(|w| {
                w.key("api_version").object(|w| {
                    w.key("version").text(if wish.wire == Wire::Cohere { "2" } else { "1" });
                });
                w.key("billed_units").object(|w| {
                    w.key("input_tokens").count(usage.input);
                    let images = Some(usage.input_image).filter(|count| *count > 0);
                    w.count_field("image_tokens", images);
                });
            });
        }
    });
}

fn write_values(vectors: &[Vector<'_>], place: usize, w: &mut Writer<'_>) {
    w.array(|w| {
        for (_, value) in vectors.iter().filter_map(|vector| vector.values.get(place)) {
            w.json(value.as_str());
        }
    });
}
