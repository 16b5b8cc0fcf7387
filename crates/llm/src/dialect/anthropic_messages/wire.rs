//! Where things stand in Anthropic's requests, and the words that both directions map.

use crate::chat::{Finish, MediaKind, Text};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::json::{Cursor, JsonError, Kind};
use crate::scan::{Member, Spellings, Watch, Watched};

pub(in crate::dialect) const FRAMING: Framing = Framing::Sse;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usage\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["message_stop"];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::Plain(64);
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] = &[];
pub(in crate::dialect) const NEEDS_TURN: bool = true;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
        Member::top(Watched::Temperature, "temperature"),
        Member::top(Watched::TopP, "top_p"),
        Member::top(Watched::TopK, "top_k"),
        Member::top(Watched::ServiceClass, "speed"),
        Member::top(Watched::Revision, "anthropic_version"),
        Member::top(Watched::Reasoning, "thinking"),
    ],
    spellings: Spellings::One,
};

pub(in crate::dialect) fn address<'a>(path: &'a str, _query: &str) -> Option<Address<'a>> {
    path.ends_with("/messages").then(Address::default)
}

pub(in crate::dialect) fn path(_address: &Address<'_>) -> String {
    String::from("/v1/messages")
}

/// Why an answer ended.
pub(super) fn finish(word: &str) -> Finish {
    match word {
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextFull,
        "stop_sequence" => Finish::StopText,
        "tool_use" => Finish::ToolCalls,
        "pause_turn" => Finish::Paused,
        // Not the model refuses, but what watches over it: there need not be a word of it.
        "refusal" => Finish::Filtered,
        _ => Finish::Stop,
    }
}

/// Reads what is told beside the reason: the words in which a refusal is explained.
pub(super) fn explanation<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, JsonError> {
    let mut explanation = None;
    cursor.maybe(|cursor| {
        cursor.object(|cursor, name| match (name, cursor.kind()) {
            ("explanation", Kind::Text) => cursor.text().map(|text| explanation = Some(text)),
            ("type", _) | (_, Kind::Null) => cursor.skip(),
            _ => cursor.unknown(),
        })
    })?;
    Ok(explanation.filter(|text| !text.is_empty()))
}

/// The word for why an answer ended.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        // There is no word for what failed: it is told as an error instead.
        Finish::Stop | Finish::Failed => "end_turn",
        Finish::StopText => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ContextFull => "model_context_window_exceeded",
        Finish::ToolCalls => "tool_use",
        Finish::Filtered | Finish::Refusal => "refusal",
        Finish::Paused => "pause_turn",
    }
}

/// The class of service in OpenAI's words, which the form uses.
pub(super) fn service_class(word: Text<'_>) -> Text<'_> {
    match word.as_ref() {
        "standard" | "standard_only" => Text::Borrowed("default"),
        _ => word,
    }
}
