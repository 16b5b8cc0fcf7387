//! Media as several dialects write it: data links, and types by a file's ending.
//!
//! Base64 goes through as text; a data link without it becomes such.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::{Source, Text};

/// Where media at a link is: in the link itself, if it is a data link.
pub(crate) fn source_of_link(link: Text<'_>) -> Source<'_> {
    let Some((media_type, data, is_base64)) = split_data_link(&link) else {
        return Source::Url { url: link, media_type: None };
    };
    let media_type = match slice(&link, media_type) {
        said if said.is_empty() => Cow::Borrowed("text/plain"),
        said if said.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(said.to_ascii_lowercase())
        }
        said => said,
    };
    let base64 = match is_base64 {
        true => slice(&link, data),
        false => Cow::Owned(STANDARD.encode(unescaped(&link[data]))),
    };
    Source::Bytes { media_type, base64 }
}

/// The bytes that a link writes, some by their numbers.
fn unescaped(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut out) = (text.as_bytes(), Vec::with_capacity(text.len()));
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let number = digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2)));
        let number = number.filter(|_| *byte == b'%').map(|(high, low)| high * 16 + low);
        at += if number.is_some() { 3 } else { 1 };
        out.push(number.and_then(|number| u8::try_from(number).ok()).unwrap_or(*byte));
    }
    out
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

/// Where in a data link its type and its data stand, and whether they are in base64. Schemes and that
/// word may be written in any case.
fn split_data_link(link: &str) -> Option<(Span, Span, bool)> {
    const MARK: &str = ";base64";
    let from = "data:".len();
    let rest = link.get(from..).filter(|_| link[..from].eq_ignore_ascii_case("data:"))?;
    let comma = memchr::memchr(b',', rest.as_bytes().get(..rest.len().min(256))?)?;
    let at = comma.checked_sub(MARK.len());
    let at = at.filter(|at| rest.get(*at..comma).is_some_and(|it| it.eq_ignore_ascii_case(MARK)));
    let data = from + comma + 1..link.len();
    Some((from..from + at.unwrap_or(comma), data, at.is_some()))
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
        let upper = source_of_link("DATA:TEXT/PLAIN;BASE64,aGk=".into());
        let by_numbers = source_of_link("data:text/plain,h%69".into());
        let text = Source::Bytes { media_type: "text/plain".into(), base64: "aGk=".into() };
        assert_eq!((&upper, &by_numbers), (&text, &text));
        for other in ["https://x.example/a,b.png", "data:"] {
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
