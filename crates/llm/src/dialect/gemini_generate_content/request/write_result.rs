//! Results of tools: an object, and beside it the media that came with it.

use std::collections::HashMap;

use super::super::media;
use crate::chat::{Content, Media, Part, Source, ToolResult};
use crate::json::{Writer, is_object};

/// Writes a result. Where the model takes no media within it, its media are parts after it.
pub(super) fn write_result(
    result: &ToolResult<'_>,
    (id, names): (Option<&str>, &HashMap<&str, &str>),
    media_beside: bool,
    w: &mut Writer<'_>,
) {
    let ToolResult { call_id, name, parts, is_error } = result;
    // A call that is not in the conversation can only be named by its id.
    let named = names.get(call_id.as_ref()).copied();
    let named = named.or(name.as_deref()).unwrap_or(call_id);
    let media: Vec<&Media<'_>> = parts.iter().filter_map(media_of).collect();
    let write_media = |w: &mut Writer<'_>| {
        media.iter().for_each(|media| media::write(media.kind, &media.source, w));
    };
    w.object(|w| {
        w.key("functionResponse").object(|w| {
            w.text_field("id", id);
            w.key("name").text(named);
            w.key("response");
            write_answer(parts, *is_error, w);
            if !media.is_empty() && !media_beside {
                w.key("parts").array(write_media);
            }
        });
    });
    if media_beside {
        write_media(w);
    }
}

fn media_of<'p, 'a>(part: &'p Part<'a>) -> Option<&'p Media<'a>> {
    match &part.content {
        Content::Media(media) if !matches!(media.source, Source::Text(_)) => Some(media),
        _ => None,
    }
}

/// The answer must be an object: one that is goes as it is, all others are its `output`.
fn write_answer(parts: &[Part<'_>], is_error: bool, w: &mut Writer<'_>) {
    let texts: Vec<&str> = parts.iter().filter_map(text_of).collect();
    if let ([text], false) = (&texts[..], is_error)
        && is_object(text)
    {
        return w.json(text);
    }
    w.object(|w| {
        let value = w.key(if is_error { "error" } else { "output" });
        match parts {
            [Part { content: Content::Json(json), cache: _ }] => value.json(json.as_str()),
            _ => value.text(&texts.join("\n")),
        }
    });
}

fn text_of<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.content {
        Content::Text(text) => Some(&text.text),
        Content::Refusal(text) => Some(text),
        Content::Json(json) => Some(json.as_str()),
        Content::Media(Media { source: Source::Text(text), .. }) => Some(text),
        _ => None,
    }
}
