//! Media as several dialects write it: data links, and types by a file's ending.
//!
//! Nothing is decoded; base64 goes through as text.

use std::borrow::Cow;

use crate::chat::{Source, Text};

/// Where media at a link is: in the link itself, if it is a base64 data link.
pub(crate) fn source_of_link(link: Text<'_>) -> Source<'_> {
    let Some(split) = split_data_link(&link) else {
        return Source::Url { url: link, media_type: None };
    };
    let (media_type, base64) = split;
    Source::Bytes { media_type: slice(&link, media_type), base64: slice(&link, base64) }
}

/// Where the data of a file are: a data link, or bare base64, which is taken for a PDF as OpenAI
/// does.
pub(super) fn source_of_file(text: Text<'_>) -> Source<'_> {
    match source_of_link(text) {
        Source::Url { url, .. } if !url.starts_with("http") => {
            Source::Bytes { media_type: Cow::Borrowed("application/pdf"), base64: url }
        }
        source => source,
    }
}

/// The link of media: a data link for bytes; nothing for what lives at a provider.
pub(crate) fn link_of_source<'s>(source: &'s Source<'_>) -> Option<[&'s str; 4]> {
    match source {
        Source::Url { url, .. } => Some([url, "", "", ""]),
        Source::Bytes { media_type, base64 } => Some(["data:", media_type, ";base64,", base64]),
        Source::File { .. } | Source::Text(_) => None,
    }
}

/// The media type of a short name, as `mp3` or `pdf`; audio in OpenAI and documents in Bedrock have
/// only that.
pub(super) fn type_of_format(format: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(name, _)| *name == format).map(|(_, media_type)| *media_type)
}

/// The short name of a media type.
pub(super) fn format_of_type(media_type: &str) -> Option<&'static str> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    FORMATS.iter().find(|(_, known)| *known == plain).map(|(name, _)| *name)
}

/// The first name of a type is the one that is written.
const FORMATS: [(&str, &str); 30] = [
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("json", "application/json"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("wav", "audio/wav"),
    ("wav", "audio/x-wav"),
    ("mp3", "audio/mpeg"),
    ("mp3", "audio/mp3"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("m4a", "audio/mp4"),
    ("pcm16", "audio/pcm"),
    ("webm", "video/webm"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
    ("mpeg", "video/mpeg"),
];

type Span = std::ops::Range<usize>;

fn split_data_link(link: &str) -> Option<(Span, Span)> {
    let rest = link.strip_prefix("data:")?;
    let comma = memchr::memchr(b',', rest.as_bytes().get(..rest.len().min(256))?)?;
    let media_type = rest[..comma].strip_suffix(";base64")?;
    let from = "data:".len();
    Some((from..from + media_type.len(), from + comma + 1..link.len()))
}

fn slice<'a>(text: &Text<'a>, span: Span) -> Text<'a> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[span]),
        Cow::Owned(text) => Cow::Owned(text[span].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_links_are_taken_apart_and_put_together() {
        let link = "data:image/png;base64,iVBO";
        let source = source_of_link(link.into());
        assert_eq!(source, Source::Bytes { media_type: "image/png".into(), base64: "iVBO".into() });
        assert_eq!(link_of_source(&source).unwrap().concat(), link);
        for other in ["https://x.example/a,b.png", "data:text/plain,hi", "data:"] {
            assert!(matches!(source_of_link(other.into()), Source::Url { .. }), "{other}");
        }
    }

    #[test]
    fn formats_go_there_and_back() {
        for (name, media_type) in FORMATS {
            assert!(type_of_format(name).is_some());
            assert!(format_of_type(media_type).is_some());
        }
        assert_eq!(format_of_type("audio/x-wav; rate=1"), Some("wav"));
    }
}
