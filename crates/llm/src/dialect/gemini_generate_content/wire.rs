//! Where things stand in Gemini's requests, and the words that both directions map.

use crate::chat::{Finish, MediaKind, Text};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::json::{Cursor, JsonError, Kind};
use crate::scan::{Member, Spellings, Watch, Watched};
use crate::segment;

pub(in crate::dialect) const FRAMING: Framing = Framing::Sse;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usageMetadata\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["\"finishReason\""];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::Any;
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] =
    &[MediaKind::Image, MediaKind::Document, MediaKind::Audio, MediaKind::Video];
pub(in crate::dialect) const NEEDS_TURN: bool = true;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::OutputOptions, "generationConfig"),
        Member::top(Watched::OutputOptions, "generation_config"),
        Member::within(Watched::OutputOptions, Watched::OutputTokensMax, "maxOutputTokens"),
        Member::within(Watched::OutputOptions, Watched::OutputTokensMax, "max_output_tokens"),
        Member::within(Watched::OutputOptions, Watched::Choices, "candidateCount"),
        Member::within(Watched::OutputOptions, Watched::Choices, "candidate_count"),
        Member::top(Watched::ServiceClass, "serviceTier"),
        Member::top(Watched::ServiceClass, "service_tier"),
    ],
    spellings: Spellings::Either,
};

/// Collections of models, as paths and names have them.
const COLLECTIONS: [&str; 2] = ["models/", "tunedModels/"];

/// `…/models/{model}:generateContent` and `…:streamGenerateContent`, with `alt=sse` or as an array.
pub(in crate::dialect) fn address<'a>(path: &'a str, query: &str) -> Option<Address<'a>> {
    let (before, method) = path.rsplit_once(':')?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return None,
    };
    let after = |name: &&str| before.find(&format!("/{name}")).map(|at| at + 1);
    let at = COLLECTIONS.iter().find_map(after)?;
    let is_sse = query.split('&').any(|pair| pair == "alt=sse");
    Some(Address {
        model: Some(segment::decode(bare_model(&before[at..]))?),
        stream: Some(stream),
        framing: Some(if is_sse { Framing::Sse } else { Framing::JsonArray }),
    })
}

/// The path under a base URL that ends with the version, or with Vertex's `publishers/google`.
pub(in crate::dialect) fn path(address: &Address<'_>) -> String {
    let model = bare_model(address.model.as_deref().unwrap_or_default());
    let collection = if model.starts_with(COLLECTIONS[1]) { "/" } else { "/models/" };
    let method = match (address.stream, address.framing) {
        (Some(true), Some(Framing::JsonArray)) => ":streamGenerateContent",
        (Some(true), _) => ":streamGenerateContent?alt=sse",
        _ => ":generateContent",
    };
    format!("{collection}{}{method}", encoded(model))
}

/// The model without `models/`, which stands in the path anyway.
pub(super) fn bare_model(name: &str) -> &str {
    name.strip_prefix(COLLECTIONS[0]).unwrap_or(name)
}

/// The model as part of a path: whatever a client calls it, it stays within its collection.
fn encoded(name: &str) -> String {
    let name_of_tuned = name.strip_prefix(COLLECTIONS[1]);
    let mut path = String::from(name_of_tuned.map_or("", |_| COLLECTIONS[1]));
    segment::encode(name_of_tuned.unwrap_or(name), &mut path);
    path
}

/// Reads a list, or the one item of it, which Google takes in its place.
pub(super) fn each<'a>(
    cursor: &mut Cursor<'a>,
    mut read: impl FnMut(&mut Cursor<'a>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Array => cursor.array(read),
        Kind::Null => cursor.skip(),
        _ => read(cursor),
    }
}

/// Why an answer ended; none while it goes on. Only `STOP` is success: every word that is not known
/// here is a failure of a sort to come.
pub(super) fn finish(word: &str) -> Option<Finish> {
    Some(match word {
        "" | "FINISH_REASON_UNSPECIFIED" => return None,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Finish::Filtered,
        _ => Finish::Failed,
    })
}

/// The word for why an answer ended.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopText | Finish::ToolCalls | Finish::Refusal | Finish::Paused => {
            "STOP"
        }
        Finish::Length | Finish::ContextFull => "MAX_TOKENS",
        Finish::Filtered => "SAFETY",
        Finish::Failed => "OTHER",
    }
}

/// The class of service in OpenAI's words, which the form uses.
pub(super) fn service_class(word: Text<'_>) -> Option<Text<'_>> {
    match word.as_ref() {
        "standard" | "STANDARD" => Some(Text::Borrowed("default")),
        "unspecified" | "SERVICE_TIER_UNSPECIFIED" | "" => None,
        other if other.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Some(Text::Owned(other.to_ascii_lowercase()))
        }
        _ => Some(word),
    }
}

/// The class of service in Google's words.
pub(super) fn service_word(class: &str) -> &str {
    match class {
        "default" => "standard",
        class => class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let read = |path, query| {
            let address = address(path, query)?;
            Some((address.model?.into_owned(), address.stream?, address.framing?))
        };
        let of = |model: &str, stream, framing| Some((model.to_owned(), stream, framing));
        let vertex = "/v1/projects/p/locations/global/publishers/google/models/g-3:generateContent";
        assert_eq!(read(vertex, ""), of("g-3", false, Framing::JsonArray));
        let path = "/v1beta/models/house%2Flarge:streamGenerateContent";
        assert_eq!(read(path, "key=x&alt=sse"), of("house/large", true, Framing::Sse));
        assert_eq!(read(path, "alt=json"), of("house/large", true, Framing::JsonArray));
        let tuned = "/v1beta/tunedModels/mine:generateContent";
        assert_eq!(read(tuned, "alt=sse"), of("tunedModels/mine", false, Framing::Sse));
        assert_eq!(read("/v1beta/models/g:countTokens", ""), None);
        assert_eq!(read("/v1beta/models", ""), None);
    }

    #[test]
    fn a_model_cannot_leave_its_collection() {
        let path = |model: &'static str, stream| {
            path(&Address { model: Some(model.into()), stream, framing: None })
        };
        assert_eq!(path("models/gemini-3", None), "/models/gemini-3:generateContent");
        let stream = path("tunedModels/mine", Some(true));
        assert_eq!(stream, "/tunedModels/mine:streamGenerateContent?alt=sse");
        assert_eq!(path("../x?y#z", None), "/models/..%2Fx%3Fy%23z:generateContent");
    }
}
