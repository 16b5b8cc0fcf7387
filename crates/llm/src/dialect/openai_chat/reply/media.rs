//! Sound and images in replies: OpenAI's `audio`, OpenRouter's `images`.

use std::borrow::Cow;

use crate::chat::{Content, Media, MediaKind, Part, Source, Text};
use crate::dialect::media::{link_of_source, source_of_link};
use crate::json::{Cursor, JsonError, Writer};

/// What a message or a delta says of sound.
#[derive(Debug, Default)]
pub(in super::super) struct Audio<'a> {
    pub(in super::super) base64: Option<Text<'a>>,
    pub(in super::super) transcript: Option<Text<'a>>,
}

impl<'a> Audio<'a> {
    pub(super) fn into_part(self) -> Option<Part<'a>> {
        let base64 = self.base64?;
        // The format is the one that was asked for; the reply does not say it.
        let source = Source::Bytes { media_type: Cow::Borrowed("audio/wav"), base64 };
        let media = Media::new(MediaKind::Audio, source);
        Some(Content::Media(Media { context: self.transcript, ..media }).into())
    }
}

pub(in super::super) fn read_audio<'a>(cursor: &mut Cursor<'a>) -> Result<Audio<'a>, JsonError> {
    let mut audio = Audio::default();
    cursor.object(|cursor, name| {
        match name {
            "data" => audio.base64 = cursor.maybe(Cursor::text)?,
            "transcript" => audio.transcript = cursor.maybe(Cursor::text)?,
            // It lives at the provider for an hour; nothing else can name it.
            "id" | "expires_at" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(audio)
}

pub(in super::super) fn read_images<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<Part<'a>>, JsonError> {
    cursor.list(|cursor| {
        let mut url = Text::default();
        cursor.object(|cursor, name| match name {
            "image_url" => cursor.object(|cursor, name| match name {
                "url" => cursor.text().map(|text| url = text),
                _ => cursor.unknown(),
            }),
            "type" | "index" => cursor.skip(),
            _ => cursor.unknown(),
        })?;
        Ok(Content::Media(Media::new(MediaKind::Image, source_of_link(url))).into())
    })
}

pub(in super::super) fn write_image(index: u64, source: &Source<'_>, writer: &mut Writer<'_>) {
    let link = match source {
        // Of a reply it is a link as well, into the store of who made it.
        Source::File { id } => Some([id.as_ref(), "", "", ""]),
        source => link_of_source(source),
    };
    let Some(link) = link else { return };
    writer.object(|w| {
        w.key("type").text("image_url");
        w.key("index").count(index);
        w.key("image_url").object(|w| w.key("url").texts(&link));
    });
}
