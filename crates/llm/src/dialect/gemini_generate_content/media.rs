//! Media: bytes in `inlineData`, links and files of Google's store in `fileData`.

use std::borrow::Cow;

use crate::chat::{Media, MediaKind, Source, Text};
use crate::dialect::media::type_of_format;
use crate::json::{Cursor, JsonError, Writer};

/// Where files live that were uploaded to the Gemini API: nobody else can fetch them.
const STORE: &str = "https://generativelanguage.googleapis.com/";

/// Either of `inlineData` and `fileData`: they differ in one name.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Media<'a>, JsonError> {
    let (mut media_type, mut title, mut bytes, mut uri) = (None, None, None, None);
    cursor.object(|cursor, name| {
        match name {
            "mimeType" | "mime_type" => media_type = cursor.maybe(Cursor::text)?,
            "displayName" | "display_name" => title = cursor.maybe(Cursor::text)?,
            "data" => bytes = cursor.maybe(Cursor::text)?.map(standard),
            "fileUri" | "file_uri" => uri = cursor.maybe(Cursor::text)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let kind = kind_of(media_type.as_deref(), uri.as_deref());
    let source = match (bytes, uri) {
        (Some(base64), _) => Source::Bytes { media_type: media_type.unwrap_or_default(), base64 },
        (_, Some(id)) if id.starts_with(STORE) => Source::File { id },
        (_, Some(url)) => Source::Url { url, media_type },
        _ => return Err(cursor.wrong("must have data or fileUri")),
    };
    Ok(Media { title, ..Media::new(kind, source) })
}

/// Base64 as all others write it: Google's clients in Python write it for URLs, and Google takes it
/// in either way.
fn standard(base64: Text<'_>) -> Text<'_> {
    if base64.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
        return Cow::Owned(base64.replace('-', "+").replace('_', "/"));
    }
    base64
}

fn kind_of(media_type: Option<&str>, uri: Option<&str>) -> MediaKind {
    let uri = uri.unwrap_or_default();
    if media_type.is_none() && (uri.contains("youtube.com/") || uri.contains("youtu.be/")) {
        return MediaKind::Video;
    }
    let media_type = media_type.or_else(|| type_by_ending(uri)).unwrap_or_default();
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

fn type_by_ending(uri: &str) -> Option<&'static str> {
    let path = uri.split(['?', '#']).next()?;
    type_of_format(&path.rsplit_once('.')?.1.to_ascii_lowercase())
}

/// The part that media is; nothing where it is text, which is written as such.
pub(super) fn write(kind: MediaKind, source: &Source<'_>, w: &mut Writer<'_>) {
    w.object(|w| match source {
        Source::Bytes { media_type, base64 } => w.key("inlineData").object(|w| {
            w.key("mimeType").text(media_type);
            w.key("data").text(base64);
        }),
        Source::Url { url, media_type } => w.key("fileData").object(|w| {
            w.key("mimeType").text(&type_of_link(kind, url, media_type.as_ref()));
            w.key("fileUri").text(url);
        }),
        // The store knows what it keeps.
        Source::File { id } => w.key("fileData").object(|w| w.key("fileUri").text(id)),
        Source::Text(text) => w.key("text").text(text),
    });
}

/// Vertex must be told a type: where nobody says it, it is the one of the link's ending, or else the
/// commonest of its kind.
fn type_of_link<'t>(kind: MediaKind, url: &str, media_type: Option<&'t Text<'_>>) -> Cow<'t, str> {
    let commonest = match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Document => "application/pdf",
        MediaKind::Audio => "audio/mpeg",
        MediaKind::Video => "video/mp4",
    };
    let by_ending = type_by_ending(url).filter(|found| kind_of(Some(found), None) == kind);
    let said = media_type.map(|media_type| media_type.as_ref());
    Cow::Borrowed(said.or(by_ending).unwrap_or(commonest))
}

/// How closely an image is looked at, in OpenAI's words.
pub(super) fn detail(word: &str) -> Option<Text<'static>> {
    match word.to_ascii_uppercase().as_str() {
        "MEDIA_RESOLUTION_LOW" => Some(Text::Borrowed("low")),
        "MEDIA_RESOLUTION_MEDIUM" => Some(Text::Borrowed("auto")),
        "MEDIA_RESOLUTION_HIGH" | "MEDIA_RESOLUTION_ULTRA_HIGH" => Some(Text::Borrowed("high")),
        _ => None,
    }
}
