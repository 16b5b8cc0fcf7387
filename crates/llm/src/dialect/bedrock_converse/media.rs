//! Images, documents, sound and video: a short name of the format, and bytes in base64.
//!
//! What lies in S3 is a link to the form; no link can be written, as AWS follows none.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::citation::{join, read_text};
use crate::chat::{Media, MediaKind, Source, Text};
use crate::dialect::media::{format_of_type, type_of_format};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>, kind: MediaKind) -> Result<Media<'a>, JsonError> {
    let (mut format, mut source) = (Text::default(), None);
    let mut media = Media::new(kind, Source::Text(Text::default()));
    cursor.object(|cursor, name| {
        match name {
            "format" => format = cursor.text()?,
            "source" => source = read_source(cursor)?,
            "name" => media.title = cursor.maybe(Cursor::text)?,
            "context" => media.context = cursor.maybe(Cursor::text)?,
            "citations" => media.is_cited = cursor.maybe(read_enabled)?.unwrap_or(false),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    media.source = source.ok_or_else(|| cursor.wrong("must have a source"))?;
    if let Source::Bytes { media_type, .. } = &mut media.source {
        *media_type = media_type_of(kind, &format);
    }
    Ok(media)
}

/// The source; bytes are without their type, which stands beside it.
fn read_source<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Source<'a>>, JsonError> {
    let mut source = None;
    cursor.object(|cursor, name| {
        match name {
            "bytes" => {
                source =
                    Some(Source::Bytes { media_type: Text::default(), base64: cursor.text()? });
            }
            "text" => source = Some(Source::Text(cursor.text()?)),
            "content" => source = Some(Source::Text(join(cursor.list(read_text)?))),
            "s3Location" => cursor.object(|cursor, name| match name {
                "uri" => {
                    source = Some(Source::Url { url: cursor.text()?, media_type: None });
                    Ok(())
                }
                _ => cursor.unknown(),
            })?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(source)
}

pub(super) fn read_enabled(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    let mut enabled = false;
    cursor.object(|cursor, name| match name {
        "enabled" => cursor.truth().map(|truth| enabled = truth),
        _ => cursor.unknown(),
    })?;
    Ok(enabled)
}

/// The media type of a format, which may be of another kind by its name alone (`mp4`).
pub(super) fn media_type_of(kind: MediaKind, format: &str) -> Text<'static> {
    let family = match kind {
        MediaKind::Image => "image/",
        MediaKind::Audio => "audio/",
        MediaKind::Video => "video/",
        MediaKind::Document => "",
    };
    let known = type_of_format(format).filter(|known| known.starts_with(family));
    known.map_or_else(|| Cow::Owned(format!("{family}{format}")), Cow::Borrowed)
}

pub(super) fn format_of(media_type: &str) -> &str {
    match format_of_type(media_type) {
        Some("pcm16") => "pcm",
        Some(format) => format,
        None => media_type.rsplit('/').next().unwrap_or(media_type),
    }
}

/// The names of a request's documents: each must have one, of few characters, and no two the same.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// How often each was wanted.
    wanted: HashMap<String, u64>,
}

impl Names {
    fn name(&mut self, title: Option<&str>) -> String {
        let mut name = String::new();
        for char in title.unwrap_or("document").chars() {
            let is_taken = char.is_ascii_alphanumeric() || "-()[]".contains(char);
            match char {
                ' ' if name.ends_with(' ') => {}
                _ => name.push(if is_taken || char == ' ' { char } else { '-' }),
            }
        }
        let plain = name.clone();
        let count = self.wanted.entry(plain.clone()).or_default();
        *count += 1;
        while !self.taken.insert(name.clone()) {
            *count = if name == plain { (*count).max(2) } else { *count + 1 };
            name = format!("{plain} ({count})");
        }
        name
    }
}

pub(super) fn write(media: &Media<'_>, names: &mut Names, w: &mut Writer<'_>) {
    let Media { kind, source, title, context, detail: _, is_cited, facts } = media;
    if let Some(facts) = facts {
        return w.object(|w| w.text_field("text", Some(facts.as_str())));
    }
    let word = match kind {
        MediaKind::Image => "image",
        MediaKind::Document => "document",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    };
    let (format, field, value) = match source {
        Source::Bytes { media_type, base64 } => (format_of(media_type), "bytes", base64),
        Source::Text(text) => ("txt", "text", text),
        // Refused before.
        Source::Url { .. } | Source::File { .. } => return,
    };
    w.object(|w| {
        w.key(word).object(|w| {
            w.key("format").text(format);
            if *kind == MediaKind::Document {
                w.key("name").text(&names.name(title.as_deref()));
                w.text_field("context", context.as_deref());
                if *is_cited {
                    w.key("citations").object(|w| w.truth_field("enabled", Some(true)));
                }
            }
            w.key("source").object(|w| w.text_field(field, Some(value)));
        });
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use architrave_core::Clock;

    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut names = Names::default();
        assert_eq!(names.name(Some("tides of 2026.pdf")), "tides of 2026-pdf");
        assert_eq!(names.name(Some("tides of  2026_pdf")), "tides of 2026-pdf (2)");
        assert_eq!([names.name(None), names.name(None)], ["document", "document (2)"]);
        assert_eq!(names.name(Some("document (2)")), "document (2) (2)");
        let clock = Clock::system();
        let began = clock.now();
        let last = (0..50_000).map(|_| names.name(None)).last();
        assert_eq!(last.as_deref(), Some("document (50002)"));
        let took = clock.now().since(began);
        assert!(took < Duration::from_secs(10), "it took {took:?}");
    }

    #[test]
    fn formats_are_of_their_kind() {
        assert_eq!(media_type_of(MediaKind::Audio, "mp4"), "audio/mp4");
        assert_eq!(media_type_of(MediaKind::Video, "mp4"), "video/mp4");
        assert_eq!(media_type_of(MediaKind::Document, "txt"), "text/plain");
        assert_eq!(format_of("audio/pcm"), "pcm");
        assert_eq!(format_of("video/x-flv"), "x-flv");
    }
}
