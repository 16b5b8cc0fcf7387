//! What a body asks of a model beside text, told by names of fields and words of kinds, whatever the
//! dialect.
//!
//! It is a hint for choosing among deployments and for what is reserved, not a verdict: a word that means something else in
//! the arguments of a tool may be taken for one of these.

use super::sizes::Sort;
use crate::catalog::Ability;

/// As much of a word is looked at; those that mean anything are shorter.
pub(super) const WORD_MAX: usize = 32;

/// What a model must be able to do for a part, a format or data of that kind, of whose word no more
/// than [`WORD_MAX`] is given.
pub(super) fn of_kind(word: &[u8]) -> Option<Ability> {
    Some(match word {
        b"image" | b"image_url" | b"input_image" => Ability::Images,
        b"document" | b"file" | b"input_file" | b"application/pdf" => Ability::Documents,
        b"audio" | b"input_audio" => Ability::Audio,
        b"video" | b"video_url" | b"input_video" => Ability::Video,
        b"json_schema" => Ability::Schema,
        word if word.starts_with(b"image/") => Ability::Images,
        word if word.starts_with(b"audio/") => Ability::Audio,
        word if word.starts_with(b"video/") => Ability::Video,
        _ => return None,
    })
}

/// What a model must be able to do where a field of that name stands so deep: Bedrock names its
/// parts by the field that holds them, Gemini and Cohere their schemas.
pub(super) fn of_name(name: &[u8], depth: usize) -> Option<Ability> {
    /// `messages[].content[]`, and the same within the result of a tool.
    const PARTS: [usize; 2] = [5, 8];
    Some(match name {
        b"tools" | b"toolConfig" | b"functions" if depth == 1 => Ability::Tools,
        b"responseSchema" | b"responseJsonSchema" | b"json_schema" if depth == 2 => Ability::Schema,
        b"response_schema" | b"response_json_schema" if depth == 2 => Ability::Schema,
        b"image" if PARTS.contains(&depth) => Ability::Images,
        b"document" if PARTS.contains(&depth) => Ability::Documents,
        b"audio" if PARTS.contains(&depth) => Ability::Audio,
        b"video" if PARTS.contains(&depth) => Ability::Video,
        _ => return None,
    })
}

/// Whether a tool of that kind searches the web at the provider. One that is written with escapes is
/// taken to.
pub(super) fn is_search(kind: &[u8]) -> bool {
    kind.starts_with(b"web_search") || kind.contains(&b'\\')
}

/// Whether a tool that is named by its field does: Google's.
pub(super) fn names_search(field: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] =
        [b"google_search", b"googleSearch", b"enterprise_web_search", b"enterpriseWebSearch"];
    NAMES.iter().any(|name| field.starts_with(name))
}

/// Whether such a word asks for tokens that cost more than text does: an answer in sound or images,
/// or a prompt that is kept for an hour. One that is written with escapes is taken to.
pub(super) fn is_dear(sort: Sort, word: &[u8]) -> bool {
    let escapes = |what: &[u8]| word.windows(what.len()).any(|found| found == what);
    match sort {
        Sort::Modality => !word.eq_ignore_ascii_case(b"text"),
        Sort::Lasting => word == b"1h" || escapes(b"\\"),
        // Not every escape: many write `image\/png`.
        Sort::Kind => word == b"image_generation" || escapes(b"\\u"),
        Sort::Text | Sort::Media | Sort::Silent => false,
    }
}
