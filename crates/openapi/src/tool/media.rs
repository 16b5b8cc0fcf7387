//! What the body of an answer is, by its media type and its bytes.

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media<'a> {
    /// There is none.
    Empty,
    /// JSON, as text.
    Json(&'a str),
    /// Any other text.
    Text(&'a str),
    /// A picture that models and clients can be shown, and its type.
    Image(&'a str),
    /// Bytes, and their type.
    Bytes(&'a str),
}

/// What is said of bytes of which nothing is said (RFC 9110, section 8.3).
const UNKNOWN: &str = "application/octet-stream";

/// Pictures that every client that knows any knows.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Types of texts beside `text/*` and those by their ending.
const TEXTS: [&str; 8] = [
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/javascript",
    "application/sql",
    "application/graphql",
    "application/x-www-form-urlencoded",
];

/// Types of several JSON texts, which are a text and no JSON.
const JSON_LINES: [&str; 4] =
    ["application/jsonl", "application/x-ndjson", "application/ndjson", "application/json-seq"];

/// What a body is; `content_type` as the header has it.
pub(super) fn media<'a>(content_type: Option<&'a str>, body: &'a [u8]) -> Media<'a> {
    if body.is_empty() {
        return Media::Empty;
    }
    let written = content_type.and_then(|it| it.split(';').next()).map_or("", str::trim);
    let kind = written.to_ascii_lowercase();
    let essence = if is_media_type(&kind) { written } else { UNKNOWN };
    let text = std::str::from_utf8(body).ok();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    match text {
        Some(text) if is_json => Media::Json(text),
        Some(text) if is_text(&kind) => Media::Text(text),
        // Nothing is said of it, but it says itself what it is.
        Some(text) if essence == UNKNOWN && content_type.is_none() => Media::Text(text),
        _ if IMAGES.contains(&kind.as_str()) => Media::Image(essence),
        _ => Media::Bytes(essence),
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || ["+xml", "+yaml", "+text"].iter().any(|ending| kind.ends_with(ending))
        || TEXTS.contains(&kind)
        || JSON_LINES.contains(&kind)
}

/// Whether it is two words with a slash between.
fn is_media_type(kind: &str) -> bool {
    let is_word = |word: &str| {
        let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !word.is_empty() && word.len() <= 127 && word.bytes().all(is_of_it)
    };
    kind.split_once('/').is_some_and(|(one, other)| is_word(one) && is_word(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_what_they_are_said_to_be_if_they_can_be() {
        const OCTETS: Media<'_> = Media::Bytes(UNKNOWN);
        let cases: [(Option<&str>, &[u8], Media<'_>); 16] = [
            (Some("application/json"), b"", Media::Empty),
            (Some("application/json; charset=utf-8"), b"{}", Media::Json("{}")),
            (Some("Application/Problem+JSON"), b"{", Media::Json("{")),
            (Some("application/x-ndjson"), b"{}\n{}", Media::Text("{}\n{}")),
            (Some("application/json"), b"\xff", Media::Bytes("application/json")),
            (Some("text/html"), b"<p>", Media::Text("<p>")),
            (Some("text/plain; charset=iso-8859-1"), b"\xfc", Media::Bytes("text/plain")),
            (Some("image/svg+xml"), b"<svg/>", Media::Text("<svg/>")),
            (Some("image/png"), b"\x89PNG", Media::Image("image/png")),
            (Some("image/png"), b"abc", Media::Image("image/png")),
            (Some("image/tiff"), b"abc", Media::Bytes("image/tiff")),
            (Some("application/pdf"), b"%PDF", Media::Bytes("application/pdf")),
            (None, b"abc", Media::Text("abc")),
            (None, b"\xff", OCTETS),
            (Some("nonsense\" x"), b"abc", OCTETS),
            (Some("a/b/c"), b"abc", OCTETS),
        ];
        for (content_type, body, wanted) in cases {
            assert_eq!(media(content_type, body), wanted, "{content_type:?} {body:?}");
        }
    }
}
